//! A model that gives nothing but its tokens' log-probabilities: causal, or with a leak in it.

use serde_json::json;

use super::file::Draft;
use super::mutants::Fault;
use super::number::{Number, Order};
use super::random::Random;

const TOKENS: usize = 5;
const ENTRIES: usize = 7;
const WIDTH: usize = 6;

/// Scores tokens drawn anew: a row, rows that begin like it, one with every other token in one place, and one like it throughout.
pub(crate) fn dump<T: Number>(random: &mut Random, order: Order, fault: Fault) -> Draft {
    let vectors: Vec<T> = (0..ENTRIES * WIDTH).map(|_| T::of(random.normal())).collect();
    let first: Vec<usize> = (0..TOKENS).map(|_| random.below(ENTRIES)).collect();
    let mut rows = vec![first.clone()];
    for begins_alike in 1..TOKENS {
        let drawn = (begins_alike..TOKENS).map(|_| random.below(ENTRIES));
        rows.push(first[..begins_alike].iter().copied().chain(drawn).collect());
    }
    for entry in 0..ENTRIES {
        let mut row = first.clone();
        row[2] = entry;
        rows.push(row);
    }
    rows.push(first);
    let nll: Vec<T> = (0..rows.len())
        .flat_map(|row| score(&rows, row, &vectors, order, fault))
        .collect();
    let mut draft = Draft::new(
        "sequence",
        &json!({"dtype": T::NAME, "summation": order.name(), "entries": ENTRIES}),
    );
    draft.integers("tokens", &[rows.len(), TOKENS], &rows.concat());
    draft.claim("token_nll", &[rows.len(), TOKENS], &nll, &json!({}));
    draft
}

/// `-ln p` of a row's tokens: each entry scored by its vector against those that are seen, nearer ones weighing more.
fn score<T: Number>(rows: &[Vec<usize>], row: usize, vectors: &[T], order: Order, fault: Fault) -> Vec<T> {
    let vector = |entry: usize| &vectors[entry * WIDTH..][..WIDTH];
    let hidden = |t: usize| {
        let sees = |s: usize| match fault {
            Fault::FutureSeen => s != t,
            Fault::MaskInverted => s > t,
            Fault::OwnTokenSeen => s <= t,
            _ => s < t,
        };
        let mut sum = vec![T::of(0.25); WIDTH];
        let mut see = |token: usize, distance: usize| {
            let weight = T::of(1.0 / (1 + distance) as f64);
            for (sum, x) in sum.iter_mut().zip(vector(token)) {
                *sum = *sum + weight * *x;
            }
        };
        for s in (0..TOKENS).filter(|s| sees(*s)) {
            see(rows[row][s], s.abs_diff(t));
        }
        if fault == Fault::RowsSeen && row > 0 {
            // Rows packed behind each other, and nothing between them.
            see(rows[row - 1][TOKENS - 1], t + 1);
        }
        sum
    };
    let mut all: Vec<Vec<T>> = (0..TOKENS).map(hidden).collect();
    if fault == Fault::NormOverTokens {
        let largest = all.iter().flatten().fold(T::of(1.0), |max, x| max.larger(x.abs()));
        all.iter_mut().flatten().for_each(|x| *x = *x / largest);
    }
    let each = |t: usize| {
        let dot = |entry: usize| {
            let products: Vec<T> = vector(entry).iter().zip(&all[t]).map(|(a, b)| *a * *b).collect();
            order.sum(&products)
        };
        let scores: Vec<T> = (0..ENTRIES).map(dot).collect();
        let max = scores.iter().copied().fold(scores[0], T::larger);
        let weights: Vec<T> = scores.iter().map(|x| (*x - max).exp()).collect();
        -((scores[rows[row][t]] - max) - order.sum(&weights).ln())
    };
    (0..TOKENS).map(each).collect()
}
