//! Writes a question as the file that the child reads.

use bounds::Float;
use serde_json::json;

use super::hello::Hello;
use super::question::Question;
use crate::dump::{Axis, DumpBuilder};

/// The grid `[H, W]` of this many positions that is closest to a square.
fn grid(positions: usize) -> [usize; 2] {
    let width = (1..=positions.isqrt())
        .rev()
        .find(|width| positions.is_multiple_of(*width));
    let width = width.unwrap_or(1);
    [positions / width, width]
}

impl Question {
    /// The dump with the inputs of the question, without the tensors of claims.
    pub(super) fn draft(&self, hello: &Hello) -> DumpBuilder {
        let mut draft = DumpBuilder::new(hello.statement.clone());
        if let (Some(entries), true) = (hello.sizes.get(&Axis::Entry), hello.is_model()) {
            draft.statement["entries"] = json!(entries);
        }
        let float = hello.read.as_ref().map_or(Float::F32, |statement| statement.dtype);
        for (name, table) in &self.tables {
            let planes = table.axes.contains(&Axis::Code) && hello.has_planes();
            let shape: Vec<usize> = table
                .axes
                .iter()
                .flat_map(|axis| match (axis, self.lengths[axis]) {
                    (Axis::Position, positions) if planes => grid(positions).to_vec(),
                    (_, length) => vec![length],
                })
                .collect();
            if *name == "tokens" {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "tokens, drawn as integers"
                )]
                let tokens: Vec<usize> = table.values.iter().map(|value| *value as usize).collect();
                draft.integers(name, &shape, &tokens);
            } else {
                draft.floats(name, &shape, &table.values, float);
            }
        }
        draft
    }

    /// The size in words, such as `3 x 4 x 7 (batch, position, code)`.
    #[must_use]
    pub fn size(&self) -> String {
        let lengths: Vec<String> = self.lengths.values().map(ToString::to_string).collect();
        let names: Vec<&str> = self.lengths.keys().map(|axis| axis.name()).collect();
        format!("{} ({})", lengths.join(" x "), names.join(", "))
    }
}
