//! A kind of world that has a twin.

use bounds::Float;
use gpu::device::Device;
use note::checkable::Checkable;
use reference::vocab::{Beta, Error, Reading};

use crate::bounds::Size;

/// What a comparison asks of a world: how it goes into a batch, and how much room rounding needs there.
pub trait Batchable: Checkable {
    /// Worlds of equal shape on a device.
    type Batch;

    /// Captions, and how large each is: worlds of equal shape go into one batch.
    fn shape(&self) -> [usize; 3];

    /// Each world under the reading with every number rounded to the twin's type, so that both sides start from the same numbers; an error where
    /// rounding leaves no world.
    fn prepared(worlds: &[&Self], reading: Reading, float: Float) -> Vec<Result<Self, Error>>;

    /// Each world as the twin has it that puts it under the reading by itself.
    fn rounded(worlds: &[&Self], float: Float) -> Vec<Result<Self, Error>> {
        Self::prepared(worlds, Reading::Pointwise, float)
    }

    /// The worlds on the device.
    ///
    /// # Errors
    /// [`gpu::Error`] when the device refuses.
    fn batch(worlds: &[Self], device: &Device, float: Float) -> Result<Self::Batch, gpu::Error>;

    /// Entries of the largest table that it takes in a batch.
    fn entries(&self) -> usize;

    /// The first number whose sums the type cannot hold, if there is one.
    fn too_large(&self, float: Float) -> Option<TooLarge>;

    /// Which of the worlds are, once rounded, so well conditioned and so far from the ends of the type's range that its digits say something.
    fn comparable(worlds: &[Self], float: Float) -> Vec<bool>;

    /// What counts of roundings depend on.
    fn size(&self) -> Size;

    /// What underflow can cost under a reading.
    fn floor(&self, reading: Reading, float: Float) -> f64;
}

/// Addends of a line at most: Eq. 10 has five; weights sum to 1 and make nothing larger. A power of two above.
const ADDENDS: f64 = 8.0;

/// The largest size of a number that leaves a line room in the type, at that beta.
pub(super) fn limit(float: Float, beta: Beta) -> f64 {
    float.largest() / (ADDENDS * beta.get().max(1.0))
}

/// A number that the twin's type cannot hold in a sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TooLarge {
    /// Which table it stands in.
    pub table: &'static str,
    /// The number.
    pub value: f64,
    /// The largest size that leaves a line room at this world's beta.
    pub limit: f64,
}
