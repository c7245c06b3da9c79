//! What the disk and people do to the file: full, gone, replaced, read-only, its side files astray.

mod displaced;
mod full;
mod paths;
mod side_files;
mod small_disk;
