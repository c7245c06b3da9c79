//! What a statement may do: SQLite asks while it compiles it.

use rusqlite::hooks::AuthAction;

/// Functions that reach out of the database. Some are not in this SQLite; none is to appear by an
/// option of how it is built.
const FORBIDDEN_FUNCTIONS: [&str; 7] =
    ["load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "lsdir", "fsdir"];

/// Pragmas that tell something of what is named in their argument.
const ASKING_PRAGMAS: [&str; 9] = [
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "index_xinfo",
    "foreign_key_list",
    "integrity_check",
    "quick_check",
];

/// Pragmas that tell something as long as they have no argument.
const TELLING_PRAGMAS: [&str; 13] = [
    "table_list",
    "database_list",
    "function_list",
    "collation_list",
    "compile_options",
    "application_id",
    "user_version",
    "encoding",
    "page_count",
    "page_size",
    "freelist_count",
    "integrity_check",
    "quick_check",
];

/// What an action is called if it is more than reading; `None` if a query may do it.
pub fn refusal(action: &AuthAction<'_>) -> Option<String> {
    let what = match *action {
        AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => return None,
        AuthAction::Function { function_name } => {
            let forbidden =
                FORBIDDEN_FUNCTIONS.iter().any(|f| f.eq_ignore_ascii_case(function_name));
            return forbidden.then(|| format!("the function {function_name}"));
        }
        AuthAction::Pragma { pragma_name, pragma_value } => {
            let list = match pragma_value {
                Some(_) => &ASKING_PRAGMAS[..],
                None => &TELLING_PRAGMAS[..],
            };
            let allowed = list.iter().any(|pragma| pragma.eq_ignore_ascii_case(pragma_name));
            return (!allowed).then(|| match pragma_value {
                Some(_) => format!("PRAGMA {pragma_name} with a value"),
                None => format!("PRAGMA {pragma_name}"),
            });
        }
        AuthAction::Insert { table_name } => match table_name {
            // What CREATE, DROP and ALTER do first.
            "sqlite_master" | "sqlite_temp_master" => "a change of the schema".to_owned(),
            _ => format!("INSERT into {table_name}"),
        },
        AuthAction::Update { table_name, .. } => format!("UPDATE of {table_name}"),
        AuthAction::Delete { table_name } => match table_name {
            "sqlite_master" | "sqlite_temp_master" => "a change of the schema".to_owned(),
            _ => format!("DELETE from {table_name}"),
        },
        AuthAction::Attach { .. } => "ATTACH (VACUUM too)".to_owned(),
        AuthAction::Detach { .. } => "DETACH".to_owned(),
        AuthAction::Transaction { .. } => "a transaction".to_owned(),
        AuthAction::Savepoint { .. } => "a savepoint".to_owned(),
        AuthAction::Analyze { .. } => "ANALYZE".to_owned(),
        AuthAction::Reindex { .. } => "REINDEX".to_owned(),
        AuthAction::CreateVtable { module_name, .. } => format!("a virtual table of {module_name}"),
        _ => "a change of the schema".to_owned(),
    };
    Some(what)
}
