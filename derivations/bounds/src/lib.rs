//! Bounds on the error of a correct number, and the comparison of two numbers.
//!
//! [`Arithmetic`], [`BoundedSum`] and [`LogSoftmaxRow`] bound what somebody's correct code may lose in its own types
//! and order of summation. [`Range`] holds the values that a number can have at all. [`compare`] is the only function
//! that compares numbers, and [`Agreement`] counts what it says. This package does not know whose number it is, nor what it should be. `judge` and `agree` do.

mod addend;
mod agreement;
mod compare;
mod comparison;
mod conclusion;
mod implementation;
mod log_softmax;
mod order;
mod range;
mod repeats;
mod rows;
mod spread;
mod sum;

pub use addend::Addend;
pub use agreement::{Agreement, Extreme};
pub use compare::{Outcome, compare};
pub use comparison::{Comparison, Number, Place, Worst};
pub use conclusion::Conclusion;
pub use implementation::*;
pub use log_softmax::{LikelyRow, LogSoftmaxRow};
pub use order::Order;
pub use range::{InRow, Range};
pub use rows::Rows;
pub use spread::{BIAS, FAILURE, Spread, Way, deviations, deviations_but_for, grown};
pub use sum::{Added, BoundedSum, Likely};
pub use vocab::Float;
