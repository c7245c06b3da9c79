//! The simulated organization: its clock, its handshakes, and what its management account does.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use crate::handshake::{Action, Handshake, Party, Resource, State};
use crate::listing::Filter;
use crate::opaque;
use crate::raw::RawElement;
use crate::render;

/// Life of an invitation, of a transfer of responsibility and of a request for the service-linked role.
/// [Source](https://docs.aws.amazon.com/organizations/latest/APIReference/API_Handshake.html)
pub(crate) const INVITATION_LIFE: TimeDelta = TimeDelta::days(15);

/// Life of a request to enable all features and of its children.
/// [Source](https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_support-all-features.html)
const ALL_FEATURES_LIFE: TimeDelta = TimeDelta::days(90);

const MANAGEMENT_EMAIL: &str = "management@example.com";
const MANAGEMENT_NAME: &str = "Example Management Account";

/// The simulated organization, with its own clock. The clock stands still until it is moved, and counts milliseconds.
#[derive(Debug)]
pub struct Organization {
    id: String,
    management_account: String,
    now: DateTime<Utc>,
    /// Every handshake that ever existed, in the order in which they were added.
    handshakes: Vec<Handshake>,
    by_id: HashMap<String, usize>,
    raw: Vec<RawElement>,
    hide_children: bool,
    refuse_gone_parents: bool,
}

/// An element that the unfiltered list shows now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visible {
    /// The handshake's id; empty where a raw element shows none.
    pub id: String,
    /// The state shown; empty where a raw element shows none.
    pub state: String,
    /// Exactly the bytes served.
    pub json: String,
}

/// What truly became of a handshake, whether or not any list ever showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The handshake's id.
    pub id: String,
    /// The kind of handshake, such as INVITE.
    pub action: String,
    /// When it was requested.
    pub requested_at: DateTime<Utc>,
    /// When it expires, or expired, if it is still pending then.
    pub expires_at: DateTime<Utc>,
    /// The states up to now and when each began, EXPIRED among them when the clock has passed it.
    pub states: Vec<(DateTime<Utc>, String)>,
    /// When it vanished from the lists: 30 days after its end. None before the clock has passed that.
    pub purged_at: Option<DateTime<Utc>>,
    /// The handshake that this one is a child of.
    pub parent: Option<String>,
}

pub(crate) enum Invited<'a> {
    Account(&'a str),
    Email(&'a str),
}

/// A ParentHandshakeId that no visible handshake has.
pub(crate) struct GoneParent;

struct Draft {
    action: Action,
    requested_at: DateTime<Utc>,
    life: TimeDelta,
    state: State,
    parent: Option<String>,
    recipient: Option<Party>,
    resources: Vec<Resource>,
}

impl Organization {
    /// An organization without handshakes. `id` has its `o-`, as in `o-exampleorgid`; `management_account` is the
    /// twelve digits of the account that owns it.
    pub fn new(id: &str, management_account: &str, now: DateTime<Utc>) -> Organization {
        Organization {
            id: id.to_owned(),
            management_account: management_account.to_owned(),
            now: to_millis(now),
            handshakes: Vec::new(),
            by_id: HashMap::new(),
            raw: Vec::new(),
            hide_children: false,
            refuse_gone_parents: true,
        }
    }

    /// What the organization's clock shows.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Sets the clock, also back. What is finer than a millisecond is dropped, since AWS's timestamps do not carry it.
    pub fn set_now(&mut self, now: DateTime<Utc>) {
        self.now = to_millis(now);
    }

    /// Moves the clock by `by`.
    pub fn advance(&mut self, by: TimeDelta) {
        self.set_now(self.now + by);
    }

    /// Invites an account by its number. The handshake is OPEN and expires in 15 days. Returns its id.
    pub fn invite_account(&mut self, account: &str, notes: Option<&str>) -> String {
        self.invite(Invited::Account(account), notes, self.now)
    }

    /// Invites the account whose owner has this e-mail address; otherwise as [`Organization::invite_account`].
    pub fn invite_email(&mut self, email: &str, notes: Option<&str>) -> String {
        self.invite(Invited::Email(email), notes, self.now)
    }

    pub(crate) fn invite(
        &mut self,
        invited: Invited<'_>,
        notes: Option<&str>,
        requested_at: DateTime<Utc>,
    ) -> String {
        let (kind, id) = match invited {
            Invited::Account(account) => ("ACCOUNT", account),
            Invited::Email(email) => ("EMAIL", email),
        };
        let mut resources = vec![self.described(), Resource::new(kind, id)];
        resources.extend(notes.map(|text| Resource::new("NOTES", text)));
        self.add(Draft {
            action: Action::Invite,
            requested_at,
            life: INVITATION_LIFE,
            state: State::Open,
            parent: None,
            recipient: Some(party(kind, id)),
            resources,
        })
    }

    /// Asks every member to agree to all features. Returns the id of the parent (ENABLE_ALL_FEATURES, REQUESTED) and
    /// those of its children (APPROVE_ALL_FEATURES, OPEN), one for each of `members`; all expire in 90 days.
    /// The parent becomes OPEN when the last child is accepted.
    pub fn enable_all_features(&mut self, members: &[&str]) -> (String, Vec<String>) {
        let parent = self.add(Draft {
            action: Action::EnableAllFeatures,
            requested_at: self.now,
            life: ALL_FEATURES_LIFE,
            state: State::Requested,
            parent: None,
            recipient: None,
            resources: vec![Resource::new("ORGANIZATION", &self.id)],
        });
        // AWS writes the parent's id without its prefix here, unlike everywhere else.
        let parent_value = parent.trim_start_matches("h-").to_owned();
        let mut children = Vec::new();
        for member in members {
            let resources = vec![
                self.described(),
                Resource::new("ACCOUNT", member),
                Resource::new("PARENT_HANDSHAKE", &parent_value),
            ];
            children.push(self.add(Draft {
                action: Action::ApproveAllFeatures,
                requested_at: self.now,
                life: ALL_FEATURES_LIFE,
                state: State::Open,
                parent: Some(parent.clone()),
                recipient: Some(party("ACCOUNT", member)),
                resources,
            }));
        }
        (parent, children)
    }

    /// Offers another management account to take over the billing from `starts` on. OPEN, 15 days. Returns the id.
    pub fn transfer_responsibility(
        &mut self,
        to_account: &str,
        to_email: &str,
        starts: DateTime<Utc>,
    ) -> String {
        let number = self.handshakes.len() as u64;
        let transfer = format!("rt-{}", opaque::text(opaque::seed(&self.id) ^ !number, 12));
        let starts = starts.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let resources = vec![
            Resource::new("RESPONSIBILITY_TRANSFER", &transfer).nesting(vec![
                Resource::new("TRANSFER_START_TIMESTAMP", &starts),
                Resource::new("TRANSFER_TYPE", "BILLING"),
                Resource::new("MANAGEMENT_ACCOUNT", &self.management_account),
                Resource::new("MANAGEMENT_EMAIL", MANAGEMENT_EMAIL),
                Resource::new("MANAGEMENT_NAME", MANAGEMENT_NAME),
            ]),
            Resource::new("ACCOUNT", to_account),
            Resource::new("EMAIL", to_email),
        ];
        self.add(Draft {
            action: Action::TransferResponsibility,
            requested_at: self.now,
            life: INVITATION_LIFE,
            state: State::Open,
            parent: None,
            recipient: Some(party("ACCOUNT", to_account)),
            resources,
        })
    }

    /// Asks a member for the role that AWS Organizations itself needs there. OPEN, 15 days. Returns the id.
    pub fn service_linked_role(&mut self, account: &str) -> String {
        self.add(Draft {
            action: Action::AddOrganizationsServiceLinkedRole,
            requested_at: self.now,
            life: INVITATION_LIFE,
            state: State::Open,
            parent: None,
            recipient: Some(party("ACCOUNT", account)),
            resources: vec![
                Resource::new("ORGANIZATION", &self.id),
                Resource::new("ACCOUNT", account),
            ],
        })
    }

    /// The recipient accepts now.
    ///
    /// # Panics
    /// If there is no such handshake or it is not pending now. So do [`Organization::decline`] and
    /// [`Organization::cancel`].
    pub fn accept(&mut self, id: &str) {
        self.end(id, State::Accepted, self.now);
        let Some(parent) = self.handshakes[self.place(id)].parent.clone() else {
            return;
        };
        let (place, now) = (self.place(&parent), self.now);
        let all_accepted = self.handshakes[place]
            .children
            .iter()
            .all(|child| self.handshakes[*child].state_at(now) == State::Accepted);
        if all_accepted && self.handshakes[place].state_at(now) == State::Requested {
            self.handshakes[place].transitions.push((now, State::Open));
        }
    }

    /// The recipient declines now.
    pub fn decline(&mut self, id: &str) {
        self.end(id, State::Declined, self.now);
    }

    /// The organization withdraws the handshake now. Children of a canceled parent stay as they are.
    pub fn cancel(&mut self, id: &str) {
        self.end(id, State::Canceled, self.now);
    }

    pub(crate) fn end(&mut self, id: &str, state: State, at: DateTime<Utc>) {
        let place = self.place(id);
        let handshake = &mut self.handshakes[place];
        let is = handshake.state_at(at);
        assert!(
            is.is_pending() && handshake.transitions.iter().all(|(when, _)| *when <= at),
            "handshake {id} cannot become {} at {at}: it is {} or ended later",
            state.as_str(),
            is.as_str(),
        );
        handshake.transitions.push((at, state));
    }

    /// Serves `json` in the list as it stands, for ever, whatever the clock shows and whatever it is. It stands after
    /// the true handshakes; a list filtered by action has it if its own `Action` says so, one by parent never.
    pub fn serve_raw(&mut self, json: &str) {
        self.raw.push(RawElement::new(json, None));
    }

    /// Serves `json` as it stands, for ever, in the list filtered by this parent and in no other.
    pub fn serve_raw_under(&mut self, parent: &str, json: &str) {
        self.raw.push(RawElement::new(json, Some(parent)));
    }

    /// Takes back everything served raw.
    pub fn clear_raw(&mut self) {
        self.raw.clear();
    }

    /// Whether children are left out of every list that is not filtered by their parent. AWS's documentation does not
    /// say which it is; the default is false.
    pub fn hide_children_from_unfiltered(&mut self, hide: bool) {
        self.hide_children = hide;
    }

    /// Whether a list under a parent that is no longer visible is refused with InvalidInputException (true, the
    /// default) or is empty (false). AWS's documentation does not say which it is.
    pub fn refuse_gone_parents(&mut self, refuse: bool) {
        self.refuse_gone_parents = refuse;
    }

    /// What the unfiltered list shows now, raw elements included, in the list's order.
    pub fn visible(&self) -> Vec<Visible> {
        let handshakes = self.shown(&Filter::All).map(|handshake| Visible {
            id: handshake.id.clone(),
            state: handshake.state_at(self.now).as_str().to_owned(),
            json: render::handshake(handshake, self.now).to_string(),
        });
        let raw = self.shown_raw(&Filter::All).map(|element| Visible {
            id: element.id.clone(),
            state: element.state.clone(),
            json: element.json.to_string(),
        });
        handshakes.chain(raw).collect()
    }

    /// Every handshake that ever existed, in the order in which they were added; nothing of what was served raw.
    pub fn history(&self) -> Vec<History> {
        let states = |handshake: &Handshake| {
            let states = handshake.states_until(self.now);
            let named = |(at, state): (_, State)| (at, state.as_str().to_owned());
            states.into_iter().map(named).collect()
        };
        let history = self.handshakes.iter().map(|handshake| History {
            id: handshake.id.clone(),
            action: handshake.action.as_str().to_owned(),
            requested_at: handshake.requested_at,
            expires_at: handshake.expires_at,
            states: states(handshake),
            purged_at: handshake.purge_at(self.now).filter(|at| *at <= self.now),
            parent: handshake.parent.clone(),
        });
        history.collect()
    }

    /// The elements of one listing as they are now.
    pub(crate) fn select(&self, filter: &Filter) -> Result<Vec<Arc<str>>, GoneParent> {
        if let Filter::Parent(id) = filter
            && self.refuse_gone_parents
            && !self.shows(id)
        {
            return Err(GoneParent);
        }
        let handshakes = self.shown(filter).map(|handshake| render::handshake(handshake, self.now));
        let raw = self.shown_raw(filter).map(|raw| Arc::clone(&raw.json));
        Ok(handshakes.chain(raw).collect())
    }

    /// The output of DescribeOrganization.
    pub(crate) fn describe(&self) -> String {
        let (id, account) = (&self.id, &self.management_account);
        let arn = format!("arn:aws:organizations::{account}");
        serde_json::json!({"Organization": {
            "Id": id,
            "Arn": format!("{arn}:organization/{id}"),
            "FeatureSet": "ALL",
            "MasterAccountArn": format!("{arn}:account/{id}/{account}"),
            "MasterAccountId": account,
            "MasterAccountEmail": MANAGEMENT_EMAIL,
            "AvailablePolicyTypes": [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}],
        }})
        .to_string()
    }

    pub(crate) fn management_account(&self) -> &str {
        &self.management_account
    }

    fn shown(&self, filter: &Filter) -> impl Iterator<Item = &Handshake> {
        let visible = |handshake: &&Handshake| handshake.is_visible(self.now);
        let hidden = |handshake: &Handshake| self.hide_children && handshake.parent.is_some();
        let asked_for = move |handshake: &&Handshake| match filter {
            Filter::All => !hidden(handshake),
            Filter::Action(action) => handshake.action == *action && !hidden(handshake),
            Filter::Parent(id) => handshake.parent.as_ref() == Some(id),
        };
        self.handshakes.iter().filter(visible).filter(asked_for)
    }

    fn shown_raw(&self, filter: &Filter) -> impl Iterator<Item = &RawElement> {
        self.raw.iter().filter(move |element| match filter {
            Filter::All => element.parent.is_none(),
            Filter::Action(a) => element.parent.is_none() && element.action == a.as_str(),
            Filter::Parent(id) => element.parent.as_ref() == Some(id),
        })
    }

    fn shows(&self, id: &str) -> bool {
        let visible = |place: &usize| self.handshakes[*place].is_visible(self.now);
        self.by_id.get(id).is_some_and(visible)
            || self.raw.iter().any(|raw| raw.id == id || raw.parent.as_deref() == Some(id))
    }

    fn place(&self, id: &str) -> usize {
        match self.by_id.get(id) {
            Some(place) => *place,
            None => panic!("no handshake {id} in {}", self.id),
        }
    }

    /// The organization as an invited account reads about it.
    fn described(&self) -> Resource {
        Resource::new("ORGANIZATION", &self.id).nesting(vec![
            Resource::new("MASTER_EMAIL", MANAGEMENT_EMAIL),
            Resource::new("MASTER_NAME", MANAGEMENT_NAME),
            Resource::new("ORGANIZATION_FEATURE_SET", "ALL"),
        ])
    }

    fn add(&mut self, draft: Draft) -> String {
        let place = self.handshakes.len();
        let id = self.fresh_id(place as u64);
        let requested_at = to_millis(draft.requested_at);
        // AWS shows the organization's id without "o-" as a party and with it as a resource.
        let bare = self.id.trim_start_matches("o-");
        let mut parties = vec![party("ORGANIZATION", bare)];
        parties.extend(draft.recipient);
        if let Some(parent) = &draft.parent {
            let parent = self.place(parent);
            self.handshakes[parent].children.push(place);
        }
        self.by_id.insert(id.clone(), place);
        self.handshakes.push(Handshake {
            arn: format!(
                "arn:aws:organizations::{}:handshake/{}/{}/{id}",
                self.management_account,
                self.id,
                draft.action.as_str().to_lowercase(),
            ),
            id: id.clone(),
            action: draft.action,
            requested_at,
            expires_at: requested_at + draft.life,
            transitions: vec![(requested_at, draft.state)],
            parent: draft.parent,
            children: Vec::new(),
            parties,
            resources: draft.resources,
            rendered: RefCell::new(None),
        });
        id
    }

    fn fresh_id(&self, number: u64) -> String {
        let mut seed = opaque::seed(&self.id) ^ opaque::mix(number);
        loop {
            let id = format!("h-{}", opaque::text(seed, 16));
            if !self.by_id.contains_key(&id) {
                return id;
            }
            seed = opaque::mix(seed);
        }
    }
}

fn party(kind: &'static str, id: &str) -> Party {
    Party { kind, id: id.to_owned() }
}

fn to_millis(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at)
}
