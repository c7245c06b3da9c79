//! The archive as plain lists in memory, after what ARCHITECTURE.md and the comments of the schema
//! promise. It is told what each sync met, and keeps runs in the order of arrival.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::world::Content;

/// What a list is restricted to, with the handshake where that is a parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    None,
    Action(&'static str),
    Children(usize),
}

/// An element of an answer.
#[derive(Debug, Clone)]
pub enum Shown {
    Handshake {
        number: usize,
        action: &'static str,
        content: Content,
        element: Value,
    },
    /// Nothing but its Id can be read.
    Garbled {
        number: usize,
        element: Value,
    },
    /// Not even its Id.
    Nameless {
        element: Value,
    },
}

/// A row of `syncs`.
#[derive(Debug)]
pub struct Sync {
    pub owner: Option<usize>,
    pub filter: Filter,
    pub started: DateTime<Utc>,
    pub observed: Option<DateTime<Utc>>,
    pub finished: Option<DateTime<Utc>>,
    pub outcome: &'static str,
    pub pages: usize,
    pub read: BTreeSet<usize>,
    pub garbled: BTreeSet<usize>,
    pub nameless: bool,
    pub quarantined: usize,
    /// The requests for all features that the unrestricted list showed.
    parents: BTreeSet<usize>,
    /// What AWS said of the children of these: a list, or a refusal.
    listed_children: BTreeMap<usize, bool>,
}

impl Sync {
    pub fn is_complete(&self) -> bool {
        self.outcome == "complete"
    }

    pub fn is_full(&self) -> bool {
        self.is_complete() && self.filter == Filter::None
    }

    fn showed(&self, number: usize) -> bool {
        self.read.contains(&number) || self.garbled.contains(&number)
    }
}

/// A row of `observations`. Syncs are counted from 0.
#[derive(Debug)]
pub struct Run {
    pub owner: usize,
    pub number: usize,
    pub version: usize,
    pub seen: usize,
    pub listed: Option<usize>,
    pub gone: Option<usize>,
}

/// A content and the element that showed it first.
#[derive(Debug)]
pub struct Version {
    pub content: Content,
    pub element: Value,
}

/// Everything that an archive should know.
#[derive(Debug, Default)]
pub struct Reference {
    pub syncs: Vec<Sync>,
    pub runs: Vec<Run>,
    pub versions: BTreeMap<usize, Vec<Version>>,
    /// Child, parent, the sync that first listed the one under the other.
    pub listings: Vec<(usize, usize, usize)>,
    pub quarantine: Vec<(usize, Option<usize>, Value)>,
    /// In the order in which they became known.
    pub sources: Vec<usize>,
    actions: BTreeMap<usize, &'static str>,
}

impl Reference {
    /// A sync begins. One that still runs was killed: it ended by now.
    pub fn begin(&mut self, filter: Filter, started: DateTime<Utc>) {
        if let Some(killed) = self.syncs.last_mut().filter(|sync| sync.outcome == "running") {
            killed.outcome = "interrupted";
            killed.finished = Some(started);
        }
        self.syncs.push(Sync {
            owner: None,
            filter,
            started,
            observed: None,
            finished: None,
            outcome: "running",
            pages: 0,
            read: BTreeSet::new(),
            garbled: BTreeSet::new(),
            nameless: false,
            quarantined: 0,
            parents: BTreeSet::new(),
            listed_children: BTreeMap::new(),
        });
    }

    /// A page of an owner's list, or of the children of one of its handshakes.
    pub fn page(
        &mut self,
        owner: usize,
        parent: Option<usize>,
        shown: &[Shown],
        asked: DateTime<Utc>,
    ) {
        let sync = self.syncs.last_mut().expect("a sync runs");
        sync.owner = Some(owner);
        sync.observed.get_or_insert(asked);
        sync.pages += 1;
        if !self.sources.contains(&owner) {
            self.sources.push(owner);
        }
        for one in shown {
            self.element(owner, parent, one);
        }
    }

    fn element(&mut self, owner: usize, parent: Option<usize>, shown: &Shown) {
        let now = self.syncs.len() - 1;
        let sync = &mut self.syncs[now];
        let (number, content, element) = match shown {
            Shown::Handshake { number, action, content, element } => {
                sync.read.insert(*number);
                if parent.is_none() && *action == "ENABLE_ALL_FEATURES" {
                    sync.parents.insert(*number);
                }
                self.actions.insert(*number, action);
                (*number, *content, element)
            }
            Shown::Garbled { number, element } => {
                sync.garbled.insert(*number);
                sync.quarantined += 1;
                self.quarantine.push((now, Some(*number), element.clone()));
                return;
            }
            Shown::Nameless { element } => {
                sync.nameless = true;
                sync.quarantined += 1;
                self.quarantine.push((now, None, element.clone()));
                return;
            }
        };
        let versions = self.versions.entry(number).or_default();
        let version = match versions.iter().position(|known| known.content == content) {
            Some(version) => version,
            None => {
                versions.push(Version { content, element: element.clone() });
                versions.len() - 1
            }
        };
        let listed = parent.is_none().then_some(now);
        let standing = self.runs.iter_mut().find(|run| run.number == number && run.gone.is_none());
        match standing {
            Some(run) if run.version == version => run.listed = run.listed.or(listed),
            other => {
                if let Some(run) = other {
                    run.gone = Some(now);
                }
                self.runs.push(Run { owner, number, version, seen: now, listed, gone: None });
            }
        }
        if let Some(parent) = parent
            && !self.listings.iter().any(|(c, p, _)| (*c, *p) == (number, parent))
        {
            self.listings.push((number, parent, now));
        }
    }

    /// The parents that a full sync asks for children: each request for all features that it showed,
    /// and each parent of a handshake that stands.
    pub fn parents(&self, named: impl Fn(usize) -> Option<usize>) -> BTreeSet<usize> {
        let sync = self.syncs.last().expect("a sync runs");
        let mut parents = sync.parents.clone();
        for run in
            self.runs.iter().filter(|run| run.gone.is_none() && Some(run.owner) == sync.owner)
        {
            parents.extend(self.parents_of(run.number));
            parents.extend(named(run.number));
        }
        parents
    }

    /// AWS answered the question for the children of this handshake, with a list or a refusal.
    pub fn children_answered(&mut self, parent: usize, listed: bool) {
        let sync = self.syncs.last_mut().expect("a sync runs");
        sync.listed_children.insert(parent, listed);
    }

    /// The sync ends. If it is complete, what it would have shown and did not is gone.
    pub fn finish(&mut self, outcome: &'static str, finished: DateTime<Utc>) {
        let now = self.syncs.len() - 1;
        self.syncs[now].outcome = outcome;
        self.syncs[now].finished = Some(finished);
        let sync = &self.syncs[now];
        if !sync.is_complete() || sync.nameless {
            return;
        }
        let gone: Vec<usize> = (0..self.runs.len())
            .filter(|&index| {
                let run = &self.runs[index];
                let stands = run.gone.is_none() && Some(run.owner) == sync.owner;
                stands && !sync.showed(run.number) && self.answers_for(sync, run.number)
            })
            .collect();
        for index in gone {
            self.runs[index].gone = Some(now);
        }
    }

    /// "When absence is a fact": whether the lists of a sync would have shown the handshake.
    fn answers_for(&self, sync: &Sync, number: usize) -> bool {
        let was_listed = self.runs.iter().any(|run| run.number == number && run.listed.is_some());
        match sync.filter {
            Filter::None if was_listed => true,
            Filter::None => {
                self.parents_of(number).all(|parent| match sync.listed_children.get(&parent) {
                    Some(true) => true,
                    Some(false) => !sync.showed(parent),
                    None => false,
                })
            }
            Filter::Action(action) => was_listed && self.actions[&number] == action,
            Filter::Children(parent) => self.parents_of(number).any(|one| one == parent),
        }
    }

    /// The parents under which a handshake was listed, in the order of arrival.
    pub fn parents_of(&self, number: usize) -> impl Iterator<Item = usize> {
        self.listings.iter().filter(move |(child, ..)| *child == number).map(|(_, p, _)| *p)
    }

    /// The sync that is known to have seen a run last: the one that saw it first, or a complete one
    /// after it that did not end it, whose list answers for it, and that could read it.
    pub fn last_seen(&self, run: &Run) -> usize {
        let end = run.gone.unwrap_or(self.syncs.len());
        let knows = |index: &usize| {
            let sync = &self.syncs[*index];
            let answers = match sync.filter {
                Filter::None => true,
                Filter::Action(action) => {
                    self.actions[&run.number] == action
                        && run.listed.is_some_and(|listed| listed <= *index)
                }
                Filter::Children(parent) => self.listings.iter().any(|(child, other, since)| {
                    (*child, *other) == (run.number, parent) && since <= index
                }),
            };
            sync.owner == Some(run.owner)
                && sync.is_complete()
                && answers
                && !sync.nameless
                && !sync.garbled.contains(&run.number)
        };
        (run.seen + 1..end).rev().find(knows).unwrap_or(run.seen)
    }
}
