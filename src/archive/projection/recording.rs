//! Each content as it arrives.

use rusqlite::{Connection, OptionalExtension};

use super::content::Content;
use super::derived::Derived;
use super::rows::{self, Below, Inserts};
use crate::handshake::{self, Handshake};

/// Brings the tables up to date within one transaction. Lives no longer than that.
pub struct Projector<'c> {
    connection: &'c Connection,
    inserts: Inserts<'c>,
    /// What the table of organizations says of the one that was looked at last: nearly always of all.
    organization: Option<Organization>,
}

#[derive(PartialEq, Eq)]
struct Organization {
    id: String,
    /// Partition and management account, where an ARN told them.
    told: Option<(String, String)>,
}

/// New content of a handshake that the tables show already.
#[derive(Debug)]
pub struct Changed<'a> {
    /// The archive's number of the handshake.
    pub handshake_id: i64,
    /// Which of its contents this is.
    pub version: i64,
    /// `observed_at` of the sync that saw it.
    pub observed_at: &'a str,
    /// The content.
    pub handshake: &'a Handshake<'a>,
}

impl<'c> Projector<'c> {
    /// Prepares the statements.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self { connection, inserts: Inserts::prepare(connection)?, organization: None })
    }

    /// Enters a handshake that no sync saw before, and gives the number by which the archive knows it
    /// from now on. The rows below it are left in `below`, for [`Projector::insert`].
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn enter<'p>(
        &mut self,
        handshake: &'p Handshake<'p>,
        observed_at: &str,
        below: &mut Below<'p>,
    ) -> rusqlite::Result<i64> {
        let content = Content::of(handshake);
        self.name_organization(&content, observed_at)?;
        let parent = handshake::parent_handshake_id(handshake);
        let derived = Derived {
            content: &content,
            version: 1,
            parent_handshake_id: parent.as_deref(),
            first_seen_at: observed_at,
            changed_at: observed_at,
            gone_at: None,
        };
        let handshake_id = self.inserts.handshake(None, &derived)?;
        below.of(handshake_id, &content);
        Ok(handshake_id)
    }

    /// Writes the rows that were left.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn insert(&mut self, below: &mut Below<'_>) -> rusqlite::Result<()> {
        self.inserts.below(below)
    }

    /// Makes this content the one that the tables show.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn change(&mut self, changed: &Changed<'_>) -> rusqlite::Result<()> {
        let content = Content::of(changed.handshake);
        self.name_organization(&content, changed.observed_at)?;
        let parent = match handshake::parent_handshake_id(changed.handshake) {
            Some(parent) => Some(parent),
            None => first_listed_under(self.connection, changed.handshake_id)?,
        };
        let derived = Derived {
            content: &content,
            version: changed.version,
            parent_handshake_id: parent.as_deref(),
            first_seen_at: changed.observed_at,
            changed_at: changed.observed_at,
            gone_at: None,
        };
        rows::update_handshake(self.connection, changed.handshake_id, &derived)?;
        for table in [
            "DELETE FROM parties WHERE handshake_id = ?1",
            "DELETE FROM resources WHERE handshake_id = ?1",
        ] {
            self.connection.prepare_cached(table)?.execute([changed.handshake_id])?;
        }
        let mut below = Below::default();
        below.of(changed.handshake_id, &content);
        self.inserts.below(&mut below)
    }

    fn name_organization(
        &mut self,
        content: &Content<'_>,
        observed_at: &str,
    ) -> rusqlite::Result<()> {
        let Some(id) = content.organization_id.as_deref() else {
            return Ok(());
        };
        let told = content.arn.as_ref().map(|arn| (arn.partition, arn.management_account_id));
        if let Some(Organization { id: last, told: last_told }) = &self.organization
            && last == id
            && told.is_none_or(|told| {
                last_told.as_ref().is_some_and(|(a, b)| told == (a.as_str(), b.as_str()))
            })
        {
            return Ok(());
        }
        let (partition, management_account_id) = told.unzip();
        self.connection
            .prepare_cached(
                "INSERT INTO organizations (organization_id, partition, management_account_id, first_seen_at)
                 VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (organization_id) DO UPDATE SET partition = excluded.partition,
                     management_account_id = excluded.management_account_id
                 WHERE excluded.partition IS NOT NULL
                   AND (partition, management_account_id)
                       IS NOT (excluded.partition, excluded.management_account_id)",
            )?
            .execute((id, partition, management_account_id, observed_at))?;
        let told = told.map(|(partition, account)| (partition.to_owned(), account.to_owned()));
        self.organization = Some(Organization { id: id.to_owned(), told });
        Ok(())
    }
}

/// The parent under which AWS first listed a handshake.
///
/// # Errors
/// Those of SQLite.
pub(super) fn first_listed_under(
    connection: &Connection,
    handshake_id: i64,
) -> rusqlite::Result<Option<String>> {
    // Source by source, so that the key of child_listings is used.
    connection
        .prepare_cached(
            "SELECT c.parent_handshake_id
             FROM sources AS s CROSS JOIN child_listings AS c
               ON c.source_id = s.source_id AND c.handshake_id = ?1
             ORDER BY c.seen_sync_id, c.parent_handshake_id LIMIT 1",
        )?
        .query_row([handshake_id], |row| row.get(0))
        .optional()
}

/// Writes the parent of a handshake anew: its `PARENT_HANDSHAKE` resource, else the parent under
/// which AWS first listed it.
///
/// # Errors
/// Those of SQLite.
pub fn link_parent(connection: &Connection, handshake_id: i64) -> rusqlite::Result<()> {
    let listed_under = first_listed_under(connection, handshake_id)?;
    connection
        .prepare_cached(
            "UPDATE handshakes SET parent_handshake_id = coalesce(
                 (SELECT CASE WHEN substr(r.value, 1, 2) = 'h-' THEN r.value ELSE 'h-' || r.value END
                  FROM resources AS r
                  WHERE r.handshake_id = ?1 AND r.type = 'PARENT_HANDSHAKE' AND r.value <> ''
                  ORDER BY r.ordinal LIMIT 1), ?2)
             WHERE handshake_id = ?1",
        )?
        .execute((handshake_id, listed_under))?;
    Ok(())
}

/// Writes anew whether AWS still shows a handshake: gone when no run of it stands, since the last
/// sync that ended one.
///
/// # Errors
/// Those of SQLite.
pub fn mark_gone(connection: &Connection, handshake_id: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE handshakes SET gone_at = (
                 SELECT s.observed_at FROM observations AS o JOIN syncs AS s ON s.id = o.gone_sync_id
                 WHERE o.handshake_id = ?1 ORDER BY o.gone_sync_id DESC LIMIT 1)
             WHERE handshake_id = ?1 AND NOT EXISTS (
                 SELECT 1 FROM observations AS o WHERE o.handshake_id = ?1 AND o.gone_sync_id IS NULL)",
        )?
        .execute([handshake_id])?;
    Ok(())
}
