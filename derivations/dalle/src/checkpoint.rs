//! Files of trained models and of interrupted training.

use std::collections::{BTreeMap, HashMap};
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

/// The key of the metadata under which the description stands, as JSON. It names the format and its version.
pub const FORMAT: &str = "elbo-model/1";

/// The name of the file of a trained model in the folder of a run.
pub const MODEL: &str = "model.safetensors";

/// The contents of a file: a model, or a state of training.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The sizes of the networks and the schedules of training.
    pub config: Config,
    /// The encoding of captions.
    pub vocabulary: Vocabulary,
    /// The tensors by name. In a model the name begins with the part of the network, and in a state of training with
    /// the word for the kind of state.
    pub tensors: BTreeMap<String, Tensor>,
    /// How far training has come. It is `None` in a model.
    pub training: Option<Progress>,
    /// The path or name from which it was read.
    pub source: String,
}

/// The progress of a training run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The number of steps that are done.
    pub step: u64,
    /// The loss of the first step. A loss far above it counts as divergence.
    pub first_loss: f64,
}

/// The JSON in the metadata.
#[derive(Serialize, Deserialize)]
struct About {
    config: String,
    vocabulary: String,
    training: Option<Progress>,
}

impl Checkpoint {
    /// Reads a model or a state of training from a file.
    ///
    /// # Errors
    /// [`ModelError::Io`], and those of [`Checkpoint::from_bytes`].
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let bytes = load(path).map_err(|error| ModelError::Io {
            path: path.to_owned(),
            error,
        })?;
        Self::from_bytes(&path.display().to_string(), &bytes)
    }

    /// Reads a model or a state of training from the bytes of a file. `name` stands in errors.
    ///
    /// # Errors
    /// [`ModelError::Header`] and [`ModelError::File`]. [`ModelError::At`], with the name of the file, for its
    /// configuration and its vocabulary.
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

    /// Writes the file, as a whole or not at all. A program that is killed leaves the old file or the new one.
    ///
    /// # Errors
    /// [`ModelError::Io`], and [`ModelError::Twin`] when a tensor cannot be read from the device.
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
        // There is only one key, because a map of several has no order, and equal models would give different bytes.
        let metadata = HashMap::from([(FORMAT.to_owned(), about)]);
        let host = self.tensors.iter().map(|(name, tensor)| -> Result<_, ModelError> {
            Ok((name, tensor.to_dtype(DType::F32)?.to_device(&gpu::HOST)?.contiguous()?))
        });
        let host: BTreeMap<_, _> = host.collect::<Result<_, _>>()?;
        let bytes = safetensors::serialize(host, Some(metadata)).map_err(|error| unwritable(error.to_string()))?;
        write_whole(path, &bytes)
    }
}

/// The tensors of a file in the host's memory, widened to `f32` without rounding.
///
/// # Errors
/// [`ModelError::File`] for a tensor of a type with numbers that `f32` cannot hold.
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

/// The path of the model in the folder of a run.
///
/// # Errors
/// [`ModelError::Lacks`] where the first stage has left no model.
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

/// Writes a file, as a whole or not at all, with [`files::disk::replace`].
///
/// # Errors
/// [`ModelError::Io`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    replace(path, bytes).map_err(|error| ModelError::Io {
        path: path.to_owned(),
        error,
    })
}
