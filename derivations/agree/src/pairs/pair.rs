//! The type of a pair: one function in the reference and in the twin.

use bounds::Float;
use gpu::Tensor;
use gpu::world::Batch;
use reference::vocab::{Error, Nats, Reading};
use reference::world::World;

use super::batchable::Batchable;
use crate::bounds::{Precision, Tolerance};

/// The twin's function of a pair.
pub type Twin<W = World> = fn(&<W as Batchable>::Batch, Reading) -> Result<Tensor, gpu::Error>;

/// A twin's function that owns what it runs on.
pub type AnyTwin = Box<dyn Fn(&Batch, Reading) -> Result<Tensor, gpu::Error> + Send + Sync>;

/// One function in the reference and in the twin, and the bound between them.
#[derive(Debug)]
pub struct Pair<W: Batchable = World, T = Twin<W>> {
    /// The name that both sides bear.
    pub name: &'static str,
    /// The readings under which the values differ. The worlds and the batch are put under each of them
    /// (`World::under`).
    pub readings: &'static [Reading],
    /// The numbers from which the two sides start.
    pub start: Start,
    /// The function of the reference: the values on one world, each with its mass.
    pub reference: fn(&W, Reading) -> Result<Vec<Nats>, Error>,
    /// The function of the twin: as many values for every world of the batch, `[B]` or `[B, ..]`.
    pub twin: T,
    /// The number of roundings under each reading.
    pub precision: fn(Reading) -> &'static Precision,
}

// Derived implementations would require that worlds are `Copy`.
impl<W: Batchable, T: Clone> Clone for Pair<W, T> {
    fn clone(&self) -> Self {
        self.with_twin(self.twin.clone())
    }
}

impl<W: Batchable, T: Copy> Copy for Pair<W, T> {}

/// The numbers from which the two sides of a pair start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Both sides start from the world under the reading, rounded to the twin's type.
    Rounded,
    /// Both sides start from the world itself and put it under the reading. The twin rounds it first.
    World,
}

impl<W: Batchable, T> Pair<W, T> {
    /// The same pair with another function of the twin.
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

    /// Whether the pair is compared under more than one reading.
    #[must_use]
    pub const fn depends_on_reading(&self) -> bool {
        self.readings.len() > 1
    }

    /// The bound on the distance of the two sides on this world.
    #[must_use]
    pub fn tolerance(&self, world: &W, reading: Reading, float: Float) -> Tolerance {
        (self.precision)(reading).tolerance(world.size(), float, world.floor(reading, float))
    }
}
