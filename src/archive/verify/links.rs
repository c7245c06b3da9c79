//! The chain, link by link, and checkpoints against it.

use rusqlite::OptionalExtension;

use super::Checking;
use crate::archive::chain::{self, Link};
use crate::archive::checkpoint::Checkpoint;

/// The name of the check.
pub const NAME: &str = "chain";

/// Each link. Gives the sequence number and digest of the last one, if all agree.
///
/// After a link that does not agree, the next is held against the digest that is written, so that
/// each finding is a sync whose own rows were altered.
pub fn chain(checking: &mut Checking<'_>) -> rusqlite::Result<Option<(i64, Link)>> {
    let mut before = chain::genesis(checking.connection)?;
    let mut head = None;
    let mut statement = checking
        .connection
        .prepare("SELECT id, digest FROM syncs WHERE digest IS NOT NULL ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        checking.checked(1);
        let (id, written): (i64, String) = (row.get(0)?, row.get(1)?);
        let found = chain::link(checking.connection, &before, id)?;
        if chain::hex(&found) != written {
            let first =
                if checking.check.bad == 0 { "the first link that does not agree: " } else { "" };
            let what =
                format!("{first}the digest is {written}; its rows give {}", chain::hex(&found));
            checking.bad(format!("syncs, row {id}"), what);
        }
        before = chain::unhex(&written).unwrap_or(found);
        head = Some((id, before));
    }
    Ok(head.filter(|_| checking.check.bad == 0))
}

/// Each checkpoint: of this archive, and the digest of that sync.
pub fn checkpoints(
    checking: &mut Checking<'_>,
    checkpoints: &[Checkpoint],
) -> rusqlite::Result<()> {
    let archive_id: String =
        checking.connection.query_row("SELECT archive_id FROM archive", [], |row| row.get(0))?;
    for checkpoint in checkpoints {
        checking.checked(1);
        let place = format!("the checkpoint of sync {}", checkpoint.sequence);
        if checkpoint.archive_id != archive_id {
            let what = format!("is of the archive {}; this is {archive_id}", checkpoint.archive_id);
            checking.bad(place, what);
            continue;
        }
        let written: Option<Option<String>> = if checkpoint.sequence == 0 {
            Some(Some(chain::hex(&chain::genesis(checking.connection)?)))
        } else {
            let sql = "SELECT digest FROM syncs WHERE id = ?1";
            checking
                .connection
                .query_row(sql, [checkpoint.sequence], |row| row.get(0))
                .optional()?
        };
        let expected = chain::hex(&checkpoint.digest);
        match written.flatten() {
            None => {
                checking.bad(place, "the archive has no such sync: it was cut off, or is older");
            }
            Some(written) if written != expected => {
                checking
                    .bad(place, format!("has the digest {expected}; the archive has {written}"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}
