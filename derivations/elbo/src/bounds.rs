//! How far a correct program may be off: the numbers of the judge, asked for directly.
//!
//! Everything of the package `elbo-bounds` is here too: types, orders of summation, sums with their bounds, and the one comparer.

pub use ::bounds::*;
use judge::dump::{Axis, ClaimSpec, DumpBuilder, Layout, Prior, Quantity};
use judge::{Defined, widest};
use worlds::case::FileError;

/// The divergence of one row of logits from another, and how far a correct program's may lie from it.
///
/// ```text
/// D(q || p) = sum_k q_k (ln q_k - ln p_k),   q = softmax(logits),   p = softmax(prior), or uniform
/// ```
///
/// The program computes in `float`, adds up in `float`, one after the other, and stores the divergence in `float`: what
/// [`DumpBuilder`] states where nothing else is stated.
/// Shapes: both rows hold `K` logits. Unit: nats. Range: the bound is at least 0, and infinite where nothing bounds it.
/// Source: the note, Eq. 13.
///
/// # Errors
/// [`FileError`] for logits of which there is no distribution, or rows of different lengths.
///
/// ```
/// use elbo::bounds::{Float, kl};
///
/// let certain = [0.0, f64::NEG_INFINITY];
/// let [single, half] = [Float::F32, Float::Bf16].map(|float| kl(float, &certain, None));
/// let (single, half) = (single?, half?);
/// assert!((single.value - std::f64::consts::LN_2).abs() < 1e-15);
/// assert!(single.bound < 1e-5 && half.bound < 0.1 && half.bound > 1000.0 * single.bound);
/// # Ok::<(), elbo::FileError>(())
/// ```
pub fn kl(float: Float, logits: &[f64], prior: Option<&[f64]>) -> Result<Defined, FileError> {
    let kind = prior.map_or(Prior::Uniform, |_| Prior::Logits);
    let shape = |row: &[f64]| [1, 1, row.len()];
    let mut dump = DumpBuilder::tokens(float, Layout::Rows, kind).input("encoder_logits", &shape(logits), logits);
    if let Some(prior) = prior {
        dump = dump.input("prior_logits", &shape(prior), prior);
    }
    let how = ClaimSpec::sum(&[Axis::Position, Axis::Code]);
    let dump = dump.asking(Quantity::Kl, &how, &[1], float);
    widest(&dump.open("two rows of logits")?, Quantity::Kl)
}
