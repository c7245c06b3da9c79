//! Who and what a handshake belongs to, read from data that AWS writes in more than one way.

use super::model::{Handshake, Resource};

/// What the ARN of a handshake tells.
///
/// Its form is `arn:<partition>:organizations::<management account>:handshake/<organization>/…`
/// (Service Authorization Reference, AWS Organizations).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arn<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov` or another partition.
    pub partition: &'a str,
    /// The account id of the management account.
    pub management_account_id: &'a str,
    /// The organization's id, with `o-`.
    pub organization_id: String,
}

impl<'a> Arn<'a> {
    /// Reads the ARN of a handshake; `None` if it has another form.
    pub fn parse(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (_region, management_account_id, resource) =
            (parts.next()?, parts.next()?, parts.next()?);
        let organization = resource.strip_prefix("handshake/")?.split('/').next()?;
        if scheme != "arn" || service != "organizations" || organization.is_empty() {
            return None;
        }
        Some(Self {
            partition,
            management_account_id,
            organization_id: organization_id(organization),
        })
    }
}

impl Handshake<'_> {
    /// To whom the handshake went, of a type (`ACCOUNT`, `EMAIL`): the first party of that type that
    /// has an Id, else the first resource of that type on the first level that has a value. The
    /// organization's own account and address stand deeper, under other types.
    pub fn counterpart(&self, kind: &str) -> Option<&str> {
        let mut parties = self.parties().iter().filter(|party| party.kind() == Some(kind));
        let mut resources = self.resources().iter().filter(|other| other.kind() == Some(kind));
        parties.find_map(|party| party.id()).or_else(|| resources.find_map(|other| other.value()))
    }
}

/// An organization's id with `o-`, which AWS leaves out in some places.
pub fn organization_id(id: &str) -> String {
    with_prefix("o-", id)
}

/// The Id of the handshake that this one is a child of, from its `PARENT_HANDSHAKE` resource, at
/// whatever level it stands; with `h-`, which AWS leaves out there.
pub fn parent_handshake_id(handshake: &Handshake<'_>) -> Option<String> {
    parent_among(handshake.resources()).map(|value| with_prefix("h-", value))
}

/// The parser bounds how deep they nest.
fn parent_among<'a>(resources: &'a [Resource<'_>]) -> Option<&'a str> {
    resources.iter().find_map(|resource| match (resource.kind(), resource.value()) {
        (Some("PARENT_HANDSHAKE"), Some(value)) if !value.is_empty() => Some(value),
        _ => parent_among(resource.resources()),
    })
}

fn with_prefix(prefix: &str, id: &str) -> String {
    if id.starts_with(prefix) { id.to_owned() } else { format!("{prefix}{id}") }
}

#[cfg(test)]
mod tests {
    use super::{Arn, organization_id, parent_handshake_id};
    use crate::handshake::parse;

    #[test]
    fn an_arn_of_any_partition_tells_the_organization() {
        for (arn, partition, account, organization) in [
            (
                "arn:aws:organizations::111111111111:handshake/o-exampleorgid/invite/h-examplehandshakeid111",
                "aws",
                "111111111111",
                "o-exampleorgid",
            ),
            (
                "arn:aws-cn:organizations::222222222222:handshake/o-cn/invite/h-1",
                "aws-cn",
                "222222222222",
                "o-cn",
            ),
            ("arn:aws-eusc:organizations::3:handshake/bare/invite/h-1", "aws-eusc", "3", "o-bare"),
        ] {
            let read = Arn::parse(arn).expect(arn);
            assert_eq!(read.partition, partition);
            assert_eq!(read.management_account_id, account);
            assert_eq!(read.organization_id, organization);
        }
    }

    #[test]
    fn what_is_no_arn_of_a_handshake_tells_nothing() {
        for arn in [
            "",
            "arn",
            "arn:aws:iam::1:user/x",
            "arn:aws:organizations::1:account/o-x/1",
            "arn:aws:organizations::1:handshake/",
        ] {
            assert_eq!(Arn::parse(arn), None, "{arn}");
        }
    }

    #[test]
    fn whom_a_handshake_went_to_is_its_party_or_else_its_resource() {
        let to = |json: &str| {
            let handshake = parse(json.as_bytes()).expect(json);
            let owned = |kind| handshake.counterpart(kind).map(str::to_owned);
            (owned("ACCOUNT"), owned("EMAIL"))
        };
        let (account, email) = to(
            r#"{"Id":"h-1","Parties":[{"Id":"o","Type":"ORGANIZATION"},{"Type":"EMAIL"},{"Id":"p@x","Type":"EMAIL"}],
                "Resources":[{"Type":"EMAIL","Value":"r@x"},{"Type":"ACCOUNT","Value":"012345678901"},
                             {"Type":"ORGANIZATION","Resources":[{"Type":"ACCOUNT","Value":"deeper"}]}]}"#,
        );
        assert_eq!(email.as_deref(), Some("p@x"), "the party goes before the resource");
        assert_eq!(account.as_deref(), Some("012345678901"));
        assert_eq!(
            to(
                r#"{"Id":"h-1","Resources":[{"Type":"O","Resources":[{"Type":"EMAIL","Value":"x"}]}]}"#
            ),
            (None, None)
        );
    }

    #[test]
    fn prefixes_that_aws_leaves_out_are_put_back() {
        assert_eq!(organization_id("exampleorgid"), "o-exampleorgid");
        assert_eq!(organization_id("o-exampleorgid"), "o-exampleorgid");
        for value in ["examplehandshakeid", "h-examplehandshakeid"] {
            let json = format!(
                r#"{{"Id":"h-2","Resources":[{{"Type":"ORGANIZATION","Value":"o-1",
                    "Resources":[{{"Type":"PARENT_HANDSHAKE","Value":"{value}"}}]}}]}}"#
            );
            let handshake = parse(json.as_bytes()).expect("a handshake");
            assert_eq!(parent_handshake_id(&handshake).as_deref(), Some("h-examplehandshakeid"));
        }
        let none = parse(br#"{"Id":"h-2","Resources":[{"Type":"PARENT_HANDSHAKE"}]}"#);
        assert_eq!(parent_handshake_id(&none.expect("a handshake")), None);
    }
}
