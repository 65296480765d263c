//! Compares the fused terms of `gpu` with the reference, on logits of every kind and in every type. The report has one
//! row for each function.

mod call;
mod cases;
mod compare;
mod draw;
mod ends;
mod engine;
mod expected;
mod graph;
mod hold;
mod kernels;
mod mixing;
mod report;
mod table;
mod whole;

pub use call::{Call, ElboCall, ElboFound, EngineError, Function};
pub use cases::{CASES, Case, SHAPES, Shape};
pub use compare::{agree, agree_each};
pub use draw::Options;
pub use engine::Engine;
pub use graph::{InGraph, View};
pub use kernels::OnDevice;
pub use mixing::{MIXING, MixCall, Mixed};
pub use report::{Report, TermPlace, TermRow};
pub use table::{Inputs, Outcome, TERMS, Term};
pub use whole::ELBO;

/// The names of all fused terms.
pub fn names() -> impl Iterator<Item = &'static str> {
    TERMS.iter().map(|term| term.name).chain([ELBO]).chain(MIXING)
}
