//! Arguments at the ends of a type: its largest number and its smallest normal and subnormal ones, of either sign, in
//! every parameter. There are also log-scales at which a quotient by `b` leaves the range of the type.

use super::cases::Shape;
use crate::bounds::Storage;

/// The numbers at the ends of a type.
#[derive(Debug, Clone, Copy)]
struct Ends {
    largest: f64,
    normal: f64,
    subnormal: f64,
}

impl Ends {
    /// The ends of a stored type. In double precision the largest is 2^500, because the reference's own masses, which
    /// are squares of logits, have to stay finite.
    fn of(storage: Storage) -> Self {
        let double = storage.smallest <= 0.0;
        let subnormal = if double {
            f64::from_bits(1)
        } else {
            2.0 * storage.smallest
        };
        Self {
            largest: if double { 2.0_f64.powi(500) } else { storage.most_stored },
            normal: subnormal / (2.0 * storage.stored),
            subnormal,
        }
    }
}

/// The entry at place `i` of a row.
type Entry = fn(usize, Ends) -> f64;

/// The kinds of rows of logits, from equal ones to those as far apart as possible.
const LOGITS: [Entry; 9] = [
    |_, ends| ends.largest,
    |i, ends| if i % 3 == 1 { 0.5 } else { -ends.largest },
    |i, ends| if i == 0 { ends.largest } else { 0.25 },
    |i, ends| if i % 2 == 0 { ends.largest } else { -ends.largest },
    |_, ends| -ends.largest,
    |i, ends| if i % 2 == 0 { ends.subnormal } else { -ends.subnormal },
    |i, ends| if i % 2 == 0 { -ends.normal } else { ends.normal },
    |i, ends| match i % 4 {
        0 => ends.largest,
        3 => f64::NEG_INFINITY,
        _ => 1.5,
    },
    |i, _| if i % 2 == 0 { 0.75 } else { -0.25 },
];

/// Tables of logits at the ends of a type. Over all shapes, every kind of row of the first table meets every kind of
/// the second.
pub(super) fn logits(storage: Storage, (rows, k): Shape, tables: usize) -> Vec<Vec<f64>> {
    let ends = Ends::of(storage);
    let table = |table: usize| {
        let entry = |place: usize| {
            let (row, i) = (place / k, place % k);
            LOGITS[(row + table * (1 + row / LOGITS.len() + k)) % LOGITS.len()](i, ends)
        };
        (0..rows * k).map(entry).collect()
    };
    (0..tables).map(table).collect()
}

/// Pixels, locations and log-scales for three calls. In each call one of the three is at an end, with the same number
/// in all of a row.
///
/// No location is close to its pixel, because the rounding error there would be multiplied by `1/b`.
pub(super) fn pixels(storage: Storage, (rows, k): Shape) -> [(&'static str, Vec<Vec<f64>>); 3] {
    let ends = Ends::of(storage);
    // In double precision, 2^500 times another end, summed over a row, stays finite.
    let sizes = [ends.largest, ends.normal, ends.subnormal];
    let locations: Vec<f64> = sizes.into_iter().flat_map(|size| [size, -size]).collect();
    // Around these log-scales, 1/b, a distance over b, and the same divided by 2^64 leave the range of single and of
    // double precision.
    let turning = [80.0, 88.5, 90.0, 104.0, 133.0, 200.0, 650.0, 720.0, 746.0, 2000.0];
    let scales: Vec<f64> = (sizes.into_iter().chain(turning))
        .flat_map(|size| [-size, size])
        .collect();
    let near_0 = [ends.normal, ends.subnormal, storage.stored, 0.3];
    let values: Vec<f64> = near_0.into_iter().chain([1.0 - storage.stored, 0.5]).collect();
    let rows_of = |of: &dyn Fn(usize, usize) -> f64| (0..rows * k).map(|at| of(at / k, at % k)).collect::<Vec<f64>>();
    let end = |of: &[f64]| {
        let (of, from) = (of.to_vec(), k);
        rows_of(&move |row, _| of[(row + from) % of.len()])
    };
    let x = || rows_of(&|_, i| [0.3, 0.5, 0.875][i % 3]);
    let mu = || rows_of(&|row, i| [2.75, -3.5, 6.0][(row + i) % 3]);
    let ln_b = || rows_of(&|_, i| [0.25, -1.5][i % 2]);
    [
        ("log-scales at the ends", vec![x(), mu(), end(&scales)]),
        ("locations at the ends", vec![x(), end(&locations), ln_b()]),
        ("pixels at the ends", vec![end(&values), mu(), ln_b()]),
    ]
}
