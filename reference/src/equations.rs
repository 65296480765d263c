//! The numbered lines of the note, in the order of the argument. Each line is one function, which computes it as
//! printed.
//!
//! What a row of the derivation loses from one line to the next is computed in [`slack`](crate::slack), which shares no
//! code with this module.

pub mod bound;
pub mod joint;
pub mod objective;
pub mod split;
