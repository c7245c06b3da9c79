//! Where the archive is.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use etcetera::BaseStrategy;

use super::error::CommandError;
use crate::cli::Global;

/// The archive that the user named, else the one in the platform's data directory, whose folder is
/// made (mode 0700) if need be.
///
/// # Errors
/// [`CommandError`], when there is no home directory or the folder cannot be made.
pub fn of_archive(global: &Global) -> Result<PathBuf, CommandError> {
    // An empty variable is one that is not set, as for AWS's own.
    if let Some(path) = global.archive.as_ref().filter(|path| !path.as_os_str().is_empty()) {
        return Ok(path.clone());
    }
    let strategy = etcetera::choose_base_strategy().map_err(|error| {
        CommandError::other("the platform's data directory is not known", &error)
            .hint("give the path of the archive with --archive or HANDSHAKE_ARCHIVE")
    })?;
    let folder = strategy.data_dir().join("handshake-archive");
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| {
        CommandError::other(format!("{} could not be created", folder.display()), &error)
            .hint("give the path of the archive with --archive or HANDSHAKE_ARCHIVE")
    })?;
    Ok(folder.join("archive.db"))
}
