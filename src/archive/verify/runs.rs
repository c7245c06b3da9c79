//! Syncs and runs against each other.

use super::Checking;

/// Each sync: in sequence, running only as the last, and with the counts that its rows give.
pub fn syncs(checking: &mut Checking<'_>) -> rusqlite::Result<()> {
    let mut statement = checking.connection.prepare(
        "SELECT y.id, lag(y.id, 1, 0) OVER (ORDER BY y.id), y.outcome, y.digest IS NOT NULL,
                y.finished_at IS NOT NULL, y.id = (SELECT max(id) FROM syncs),
                y.added, y.changed, y.gone, y.quarantined,
                (SELECT count(DISTINCT o.handshake_id) FROM observations AS o
                 WHERE o.seen_sync_id = y.id AND NOT EXISTS (
                     SELECT 1 FROM observations AS b
                     WHERE b.handshake_id = o.handshake_id AND b.seen_sync_id < y.id)),
                (SELECT count(DISTINCT o.handshake_id) FROM observations AS o
                 WHERE o.seen_sync_id = y.id AND EXISTS (
                     SELECT 1 FROM observations AS b
                     WHERE b.handshake_id = o.handshake_id AND b.seen_sync_id < y.id)),
                (SELECT count(DISTINCT o.handshake_id) FROM observations AS o
                 WHERE o.gone_sync_id = y.id AND NOT EXISTS (
                     SELECT 1 FROM observations AS b
                     WHERE b.handshake_id = o.handshake_id AND b.source_id = o.source_id
                       AND b.seen_sync_id <= y.id
                       AND (b.gone_sync_id IS NULL OR b.gone_sync_id > y.id))),
                (SELECT count(*) FROM quarantine AS q WHERE q.sync_id = y.id)
         FROM syncs AS y ORDER BY y.id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        checking.checked(1);
        let (id, before): (i64, i64) = (row.get(0)?, row.get(1)?);
        let place = || format!("syncs, row {id}");
        if id != before + 1 {
            checking.bad(place(), format!("it follows sync {before}: those between are not there"));
        }
        let outcome: String = row.get(2)?;
        let (closed, finished, last): (bool, bool, bool) = (row.get(3)?, row.get(4)?, row.get(5)?);
        if (outcome == "running") == closed || closed != finished || (!closed && !last) {
            checking.bad(place(), format!("a sync that is {outcome} cannot be so"));
        }
        if !closed {
            continue;
        }
        for (at, name) in ["added", "changed", "gone", "quarantined"].iter().enumerate() {
            let (said, found): (i64, i64) = (row.get(6 + at)?, row.get(10 + at)?);
            if said != found {
                checking.bad(place(), format!("{name} is {said}; its rows give {found}"));
            }
        }
    }
    Ok(())
}

/// Each run: begun and ended by syncs of its source, in order, and ended by other content or by a
/// complete sync.
pub fn observations(checking: &mut Checking<'_>) -> rusqlite::Result<()> {
    let mut statement = checking.connection.prepare(
        "SELECT o.observation_id, v.handshake_id IS o.handshake_id,
                seen.source_id IS o.source_id,
                o.gone_sync_id IS NULL OR (gone.source_id IS o.source_id AND o.gone_sync_id >= o.seen_sync_id),
                o.listed_sync_id IS NULL OR (o.listed_sync_id >= o.seen_sync_id
                    AND o.listed_sync_id <= ifnull(o.gone_sync_id, o.listed_sync_id)),
                next_seen IS NULL OR (o.gone_sync_id IS NOT NULL AND next_seen >= o.gone_sync_id),
                o.gone_sync_id IS NULL OR next_seen IS o.gone_sync_id OR gone.outcome = 'complete'
         FROM (SELECT *, lead(seen_sync_id) OVER (
                   PARTITION BY handshake_id, source_id ORDER BY observation_id) AS next_seen
               FROM observations) AS o
         LEFT JOIN handshake_versions AS v USING (version_id)
         LEFT JOIN syncs AS seen ON seen.id = o.seen_sync_id
         LEFT JOIN syncs AS gone ON gone.id = o.gone_sync_id",
    )?;
    let wrong = [
        "its version is another handshake's",
        "the sync that saw it begin is not of its source",
        "the sync that saw it end is before the one that saw it begin, or not of its source",
        "the sync that first listed it is not within it",
        "the next run of the handshake began before it ended",
        "it was ended by absence, and the sync that ended it is not complete",
    ];
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        checking.checked(1);
        for (at, what) in wrong.iter().enumerate() {
            if !row.get::<_, bool>(1 + at)? {
                let id: i64 = row.get(0)?;
                checking.bad(format!("observations, row {id}"), *what);
            }
        }
    }
    Ok(())
}
