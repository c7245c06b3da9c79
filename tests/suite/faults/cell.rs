//! One fault at one moment, as it was observed.

use std::fmt;

use rusqlite::types::Value;

use super::disturbance::{Disturbed, LONGEST, Place};
use super::row::{Act, Clock, Expect, Kept, Row};
use super::world::{Moment, PAGE, PAGES, World};
use crate::harness::Sandbox;
use crate::process::{Started, run};

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

impl Place<'_> {
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
