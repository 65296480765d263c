//! The two stages of training: the discrete variational autoencoder, and the transformer.

use std::collections::BTreeMap;

use gpu::Tensor;
use gpu::device::Device;
use gpu::network::{Parameters, Transformer, tokens};
use rand::RngExt as _;

use super::stage::{Part, Share, Stage, Terms};
use crate::ModelError;
use crate::config::{Config, Training};
use crate::data::{Data, Split, VALUES};
use crate::finite::expect_finite_logits;
use crate::network::{Model, pixels, shapes, transformer};
use crate::noise::{Purpose, after, batch, dequantised, gumbel, ln_unit_of_image, stream};
use crate::objective::{relaxed, token_log_probs};
use crate::parameters::{Beginning, Shapes, Variables};

/// The images of the validation part, divided into batches.
fn validation(data: &Data, size: usize) -> Vec<Vec<usize>> {
    data.of(Split::Validation).chunks(size).map(<[usize]>::to_vec).collect()
}

/// The dequantised pixels of images, one image after the other. The noise is that of a step, from the first image's
/// place in the batch on.
fn flattened(data: &Data, images: &[usize], seed: u64, (step, place): (u64, usize)) -> Vec<f32> {
    let mut bytes = after(stream(seed, Purpose::Pixels, step), place * VALUES);
    let pixels = images
        .iter()
        .flat_map(|&image| dequantised(data.image(image), &mut bytes));
    pixels.collect()
}

fn mean(values: &Tensor) -> Result<f64, ModelError> {
    Ok(f64::from(values.mean_all()?.to_scalar::<f32>()?))
}

/// The first stage. It trains encoder and decoder on the relaxed bound, with a uniform prior over codes.
///
/// ```text
/// loss = (beta D(q(z|x) || 1/K) - E ln p(x|z)) / (3 H W)
/// ```
#[derive(Debug)]
pub struct FirstStage<'a> {
    config: &'a Config,
    data: &'a Data,
    device: &'a Device,
    variables: Variables,
    train: Vec<usize>,
    validation: Vec<Vec<usize>>,
}

impl<'a> FirstStage<'a> {
    /// The first stage with fresh parameters.
    ///
    /// # Errors
    /// [`ModelError::Network`] and [`ModelError::Twin`].
    pub fn new(config: &'a Config, data: &'a Data, device: &'a Device) -> Result<Self, ModelError> {
        let all: Shapes = [shapes(config, "encoder")?, shapes(config, "decoder")?].concat();
        Ok(Self {
            variables: Variables::fresh(&all, Beginning::Released, config.seed, device)?,
            train: data.of(Split::Train),
            validation: validation(data, config.dvae.training.batch),
            config,
            data,
            device,
        })
    }
}

impl Stage for FirstStage<'_> {
    const NAME: &'static str = "dvae";

    fn training(&self) -> Training {
        self.config.dvae.training
    }

    fn variables(&self) -> &Variables {
        &self.variables
    }

    fn validation_batches(&self) -> usize {
        self.validation.len()
    }

    fn terms(&self, parameters: &Parameters, part: Part, share: Share) -> Result<Terms, ModelError> {
        let Config { seed, dvae, .. } = self.config;
        let (all, step) = match part {
            Part::Step(step) => (batch(*seed, step, dvae.training.batch, &self.train), step),
            Part::Validation(place, step) => (self.validation[place].clone(), step),
        };
        let places = share.places(all.len());
        let (images, noisy) = (&all[places.clone()], part.noise());
        let flat = flattened(self.data, images, *seed, (noisy, places.start));
        let (side, k) = (self.config.side(), dvae.vocabulary);
        let of_image = side * side * k;
        let noise = gumbel(
            &mut after(stream(*seed, Purpose::Codes, noisy), places.start * of_image),
            images.len() * of_image,
        );
        let noise = Tensor::from_vec(noise, (images.len(), side, side, k), self.device.candle())?;
        let (beta, temperature) = (dvae.beta.at(step), dvae.temperature.at(step));
        let found = relaxed(
            self.config.sizes(),
            parameters,
            &pixels(&flat, self.device)?,
            &noise,
            temperature,
        )?;
        #[expect(clippy::cast_precision_loss, reason = "3072")]
        let dims = VALUES as f64;
        let loss = ((&found.divergence * beta)? - &found.reconstruction)?.mean_all()?;
        let reconstruction = mean(&found.reconstruction)? + ln_unit_of_image();
        let divergence = mean(&found.divergence)?;
        let elbo = reconstruction - divergence;
        Ok(Terms {
            images: images.len(),
            batch: all.len(),
            loss: (loss / dims)?,
            parts: vec![
                ("reconstruction", reconstruction),
                ("divergence", divergence),
                ("relaxed_elbo", elbo),
                ("bits_per_dim", -elbo / (dims * std::f64::consts::LN_2)),
                ("beta", beta),
                ("temperature", temperature),
            ],
        })
    }
}

/// The second stage. It trains the transformer on the cross-entropies of text and codes. The codes are drawn from
/// `q(z|x)`.
///
/// ```text
/// loss = -1/8 mean_i ln p(y_i | y_<i) - 7/8 mean_j ln p(z_j | y, z_<j)
/// ```
#[derive(Debug)]
pub struct SecondStage<'a> {
    config: &'a Config,
    data: &'a Data,
    device: &'a Device,
    model: Model,
    transformer: Transformer,
    variables: Variables,
    train: Vec<usize>,
    validation: Vec<Vec<usize>>,
    /// The distribution functions of `q(z|x)` for every image: the probabilities, cumulated along the codes,
    /// `[side^2, K]`.
    codes: BTreeMap<usize, Vec<f32>>,
}

impl<'a> SecondStage<'a> {
    /// The second stage with fresh parameters, on top of the first stage of a model, which may lie on another device.
    ///
    /// # Errors
    /// [`ModelError::Network`] and [`ModelError::Twin`]. [`ModelError::Lacks`] for a model of another configuration.
    pub fn new(config: &'a Config, data: &'a Data, model: Model, device: &'a Device) -> Result<Self, ModelError> {
        let first = |config: &Config| (config.seed, config.dtype, config.dvae.clone());
        let text = |config: &Config| [config.prior.vocabulary, config.prior.text];
        if first(&model.config) != first(config) || text(&model.config) != text(config) {
            return Err(ModelError::Lacks {
                what: "the first stage was trained with another configuration".to_owned(),
                expected: "the same seed, dtype, [dvae], vocabulary and text positions",
            });
        }
        let validation = validation(data, config.prior.training.batch);
        let train = data.of(Split::Train);
        let mut codes = BTreeMap::new();
        let wanted: Vec<usize> = train.iter().chain(validation.iter().flatten()).copied().collect();
        for part in wanted.chunks(64) {
            codes.extend(part.iter().copied().zip(cumulated(config, data, &model, part)?));
        }
        Ok(Self {
            variables: Variables::fresh(&shapes(config, "prior")?, Beginning::Transformer, config.seed, device)?,
            transformer: transformer(config, device)?,
            config,
            data,
            device,
            model,
            train,
            validation,
            codes,
        })
    }

    /// The parameters of encoder and decoder, which this stage does not change.
    #[must_use]
    pub fn first_stage(&self) -> Parameters {
        let first = |(name, _): &(&str, &Tensor)| !name.starts_with("prior.");
        let named = self.model.parameters.iter().filter(first);
        Parameters::new(named.map(|(name, tensor)| (name.to_owned(), tensor.clone())).collect())
    }
}

/// The distribution functions of the codes of some images, each flattened from `[side^2, K]`.
fn cumulated(config: &Config, data: &Data, model: &Model, images: &[usize]) -> Result<Vec<Vec<f32>>, ModelError> {
    let flat = flattened(data, images, config.seed, (u64::MAX / 32, 0));
    let logits = model.encoder_logits(&model.pixels(&flat)?)?;
    let k = config.dvae.vocabulary;
    let table: Vec<f32> = logits.flatten_all()?.to_vec1()?;
    expect_finite_logits(&table, k, "encoder")?;
    let of_image = |rows: &[f32]| {
        let of_row = |row: &[f32]| {
            let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let mut sum = 0.0;
            let cumulated: Vec<f32> = (row.iter())
                .map(|x| {
                    sum += (x - most).exp();
                    sum
                })
                .collect();
            cumulated.into_iter().map(move |part| part / sum).collect::<Vec<_>>()
        };
        rows.chunks_exact(k).flat_map(of_row).collect()
    };
    Ok(table.chunks_exact(model.codes() * k).map(of_image).collect())
}

impl Stage for SecondStage<'_> {
    const NAME: &'static str = "prior";

    fn training(&self) -> Training {
        self.config.prior.training
    }

    fn variables(&self) -> &Variables {
        &self.variables
    }

    fn validation_batches(&self) -> usize {
        self.validation.len()
    }

    fn terms(&self, parameters: &Parameters, part: Part, share: Share) -> Result<Terms, ModelError> {
        let Config { seed, prior, dvae, .. } = self.config;
        let (all, dropout) = match part {
            Part::Step(step) => {
                let size = prior.training.batch;
                (batch(*seed, step, size, &self.train), prior.bpe_dropout)
            }
            Part::Validation(place, _) => (self.validation[place].clone(), 0.0),
        };
        let places = share.places(all.len());
        let (images, noisy) = (&all[places.clone()], part.noise());
        let mut uniform = after(stream(*seed, Purpose::Codes, noisy), places.start * self.model.codes());
        let vocabulary = &self.model.vocabulary;
        let (mut text, mut codes) = (Vec::new(), Vec::new());
        for (place, &image) in places.zip(images) {
            let mut merges = stream(*seed, Purpose::Captions, noisy.wrapping_add((place as u64) << 32));
            let words = vocabulary.encode_with_dropout(self.data.caption(image), dropout, &mut merges)?;
            text.extend(vocabulary.padded(&words));
            for row in self.codes[&image].chunks_exact(dvae.vocabulary) {
                let u: f32 = uniform.random();
                let code = row.iter().position(|part| u < *part).unwrap_or(dvae.vocabulary - 1);
                codes.push(u32::try_from(code).unwrap_or(u32::MAX));
            }
        }
        let [text, codes] = [&text, &codes].map(|numbers| tokens(numbers, images.len(), self.device));
        let (text, codes) = (text?, codes?);
        let [text, codes] = token_log_probs(&self.transformer, parameters, &text, &codes)?;
        let loss = ((text.mean_all()? * (-1.0 / 8.0))? + (codes.mean_all()? * (-7.0 / 8.0))?)?;
        let (of_text, of_codes) = (mean(&text)?, mean(&codes)?);
        #[expect(clippy::cast_precision_loss, reason = "numbers of tokens")]
        let sums = [of_text * prior.text as f64, of_codes * self.model.codes() as f64];
        Ok(Terms {
            images: images.len(),
            batch: all.len(),
            loss,
            parts: vec![
                ("ln_p_y", sums[0]),
                ("ln_p_z_given_y", sums[1]),
                ("text_nats_per_token", -of_text),
                ("code_nats_per_token", -of_codes),
            ],
        })
    }
}
