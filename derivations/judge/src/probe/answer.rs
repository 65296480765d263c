//! Reads the file with which a child answers. Whatever lies there, reading does not block, and takes no more memory
//! than an answer can need.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::path::Path;

use crate::dump::Quantity;

/// The number of bytes that are allowed for the header, and for tensors that the child adds for itself.
const HEADER: usize = 1 << 20;

/// The largest number of bytes of an answer. A claim has at most as many numbers as the question, and takes at most
/// eight bytes for each where the question takes two.
pub(super) const fn most_bytes(question: usize) -> usize {
    question.saturating_mul(4 * Quantity::ALL.len()).saturating_add(HEADER)
}

/// Reads a regular file of at most `most` bytes.
pub(super) fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    options.read(true);
    // Opening a pipe without a writer would block.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let file = options.open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if about.len() > most as u64 {
        let length = about.len();
        return Err(io::Error::other(format!(
            "it has {length} bytes, expected at most {most}"
        )));
    }
    let mut bytes = Vec::new();
    file.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
