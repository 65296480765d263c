//! How far a correct number may be off, and how two numbers are compared.
//!
//! What somebody's correct code may lose in its own types and order of summation ([`Arithmetic`], [`BoundedSum`], [`LogSoftmaxRow`]), what a number can be
//! at all ([`Range`]), and the one comparer ([`compare`]). Whose number it is and what it should be is not said here: that is the judge's and the
//! agreement's to know.

mod compare;
mod comparison;
mod implementation;
mod log_softmax;
mod order;
mod range;

pub use compare::{Outcome, compare};
pub use comparison::{Comparison, Number, Place, Worst};
pub use implementation::*;
pub use log_softmax::LogSoftmaxRow;
pub use order::Order;
pub use range::Range;
pub use vocab::Float;
