//! A small file system in memory, whose free space is chosen to the page.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::Sandbox;
use crate::process::{Run, Started, run};

/// What one block of a tmpfs takes.
pub const PAGE: u64 = 4096;

/// A tmpfs that only the programs see which are run on it.
///
/// It is mounted in a mount namespace of its own, as root or in a user namespace, and goes with the
/// process that holds it, which ends when this is dropped or when the test is killed.
pub struct SmallDisk {
    holder: Started,
    namespaces: &'static [&'static str],
    sandbox: Sandbox,
}

impl SmallDisk {
    pub fn new(kibibytes: u64) -> Self {
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.path("disk")).unwrap();
        let script = format!(
            "mount -t tmpfs -o size={kibibytes}k,mode=700 tmpfs \"$0\" && echo mounted && exec cat"
        );
        let mut refusals = String::new();
        for (unshare, namespaces) in [
            (&["--mount"][..], &["--mount"][..]),
            (
                &["--user", "--map-root-user", "--mount"],
                &["--user", "--preserve-credentials", "--mount"],
            ),
        ] {
            // It ends when its standard input is closed.
            let mut command = Command::new("unshare");
            command.args(unshare).args(["sh", "-c", &script]).arg(sandbox.path("disk"));
            let mut holder = Started::of(command.stdin(Stdio::piped()));
            let mut word = [0; 7];
            if holder.stdout().read_exact(&mut word).is_ok() && &word == b"mounted" {
                return Self { holder, namespaces, sandbox };
            }
            refusals += &holder.wait().stderr;
        }
        panic!(
            "these tests need a small file system of their own: run them as root, or where a user may \
             make user and mount namespaces. What was said: {refusals}"
        );
    }

    /// The archive, by the name that programs on the disk know.
    pub fn archive(&self) -> PathBuf {
        self.sandbox.path("disk/archive.db")
    }

    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// A command as it is run on the disk.
    pub fn on_disk(&self, command: &Command) -> Command {
        let mut entered = Command::new("nsenter");
        entered.env_clear().stdin(Stdio::null());
        entered.arg("--target").arg(self.holder.id().to_string()).args(self.namespaces).arg("--");
        entered.arg(command.get_program()).args(command.get_args());
        entered.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        entered
    }

    /// Runs a command that only reads the archive.
    pub fn ask(&self, arguments: &[&str]) -> Run {
        let mut command = self.sandbox.bare();
        run(&mut self.on_disk(command.arg("--archive").arg(self.archive()).args(arguments)))
    }

    /// Runs a program of the system on the disk, which must succeed.
    pub fn system(&self, program: &str, arguments: &[&str]) {
        run(&mut self.on_disk(Command::new(program).args(arguments))).expect(0);
    }

    /// A file of the disk as this process reaches it. SQLite would not find its way there.
    pub fn file(&self, name: &str) -> PathBuf {
        let root = format!("/proc/{}/root", self.holder.id());
        Path::new(&root).join(self.sandbox.path("disk").strip_prefix("/").unwrap()).join(name)
    }

    /// Leaves this much space free and fills the rest.
    pub fn leave_free(&self, bytes: u64) {
        let mut ballast = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .open(self.file("ballast"))
            .unwrap();
        let mut size = 0;
        loop {
            match ballast.write(&[0; PAGE as usize]) {
                Ok(written) => size += written as u64,
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(size % PAGE, 0);
        ballast.set_len(size.checked_sub(bytes).expect("the disk is too small")).unwrap();
    }

    pub fn free_all(&self) {
        fs::remove_file(self.file("ballast")).unwrap();
    }

    /// Empties the disk.
    pub fn clear(&self) {
        for entry in fs::read_dir(self.file("")).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }

    /// A copy of the archive and of the files beside it, on a disk with room.
    pub fn copy(&self) -> Sandbox {
        let copy = Sandbox::new();
        for entry in fs::read_dir(self.file("")).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name == "archive.db" || name == "archive.db-wal" {
                fs::copy(entry.path(), copy.path(&name)).unwrap();
            }
        }
        copy
    }

    /// Lays a copy back.
    pub fn lay_back(&self, copy: &Sandbox) {
        for (name, content) in copy.contents() {
            fs::write(self.file(&name), content).unwrap();
        }
    }
}
