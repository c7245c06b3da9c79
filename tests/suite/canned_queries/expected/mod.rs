//! The rows that each query should give on the fixture, by loops over its plain data.

mod parties;
mod past;
mod present;
mod record;

use chrono::{DateTime, TimeDelta, Utc};
use handshake_archive::archive::timestamp;
use serde_json::Value;

use crate::fixture::Story;

pub use parties::{
    account_history, all_features, billing_transfers, invited_again, notes, resource_tree,
};
pub use past::{answer_times, counts, outcomes, purged, transitions, unknown_outcomes};
pub use present::{as_of, changes, expiring, pending, purge_due};
pub use record::{blind_windows, syncs};

/// Rows with the key that orders them.
type Keyed<K> = Vec<(K, Value)>;

fn ordered<K: Ord>(mut rows: Keyed<K>) -> Vec<Value> {
    rows.sort_by(|(a, _), (b, _)| a.cmp(b));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn read(time: &str) -> DateTime<Utc> {
    time.parse().expect("a time")
}

fn later(time: &str, days: i64) -> String {
    timestamp(read(time) + TimeDelta::days(days))
}

fn hours_between(from: &str, until: &str) -> i64 {
    (read(until).timestamp() - read(from).timestamp()) / 3600
}

fn account(story: &Story) -> Option<&str> {
    story.counterpart("ACCOUNT")
}

fn email(story: &Story) -> Option<&str> {
    story.counterpart("EMAIL")
}
