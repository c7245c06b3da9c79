//! Many invitations at once, for volume.

use chrono::TimeDelta;

use crate::handshake::{State, VISIBLE_AFTER_END};
use crate::opaque;
use crate::organization::{INVITATION_LIFE, Invited, Organization};

/// How far back the oldest invitation goes. More than the 30 days of visibility, because an
/// invitation that expires or is answered late stays visible for 30 days after that.
const SPAN: TimeDelta = TimeDelta::days(40);

const NOTES: [&str; 3] = [
    "Please join our organization.",
    "Team Größe: bitte bis Freitag annehmen.\nDanke \u{1f44b}",
    "Billing \"consolidation\", ticket \\ OPS-4711",
];

impl Organization {
    /// Adds `count` invitations requested over the last 40 days, all of them visible now: pending,
    /// accepted, declined, canceled and expired, of accounts and of e-mail addresses, some with notes.
    /// The same organization, clock and count give the same bytes every time.
    pub fn populate(&mut self, count: usize) {
        let now = self.now();
        let span = SPAN.num_milliseconds();
        for n in 0..count {
            let draw = opaque::mix(n as u64);
            let age = span - (span as i128 * (2 * n as i128 + 1) / (2 * count as i128)) as i64;
            let requested_at = now - TimeDelta::milliseconds(age);
            let notes = match draw % 7 {
                pick @ 0..=2 => Some(NOTES[pick as usize]),
                _ => None,
            };
            let account = format!("{:012}", draw % 1_000_000_000_000);
            let email = format!("owner{n}@example.com");
            let invited = if (draw >> 8).is_multiple_of(3) {
                Invited::Email(&email)
            } else {
                Invited::Account(&account)
            };
            let id = self.invite(invited, notes, requested_at);
            let outcome = match (draw >> 16) % 5 {
                0 => State::Accepted,
                1 => State::Declined,
                2 => State::Canceled,
                _ => continue,
            };
            // Ended while the invitation was alive, not in the future, and less than 30 days ago.
            let earliest = (age - VISIBLE_AFTER_END.num_milliseconds() + 1).max(0);
            let latest = age.min(INVITATION_LIFE.num_milliseconds() - 1);
            let after = earliest + ((draw >> 24) % (latest - earliest + 1) as u64) as i64;
            self.end(&id, outcome, requested_at + TimeDelta::milliseconds(after));
        }
    }
}
