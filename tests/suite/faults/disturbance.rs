//! How a fault comes about: the sync of one cell, disturbed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use handshake_archive::clock;
use handshake_archive::handshake::Filter;
use handshake_archive::sync::{End, Plan};
use handshake_archive_simulator::{Fault, Request, Simulator, When};

use super::row::{Act, Clock, Row, Way};
use super::world::{self, Moment, PAGE, PAGE_SIZE, World};
use crate::harness::{IN_PROCESS, Sandbox, sync_here};
use crate::process::{Run, Started};

/// No run takes longer, whatever happens to it.
pub const LONGEST: Duration = Duration::from_secs(60);

/// How the disturbed sync ended.
pub struct Disturbed {
    pub code: i32,
    pub error_code: Option<String>,
    pub stderr: String,
}

/// A row and a moment, and where they meet.
pub struct Place<'a> {
    pub row: &'a Row,
    pub moment: Moment,
    pub world: &'a World,
    pub sandbox: &'a Sandbox,
}

impl Place<'_> {
    /// The element that is shown only now.
    pub fn element(&self) -> Option<Vec<u8>> {
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

    /// The sync that the fault strikes.
    pub fn disturbed_sync(&self) -> Disturbed {
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
        self.assert_struck(simulator.struck());
        let summary = run.summary();
        assert_eq!(summary["outcome"] == "complete", run.code == 0, "{run:?}");
        let error_code = summary["error_code"].as_str().map(str::to_owned);
        Disturbed { code: run.code, error_code, stderr: run.stderr }
    }

    /// A fault that did not come about would show nothing. Of one that keeps the program from the
    /// simulator, standard error tells.
    fn assert_struck(&self, struck: usize) {
        match (&self.row.trouble.act, self.row.trouble.times) {
            (Act::FirstCall { .. }, _) => {}
            (_, Some(times)) => assert_eq!(struck, times),
            (_, None) => assert!(struck > 0),
        }
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
        let (clock, was_wrong) = self.clock(wrong, Arc::clone(&simulator));
        let page_size = u8::try_from(PAGE_SIZE).unwrap();
        let plan = Plan { filter: Filter::None, page_size, deadline: IN_PROCESS, clock };
        let report = sync_here(&simulator, &self.sandbox.archive(), &plan, std::future::pending());
        assert!(was_wrong.load(Ordering::Relaxed), "the clock was right");
        let code = if matches!(report.end, End::Complete) { 0 } else { 1 };
        Disturbed { code, error_code: report.record.error_code, stderr: String::new() }
    }

    /// The clock, and whether it has shown a wrong time.
    fn clock(&self, wrong: Clock, simulator: Arc<Simulator>) -> (clock::Clock, Arc<AtomicBool>) {
        let right = clock::system();
        let moment = self.moment;
        let come = move || {
            let asked = simulator.requests();
            let under_parent = |request: &Request| request.parent.is_some();
            match moment {
                Moment::Children => asked.iter().any(under_parent),
                _ => asked.iter().filter(|request| request.token.is_some()).count() >= 2,
            }
        };
        let zero = TimeDelta::zero();
        let was_wrong = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&was_wrong);
        let clock = move || -> DateTime<Utc> {
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
            tell.fetch_or(offset != zero, Ordering::Relaxed);
            right() + offset
        };
        (Arc::new(clock), was_wrong)
    }
}
