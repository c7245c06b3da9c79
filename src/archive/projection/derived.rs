//! The rows that evidence gives, handshake by handshake.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use super::content::Content;
use super::recording::first_listed_under;
use crate::handshake;

/// What the tables ought to say of one handshake.
#[derive(Debug)]
pub struct Derived<'a> {
    /// Its newest content.
    pub content: &'a Content<'a>,
    /// Which of its contents that is.
    pub version: i64,
    /// AWS's Id of the parent: from the newest content, else from the list that it was first seen in.
    pub parent_handshake_id: Option<&'a str>,
    /// `observed_at` of the first sync that saw it.
    pub first_seen_at: &'a str,
    /// `observed_at` of the sync that brought the newest content.
    pub changed_at: &'a str,
    /// `observed_at` of the sync that no longer saw it; none while a run of it stands.
    pub gone_at: Option<&'a str>,
}

/// What the tables ought to say of one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// `observed_at` of the first sync that saw a handshake of it.
    pub first_seen_at: String,
    /// From the newest ARN.
    pub partition: Option<String>,
    /// From the newest ARN.
    pub management_account_id: Option<String>,
    /// The first observation that named it, and the newest that did with an ARN.
    named: (i64, i64),
}

/// Why the rows cannot be derived.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// SQLite could not read or write.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A stored payload is no handshake: it was altered after it was recorded.
    #[error(
        "the payload of version {version} of handshake {handshake_id} is not readable: {reason}"
    )]
    Payload {
        /// The archive's number of the handshake.
        handshake_id: i64,
        /// Which of its contents.
        version: i64,
        /// What is wrong with it.
        reason: String,
    },
}

/// Walks evidence once, hands over the number of each handshake and what it ought to be, in the order of the numbers, and
/// gives what the organizations ought to be. Holds no more than one handshake and the organizations.
///
/// # Errors
/// [`RebuildError`], and what `each` returns.
pub fn derive(
    connection: &Connection,
    mut each: impl FnMut(i64, &Derived<'_>) -> rusqlite::Result<()>,
) -> Result<BTreeMap<String, Organization>, RebuildError> {
    let mut observations = connection.prepare(
        "SELECT o.handshake_id, o.observation_id, v.version, v.payload, seen.observed_at,
                o.gone_sync_id, gone.observed_at, NOT EXISTS (
                    SELECT 1 FROM observations AS x
                    WHERE x.handshake_id = o.handshake_id AND x.observation_id > o.observation_id)
         FROM observations AS o
         JOIN handshake_versions AS v USING (version_id)
         JOIN syncs AS seen ON seen.id = o.seen_sync_id
         LEFT JOIN syncs AS gone ON gone.id = o.gone_sync_id
         ORDER BY o.handshake_id, o.observation_id",
    )?;
    let mut organizations = BTreeMap::new();
    let mut runs = Runs::default();
    let mut rows = observations.query([])?;
    while let Some(row) = rows.next()? {
        let (handshake_id, version): (i64, i64) = (row.get(0)?, row.get(2)?);
        let payload = row.get_ref(3)?.as_bytes().map_err(rusqlite::Error::from)?;
        let handshake = handshake::parse(payload).map_err(|unreadable| RebuildError::Payload {
            handshake_id,
            version,
            reason: unreadable.reason,
        })?;
        let content = Content::of(&handshake);
        let observed_at = row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?;
        name_organization(&mut organizations, &content, row.get(1)?, observed_at);
        runs.take(handshake_id, observed_at, row)?;
        let newest: bool = row.get(7)?;
        if newest {
            let parent = match handshake::parent_handshake_id(&handshake) {
                Some(parent) => Some(parent),
                None => first_listed_under(connection, handshake_id)?,
            };
            let derived = Derived {
                content: &content,
                version,
                parent_handshake_id: parent.as_deref(),
                first_seen_at: &runs.first_seen_at,
                changed_at: observed_at,
                gone_at: runs.gone_at(),
            };
            each(handshake_id, &derived)?;
        }
    }
    Ok(organizations)
}

fn name_organization(
    organizations: &mut BTreeMap<String, Organization>,
    content: &Content<'_>,
    observation_id: i64,
    observed_at: &str,
) {
    let Some(id) = content.organization_id.as_deref() else {
        return;
    };
    if !organizations.contains_key(id) {
        let unnamed = Organization {
            first_seen_at: String::new(),
            partition: None,
            management_account_id: None,
            named: (i64::MAX, i64::MIN),
        };
        organizations.insert(id.to_owned(), unnamed);
    }
    let Some(organization) = organizations.get_mut(id) else {
        return;
    };
    let (first, newest_arn) = &mut organization.named;
    if observation_id < *first {
        *first = observation_id;
        observed_at.clone_into(&mut organization.first_seen_at);
    }
    if let Some(arn) = content.arn.as_ref().filter(|_| observation_id > *newest_arn) {
        *newest_arn = observation_id;
        organization.partition = Some(arn.partition.to_owned());
        organization.management_account_id = Some(arn.management_account_id.to_owned());
    }
}

/// What the runs of one handshake tell together.
#[derive(Debug, Default)]
struct Runs {
    handshake_id: Option<i64>,
    first_seen_at: String,
    stands: bool,
    gone_sync_id: i64,
    gone_at: Option<String>,
}

impl Runs {
    fn take(
        &mut self,
        handshake_id: i64,
        observed_at: &str,
        row: &Row<'_>,
    ) -> rusqlite::Result<()> {
        if self.handshake_id != Some(handshake_id) {
            *self = Self {
                handshake_id: Some(handshake_id),
                first_seen_at: observed_at.to_owned(),
                ..Self::default()
            };
        }
        match row.get::<_, Option<i64>>(5)? {
            None => self.stands = true,
            Some(gone_sync_id) if gone_sync_id >= self.gone_sync_id => {
                self.gone_sync_id = gone_sync_id;
                self.gone_at = row.get(6)?;
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn gone_at(&self) -> Option<&str> {
        self.gone_at.as_deref().filter(|_| !self.stands)
    }
}
