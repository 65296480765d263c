//! DALL-E's networks over batches of images, with layers of the reference's names.
//!
//! The wiring is written here a second time. The reference's is a list of layers, and this one is code that runs from
//! the input to the output. Parameters are tensors under the released model's names, and gradients flow through every
//! operation.
//!
//! Shapes: images are `[B, C, H, W]`, sequences `[B, S, d]`.

mod dvae;
mod layers;
mod mask;
mod parameters;
mod transformer;

pub use dvae::{Seen, Sizes, decoder, encoder};
pub use layers::{attention, conv2d, gelu, layer_norm, linear, max_pool, upsample};
pub use mask::Mask;
pub use parameters::Parameters;
pub use transformer::{Transformer, tokens};
