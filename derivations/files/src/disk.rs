//! Files: read with a limit, written whole or not at all, in a folder that one process at a time writes to.

use std::fs::{self, File, FileType, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// The largest file that is read, 2 GiB; a pipe that never ends stops here.
pub const MAX_BYTES: u64 = 1 << 31;

/// The file in a folder that is locked by who writes there; it stays behind, empty.
pub const LOCK: &str = ".lock";

/// The most links that are followed from one to the next, as the operating system's own limit.
const MOST_LINKS: usize = 40;

/// The bytes of a file or a pipe.
///
/// # Errors
/// The operating system's; for more than [`MAX_BYTES`]; for a device, which has no end.
pub fn load(path: &Path) -> io::Result<Vec<u8>> {
    at_most(path, MAX_BYTES)
}

/// A file's text.
///
/// # Errors
/// The operating system's; for more than so many bytes, and for what is no UTF-8.
pub fn text(path: &Path, most: u64) -> io::Result<String> {
    String::from_utf8(at_most(path, most)?)
        .map_err(|error| io::Error::other(format!("byte {} is not UTF-8", error.utf8_error().valid_up_to())))
}

fn at_most(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if is_device(&file.metadata()?.file_type()) {
        return Err(io::Error::other("it is a device, expected a file or a pipe"));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        Ok(bytes)
    } else {
        Err(io::Error::other(format!("more than {most} bytes")))
    }
}

#[cfg(unix)]
fn is_device(kind: &FileType) -> bool {
    use std::os::unix::fs::FileTypeExt;
    kind.is_char_device() || kind.is_block_device()
}

#[cfg(not(unix))]
const fn is_device(_kind: &FileType) -> bool {
    false
}

/// Writes beside the target, syncs, renames, and syncs the folder: after a crash the old file is there or the new one, whole.
///
/// A link is followed, also where it leads to nothing yet. A file that is replaced keeps its permissions. What is there and is no regular file
/// (a device, a pipe, a folder) is refused, since renaming would put a file in its place, and so is a file that is read-only.
///
/// # Errors
/// As [`expect_writable`]; the operating system's.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let place = Place::of(path)?;
    let mut beside = place.beside()?;
    let file = beside.as_file_mut();
    file.write_all(bytes)?;
    if let Some(permissions) = place.permissions {
        file.set_permissions(permissions)?;
    }
    file.sync_all()?;
    beside.persist(&place.target).map_err(|error| error.error)?;
    // Not every file system can sync a folder; the file is there under its name in any case.
    let _ = File::open(&place.folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Refuses, before any work is done, a place where nothing can be written.
///
/// # Errors
/// A folder that is not there or that no file can be made in; what [`replace`] refuses to replace.
pub fn expect_writable(path: &Path) -> io::Result<()> {
    Place::of(path)?.beside().map(drop)
}

/// Where a file will be written.
struct Place {
    target: PathBuf,
    folder: PathBuf,
    /// Those of the file that is there.
    permissions: Option<Permissions>,
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        let target = at_the_end_of_links(path)?;
        let about = match fs::metadata(&target) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => None,
            about => Some(about?),
        };
        if about.as_ref().is_some_and(|about| !about.is_file()) {
            return Err(io::Error::other("it exists and is no regular file"));
        }
        let permissions = about.map(|about| about.permissions());
        if permissions.as_ref().is_some_and(Permissions::readonly) {
            return Err(io::Error::other("it exists and is read-only"));
        }
        let parent = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = parent.unwrap_or(Path::new(".")).to_path_buf();
        if !folder.is_dir() {
            return Err(io::Error::other(format!("there is no folder {}", folder.display())));
        }
        let name = target.file_name();
        let name = name.ok_or_else(|| io::Error::other("it names no file"))?;
        Ok(Self {
            target: folder.join(name),
            folder,
            permissions,
        })
    }

    /// A file beside the target, which goes when it is dropped.
    fn beside(&self) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        // A temporary file is private by default; these are as readable as any other that the user makes.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let made = builder.tempfile_in(&self.folder);
        made.map_err(|error| {
            let reason = io::Error::from(error.kind()); // without the temporary name, which nobody gave
            io::Error::new(
                error.kind(),
                format!("no file can be made in {}, {reason}", self.folder.display()),
            )
        })
    }
}

fn at_the_end_of_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..=MOST_LINKS {
        match fs::read_link(&path) {
            Ok(next) => path = path.parent().unwrap_or(Path::new("")).join(next),
            Err(_) => return Ok(path), // it is no link
        }
    }
    Err(io::Error::other("its links lead nowhere"))
}

/// A folder that this process alone writes to, until this is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Locks a folder; nothing where another process holds it. On a file system without locks every process is given one.
///
/// # Errors
/// The operating system's.
pub fn lock(folder: &Path) -> io::Result<Option<Lock>> {
    let file = OpenOptions::new().append(true).create(true).open(folder.join(LOCK))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => Err(error),
        _ => Ok(Some(Lock { _file: file })),
    }
}

#[cfg(test)]
mod tests;
