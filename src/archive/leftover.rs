//! A `-wal` that somebody left beside the archive, and whether it belongs to it.
//!
//! SQLite takes any `-wal` of that name for the archive's own and moves it in page by page. It is not where
//! a backup was laid over an archive whose sync had been killed, or where another file took the name of one.

use std::fs;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OptionalExtension};

use super::chain::{self, Link};
use super::error::Error;
use super::reader;

/// Bytes of a `-wal` before its first page: one that is no longer holds nothing.
pub(super) const WAL_HEADER: u64 = 32;

/// Whether there is a `-wal` with something in it.
pub(super) fn is_there(wal: &Path) -> bool {
    fs::metadata(wal).is_ok_and(|wal| wal.len() > WAL_HEADER)
}

/// Whether closing leaves the `-wal` as it is, instead of moving it into the archive.
pub(super) fn leave_wal(connection: &Connection, leave: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave).map(|_| ())
}

/// The newest closed sync, with its digest as text.
type Head = (i64, String);

/// What the file alone holds, without its `-wal`. `None` where it holds no closed sync, or only half of a
/// move that was broken off.
///
/// To be asked before the file is opened to write: closing a connection that takes no locks drops those of
/// this process (SQLite, "How To Corrupt", 2.2).
///
/// # Errors
/// [`Error::Sqlite`], if it cannot be opened.
pub(super) fn head_of_file_alone(path: &Path) -> Result<Option<Head>, Error> {
    let connection = reader::connect(path, reader::STILL)?;
    Ok(newest_closed(&connection).ok().flatten())
}

fn newest_closed(connection: &Connection) -> rusqlite::Result<Option<Head>> {
    connection
        .query_row(
            "SELECT id, digest FROM syncs WHERE digest IS NOT NULL ORDER BY id DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
}

/// Refuses a `-wal` that does not belong to the file: together they are no sound database, or the syncs since
/// those that the file alone holds do not have the rows that their digests say.
///
/// # Errors
/// [`Error::StrangeWal`], [`Error::Sqlite`].
pub(super) fn check(
    path: &Path,
    connection: &Connection,
    alone: Option<&Head>,
) -> Result<(), Error> {
    let found = match structure(connection) {
        Ok(None) => rows(connection, alone),
        other => other,
    };
    match found {
        Ok(None) => Ok(()),
        Ok(Some(what)) => Err(Error::StrangeWal { path: path.to_owned(), what }),
        Err(error) if is_damage(&error) => {
            Err(Error::StrangeWal { path: path.to_owned(), what: error.to_string() })
        }
        Err(error) => Err(Error::sqlite(path)(error)),
    }
}

/// Whether the error comes from what is in the two files, not from the disk, a lock or memory.
fn is_damage(error: &rusqlite::Error) -> bool {
    match error.sqlite_error_code() {
        Some(code) => matches!(code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase),
        None => true,
    }
}

fn structure(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let found: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    Ok((found != "ok").then(|| found.replace('\n', " ")))
}

fn rows(connection: &Connection, alone: Option<&Head>) -> rusqlite::Result<Option<String>> {
    let mut before: Link = match alone {
        None => chain::genesis(connection)?,
        Some((id, digest)) => {
            let found: Option<String> = connection
                .query_row("SELECT digest FROM syncs WHERE id = ?1", [id], |row| row.get(0))
                .optional()?
                .flatten();
            if found.as_ref() != Some(digest) {
                return Ok(Some(format!("sync {id} is another one in the -wal")));
            }
            chain::read(digest, *id)?
        }
    };
    let mut syncs = connection
        .prepare("SELECT id, digest FROM syncs WHERE digest IS NOT NULL AND id > ?1 ORDER BY id")?;
    let mut closed = syncs.query([alone.map_or(0, |(id, _)| *id)])?;
    while let Some(row) = closed.next()? {
        let (id, digest): (i64, String) = (row.get(0)?, row.get(1)?);
        let link = chain::link(connection, &before, id)?;
        if chain::hex(&link) != digest {
            return Ok(Some(format!("sync {id} does not have the rows that its digest says")));
        }
        before = link;
    }
    Ok(None)
}
