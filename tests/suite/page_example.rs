//! The API page's own example, on the wire and in the archive.

use handshake_archive_simulator::{API_PAGE_EXAMPLE, Organization, Simulator};

use crate::harness::Sandbox;

#[test]
fn the_api_pages_example_is_archived_to_the_byte() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(Organization::api_page_example());

    let run = sandbox.sync(&simulator);

    let summary = run.expect(0).summary();
    for (key, value) in [
        ("listed", 2),
        ("added", 2),
        ("changed", 0),
        ("gone", 0),
        ("quarantined", 0),
        ("sequence", 1),
    ] {
        assert_eq!(summary[key], value, "{key} in {summary}");
    }
    assert_eq!(summary["outcome"], "complete");
    assert_eq!(summary["organization_id"], "o-exampleorgid");
    assert_eq!(run.stderr, "");

    let database = sandbox.database();
    database.assert_sound();
    assert_eq!(
        database.lines(
            "SELECT id, state, action, requested_at, expires_at FROM handshakes ORDER BY id"
        ),
        [
            "h-examplehandshakeid111|OPEN|INVITE|2017-01-13T14:35:23.000Z|2017-01-28T14:35:23.000Z",
            "h-examplehandshakeid222|ACCEPTED|INVITE|2017-01-13T14:35:23.000Z|2017-01-28T14:35:23.000Z",
        ]
    );
    assert_eq!(
        database.number("SELECT count(DISTINCT arn) FROM handshakes"),
        1,
        "they share one Arn"
    );
    assert_eq!(database.number("SELECT count(*) FROM parties"), 4);
    assert_eq!(
        database.lines(
            "SELECT id, count(*), sum(parent_ordinal IS NOT NULL) FROM handshakes JOIN resources USING (handshake_id) GROUP BY id ORDER BY id"
        ),
        ["h-examplehandshakeid111|5|3", "h-examplehandshakeid222|5|2"]
    );
    assert_eq!(
        database.texts("SELECT payload FROM handshake_versions ORDER BY handshake_id"),
        API_PAGE_EXAMPLE,
        "the payload is what was served, to the byte"
    );
}

#[test]
fn the_api_pages_example_reads_naturally_in_sql() {
    let sandbox = Sandbox::new();
    let simulator = Simulator::start(Organization::api_page_example());
    sandbox.sync(&simulator).expect(0);
    let database = sandbox.database();
    assert_eq!(
        database.lines("SELECT h.id, p.party_id FROM handshakes AS h JOIN parties AS p USING (handshake_id) WHERE p.type = 'EMAIL' ORDER BY 1"),
        ["h-examplehandshakeid111|juan@example.com", "h-examplehandshakeid222|anika@example.com"]
    );
    assert_eq!(
        database.lines("SELECT id, invited_email, management_name, management_email, notes FROM invitations ORDER BY id"),
        [
            "h-examplehandshakeid111|juan@example.com|Org Master Account|bill@amazon.com|NULL",
            "h-examplehandshakeid222|anika@example.com|Master Account|bill@example.com|This is an invitation to Anika's account to join Bill's organization.",
        ]
    );
    assert_eq!(
        database.lines("SELECT path, depth, value FROM resource_tree WHERE id = 'h-examplehandshakeid111' ORDER BY ordinal"),
        [
            "ORGANIZATION|0|o-exampleorgid",
            "ORGANIZATION/MASTER_EMAIL|1|bill@amazon.com",
            "ORGANIZATION/MASTER_NAME|1|Org Master Account",
            "ORGANIZATION/ORGANIZATION_FEATURE_SET|1|FULL",
            "EMAIL|0|juan@example.com",
        ]
    );
    assert_eq!(
        database
            .lines("SELECT organization_id, partition, management_account_id FROM organizations"),
        ["o-exampleorgid|aws|111111111111"]
    );
}
