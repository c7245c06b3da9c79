//! The organization to which every fault happens, and what undisturbed archives hold of it.

use std::path::PathBuf;

use handshake_archive_simulator::{CERTIFICATE, Organization, Simulator};

use crate::harness::{Sandbox, organization};

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// At the third page of the list, in an archive's first sync.
    First,
    /// At the third page of the list, in a sync that follows a complete one.
    Later,
    /// In such a sync, at the second page of the list of a parent's children.
    Children,
}

pub const MOMENTS: [Moment; 3] = [Moment::First, Moment::Later, Moment::Children];

/// Handshakes a page, as an argument of `sync`.
pub const PAGE: &[&str] = &["--max-results", "5"];
pub const PAGE_SIZE: usize = 5;

/// Pages of the unrestricted list and of the children's list.
const LIST: usize = 5;
const CHILDREN: usize = 2;

/// Pages in all.
pub const PAGES: usize = LIST + CHILDREN;

impl Moment {
    /// Pages that have come when the fault strikes.
    pub fn pages_before(self) -> usize {
        match self {
            Self::First | Self::Later => 2,
            Self::Children => LIST + 1,
        }
    }

    /// The page of [`World::pages`] with which the list begins that the fault strikes.
    pub fn first_page(self) -> usize {
        if self == Self::Children { LIST } else { 0 }
    }
}

/// What AWS shows now, and the archives of those to whom nothing happens.
pub struct World {
    /// Answers truly.
    pub endpoint: Simulator,
    /// The elements of each page, as they are served.
    pub pages: Vec<Vec<String>>,
    /// The content of an archive whose only sync is one of now, and of one that was synced before too.
    first: Vec<String>,
    later: Vec<String>,
    synced_before: Sandbox,
    /// The file of the simulator's certificate.
    pub certificate: PathBuf,
}

impl World {
    pub fn new() -> Self {
        let endpoint = Simulator::start(now());
        let first = Sandbox::new();
        first.sync_with(&endpoint, PAGE).expect(0);
        let synced_before = Sandbox::new();
        synced_before.sync_with(&Simulator::start(before()), PAGE).expect(0);
        let later = Sandbox::new();
        std::fs::copy(synced_before.archive(), later.archive()).unwrap();
        // What stood alone in each of the two lists is gone.
        assert_eq!(later.sync_with(&endpoint, PAGE).expect(0).summary()["gone"], 2);
        let (first, later) = (first.database().content(), later.database().content());
        let certificate = synced_before.path("certificate.pem");
        std::fs::write(&certificate, CERTIFICATE).unwrap();
        Self { endpoint, pages: pages(), first, later, synced_before, certificate }
    }

    /// Puts the archive in place as it is when a sync of this moment begins; none before the first.
    pub fn prepare(&self, sandbox: &Sandbox, moment: Moment) {
        if moment != Moment::First {
            std::fs::copy(self.synced_before.archive(), sandbox.archive()).unwrap();
        }
    }

    /// What the archive holds in the end, if nothing happens.
    pub fn undisturbed(&self, moment: Moment) -> &[String] {
        if moment == Moment::First { &self.first } else { &self.later }
    }

    /// Ids of all that is shown now.
    pub fn shows(&self, id: &str) -> bool {
        let quoted = format!(r#""Id":"{id}""#);
        self.pages.iter().flatten().any(|element| element.contains(&quoted))
    }
}

/// The organization before: a parent with hidden children, 22 invitations, and in each of the two
/// lists one handshake that is shown no more later.
fn before() -> Organization {
    let (mut organization, parent, _, _) = start();
    organization.serve_raw(r#"{"Id":"h-standsalone","State":"OPEN"}"#);
    organization.serve_raw_under(&parent, r#"{"Id":"h-hiddenchild","State":"OPEN"}"#);
    organization
}

/// The organization now: on every page something changed.
pub fn now() -> Organization {
    let (mut organization, _, children, invited) = start();
    invited.iter().step_by(PAGE_SIZE).for_each(|id| organization.accept(id));
    organization.decline(&children[0]);
    organization.decline(&children[PAGE_SIZE]);
    organization.invite_email("new@example.com", None);
    organization
}

fn start() -> (Organization, String, Vec<String>, Vec<String>) {
    let mut organization = organization();
    let members: Vec<String> = (0..7).map(|number| format!("{:012}", 200 + number)).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    let (parent, children) = organization.enable_all_features(&members);
    organization.hide_children_from_unfiltered(true);
    let invited = (0..22)
        .map(|number| organization.invite_email(&format!("owner{number}@example.com"), None))
        .collect();
    (organization, parent, children, invited)
}

fn pages() -> Vec<Vec<String>> {
    let mut organization = now();
    let list = organization.visible();
    organization.hide_children_from_unfiltered(false);
    let children = organization.visible().into_iter().filter(|it| !list.contains(it));
    let children: Vec<_> = children.collect();
    let pages = list.chunks(PAGE_SIZE).chain(children.chunks(PAGE_SIZE));
    let pages: Vec<Vec<String>> =
        pages.map(|page| page.iter().map(|it| it.json.clone()).collect()).collect();
    assert_eq!(pages.len(), PAGES);
    pages
}
