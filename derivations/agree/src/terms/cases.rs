//! Random logits of every kind: those that networks emit, and those that break implementations.

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// The number of rows and their length.
pub type Shape = (usize, usize);

/// The shapes on which terms are compared. Rows and length differ, so that no axis can be taken for another. Some
/// lengths lie around those of vector registers. Some shapes have many rows, for rare events. Others are those of
/// DALL-E's codebook and vocabulary.
pub const SHAPES: [Shape; 10] = [
    (3, 1),
    (5, 2),
    (4, 15),
    (6, 17),
    (7, 33),
    (8, 130),
    (129, 7),
    (9, 1031),
    (5, 8192),
    (2, 24_832),
];

/// A kind of row.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// Draws a row of this kind, for the first table or for the second one, with which the first is compared.
    draw: fn(&mut ChaCha8Rng, Draw<'_>),
}

/// The row that is drawn, and what it depends on.
struct Draw<'a> {
    row: &'a mut [f64],
    /// The row of the first table, where this is one of the second.
    first: Option<&'a [f64]>,
}

impl Case {
    /// Draws `tables` tables of this shape. They depend on the seed alone.
    #[must_use]
    pub fn tables(&self, seed: u64, (rows, k): Shape, tables: usize) -> Vec<Vec<f64>> {
        let mut drawn: Vec<Vec<f64>> = Vec::new();
        for table in 0..tables {
            let mut entries = vec![0.0; rows * k];
            for (i, row) in entries.chunks_mut(k).enumerate() {
                let stream = (i * tables + table) as u64;
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(stream);
                let first = drawn.first().map(|first: &Vec<f64>| &first[i * k..(i + 1) * k]);
                (self.draw)(&mut rng, Draw { row, first });
            }
            drawn.push(entries);
        }
        drawn
    }
}

fn normal(rng: &mut ChaCha8Rng, row: &mut [f64], scale: f64, offset: f64) {
    for x in row {
        let z: f64 = StandardNormal.sample(rng);
        *x = offset + scale * z;
    }
}

/// Draws a row of the second table close to that of the first.
fn near(rng: &mut ChaCha8Rng, draw: Draw<'_>, spread: f64) {
    match draw.first {
        None => normal(rng, draw.row, 1.0, 0.0),
        Some(first) => {
            normal(rng, draw.row, spread, 0.0);
            for (x, first) in draw.row.iter_mut().zip(first) {
                *x += first;
            }
        }
    }
}

/// All kinds, beginning with ordinary logits.
pub const CASES: [Case; 17] = [
    Case {
        name: "normal",
        draw: |rng, draw| normal(rng, draw.row, 1.0, 0.0),
    },
    Case {
        name: "outliers",
        draw: |rng, draw| {
            normal(rng, draw.row, 2.0, 0.5);
            let k = draw.row.len();
            for _ in 0..k.div_ceil(100) {
                draw.row[rng.random_range(0..k)] += 12.0;
            }
        },
    },
    Case {
        name: "scale 30",
        draw: |rng, draw| normal(rng, draw.row, 30.0, 0.0),
    },
    Case {
        name: "scale 1000",
        draw: |rng, draw| normal(rng, draw.row, 1000.0, 0.0),
    },
    Case {
        name: "offset 1e4",
        draw: |rng, draw| normal(rng, draw.row, 1.0, 1e4),
    },
    Case {
        name: "offset -1e6",
        draw: |rng, draw| normal(rng, draw.row, 1.0, -1e6),
    },
    Case {
        name: "spread 0.3",
        draw: |rng, draw| normal(rng, draw.row, 0.3, 0.0),
    },
    Case {
        name: "spread 1e-3",
        draw: |rng, draw| normal(rng, draw.row, 1e-3, 0.0),
    },
    Case {
        name: "all equal",
        draw: |_, draw| draw.row.fill(1.25),
    },
    Case {
        name: "tables 1e-1 apart",
        draw: |rng, draw| near(rng, draw, 1e-1),
    },
    Case {
        name: "tables 1e-3 apart",
        draw: |rng, draw| near(rng, draw, 1e-3),
    },
    Case {
        name: "tables 1e-3 apart, one moved",
        draw: |rng, draw| {
            let second = draw.first.is_some();
            let row = &mut *draw.row;
            near(rng, Draw { row, first: draw.first }, 1e-3);
            // The difference of two logits is rounded by far less than it differs from their common distance.
            row.iter_mut().filter(|_| second).for_each(|x| *x += 7.3);
        },
    },
    Case {
        name: "masked",
        draw: |rng, draw| {
            normal(rng, draw.row, 1.0, 0.0);
            // The same codes have weight in both tables, and the last one never has.
            let k = draw.row.len();
            for x in draw.row.iter_mut().take(k - 1).skip(1).step_by(3) {
                *x = f64::NEG_INFINITY;
            }
        },
    },
    Case {
        name: "excluded by p",
        draw: |rng, draw| {
            normal(rng, draw.row, 1.0, 0.0);
            if draw.first.is_some() && draw.row.len() > 2 {
                draw.row[1] = f64::NEG_INFINITY;
            }
        },
    },
    Case {
        name: "one code left",
        draw: |_, draw| {
            draw.row.fill(f64::NEG_INFINITY);
            let k = draw.row.len();
            draw.row[k / 2] = 3.0;
        },
    },
    Case {
        name: "undefined",
        draw: |rng, draw| {
            normal(rng, draw.row, 1.0, 0.0);
            // Some rows are ordinary. The undefined ones must not affect them.
            match rng.random_range(0..4) {
                0 => draw.row.fill(f64::NEG_INFINITY),
                1 => draw.row[0] = f64::NAN,
                2 => draw.row[0] = f64::INFINITY,
                _ => {}
            }
        },
    },
    Case {
        name: "undefined where the first is masked",
        draw: |rng, draw| {
            normal(rng, draw.row, 1.0, 0.0);
            // The code is masked, or so far below the others that its weight is 0 in any type. The sum of p still
            // includes codes without weight in q.
            let far = if rng.random::<bool>() {
                f64::NEG_INFINITY
            } else {
                -1000.0
            };
            let second = draw.first.is_some();
            if let [_, x, ..] = draw.row {
                *x = if second { f64::NAN } else { far };
            }
        },
    },
];
