//! What both benches compute with.

use agree::terms::CASES;

pub(crate) const SEED: u64 = 1;

/// Numbers like a network's logits: 64 rows of them again and again.
pub(crate) fn logits(rows: usize, k: usize, table: usize) -> Vec<f32> {
    let drawn = CASES[0].tables(SEED + table as u64, (rows.min(64), k), 1).remove(0);
    #[expect(clippy::cast_possible_truncation, reason = "logits are stored as f32")]
    let some: Vec<f32> = drawn.into_iter().map(|x| x as f32).collect();
    some.iter().copied().cycle().take(rows * k).collect()
}
