//! AWS as it is: the truth that an archive can at best come to know.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::sample::Index;
use serde_json::{Value, json};

use super::histories::Event;
use crate::harness::noon;

/// The organizations.
pub const OWNERS: [&str; 2] = ["o-firstorgid", "o-secondorg1"];
/// Who is invited.
const ACCOUNTS: [&str; 3] = ["222222222222", "333333333333", "444444444444"];

/// A content: what makes a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    pub state: &'static str,
    pub expires: DateTime<Utc>,
}

/// A handshake.
#[derive(Debug)]
pub struct Handshake {
    pub id: String,
    pub owner: usize,
    pub action: &'static str,
    pub account: &'static str,
    /// The request for all features that it is a child of.
    pub parent: Option<usize>,
    /// Its PARENT_HANDSHAKE resource says so.
    pub is_named: bool,
    /// AWS shows it in the list of its parent only.
    pub is_hidden_child: bool,
    pub requested: DateTime<Utc>,
    pub expires: DateTime<Utc>,
    /// Each state and since when.
    pub states: Vec<(DateTime<Utc>, &'static str)>,
    /// AWS does not show it, against its own rules.
    pub is_hidden: bool,
    /// It was hidden once: nobody can promise anything of it.
    pub is_strange: bool,
}

impl Handshake {
    pub fn state(&self) -> &'static str {
        self.states.last().expect("a state").1
    }

    pub fn is_pending(&self) -> bool {
        matches!(self.state(), "REQUESTED" | "OPEN")
    }

    /// When it ended.
    pub fn ended(&self) -> Option<DateTime<Utc>> {
        (!self.is_pending()).then(|| self.states.last().expect("a state").0)
    }

    pub fn content(&self) -> Content {
        Content { state: self.state(), expires: self.expires }
    }

    /// As AWS would write it.
    pub fn element(&self, content: Content, parent: Option<&str>, reversed: bool) -> Value {
        let owner = OWNERS[self.owner];
        let mut parties = vec![
            json!({"Id": owner.trim_start_matches("o-"), "Type": "ORGANIZATION"}),
            json!({"Id": self.account, "Type": "ACCOUNT"}),
        ];
        let mut inner = vec![json!({"Type": "MASTER_NAME", "Value": "Example"})];
        if let Some(parent) = parent.filter(|_| self.is_named) {
            // AWS leaves the h- out in places.
            let value = parent.split_at(2 * usize::from(self.owner == 0)).1;
            inner.push(json!({"Type": "PARENT_HANDSHAKE", "Value": value}));
        }
        let mut resources = vec![
            json!({"Type": "ORGANIZATION", "Value": owner, "Resources": inner}),
            json!({"Type": "NOTES", "Value": "Join us"}),
        ];
        if reversed {
            parties.reverse();
            resources.reverse();
        }
        json!({
            "Id": self.id,
            "Arn": format!("arn:aws:organizations::111111111111:handshake/{owner}/x/{}", self.id),
            "Action": self.action,
            "State": content.state,
            "RequestedTimestamp": self.requested.timestamp(),
            "ExpirationTimestamp": content.expires.timestamp(),
            "Parties": parties,
            "Resources": resources,
        })
    }
}

/// Everything that ever was.
#[derive(Debug)]
pub struct World {
    pub now: DateTime<Utc>,
    pub handshakes: Vec<Handshake>,
}

impl World {
    pub fn new() -> Self {
        Self { now: noon(), handshakes: vec![] }
    }

    /// Time passes; what is overdue expires.
    pub fn advance(&mut self, by: TimeDelta) {
        self.now += by;
        for number in 0..self.handshakes.len() {
            let one = &self.handshakes[number];
            if one.is_pending() && one.expires <= self.now {
                self.end(number, one.expires, "EXPIRED");
            }
        }
    }

    /// A handshake ends, and with a request for all features what still waits for approval: no child
    /// outlives its parent, or nobody could know under which Id to ask for it.
    fn end(&mut self, number: usize, at: DateTime<Utc>, state: &'static str) {
        for (index, one) in self.handshakes.iter_mut().enumerate() {
            if one.is_pending() && (index == number || one.parent == Some(number)) {
                one.states.push((at, state));
            }
        }
    }

    pub fn happen(&mut self, event: &Event) {
        let now = self.now;
        match *event {
            Event::Invite { owner, account, requested } => {
                let state = if requested { "REQUESTED" } else { "OPEN" };
                self.request(owner, "INVITE", ACCOUNTS[account], state, 15);
            }
            Event::EnableFeatures { owner, children, hidden, named } => {
                let parent = self.request(owner, "ENABLE_ALL_FEATURES", "111111111111", "OPEN", 90);
                for account in &ACCOUNTS[..children] {
                    let child = self.request(owner, "APPROVE_ALL_FEATURES", account, "OPEN", 90);
                    let child = &mut self.handshakes[child];
                    child.parent = Some(parent);
                    child.is_hidden_child = hidden;
                    child.is_named = named;
                }
            }
            Event::Open(which) => {
                if let Some(number) = self.pick(which, |one| one.state() == "REQUESTED") {
                    self.handshakes[number].states.push((now, "OPEN"));
                }
            }
            Event::End(which, state) => {
                if let Some(number) = self.pick(which, Handshake::is_pending) {
                    self.end(number, now, state);
                }
            }
            Event::Extend(which) => {
                if let Some(number) = self.pick(which, Handshake::is_pending) {
                    self.handshakes[number].expires += TimeDelta::days(5);
                }
            }
            Event::Hide(which) => {
                if let Some(number) = self.pick(which, |_| true) {
                    let one = &mut self.handshakes[number];
                    one.is_hidden = !one.is_hidden;
                    one.is_strange = true;
                }
            }
            Event::Reveal(which) => {
                if let Some(number) = self.pick(which, |one| one.parent.is_some()) {
                    let one = &mut self.handshakes[number];
                    one.is_hidden_child = !one.is_hidden_child;
                }
            }
        }
        // Two things never happen in the same moment.
        self.advance(TimeDelta::seconds(1));
    }

    fn pick(&self, which: Index, fits: impl Fn(&Handshake) -> bool) -> Option<usize> {
        let fitting: Vec<usize> =
            (0..self.handshakes.len()).filter(|&one| fits(&self.handshakes[one])).collect();
        (!fitting.is_empty()).then(|| fitting[which.index(fitting.len())])
    }

    fn request(
        &mut self,
        owner: usize,
        action: &'static str,
        account: &'static str,
        state: &'static str,
        days: i64,
    ) -> usize {
        let number = self.handshakes.len();
        self.handshakes.push(Handshake {
            // Spread, so that the order of the Ids is not that of arrival.
            id: format!("h-{:08x}", (number as u32 + 1).wrapping_mul(0x9e37_79b1)),
            owner,
            action,
            account,
            parent: None,
            is_named: false,
            is_hidden_child: false,
            requested: self.now,
            expires: self.now + TimeDelta::days(days),
            states: vec![(self.now, state)],
            is_hidden: false,
            is_strange: false,
        });
        number
    }

    /// Whether AWS shows it: from its request until 30 days after its end.
    pub fn shows(&self, number: usize) -> bool {
        let one = &self.handshakes[number];
        !one.is_hidden && one.ended().is_none_or(|ended| self.now < ended + TimeDelta::days(30))
    }

    /// The handshakes that AWS shows of an organization.
    pub fn visible(&self, owner: usize) -> impl Iterator<Item = usize> {
        (0..self.handshakes.len())
            .filter(move |&one| self.handshakes[one].owner == owner && self.shows(one))
    }
}
