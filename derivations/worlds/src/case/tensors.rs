//! From tensors to worlds: names, types and shapes first, then one world at a time.

use files::header::Header;
use ndarray::Array1;
use reference::vocab::{Beta, Error, LogProbs, UNIT_ROUNDOFF_F64};
use reference::world::{Tables, World};
use safetensors::Dtype;

use super::storage::{Row, Tensor};
use crate::error::FileError;

/// The tensors of the format for finite worlds.
pub const NAMES: Names = &[
    ("ln_p_x_given_yz", "a tensor [B, Y, Z]"),
    ("ln_p_yz", "a tensor [Y, Z] or [B, Y, Z]"),
    ("ln_q_z_given_x", "a tensor [B, Z]"),
    (
        "ln_q_y_given_x",
        "a tensor [B, Y] beside the free joint ln_q_yz_given_x",
    ),
    ("ln_q_yz_given_x", "a tensor [B, Y, Z]"),
    ("y", "a tensor of integers [B]"),
    ("beta", "a scalar"),
];

/// The tensors of a format: the name of each, and a description of its shape for errors.
pub(super) type Names = &'static [(&'static str, &'static str)];

/// The tensors of a file, each of which has a name of the format or one that begins with `x_`.
pub(super) struct File<'a> {
    header: &'a Header,
    data: &'a [u8],
    names: Names,
}

/// Reads and validates every finite world of a file, in the order of its batch.
///
/// # Errors
/// A [`FileError`] that says what stands where, and what was expected.
pub fn worlds(header: &Header, data: &[u8]) -> Result<Vec<World>, FileError> {
    let file = File::new(header, data, NAMES)?;
    let likelihood = file.required("ln_p_x_given_yz")?.floats()?;
    let &[batch, captions, codes] = likelihood.shape else {
        return Err(likelihood.misshapen("[B, Y, Z]"));
    };
    if likelihood.shape.contains(&0) {
        return Err(likelihood.misshapen("at least one world, caption and code"));
    }
    let prior = file.required("ln_p_yz")?.floats()?;
    if prior.shape != [captions, codes] && prior.shape != [batch, captions, codes] {
        return Err(prior.misshapen(&format!("[{captions}, {codes}] or [{batch}, {captions}, {codes}]")));
    }
    let encoder = file.required("ln_q_z_given_x")?.floats()?.shaped(&[batch, codes])?;
    let shaped = |tensor: Tensor<'_>, shape: &[usize]| tensor.floats()?.shaped(shape).map(|_| ());
    let joint = file.optional("ln_q_yz_given_x");
    joint.map_or(Ok(()), |joint| shaped(joint, &[batch, captions, codes]))?;
    let caption_model = match joint {
        Some(_) => Some(file.required("ln_q_y_given_x")?),
        None => file.optional("ln_q_y_given_x"),
    };
    caption_model.map_or(Ok(()), |tensor| shaped(tensor, &[batch, captions]))?;
    let observed = file.required("y")?;
    let observed = observed.integers(batch)?;
    let beta = match file.optional("beta") {
        Some(beta) => beta.scalar()?,
        None => Beta::ONE,
    };
    let parts = Parts {
        likelihood,
        prior,
        encoder,
        caption_model,
        joint,
        captions,
        codes,
        beta,
    };
    // The worlds are checked in order, so that the error names the first one that is wrong.
    let each = observed.into_iter().enumerate();
    each.map(|(index, value)| parts.world(index, caption(index, value, captions)?))
        .collect()
}

/// The types of the log-probabilities, joined by `+`, `f64` before `f16`.
pub(super) fn dtypes(header: &Header) -> String {
    let stored = |dtype: Dtype| {
        header
            .tensors
            .iter()
            .any(|(name, info)| name.starts_with("ln_") && info.dtype == dtype)
    };
    [Dtype::F64, Dtype::F32, Dtype::F16, Dtype::BF16]
        .into_iter()
        .filter(|&dtype| stored(dtype))
        .map(|dtype| dtype.to_string().to_lowercase())
        .collect::<Vec<_>>()
        .join("+")
}

/// The tensors of one file, whose types and shapes have been checked.
struct Parts<'a> {
    likelihood: Tensor<'a>,
    prior: Tensor<'a>,
    encoder: Tensor<'a>,
    caption_model: Option<Tensor<'a>>,
    joint: Option<Tensor<'a>>,
    captions: usize,
    codes: usize,
    beta: Beta,
}

impl Parts<'_> {
    fn world(&self, batch: usize, y: usize) -> Result<World, FileError> {
        let square = (self.captions, self.codes);
        let shared = self.prior.shape.len() == 2;
        let place = |error: Error| {
            let without_batch = match error {
                Error::Entry { tensor, .. } | Error::Sum { tensor, .. } => shared && tensor == "ln_p_yz",
                _ => false,
            };
            FileError::World {
                index: if without_batch { Vec::new() } else { vec![batch] },
                error,
            }
        };
        // The likelihood is not a distribution over `y` or `z`, so its type plays no part in how far a sum may lie from
        // 1.
        let distributions = [Some(self.prior), Some(self.encoder), self.caption_model, self.joint];
        let widest = distributions
            .into_iter()
            .flatten()
            .map(|tensor| tensor.unit_roundoff())
            .fold(UNIT_ROUNDOFF_F64, f64::max);
        for tensor in distributions.into_iter().flatten() {
            let whole = shared && tensor.name == "ln_p_yz";
            let row = if whole { tensor.all() } else { tensor.row(batch) };
            check_row(row).map_err(place)?;
            row.check_size(if whole { None } else { Some(batch) })?;
        }
        self.likelihood.row(batch).check_size(Some(batch))?;
        let prior = if shared {
            self.prior.all()
        } else {
            self.prior.row(batch)
        };
        let ln_q_y_given_x = match self.caption_model {
            Some(tensor) => tensor.row(batch).array(self.captions)?,
            None => Array1::from_shape_fn(self.captions, |k| if k == y { 0.0 } else { f64::NEG_INFINITY }),
        };
        let tables = Tables {
            ln_p_x_given_yz: self.likelihood.row(batch).array(square)?,
            ln_p_yz: prior.array(square)?,
            ln_q_z_given_x: self.encoder.row(batch).array(self.codes)?,
            ln_q_y_given_x,
            ln_q_yz_given_x: self.joint.map(|joint| joint.row(batch).array(square)).transpose()?,
            y,
            beta: self.beta.get(),
        };
        World::from_rounded(tables, widest).map_err(place)
    }
}

/// Checks that a row is a distribution. The tolerance of its sum comes from the type in which this row was stored, not
/// from the coarsest type in the file.
pub(super) fn check_row(row: Row<'_>) -> Result<(), Error> {
    let (tensor, values) = (row.tensor.name, Array1::from_vec(row.values()));
    let sum = values.iter().map(|ln_p| ln_p.exp()).sum();
    match LogProbs::new(tensor, values, row.tensor.unit_roundoff()) {
        Ok(_) => Ok(()),
        Err(Error::Sum { bound, .. }) => Err(Error::Sum { tensor, sum, bound }),
        Err(error) => Err(row.unflattened(error)),
    }
}

/// Checks the observed caption of a world: `value` must lie in `0..captions`.
pub(super) fn caption(world: usize, value: i128, captions: usize) -> Result<usize, FileError> {
    let y = usize::try_from(value).ok().filter(|&y| y < captions);
    y.ok_or_else(|| FileError::Caption {
        index: vec![world],
        value,
        captions,
    })
}

impl<'a> File<'a> {
    /// Refuses a name that the format does not have.
    pub(super) fn new(header: &'a Header, data: &'a [u8], names: Names) -> Result<Self, FileError> {
        let known = |name: &str| name.starts_with("x_") || names.iter().any(|(known, _)| *known == name);
        match header.tensors.keys().find(|name| !known(name)) {
            None => Ok(Self { header, data, names }),
            Some(name) => Err(FileError::Unknown {
                name: name.clone(),
                expected: names.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    pub(super) fn optional(&self, name: &'static str) -> Option<Tensor<'a>> {
        let info = self.header.tensors.get(name)?;
        let (begin, end) = info.data_offsets;
        Some(Tensor {
            name,
            dtype: info.dtype,
            shape: &info.shape,
            data: self.data.get(begin..end).unwrap_or_default(), // Never empty by accident: the header was checked.
        })
    }

    pub(super) fn required(&self, name: &'static str) -> Result<Tensor<'a>, FileError> {
        let known = self.names.iter().find(|(known, _)| *known == name);
        let expected = known.map_or("a tensor", |(_, expected)| expected);
        self.optional(name).ok_or(FileError::Missing { tensor: name, expected })
    }
}
