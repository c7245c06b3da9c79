//! Archives made by the recorder itself, without a sync: fast, and to the millisecond.

use std::path::Path;

use chrono::{DateTime, Duration, Utc};
use handshake_archive::archive::{Attempt, Identity, Outcome, Scope};
use handshake_archive::handshake::{Filter, Page};

use crate::harness::{Sandbox, noon, open};

/// A handshake as AWS would send it: an invitation of an account.
pub fn invitation(id: &str, state: &str, account: &str) -> String {
    format!(
        r#"{{"Id":"{id}","Arn":"arn:aws:organizations::111111111111:handshake/o-exampleorgid/invite/{id}","State":"{state}","Action":"INVITE","RequestedTimestamp":1772280000.5,"ExpirationTimestamp":1.7735760005E9,"Parties":[{{"Id":"exampleorgid","Type":"ORGANIZATION"}},{{"Id":"{account}","Type":"ACCOUNT"}}],"Resources":[{{"Type":"ORGANIZATION","Value":"o-exampleorgid","Resources":[{{"Type":"MASTER_NAME","Value":"Example"}}]}},{{"Type":"ACCOUNT","Value":"{account}"}}]}}"#
    )
}

/// One page that shows these handshakes, and no more.
pub fn page(handshakes: &[String]) -> Page {
    let body = format!(r#"{{"Handshakes":[{}]}}"#, handshakes.join(","));
    Page::read(body.into_bytes()).map_err(|(error, _)| error).unwrap()
}

pub fn attempt(started_at: DateTime<Utc>) -> Attempt {
    Attempt { operation: "ListHandshakesForOrganization", filter: Filter::None, started_at }
}

/// A sync that shows these handshakes, this many hours after noon, and takes a minute.
pub fn sync(path: &Path, hours: i64, handshakes: &[String]) {
    let at = noon() + Duration::hours(hours);
    let mut archive = open(path);
    let mut recorder = archive.begin(&attempt(at)).unwrap();
    recorder.identify(Identity {
        organization_id: Some("o-exampleorgid".to_owned()),
        caller_arn: None,
        endpoint: None,
    });
    recorder.record([(Scope::Unrestricted, page(handshakes))], at).unwrap();
    recorder.finish(&Outcome::Complete, at + Duration::minutes(1)).unwrap();
}

/// A folder with an archive of two handshakes: h-aaaaaaaa1 was accepted and is gone, h-bbbbbbbb2 is open.
pub fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    let path = sandbox.archive();
    let open = |id: &str, account: &str| invitation(id, "OPEN", account);
    sync(&path, 0, &[open("h-aaaaaaaa1", "012345678901"), open("h-bbbbbbbb2", "222222222222")]);
    sync(
        &path,
        24,
        &[
            invitation("h-aaaaaaaa1", "ACCEPTED", "012345678901"),
            open("h-bbbbbbbb2", "222222222222"),
        ],
    );
    sync(&path, 48, &[open("h-bbbbbbbb2", "222222222222")]);
    sandbox
}
