//! Recording one sync: evidence and projection in the same short transactions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::absence::{self, Lists};
use super::backfill::Backfill;
use super::error::Error;
use super::evidence::{self, Sighting, Sightings};
use super::numbers::Numbers;
use super::open::Archive;
use super::projection::{self, Below, RebuildError};
use super::sync_record::{Attempt, ChildrenAnswer, Identity, Outcome, Scope, SyncRecord};
use super::syncs;
use super::timestamp::timestamp;
use crate::handshake::{self, Arn, Filter, Handshake, Page, Reading};

/// The action whose handshakes AWS's page calls parents. Others may be; this one is always asked.
const PARENT_ACTION: &str = "ENABLE_ALL_FEATURES";

/// A sync that is being recorded.
///
/// Dropped without [`SyncRecorder::finish`], it stays `running` in the archive until the next sync
/// finds it and closes it as interrupted: just as if the process had been killed.
#[derive(Debug)]
pub struct SyncRecorder<'a> {
    archive: &'a mut Archive,
    backfill: Backfill,
    sync_id: i64,
    operation: &'static str,
    filter: Filter,
    identity: Identity,
    source_id: Option<i64>,
    observed_at: Option<String>,
    progress: Progress,
    children: BTreeMap<String, ChildrenAnswer>,
    broken: bool,
}

/// What the lists have shown so far. Bits, not handshakes: memory does not grow with content.
#[derive(Debug, Default)]
struct Progress {
    pages: i64,
    /// Handshakes that were read.
    seen: Numbers,
    /// Handshakes that were shown, but of which only the Id could be read.
    shown: Numbers,
    /// An element came of which not even the Id could be read: it may be any handshake.
    unidentified: bool,
    parents: BTreeSet<String>,
    /// The organizations that the ARNs named, where nothing else told it: one, unless AWS surprises us.
    organizations: BTreeSet<String>,
}

impl Progress {
    /// Whether what was not shown is known to be absent from the list of this owner.
    fn tells_absence(&self, told_owner: Option<&str>) -> bool {
        !self.unidentified && (told_owner.is_some() || self.organizations.len() <= 1)
    }
}

impl Archive {
    /// Empties the tables for SQL and fills them from evidence, in one transaction.
    ///
    /// # Errors
    /// [`Error::Damaged`] if a payload is no handshake any more, [`Error::Sqlite`]; nothing is
    /// changed then.
    pub fn rebuild_projection(&mut self) -> Result<(), Error> {
        let path = self.path().to_owned();
        let transaction = transaction(&mut self.connection).map_err(Error::sqlite(&path))?;
        match projection::rebuild(&transaction) {
            Ok(()) => {
                transaction.commit().map_err(Error::sqlite(&path))?;
                self.check_place()
            }
            Err(RebuildError::Sqlite(error)) => Err(Error::sqlite(&path)(error)),
            Err(error) => Err(Error::Damaged { path, what: error.to_string() }),
        }
    }

    /// Begins a sync: writes its row, and closes as interrupted what a killed sync left running.
    ///
    /// # Errors
    /// [`Error::Sqlite`]; [`Error::Displaced`], if the path no longer leads to the archive. Nothing is written then.
    pub fn begin(&mut self, attempt: &Attempt) -> Result<SyncRecorder<'_>, Error> {
        let path = self.path().to_owned();
        let started_at = timestamp(attempt.started_at);
        let backfill = Backfill::prepare(&path).map_err(Error::sqlite(&path))?;
        self.check_place()?;
        let transaction = transaction(&mut self.connection).map_err(Error::sqlite(&path))?;
        let sync_id = syncs::interrupt_running(&transaction, &started_at)
            .and_then(|()| syncs::insert(&transaction, &started_at, &attempt.filter))
            .and_then(|id| transaction.commit().map(|()| id))
            .map_err(Error::sqlite(&path))?;
        Ok(SyncRecorder {
            archive: self,
            backfill,
            sync_id,
            operation: attempt.operation,
            filter: attempt.filter.clone(),
            identity: Identity::default(),
            source_id: None,
            observed_at: None,
            progress: Progress::default(),
            children: BTreeMap::new(),
            broken: false,
        })
    }
}

impl SyncRecorder<'_> {
    /// Tells who asks and where. Before the first page, so that its handshakes get their source.
    pub fn identify(&mut self, identity: Identity) {
        self.identity = identity;
    }

    /// Records pages in one transaction: all of them, or none. Each is dropped before the next is taken.
    ///
    /// `observed_at` is when the first page of the sync was asked for; only the first call's counts.
    ///
    /// # Errors
    /// [`Error::Sqlite`]: the archive is as it was before the call. [`Error::Displaced`]: it is
    /// recorded in a file that the path no longer leads to.
    pub fn record(
        &mut self,
        pages: impl IntoIterator<Item = (Scope, Page)>,
        observed_at: DateTime<Utc>,
    ) -> Result<(), Error> {
        let path = self.archive.path().to_owned();
        let recorded = self.try_record(pages, observed_at);
        // What is known in memory is then ahead of the archive: such a sync is never complete.
        self.broken |= recorded.is_err();
        recorded.map_err(Error::sqlite(&path))?;
        self.archive.check_place()
    }

    fn try_record(
        &mut self,
        pages: impl IntoIterator<Item = (Scope, Page)>,
        observed_at: DateTime<Utc>,
    ) -> rusqlite::Result<()> {
        let transaction = transaction(&mut self.archive.connection)?;
        let changes_before = transaction.total_changes();
        let mut bytes = 0;
        let (source_id, observed_at) = {
            let mut sync = RecordingSync {
                connection: &transaction,
                sightings: Sightings::prepare(&transaction)?,
                sync_id: self.sync_id,
                operation: self.operation,
                told_owner: self.identity.organization_id.as_deref(),
                source_id: self.source_id,
                observed_at: self.observed_at.clone().unwrap_or_else(|| timestamp(observed_at)),
                progress: &mut self.progress,
            };
            if self.observed_at.is_none() {
                syncs::set_observed_at(&transaction, self.sync_id, &sync.observed_at)?;
            }
            for (scope, page) in pages {
                sync.page(&scope, &page)?;
                bytes += page.size();
            }
            (sync.source_id, sync.observed_at)
        };
        let news = transaction.total_changes() > changes_before;
        if news {
            let listed = self.progress.seen.len() as i64;
            syncs::set_progress(&transaction, self.sync_id, self.progress.pages, listed)?;
        }
        transaction.commit()?;
        self.source_id = source_id;
        self.observed_at = Some(observed_at);
        if news {
            self.backfill.committed(bytes);
        }
        Ok(())
    }

    /// Keeps an answer that could not be read as a page, verbatim.
    ///
    /// # Errors
    /// [`Error::Sqlite`].
    pub fn quarantine_answer(&mut self, body: &[u8], reason: &str) -> Result<(), Error> {
        evidence::quarantine(&self.archive.connection, self.sync_id, None, reason, body)
            .map_err(Error::sqlite(self.archive.path()))
    }

    /// The handshakes whose children are to be asked for after the unrestricted list: each
    /// `ENABLE_ALL_FEATURES` that it showed, and each parent of a handshake that still stands.
    ///
    /// # Errors
    /// [`Error::Sqlite`].
    pub fn parents(&self) -> Result<BTreeSet<String>, Error> {
        let mut parents = self.progress.parents.clone();
        if let Some(source_id) = self.source_id {
            let standing = evidence::standing_parents(&self.archive.connection, source_id)
                .map_err(Error::sqlite(self.archive.path()))?;
            parents.extend(standing);
        }
        Ok(parents)
    }

    /// Notes what AWS said to the question for the children of a handshake.
    pub fn children_answered(&mut self, parent: String, answer: ChildrenAnswer) {
        self.children.insert(parent, answer);
    }

    /// Closes the sync: absence if it is complete, the counts, and the link of the chain, in one
    /// transaction.
    ///
    /// # Errors
    /// [`Error::Sqlite`]: the sync then reads as running until the next one closes it.
    /// [`Error::Displaced`], as for [`SyncRecorder::record`].
    pub fn finish(
        mut self,
        outcome: &Outcome,
        finished_at: DateTime<Utc>,
    ) -> Result<SyncRecord, Error> {
        self.backfill.last();
        let path = self.archive.path().to_owned();
        let not_recorded = Outcome::Failed {
            code: "NotRecorded".to_owned(),
            message: "a page could not be recorded".to_owned(),
        };
        let complete = *outcome == Outcome::Complete;
        let outcome = if self.broken && complete { &not_recorded } else { outcome };
        let record = self.try_finish(outcome, finished_at).map_err(Error::sqlite(&path))?;
        self.archive.check_place()?;
        Ok(record)
    }

    fn try_finish(
        &mut self,
        outcome: &Outcome,
        finished_at: DateTime<Utc>,
    ) -> rusqlite::Result<SyncRecord> {
        let transaction = transaction(&mut self.archive.connection)?;
        if *outcome == Outcome::Complete {
            let source_id = match self.source_id {
                Some(source_id) => source_id,
                None => {
                    let owner = self.identity.organization_id.as_deref();
                    let source_id = evidence::source(&transaction, self.operation, owner)?;
                    syncs::set_source(&transaction, self.sync_id, source_id)?;
                    source_id
                }
            };
            if self.progress.tells_absence(self.identity.organization_id.as_deref()) {
                let lists = Lists { filter: &self.filter, children: &self.children };
                let present =
                    |id: i64| self.progress.seen.contains(id) || self.progress.shown.contains(id);
                absence::record(&transaction, self.sync_id, source_id, &lists, present)?;
            }
        }
        let listed = self.progress.seen.len() as i64;
        syncs::set_progress(&transaction, self.sync_id, self.progress.pages, listed)?;
        syncs::set_identity(&transaction, self.sync_id, &self.identity)?;
        let record = syncs::close(&transaction, self.sync_id, outcome, &timestamp(finished_at))?;
        transaction.commit()?;
        Ok(record)
    }
}

/// A write transaction from its first statement on: a reader's lock is never upgraded, so it
/// cannot meet another writer half-way.
fn transaction(connection: &mut Connection) -> rusqlite::Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// The organization that a page's handshakes name in their ARNs: the first that one names.
fn owner_by_arn(page: &Page) -> Option<String> {
    page.elements().find_map(|element| {
        let handshake = handshake::parse(element).ok()?;
        Some(Arn::parse(handshake.arn()?)?.organization_id)
    })
}

/// A sync inside one transaction.
struct RecordingSync<'a> {
    connection: &'a Connection,
    sightings: Sightings<'a>,
    sync_id: i64,
    operation: &'static str,
    told_owner: Option<&'a str>,
    source_id: Option<i64>,
    observed_at: String,
    progress: &'a mut Progress,
}

impl RecordingSync<'_> {
    fn page(&mut self, scope: &Scope, page: &Page) -> rusqlite::Result<()> {
        // An empty page without DescribeOrganization tells nothing; a later one may.
        if self.source_id.is_none() && (self.told_owner.is_some() || page.elements().len() > 0) {
            let by_arn = self.told_owner.is_none().then(|| owner_by_arn(page)).flatten();
            let owner = self.told_owner.or(by_arn.as_deref());
            let source_id = evidence::source(self.connection, self.operation, owner)?;
            syncs::set_source(self.connection, self.sync_id, source_id)?;
            self.source_id = Some(source_id);
        }
        self.progress.pages += 1;
        let readings = page.readings();
        let mut below = Below::default();
        for reading in readings.iter() {
            match &reading.handshake {
                Ok(handshake) => self.handshake(scope, reading, handshake, &mut below)?,
                Err(unreadable) => self.unreadable(reading.element, unreadable)?,
            }
        }
        self.sightings.insert(&mut below)
    }

    fn handshake<'p>(
        &mut self,
        scope: &'p Scope,
        reading: &'p Reading<'p>,
        handshake: &'p Handshake<'p>,
        below: &mut Below<'p>,
    ) -> rusqlite::Result<()> {
        let sighting = Sighting {
            sync_id: self.sync_id,
            source_id: self.source_id.ok_or(rusqlite::Error::InvalidQuery)?,
            observed_at: &self.observed_at,
            scope,
            payload: reading.element,
            handshake,
            hashes: reading.hashes.as_ref(),
        };
        let handshake_id = self.sightings.record(&sighting, below)?;
        self.progress.seen.insert(handshake_id);
        if self.told_owner.is_none()
            && let Some(arn) = handshake.arn().and_then(Arn::parse)
            && !self.progress.organizations.contains(&arn.organization_id)
        {
            self.progress.organizations.insert(arn.organization_id);
        }
        if *scope == Scope::Unrestricted && handshake.action() == Some(PARENT_ACTION) {
            self.progress.parents.insert(handshake.id().to_owned());
        }
        Ok(())
    }

    fn unreadable(
        &mut self,
        element: &[u8],
        unreadable: &handshake::Unreadable,
    ) -> rusqlite::Result<()> {
        let id = unreadable.id.as_deref();
        match id {
            Some(id) => {
                if let Some(handshake_id) = evidence::known_handshake(self.connection, id)? {
                    self.progress.shown.insert(handshake_id);
                }
            }
            None => self.progress.unidentified = true,
        }
        evidence::quarantine(self.connection, self.sync_id, id, &unreadable.reason, element)
    }
}
