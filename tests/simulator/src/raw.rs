//! Elements that a test put into the list as they stand: an example from the documentation, or odd input.

use std::sync::Arc;

use serde_json::Value;

#[derive(Debug)]
pub(crate) struct RawElement {
    pub(crate) json: Arc<str>,
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) action: String,
    /// The only parent under which it is listed; none: it stands in the unfiltered list.
    pub(crate) parent: Option<String>,
}

impl RawElement {
    /// Takes any text. Id, state and action are empty where the text does not show them.
    pub(crate) fn new(json: &str, parent: Option<&str>) -> RawElement {
        let value: Value = serde_json::from_str(json).unwrap_or_default();
        let member = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        RawElement {
            json: json.into(),
            id: member("Id"),
            state: member("State"),
            action: member("Action"),
            parent: parent.map(str::to_owned),
        }
    }
}
