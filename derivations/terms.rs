//! The fused terms against the reference: one function a row, on logits of every kind, in every type.

mod cases;
mod compare;
mod ends;
mod engine;
mod expected;
mod graph;
mod kernels;
mod mixing;
mod report;
mod table;
mod whole;

pub use cases::{CASES, Case, SHAPES, Shape};
pub use compare::{Options, agree, agree_each};
pub use engine::{Call, Engine, EngineError, Function};
pub use graph::{InGraph, View};
pub use kernels::OnDevice;
pub use mixing::{MIXING, MixCall, Mixed};
pub use report::{Report, Row, Worst};
pub use table::{Inputs, Outcome, TERMS, Term};
pub use whole::{ELBO, ElboCall, ElboFound};

/// The names of all fused terms.
pub fn names() -> impl Iterator<Item = &'static str> {
    TERMS.iter().map(|term| term.name).chain([ELBO]).chain(MIXING)
}
