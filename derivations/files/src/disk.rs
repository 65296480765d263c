//! Files on disk. They are read up to a limit, and written as a whole or not at all. A lock ensures that one process at
//! a time writes to a folder.

use std::fs::{self, File, FileType, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// The largest file that is read, in bytes: 2 GiB. Reading a pipe that never ends stops here.
pub const MAX_BYTES: u64 = 1 << 31;

/// The name of the file in a folder on which the writing process holds a lock. It stays behind, empty.
pub const LOCK: &str = ".lock";

/// The longest chain of symbolic links that is followed. It is the limit of the operating system.
const MOST_LINKS: usize = 40;

/// Reads all bytes of a file or a pipe.
///
/// # Errors
/// Those of the operating system. Also for more than [`MAX_BYTES`], and for a device, which has no end.
pub fn load(path: &Path) -> io::Result<Vec<u8>> {
    at_most(path, MAX_BYTES)
}

/// Reads a file of at most `most` bytes as text.
///
/// # Errors
/// Those of the operating system. Also for more than `most` bytes, and for text that is not UTF-8.
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

/// Replaces a file, or makes a new one. The bytes are written to a file beside the target and synced, that file is
/// renamed, and the folder is synced. After a crash, either the old file is there or the complete new one.
///
/// A link is followed, even to a file that does not exist yet. A file that is replaced keeps its permissions. A device,
/// a pipe or a folder is refused, because renaming would put a regular file in its place. A read-only file is refused,
/// too.
///
/// # Errors
/// Those of [`expect_writable`] and of the operating system.
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
    // Not every file system can sync a folder. The file is there under its name in any case.
    let _ = File::open(&place.folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Refuses a path to which [`replace`] could not write. A command calls it before it starts long work.
///
/// # Errors
/// For a folder that does not exist or in which no file can be made, and for what [`replace`] refuses to replace.
pub fn expect_writable(path: &Path) -> io::Result<()> {
    Place::of(path)?.beside().map(drop)
}

/// The place where a file will be written, after links were followed.
struct Place {
    target: PathBuf,
    folder: PathBuf,
    /// The permissions of the file that is there, if there is one.
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

    /// Makes a temporary file beside the target. It is deleted when it is dropped.
    fn beside(&self) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        // A temporary file is private by default. This one shall be as readable as any other file that the user makes.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let made = builder.tempfile_in(&self.folder);
        made.map_err(|error| {
            let reason = io::Error::from(error.kind()); // The message leaves out the temporary name, which nobody chose.
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
            Err(_) => return Ok(path), // This is not a link.
        }
    }
    Err(io::Error::other("its links lead nowhere"))
}

/// The right of this process to write to a folder alone. It ends when this is dropped, or when the process ends in any
/// way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Locks a folder. The result is `None` where another process holds the lock. On a file system without locks, every
/// process gets one.
///
/// # Errors
/// Those of the operating system.
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
