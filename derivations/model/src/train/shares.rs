//! A step's batch in shares, each with a graph of its own, side by side.

use std::ops::Range;

use gpu::GradStore;
use gpu::autograd::is_composed;
use gpu::network::Parameters;

use super::{Part, Stage};
use crate::ModelError;

/// One of so many parts of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    index: usize,
    of: usize,
}

impl Share {
    /// All of it.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// What runs side by side on the CPU: two whatever the number of threads, so that bits do not depend on it. Each keeps its thread's caches to
    /// itself, and no layer waits for the slowest part of the one before it.
    const HALVES: [Self; 2] = [Self { index: 0, of: 2 }, Self { index: 1, of: 2 }];

    /// The places in a batch of this size that are its own.
    #[must_use]
    pub const fn places(self, size: usize) -> Range<usize> {
        size * self.index / self.of..size * (self.index + 1) / self.of
    }
}

/// What a step descends.
#[derive(Debug)]
pub struct Step {
    /// The batch's loss.
    pub loss: f64,
    /// Its parts by name.
    pub parts: Vec<(&'static str, f64)>,
    /// The loss's gradients.
    pub gradients: GradStore,
}

/// A batch's loss and gradients: means over its images, whatever its shares.
///
/// On a device, and where layers are composed of candle's operations, the batch is one share; one image is, too.
///
/// # Errors
/// [`ModelError`].
pub fn step<S: Stage>(stage: &S, parameters: &Parameters, step: u64) -> Result<Step, ModelError> {
    let of = |share: Share| -> Result<Step, ModelError> {
        let terms = stage.terms(parameters, Part::Step(step), share)?;
        #[expect(clippy::cast_precision_loss, reason = "numbers of images")]
        let weight = terms.images as f64 / terms.batch as f64;
        let loss = (terms.loss * weight)?;
        Ok(Step {
            loss: f64::from(loss.to_scalar::<f32>()?),
            parts: terms
                .parts
                .into_iter()
                .map(|(name, part)| (name, weight * part))
                .collect(),
            gradients: loss.backward()?,
        })
    };
    let on_cpu = stage.variables().iter().all(|(_, variable)| variable.device().is_cpu());
    if !on_cpu || is_composed() || stage.training().batch < 2 {
        return of(Share::WHOLE);
    }
    let [first, second] = Share::HALVES;
    let (sum, other) = rayon::join(|| of(first), || of(second));
    let (mut sum, other) = (sum?, other?);
    sum.loss += other.loss;
    for ((_, sum), (_, part)) in sum.parts.iter_mut().zip(other.parts) {
        *sum += part;
    }
    sum.gradients.extend(other.gradients)?;
    Ok(sum)
}
