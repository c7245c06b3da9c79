//! One handshake: what it says, and what became of it and when.

use std::cell::RefCell;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

/// How long AWS still shows a handshake after it was accepted, declined, canceled or expired.
/// [API page](https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListHandshakesForOrganization.html)
pub(crate) const VISIBLE_AFTER_END: TimeDelta = TimeDelta::days(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Requested,
    Open,
    Canceled,
    Accepted,
    Declined,
    Expired,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            State::Requested => "REQUESTED",
            State::Open => "OPEN",
            State::Canceled => "CANCELED",
            State::Accepted => "ACCEPTED",
            State::Declined => "DECLINED",
            State::Expired => "EXPIRED",
        }
    }

    pub(crate) fn is_pending(self) -> bool {
        matches!(self, State::Requested | State::Open)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Invite,
    EnableAllFeatures,
    ApproveAllFeatures,
    AddOrganizationsServiceLinkedRole,
    TransferResponsibility,
}

impl Action {
    const ALL: [Action; 5] = [
        Action::Invite,
        Action::EnableAllFeatures,
        Action::ApproveAllFeatures,
        Action::AddOrganizationsServiceLinkedRole,
        Action::TransferResponsibility,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Action::Invite => "INVITE",
            Action::EnableAllFeatures => "ENABLE_ALL_FEATURES",
            Action::ApproveAllFeatures => "APPROVE_ALL_FEATURES",
            Action::AddOrganizationsServiceLinkedRole => "ADD_ORGANIZATIONS_SERVICE_LINKED_ROLE",
            Action::TransferResponsibility => "TRANSFER_RESPONSIBILITY",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|a| a.as_str() == text)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Party {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) kind: &'static str,
    pub(crate) value: String,
    pub(crate) nested: Vec<Resource>,
}

impl Resource {
    pub(crate) fn new(kind: &'static str, value: &str) -> Resource {
        Resource { kind, value: value.to_owned(), nested: Vec::new() }
    }

    pub(crate) fn nesting(self, nested: Vec<Resource>) -> Resource {
        Resource { nested, ..self }
    }
}

#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) action: Action,
    pub(crate) requested_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    /// Every state that somebody brought about, in order of time, the first at `requested_at`.
    /// EXPIRED is never among them: it follows from the clock.
    pub(crate) transitions: Vec<(DateTime<Utc>, State)>,
    pub(crate) parent: Option<String>,
    /// Places of the children in the organization's list of handshakes.
    pub(crate) children: Vec<usize>,
    pub(crate) parties: Vec<Party>,
    pub(crate) resources: Vec<Resource>,
    /// The text last rendered and the state that it shows; nothing else in it ever changes.
    pub(crate) rendered: RefCell<Option<(State, Arc<str>)>>,
}

impl Handshake {
    pub(crate) fn state_at(&self, now: DateTime<Utc>) -> State {
        let (_, state) = self.brought_about(now);
        if state.is_pending() && now >= self.expires_at { State::Expired } else { state }
    }

    /// The states up to `now` with the times at which they began, EXPIRED among them.
    pub(crate) fn states_until(&self, now: DateTime<Utc>) -> Vec<(DateTime<Utc>, State)> {
        let mut states: Vec<_> =
            self.transitions.iter().filter(|(at, _)| *at <= now).copied().collect();
        if self.state_at(now) == State::Expired {
            states.push((self.expires_at, State::Expired));
        }
        states
    }

    /// When AWS deletes it, as far as that is settled at `now`: none while it is pending.
    pub(crate) fn purge_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let end = match self.state_at(now) {
            State::Requested | State::Open => return None,
            State::Expired => self.expires_at,
            State::Canceled | State::Accepted | State::Declined => self.brought_about(now).0,
        };
        Some(end + VISIBLE_AFTER_END)
    }

    pub(crate) fn is_visible(&self, now: DateTime<Utc>) -> bool {
        self.requested_at <= now && self.purge_at(now).is_none_or(|purge| now < purge)
    }

    fn brought_about(&self, now: DateTime<Utc>) -> (DateTime<Utc>, State) {
        let reached = self.transitions.iter().rev().find(|(at, _)| *at <= now);
        *reached.unwrap_or(&self.transitions[0])
    }
}
