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
mod adversary;
mod archives;
mod axes;
mod bounds;
mod causes;
mod corpus;
mod equivalent;
mod file;
mod gaussian;
mod hostile;
mod known;
mod matrix;
mod model;
mod mutants;
mod noise;
mod number;
mod objective;
mod random;
mod reports;
mod sequence;
mod silence;
mod ties;
mod tokens;
mod undecided;
mod worlds;
