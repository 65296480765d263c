//! The twin: the functions of `reference`, by the same names, over a batch of worlds, composed from candle operations.
//!
//! # Scope
//!
//! What the reference computes for one [`world`](world::Batch) in plain loops and `f64`, this crate computes for `B` worlds
//! of equal shape `[Y, Z]` at once, in `f32` or `f64`, on the CPU or on a CUDA device. No mathematics is shared: of the
//! reference only `vocab` is used (`Beta`, `Reading`), or agreement would prove nothing.
//!
//! # Conventions
//!
//! The first dimension is the world; a function returns `[B]` unless it says otherwise. Natural logarithms, nats.
//! `-inf` is a value (a probability of 0). An element is NaN exactly where the reference refuses with
//! `Error::Indeterminate`: both are undefined there. Masks select, they never multiply, so `0 x inf` never happens.
//!
//! # Reading order
//!
//! [`device`], [`transfer`], [`world`], [`special`], [`categorical`], [`equations`], then [`gaussian`]; [`network`] stands by itself.

pub mod autograd;
pub mod categorical;
pub mod device;
pub mod equations;
pub mod error;
pub mod fused;
pub mod gaussian;
pub mod kernels;
pub mod network;
pub mod special;
pub mod transfer;
pub mod world;

/// candle itself, in the version that the tensors are of.
pub use candle_core;
pub use candle_core::backprop::GradStore;
pub use candle_core::{D, DType, Error as TensorError, Tensor, Var};
pub use error::Error;

/// Where tensors lie that a file is read into or written from.
pub const HOST: candle_core::Device = candle_core::Device::Cpu;
