//! The real program, built with the same profile as this example.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where the program is.
pub struct Program(PathBuf);

impl Program {
    /// Finds the program beside this example.
    pub fn find() -> Result<Self, Box<dyn Error>> {
        let example = std::env::current_exe()?;
        let folder =
            example.parent().and_then(Path::parent).ok_or("no folder above the example")?;
        let program = folder.join("handshake-archive");
        if !program.is_file() {
            return Err(format!(
                "{} is not there: running an example does not build it, cargo build does",
                program.display()
            )
            .into());
        }
        Ok(Self(program))
    }

    /// A command on an archive, with credentials and without anything else of this environment.
    pub fn on(&self, archive: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command
            .env_clear()
            .env("HOME", archive.parent().unwrap_or(Path::new("/")))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .stdin(Stdio::null())
            .arg("--archive")
            .arg(archive);
        command
    }
}
