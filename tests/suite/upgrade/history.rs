//! A rich history, the same one every time: what tests/archives/ was made of.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{Days, TimeDelta};
use handshake_archive::archive::{Identity, Scope};
use handshake_archive::handshake::Filter;
use handshake_archive_simulator::{Fault, Operation, Simulator, When};

use crate::harness::{noon, open, organization, sync_by_simulated_clock, sync_until};
use crate::recorded::{attempt, invitation, page};

/// An element with a state and an action that AWS added, with members of its own, in two orders.
const UNKNOWN: [&str; 2] = [
    r#"{"Id":"h-unknown00001","State":"PONDERING","Action":"MERGE","Weight":1.50,"Parties":[{"Id":"p@example.com","Type":"EMAIL","Moons":2},{"Id":"exampleorgid","Type":"ORGANIZATION"}]}"#,
    r#"{"Parties":[{"Type":"ORGANIZATION","Id":"exampleorgid"},{"Moons":2,"Type":"EMAIL","Id":"p@example.com"}],"Weight":1.5,"Action":"MERGE","State":"PONDERING","Id":"h-unknown00001"}"#,
];
/// Elements that cannot be read: a state of the wrong type, no Id, an escape that is no character.
const UNREADABLE: [&str; 3] = [
    r#"{"Id":"h-unreadable1","State":7,"Action":"INVITE"}"#,
    r#"{"State":"OPEN","Action":"INVITE"}"#,
    r#"{"Id":"h-surrogate01","State":"\ud800"}"#,
];

/// Plays three months of syncs into the archive; the simulator then is where they ended.
///
/// Every action and state; children that stand only under their parent; contents that change, come in
/// another order, and come back; what AWS deletes; quarantine of elements and of a whole answer; syncs
/// that are restricted, that fail, are stopped and are killed; and a blind window.
pub fn play(archive: &Path) -> Arc<Simulator> {
    let mut start = organization();
    start.hide_children_from_unfiltered(true);
    let simulator = Arc::new(Simulator::start(start));
    let day = |day| simulator.with(|aws| aws.set_now(noon() + Days::new(day)));
    let sync = || sync_by_simulated_clock(&simulator, archive, Filter::None).record;
    let outcome = |expected: &str, outcome: String| assert_eq!(outcome, expected);

    let invited: Vec<String> = simulator.with(|aws| {
        let notes =
            [None, Some("Welcome, \u{1f91d} Zo\u{eb}"), Some("\u{1b}[2Jtwo\r\nlines\u{202e}")];
        let account = |number: usize| format!("{:012}", 200_000_000_000 + number);
        let mut invited: Vec<String> =
            (0..20).map(|number| aws.invite_account(&account(number), notes[number % 3])).collect();
        invited.push(aws.invite_email("zoe@example.com", Some("First try")));
        invited
    });
    outcome("complete", sync().outcome);

    day(3);
    let (parent, children) = simulator.with(|aws| {
        aws.accept(&invited[0]);
        aws.decline(&invited[1]);
        aws.cancel(&invited[20]);
        aws.invite_email("zoe@example.com", Some("Second try"));
        aws.transfer_responsibility("222222222222", "billing@example.com", noon() + Days::new(40));
        aws.service_linked_role("333333333333");
        aws.enable_all_features(&["444444444444", "555555555555"])
    });
    simulator.inject(When::list().after(1).times(1), Fault::throttle());
    outcome("failed", sync().outcome);
    simulator.inject(When::list().after(1).times(1), Fault::html());
    outcome("failed", sync().outcome);
    day(4);
    outcome("complete", sync().outcome);

    day(5);
    simulator.with(|aws| aws.accept(&children[0]));
    for filter in
        [Filter::ActionType("INVITE".to_owned()), Filter::ParentHandshakeId(parent.clone())]
    {
        outcome("complete", sync_by_simulated_clock(&simulator, archive, filter).record.outcome);
    }

    day(7);
    simulator.with(|aws| UNREADABLE.iter().chain(&UNKNOWN[..1]).for_each(|raw| aws.serve_raw(raw)));
    outcome("complete", sync().outcome);
    day(8);
    outcome("interrupted", stopped_at_the_second_page(&simulator, archive));
    day(9);
    killed(archive);
    day(10);
    simulator.with(|aws| {
        aws.clear_raw();
        aws.serve_raw(UNKNOWN[1]);
        aws.accept(&children[1]);
    });
    outcome("complete", sync().outcome);

    // The invitations expire, the request for all features is granted.
    day(20);
    simulator.with(|aws| aws.accept(&parent));
    outcome("complete", sync().outcome);
    day(41);
    simulator.with(|aws| aws.clear_raw());
    outcome("complete", sync().outcome);
    day(42);
    simulator.with(|aws| aws.serve_raw(UNKNOWN[0]));
    outcome("complete", sync().outcome);
    // Nobody looked for 48 days.
    day(90);
    simulator.with(|aws| aws.invite_account("666666666666", None));
    outcome("complete", sync().outcome);
    simulator
}

/// A sync that hears nothing when it asks for the second page, and is then told to stop.
fn stopped_at_the_second_page(simulator: &Arc<Simulator>, archive: &Path) -> String {
    simulator.clear_requests();
    simulator.inject(When::list().after(1).times(1), Fault::Silence);
    let stop = async {
        let lists = || {
            let requests = simulator.requests();
            requests
                .iter()
                .filter(|request| request.operation == Operation::ListHandshakesForOrganization)
                .count()
        };
        while lists() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    sync_until(simulator, archive, Filter::None, stop).record.outcome
}

/// A sync that never came to its end, and of which nobody was told.
fn killed(archive: &Path) {
    let at = noon() + Days::new(9);
    let mut archive = open(archive);
    let mut recorder = archive.begin(&attempt(at)).unwrap();
    let organization_id = Some("o-exampleorgid".to_owned());
    recorder.identify(Identity { organization_id, ..Identity::default() });
    let seen = page(&[invitation("h-seenbykilled", "OPEN", "777777777777")]);
    recorder.record([(Scope::Unrestricted, seen)], at + TimeDelta::seconds(1)).unwrap();
}
