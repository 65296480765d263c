//! What a stage of training is, and what it is asked for.

use std::ops::Range;

use gpu::Tensor;
use gpu::network::Parameters;

use crate::ModelError;
use crate::config::Training;
use crate::parameters::Variables;

/// One stage: which numbers are learned, and what they are to bring about.
pub trait Stage: Sync {
    /// `dvae` or `prior`: of its checkpoint and in messages.
    const NAME: &'static str;

    /// Its part of the configuration.
    fn training(&self) -> Training;

    /// What is learned.
    fn variables(&self) -> &Variables;

    /// The loss of a share of a batch and what it is made of.
    ///
    /// # Errors
    /// [`ModelError`].
    fn terms(&self, parameters: &Parameters, part: Part, share: Share) -> Result<Terms, ModelError>;

    /// Batches of the validation part that are looked at.
    fn validation_batches(&self) -> usize;
}

/// Which images, and which noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The batch of a step.
    Step(u64),
    /// A batch of the validation part; the same noise every time.
    Validation(usize, u64),
}

impl Part {
    /// The step whose noise this is: one that no training comes to for the validation part.
    pub(crate) const fn noise(self) -> u64 {
        match self {
            Self::Step(step) => step,
            Self::Validation(batch, _) => u64::MAX / 16 - batch as u64,
        }
    }
}

/// A loss with its parts.
#[derive(Debug)]
pub struct Terms {
    /// How many images they are means over.
    pub images: usize,
    /// Of so many in the batch.
    pub batch: usize,
    /// What is descended: one number.
    pub loss: Tensor,
    /// Parts by name, in nats an image or as the name says.
    pub parts: Vec<(&'static str, f64)>,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The stage.
    pub stage: &'static str,
    /// Steps done.
    pub step: u64,
    /// Steps to do.
    pub steps: u64,
    /// What is known, by name.
    pub numbers: Vec<(String, f64)>,
}

/// What a watcher answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Go,
    /// Save and stop.
    Stop,
}

/// Who is told of every step.
pub type Watch<'a> = &'a mut dyn FnMut(&Line) -> Flow;

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
    pub(super) const HALVES: [Self; 2] = [Self { index: 0, of: 2 }, Self { index: 1, of: 2 }];

    /// The places in a batch of this size that are its own.
    #[must_use]
    pub const fn places(self, size: usize) -> Range<usize> {
        size * self.index / self.of..size * (self.index + 1) / self.of
    }
}
