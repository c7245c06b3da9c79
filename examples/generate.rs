//! Writes an archive of any size, the same one every time, for measurements.
//!
//! ```text
//! cargo run --release --example generate -- PATH COUNT [SYNCS [ORGANIZATIONS [YEARS]]]
//! ```
//!
//! COUNT handshakes are requested evenly over YEARS (5) from 2020-01-01 on, and SYNCS syncs at even distances (261: one a week)
//! show what AWS would: a handshake from its request until 30 days after its end. With more than one of
//! ORGANIZATIONS, they are synced in turn, and each has every so many thousand of the handshakes. Every
//! fortieth sync of an organization fails half-way. Everything goes through the recorder, as it does in a real sync.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use handshake_archive::archive::{Archive, Attempt, Identity, Outcome, Scope};
use handshake_archive::handshake::{Filter, Page};

const START: i64 = 1_577_836_800_000; // 2020-01-01T00:00:00Z
const DAY: i64 = 86_400_000;
/// The longest time from a request until AWS deletes it: 90 days to expiry, 30 days of display.
const LONGEST: i64 = 120 * DAY;
const PAGE: usize = 20;
const PAGES_A_TRANSACTION: usize = 17;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: generate PATH COUNT [SYNCS [ORGANIZATIONS [YEARS]]]".into());
    };
    let mut number = |default: i64| arguments.next().map_or(Ok(default), |text| text.parse());
    let (syncs, organizations, years) = (number(0)?, number(1)?, number(5)?);
    let world = World {
        count: count.parse()?,
        organizations: u64::try_from(organizations.max(1))?,
        span: years * 365 * DAY + DAY,
    };
    let syncs = if syncs > 0 { syncs } else { world.span / (7 * DAY) + 1 };
    let distance = world.span / syncs.max(2).saturating_sub(1);
    let mut archive = Archive::open(Path::new(&path))?;
    for (number, time) in (0..).zip((START..=START + world.span).step_by(distance as usize)) {
        let listed = world.sync(&mut archive, number, time)?;
        write!(io::stderr(), "\r{} sync {number}: {listed} listed ", moment(time))?;
    }
    writeln!(io::stderr())?;
    Ok(())
}

fn moment(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or_default()
}

/// How many handshakes there are, of how many organizations, in how many milliseconds.
struct World {
    count: u64,
    organizations: u64,
    span: i64,
}

impl World {
    fn sync(&self, archive: &mut Archive, number: u64, time: i64) -> Result<i64, Box<dyn Error>> {
        let organization = number % self.organizations;
        let shown: Vec<Handshake> = (self.first_since(time - LONGEST)..self.count)
            .map(|index| Handshake::new(index, self))
            .take_while(|handshake| handshake.requested <= time)
            .filter(|handshake| handshake.organization == organization && handshake.is_shown(time))
            .collect();
        let fails = (number / self.organizations) % 40 == 39;
        let read = if fails { shown.len() / 2 } else { shown.len() };
        let attempt = Attempt {
            operation: "ListHandshakesForOrganization",
            filter: Filter::None,
            started_at: moment(time - 1000),
        };
        let mut recorder = archive.begin(&attempt)?;
        recorder.identify(Identity {
            organization_id: Some(format!("o-{}", organization_id(organization))),
            ..Identity::default()
        });
        for transaction in shown[..read].chunks(PAGE * PAGES_A_TRANSACTION) {
            let pages = transaction
                .chunks(PAGE)
                .map(|page| {
                    let elements: Vec<String> =
                        page.iter().map(|handshake| handshake.json(time)).collect();
                    let body =
                        format!(r#"{{"Handshakes":[{}],"NextToken":null}}"#, elements.join(","));
                    Page::read(body.into_bytes())
                        .map(|page| (Scope::Unrestricted, page))
                        .map_err(|(error, _)| error)
                })
                .collect::<Result<Vec<_>, _>>()?;
            recorder.record(pages, moment(time))?;
        }
        let outcome = if fails {
            let message = "the endpoint did not answer".to_owned();
            Outcome::Failed { code: "Unreachable".to_owned(), message }
        } else {
            Outcome::Complete
        };
        let finished_at = moment(time) + TimeDelta::seconds(1 + (shown.len() / 200) as i64);
        Ok(recorder.finish(&outcome, finished_at)?.listed)
    }

    /// The first handshake that was requested at or after a time.
    fn first_since(&self, time: i64) -> u64 {
        let since = (time - START).max(0) as u128;
        (since * u128::from(self.count) / self.span as u128) as u64
    }
}

/// Without the `o-`, which AWS leaves out in places.
fn organization_id(number: u64) -> String {
    format!("example{number:05}")
}

/// Numbers that look random and are the same every time (splitmix64).
fn hash(index: u64, purpose: u64) -> u64 {
    let mut z = index.wrapping_mul(8).wrapping_add(purpose).wrapping_add(1);
    z = z.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What is true of a handshake, whenever it is looked at.
struct Handshake {
    index: u64,
    organization: u64,
    action: &'static str,
    requested: i64,
    expires: i64,
    ended: i64,
    end_state: &'static str,
    deleted: i64,
    /// Whom it was sent to: one in twenty was sent one before.
    recipient: u64,
}

impl Handshake {
    fn new(index: u64, world: &World) -> Self {
        let action = match index % 1000 {
            0 => "ENABLE_ALL_FEATURES",
            1..=60 => "APPROVE_ALL_FEATURES",
            61..=90 => "TRANSFER_RESPONSIBILITY",
            91..=95 => "ADD_ORGANIZATIONS_SERVICE_LINKED_ROLE",
            _ => "INVITE",
        };
        let (span, count) = (world.span as u128, u128::from(world.count));
        let requested = START + (u128::from(index) * span / count) as i64;
        // In thousands, as the requests for all features and their children stand.
        let organization = (index / 1000) % world.organizations;
        let days = if action.ends_with("ALL_FEATURES") { 90 } else { 15 };
        let expires = requested + days * DAY;
        let answered = requested + 60_000 + (hash(index, 1) % (14 * DAY as u64)) as i64;
        let (end_state, ended) = match hash(index, 2) % 10 {
            0..=5 => ("ACCEPTED", answered),
            6 => ("DECLINED", answered),
            7 => ("CANCELED", answered),
            _ => ("EXPIRED", expires),
        };
        // One in five hundred goes while it is pending, and nobody knows why.
        let deleted = if index % 500 == 107 { ended - 1 } else { ended + 30 * DAY };
        let recipient = match hash(index, 3) % 20 {
            0 => hash(index, 4) % (index + 1),
            _ => index,
        };
        Self {
            index,
            organization,
            action,
            requested,
            expires,
            ended,
            end_state,
            deleted,
            recipient,
        }
    }

    fn is_shown(&self, time: i64) -> bool {
        self.requested <= time && time < self.deleted
    }

    fn id(index: u64) -> String {
        format!("{:016x}{:04x}", hash(index, 0), index & 0xffff)
    }

    /// The element of a list in which AWS would show it at that time.
    fn json(&self, time: i64) -> String {
        let Self { action, requested, expires, .. } = self;
        let id = Self::id(self.index);
        let state = if time < self.ended { "OPEN" } else { self.end_state };
        let (kind, recipient) = match self.recipient % 2 {
            0 => (
                "EMAIL",
                format!("owner{}@team{}.example.com", self.recipient, self.recipient % 97),
            ),
            _ => ("ACCOUNT", format!("{:012}", hash(self.recipient, 5) % 1_000_000_000_000)),
        };
        let mut resources = String::new();
        if hash(self.index, 6).is_multiple_of(3) {
            let note = hash(self.index, 7) % 5000;
            let _ = write!(
                resources,
                r#",{{"Type":"NOTES","Value":"Please join us, as agreed in ticket {note} of the platform team."}}"#
            );
        }
        if *action == "APPROVE_ALL_FEATURES" {
            let parent = Self::id(self.index - self.index % 1000);
            let _ = write!(resources, r#",{{"Type":"PARENT_HANDSHAKE","Value":"h-{parent}"}}"#);
        }
        if *action == "TRANSFER_RESPONSIBILITY" {
            let start = requested / 1000 + 2_592_000;
            let _ = write!(
                resources,
                concat!(
                    r#",{{"Type":"RESPONSIBILITY_TRANSFER","Value":"rt-{id}","Resources":["#,
                    r#"{{"Type":"TRANSFER_TYPE","Value":"BILLING"}},"#,
                    r#"{{"Type":"TRANSFER_START_TIMESTAMP","Value":"{start}"}}]}}"#
                ),
                id = &id[..8],
                start = start,
            );
        }
        format!(
            concat!(
                r#"{{"Action":"{action}","#,
                r#""Arn":"arn:aws:organizations::123456789012:handshake/o-{organization}/{path}/h-{id}","#,
                r#""ExpirationTimestamp":{expires}.{expires_ms:03},"Id":"h-{id}","#,
                r#""Parties":[{{"Id":"{organization}","Type":"ORGANIZATION"}},{{"Id":"{recipient}","Type":"{kind}"}}],"#,
                r#""RequestedTimestamp":{requested}.{requested_ms:03},"#,
                r#""Resources":[{{"Resources":[{{"Type":"MASTER_EMAIL","Value":"cloud-platform@example.com"}},"#,
                r#"{{"Type":"MASTER_NAME","Value":"Example Corp Management"}},"#,
                r#"{{"Type":"ORGANIZATION_FEATURE_SET","Value":"ALL"}}],"Type":"ORGANIZATION","Value":"o-{organization}"}},"#,
                r#"{{"Type":"{kind}","Value":"{recipient}"}}{resources}],"State":"{state}"}}"#
            ),
            action = action,
            organization = organization_id(self.organization),
            path = action.to_lowercase(),
            id = id,
            expires = expires / 1000,
            expires_ms = expires % 1000,
            requested = requested / 1000,
            requested_ms = requested % 1000,
            recipient = recipient,
            kind = kind,
            resources = resources,
            state = state,
        )
    }
}
