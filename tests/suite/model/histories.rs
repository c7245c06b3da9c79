//! Random histories: what happens in an organization, and what each sync meets.

use chrono::TimeDelta;
use proptest::prelude::*;
use proptest::sample::Index;

/// What happens between two syncs.
#[derive(Debug, Clone)]
pub enum Event {
    /// Somebody is invited: one of three accounts, so that some are invited again.
    Invite { owner: usize, account: usize, requested: bool },
    /// A request for all features, with so many children that AWS may show only under it.
    EnableFeatures { owner: usize, children: usize, hidden: bool, named: bool },
    /// A REQUESTED one becomes OPEN.
    Open(Index),
    /// A pending one ends.
    End(Index, &'static str),
    /// The expiry is put off: other content, same state.
    Extend(Index),
    /// AWS no longer shows one that it should, or shows it again.
    Hide(Index),
    /// AWS shows a child outside the list of its parent from now on, or no longer.
    Reveal(Index),
}

/// How a sync ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Complete,
    /// After so many pages.
    Failed(usize),
    Interrupted(usize),
    Killed(usize),
}

/// What the list is restricted to.
#[derive(Debug, Clone, Copy)]
pub enum Restriction {
    None,
    Action(&'static str),
    /// The children of one of the requests for all features, where there is one.
    Children(Index),
}

/// What is odd about an answer.
#[derive(Debug, Clone, Copy)]
pub enum Odd {
    No,
    /// One more element, of which not even the Id can be read.
    Nameless,
    /// Of one handshake nothing but the Id can be read.
    Garbled(Index),
    /// The first handshake stands in the list twice, the second time with other content.
    Flipped,
}

/// One sync.
#[derive(Debug, Clone)]
pub struct Plan {
    pub owner: usize,
    pub restriction: Restriction,
    pub end: End,
    pub odd: Odd,
    /// DescribeOrganization tells the organization.
    pub told: bool,
    /// AWS refuses the question for the children of a parent that it no longer shows.
    pub refuses: bool,
    /// Lists, parties and resources come in the other order.
    pub reversed: bool,
    pub page_size: usize,
    /// Pages in one transaction.
    pub batch: usize,
}

/// Time passes, things happen, a sync runs.
#[derive(Debug, Clone)]
pub struct Step {
    pub wait: TimeDelta,
    pub events: Vec<Event>,
    pub plan: Plan,
}

fn wait() -> impl Strategy<Value = TimeDelta> {
    prop_oneof![
        4 => (1..72_i64).prop_map(TimeDelta::hours),
        3 => (3..16_i64).prop_map(TimeDelta::days),
        // To the second around the 30 days after which AWS forgets.
        2 => (-130..130_i64).prop_map(|seconds| TimeDelta::days(30) + TimeDelta::seconds(seconds)),
        1 => (31..100_i64).prop_map(TimeDelta::days),
    ]
}

fn owner() -> impl Strategy<Value = usize> {
    prop_oneof![6 => Just(0_usize), 1 => Just(1_usize)]
}

fn event() -> impl Strategy<Value = Event> {
    let ends = prop::sample::select(vec!["ACCEPTED", "DECLINED", "CANCELED"]);
    prop_oneof![
        5 => (owner(), 0..3_usize, any::<bool>())
            .prop_map(|(owner, account, requested)| Event::Invite { owner, account, requested }),
        2 => (owner(), 1..3_usize, any::<bool>(), any::<bool>()).prop_map(
            |(owner, children, hidden, named)| Event::EnableFeatures { owner, children, hidden, named }),
        2 => any::<Index>().prop_map(Event::Open),
        5 => (any::<Index>(), ends).prop_map(|(which, state)| Event::End(which, state)),
        1 => any::<Index>().prop_map(Event::Extend),
        1 => any::<Index>().prop_map(Event::Hide),
        1 => any::<Index>().prop_map(Event::Reveal),
    ]
}

fn plan() -> impl Strategy<Value = Plan> {
    let restriction = prop_oneof![
        8 => Just(Restriction::None),
        1 => Just(Restriction::Action("INVITE")),
        1 => Just(Restriction::Action("APPROVE_ALL_FEATURES")),
        1 => any::<Index>().prop_map(Restriction::Children),
    ];
    let end = prop_oneof![
        7 => Just(End::Complete),
        1 => (0..4_usize).prop_map(End::Failed),
        1 => (0..4_usize).prop_map(End::Interrupted),
        1 => (0..4_usize).prop_map(End::Killed),
    ];
    let odd = prop_oneof![
        12 => Just(Odd::No),
        1 => Just(Odd::Nameless),
        2 => any::<Index>().prop_map(Odd::Garbled),
        1 => Just(Odd::Flipped),
    ];
    let form = (prop::bool::weighted(0.8), any::<bool>(), any::<bool>(), 1..4_usize, 1..4_usize);
    (owner(), restriction, end, odd, form).prop_map(
        |(owner, restriction, end, odd, (told, refuses, reversed, page_size, batch))| Plan {
            owner,
            restriction,
            end,
            odd,
            told,
            refuses,
            reversed,
            page_size,
            batch,
        },
    )
}

/// Up to a dozen syncs.
pub fn history() -> impl Strategy<Value = Vec<Step>> {
    let step = (wait(), prop::collection::vec(event(), 0..4), plan())
        .prop_map(|(wait, events, plan)| Step { wait, events, plan });
    prop::collection::vec(step, 1..12)
}
