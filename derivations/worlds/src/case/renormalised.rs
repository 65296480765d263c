//! Tables of log-probabilities that miss 1, divided by their sums.

use files::header::Header;
use ndarray::Array1;
use reference::special::log_sum_exp;
use reference::vocab::{Error, LogProbs, Nats};
use safetensors::Dtype;
use safetensors::tensor::TensorInfo;

use super::storage::Part;

/// The tables that hold distributions, and the number of axes over which each distribution extends.
const DISTRIBUTIONS: [(&str, usize); 4] = [
    ("ln_p_yz", 2),
    ("ln_q_z_given_x", 1),
    ("ln_q_y_given_x", 1),
    ("ln_q_yz_given_x", 2),
];

/// Whether a distribution of a tensor misses 1 by more than its type explains. Each has so many numbers.
fn misses(part: &Part, length: usize) -> bool {
    let u = part.unit_roundoff();
    let checked = |first: usize| LogProbs::new(part.name, Array1::from_vec(part.some(first, 1, length)), u);
    let mut rows = (0..part.count()).step_by(length);
    rows.any(|first| matches!(checked(first), Err(Error::Sum { .. })))
}

/// The distributions of a tensor, and the number of numbers of each; none where it holds no distributions.
fn distributions(name: &str, info: &TensorInfo, bytes: &[u8]) -> Option<(Part, usize)> {
    let (name, axes) = DISTRIBUTIONS.into_iter().find(|(table, _)| *table == name)?;
    let length: usize = info.shape.iter().rev().take(axes).product();
    let part = Part {
        name,
        dtype: info.dtype,
        shape: info.shape.clone(),
        bytes: bytes.to_vec(),
    };
    Some((part.floats().ok()?, length.max(1)))
}

/// What renormalising changed in a tensor.
#[derive(Debug, Clone, PartialEq)]
pub struct Renormalised {
    /// The tensor's name.
    pub tensor: &'static str,
    /// The number of its distributions.
    pub distributions: usize,
    /// The largest distance of a sum from 1.
    pub most: f64,
}

/// Divides the distributions of every tensor of which one misses 1 by more than its type explains by their sums, and stores
/// them in double precision. What cannot be normalised, such as a row of zeros or one with a NaN, stays as it is: whoever
/// validates the tables refuses it. The tensors lie one after the other in `data`.
///
/// ```text
/// ln p_k - ln sum_j e^(ln p_j)
/// ```
#[must_use]
pub fn renormalised(mut header: Header, data: &[u8]) -> (Header, Vec<u8>, Vec<Renormalised>) {
    let (mut all, mut changes) = (Vec::new(), Vec::new());
    for (name, info) in &mut header.tensors {
        let (begin, end) = info.data_offsets;
        let bytes = data.get(begin..end).unwrap_or_default();
        let begin = all.len();
        match distributions(name, info, bytes) {
            Some((part, length)) if misses(&part, length) => {
                let mut change = Renormalised {
                    tensor: part.name,
                    distributions: part.count() / length,
                    most: 0.0,
                };
                for first in (0..part.count()).step_by(length) {
                    let mut row = part.some(first, 1, length);
                    let terms: Vec<Nats> = row.iter().map(|ln| Nats::of(*ln)).collect();
                    let ln_sum = log_sum_exp(&terms).value();
                    if ln_sum.is_finite() {
                        row.iter_mut().for_each(|ln| *ln -= ln_sum);
                        change.most = change.most.max(ln_sum.exp_m1().abs());
                    }
                    all.extend(row.iter().flat_map(|ln| ln.to_le_bytes()));
                }
                info.dtype = Dtype::F64;
                changes.push(change);
            }
            _ => all.extend(bytes),
        }
        info.data_offsets = (begin, all.len());
    }
    (header, all, changes)
}
