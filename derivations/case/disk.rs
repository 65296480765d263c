//! Files, whole or not at all.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::{CaseError, MAX_BYTES};

pub(crate) fn load(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= MAX_BYTES) {
        Ok(bytes)
    } else {
        Err(io::Error::other(format!("more than {MAX_BYTES} bytes")))
    }
}

/// Writes beside the target, then renames. A link is followed; what is there and is no regular file (a device, a pipe, a folder)
/// is refused, since renaming would put a file in its place.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), CaseError> {
    let write = || {
        let (target, folder) = target(path)?;
        let mut builder = tempfile::Builder::new();
        // A temporary file is private by default; a case file is as readable as any other that the user makes.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(&folder)?;
        file.write_all(bytes)?;
        file.persist(&target)?;
        Ok(())
    };
    write().map_err(|error| CaseError::Io {
        doing: "written",
        error,
    })
}

/// The file that a path leads to and its folder, which is there.
fn target(path: &Path) -> io::Result<(PathBuf, PathBuf)> {
    let target = if path.exists() {
        path.canonicalize()?
    } else {
        path.to_path_buf()
    };
    if path.exists() && !target.is_file() {
        return Err(io::Error::other("it exists and is no regular file"));
    }
    let parent = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new(".")).to_path_buf();
    if !folder.is_dir() {
        return Err(io::Error::other(format!("there is no folder {}", folder.display())));
    }
    Ok((target, folder))
}

/// Refuses, before any work is done, a place where nothing can be written.
///
/// # Errors
/// [`CaseError::Io`] within [`CaseError::In`].
pub fn expect_writable(path: &Path) -> Result<(), CaseError> {
    let doing = "written";
    let (name, found) = (path.display().to_string(), target(path));
    found
        .map(|_| ())
        .map_err(|error| CaseError::Io { doing, error }.in_file(&name))
}
