//! Where the archive is.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use etcetera::BaseStrategy;

use super::error::CommandError;
use crate::cli::Global;

const ANOTHER: &str = "give the path of the archive with --archive or HANDSHAKE_ARCHIVE";

/// The archive that the user named, else the one in the platform's data directory, whose folder is
/// made (mode 0700) if need be.
///
/// # Errors
/// [`CommandError`], when there is no home directory or the folder cannot be made.
pub fn of_archive(global: &Global) -> Result<PathBuf, CommandError> {
    let path = find(global)?;
    if named(global).is_none()
        && let Some(folder) = path.parent()
    {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
            CommandError::other(format!("{} could not be created", folder.display()), &error)
                .hint(ANOTHER)
        })?;
    }
    Ok(path)
}

/// The same, without making anything.
///
/// # Errors
/// [`CommandError`], when there is no home directory.
pub fn find(global: &Global) -> Result<PathBuf, CommandError> {
    if let Some(path) = named(global) {
        return Ok(path.clone());
    }
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        CommandError::other("the platform's data directory is not known", &error).hint(ANOTHER)
    })?;
    Ok(strategy.data_dir().join("handshake-archive").join("archive.db"))
}

/// The archive that the user named. An empty variable is one that is not set, as for AWS's own.
fn named(global: &Global) -> Option<&PathBuf> {
    global.archive.as_ref().filter(|path| !path.as_os_str().is_empty())
}
