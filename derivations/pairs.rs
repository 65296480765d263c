//! Reference and twin, pair by pair: the same name on both sides, the readings they differ in, and how close they come.

use gpu::Tensor;
use gpu::device::Device;
use gpu::fused::Isa;
use gpu::world::Batch;
use reference::vocab::{Error, Nats, Reading};
use reference::world::World;

use crate::precision::{Precision, Tolerance};

mod exact;
mod finite;
#[cfg(feature = "lapack")]
mod gaussian;
mod masses;
mod table;
mod twinned;

pub use exact::{SIDES, Side, exact};
pub use finite::tables;
#[cfg(feature = "lapack")]
pub use gaussian::GAUSSIAN;
pub use table::PAIRS;
pub(crate) use twinned::working_type;
pub use twinned::{TooLarge, Twinned};

/// The twin's side of a pair.
pub type Twin<W = World> = fn(&<W as Twinned>::Batch, Reading) -> Result<Tensor, gpu::Error>;

/// A twin that brings along what it runs on.
pub type AnyTwin = Box<dyn Fn(&Batch, Reading) -> Result<Tensor, gpu::Error> + Send + Sync>;

/// One function on both sides.
#[derive(Debug)]
pub struct Pair<W: Twinned = World, T = Twin<W>> {
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
impl<W: Twinned, T: Clone> Clone for Pair<W, T> {
    fn clone(&self) -> Self {
        self.with_twin(self.twin.clone())
    }
}

impl<W: Twinned, T: Copy> Copy for Pair<W, T> {}

/// Every pair, the fused sides by what this device has for them: the CPU its widest instructions, a CUDA device the kernel.
///
/// # Errors
/// [`gpu::Error::NoDevice`] for a device that is neither.
pub fn on(device: &Device) -> Result<Vec<Pair<World, AnyTwin>>, gpu::Error> {
    let composed = PAIRS.iter().map(|pair| pair.with_twin::<AnyTwin>(Box::new(pair.twin)));
    Ok(composed.chain(fused(device)?).collect())
}

fn fused(device: &Device) -> Result<Vec<Pair<World, AnyTwin>>, gpu::Error> {
    #[cfg(feature = "cuda")]
    if !device.is_cpu() {
        return Ok(exact(gpu::kernels::exact::InMemory(gpu::kernels::Cuda::of(device)?)));
    }
    if !device.is_cpu() {
        let reason = format!("{} has no kernel for exact tables", device.name());
        return Err(gpu::Error::NoDevice { reason });
    }
    Ok(exact(Isa::best()))
}

/// What the two sides of a pair start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The world under the reading, then rounded to the twin's type, on both sides.
    Rounded,
    /// The world itself: each side puts it under the reading, the twin after rounding.
    World,
}

impl<W: Twinned, T> Pair<W, T> {
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
    pub fn tolerance(&self, world: &W, reading: Reading, float: bounds::Float) -> Tolerance {
        (self.precision)(reading).tolerance(world.size(), float, world.floor(reading, float))
    }
}
