//! The tensors of a dump, in a file of which parts are read, or in bytes in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use files::header::{self, Header};
use reference::world::World;
use safetensors::tensor::TensorInfo;
use worlds::case::large::{gathered, only};
use worlds::case::storage::Part;
use worlds::case::{self, FileError, Renormalised};

use super::padding::PADDING;
use super::quantity::Quantity;
use super::statement::Text;

/// The largest number of bytes of one tensor that belong to one item. Larger items are refused, because an item is read
/// as a whole.
const MOST_ITEM: usize = 1 << 28;

/// The inputs of the format, with a description of the type and shape of each.
const NAMES: [(&str, &str); 15] = [
    ("encoder_logits", "a float tensor [B, S, K] or [B, K, H, W]"),
    ("prior_logits", "a float tensor shaped as encoder_logits"),
    ("gumbel_noise", "a float tensor shaped as encoder_logits"),
    ("gumbel_uniform", "a float tensor shaped as encoder_logits"),
    (
        "sample_gradient",
        "a float tensor, the derivative of the loss by the sample, shaped as the sample",
    ),
    ("x", "a float tensor [B, ...]"),
    ("mu", "a float tensor shaped as x"),
    ("ln_b", "a float tensor shaped as x"),
    ("token_logits", "a float tensor [B, T, V]"),
    ("tokens", "an integer tensor [B, T]"),
    ("q_mean", "a float tensor [B, D]"),
    ("q_spread", "a float tensor [B, D]"),
    ("prior_mean", "a float tensor [B, D]"),
    ("prior_spread", "a float tensor [B, D]"),
    ("noise", "a float tensor [B, D]"),
];

/// A safetensors file whose header has been checked against its length.
#[derive(Debug)]
pub struct TensorFile {
    metadata: BTreeMap<String, String>,
    tensors: BTreeMap<String, TensorInfo>,
    store: Store,
}

#[derive(Debug)]
enum Store {
    Bytes {
        all: Vec<u8>,
        data: usize,
    },
    /// An open file. One reader uses it at a time, because the file has a single position.
    File {
        file: Mutex<File>,
        data: u64,
    },
}

impl TensorFile {
    pub(super) fn of(bytes: Vec<u8>) -> Result<Self, FileError> {
        let (header, data) = header::read(&bytes)?;
        let data = bytes.len() - data.len();
        Ok(Self {
            metadata: header.metadata,
            tensors: header.tensors,
            store: Store::Bytes { all: bytes, data },
        })
    }

    pub(super) fn open(path: &Path) -> Result<Self, FileError> {
        let io = |error| FileError::Io { doing: "read", error };
        let mut file = File::open(path).map_err(io)?;
        let about = file.metadata().map_err(io)?;
        if !about.is_file() {
            // A pipe cannot be read in parts, so all of it is read.
            return Self::of(worlds::case::load(path).map_err(io)?);
        }
        let length = about.len();
        let mut begin = Vec::new();
        file.by_ref().take(8).read_to_end(&mut begin).map_err(io)?;
        let Some(claimed) = begin.first_chunk::<8>() else {
            return Self::of(begin); // The error says how long the file is.
        };
        let claimed = header::length(*claimed, length - 8)?;
        let mut json = vec![0; claimed];
        file.read_exact(&mut json).map_err(io)?;
        let data = 8 + claimed as u64;
        let left = usize::try_from(length - data).unwrap_or(usize::MAX);
        let header = header::parse(&json, left)?;
        Ok(Self {
            metadata: header.metadata,
            tensors: header.tensors,
            store: Store::File {
                file: Mutex::new(file),
                data,
            },
        })
    }

    pub(super) const fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Refuses a name that the format does not have.
    pub(super) fn expect_names(&self) -> Result<(), FileError> {
        let inputs = || NAMES.iter().chain(case::NAMES).map(|(name, _)| *name);
        let claims = || Quantity::ALL.iter().map(|quantity| quantity.tensor());
        let known = |name: &str| name.starts_with("x_") || inputs().chain(claims()).any(|known| known == name);
        match self.tensors.keys().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => {
                let names: Vec<&str> = if name.starts_with("claim.") {
                    claims().collect()
                } else {
                    inputs().chain(["claim.kl and its like"]).collect()
                };
                Err(FileError::Unknown {
                    name: name.clone(),
                    expected: names.join(", "),
                })
            }
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    pub(super) fn info(&self, name: &'static str) -> Result<&TensorInfo, FileError> {
        let expected = NAMES.iter().find(|(known, _)| *known == name);
        self.tensors.get(name).ok_or(FileError::Missing {
            tensor: name,
            expected: expected.map_or("a float tensor", |(_, expected)| expected),
        })
    }

    /// Reads the part of a tensor that belongs to an item of the batch, which is its first axis.
    pub(super) fn item(&self, name: &'static str, batch: usize) -> Result<Part, FileError> {
        let info = self.info(name)?;
        let (&items, shape) = info.shape.split_first().unwrap_or((&1, &[]));
        let length = (info.data_offsets.1 - info.data_offsets.0) / items.max(1);
        let batch = if items == 1 { 0 } else { batch }; // One for all.
        self.part(name, info, shape, info.data_offsets.0 + batch * length, length)
    }

    /// Reads a whole tensor, such as one without a batch or one of integers.
    pub(super) fn whole(&self, name: &'static str) -> Result<Part, FileError> {
        let info = self.info(name)?;
        let (begin, end) = info.data_offsets;
        self.part(name, info, &info.shape, begin, end - begin)
    }

    /// Reads the finite worlds in the tensors, whose tables are renormalised if that is asked for.
    pub(super) fn worlds(&self, renormalise: bool) -> Result<(Vec<World>, Vec<Renormalised>), FileError> {
        let is_table = |name: &str| case::NAMES.iter().any(|(known, _)| *known == name);
        let header = Header {
            metadata: BTreeMap::new(),
            tensors: self.tensors.clone(),
        };
        let (header, places) = only(header, is_table);
        let data = match &self.store {
            Store::Bytes { all, data } => gathered(&mut Cursor::new(all), *data as u64, &places),
            Store::File { file, data } => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                gathered(&mut *file, *data, &places)
            }
        };
        let data = data.map_err(|error| FileError::Io { doing: "read", error })?;
        if renormalise {
            let (header, data, changes) = case::renormalised(header, &data);
            return Ok((case::worlds(&header, &data)?, changes));
        }
        Ok((case::worlds(&header, &data)?, Vec::new()))
    }

    fn part(
        &self,
        name: &'static str,
        info: &TensorInfo,
        shape: &[usize],
        begin: usize,
        length: usize,
    ) -> Result<Part, FileError> {
        if length > MOST_ITEM {
            return Err(FileError::Shape {
                tensor: name.to_owned(),
                found: info.shape.clone(),
                expected: format!("at most {MOST_ITEM} bytes an item of the batch"),
            });
        }
        let bytes = match &self.store {
            Store::Bytes { all, data } => all
                .get(data + begin..data + begin + length)
                .unwrap_or_default() // The bytes are there, because the header was checked against the length.
                .to_vec(),
            Store::File { file, data } => {
                let mut bytes = vec![0; length];
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(data + begin as u64))
                    .and_then(|_| file.read_exact(&mut bytes))
                    .map_err(|error| FileError::Io { doing: "read", error })?;
                bytes
            }
        };
        Ok(Part {
            name,
            dtype: info.dtype,
            shape: shape.to_vec(),
            bytes,
        })
    }
}

/// Reads the tokens of one item. Each must be in `0..entries`, or padding.
pub(super) fn token_row(
    source: &TensorFile,
    batch: usize,
    entries: usize,
    text: Option<&Text>,
) -> Result<Vec<usize>, FileError> {
    let integers = source.item("tokens", batch)?.integers()?;
    let each = integers.into_iter().enumerate();
    each.map(|(t, value)| {
        let entry = usize::try_from(value).ok().filter(|token| *token < entries);
        let is_padding = |text: &Text| i64::try_from(value).is_ok_and(|token| text.padding.contains(&token));
        let padding = text.filter(|text| is_padding(text)).map(|_| PADDING);
        entry.or(padding).ok_or_else(|| FileError::Entry {
            tensor: "tokens",
            index: vec![batch, t],
            found: value.to_string(),
            expected: if text.is_some() {
                "an entry of the vocabulary, or one of text.padding"
            } else {
                "an entry of the vocabulary, below entries"
            },
        })
    })
    .collect()
}
