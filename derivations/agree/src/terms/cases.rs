//! Logits of every kind: what networks emit, and what breaks implementations.

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};

/// Rows and their length.
pub type Shape = (usize, usize);

/// Sizes pairwise distinct, so that no axis can be taken for another; around the vectors' lengths; many rows, for what is rare;
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
    /// How one table of it is drawn; `second` is the table that a first one is compared with.
    draw: fn(&mut ChaCha8Rng, Draw<'_>),
}

/// What is drawn into.
struct Draw<'a> {
    row: &'a mut [f64],
    /// The first table's row, where this is the second's.
    first: Option<&'a [f64]>,
}

impl Case {
    /// `tables` tables of this shape; the same for a seed everywhere.
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

/// The second table: the first one moved a little.
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

/// All kinds, the ordinary first.
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
            // The difference of two logits is rounded to far less than what it differs by from their common distance.
            row.iter_mut().filter(|_| second).for_each(|x| *x += 7.3);
        },
    },
    Case {
        name: "masked",
        draw: |rng, draw| {
            normal(rng, draw.row, 1.0, 0.0);
            // The same codes in both tables, the last one never.
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
            // Some rows are as they should be: what is undefined must not reach them.
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
            // Masked, or so far below the others that its weight is 0 in any type: what q does not weigh p's sum still holds.
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
