//! Linear-Gaussian worlds from tensors and back. A file holds one model and a batch of observed pairs `(x, y)`.

use std::collections::BTreeMap;

use files::header::{self, Header};
use ndarray::{Array, Array1, Dimension, ShapeBuilder};
use reference::gaussian::{Gaussian, Parts};
use reference::model::Model as _;
use reference::vocab::{Beta, Error};
use safetensors::Dtype;

use super::format::GAUSSIAN;
use super::tensors::{File, Names, caption, check_row};
use super::write::Writer;
use crate::error::FileError;

const NAMES: Names = &[
    ("ln_p_y", "a tensor [Y]"),
    ("prior_mean", "a tensor [Y, d]"),
    ("prior_covariance", "a tensor [Y, d, d]"),
    ("decoder_weight", "a tensor [D, d]"),
    ("decoder_offset", "a tensor [Y, D]"),
    ("decoder_covariance", "a tensor [D, D]"),
    ("encoder_weight", "a tensor [d, D]"),
    ("encoder_offset", "a tensor [d]"),
    ("encoder_covariance", "a tensor [d, d]"),
    ("ln_q_y_given_x", "a tensor [B, Y]"),
    ("x", "a tensor [B, D]"),
    ("y", "a tensor of integers [B]"),
    ("beta", "a scalar"),
];

/// Reads and validates every world of the file. The worlds share the model and differ in their observed pair.
pub(super) fn worlds(header: &Header, data: &[u8]) -> Result<Vec<Gaussian>, FileError> {
    let file = File::new(header, data, NAMES)?;
    let images = file.required("x")?.floats()?;
    let weight = file.required("decoder_weight")?.floats()?;
    let &[batch, _] = images.shape else {
        return Err(images.misshapen("[B, D]"));
    };
    let &[pixels, d] = weight.shape else {
        return Err(weight.misshapen("[D, d]"));
    };
    if batch == 0 || pixels == 0 || d == 0 {
        let empty = if batch == 0 { images } else { weight };
        return Err(empty.misshapen("at least one world, pixel and coordinate"));
    }
    let prior = file.required("ln_p_y")?.floats()?;
    let &[captions] = prior.shape else {
        return Err(prior.misshapen("[Y]"));
    };
    let beta = match file.optional("beta") {
        Some(beta) => beta.scalar()?,
        None => Beta::ONE,
    };
    let observed = file.required("y")?.integers(batch)?;
    images.shaped(&[batch, pixels])?;
    let caption_model = match file.optional("ln_q_y_given_x") {
        Some(tensor) => Some(tensor.floats()?.shaped(&[batch, captions])?),
        None => None,
    };
    check_row(prior.all()).map_err(|error| placed(0, error))?;
    let widest = prior
        .unit_roundoff()
        .max(caption_model.map_or(0.0, |tensor| tensor.unit_roundoff()));
    let shared = model(&file, [captions, pixels, d], beta)?;
    let mut worlds: Vec<Gaussian> = Vec::with_capacity(batch);
    for (index, value) in observed.into_iter().enumerate() {
        let y = caption(index, value, captions)?;
        let ln_q_y = match caption_model {
            Some(tensor) => {
                check_row(tensor.row(index)).map_err(|error| placed(index, error))?;
                tensor.row(index).array(captions)?
            }
            None => certain(y, captions),
        };
        let x = images.row(index).array(pixels)?;
        let world = match worlds.first() {
            Some(first) => first.observing_pair(x, y, ln_q_y, widest),
            None => {
                let parts = Parts {
                    ln_q_y_given_x: ln_q_y,
                    x,
                    y,
                    ..shared.clone()
                };
                Gaussian::from_rounded(parts, widest)
            }
        };
        worlds.push(world.map_err(|error| placed(index, error))?);
    }
    Ok(worlds)
}

/// Reads the model that the worlds of a file share, with zeros in the place of an observed pair.
fn model(file: &File<'_>, [captions, pixels, d]: [usize; 3], beta: Beta) -> Result<Parts, FileError> {
    Ok(Parts {
        ln_p_y: all(file, "ln_p_y", captions, &[captions])?,
        prior_mean: all(file, "prior_mean", (captions, d), &[captions, d])?,
        prior_covariance: all(file, "prior_covariance", (captions, d, d), &[captions, d, d])?,
        decoder_weight: all(file, "decoder_weight", (pixels, d), &[pixels, d])?,
        decoder_offset: all(file, "decoder_offset", (captions, pixels), &[captions, pixels])?,
        decoder_covariance: all(file, "decoder_covariance", (pixels, pixels), &[pixels, pixels])?,
        encoder_weight: all(file, "encoder_weight", (d, pixels), &[d, pixels])?,
        encoder_offset: all(file, "encoder_offset", d, &[d])?,
        encoder_covariance: all(file, "encoder_covariance", (d, d), &[d, d])?,
        ln_q_y_given_x: Array1::zeros(captions),
        x: Array1::zeros(pixels),
        y: 0,
        beta: beta.get(),
    })
}

/// The caption model that is certain of the caption `y`.
fn certain(y: usize, captions: usize) -> Array1<f64> {
    Array1::from_shape_fn(captions, |k| if k == y { 0.0 } else { f64::NEG_INFINITY })
}

/// Adds the world's place in the batch to an error about its observed pair. An error about the shared model gets none.
fn placed(index: usize, error: Error) -> FileError {
    let of_the_batch = match error {
        Error::Entry { tensor, .. } | Error::Sum { tensor, .. } | Error::Number { tensor, .. } => {
            matches!(tensor, "x" | "ln_q_y_given_x")
        }
        _ => false,
    };
    FileError::World {
        index: if of_the_batch { vec![index] } else { Vec::new() },
        error,
    }
}

fn all<D: Dimension, S: ShapeBuilder<Dim = D>>(
    file: &File<'_>,
    name: &'static str,
    shape: S,
    expected: &[usize],
) -> Result<Array<f64, D>, FileError> {
    file.required(name)?.floats()?.shaped(expected)?.all().array(shape)
}

/// The bytes of a case file, with every tensor in `f64`. The worlds may differ in their observed pair only.
///
/// # Errors
/// [`FileError::NoWorlds`] for an empty list, and [`FileError::Uneven`] for worlds of different models.
pub(super) fn to_bytes(worlds: &[Gaussian], title: &str, categories: &str) -> Result<Vec<u8>, FileError> {
    let parts: Vec<Parts> = worlds.iter().map(Gaussian::parts).collect();
    let Some(first) = parts.first() else {
        return Err(FileError::NoWorlds);
    };
    let model = |parts: &Parts| Parts {
        x: first.x.clone(),
        y: first.y,
        ln_q_y_given_x: first.ln_q_y_given_x.clone(),
        ..parts.clone()
    };
    if let Some(world) = parts.iter().position(|other| model(other) != *first) {
        return Err(FileError::Uneven {
            world,
            found: "another model".to_owned(),
            expected: "the same parameters and beta".to_owned(),
        });
    }
    let (captions, pixels) = (worlds[0].captions(), first.decoder_weight.nrows());
    let mut file = Writer::default();
    file.add(
        "y",
        Dtype::U64,
        vec![parts.len()],
        parts.iter().flat_map(|p| (p.y as u64).to_le_bytes()),
    );
    file.floats("beta", vec![], [first.beta]);
    file.floats("x", vec![parts.len(), pixels], parts.iter().flat_map(|p| p.x.to_vec()));
    file.floats(
        "ln_q_y_given_x",
        vec![parts.len(), captions],
        parts.iter().flat_map(|p| p.ln_q_y_given_x.to_vec()),
    );
    add_model(&mut file, first, captions);
    let metadata = BTreeMap::from([("categories", categories), ("format", GAUSSIAN), ("title", title)]);
    let bytes = file.finish(&metadata)?;
    let (header, data) = header::read(&bytes)?;
    self::worlds(&header, data)?; // Whatever this program writes, it can also read.
    Ok(bytes)
}

/// Adds the tensors of the model, which the worlds of a file share.
fn add_model(file: &mut Writer, model: &Parts, captions: usize) {
    let (pixels, d) = model.decoder_weight.dim();
    file.floats("ln_p_y", vec![captions], model.ln_p_y.iter().copied());
    file.floats("prior_mean", vec![captions, d], model.prior_mean.iter().copied());
    file.floats(
        "prior_covariance",
        vec![captions, d, d],
        model.prior_covariance.iter().copied(),
    );
    file.floats("decoder_weight", vec![pixels, d], model.decoder_weight.iter().copied());
    file.floats(
        "decoder_offset",
        vec![captions, pixels],
        model.decoder_offset.iter().copied(),
    );
    file.floats(
        "decoder_covariance",
        vec![pixels, pixels],
        model.decoder_covariance.iter().copied(),
    );
    file.floats("encoder_weight", vec![d, pixels], model.encoder_weight.iter().copied());
    file.floats("encoder_offset", vec![d], model.encoder_offset.iter().copied());
    file.floats(
        "encoder_covariance",
        vec![d, d],
        model.encoder_covariance.iter().copied(),
    );
}
