//! Programs while they run and when they have ended: the one place of the suite that starts any.

use std::io::Write;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A run of the program that has ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// The one way in which a program's end comes to a test: whatever else it is to show, it must not panic.
    #[track_caller]
    pub fn of(output: Output) -> Self {
        let run = Self {
            // A signal that nobody handled has no code.
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!run.stderr.contains("panicked"), "the program panicked: {}", run.stderr);
        run
    }

    /// The JSON summary.
    #[track_caller]
    pub fn summary(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// Standard error says all of this.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in: {}", self.stderr);
        }
        self
    }
}

/// Runs this program, or another that a test needs.
#[track_caller]
pub fn run(command: &mut Command) -> Run {
    let output = command.output();
    let name = command.get_program();
    Run::of(output.unwrap_or_else(|error| panic!("{} is needed: {error}", name.display())))
}

/// A run of the program that goes on. However it ends, what it wrote is looked at.
#[derive(Debug)]
pub struct Started(Option<Child>);

impl Started {
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        Self(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    /// One that reads this on its standard input.
    #[track_caller]
    pub fn with_input(command: &mut Command, input: &str) -> Self {
        let mut started = Self::of(command.stdin(Stdio::piped()));
        started.child().stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        started
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    pub fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    /// What it writes on standard output, from now on the caller's alone.
    pub fn stdout(&mut self) -> ChildStdout {
        self.child().stdout.take().unwrap()
    }

    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        run(Command::new("kill").args(["-s", name, &id])).expect(0);
    }

    pub fn is_running(&mut self) -> bool {
        self.child().try_wait().unwrap().is_none()
    }

    /// Waits for its end when nobody reads what it says.
    #[track_caller]
    pub fn wait_unread(mut self) -> Run {
        drop((self.child().stdout.take(), self.child().stderr.take()));
        self.wait()
    }

    #[track_caller]
    pub fn wait(mut self) -> Run {
        Run::of(self.0.take().unwrap().wait_with_output().unwrap())
    }

    /// Kills it, wherever it is by now; the code of one that did not end before is -1.
    #[track_caller]
    pub fn kill(mut self) -> Run {
        self.child().kill().unwrap();
        self.wait()
    }

    /// Waits for an end that is to come by then. What it writes meanwhile must be little: nobody reads it.
    #[track_caller]
    pub fn wait_at_most(mut self, limit: Duration) -> Run {
        let began = Instant::now();
        while self.is_running() {
            if began.elapsed() > limit {
                panic!("still running after {limit:?}: {:?}", self.kill());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.wait()
    }
}

impl Drop for Started {
    /// One that was forgotten is ended here.
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        let ended = child.kill().and_then(|()| child.wait_with_output());
        if !std::thread::panicking() {
            Run::of(ended.unwrap());
        }
    }
}

/// Waits until something is so, half a minute at most.
#[track_caller]
pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(30), "still not: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
