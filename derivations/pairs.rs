//! Reference and twin, pair by pair: the same name on both sides, the readings they differ in, and how close they come.

use gpu::Tensor;
use gpu::device::Device;
use gpu::fused::Isa;
use gpu::transfer::Tables;
use gpu::world::Batch;
use reference::model::Model as _;
use reference::vocab::{Error, Nats, Reading};
use reference::world::World;

use crate::precision::{self, Arithmetic, Precision, Size, Tolerance};

mod exact;
mod masses;
mod table;

pub use exact::{SIDES, Side, exact};
pub use table::PAIRS;

/// The twin's side of a pair.
pub type Twin = fn(&Batch, Reading) -> Result<Tensor, gpu::Error>;

/// A twin that brings along what it runs on.
pub type AnyTwin = Box<dyn Fn(&Batch, Reading) -> Result<Tensor, gpu::Error> + Send + Sync>;

/// One function on both sides.
#[derive(Debug, Clone, Copy)]
pub struct Pair<T = Twin> {
    /// The name that both sides bear.
    pub name: &'static str,
    /// The readings in which the values differ; the worlds and the batch are put under each (`World::under`).
    pub readings: &'static [Reading],
    /// What the two sides start from.
    pub start: Start,
    /// The reference: the values of one world, each with its mass.
    pub reference: fn(&World, Reading) -> Result<Vec<Nats>, Error>,
    /// The twin: as many values for every world of the batch, `[B]` or `[B, ..]`.
    pub twin: T,
    /// The precision row under each reading.
    pub precision: fn(Reading) -> &'static Precision,
}

/// Every pair, the fused sides by what this device has for them: the CPU its widest instructions, a CUDA device the kernel.
///
/// # Errors
/// [`gpu::Error::NoDevice`] for a device that is neither.
pub fn on(device: &Device) -> Result<Vec<Pair<AnyTwin>>, gpu::Error> {
    let composed = PAIRS.iter().map(|pair| pair.with_twin::<AnyTwin>(Box::new(pair.twin)));
    Ok(composed.chain(fused(device)?).collect())
}

fn fused(device: &Device) -> Result<Vec<Pair<AnyTwin>>, gpu::Error> {
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

impl<T> Pair<T> {
    /// The same row with another twin.
    pub const fn with_twin<U>(&self, twin: U) -> Pair<U> {
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
    pub fn tolerance(&self, world: &World, reading: Reading, arithmetic: Arithmetic) -> Tolerance {
        let size = size(world);
        let floor = precision::floor(size, arithmetic, largest(world), world.beta().get());
        (self.precision)(reading).tolerance(size, arithmetic, floor)
    }
}

/// The tables of worlds of one shape, one after the other, as a batch takes them.
#[must_use]
pub fn tables(worlds: &[World]) -> Tables {
    let mut tables = Tables {
        captions: worlds.first().map_or(0, World::captions),
        codes: worlds.first().map_or(0, World::codes),
        ..Tables::default()
    };
    for world in worlds {
        tables.ln_p_x_given_yz.extend(world.likelihood());
        tables.ln_p_yz.extend(world.prior().ln());
        tables.ln_q_z.extend(world.encoder().ln());
        tables.ln_q_y.extend(world.caption_model().ln());
        tables.ln_q_yz.extend(world.joint_encoder().ln());
        tables.y.push(world.y());
        tables.beta.push(world.beta());
    }
    tables
}

fn size(world: &World) -> Size {
    #[expect(clippy::cast_precision_loss, reason = "counts of captions and codes")]
    let count = |n: usize| n as f64;
    Size {
        captions: count(world.captions()),
        codes: count(world.codes()),
    }
}

/// The largest finite entry of a world's tables, by size.
fn largest(world: &World) -> f64 {
    let tables = [world.likelihood(), world.prior().ln(), world.joint_encoder().ln()];
    let matrices = tables.into_iter().flatten();
    let vectors = world.encoder().ln().iter().chain(world.caption_model().ln());
    matrices
        .chain(vectors)
        .filter(|entry| entry.is_finite())
        .fold(0.0, |largest, entry| entry.abs().max(largest))
}
