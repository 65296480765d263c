//! The operations on a kind of world that a comparison with the twin needs.

use bounds::Float;
use gpu::device::Device;
use note::checkable::Checkable;
use reference::vocab::{Beta, Error, Reading};

use crate::bounds::Size;

/// A kind of world that the twin can evaluate: how worlds become a batch, and on what their bounds depend.
pub trait Batchable: Checkable {
    /// A batch of worlds of equal shape on a device.
    type Batch;

    /// The sizes of the world. Worlds of equal shape go into one batch.
    fn shape(&self) -> [usize; 3];

    /// Each world under the reading, with every number rounded to the twin's type, so that both sides start from the
    /// same numbers. It is an error where the rounded numbers are not a valid world.
    fn prepared(worlds: &[&Self], reading: Reading, float: Float) -> Vec<Result<Self, Error>>;

    /// Each world rounded to the twin's type, for a twin that puts it under the reading by itself.
    fn rounded(worlds: &[&Self], float: Float) -> Vec<Result<Self, Error>> {
        Self::prepared(worlds, Reading::Pointwise, float)
    }

    /// Uploads worlds of equal shape to the device.
    ///
    /// # Errors
    /// [`gpu::Error`] when the device refuses.
    fn batch(worlds: &[Self], device: &Device, float: Float) -> Result<Self::Batch, gpu::Error>;

    /// The number of entries of the world's largest table in a batch.
    fn entries(&self) -> usize;

    /// The first number of which the type cannot hold sums, if there is one.
    fn too_large(&self, float: Float) -> Option<TooLarge>;

    /// For each world, whether its results in this type have digits to compare: after rounding it is well conditioned,
    /// and far from the ends of the type's range.
    fn comparable(worlds: &[Self], float: Float) -> Vec<bool>;

    /// The sizes on which numbers of roundings depend.
    fn size(&self) -> Size;

    /// The bound on the error of underflow under a reading.
    fn floor(&self, reading: Reading, float: Float) -> f64;
}

/// A bound on the number of addends of a line, rounded up to a power of two. Eq. 10 has five, and the weights of an
/// expectation sum to 1.
const ADDENDS: f64 = 8.0;

/// The largest size of a number for which a line at this beta still fits into the range of the type.
pub(super) fn limit(float: Float, beta: Beta) -> f64 {
    float.largest() / (ADDENDS * beta.get().max(1.0))
}

/// A number of a world that is too large for sums in the twin's type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TooLarge {
    /// The name of its table.
    pub table: &'static str,
    /// The number.
    pub value: f64,
    /// The largest size that leaves a line room at this world's beta.
    pub limit: f64,
}
