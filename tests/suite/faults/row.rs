//! What a row of the matrix says: the fault, how it comes about, and what is to come of it.

use chrono::TimeDelta;
use handshake_archive_simulator::Fault;

/// A row: one fault, which strikes at each of the three moments.
pub struct Row {
    pub name: &'static str,
    pub trouble: Trouble,
    pub expect: Expect,
}

pub fn row(name: &'static str, trouble: Trouble, expect: Expect) -> Row {
    Row { name, trouble, expect }
}

/// How a fault comes about.
pub struct Trouble {
    pub act: Act,
    /// How often it strikes; `None`: from its moment on.
    pub times: Option<usize>,
    pub way: Way,
    /// More arguments of `sync`.
    pub arguments: &'static [&'static str],
}

/// What happens.
pub enum Act {
    /// The endpoint, or what answers in its place, does this.
    Strike(Fault),
    /// One page of the list shows one more element, made from the first one of the list.
    Element(fn(&str) -> Vec<u8>),
    /// The run meets the fault in its first call, before any list. A fault that is like it strikes `later`.
    FirstCall { fault: Fault, later: &'static str },
    /// The clock of this host shows another time than it should.
    Clock(Clock),
}

/// The way to the endpoint.
#[derive(Clone, Copy)]
pub enum Way {
    Direct,
    /// HTTPS, with a certificate that is trusted.
    Tls,
    /// HTTPS, with one that is not.
    UntrustedTls,
    /// HTTPS, at a port where plain HTTP is spoken.
    TlsAtPlainHttp,
    /// Through a proxy, by plain HTTP.
    Proxy,
    /// Through a proxy, by HTTPS: it is asked to CONNECT.
    ConnectProxy,
    /// To a name that no name server can know.
    UnknownName,
    /// To a port at which nobody listens.
    NobodyListens,
}

/// How the clock is wrong.
#[derive(Clone, Copy)]
pub enum Clock {
    /// By so much, from the beginning of the sync, or in the children's lists from there on.
    Wrong(TimeDelta),
    /// It steps by so much when the moment comes.
    Steps(TimeDelta),
    /// It steps by so much between two complete syncs.
    StepsBetween(TimeDelta),
}

fn trouble(act: Act) -> Trouble {
    Trouble { act, times: None, way: Way::Direct, arguments: &[] }
}

/// The fault strikes from its moment on.
pub fn strike(fault: Fault) -> Trouble {
    trouble(Act::Strike(fault))
}

/// It strikes so often and is over then.
pub fn burst(times: usize, fault: Fault) -> Trouble {
    Trouble { times: Some(times), ..strike(fault) }
}

/// One page shows this element beside its own: made from the first element of its list.
pub fn element(make: fn(&str) -> Vec<u8>) -> Trouble {
    Trouble { times: Some(1), ..trouble(Act::Element(make)) }
}

/// The endpoint is out of reach from the first call on; in mid-run it is the row `later`.
pub fn never_reached(way: Way, later: &'static str) -> Trouble {
    first_call(Fault::Silence, later).by(way)
}

/// The first call meets the fault; in mid-run it is the row `later`.
pub fn first_call(fault: Fault, later: &'static str) -> Trouble {
    trouble(Act::FirstCall { fault, later })
}

pub fn clock(wrong: Clock) -> Trouble {
    trouble(Act::Clock(wrong))
}

impl Trouble {
    pub fn by(self, way: Way) -> Self {
        Self { way, ..self }
    }

    pub fn with(self, arguments: &'static [&'static str]) -> Self {
        Self { arguments, ..self }
    }
}

/// What is to come of it, at each moment.
#[derive(Clone)]
pub struct Expect {
    pub code: i32,
    pub error_code: Option<&'static str>,
    /// What standard error says.
    pub words: &'static [&'static str],
    /// Where the extra element is kept to the letter.
    pub element: Option<Kept>,
    /// What `status` ends with at each moment, after the sync and after the next one, where that is not
    /// the rule: 6 as long as there is no complete sync.
    pub status: Option<[(i32, i32); 3]>,
}

/// Where an odd element is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Payload,
    Quarantine,
}

const COMPLETE: Expect =
    Expect { code: 0, error_code: None, words: &[], element: None, status: None };

/// The sync completes.
pub fn completes() -> Expect {
    COMPLETE
}

/// The sync fails with this exit code, and writes this error code down.
pub fn exit(code: i32, error_code: &'static str) -> Expect {
    Expect { code, error_code: Some(error_code), ..COMPLETE }
}

/// The sync completes, and the odd element is a version of a handshake.
pub fn kept_as_payload() -> Expect {
    Expect { element: Some(Kept::Payload), ..COMPLETE }
}

/// The sync completes with a warning, and the odd element is in quarantine.
pub fn kept_in_quarantine() -> Expect {
    Expect { element: Some(Kept::Quarantine), words: &["quarantine"], ..COMPLETE }
}

impl Expect {
    pub fn says(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }

    pub fn status(self, moments: [(i32, i32); 3]) -> Self {
        Self { status: Some(moments), ..self }
    }
}
