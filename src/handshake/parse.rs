//! From one element of a list to a handshake, or to the reason why it is none.

use super::exact::RawMembers;
use super::model::Handshake;

/// An element that could not be read as a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong with it, for people.
    pub reason: String,
    /// Its Id, if at least that can be read: AWS showed that handshake, though not what is in it.
    pub id: Option<String>,
}

/// Reads one element of a list.
///
/// # Errors
/// [`Unreadable`], when the element is no object, has no Id, names a member twice, has a member of
/// the wrong JSON type, nests deeper than the parser allows (128 levels of JSON, which is 63 levels
/// of resources), or is not UTF-8.
pub fn parse(element: &[u8]) -> Result<Handshake<'_>, Unreadable> {
    let text = std::str::from_utf8(element)
        .map_err(|error| Unreadable { reason: format!("not UTF-8: {error}"), id: None })?;
    let handshake: Handshake<'_> = serde_json::from_str(text)
        .map_err(|error| Unreadable { reason: explain(&error), id: readable_id(text) })?;
    if handshake.id().is_empty() {
        return Err(Unreadable { reason: "the handshake has no Id".to_owned(), id: None });
    }
    Ok(handshake)
}

fn explain(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.starts_with("recursion limit exceeded") {
        format!("nested more deeply than the parser allows (128 levels of JSON): {text}")
    } else {
        text
    }
}

fn readable_id(text: &str) -> Option<String> {
    let members: RawMembers<'_> = serde_json::from_str(text).ok()?;
    let id: String = serde_json::from_str(members.get("Id")?.get()).ok()?;
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn every_member_but_the_id_may_be_missing_or_null() {
        let bare = parse(br#"{"Id":"h-1"}"#).expect("bare");
        assert_eq!((bare.id(), bare.state(), bare.parties().len()), ("h-1", None, 0));
        let nulls = parse(
            br#"{"Id":"h-1","Arn":null,"Parties":null,"State":null,"RequestedTimestamp":null,
                "ExpirationTimestamp":null,"Action":null,"Resources":null}"#,
        )
        .expect("nulls");
        assert_eq!((nulls.arn(), nulls.resources().len()), (None, 0));
    }

    #[test]
    fn values_that_are_new_are_text() {
        let handshake = parse(
            br#"{"Id":"h-1","State":"PONDERING","Action":"MERGE","New":{"a":[1]},
                "Parties":[{"Id":"x","Type":"PLANET","Moons":2}],
                "Resources":[{"Type":"ORBIT","Value":"\u0000","Resources":[{"Type":"MASS"}]}]}"#,
        )
        .expect("unknown values are no error");
        assert_eq!(handshake.state(), Some("PONDERING"));
        assert_eq!(handshake.parties()[0].kind(), Some("PLANET"));
        assert_eq!(handshake.resources()[0].value(), Some("\0"));
        assert_eq!(handshake.resources()[0].resources()[0].kind(), Some("MASS"));
    }

    #[test]
    fn what_is_no_handshake_is_told_with_its_id_where_that_can_be_read() {
        for (element, reason, id) in [
            ("null", "expected a handshake", None),
            ("7", "expected a handshake", None),
            ("[]", "expected a handshake", None),
            ("{}", "has no Id", None),
            (r#"{"Id":""}"#, "has no Id", None),
            (r#"{"Id":null,"State":"OPEN"}"#, "has no Id", None),
            (r#"{"Id":5}"#, "expected a string", None),
            (r#"{"Id":"h-1","State":5}"#, "expected a string", Some("h-1")),
            (r#"{"Id":"h-1","Parties":{}}"#, "expected a sequence", Some("h-1")),
            (r#"{"Id":"h-1","Parties":[null]}"#, "expected a party", Some("h-1")),
            (r#"{"Id":"h-1","RequestedTimestamp":"soon"}"#, "a time must be", Some("h-1")),
            (r#"{"Id":"h-1","State":"OPEN","State":"OPEN"}"#, "there twice", None),
            (r#"{"Id":"h-1","New":1,"New":1}"#, "there twice", None),
            (r#"{"Id":"h-1","New":{"a":1,"a":1}}"#, "named twice", Some("h-1")),
            (r#"{"Id":"h-1","State":"\ud800"}"#, "hex escape", Some("h-1")),
        ] {
            let unreadable = parse(element.as_bytes()).expect_err(element);
            assert!(unreadable.reason.contains(reason), "{element}: {}", unreadable.reason);
            assert_eq!(unreadable.id.as_deref(), id, "{element}");
        }
        let unreadable = parse(b"{\"Id\":\"h-\xff\"}").expect_err("not UTF-8");
        assert!(unreadable.reason.contains("not UTF-8"), "{}", unreadable.reason);
    }

    #[test]
    fn resources_nest_sixty_deep_and_a_deeper_nesting_is_told() {
        let nested = |depth: usize| {
            let open = r#"[{"Type":"T","Value":"v","Resources":"#.repeat(depth);
            format!(r#"{{"Id":"h-1","Resources":{open}null{}}}"#, "}]".repeat(depth))
        };
        let deep = nested(60);
        let mut resources = parse(deep.as_bytes()).expect("60 levels").resources().to_vec();
        let mut depth = 0;
        while let Some(resource) = resources.pop() {
            depth += 1;
            resources = resource.resources().to_vec();
        }
        assert_eq!(depth, 60);
        for depth in [64, 5000] {
            let unreadable = parse(nested(depth).as_bytes()).expect_err("too deep");
            assert!(unreadable.reason.contains("nested more deeply"), "{}", unreadable.reason);
            assert_eq!(unreadable.id.as_deref(), Some("h-1"));
        }
        let unknown = format!(r#"{{"Id":"h-1","New":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
        let unreadable = parse(unknown.as_bytes()).expect_err("too deep");
        assert!(unreadable.reason.contains("nested more than"), "{}", unreadable.reason);
    }
}
