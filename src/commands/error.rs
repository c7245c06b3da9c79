//! The one place that turns errors into exit codes and hints.

use std::error::Error as StdError;

use crate::archive;
use crate::organizations::{self, ErrorKind};

/// An exit code with a meaning that a scheduler can act on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 1: something else.
    Other = 1,
    /// 2: the command line asks for something that there is not.
    Usage = 2,
    /// 3: AWS refused. Trying again changes nothing until somebody does something.
    Refused = 3,
    /// 4: AWS was unreachable, throttled, or the list broke off. Try again later.
    TryAgain = 4,
    /// 5: another sync is running on the archive, or another program holds it.
    Busy = 5,
    /// 6: a check failed: the archive is damaged, stale or blind.
    CheckFailed = 6,
    /// 129: SIGHUP.
    Hangup = 129,
    /// 130: SIGINT.
    Interrupted = 130,
    /// 143: SIGTERM.
    Terminated = 143,
}

/// What went wrong with a command: what happened, why, what to do, and the exit code.
#[derive(Debug)]
pub struct CommandError {
    /// What happened.
    pub message: String,
    /// Why, the outermost cause first.
    pub causes: Vec<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// The exit code.
    pub exit: Exit,
}

impl CommandError {
    /// An error with the exit code 1.
    pub fn other(message: impl Into<String>, source: &(dyn StdError + 'static)) -> Self {
        let mut causes = vec![source.to_string()];
        causes.extend(causes_of(source));
        Self { message: message.into(), causes, hint: None, exit: Exit::Other }
    }

    /// An error of whoever typed the command, with the exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), causes: Vec::new(), hint: None, exit: Exit::Usage }
    }

    /// The same with a hint.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

fn causes_of(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    causes
}

impl From<archive::Error> for CommandError {
    fn from(error: archive::Error) -> Self {
        use archive::Error;
        let exit = match &error {
            Error::Locked(_) | Error::Held(_) => Exit::Busy,
            Error::Sqlite { source, .. } if is_locked(source) => Exit::Busy,
            _ => Exit::Other,
        };
        let hint = match &error {
            Error::NoFolder(folder) => format!(
                "create it (mkdir -p -m 700 {}) or give another path with --archive",
                folder.display()
            ),
            Error::NotAFile(_) => "give the path of a file with --archive".to_owned(),
            Error::ReadOnly(path) => format!(
                "a sync writes into the archive: allow it (chmod u+w {}) or give another path with --archive",
                path.display()
            ),
            Error::NotSqlite(_) | Error::OtherProgram { .. } => {
                "nothing was changed; give the path of an archive, or of a file that does not exist yet, with --archive".to_owned()
            }
            Error::Newer { .. } => "nothing was changed; update handshake-archive".to_owned(),
            Error::Missing(_) => {
                "run handshake-archive sync to make one, or give the path of another with --archive".to_owned()
            }
            Error::Empty(_) => {
                "run handshake-archive sync: it makes an archive of it".to_owned()
            }
            Error::Older { .. } => {
                "run handshake-archive sync once: it brings the archive up to date and loses nothing"
                    .to_owned()
            }
            Error::WalOutOfReach(_) => {
                "read it as the user who syncs, or copy the archive and its -wal into a folder of your own and read the copy".to_owned()
            }
            Error::Changed(_) => "discard what was written and run the command again".to_owned(),
            Error::Displaced(_) => {
                "what this sync recorded went into the file that was moved away: put that file back if it still exists, and run the sync again".to_owned()
            }
            Error::StrangeWal { path, .. } => format!(
                "nothing was changed; keep a copy of both. If the archive was restored or replaced, delete {0}-wal and {0}-shm, which are of the one before, and run verify; else go on from the newest backup",
                path.display()
            ),
            Error::OrphanWal { path, .. } => format!(
                "nothing was changed; put the archive back where it was, or delete {0}-wal and {0}-shm to begin a new one",
                path.display()
            ),
            Error::Locked(_) => "wait for it to end; it holds the lock only while it runs".to_owned(),
            Error::Setting { .. } | Error::NoLocks { .. } => LOCAL_DISK.to_owned(),
            Error::Damaged { .. } => {
                "keep a copy of the file as it is, and go on from the newest backup".to_owned()
            }
            Error::Migration { .. } => {
                "nothing was changed; free some space if the disk is full, and run the sync again"
                    .to_owned()
            },
            Error::Sqlite { source, .. } => sqlite_hint(source),
            Error::Exists(_) => "give another path, or --overwrite".to_owned(),
            Error::Held(_) => "end the other program and try again".to_owned(),
            Error::Stopped => "nothing was left behind; try again".to_owned(),
            Error::Io { .. } => "check the path, its permissions and the free space".to_owned(),
        };
        let causes = causes_of(&error);
        Self { message: error.to_string(), causes, hint: Some(hint), exit }
    }
}

/// What to do where locks or shared memory fail.
pub(super) const LOCAL_DISK: &str = "the file system may be one that SQLite's WAL cannot use (a network share); put the archive on a local disk";

/// Whether another program holds the archive, and did not let go in time.
fn is_locked(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(error.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

fn sqlite_hint(error: &rusqlite::Error) -> String {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        _ if archive::is_disk_full(error) => {
            "the disk is full: free some space and run the sync again; what was committed is kept"
        }
        _ if archive::is_without_locks(error) => LOCAL_DISK,
        _ if is_locked(error) => {
            "another program holds a write lock on the archive: end it and run the sync again"
        }
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "the file and its folder must be writable: SQLite keeps -wal and -shm files beside it"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "the file is damaged: keep a copy of it as it is, and go on from the newest backup"
        }
        _ => "run the sync again: what was committed is kept",
    }
    .to_owned()
}

impl From<organizations::Error> for CommandError {
    fn from(error: organizations::Error) -> Self {
        let exit = match &error.kind {
            kind if kind.is_stale_token() => Exit::TryAgain,
            ErrorKind::AccessDenied(_)
            | ErrorKind::NotInOrganization(_)
            | ErrorKind::InvalidInput { .. }
            | ErrorKind::NoCredentials(_)
            | ErrorKind::CredentialsNotLoaded(_)
            | ErrorKind::CredentialsRefused { .. }
            | ErrorKind::Refused { .. } => Exit::Refused,
            ErrorKind::ConcurrentModification(_)
            | ErrorKind::Service { .. }
            | ErrorKind::Throttled(_)
            | ErrorKind::TimedOut(_)
            | ErrorKind::Unreachable(_)
            | ErrorKind::Unreadable { .. }
            | ErrorKind::TokenRepeated => Exit::TryAgain,
            ErrorKind::Configuration(_) => Exit::Other,
        };
        let hint = aws_hint(&error.kind).to_owned();
        Self { message: error.to_string(), causes: Vec::new(), hint: Some(hint), exit }
    }
}

fn aws_hint(kind: &ErrorKind) -> &'static str {
    match kind {
        kind if kind.is_stale_token() => {
            "AWS no longer takes the token of the next page; run the sync again: what was fetched is kept"
        }
        ErrorKind::AccessDenied(_) => {
            "the caller needs organizations:ListHandshakesForOrganization, and must belong to the management account or to a delegated administrator"
        }
        ErrorKind::NotInOrganization(_) => {
            "use credentials of the organization's management account or of a delegated administrator (--profile)"
        }
        ErrorKind::InvalidInput { .. } => {
            "check --action-type, --parent-handshake-id and --max-results"
        }
        ErrorKind::NoCredentials(_) => {
            "tried: environment variables, the profile (--profile, AWS_PROFILE), web identity, the container and the instance role; give credentials in one of these ways, for example with `aws configure sso` and --profile"
        }
        ErrorKind::CredentialsNotLoaded(_) => {
            "check the profile (--profile, AWS_PROFILE) in ~/.aws/config; an SSO login is renewed with `aws sso login`"
        }
        ErrorKind::CredentialsRefused { .. } => {
            "renew the credentials, check this machine's clock, and give --region if the organization is in China (cn-northwest-1) or GovCloud (us-gov-west-1)"
        }
        ErrorKind::Refused { .. } => "AWS gives the reason above; -vvv shows the calls",
        ErrorKind::ConcurrentModification(_) | ErrorKind::Service { .. } => {
            "run the sync again later: what was fetched is kept"
        }
        ErrorKind::Throttled(_) => {
            "run the sync again later, or raise --max-attempts; other programs share the account's limit of 5 requests a second"
        }
        ErrorKind::TimedOut(_) => {
            "check the network and the proxy, or raise --timeout; then run the sync again"
        }
        ErrorKind::Unreachable(_) => {
            "check the network, the proxy (HTTPS_PROXY, NO_PROXY), the certificates (AWS_CA_BUNDLE) and --endpoint-url; then run the sync again"
        }
        ErrorKind::Unreadable { .. } => {
            "something between here and AWS may have answered instead (a proxy, a login page); run the sync again later: what was fetched is kept"
        }
        ErrorKind::TokenRepeated => {
            "run the sync again later: what was fetched is kept, and nothing counts as gone"
        }
        ErrorKind::Configuration(_) => "check ~/.aws/config, AWS_CONFIG_FILE and AWS_CA_BUNDLE",
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn told(code: i32) -> CommandError {
        let source = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        archive::Error::Sqlite { path: "/a/archive.db".into(), source }.into()
    }

    #[test]
    fn what_sqlite_failed_at_decides_the_hint_and_the_exit_code() {
        for (code, exit, hint) in [
            (ffi::SQLITE_FULL, Exit::Other, "free some space"),
            (ffi::SQLITE_IOERR_SHMSIZE, Exit::Other, "free some space"),
            (ffi::SQLITE_IOERR_LOCK, Exit::Other, "a network share"),
            (ffi::SQLITE_IOERR_SHMMAP, Exit::Other, "a network share"),
            (ffi::SQLITE_PROTOCOL, Exit::Other, "a network share"),
            (ffi::SQLITE_BUSY, Exit::Busy, "end it and run the sync again"),
            (ffi::SQLITE_LOCKED, Exit::Busy, "end it and run the sync again"),
            (ffi::SQLITE_CORRUPT, Exit::Other, "go on from the newest backup"),
            (ffi::SQLITE_CANTOPEN, Exit::Other, "must be writable"),
            (ffi::SQLITE_IOERR_READ, Exit::Other, "run the sync again"),
        ] {
            let error = told(code);
            let said = error.hint.unwrap_or_default();
            assert!(said.contains(hint) && error.exit == exit, "{code}: {:?}, {said}", error.exit);
        }
    }
}
