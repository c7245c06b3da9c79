//! What ends a query that runs: a signal, or its time limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Why a query is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// This signal came, by its number.
    Signal(usize),
    /// It ran for as long as it might.
    TimeLimit(Duration),
}

/// Asked again and again by SQLite while a statement runs. Clones are one brake.
///
/// The time limit is on SQLite's work: while rows wait for whoever reads them (a pager), the clock of
/// the limit stands still.
#[derive(Debug, Clone)]
pub struct Brake {
    signal: Arc<AtomicUsize>,
    limit: Option<Duration>,
    began: Instant,
    /// Nanoseconds spent waiting, up to the wait that lasts.
    waited: Arc<AtomicU64>,
    /// Nanoseconds from `began` to the beginning of the wait that lasts; zero if none does.
    waits_since: Arc<AtomicU64>,
}

impl Brake {
    /// A brake whose time begins to run now. A number other than zero in `signal` pulls it.
    pub fn new(signal: Arc<AtomicUsize>, limit: Option<Duration>) -> Self {
        Self {
            signal,
            limit,
            began: Instant::now(),
            waited: Arc::default(),
            waits_since: Arc::default(),
        }
    }

    /// Why the query is to end, if it is.
    pub fn pulled(&self) -> Option<Why> {
        match self.signal.load(Ordering::Relaxed) {
            0 => self.limit.filter(|&limit| self.worked() > limit).map(Why::TimeLimit),
            signal => Some(Why::Signal(signal)),
        }
    }

    /// Does something during which the time limit's clock stands still.
    pub fn waiting<T>(&self, wait: impl FnOnce() -> T) -> T {
        let since = self.elapsed().max(1);
        self.waits_since.store(since, Ordering::Relaxed);
        let result = wait();
        self.waited.fetch_add(self.elapsed().saturating_sub(since), Ordering::Relaxed);
        self.waits_since.store(0, Ordering::Relaxed);
        result
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn worked(&self) -> Duration {
        let until = match self.waits_since.load(Ordering::Relaxed) {
            0 => self.elapsed(),
            since => since,
        };
        Duration::from_nanos(until.saturating_sub(self.waited.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::{Brake, Why};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread::sleep;
    use std::time::Duration;

    #[test]
    fn a_signal_pulls_the_brake_whatever_the_limit() {
        let signal = Arc::new(AtomicUsize::new(0));
        for limit in [None, Some(Duration::from_secs(60)), Some(Duration::ZERO)] {
            let brake = Brake::new(signal.clone(), limit);
            signal.store(15, Ordering::Relaxed);
            assert_eq!(brake.clone().pulled(), Some(Why::Signal(15)));
            signal.store(0, Ordering::Relaxed);
        }
    }

    #[test]
    fn only_time_that_is_not_spent_waiting_counts_against_the_limit() {
        let limit = Duration::from_millis(250);
        let brake = Brake::new(Arc::default(), Some(limit));
        brake.waiting(|| {
            sleep(2 * limit);
            assert_eq!(brake.pulled(), None);
        });
        assert_eq!(brake.pulled(), None);
        sleep(2 * limit);
        assert_eq!(brake.pulled(), Some(Why::TimeLimit(limit)));
    }

    #[test]
    fn without_a_limit_nothing_but_a_signal_ends_a_query() {
        assert_eq!(Brake::new(Arc::default(), None).pulled(), None);
    }
}
