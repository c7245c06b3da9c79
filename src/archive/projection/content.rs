//! What a content says in the columns of the tables.

use std::slice;

use crate::archive::timestamp::timestamp;
use crate::handshake::{Arn, Handshake, Instant, Party, Resource, organization_id};

/// The columns of `handshakes` that come from the content alone.
#[derive(Debug)]
pub struct Content<'a> {
    /// The handshake, with its parties.
    pub handshake: &'a Handshake<'a>,
    /// Its ARN, where it has one of the known form.
    pub arn: Option<Arn<'a>>,
    /// The organization that it belongs to: by its ARN, else by its party or resource.
    pub organization_id: Option<String>,
    /// UTC, in the form of the archive.
    pub requested_at: Option<String>,
    /// UTC, in the form of the archive.
    pub expires_at: Option<String>,
}

impl<'a> Content<'a> {
    /// Reads the columns off a handshake.
    pub fn of(handshake: &'a Handshake<'a>) -> Self {
        let arn = handshake.arn().and_then(Arn::parse);
        let organization_id = match &arn {
            Some(arn) => Some(arn.organization_id.clone()),
            None => named_organization(handshake),
        };
        Self {
            handshake,
            arn,
            organization_id,
            requested_at: text(handshake.requested()),
            expires_at: text(handshake.expires()),
        }
    }

    /// To which account it went.
    pub fn account(&self) -> Option<&str> {
        self.handshake.counterpart("ACCOUNT")
    }

    /// To which address it went.
    pub fn email(&self) -> Option<&str> {
        self.handshake.counterpart("EMAIL")
    }

    /// The tree of resources as rows.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        Nodes {
            handshake: self.handshake,
            levels: vec![Level { parent_ordinal: None, rest: self.handshake.resources().iter() }],
            ordinal: 0,
        }
    }
}

fn named_organization(handshake: &Handshake<'_>) -> Option<String> {
    let parties = handshake.parties().iter().map(|party| (party.kind(), party.id()));
    let resources =
        handshake.resources().iter().map(|resource| (resource.kind(), resource.value()));
    parties.chain(resources).find_map(|named| match named {
        (Some("ORGANIZATION"), Some(id)) if !id.is_empty() => Some(organization_id(id)),
        _ => None,
    })
}

fn text(instant: Option<&Instant>) -> Option<String> {
    instant.and_then(Instant::to_datetime).map(timestamp)
}

/// A resource with its place in the tree, numbered in pre-order.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    /// Its number: 0, 1, …
    pub ordinal: i64,
    /// The number of the resource that it is nested in.
    pub parent_ordinal: Option<i64>,
    /// 0 on the first level.
    pub depth: i64,
    /// The resource.
    pub resource: &'a Resource<'a>,
    /// Whether it names an account or address that no party names.
    pub beyond_parties: bool,
}

/// Siblings that wait for their numbers.
struct Level<'a> {
    parent_ordinal: Option<i64>,
    rest: slice::Iter<'a, Resource<'a>>,
}

struct Nodes<'a> {
    handshake: &'a Handshake<'a>,
    /// From the first level to the one that is being read.
    levels: Vec<Level<'a>>,
    ordinal: i64,
}

impl<'a> Iterator for Nodes<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        loop {
            let depth = self.levels.len().checked_sub(1)?;
            let Level { parent_ordinal, rest } = &mut self.levels[depth];
            let parent_ordinal = *parent_ordinal;
            let Some(resource) = rest.next() else {
                self.levels.pop();
                continue;
            };
            let ordinal = self.ordinal;
            self.ordinal += 1;
            if !resource.resources().is_empty() {
                let rest = resource.resources().iter();
                self.levels.push(Level { parent_ordinal: Some(ordinal), rest });
            }
            let beyond_parties = is_beyond_parties(self.handshake, resource);
            let depth = depth as i64;
            return Some(Node { ordinal, parent_ordinal, depth, resource, beyond_parties });
        }
    }
}

/// The types of resources whose values are accounts and addresses, but for those that an organization says of
/// itself in all that it sends.
const NAMING: [&str; 4] = ["ACCOUNT", "EMAIL", "MANAGEMENT_ACCOUNT", "MANAGEMENT_EMAIL"];

fn is_beyond_parties(handshake: &Handshake<'_>, resource: &Resource<'_>) -> bool {
    let Some(value) = resource.value() else {
        return false;
    };
    // Compared as the collation NOCASE does.
    let names = |party: &Party<'_>| {
        party.kind() != Some("ORGANIZATION")
            && party.id().is_some_and(|id| id.eq_ignore_ascii_case(value))
    };
    resource.kind().is_some_and(|kind| NAMING.contains(&kind))
        && !handshake.parties().iter().any(names)
}
