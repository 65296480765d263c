//! One function on both sides, and what the two start from.

use bounds::Float;
use gpu::Tensor;
use gpu::world::Batch;
use reference::vocab::{Error, Nats, Reading};
use reference::world::World;

use super::batchable::Batchable;
use crate::bounds::{Precision, Tolerance};

/// The twin's side of a pair.
pub type Twin<W = World> = fn(&<W as Batchable>::Batch, Reading) -> Result<Tensor, gpu::Error>;

/// A twin that brings along what it runs on.
pub type AnyTwin = Box<dyn Fn(&Batch, Reading) -> Result<Tensor, gpu::Error> + Send + Sync>;

/// One function on both sides.
#[derive(Debug)]
pub struct Pair<W: Batchable = World, T = Twin<W>> {
    /// The name that both sides bear.
    pub name: &'static str,
    /// The readings in which the values differ; the worlds and the batch are put under each (`World::under`).
    pub readings: &'static [Reading],
    /// What the two sides start from.
    pub start: Start,
    /// The reference: the values of one world, each with its mass.
    pub reference: fn(&W, Reading) -> Result<Vec<Nats>, Error>,
    /// The twin: as many values for every world of the batch, `[B]` or `[B, ..]`.
    pub twin: T,
    /// The precision row under each reading.
    pub precision: fn(Reading) -> &'static Precision,
}

// Derived, these would ask for worlds that are `Copy`.
impl<W: Batchable, T: Clone> Clone for Pair<W, T> {
    fn clone(&self) -> Self {
        self.with_twin(self.twin.clone())
    }
}

impl<W: Batchable, T: Copy> Copy for Pair<W, T> {}

/// What the two sides of a pair start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The world under the reading, then rounded to the twin's type, on both sides.
    Rounded,
    /// The world itself: each side puts it under the reading, the twin after rounding.
    World,
}

impl<W: Batchable, T> Pair<W, T> {
    /// The same row with another twin.
    pub const fn with_twin<U>(&self, twin: U) -> Pair<W, U> {
        Pair {
            name: self.name,
            readings: self.readings,
            start: self.start,
            reference: self.reference,
            twin,
            precision: self.precision,
        }
    }

    /// Whether more than one reading is compared.
    #[must_use]
    pub const fn depends_on_reading(&self) -> bool {
        self.readings.len() > 1
    }

    /// How close the two have to come in this world.
    #[must_use]
    pub fn tolerance(&self, world: &W, reading: Reading, float: Float) -> Tolerance {
        (self.precision)(reading).tolerance(world.size(), float, world.floor(reading, float))
    }
}
