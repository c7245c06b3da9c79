//! One history, told to the recorder and to the reference.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use handshake_archive::archive::{
    Archive, Attempt, ChildrenAnswer, Identity, Outcome, Scope, SyncRecorder,
};
use handshake_archive::handshake::{self, Page};
use serde_json::json;

use super::histories::{End, Odd, Plan, Restriction, Step};
use super::reference::{Filter, Reference, Shown};
use super::world::{Content, OWNERS, World};

/// A history as far as it has been played.
pub struct Play {
    pub world: World,
    pub reference: Reference,
    /// Handshakes of which some sync could not read the content.
    pub garbled: BTreeSet<usize>,
}

/// The pages of one list.
struct List {
    parent: Option<usize>,
    pages: Vec<Vec<Shown>>,
}

impl Play {
    pub fn new() -> Self {
        Self { world: World::new(), reference: Reference::default(), garbled: BTreeSet::new() }
    }

    /// Time passes, things happen, a sync runs for a minute.
    pub fn step(&mut self, step: &Step, archive: &mut Archive) {
        // The sync before took a minute and two seconds.
        self.world.advance(TimeDelta::seconds(62) + step.wait);
        for event in &step.events {
            self.world.happen(event);
        }
        self.sync(&step.plan, archive);
    }

    fn sync(&mut self, plan: &Plan, archive: &mut Archive) {
        let started = self.world.now;
        let asked = started + TimeDelta::seconds(1);
        let filter = self.filter(plan);
        let attempt = Attempt {
            operation: "ListHandshakesForOrganization",
            filter: match filter {
                Filter::None => handshake::Filter::None,
                Filter::Action(action) => handshake::Filter::ActionType(action.to_owned()),
                Filter::Children(parent) => handshake::Filter::ParentHandshakeId(self.id(parent)),
            },
            started_at: started,
        };
        let mut recorder = archive.begin(&attempt).unwrap();
        self.reference.begin(filter, started);
        let first = self.first_list(plan, filter);
        // Where nothing names it in an ARN, it must be told.
        let told = plan.told || !matches!(plan.odd, Odd::No) || first.pages[0].is_empty();
        recorder.identify(Identity {
            organization_id: told.then(|| OWNERS[plan.owner].to_owned()),
            ..Identity::default()
        });
        let mut pages_left = match plan.end {
            End::Complete => usize::MAX,
            End::Failed(pages) | End::Interrupted(pages) | End::Killed(pages) => pages,
        };
        let whole = self.record(plan, &first, &mut recorder, asked, &mut pages_left);
        if whole && filter == Filter::None {
            self.children(plan, &mut recorder, asked, &mut pages_left);
        }
        let (name, outcome) = match plan.end {
            End::Complete => ("complete", Outcome::Complete),
            End::Failed(_) => {
                let (code, message) = ("ServiceException".to_owned(), "no".to_owned());
                ("failed", Outcome::Failed { code, message })
            }
            End::Interrupted(_) => {
                ("interrupted", Outcome::Interrupted { message: "stopped".to_owned() })
            }
            // The process is gone: nobody finishes anything.
            End::Killed(_) => return,
        };
        let finished = asked + TimeDelta::minutes(1);
        recorder.finish(&outcome, finished).unwrap();
        self.reference.finish(name, finished);
    }

    fn filter(&self, plan: &Plan) -> Filter {
        let parents: Vec<usize> = (0..self.world.handshakes.len())
            .filter(|&one| self.world.handshakes[one].owner == plan.owner)
            .filter(|&one| self.world.handshakes[one].action == "ENABLE_ALL_FEATURES")
            .collect();
        match plan.restriction {
            Restriction::Action(action) => Filter::Action(action),
            Restriction::Children(which) if !parents.is_empty() => {
                Filter::Children(parents[which.index(parents.len())])
            }
            _ => Filter::None,
        }
    }

    /// Asks for the children of every parent that the recorder names.
    fn children(
        &mut self,
        plan: &Plan,
        recorder: &mut SyncRecorder<'_>,
        asked: DateTime<Utc>,
        pages_left: &mut usize,
    ) {
        let named = |number: usize| {
            let one = &self.world.handshakes[number];
            one.parent.filter(|_| one.is_named)
        };
        let parents = self.reference.parents(named);
        let ids: BTreeSet<String> = parents.iter().map(|&parent| self.id(parent)).collect();
        assert_eq!(recorder.parents().unwrap(), ids, "whose children are asked for");
        for parent in parents {
            let answer = if plan.refuses && !self.world.shows(parent) {
                ChildrenAnswer::Refused
            } else {
                let children = self.list(plan, Some(parent), |play, one| {
                    play.world.handshakes[one].parent == Some(parent)
                });
                if !self.record(plan, &children, recorder, asked, pages_left) {
                    return;
                }
                ChildrenAnswer::Listed
            };
            recorder.children_answered(self.id(parent), answer);
            self.reference.children_answered(parent, answer == ChildrenAnswer::Listed);
        }
    }

    fn first_list(&self, plan: &Plan, filter: Filter) -> List {
        let one = |play: &Self, number: usize| -> bool {
            let one = &play.world.handshakes[number];
            match filter {
                Filter::None => !one.is_hidden_child,
                Filter::Action(action) => !one.is_hidden_child && one.action == action,
                Filter::Children(parent) => one.parent == Some(parent),
            }
        };
        let parent = match filter {
            Filter::Children(parent) => Some(parent),
            _ => None,
        };
        let mut list = self.list(plan, parent, one);
        match plan.odd {
            Odd::Nameless => {
                list.pages.push(vec![Shown::Nameless { element: json!({"State": "OPEN"}) }]);
            }
            Odd::Flipped => {
                if let Some(Shown::Handshake { number, content, .. }) = list.pages[0].first() {
                    let expires = content.expires + TimeDelta::days(1);
                    let other = self.shown(*number, Content { expires, ..*content }, plan);
                    list.pages.push(vec![other]);
                }
            }
            Odd::No | Odd::Garbled(_) => {}
        }
        list
    }

    /// The pages of the visible handshakes of the plan's owner that fit: one at least.
    fn list(
        &self,
        plan: &Plan,
        parent: Option<usize>,
        fits: impl Fn(&Self, usize) -> bool,
    ) -> List {
        let visible: Vec<usize> = self.world.visible(plan.owner).collect();
        let garbled = match plan.odd {
            Odd::Garbled(which) if !visible.is_empty() => Some(visible[which.index(visible.len())]),
            _ => None,
        };
        let mut elements: Vec<Shown> = visible
            .into_iter()
            .filter(|&one| fits(self, one))
            .map(|one| match garbled {
                Some(garbled) if garbled == one => {
                    Shown::Garbled { number: one, element: json!({"Id": self.id(one), "State": 1}) }
                }
                _ => self.shown(one, self.world.handshakes[one].content(), plan),
            })
            .collect();
        if plan.reversed {
            elements.reverse();
        }
        let mut pages: Vec<Vec<Shown>> =
            elements.chunks(plan.page_size).map(<[Shown]>::to_vec).collect();
        if pages.is_empty() {
            pages.push(vec![]);
        }
        List { parent, pages }
    }

    fn shown(&self, number: usize, content: Content, plan: &Plan) -> Shown {
        let one = &self.world.handshakes[number];
        let parent = one.parent.map(|parent| self.id(parent));
        let element = one.element(content, parent.as_deref(), plan.reversed);
        Shown::Handshake { number, action: one.action, content, element }
    }

    /// Records as many pages as are left, in transactions of some. Whether that was the whole list.
    fn record(
        &mut self,
        plan: &Plan,
        list: &List,
        recorder: &mut SyncRecorder<'_>,
        asked: DateTime<Utc>,
        pages_left: &mut usize,
    ) -> bool {
        let kept = list.pages.len().min(*pages_left);
        *pages_left -= kept;
        let scope = match list.parent {
            None => Scope::Unrestricted,
            Some(parent) => Scope::ChildrenOf(self.id(parent)),
        };
        for batch in list.pages[..kept].chunks(plan.batch) {
            let pages: Vec<(Scope, Page)> =
                batch.iter().map(|page| (scope.clone(), body(page))).collect();
            recorder.record(pages, asked).unwrap();
            for page in batch {
                self.reference.page(plan.owner, list.parent, page, asked);
                let garbled = page.iter().filter_map(|shown| match shown {
                    Shown::Garbled { number, .. } => Some(*number),
                    _ => None,
                });
                self.garbled.extend(garbled);
            }
        }
        kept == list.pages.len()
    }

    fn id(&self, number: usize) -> String {
        self.world.handshakes[number].id.clone()
    }
}

fn body(shown: &[Shown]) -> Page {
    let elements: Vec<_> = shown
        .iter()
        .map(|one| match one {
            Shown::Handshake { element, .. }
            | Shown::Garbled { element, .. }
            | Shown::Nameless { element } => element,
        })
        .collect();
    Page::read(json!({"Handshakes": elements}).to_string().into_bytes()).unwrap()
}
