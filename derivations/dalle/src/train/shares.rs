//! Computes the loss and the gradients of a step. On the CPU the batch is divided into shares, each with a graph of its
//! own, which run in parallel.

use gpu::GradStore;
use gpu::autograd::is_composed;
use gpu::network::Parameters;

use super::stage::{Part, Share, Stage};
use crate::ModelError;

/// The loss and the gradients of a batch.
#[derive(Debug)]
pub struct Step {
    /// The loss of the batch.
    pub loss: f64,
    /// The parts of the loss by name.
    pub parts: Vec<(&'static str, f64)>,
    /// The gradients of the loss.
    pub gradients: GradStore,
}

/// The loss and the gradients of a batch. They are means over its images, however it is divided.
///
/// The batch is one share on a device other than the CPU, where layers are composed of candle's operations, and where
/// it has a single image.
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
