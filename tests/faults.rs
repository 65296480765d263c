//! Correct implementations are silent, faulty ones are caught and named.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "faults/axes.rs"]
mod axes;
#[path = "faults/bounds.rs"]
mod bounds;
#[cfg(feature = "twin")]
#[path = "faults/candle.rs"]
mod candle;
#[path = "faults/causes.rs"]
mod causes;
#[path = "faults/corpus.rs"]
mod corpus;
#[path = "faults/equivalent.rs"]
mod equivalent;
#[path = "faults/file.rs"]
mod file;
#[path = "faults/formats.rs"]
mod formats;
#[path = "faults/gaussian.rs"]
mod gaussian;
#[path = "faults/hostile.rs"]
mod hostile;
#[path = "faults/matrix.rs"]
mod matrix;
#[path = "faults/model.rs"]
mod model;
#[path = "faults/mutants.rs"]
mod mutants;
#[path = "faults/number.rs"]
mod number;
#[path = "faults/objective.rs"]
mod objective;
#[path = "faults/program.rs"]
mod program;
#[path = "faults/random.rs"]
mod random;
#[path = "faults/reports.rs"]
mod reports;
#[path = "faults/sequence.rs"]
mod sequence;
#[path = "faults/silence.rs"]
mod silence;
#[path = "faults/ties.rs"]
mod ties;
#[path = "faults/tokens.rs"]
mod tokens;
#[path = "faults/undecided.rs"]
mod undecided;
#[path = "faults/worlds.rs"]
mod worlds;
