//! The note's lines, one function a side, in the order of the argument.

pub mod bound;
pub mod joint;
pub mod objective;
pub mod split;
