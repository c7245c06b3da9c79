//! One fault at one moment, as it was observed.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use handshake_archive::clock;
use handshake_archive::handshake::Filter;
use handshake_archive::sync::{End, Plan};
use handshake_archive_simulator::{Fault, Request, Simulator, When};
use rusqlite::types::Value;

use super::row::{Act, Clock, Expect, Kept, Row, Way};
use super::world::{self, Moment, PAGE, PAGE_SIZE, PAGES, World};
use crate::harness::{IN_PROCESS, Run, Sandbox, Started, run, sync_here};

/// No run takes longer, whatever happens to it.
const LONGEST: Duration = Duration::from_secs(60);

/// What came of a fault at a moment.
#[derive(Debug)]
pub enum Cell {
    /// Why there is no such thing.
    CannotHappen(String),
    Observed(Observed),
}

#[derive(Debug)]
pub struct Observed {
    code: i32,
    error_code: Option<String>,
    /// Pages of which everything is in the archive.
    pages: usize,
    /// Where the odd element is.
    element: Option<Kept>,
    quarantined: i64,
    gone: i64,
    status: i32,
    verify: i32,
    /// After the next sync.
    status_healed: i32,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CannotHappen(why) => write!(f, "cannot happen: {why}"),
            Self::Observed(it) => {
                write!(f, "**{}**", it.code)?;
                if let Some(code) = &it.error_code {
                    write!(f, " {code}")?;
                }
                write!(f, "; {} of {PAGES} pages", it.pages)?;
                match it.element {
                    Some(Kept::Payload) => write!(f, " and the odd handshake")?,
                    Some(Kept::Quarantine) | None => {}
                }
                if it.quarantined > 0 {
                    write!(f, ", {} in quarantine", it.quarantined)?;
                }
                write!(
                    f,
                    "; {} gone; status {}, verify {}; healed",
                    it.gone, it.status, it.verify
                )?;
                if it.status_healed != 0 {
                    write!(f, ", status {}", it.status_healed)?;
                }
                Ok(())
            }
        }
    }
}

/// Lets it happen, and sees to it that nothing is lost, that nothing is made up, and that the next
/// sync heals.
pub fn observe(row: &Row, moment: Moment, world: &World) -> Cell {
    if let Some(why) = cannot_happen(&row.trouble.act, moment) {
        return Cell::CannotHappen(why);
    }
    let sandbox = Sandbox::new();
    world.prepare(&sandbox, moment);
    let place = Place { row, moment, world, sandbox: &sandbox };

    let run = place.disturbed_sync();
    let observed = place.look(&run);
    place.judge(&run, &observed);
    Cell::Observed(Observed { status_healed: place.heal(), ..observed })
}

fn cannot_happen(act: &Act, moment: Moment) -> Option<String> {
    match (act, moment) {
        (Act::FirstCall { later, .. }, Moment::Children) => {
            Some(format!("the run ends at its first call; in mid-run it is *{later}*"))
        }
        (Act::Clock(Clock::StepsBetween(_)), Moment::Children) => {
            Some("between two syncs no list is read".to_owned())
        }
        _ => None,
    }
}

/// How the disturbed sync ended.
struct Disturbed {
    code: i32,
    error_code: Option<String>,
    stderr: String,
}

struct Place<'a> {
    row: &'a Row,
    moment: Moment,
    world: &'a World,
    sandbox: &'a Sandbox,
}

impl Place<'_> {
    /// The element that is shown only now.
    fn element(&self) -> Option<Vec<u8>> {
        let Act::Element(make) = self.row.trouble.act else { return None };
        Some(make(&self.world.pages[self.moment.first_page()][0]))
    }

    fn when(&self) -> When {
        let when = match self.moment {
            Moment::First | Moment::Later => When::list().without_parent().after(2),
            Moment::Children => When::list().under_parent().after(1),
        };
        match self.row.trouble.times {
            Some(times) => when.times(times),
            None => when,
        }
    }

    fn disturbed_sync(&self) -> Disturbed {
        let simulator = match self.row.trouble.way {
            Way::Tls | Way::UntrustedTls => Simulator::start_tls(world::now()),
            _ => Simulator::start(world::now()),
        };
        match &self.row.trouble.act {
            Act::Strike(fault) => simulator.inject(self.when(), fault.clone()),
            Act::Element(_) => {
                let element = self.element().unwrap();
                simulator.inject(self.when(), Fault::ExtraElement(element));
            }
            Act::FirstCall { fault, .. } => simulator.inject(When::any(), fault.clone()),
            Act::Clock(clock) => return self.sync_by(*clock, simulator),
        }
        if matches!(self.row.trouble.act, Act::Strike(Fault::EmptyPageForever)) {
            simulator.set_latency(Duration::from_millis(20));
        }
        let run = self.run(&simulator);
        let summary = run.summary();
        assert_eq!(summary["outcome"] == "complete", run.code == 0, "{run:?}");
        let error_code = summary["error_code"].as_str().map(str::to_owned);
        Disturbed { code: run.code, error_code, stderr: run.stderr }
    }

    /// The program, on the row's way to the simulator.
    fn run(&self, simulator: &Simulator) -> Run {
        let mut command = self.sandbox.program();
        let plain = simulator.url();
        if !matches!(self.row.trouble.way, Way::UntrustedTls) {
            // Also where there is no TLS: it spares the time to read the system's certificates.
            command.env("AWS_CA_BUNDLE", &self.world.certificate);
        }
        let url = match self.row.trouble.way {
            Way::Direct | Way::Tls | Way::UntrustedTls => plain,
            Way::TlsAtPlainHttp => plain.replace("http:", "https:"),
            Way::Proxy => {
                command.env("HTTP_PROXY", plain);
                "http://organizations.invalid".to_owned()
            }
            Way::ConnectProxy => {
                command.env("HTTPS_PROXY", plain);
                "https://organizations.invalid".to_owned()
            }
            // A label of 64 letters: it is refused without that a name server is asked.
            Way::UnknownName => format!("http://{}.invalid", "n".repeat(64)),
            Way::NobodyListens => "http://127.0.0.1:1".to_owned(),
        };
        command.env("AWS_MAX_ATTEMPTS", "1").arg("--archive").arg(self.sandbox.archive());
        command.args(["sync", "--format", "json", "--endpoint-url", &url]);
        command.args(PAGE);
        Started::of(command.args(self.row.trouble.arguments)).wait_at_most(LONGEST)
    }

    /// The same in this process, where the clock can be chosen.
    fn sync_by(&self, wrong: Clock, simulator: Simulator) -> Disturbed {
        let simulator = Arc::new(simulator);
        let clock = self.clock(wrong, Arc::clone(&simulator));
        let page_size = u8::try_from(PAGE_SIZE).unwrap();
        let plan = Plan { filter: Filter::None, page_size, deadline: IN_PROCESS, clock };
        let report = sync_here(&simulator, &self.sandbox.archive(), &plan);
        let code = if matches!(report.end, End::Complete) { 0 } else { 1 };
        Disturbed { code, error_code: report.record.error_code, stderr: String::new() }
    }

    fn clock(&self, wrong: Clock, simulator: Arc<Simulator>) -> clock::Clock {
        let right = clock::system();
        let moment = self.moment;
        let come = move || {
            let asked = simulator.requests();
            let under_parent = |request: &&Request| request.parent.is_some();
            match moment {
                Moment::Children => asked.iter().any(|request| under_parent(&request)),
                _ => asked.iter().filter(|request| request.token.is_some()).count() >= 2,
            }
        };
        let zero = TimeDelta::zero();
        Arc::new(move || -> DateTime<Utc> {
            let offset = match (wrong, moment) {
                (Clock::Wrong(by), Moment::Children) | (Clock::Steps(by), _) => {
                    if come() {
                        by
                    } else {
                        zero
                    }
                }
                (Clock::Wrong(by), _) => by,
                // The first sync is before the step, a later one after it.
                (Clock::StepsBetween(by), Moment::First) => -by,
                (Clock::StepsBetween(by), _) => by,
            };
            right() + offset
        })
    }

    fn command(&self, name: &str) -> i32 {
        let mut command = self.sandbox.bare();
        command.arg("--archive").arg(self.sandbox.archive()).arg(name);
        Started::of(&mut command).wait_at_most(LONGEST).code
    }

    fn look(&self, run: &Disturbed) -> Observed {
        let database = self.sandbox.database();
        let payloads = database.texts("SELECT payload FROM handshake_versions");
        let kept = |page: &&Vec<String>| page.iter().all(|element| payloads.contains(element));
        // The newest sync is the disturbed one.
        let newest = |column: &str| {
            database.number(&format!("SELECT {column} FROM syncs ORDER BY id DESC LIMIT 1"))
        };
        let backwards =
            "SELECT count(*) FROM syncs WHERE finished_at < ifnull(observed_at, started_at)";
        assert_eq!(database.number(backwards), 0, "no sync ends before it began");
        for id in database.texts("SELECT id FROM handshakes WHERE gone_at IS NOT NULL") {
            assert!(!self.world.shows(&id), "{id} is shown, and marked gone");
        }
        Observed {
            code: run.code,
            error_code: run.error_code.clone(),
            pages: self.world.pages.iter().filter(kept).count(),
            element: self.kept(),
            quarantined: newest("quarantined"),
            gone: newest("gone"),
            status: self.command("status"),
            verify: self.command("verify"),
            status_healed: -1,
        }
    }

    fn judge(&self, run: &Disturbed, observed: &Observed) {
        let Expect { code, error_code, words, element, .. } = self.row.expect;
        assert_eq!((run.code, run.error_code.as_deref()), (code, error_code), "{}", run.stderr);
        for word in words {
            assert!(run.stderr.contains(word), "no {word:?} in: {}", run.stderr);
        }
        if code == 0 {
            assert_eq!(observed.pages, PAGES);
        } else {
            assert!(run.stderr.contains("error: ") && run.stderr.contains("hint: "));
            assert_eq!(observed.gone, 0, "nothing counts as gone");
            let before = match self.row.trouble.act {
                Act::FirstCall { .. } => 0,
                _ => self.moment.pages_before(),
            };
            assert!(observed.pages >= before, "{observed:?}");
        }
        assert_eq!(observed.element, element, "where the odd element is, to the letter");
        assert_eq!(observed.status, self.told_status().0);
        assert_eq!(observed.verify, 0);
    }

    /// Where the element that was shown only now stands, to the letter.
    fn kept(&self) -> Option<Kept> {
        let element = Value::Blob(self.element()?);
        let database = self.sandbox.database();
        let places = [
            ("SELECT CAST(payload AS BLOB) FROM handshake_versions", Kept::Payload),
            ("SELECT payload FROM quarantine", Kept::Quarantine),
        ];
        let holds = |sql: &str| database.rows(sql).iter().any(|row| row[0] == element);
        places.into_iter().find(|(sql, _)| holds(sql)).map(|(_, place)| place)
    }

    /// What `status` is to end with, after this sync and after the next.
    fn told_status(&self) -> (i32, i32) {
        let Expect { code, status, .. } = self.row.expect;
        let stale = code != 0 && self.moment == Moment::First;
        let rule = (if stale { 6 } else { 0 }, 0);
        status.map_or(rule, |moments| moments[self.moment as usize])
    }

    /// The next sync, to which nothing happens, leaves what an undisturbed archive has. Gives what
    /// `status` ends with then.
    fn heal(&self) -> i32 {
        let mut sync = self.sandbox.sync_command(&self.world.endpoint);
        run(sync.args(PAGE).env("AWS_CA_BUNDLE", &self.world.certificate)).expect(0);
        let undisturbed = self.world.undisturbed(self.moment);
        let element = self.element().and_then(|element| String::from_utf8(element).ok());
        let only_now = |line: &String| {
            line.starts_with("h-oddoddodd1|")
                || element
                    .as_ref()
                    .is_some_and(|it| line.ends_with(it) && !undisturbed.contains(line))
        };
        let database = self.sandbox.database();
        database.assert_sound();
        let mut content = database.content();
        content.retain(|line| !only_now(line));
        assert_eq!(content, undisturbed);
        let status = self.command("status");
        assert_eq!(status, self.told_status().1, "after the next sync");
        status
    }
}
