//! The one place that asks for the time.

use std::sync::Arc;

use chrono::{DateTime, Utc};

/// Gives the time, in UTC. A simulation hands in its own.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The clock of this machine.
pub fn system() -> Clock {
    Arc::new(now)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn now() -> DateTime<Utc> {
    Utc::now()
}
