//! Moving what was committed from the `-wal` into the archive while a sync goes on: on a thread of its own,
//! since it is mostly waiting for the disk, and the one that records has better things to do.
//!
//! SQLite moves it in anyway, when the `-wal` is long and when the archive is closed; this only does most of
//! it earlier. Whatever it fails at is left for then.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, OpenFlags};

use super::open::BUSY_TIMEOUT;

/// So many bytes of answers that were news are worth the trouble: the pages of indexes are written over and over.
const WORTHWHILE: usize = 2 * 1024 * 1024;

/// A second connection to the archive, and the thread that uses it. Dropped, it ends.
#[derive(Debug)]
pub struct Backfill {
    state: State,
    /// Bytes of answers recorded since the thread was last told.
    recorded: usize,
}

#[derive(Debug)]
enum State {
    /// Most syncs have little to move.
    Idle(Connection),
    Running {
        wake: SyncSender<()>,
        thread: JoinHandle<()>,
    },
    Ended,
}

impl Backfill {
    /// Opens the connection, to the database and its `-wal`: later, their names may lead elsewhere.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn prepare(archive: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(archive, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        // SQLite opens the -wal with the first statement that reads.
        connection.pragma_query_value(None, "user_version", |_| Ok(()))?;
        Ok(Self { state: State::Idle(connection), recorded: 0 })
    }

    /// Tells of answers that were committed. Does not wait.
    pub fn committed(&mut self, bytes: usize) {
        self.recorded += bytes;
        if self.recorded >= WORTHWHILE {
            self.recorded = 0;
            self.start();
            self.wake();
        }
    }

    /// Tells that the last answer was committed: what is left is moved while the sync is closed.
    pub fn last(&self) {
        self.wake();
    }

    fn start(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Ended) {
            State::Idle(connection) => {
                let (wake, woken) = sync_channel(1);
                let thread = thread::spawn(move || work(&connection, &woken));
                State::Running { wake, thread }
            }
            other => other,
        };
    }

    fn wake(&self) {
        if let State::Running { wake, .. } = &self.state {
            // Full: it will see this too. Closed: it has given up.
            let _ = wake.try_send(());
        }
    }
}

impl Drop for Backfill {
    fn drop(&mut self) {
        if let State::Running { wake, thread } = std::mem::replace(&mut self.state, State::Ended) {
            drop(wake);
            if let Err(panic) = thread.join() {
                tracing::error!(?panic, "the thread that moves the -wal into the archive broke");
            }
        }
    }
}

fn work(connection: &Connection, woken: &Receiver<()>) {
    while woken.recv().is_ok() {
        // PASSIVE waits for nobody, neither a reader nor the thread that records.
        let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
            row.get::<_, i64>("checkpointed")
        });
        match moved {
            Ok(pages) => tracing::trace!(pages, "moved from the -wal into the archive"),
            Err(error) => {
                tracing::debug!(%error, "the -wal is left to be moved into the archive later");
                return;
            }
        }
    }
}
