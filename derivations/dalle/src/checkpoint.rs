//! Models and states of training as files.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use files::disk::{load, replace};
use files::header::{self, Header};
use files::numbers::{SINGLES, floats};
use files::words::{one_line, quoted, without_types};
use gpu::{DType, Tensor};
use safetensors::tensor::TensorInfo;
use serde::{Deserialize, Serialize};

use crate::ModelError;
use crate::config::Config;
use crate::text::Vocabulary;

/// The metadata's key; its value is JSON.
pub const FORMAT: &str = "elbo-model/1";

/// The name of a trained model in a folder.
pub const MODEL: &str = "model.safetensors";

/// What a file holds.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// Sizes and schedules.
    pub config: Config,
    /// The captions' encoding.
    pub vocabulary: Vocabulary,
    /// The numbers: of a model by part and name, of a state of training with the word for what they are in front.
    pub tensors: BTreeMap<String, Tensor>,
    /// How far training has come; none in a model.
    pub training: Option<Progress>,
    /// Where it was read.
    pub source: String,
}

/// How far training has come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// The loss of the first step, against which an explosion is told.
    pub first_loss: f64,
}

/// What the metadata holds.
#[derive(Serialize, Deserialize)]
struct About {
    config: String,
    vocabulary: String,
    training: Option<Progress>,
}

impl Checkpoint {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ModelError::Io`], [`ModelError::File`].
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let bytes = load(path).map_err(|error| ModelError::Io {
            path: path.to_owned(),
            error,
        })?;
        Self::from_bytes(&path.display().to_string(), &bytes)
    }

    /// Reads bytes.
    ///
    /// # Errors
    /// [`ModelError::Header`], [`ModelError::File`]; [`ModelError::At`] this file for what it says of its configuration and vocabulary.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, ModelError> {
        let refuse = |what: String, expected: &str| ModelError::File {
            source_name: name.to_owned(),
            what,
            expected: expected.to_owned(),
        };
        let (header, data) = header::read(bytes).map_err(|error| ModelError::Header {
            source_name: name.to_owned(),
            error,
        })?;
        let json = header
            .metadata
            .get(FORMAT)
            .ok_or_else(|| refuse(format!("its metadata has no {FORMAT}"), "a model file"))?;
        let about: About = serde_json::from_str(json).map_err(|error| {
            let why = one_line(&without_types(&error.to_string()));
            refuse(
                format!("{FORMAT} of its metadata cannot be read: {why}"),
                "what model-format.md describes",
            )
        })?;
        let within = |error: ModelError| error.at(name);
        Ok(Self {
            config: Config::parse(&about.config).map_err(within)?,
            vocabulary: Vocabulary::from_json(&about.vocabulary).map_err(within)?,
            tensors: tensors(name, &header, data)?,
            training: about.training,
            source: name.to_owned(),
        })
    }

    /// Writes a file beside its place, then moves it there: whoever is killed leaves the old one or the new one.
    ///
    /// # Errors
    /// [`ModelError::Io`]; [`ModelError::Twin`] when a tensor cannot be read.
    pub fn write(&self, path: &Path) -> Result<(), ModelError> {
        let about = About {
            config: self.config.to_toml()?,
            vocabulary: self.vocabulary.to_json()?,
            training: self.training,
        };
        let unwritable = |error: String| ModelError::File {
            source_name: path.display().to_string(),
            what: error,
            expected: "what can be written".to_owned(),
        };
        let about = serde_json::to_string(&about).map_err(|error| unwritable(error.to_string()))?;
        // One key: a map of several has no order, and the bytes of a file would have none.
        let metadata = HashMap::from([(FORMAT.to_owned(), about)]);
        let host = self.tensors.iter().map(|(name, tensor)| -> Result<_, ModelError> {
            Ok((name, tensor.to_dtype(DType::F32)?.to_device(&gpu::HOST)?.contiguous()?))
        });
        let host: BTreeMap<_, _> = host.collect::<Result<_, _>>()?;
        let bytes = safetensors::serialize(host, Some(metadata)).map_err(|error| unwritable(error.to_string()))?;
        write_whole(path, &bytes)
    }
}

/// The tensors of a file in the host's memory, in `f32`: nothing is rounded and nothing cast.
///
/// # Errors
/// [`ModelError::File`] for a tensor of a type that `f32` does not hold every number of.
pub fn tensors(name: &str, header: &Header, data: &[u8]) -> Result<BTreeMap<String, Tensor>, ModelError> {
    let of = |(tensor, info): (&String, &TensorInfo)| {
        let bytes = header.tensor(tensor, data).map_or(&[][..], |(_, bytes)| bytes);
        let numbers: Vec<f32> = floats(info.dtype, bytes).ok_or_else(|| ModelError::File {
            source_name: name.to_owned(),
            what: format!("{} has dtype {}", quoted(tensor), info.dtype),
            expected: SINGLES.to_owned(),
        })?;
        Ok((
            tensor.clone(),
            Tensor::from_vec(numbers, info.shape.as_slice(), &gpu::HOST)?,
        ))
    };
    header.tensors.iter().map(of).collect()
}

/// The model in a folder that was trained into.
///
/// # Errors
/// [`ModelError::Lacks`] where the first stage has left none.
pub fn of_folder(folder: &Path) -> Result<PathBuf, ModelError> {
    let path = folder.join(MODEL);
    if path.exists() {
        return Ok(path);
    }
    Err(ModelError::Lacks {
        what: format!("{} does not exist", path.display()),
        expected: "a first stage trained to its end: `elbo train dvae`, with --resume if it was stopped",
    })
}

/// A file, whole or not at all: [`files::disk::replace`].
///
/// # Errors
/// [`ModelError::Io`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    replace(path, bytes).map_err(|error| ModelError::Io {
        path: path.to_owned(),
        error,
    })
}
