//! The header of a safetensors file: eight bytes of length, JSON, then the data.
//!
//! It is read here and not by `SafeTensors::deserialize` (0.8.0). That function keeps the last of two equal keys in
//! silence, for tensors as for metadata. It refuses sizes that overflow, as this reader does, but its messages say
//! neither what was found nor what was expected.

use std::collections::BTreeMap;
use std::fmt;

use safetensors::tensor::TensorInfo;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use crate::words::{one_line, quoted, without_types};

/// The reason why the header of a file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a safetensors file, {reason}")]
pub struct HeaderError {
    /// What is wrong with the header.
    pub reason: String,
}

/// The contents of a header. Every size has been checked against the bytes that are there.
#[derive(Debug, Default)]
pub struct Header {
    /// The strings under the key `__metadata__`.
    pub metadata: BTreeMap<String, String>,
    /// The tensors by name. Their `data_offsets` lie within the data and agree with dtype and shape.
    pub tensors: BTreeMap<String, TensorInfo>,
}

impl Header {
    /// The description of a tensor, and its bytes in the file's data. It is `None` where no tensor has this name.
    #[must_use]
    pub fn tensor<'a>(&self, name: &str, data: &'a [u8]) -> Option<(&TensorInfo, &'a [u8])> {
        let info = self.tensors.get(name)?;
        let (begin, end) = info.data_offsets;
        Some((info, data.get(begin..end)?))
    }
}

/// The longest header that is read, in bytes. The format's own reader has the same limit.
pub const MOST_HEADER: u64 = 100_000_000;

/// Joins the bytes of a file: the length of the header, the header padded with blanks to a multiple of eight bytes, and
/// the data.
#[must_use]
pub fn framed(mut json: Vec<u8>, data: &[u8]) -> Vec<u8> {
    json.resize(json.len().next_multiple_of(8), b' ');
    [&(json.len() as u64).to_le_bytes()[..], &json, data].concat()
}

/// Splits a file into its header and its data.
///
/// # Errors
/// [`HeaderError`] when the header is malformed or disagrees with the bytes that are there.
pub fn read(bytes: &[u8]) -> Result<(Header, &[u8]), HeaderError> {
    let Some((claimed, rest)) = bytes.split_first_chunk::<8>() else {
        return refuse(format!(
            "its length is {} bytes, expected at least 8 for the length of the header",
            bytes.len()
        ));
    };
    let (json, data) = rest.split_at(length(*claimed, rest.len() as u64)?);
    Ok((parse(json, data.len())?, data))
}

/// What a file is that is no safetensors file, by its first bytes, and how its numbers become one. It is `None` for
/// bytes that say nothing.
#[must_use]
pub fn foreign(begin: &[u8]) -> Option<String> {
    let (what, load) = match begin {
        [b'P', b'K', 3, 4, ..] => (
            "a zip archive, as NumPy's .npz and PyTorch's .pt are",
            "a = numpy.load(FILE)` or `a = torch.load(FILE)",
        ),
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => {
            ("NumPy's .npy, one array without a name", "a = {NAME: numpy.load(FILE)}")
        }
        [0x80, 2..=5, ..] => ("a pickle", "a = torch.load(FILE)"),
        [b'{' | b'[', ..] => ("JSON", "a = json.load(open(FILE))"),
        _ if begin.len() >= 8
            && begin[..8]
                .iter()
                .all(|byte| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')) =>
        {
            ("text", "a = {NAME: numpy.loadtxt(FILE, delimiter=\",\")}")
        }
        _ => return None,
    };
    Some(format!(
        "it is {what}: `{load}` reads it, and elbo_dump.py writes it, a dump by `d = Dump(..); d.input(NAME, a[NAME])`, worlds by `write_case(OUT, **a)`"
    ))
}

/// The length of the header that the first eight bytes claim. It is at most `follow`, the number of bytes after them,
/// and at most [`MOST_HEADER`].
///
/// # Errors
/// [`HeaderError`] for a longer header.
pub fn length(claimed: [u8; 8], follow: u64) -> Result<usize, HeaderError> {
    let begin = claimed;
    let claimed = u64::from_le_bytes(claimed);
    let most = follow.min(MOST_HEADER);
    let length = usize::try_from(claimed).ok().filter(|_| claimed <= most);
    length.map_or_else(
        || {
            let most = if most == follow {
                format!("the {follow} that follow")
            } else {
                most.to_string()
            };
            refuse(
                foreign(&begin)
                    .unwrap_or_else(|| format!("its header claims {claimed} bytes, expected at most {most}")),
            )
        },
        Ok,
    )
}

/// Reads the JSON of a header. `data` is the number of bytes after it.
///
/// # Errors
/// Those of [`read`].
pub fn parse(json: &[u8], data: usize) -> Result<Header, HeaderError> {
    let json = std::str::from_utf8(json)
        .or_else(|error| refuse(format!("byte {} of its header is not UTF-8", error.valid_up_to())))?;
    let mut reader = serde_json::Deserializer::from_str(json);
    let header = reader
        .deserialize_map(Header::default())
        .and_then(|header| reader.end().map(|()| header))
        .or_else(|error| {
            refuse(format!(
                "its header is not as expected: {}",
                one_line(&without_types(&error.to_string()))
            ))
        })?;
    check_offsets(&header, data)?;
    Ok(header)
}

const fn refuse<T>(reason: String) -> Result<T, HeaderError> {
    Err(HeaderError { reason })
}

/// Checks that the tensors follow one another without gap or overlap up to the last byte, and that each is as long as
/// its dtype and shape ask for.
fn check_offsets(header: &Header, available: usize) -> Result<(), HeaderError> {
    let mut tensors: Vec<_> = header.tensors.iter().collect();
    tensors.sort_by_key(|(_, info)| info.data_offsets);
    let mut next = 0;
    for (name, info) in tensors {
        let (begin, end) = info.data_offsets;
        let name = quoted(name);
        if end > available {
            return refuse(format!(
                "{name} lies at {begin}..{end}, expected within the {available} bytes of data"
            ));
        }
        if begin != next {
            return refuse(format!(
                "{name} lies at {begin}..{end}, expected to begin at {next} where the tensor before it ends"
            ));
        }
        let bits = info
            .shape
            .iter()
            .try_fold(info.dtype.bitsize(), |bits, &size| bits.checked_mul(size));
        let length = end.checked_sub(begin);
        if bits.is_none() || length.and_then(|length| length.checked_mul(8)) != bits {
            let shape = one_line(&format!("{:?}", info.shape));
            return refuse(format!(
                "{name} lies at {begin}..{end}, expected as many bytes as dtype {} and shape {shape} ask for",
                info.dtype
            ));
        }
        next = end;
    }
    if next != available {
        return refuse(format!(
            "its tensors end at byte {next} of the data, expected at {available}"
        ));
    }
    Ok(())
}

impl<'de> Visitor<'de> for Header {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        let mut metadata = None;
        while let Some(key) = map.next_key::<String>()? {
            let fresh = if key == "__metadata__" {
                metadata.replace(map.next_value::<Strings>()?).is_none()
            } else {
                self.tensors.insert(key.clone(), map.next_value()?).is_none()
            };
            if !fresh {
                return Err(A::Error::custom(format!("{} stands there twice", quoted(&key))));
            }
        }
        self.metadata = metadata.unwrap_or_default().0;
        Ok(self)
    }
}

/// A map of strings that refuses a key that occurs twice.
#[derive(Default)]
struct Strings(BTreeMap<String, String>);

impl<'de> serde::Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self::default())
    }
}

impl<'de> Visitor<'de> for Strings {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings in __metadata__")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some((key, value)) = map.next_entry::<String, String>()? {
            if self.0.contains_key(&key) {
                return Err(A::Error::custom(format!("{} stands there twice", quoted(&key))));
            }
            self.0.insert(key, value);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::{foreign, framed, read};

    #[test]
    fn a_file_of_another_format_is_named() {
        let known: [(&[u8], &str); 5] = [
            (b"PK\x03\x04\x14\0\0\0rest", "a zip archive"),
            (b"\x93NUMPY\x01\0rest", "NumPy's .npy"),
            (b"\x80\x02}q\0(X\x05\0", "a pickle"),
            (b"{\"ln_p_yz\": []}", "JSON"),
            (b"0.1,0.2,0.7\n", "text"),
        ];
        for (bytes, what) in known {
            let error = read(bytes).map(|_| ()).expect_err("it is no safetensors file");
            assert!(error.to_string().contains(what), "{error}");
            assert!(error.to_string().contains("elbo_dump.py"), "{error}");
        }
        assert_eq!(foreign(&[0xff; 8]), None);
        let error = read(&[0xff; 16]).map(|_| ()).expect_err("a header of 2^64 bytes");
        assert!(error.to_string().contains("its header claims"), "{error}");
        assert!(read(&framed(b"{}".to_vec(), &[])).is_ok());
    }
}
