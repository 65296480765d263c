//! The interface of a stage of training, and the types with which the training loop calls it.

use std::ops::Range;

use gpu::Tensor;
use gpu::network::Parameters;

use crate::ModelError;
use crate::config::Training;
use crate::parameters::Variables;

/// A stage of training: its variables, and the loss that they minimise.
pub trait Stage: Sync {
    /// The name of the stage in the names of checkpoints and in messages: `dvae` or `prior`.
    const NAME: &'static str;

    /// The settings of its training.
    fn training(&self) -> Training;

    /// The variables that are learned.
    fn variables(&self) -> &Variables;

    /// The loss on a share of a batch, and the parts of the loss.
    ///
    /// # Errors
    /// [`ModelError`].
    fn terms(&self, parameters: &Parameters, part: Part, share: Share) -> Result<Terms, ModelError>;

    /// The number of batches of the validation part that are evaluated.
    fn validation_batches(&self) -> usize;
}

/// The batch on which a loss is computed, which also decides the noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The batch of a step.
    Step(u64),
    /// The batch of the validation part with this number, at a step. Its noise is the same at every step.
    Validation(usize, u64),
}

impl Part {
    /// The step whose noise is used. For the validation part it is one that no training reaches.
    pub(crate) const fn noise(self) -> u64 {
        match self {
            Self::Step(step) => step,
            Self::Validation(batch, _) => u64::MAX / 16 - batch as u64,
        }
    }
}

/// A loss and its parts.
#[derive(Debug)]
pub struct Terms {
    /// The number of images over which they are means.
    pub images: usize,
    /// The number of images in the whole batch.
    pub batch: usize,
    /// The loss, a scalar.
    pub loss: Tensor,
    /// The parts of the loss by name, in nats per image unless the name says otherwise.
    pub parts: Vec<(&'static str, f64)>,
}

/// A line of the log, about one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The name of the stage.
    pub stage: &'static str,
    /// The number of steps that are done.
    pub step: u64,
    /// The number of all steps.
    pub steps: u64,
    /// The numbers that are logged, by name.
    pub numbers: Vec<(String, f64)>,
}

/// The answer of a watcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Training goes on.
    Go,
    /// Training saves its state and stops.
    Stop,
}

/// A watcher, which is called after every step.
pub type Watch<'a> = &'a mut dyn FnMut(&Line) -> Flow;

/// A share of a batch: part `index` of `of` parts of nearly equal size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    index: usize,
    of: usize,
}

impl Share {
    /// The whole batch.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// The shares that run in parallel on the CPU. There are two whatever the number of threads, so that the bits do
    /// not depend on it. Each share keeps its thread's caches to itself, and no layer waits for the slowest part of the
    /// one before it.
    pub(super) const HALVES: [Self; 2] = [Self { index: 0, of: 2 }, Self { index: 1, of: 2 }];

    /// The places in a batch of this size that belong to the share.
    #[must_use]
    pub const fn places(self, size: usize) -> Range<usize> {
        size * self.index / self.of..size * (self.index + 1) / self.of
    }
}
