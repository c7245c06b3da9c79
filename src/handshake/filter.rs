//! What a list of handshakes is restricted to.

/// The `Filter` of `ListHandshakesForOrganization`. AWS takes one restriction at most.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Filter {
    /// Everything.
    #[default]
    None,
    /// Handshakes of one action, such as `INVITE`.
    ActionType(String),
    /// The children of one handshake, by its Id.
    ParentHandshakeId(String),
}

impl Filter {
    /// The action, where the list is restricted to one.
    pub fn action_type(&self) -> Option<&str> {
        match self {
            Self::ActionType(action) => Some(action),
            Self::None | Self::ParentHandshakeId(_) => None,
        }
    }

    /// The parent's Id, where the list is restricted to its children.
    pub fn parent_handshake_id(&self) -> Option<&str> {
        match self {
            Self::ParentHandshakeId(parent) => Some(parent),
            Self::None | Self::ActionType(_) => None,
        }
    }
}

/// The actions that AWS documents and takes for a filter.
pub const ACTION_TYPES: [&str; 5] = [
    "INVITE",
    "ENABLE_ALL_FEATURES",
    "APPROVE_ALL_FEATURES",
    "ADD_ORGANIZATIONS_SERVICE_LINKED_ROLE",
    "TRANSFER_RESPONSIBILITY",
];

/// Whether a text is the Id of a handshake: `h-` and 8 to 32 lower-case letters or digits (API
/// page, `ParentHandshakeId`).
pub fn is_handshake_id(text: &str) -> bool {
    text.strip_prefix("h-").is_some_and(|rest| {
        (8..=32).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::is_handshake_id;

    #[test]
    fn an_id_is_what_the_api_page_says() {
        for (text, valid) in [
            ("h-examplehandshakeid111", true),
            ("h-12345678", true),
            ("h-1234567", false),
            ("h-12345678901234567890123456789012", true),
            ("h-123456789012345678901234567890123", false),
            ("H-12345678", false),
            ("h-1234567A", false),
            ("h-1234567\u{e9}", false),
            ("12345678", false),
            ("", false),
        ] {
            assert_eq!(is_handshake_id(text), valid, "{text}");
        }
    }
}
