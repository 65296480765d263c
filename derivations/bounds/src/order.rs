//! The order in which somebody adds.

use serde::Deserialize;

/// In which order the subject adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// One after the other, or nobody knows.
    Sequential,
    /// Blocks of at most 32, and blocks of those, or four lanes of a vector unit at the least: XLA's windows on a CPU, which `NumPy`'s pairs and
    /// `PyTorch`'s cascades stay below, and `PyTorch`'s softmax.
    Pairwise,
    /// At most 1,024 threads with a part each, then in pairs: a GPU's reduction.
    Tree,
}
