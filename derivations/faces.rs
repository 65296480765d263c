//! The table as people meet it: all lines, one line, and step by step.

pub mod lines;
pub mod show;
pub mod step;
