use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use tempfile::TempDir;

use super::{Blind, Covered, SourceStatus, Status};
use crate::archive::{
    Archive, ArchiveReader, Attempt, Identity, Outcome, Scope, Timestamp, timestamp,
};
use crate::handshake::{Filter, Page};

const OWNER: &str = "o-exampleorgid";

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00.000Z".parse().expect("a time")
}

fn day(days: i64) -> DateTime<Utc> {
    noon() + TimeDelta::days(days)
}

/// A sync as a test describes it: complete, unrestricted, at an instant and of nothing, unless it
/// says otherwise.
struct Sync<'a> {
    at: DateTime<Utc>,
    lasts: TimeDelta,
    filter: Filter,
    owner: Option<&'a str>,
    elements: String,
    outcome: Outcome,
}

fn at(at: DateTime<Utc>) -> Sync<'static> {
    Sync {
        at,
        lasts: TimeDelta::zero(),
        filter: Filter::None,
        owner: Some(OWNER),
        elements: String::new(),
        outcome: Outcome::Complete,
    }
}

fn failed(code: &str) -> Outcome {
    Outcome::Failed { code: code.to_owned(), message: "it did not work".to_owned() }
}

/// One handshake of a page.
fn element(id: &str, state: &str, expires_at: DateTime<Utc>) -> String {
    let expires = timestamp(expires_at);
    format!(
        r#"{{"Id":"h-{id}","Action":"INVITE","State":"{state}","ExpirationTimestamp":"{expires}"}}"#
    )
}

struct Sandbox(TempDir);

impl Sandbox {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn archive(&self) -> Archive {
        Archive::open(&self.0.path().join("archive.db")).expect("an archive")
    }

    fn reader(&self) -> ArchiveReader {
        ArchiveReader::open(&self.0.path().join("archive.db")).expect("an archive")
    }

    fn status(&self, now: DateTime<Utc>) -> Status {
        self.reader().status(now, TimeDelta::days(7)).expect("a status")
    }

    fn sync(&self, sync: Sync<'_>) {
        record(&mut self.archive(), sync);
    }
}

fn record(archive: &mut Archive, sync: Sync<'_>) {
    let Sync { at, lasts, filter, owner, elements, outcome } = sync;
    let operation = "ListHandshakesForOrganization";
    let attempt = Attempt { operation, filter, started_at: at };
    let mut recorder = archive.begin(&attempt).expect("a sync");
    if let Some(owner) = owner {
        recorder
            .identify(Identity { organization_id: Some(owner.to_owned()), ..Identity::default() });
        let page = Page::read(format!(r#"{{"Handshakes":[{elements}]}}"#).into_bytes());
        recorder.record([(Scope::Unrestricted, page.expect("a page"))], at).expect("recorded");
    }
    recorder.finish(&outcome, at + lasts).expect("finished");
}

fn only(status: &Status) -> &SourceStatus {
    assert_eq!(status.sources.len(), 1, "{status:?}");
    &status.sources[0]
}

fn covered(from: DateTime<Utc>, until: DateTime<Utc>, syncs: i64) -> Covered {
    Covered { from_at: Timestamp(from), until_at: Timestamp(until), syncs }
}

fn blind(from: DateTime<Utc>, until: DateTime<Utc>, growing: bool) -> Blind {
    Blind { from_at: Timestamp(from), until_at: Timestamp(until), growing }
}

#[test]
fn a_gap_is_blind_from_the_question_before_it_to_thirty_days_before_the_end_of_the_answer_after_it()
{
    let sandbox = Sandbox::new();
    let minute = TimeDelta::minutes(1);
    sandbox.sync(Sync { lasts: minute, ..at(noon()) });
    sandbox.sync(Sync { lasts: minute, ..at(day(40)) });
    let status = sandbox.status(day(41));
    let source = only(&status);
    assert_eq!(source.blind, [blind(noon(), day(10) + minute, false)]);
    assert_eq!(
        source.covered,
        [covered(day(-30) + minute, noon(), 1), covered(day(10) + minute, day(40), 1)]
    );
    let last = source.last_complete.as_ref().expect("a complete sync");
    assert_eq!((last.sequence, last.age_seconds), (2, 86_400));
    assert_eq!(last.deadline_at, Timestamp(day(70)));
}

#[test]
fn failed_and_filtered_syncs_and_those_of_another_source_do_not_fill_a_gap() {
    let sandbox = Sandbox::new();
    sandbox.sync(at(day(0)));
    sandbox.sync(Sync { filter: Filter::ActionType("INVITE".to_owned()), ..at(day(10)) });
    sandbox.sync(Sync { filter: Filter::ParentHandshakeId("h-1".to_owned()), ..at(day(15)) });
    sandbox.sync(Sync { outcome: failed("AccessDeniedException"), ..at(day(20)) });
    sandbox.sync(Sync { owner: Some("o-other"), ..at(day(25)) });
    sandbox.sync(at(day(40)));
    let status = sandbox.status(day(40));
    let of = |owner: &str| {
        let found = status.sources.iter().find(|s| s.owner_id.as_deref() == Some(owner));
        found.expect(owner)
    };
    assert_eq!(of(OWNER).blind, [blind(day(0), day(10), false)]);
    assert_eq!(of("o-other").blind, []);
    assert_eq!(of("o-other").last_complete.as_ref().expect("one").sequence, 5);
}

#[test]
fn the_window_that_a_missed_deadline_opens_grows_until_a_sync_completes() {
    let sandbox = Sandbox::new();
    sandbox.sync(at(noon()));
    let millisecond = TimeDelta::milliseconds(1);
    assert_eq!(only(&sandbox.status(day(30))).blind, [], "on the deadline");
    assert_eq!(
        only(&sandbox.status(day(30) + millisecond)).blind,
        [blind(noon(), noon() + millisecond, true)]
    );
    assert_eq!(only(&sandbox.status(day(100))).blind, [blind(noon(), day(70), true)]);
    sandbox.sync(Sync { outcome: failed("x"), ..at(day(100)) });
    assert_eq!(only(&sandbox.status(day(100))).blind, [blind(noon(), day(70), true)]);
    sandbox.sync(at(day(100)));
    assert_eq!(only(&sandbox.status(day(100))).blind, [blind(noon(), day(70), false)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// The oracle knows nothing of periods: it asks of every hour whether a handshake that came and
    /// ended in it was shown to any sync.
    #[test]
    fn what_is_covered_was_seen_and_what_is_blind_was_not(
        gaps in proptest::collection::vec(1..1600_i64, 0..7),
        later in 0..1600_i64,
    ) {
        let hour = TimeDelta::hours(1);
        let mut hours = vec![0];
        for gap in &gaps {
            hours.push(hours[hours.len() - 1] + gap);
        }
        let sandbox = Sandbox::new();
        let mut archive = sandbox.archive();
        for &passed in &hours {
            record(&mut archive, at(noon() + hour * passed as i32));
        }
        drop(archive);
        let now = hours[hours.len() - 1] + later;
        let status = sandbox.status(noon() + hour * now as i32);
        let source = only(&status);
        for passed in -720..now {
            // Half past, so that nothing falls together with a sync.
            let came = noon() + hour * passed as i32 + TimeDelta::minutes(30);
            let seen = hours.iter().any(|&sync| passed < sync && sync <= passed + 720);
            // A handshake that AWS still shows may be seen yet.
            let lost = !seen && now > passed + 720;
            let within = |from: Timestamp, until: Timestamp| from.0 < came && came < until.0;
            prop_assert_eq!(
                source.blind.iter().filter(|p| within(p.from_at, p.until_at)).count(),
                usize::from(lost)
            );
            prop_assert_eq!(
                source.covered.iter().filter(|p| within(p.from_at, p.until_at)).count(),
                usize::from(seen)
            );
        }
        prop_assert!(source.blind.iter().rev().skip(1).all(|window| !window.growing));
    }
}

#[test]
fn handshakes_are_counted_by_what_is_known_of_them_now() {
    let sandbox = Sandbox::new();
    let late = day(80);
    let first = [
        element("accepted", "OPEN", late),
        element("vanished", "REQUESTED", late),
        element("returned", "OPEN", late),
        element("expired", "EXPIRED", day(-1)),
        r#"{"State":"OPEN"}"#.to_owned(),
    ];
    sandbox.sync(Sync { elements: first.join(","), ..at(day(0)) });
    sandbox.sync(Sync { elements: element("accepted", "ACCEPTED", late), ..at(day(1)) });
    let third = [
        element("accepted", "ACCEPTED", late),
        element("returned", "OPEN", late),
        // The seventh day of what is soon ends at the very moment.
        element("overdue", "OPEN", day(2) - TimeDelta::milliseconds(1)),
        element("now", "OPEN", day(2)),
        element("soon", "REQUESTED", day(9)),
        element("later", "OPEN", day(9) + TimeDelta::milliseconds(1)),
        element("ended", "CANCELED", day(3)),
        r#"{"Id":"h-stateless"}"#.to_owned(),
        "[]".to_owned(),
        r#"{"Id":"h-stateless","Arn":7}"#.to_owned(),
    ];
    sandbox.sync(Sync { elements: third[..8].join(","), ..at(day(2)) });
    sandbox.sync(Sync { elements: third.join(","), ..at(day(2)) });
    let status = sandbox.status(day(2));
    let source = only(&status);
    let states: Vec<_> =
        source.states.iter().map(|count| (count.state.as_deref(), count.handshakes)).collect();
    assert_eq!(
        states,
        [
            (None, 1),
            (Some("ACCEPTED"), 1),
            (Some("CANCELED"), 1),
            (Some("EXPIRED"), 1),
            (Some("OPEN"), 4),
            (Some("REQUESTED"), 2),
        ]
    );
    assert_eq!(source.handshakes, 10);
    assert_eq!(source.versions, 11, "one of them changed");
    assert_eq!(source.pending, 5, "returned, overdue, now, soon, later");
    assert_eq!(source.expiring, 2, "now, soon");
    assert_eq!(source.unknown_outcomes, 1, "vanished");
    assert_eq!(source.quarantined, 3);
}

#[test]
fn failed_syncs_count_since_the_last_complete_one_with_their_error() {
    let sandbox = Sandbox::new();
    sandbox.sync(Sync { owner: None, outcome: failed("First"), ..at(day(0)) });
    let status = sandbox.status(day(0));
    assert_eq!(status.sources, []);
    assert_eq!(status.without_source.failed_syncs[0].error_code.as_deref(), Some("First"));

    sandbox.sync(at(day(1)));
    assert_eq!(only(&sandbox.status(day(1))).failed_syncs, []);
    assert_eq!(sandbox.status(day(1)).without_source.failed_syncs, []);

    let stopped = Outcome::Interrupted { message: "SIGTERM".to_owned() };
    sandbox.sync(Sync { outcome: failed("Own"), ..at(day(2)) });
    sandbox.sync(Sync { owner: None, outcome: failed("Nobodys"), ..at(day(3)) });
    sandbox.sync(Sync { outcome: stopped, ..at(day(4)) });
    sandbox.sync(Sync { filter: Filter::ActionType("INVITE".to_owned()), ..at(day(5)) });
    sandbox.sync(Sync { owner: Some("o-other"), outcome: failed("Others"), ..at(day(6)) });
    let status = sandbox.status(day(6));
    let codes = |owner: &str| -> Vec<String> {
        let source = status.sources.iter().find(|s| s.owner_id.as_deref() == Some(owner));
        let syncs = source.expect(owner).failed_syncs.iter();
        syncs.map(|s| format!("{} {}", s.sequence, s.error_code.as_deref().unwrap_or(""))).collect()
    };
    assert_eq!(codes(OWNER), ["3 Own", "4 Nobodys", "5 Interrupted"]);
    assert_eq!(codes("o-other"), ["1 First", "4 Nobodys", "7 Others"]);
    assert_eq!(status.without_source.failed_syncs.len(), 1);
}

#[test]
fn a_sync_that_runs_is_told_and_changes_nothing_that_is_known() {
    let sandbox = Sandbox::new();
    sandbox.sync(Sync { elements: element("one", "OPEN", day(9)), ..at(day(0)) });
    let mut archive = sandbox.archive();
    let operation = "ListHandshakesForOrganization";
    let attempt = Attempt { operation, filter: Filter::None, started_at: day(40) };
    let mut recorder = archive.begin(&attempt).expect("a sync");
    let page = Page::read(br#"{"Handshakes":[]}"#.to_vec()).expect("a page");
    recorder.record([(Scope::Unrestricted, page)], day(40)).expect("recorded");
    let status = sandbox.status(day(41));
    let unfinished = status.unfinished_sync.clone().expect("it runs");
    assert_eq!((unfinished.sequence, unfinished.started_at), (2, Timestamp(day(40))));
    assert_eq!(status.head.as_ref().expect("the first one's").sequence, 1);
    assert_eq!(only(&status).last_complete.as_ref().expect("the first").sequence, 1);
    assert_eq!(only(&status).blind, [blind(day(0), day(11), true)]);
    assert_eq!(only(&status).pending, 1);
}

#[test]
fn a_new_archive_has_a_size_and_an_identity_and_nothing_else() {
    let sandbox = Sandbox::new();
    drop(sandbox.archive());
    let status = sandbox.status(noon());
    let size = fs::metadata(sandbox.0.path().join("archive.db")).expect("a file").len();
    assert_eq!((status.size_bytes, status.archive_id.len()), (size, 32));
    assert_eq!((status.head, status.unfinished_sync), (None, None));
    assert_eq!(status.sources, []);
}

#[test]
fn an_expiry_that_is_farther_than_the_calendar_goes_is_soon_enough_for_whoever_asks_so() {
    let sandbox = Sandbox::new();
    let elements = element("far", "OPEN", "9999-12-31T00:00:00Z".parse().expect("a time"));
    sandbox.sync(Sync { elements, ..at(noon()) });
    for within in [TimeDelta::days(365 * 9000), TimeDelta::MAX] {
        let status = sandbox.reader().status(noon(), within).expect("a status");
        assert_eq!(only(&status).expiring, 1);
    }
    assert_eq!(only(&sandbox.status(noon())).expiring, 0);
}
