//! The example of the API page, as it goes over the wire.

use chrono::DateTime;

use crate::organization::Organization;

/// The two handshakes that the documentation of ListHandshakesForOrganization shows, in wire form:
/// timestamps are epoch seconds, the first handshake's with an exponent, the second's plain.
/// Requested 2017-01-13T14:35:23Z, expiring 2017-01-28T14:35:23Z. Both carry the same Arn, as on the page.
/// [API page](https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListHandshakesForOrganization.html)
pub const API_PAGE_EXAMPLE: [&str; 2] = [
    concat!(
        r#"{"Action":"INVITE","#,
        r#""Arn":"arn:aws:organizations::111111111111:handshake/o-exampleorgid/invite/h-examplehandshakeid111","#,
        r#""ExpirationTimestamp":1.485614123E9,"#,
        r#""Id":"h-examplehandshakeid111","#,
        r#""Parties":[{"Id":"o-exampleorgid","Type":"ORGANIZATION"},{"Id":"juan@example.com","Type":"EMAIL"}],"#,
        r#""RequestedTimestamp":1.484318123E9,"#,
        r#""Resources":[{"Resources":["#,
        r#"{"Type":"MASTER_EMAIL","Value":"bill@amazon.com"},"#,
        r#"{"Type":"MASTER_NAME","Value":"Org Master Account"},"#,
        r#"{"Type":"ORGANIZATION_FEATURE_SET","Value":"FULL"}],"#,
        r#""Type":"ORGANIZATION","Value":"o-exampleorgid"},"#,
        r#"{"Type":"EMAIL","Value":"juan@example.com"}],"#,
        r#""State":"OPEN"}"#,
    ),
    concat!(
        r#"{"Action":"INVITE","#,
        r#""Arn":"arn:aws:organizations::111111111111:handshake/o-exampleorgid/invite/h-examplehandshakeid111","#,
        r#""ExpirationTimestamp":1485614123.0,"#,
        r#""Id":"h-examplehandshakeid222","#,
        r#""Parties":[{"Id":"o-exampleorgid","Type":"ORGANIZATION"},{"Id":"anika@example.com","Type":"EMAIL"}],"#,
        r#""RequestedTimestamp":1484318123.0,"#,
        r#""Resources":[{"Resources":["#,
        r#"{"Type":"MASTER_EMAIL","Value":"bill@example.com"},"#,
        r#"{"Type":"MASTER_NAME","Value":"Master Account"}],"#,
        r#""Type":"ORGANIZATION","Value":"o-exampleorgid"},"#,
        r#"{"Type":"EMAIL","Value":"anika@example.com"},"#,
        r#"{"Type":"NOTES","Value":"This is an invitation to Anika's account to join Bill's organization."}],"#,
        r#""State":"ACCEPTED"}"#,
    ),
];

impl Organization {
    /// The organization of the API page, serving exactly [`API_PAGE_EXAMPLE`], a week after its invitations.
    pub fn api_page_example() -> Organization {
        let now = DateTime::from_timestamp(1_484_922_923, 0).unwrap_or_default();
        let mut organization = Organization::new("o-exampleorgid", "111111111111", now);
        for element in API_PAGE_EXAMPLE {
            organization.serve_raw(element);
        }
        organization
    }
}
