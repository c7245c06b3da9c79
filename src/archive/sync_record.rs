//! What the archive writes down of a sync, and what it says of it afterwards.

use chrono::{DateTime, Utc};

use crate::handshake::Filter;

/// In which list a page stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The list without a parent, restricted to an action or not.
    Unrestricted,
    /// The list of the children of this handshake.
    ChildrenOf(String),
}

/// What AWS said to a question for the children of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChildrenAnswer {
    /// The list, up to its end.
    Listed,
    /// A refusal: it takes this Id for no parent, or for none any more.
    Refused,
}

/// How a sync ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every list was read up to its end.
    Complete,
    /// It gave up.
    Failed {
        /// AWS's error code, or one of this program's.
        code: String,
        /// What happened, for people.
        message: String,
    },
    /// A signal, or the end of the process, stopped it.
    Interrupted {
        /// What stopped it.
        message: String,
    },
}

impl Outcome {
    /// The word for it in the archive.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Failed { .. } => "failed",
            Self::Interrupted { .. } => "interrupted",
        }
    }
}

/// What is known of a sync when it begins.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// What was listed: the name of the API operation.
    pub operation: &'static str,
    /// What the list is restricted to.
    pub filter: Filter,
    /// When the sync began.
    pub started_at: DateTime<Utc>,
}

/// Who asked and where, as far as it became known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The organization's id from DescribeOrganization, `o-…`.
    pub organization_id: Option<String>,
    /// The caller's ARN from sts:GetCallerIdentity.
    pub caller_arn: Option<String>,
    /// Scheme, host and port that answer.
    pub endpoint: Option<String>,
}

/// One finished sync, as its row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRecord {
    /// The sequence number: 1 for the first sync of the archive.
    pub sequence: i64,
    /// `complete`, `failed` or `interrupted`.
    pub outcome: String,
    /// The organization's id; `None` where nothing told it.
    pub organization_id: Option<String>,
    /// Answers kept.
    pub pages: i64,
    /// Different handshakes in them.
    pub listed: i64,
    /// Of those, never in the archive before.
    pub added: i64,
    /// Of those, known before with other content, or back after having been gone.
    pub changed: i64,
    /// Handshakes that AWS showed before and no longer shows.
    pub gone: i64,
    /// Elements that could not be read as a handshake.
    pub quarantined: i64,
    /// UTC.
    pub started_at: String,
    /// UTC.
    pub finished_at: String,
    /// Why it did not complete: AWS's error code, or one of this program's.
    pub error_code: Option<String>,
    /// The same for people.
    pub error_message: Option<String>,
    /// The link of the chain, 64 hexadecimal digits.
    pub digest: String,
}
