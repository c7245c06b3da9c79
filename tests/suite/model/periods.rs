//! What is known when.

use chrono::{DateTime, Days, Utc};

use super::reference::{Reference, Sync};

/// A stretch of knowledge, or a blind window.
#[derive(Debug)]
pub struct Period {
    pub owner: usize,
    pub is_covered: bool,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub syncs: usize,
}

impl Reference {
    /// Each stretch of full syncs of an owner, and the windows between them.
    pub fn periods(&self) -> Vec<Period> {
        let mut periods = vec![];
        for &owner in &self.sources {
            let mut stretch: Option<Period> = None;
            let full = |sync: &&Sync| sync.is_full() && sync.owner == Some(owner);
            for sync in self.syncs.iter().filter(full) {
                let (Some(until), Some(finished)) = (sync.observed, sync.finished) else {
                    continue;
                };
                let from = finished - Days::new(30);
                stretch = Some(match stretch {
                    Some(known) if known.until >= from => Period {
                        from: known.from.min(from),
                        until,
                        syncs: known.syncs + 1,
                        ..known
                    },
                    known => {
                        if let Some(known) = known {
                            let window = Period {
                                owner,
                                is_covered: false,
                                from: known.until,
                                until: from,
                                syncs: 0,
                            };
                            periods.extend([known, window]);
                        }
                        Period { owner, is_covered: true, from, until, syncs: 1 }
                    }
                });
            }
            periods.extend(stretch);
        }
        periods
    }
}
