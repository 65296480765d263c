//! Case files that are too large to be TOML. Only their tables are kept, so that tensors named `x_..`, which no world
//! needs, cost no memory.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use files::disk::MAX_BYTES;
use files::header::{self, Header};
use sha2::{Digest as _, Sha256};

use super::bytes::{expect_toml_size, format_of, from_tensors, hexadecimal, is_toml};
use super::format::MOST_TOML;
use super::loaded::Case;
use crate::error::FileError;

/// The case in a regular file of more than 4 MiB. It is `None` for any other file, which the caller reads whole.
///
/// # Errors
/// Those of [`super::from_bytes`] for the same bytes, and [`FileError::Io`].
pub(super) fn case(name: &str, path: &Path) -> Result<Option<Case>, FileError> {
    let mut file = File::open(path).map_err(unread)?;
    let about = file.metadata().map_err(unread)?;
    let length = about.len();
    if !about.is_file() || length <= MOST_TOML {
        return Ok(None);
    }
    if length > MAX_BYTES {
        return Err(unread(io::Error::other(format!("more than {MAX_BYTES} bytes"))));
    }
    let mut begin = [0; 9];
    file.read_exact(&mut begin)
        .and_then(|()| file.rewind())
        .map_err(unread)?;
    if is_toml(name, &begin) {
        expect_toml_size(length)?;
    }
    tables(name, &mut file, length).map(Some)
}

const fn unread(error: io::Error) -> FileError {
    FileError::Io { doing: "read", error }
}

/// Reads the case in one pass over the file, from its beginning to its end. The digest takes in all its bytes.
fn tables(name: &str, file: &mut File, length: u64) -> Result<Case, FileError> {
    let mut claimed = [0; 8];
    file.read_exact(&mut claimed).map_err(unread)?;
    let mut json = vec![0; header::length(claimed, length - 8)?];
    file.read_exact(&mut json).map_err(unread)?;
    let left = length - 8 - json.len() as u64;
    let header = header::parse(&json, usize::try_from(left).unwrap_or(usize::MAX))?;
    format_of(&header)?;
    let (header, places) = only(header, |name| !name.starts_with("x_"));
    let mut digest = Sha256::new_with_prefix(claimed);
    digest.update(&json);
    let (mut data, mut at) = (Vec::new(), 0);
    for place in &places {
        pass(file, place.start - at, &mut digest).map_err(unread)?;
        let begin = data.len();
        read_exactly(file, place.len(), &mut data).map_err(unread)?;
        digest.update(&data[begin..]);
        at = place.end;
    }
    pass(file, usize::try_from(left).unwrap_or(usize::MAX) - at, &mut digest).map_err(unread)?;
    from_tensors(name, header, &data, hexadecimal(digest))
}

/// Restricts a header to the tensors that are wanted, as if they alone stood one after the other in the data. The
/// second result holds each one's place in the file's data, in the same order.
pub fn only(mut header: Header, wanted: impl Fn(&str) -> bool) -> (Header, Vec<Range<usize>>) {
    header.tensors.retain(|name, _| wanted(name));
    let mut kept: Vec<_> = header.tensors.values_mut().collect();
    kept.sort_by_key(|info| info.data_offsets);
    let (mut places, mut next) = (Vec::new(), 0);
    for info in kept {
        let place = info.data_offsets.0..info.data_offsets.1;
        info.data_offsets = (next, next + place.len());
        next += place.len();
        places.push(place);
    }
    (header, places)
}

/// Reads parts of a file's data and joins them. `data` is the byte of the file at which its data begins, and `places`
/// are relative to it.
///
/// # Errors
/// The operating system's error, or one that says that the parts together are larger than [`MAX_BYTES`].
pub fn gathered(file: &mut (impl Read + Seek), data: u64, places: &[Range<usize>]) -> io::Result<Vec<u8>> {
    let total: u64 = places.iter().map(|place| place.len() as u64).sum();
    if total > MAX_BYTES {
        return Err(io::Error::other(format!("its worlds are more than {MAX_BYTES} bytes")));
    }
    let mut bytes = Vec::new();
    for place in places {
        file.seek(SeekFrom::Start(data + place.start as u64))?;
        read_exactly(file, place.len(), &mut bytes)?;
    }
    Ok(bytes)
}

/// Appends the next `length` bytes of the file. It is an error when the file has become shorter than its header says.
fn read_exactly(file: &mut impl Read, length: usize, bytes: &mut Vec<u8>) -> io::Result<()> {
    if file.by_ref().take(length as u64).read_to_end(bytes)? == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Skips `length` bytes of the file, which still go into the digest.
fn pass(file: &mut File, length: usize, digest: &mut Sha256) -> io::Result<()> {
    const PART: usize = 1 << 16;
    let mut part = Vec::with_capacity(PART.min(length));
    let mut left = length;
    while left > 0 {
        part.clear();
        read_exactly(file, left.min(PART), &mut part)?;
        digest.update(&part);
        left -= part.len();
    }
    Ok(())
}
