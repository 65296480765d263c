//! Reads and checks the inputs of one item of the batch.

use reference::world::World;
use worlds::case::FileError;

use super::padding::{PADDING, is_padding};
use super::shape::misshapen;
use super::sizes::Sizes;
use super::statement::{Statement, Text, refuse};
use super::table::Table;
use super::tensors::{TensorFile, token_row};
use super::words::{Decoder, Form, Parameter};

/// An image, and the parameters of the decoder's density at it.
#[derive(Debug, Clone)]
pub struct Pixels {
    /// The kind of density.
    pub decoder: Decoder,
    /// The values of the image.
    pub x: Vec<f64>,
    /// The location of the density at each value.
    pub mu: Vec<f64>,
    /// The logarithm of the scale at each value. It is empty for a density without a scale.
    pub ln_b: Vec<f64>,
}

/// The inputs of an image with discrete codes.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The logits of the encoder, one row for each position.
    pub logits: Option<Table>,
    /// The logits of the prior. The prior is `1/K` where there are none.
    pub prior: Option<Table>,
    /// The Gumbel noise.
    pub noise: Option<Table>,
    /// The uniform numbers of which the noise was made, where the dump has these.
    pub uniform: Option<Table>,
    /// The derivative of the loss with respect to the sample.
    pub sample_gradient: Option<Table>,
    /// The image and the decoder's parameters.
    pub pixels: Option<Pixels>,
}

/// The inputs of one sequence of tokens.
#[derive(Debug, Clone)]
pub struct Sequence {
    /// The logits, one row for each token.
    pub logits: Option<Table>,
    /// The tokens, as indices of logits, or [`Sequence::PADDING`].
    pub tokens: Vec<usize>,
}

impl Sequence {
    /// A token that is padding and no entry of the vocabulary.
    pub const PADDING: usize = PADDING;

    /// Whether a token does not count.
    #[must_use]
    pub fn is_padding(&self, text: &Text, t: usize) -> bool {
        is_padding(text, self.tokens.get(t).copied().unwrap_or(Self::PADDING))
    }
}

/// The inputs of an image with a continuous code.
#[derive(Debug, Clone)]
pub struct Gaussian {
    /// The encoder's mean.
    pub mean: Option<Vec<f64>>,
    /// The encoder's spread, in the stated parameterisation.
    pub spread: Vec<f64>,
    /// The mean and the spread of the prior. The prior is `N(0, 1)` where there are none.
    pub prior: Option<[Vec<f64>; 2]>,
    /// The noise of the sample.
    pub noise: Option<Vec<f64>>,
    /// The derivative of the loss with respect to the sample.
    pub sample_gradient: Option<Vec<f64>>,
    /// The image and the decoder's parameters.
    pub pixels: Option<Pixels>,
}

/// The numbers of a tensor.
pub type Numbers<'a> = Box<dyn Iterator<Item = f64> + 'a>;

/// The inputs of one item of the batch.
#[derive(Debug, Clone)]
pub enum Item {
    /// An image with discrete codes.
    Tokens(Box<Tokens>),
    /// A sequence of tokens.
    Sequence(Sequence),
    /// An image with a continuous code.
    Gaussian(Gaussian),
    /// A finite world.
    World(Box<World>),
}

impl Item {
    /// The numbers of its tensors, by name.
    #[must_use]
    pub fn tables(&self) -> Vec<(&'static str, Numbers<'_>)> {
        fn table(table: Option<&Table>) -> Numbers<'_> {
            Box::new(table.into_iter().flat_map(Table::numbers))
        }
        fn vector(numbers: Option<&Vec<f64>>) -> Numbers<'_> {
            Box::new(numbers.into_iter().flatten().copied())
        }
        fn pixels(pixels: Option<&Pixels>) -> [(&'static str, Numbers<'_>); 2] {
            let (x, mu) = (pixels.map(|pixels| &pixels.x), pixels.map(|pixels| &pixels.mu));
            [("x", vector(x)), ("mu", vector(mu))]
        }
        match self {
            Self::Tokens(tokens) => [
                ("encoder_logits", table(tokens.logits.as_ref())),
                ("prior_logits", table(tokens.prior.as_ref())),
                match &tokens.uniform {
                    Some(uniform) => ("gumbel_uniform", table(Some(uniform))),
                    None => ("gumbel_noise", table(tokens.noise.as_ref())),
                },
            ]
            .into_iter()
            .chain(pixels(tokens.pixels.as_ref()))
            .collect(),
            Self::World(world) => vec![("ln_p_x_given_yz", Box::new(world.likelihood().iter().copied()))],
            Self::Sequence(sequence) => vec![("token_logits", table(sequence.logits.as_ref()))],
            Self::Gaussian(gaussian) => [
                ("q_mean", vector(gaussian.mean.as_ref())),
                ("q_spread", vector(Some(&gaussian.spread))),
            ]
            .into_iter()
            .chain(pixels(gaussian.pixels.as_ref()))
            .collect(),
        }
    }
}

/// The numbers that are allowed in a tensor, as a predicate and in words.
type Allowed = (fn(f64) -> bool, &'static str);

/// 1e30, as single precision has it.
const LARGEST: f64 = 1e30_f32 as f64;

const NUMBERS: Allowed = (|x| x.abs() <= LARGEST, "a number of at most 1e30 in size");
/// The least number of single precision is allowed, because it is used as a mask, too.
const LOGITS: Allowed = (
    |x| x <= LARGEST && x >= f64::from(f32::MIN) || x == f64::NEG_INFINITY,
    "a logit, a number up to 1e30 and from the least of f32 on, or -inf",
);
const LOGARITHMS: Allowed = (|x| x.abs() <= 300.0, "a logarithm from -300 to 300");
const UNIFORM: Allowed = (
    |u| u > 0.0 && u < 1.0,
    "a number between 0 and 1, neither of them: their noise is infinite",
);
const POSITIVE: Allowed = (|x| x > 0.0 && x <= LARGEST, "a positive number up to 1e30");

impl Item {
    /// Whether it has pixels of a Bernoulli decoder that are neither 0 nor 1.
    #[must_use]
    pub fn is_grey(&self) -> bool {
        let pixels = match self {
            Self::Tokens(tokens) => &tokens.pixels,
            Self::Gaussian(gaussian) => &gaussian.pixels,
            Self::Sequence(_) | Self::World(_) => return false,
        };
        let mut grey = pixels.iter().filter(|pixels| pixels.decoder == Decoder::Bernoulli);
        grey.any(|pixels| pixels.x.iter().any(|x| *x > 0.0 && *x < 1.0))
    }

    /// Hands its noise over, row by row.
    pub(crate) fn noise(&self, mut take: impl FnMut(usize, &mut dyn Iterator<Item = f64>)) {
        match self {
            Self::Tokens(tokens) => {
                if let Some(noise) = tokens.uniform.as_ref().or(tokens.noise.as_ref()) {
                    (0..noise.rows()).for_each(|at| take(at, &mut noise.row(at).into_iter()));
                }
            }
            Self::Gaussian(gaussian) => {
                if let Some(noise) = &gaussian.noise {
                    take(0, &mut noise.iter().copied());
                }
            }
            Self::Sequence(_) | Self::World(_) => {}
        }
    }

    pub(super) fn read(
        source: &TensorFile,
        statement: &Statement,
        sizes: &Sizes,
        batch: usize,
    ) -> Result<Self, FileError> {
        let checked = |name: &'static str, (may, expected): Allowed| -> Result<Option<Vec<f64>>, FileError> {
            let part = source.has(name).then(|| source.item(name, batch)).transpose()?;
            part.map(|part| part.checked(Some(batch), may, expected)).transpose()
        };
        let vector = |name: &'static str| checked(name, NUMBERS);
        let skips = statement.skip_masked_rows;
        let rows = |name: &'static str, may: Allowed| rows(source, (sizes, skips), batch, name, may);
        let pixels = || -> Result<Option<Pixels>, FileError> {
            let Some(decoder) = statement.decoder.filter(|_| source.has("x")) else {
                return Ok(None);
            };
            let (may, expected): Allowed = match decoder {
                Decoder::LogitLaplace => (|x| x > 0.0 && x < 1.0, "a pixel between 0 and 1, neither of them"),
                Decoder::Bernoulli => (|x| (0.0..=1.0).contains(&x), "a pixel from 0 to 1"),
                Decoder::Normal => NUMBERS,
            };
            let x = source.item("x", batch)?.checked(Some(batch), may, expected)?;
            let mu = vector("mu")?.unwrap_or_default();
            let ln_b = checked("ln_b", LOGARITHMS)?.unwrap_or_default();
            Ok(Some(Pixels { decoder, x, mu, ln_b }))
        };
        let uniform = rows("gumbel_uniform", UNIFORM)?;
        Ok(match statement.inputs {
            Form::Tokens => Self::Tokens(Box::new(Tokens {
                logits: rows("encoder_logits", LOGITS)?,
                prior: rows("prior_logits", LOGITS)?,
                noise: match &uniform {
                    Some(uniform) => Some(uniform.map(|u| -(-u.ln()).ln())),
                    None => rows("gumbel_noise", NUMBERS)?,
                },
                uniform,
                sample_gradient: rows("sample_gradient", NUMBERS)?,
                pixels: pixels()?,
            })),
            Form::Gaussian => {
                let spread = match statement.parameter {
                    Some(Parameter::Std | Parameter::Variance) => POSITIVE,
                    _ => LOGARITHMS,
                };
                let prior = vector("prior_mean")?.zip(checked("prior_spread", spread)?);
                Self::Gaussian(Gaussian {
                    mean: vector("q_mean")?,
                    spread: checked("q_spread", spread)?.unwrap_or_default(),
                    prior: prior.map(|(mean, spread)| [mean, spread]),
                    noise: vector("noise")?,
                    sample_gradient: vector("sample_gradient")?,
                    pixels: pixels()?,
                })
            }
            Form::Worlds => return Err(refuse("inputs", "worlds", "an item that is there")),
            Form::Sequence => Self::Sequence(Sequence {
                logits: rows("token_logits", LOGITS)?,
                tokens: token_row(
                    source,
                    batch,
                    if sizes.entries == 0 { usize::MAX } else { sizes.entries },
                    statement.text.as_ref(),
                )?,
            }),
        })
    }
}

/// Reads a tensor of one item, with a row for each position or token. In logits, every row must have an entry that is
/// not masked.
fn rows(
    source: &TensorFile,
    (sizes, skips_masked): (&Sizes, bool),
    batch: usize,
    name: &'static str,
    (may, expected): Allowed,
) -> Result<Option<Table>, FileError> {
    if !source.has(name) {
        return Ok(None);
    }
    let part = source.item(name, batch)?.floats()?;
    part.check(Some(batch), may, expected)?;
    let [lines, columns] = match sizes.tokens {
        0 => [sizes.positions, sizes.codes],
        tokens => [tokens, sizes.entries],
    };
    if lines.checked_mul(columns) != Some(part.count()) {
        return Err(misshapen(name, &part.shape, "the shape of the logits"));
    }
    let rows = match (sizes.tokens, sizes.grid) {
        (0, Some(_)) => Table::new(part.transposed(columns), columns),
        _ => Table::new(part, columns),
    };
    let is_masked = |x: f64| x == f64::NEG_INFINITY;
    let masked = |row: &usize| is_masked(rows.at(*row, 0)) && rows.row(*row).into_iter().all(is_masked);
    match (0..if skips_masked { 0 } else { rows.rows() }).find(masked) {
        Some(row) => Err(FileError::Entry {
            tensor: name,
            index: vec![batch],
            found: format!("-inf throughout row {row}"),
            expected: "at least one entry that is not masked, or skip_masked_rows: true in the statement",
        }),
        None => Ok(Some(rows)),
    }
}
