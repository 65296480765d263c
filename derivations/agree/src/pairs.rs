//! The pairs of functions of reference and twin. Each has a name, which both sides bear, the readings on which it
//! depends, and a bound.

use gpu::device::Device;
use gpu::fused::Isa;
use reference::world::World;

mod batchable;
mod exact;
mod finite;
#[cfg(feature = "lapack")]
mod gaussian;
mod masses;
mod pair;
mod table;

pub use batchable::{Batchable, TooLarge};
pub use exact::{SIDES, Side, exact};
pub use finite::tables;
#[cfg(feature = "lapack")]
pub use gaussian::GAUSSIAN;
pub use pair::{AnyTwin, Pair, Start, Twin};
pub use table::PAIRS;

/// Every pair. The fused sides run on the implementation of this device: the widest instructions of the CPU, or the
/// kernel of a CUDA device.
///
/// # Errors
/// [`gpu::Error::NoDevice`] for a device of another kind.
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
