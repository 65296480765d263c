//! A trained model: its parameters, and the forward passes that evaluation and sampling use.

use std::path::Path;

use gpu::autograd::logit_laplace;
use gpu::device::Device;
use gpu::network::{Parameters, Transformer, tokens};
use gpu::{DType, Tensor};

use crate::checkpoint::{self, Checkpoint};
use crate::config::{Config, EDGE, Load};
use crate::finite::expect_finite;
use crate::noise::ln_unit_of_image;
use crate::objective::{decoded, encoder_logits, one_hot, token_log_probs};
use crate::parameters::{Shapes, Variables};
use crate::text::Vocabulary;
use crate::{ModelError, data, possible};

/// The parameters of the networks, and what is needed to run them.
#[derive(Debug, Clone)]
pub struct Model {
    /// The sizes of the networks and the schedules of training.
    pub config: Config,
    /// The encoding of captions.
    pub vocabulary: Vocabulary,
    /// The device on which the networks run.
    pub device: Device,
    /// The parameters by name. Their names begin with `encoder.`, `decoder.` or, once the second stage is trained,
    /// `prior.`.
    pub parameters: Parameters,
    pub(crate) prior: Option<Transformer>,
}

/// The bytes of the shipped model.
pub const SHIPPED: &[u8] = include_bytes!("../../data/model.safetensors");

/// The bytes of the shipped model that is so small that its codes can be enumerated.
pub const TINY: &[u8] = include_bytes!("../../data/tiny.safetensors");

/// The names and shapes of the parameters of one network. The names begin with that of the network.
pub(crate) fn shapes(config: &Config, part: &str) -> Result<Shapes, ModelError> {
    let shapes = match part {
        "encoder" => config.dvae().encoder_shapes()?,
        "decoder" => config.dvae().decoder_shapes()?,
        _ => config.transformer().shapes()?,
    };
    let named = shapes
        .into_iter()
        .map(|(name, shape)| (format!("{part}.{name}"), shape));
    Ok(named.collect())
}

impl Model {
    /// Reads a model from a file, or from the `model.safetensors` in the folder of a run.
    ///
    /// # Errors
    /// Those of [`Checkpoint::read`], and [`ModelError::Lacks`] for a folder without a model.
    pub fn read(path: &Path, device: &Device) -> Result<Self, ModelError> {
        let path = if path.is_dir() {
            checkpoint::of_folder(path)?
        } else {
            path.to_owned()
        };
        Self::of(Checkpoint::read(&path)?, device)
    }

    /// The model that comes with the program.
    ///
    /// # Errors
    /// Those of [`Model::read`]. There is none for the committed file.
    pub fn shipped(device: &Device) -> Result<Self, ModelError> {
        Self::of(Checkpoint::from_bytes("the shipped model", SHIPPED)?, device)
    }

    /// The model that comes with the program and whose codes can be enumerated.
    ///
    /// # Errors
    /// Those of [`Model::read`]. There is none for the committed file.
    pub fn tiny(device: &Device) -> Result<Self, ModelError> {
        Self::of(Checkpoint::from_bytes("the shipped tiny model", TINY)?, device)
    }

    pub(crate) fn of(checkpoint: Checkpoint, device: &Device) -> Result<Self, ModelError> {
        let Checkpoint {
            config,
            vocabulary,
            tensors,
            source,
            ..
        } = checkpoint;
        config
            .expect_memory(Load::Forward { at_once: 1 }, device)
            .map_err(|error| error.at(&source))?;
        let has_prior = tensors.keys().any(|name| name.starts_with("prior."));
        let mut parameters = Parameters::default();
        for part in ["encoder", "decoder", "prior"] {
            if part != "prior" || has_prior {
                let variables = Variables::of(&tensors, &shapes(&config, part)?, &source, device)?;
                parameters = parameters.joined(&variables.detached());
            }
        }
        let found = [vocabulary.len(), vocabulary.positions()];
        if found != [config.prior.vocabulary, config.prior.text] {
            return Err(ModelError::File {
                source_name: source,
                what: format!("a vocabulary of {} tokens and {} positions", found[0], found[1]),
                expected: format!(
                    "the configuration's {} and {}",
                    config.prior.vocabulary, config.prior.text
                ),
            });
        }
        Ok(Self {
            prior: has_prior.then(|| transformer(&config, device)).transpose()?,
            parameters,
            config,
            vocabulary,
            device: device.clone(),
        })
    }

    /// The same model on another device.
    ///
    /// # Errors
    /// [`ModelError::Twin`] when the device refuses.
    pub fn on(&self, device: &Device) -> Result<Self, ModelError> {
        let prior = self.prior.is_some().then(|| transformer(&self.config, device));
        Ok(Self {
            config: self.config.clone(),
            vocabulary: self.vocabulary.clone(),
            device: device.clone(),
            parameters: self.parameters.to_device(device)?,
            prior: prior.transpose()?,
        })
    }

    /// Uploads dequantised pixels as a batch `[B, 3, 32, 32]`.
    ///
    /// # Errors
    /// [`ModelError::Twin`].
    pub fn pixels(&self, images: &[f32]) -> Result<Tensor, ModelError> {
        pixels(images, &self.device)
    }

    /// Uploads codes or text tokens as a batch of this many rows.
    ///
    /// # Errors
    /// [`ModelError::Twin`].
    pub fn tokens(&self, numbers: &[u32], rows: usize) -> Result<Tensor, ModelError> {
        Ok(tokens(numbers, rows, &self.device)?)
    }

    /// The logits of `q(z|x)`, `[B, side^2, K]`.
    ///
    /// # Errors
    /// [`ModelError::Twin`].
    pub fn encoder_logits(&self, pixels: &Tensor) -> Result<Tensor, ModelError> {
        let planes = encoder_logits(self.config.sizes(), &self.parameters, pixels)?;
        Ok(planes.flatten_from(2)?.transpose(1, 2)?.contiguous()?)
    }

    /// The decoder's `mu` and `ln b` at codes `[B, side^2]`, each `[B, 3 * 32 * 32]`.
    ///
    /// # Errors
    /// [`ModelError::Twin`].
    pub fn decoded(&self, codes: &Tensor) -> Result<[Tensor; 2], ModelError> {
        decoded(self.config.sizes(), &self.parameters, &self.indicators(codes)?)
    }

    /// `ln p(x|z)` of the bytes of one image, `[B]`, from its dequantised pixels `[1, 3, 32, 32]` and codes
    /// `[B, side^2]`. Unit: nats. Range: finite.
    ///
    /// # Errors
    /// [`ModelError::Twin`]. [`ModelError::Overflow`] for a result that is not finite. [`ModelError::Impossible`] for
    /// one that is larger than its log-scales allow.
    pub fn log_likelihood(&self, pixels: &Tensor, codes: &Tensor) -> Result<Vec<f64>, ModelError> {
        self.log_likelihood_of_mixed(pixels, &self.indicators(codes)?)
    }

    /// As [`Model::log_likelihood`], at relaxed codes `[B, K, side, side]`.
    ///
    /// # Errors
    /// Those of [`Model::log_likelihood`].
    pub fn log_likelihood_of_mixed(&self, pixels: &Tensor, mixed: &Tensor) -> Result<Vec<f64>, ModelError> {
        let images = pixels.broadcast_as((mixed.dim(0)?, 3, EDGE, EDGE))?.contiguous()?;
        let [mu, ln_b] = decoded(self.config.sizes(), &self.parameters, mixed)?;
        let values = logit_laplace(&images.flatten_from(1)?, &mu, &ln_b)?;
        let values: Vec<f64> = values.to_dtype(DType::F64)?.to_vec1()?;
        expect_finite(&values, |sample| format!("ln p(x|z) at sample {sample} of the codes"))?;
        possible::likelihood(&values, &pixels.flatten_from(1)?, &ln_b)?;
        let unit = ln_unit_of_image();
        Ok(values.into_iter().map(|value| value + unit).collect())
    }

    /// `ln p(y)` and `ln p(z|y)`, each `[B]`, of text `[B, T]` and codes `[B, side^2]`. Unit: nats. Range: finite, at
    /// most 0.
    ///
    /// # Errors
    /// [`ModelError::Twin`]. [`ModelError::Lacks`] before the second stage. [`ModelError::Overflow`] for a result that
    /// is not finite, and [`ModelError::Impossible`] for one above 0.
    pub fn log_prior(&self, text: &Tensor, codes: &Tensor) -> Result<[Vec<f64>; 2], ModelError> {
        let [text, codes] = token_log_probs(self.transformer()?, &self.parameters, text, codes)?;
        let sum = |values: Tensor, of: &'static str| -> Result<Vec<f64>, ModelError> {
            let sums: Vec<f64> = values.to_dtype(DType::F64)?.sum(1)?.to_vec1()?;
            expect_finite(&sums, |sample| format!("{of} at sample {sample} of the codes"))?;
            sums.iter().try_for_each(|sum| possible::log_probability(of, *sum))?;
            Ok(sums)
        };
        Ok([sum(text, "ln p(y)")?, sum(codes, "ln p(z|y)")?])
    }

    /// The transformer's sizes and masks.
    ///
    /// # Errors
    /// [`ModelError::Lacks`] before the second stage.
    pub fn transformer(&self) -> Result<&Transformer, ModelError> {
        self.prior.as_ref().ok_or_else(|| ModelError::Lacks {
            what: "the model has no prior".to_owned(),
            expected: "one trained by `elbo train prior`",
        })
    }

    /// The tokens of a caption, filled up with pads, `[T]`.
    ///
    /// # Errors
    /// [`ModelError::Caption`].
    pub fn text(&self, caption: &str) -> Result<Vec<u32>, ModelError> {
        Ok(self.vocabulary.padded(&self.vocabulary.encode(caption)?))
    }

    /// The number of codes of an image, `side^2`.
    #[must_use]
    pub const fn codes(&self) -> usize {
        self.config.side() * self.config.side()
    }

    fn indicators(&self, codes: &Tensor) -> Result<Tensor, ModelError> {
        one_hot(codes, self.config.dvae.vocabulary, self.config.side())
    }
}

pub(crate) fn pixels(images: &[f32], device: &Device) -> Result<Tensor, ModelError> {
    let shape = (images.len() / data::VALUES, 3, EDGE, EDGE);
    Ok(Tensor::from_slice(images, shape, &gpu::HOST)?.to_device(device.candle())?)
}

pub(crate) fn transformer(config: &Config, device: &Device) -> Result<Transformer, ModelError> {
    let prior = &config.prior;
    let numbers = [prior.layers, prior.heads, prior.text, config.side(), prior.kernel];
    Ok(Transformer::new(numbers, device)?)
}
