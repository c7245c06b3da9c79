//! What the reference knows, as the rows that tables, views and queries should have.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use super::periods::Period;
use super::reference::{Filter, Reference, Run};
use super::world::{OWNERS, World};

/// A row, its columns joined by `|`.
type Rows = Vec<String>;

/// A moment as the archive writes it.
pub fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn or_null(value: Option<String>) -> String {
    value.unwrap_or_else(|| "NULL".to_owned())
}

fn row(columns: &[&dyn ToString]) -> String {
    columns.iter().map(|column| column.to_string()).collect::<Vec<_>>().join("|")
}

/// The reference beside the world that gives its numbers their Ids.
pub struct Tables<'a> {
    pub reference: &'a Reference,
    pub world: &'a World,
}

impl Tables<'_> {
    fn id(&self, number: usize) -> &str {
        &self.world.handshakes[number].id
    }

    fn observed(&self, sync: usize) -> String {
        or_null(self.reference.syncs[sync].observed.map(text))
    }

    fn finished(&self, sync: usize) -> String {
        or_null(self.reference.syncs[sync].finished.map(text))
    }

    /// The runs of a handshake, in the order of arrival.
    fn runs(&self, number: usize) -> impl DoubleEndedIterator<Item = &Run> {
        self.reference.runs.iter().filter(move |run| run.number == number)
    }

    fn newest(&self, number: usize) -> &Run {
        self.runs(number).next_back().expect("a run")
    }

    fn state(&self, run: &Run) -> &'static str {
        self.reference.versions[&run.number][run.version].content.state
    }

    /// `syncs`.
    pub fn syncs(&self) -> Rows {
        let Reference { syncs, runs, .. } = self.reference;
        let count = |of: &dyn Fn(usize) -> bool| {
            self.reference.versions.keys().filter(|number| of(**number)).count()
        };
        let line = |(index, sync): (usize, &super::reference::Sync)| {
            let began = |number| self.runs(number).any(|run| run.seen == index);
            let known = |number| self.runs(number).any(|run| run.seen < index);
            let is_closed = sync.outcome != "running";
            let gone = |number| {
                // Whether it stood after that sync: a run that a later one ended did.
                let ended = runs.iter().any(|run| run.number == number && run.gone == Some(index));
                let stands = self
                    .runs(number)
                    .any(|run| run.seen <= index && run.gone.is_none_or(|gone| gone > index));
                ended && !stands
            };
            let counts = [
                count(&|number| began(number) && !known(number)),
                count(&|number| began(number) && known(number)),
                count(&gone),
                sync.quarantined,
            ];
            let counts = counts.map(|count| if is_closed { count } else { 0 });
            let filter = match sync.filter {
                Filter::None => "NULL".to_owned(),
                Filter::Action(action) => action.to_owned(),
                Filter::Children(parent) => self.id(parent).to_owned(),
            };
            // One that was killed has counted up to the last page that brought news.
            let is_counted = !matches!(sync.outcome, "running" | "interrupted");
            let listed = or_null(is_counted.then(|| sync.read.len().to_string()));
            row(&[
                &(index + 1),
                &or_null(sync.owner.map(|owner| OWNERS[owner].to_owned())),
                &text(sync.started),
                &self.observed(index),
                &self.finished(index),
                &sync.outcome,
                &filter,
                &listed,
                &counts[0],
                &counts[1],
                &counts[2],
                &counts[3],
            ])
        };
        syncs.iter().enumerate().map(line).collect()
    }

    /// `handshakes`, by Id.
    pub fn handshakes(&self) -> Rows {
        let line = |&number: &usize| {
            let run = self.newest(number);
            let one = &self.world.handshakes[number];
            let version = &self.reference.versions[&number][run.version];
            let named = one.parent.filter(|_| one.is_named);
            let listed = self.reference.parents_of(number).next();
            row(&[
                &one.id,
                &OWNERS[one.owner],
                &one.action,
                &version.content.state,
                &one.account,
                &text(one.requested),
                &text(version.content.expires),
                &or_null(named.or(listed).map(|parent| self.id(parent).to_owned())),
                &(run.version + 1),
                &self.observed(self.runs(number).next().expect("a run").seen),
                &self.observed(run.seen),
                &or_null(run.gone.map(|gone| self.observed(gone))),
            ])
        };
        sorted(self.reference.versions.keys().map(line).collect())
    }

    /// `parties` and `resources`, as the element has them that showed the newest content first.
    pub fn details(&self) -> Rows {
        let mut rows = vec![];
        for (&number, versions) in &self.reference.versions {
            let element = &versions[self.newest(number).version].element;
            for (position, party) in
                element["Parties"].as_array().expect("a list").iter().enumerate()
            {
                rows.push(row(&[
                    &self.id(number),
                    &"party",
                    &position,
                    &plain(&party["Type"]),
                    &plain(&party["Id"]),
                ]));
            }
            let mut tree = vec![];
            walk(&element["Resources"], None, 0, &mut tree);
            rows.extend(tree.iter().map(|node| row(&[&self.id(number), &"resource", node])));
        }
        sorted(rows)
    }

    /// `observations`, in the order of arrival.
    pub fn observations(&self) -> Rows {
        let sync = |sync: Option<usize>| or_null(sync.map(|sync| (sync + 1).to_string()));
        let line = |run: &Run| {
            let (seen, listed, gone) = (sync(Some(run.seen)), sync(run.listed), sync(run.gone));
            row(&[
                &OWNERS[run.owner],
                &self.id(run.number),
                &(run.version + 1),
                &seen,
                &listed,
                &gone,
            ])
        };
        self.reference.runs.iter().map(line).collect()
    }

    /// `quarantine`, in the order of arrival.
    pub fn quarantine(&self) -> Rows {
        let line = |(sync, number, element): &(usize, Option<usize>, Value)| {
            row(&[&(sync + 1), &or_null(number.map(|number| self.id(number).to_owned())), element])
        };
        self.reference.quarantine.iter().map(line).collect()
    }

    /// `transitions`, in the order of arrival.
    pub fn transitions(&self) -> Rows {
        let mut rows = vec![];
        for (index, run) in self.reference.runs.iter().enumerate() {
            let before =
                self.reference.runs[..index].iter().rev().find(|other| other.number == run.number);
            let (from, after) = match before {
                Some(before) if self.state(before) == self.state(run) => continue,
                Some(before) => {
                    (self.state(before), self.observed(self.reference.last_seen(before)))
                }
                None => ("NULL", text(self.world.handshakes[run.number].requested)),
            };
            rows.push(row(&[
                &self.id(run.number),
                &from,
                &self.state(run),
                &after,
                &self.finished(run.seen),
                &(run.seen + 1),
            ]));
        }
        rows
    }

    /// `purged`, by Id.
    pub fn purged(&self) -> Rows {
        let line = |&number: &usize| {
            let run = self.newest(number);
            let gone = run.gone?;
            let after = self.observed(self.reference.last_seen(run));
            Some(row(&[
                &self.id(number),
                &self.state(run),
                &after,
                &self.finished(gone),
                &(gone + 1),
            ]))
        };
        sorted(self.reference.versions.keys().filter_map(line).collect())
    }

    /// `coverage`.
    pub fn coverage(&self) -> Rows {
        let line = |period: &Period| {
            let name = if period.is_covered { "covered" } else { "blind" };
            row(&[
                &OWNERS[period.owner],
                &name,
                &text(period.from),
                &text(period.until),
                &period.syncs,
            ])
        };
        self.reference.periods().iter().map(line).collect()
    }

    /// `queries/as-of.sql`: Id, state, version, `seen_at`, `synced_at`, blind; by Id and arrival.
    pub fn as_of(&self, moment: DateTime<Utc>) -> Rows {
        let periods = self.reference.periods();
        let asked = |sync: usize| self.reference.syncs[sync].observed;
        let mut rows = vec![];
        for run in &self.reference.runs {
            let began = asked(run.seen).is_some_and(|seen| seen <= moment);
            let ended = run.gone.and_then(asked).is_some_and(|gone| gone <= moment);
            if !began || ended {
                continue;
            }
            let full = self
                .reference
                .syncs
                .iter()
                .filter(|sync| sync.is_full() && sync.owner == Some(run.owner));
            let synced =
                full.filter_map(|sync| sync.observed).filter(|asked| *asked <= moment).max();
            let covers = |period: &&Period| {
                period.is_covered
                    && period.owner == run.owner
                    && (period.from..=period.until).contains(&moment)
            };
            let blind = periods.iter().find(covers).is_none();
            rows.push(row(&[
                &self.id(run.number),
                &self.state(run),
                &(run.version + 1),
                &self.observed(run.seen),
                &or_null(synced.map(text)),
                &u8::from(blind),
            ]));
        }
        sorted(rows)
    }
}

/// Resources in pre-order: ordinal, ordinal of the parent, depth, type, value.
fn walk(list: &Value, parent: Option<usize>, depth: usize, rows: &mut Rows) {
    for resource in list.as_array().into_iter().flatten() {
        let ordinal = rows.len();
        let above = or_null(parent.map(|parent| parent.to_string()));
        let (kind, value) = (plain(&resource["Type"]), plain(&resource["Value"]));
        rows.push(row(&[&ordinal, &above, &depth, &kind, &value]));
        walk(&resource["Resources"], Some(ordinal), depth + 1, rows);
    }
}

fn plain(value: &Value) -> String {
    or_null(value.as_str().map(str::to_owned))
}

fn sorted(mut rows: Rows) -> Rows {
    rows.sort();
    rows
}
