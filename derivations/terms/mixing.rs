//! Samples of codes and the codebook that they mix: both sides on the same noise.

use gpu::fused::{Numbers, Sample, additions};
use gpu::kernels::mixing::additions as kernels;
use rayon::prelude::*;
use reference::relaxation::{Relaxed, through_codebook};
use reference::vocab::Nats;

use super::cases::CASES;
use super::compare::{Options, widened};
use super::engine::{Engine, EngineError};
use super::expected::largest;
use super::report::Row;
use crate::precision::{SAMPLE, Storage, TermPrecision};

mod call;

pub use call::{MixCall, Mixed};

/// The functions compared here.
pub const MIXING: [&str; 2] = ["gumbel_softmax", "codebook_mix"];

/// Rows, codes and numbers of a codebook's row: pairwise distinct, below, at and above what is multiplied at once.
const SHAPES: [[usize; 3]; 8] = [
    [3, 1, 2],
    [5, 2, 7],
    [4, 15, 1],
    [6, 17, 33],
    [50, 130, 20],
    [9, 1031, 128],
    [101, 530, 64],
    [7, 8192, 16],
];

/// The rows of the functions that were asked for.
pub(super) fn rows<E: Numbers>(engine: &impl Engine, options: &Options) -> Result<Vec<Row>, EngineError> {
    let row = |name, part| Row::new(name, part, SAMPLE.reason);
    let [gumbel, codebook] = MIXING;
    let fresh = [
        row(gumbel, "value"),
        row(gumbel, "one-hot"),
        row(gumbel, "gradient"),
        row(codebook, "value"),
        row(codebook, "gradient"),
        row(codebook, "gradient 2"),
    ];
    let mut rows = fresh.clone();
    let shapes = options.shape.map_or(SHAPES.to_vec(), |(rows, k)| vec![[rows, k, 7]]);
    for shape in shapes {
        let draw = |case| MixCall::<E>::draw(case, shape, options.seed);
        let calls: Vec<MixCall<E>> = (0..CASES.len()).into_par_iter().map(draw).collect();
        let mut found = Vec::new();
        for call in &calls {
            for sample in [Sample::Relaxed, Sample::StraightThrough] {
                let mut out = Mixed::of_shape(shape);
                engine.mix(call, sample, &mut out)?;
                found.push((call, sample, out));
            }
        }
        let compare = |(call, sample, out): &(&MixCall<E>, Sample, Mixed<E>)| {
            let mut rows = fresh.clone();
            Compared::new(call, *sample, out, options.storage).note(&mut rows);
            rows
        };
        for more in found.par_iter().map(compare).collect::<Vec<_>>() {
            rows.iter_mut().zip(more).for_each(|(row, more)| row.add(more));
        }
    }
    Ok(rows.into_iter().filter(|row| options.wants(row.name)).collect())
}

/// Both sides of one call, in `f64`.
struct Compared<'a, E> {
    call: &'a MixCall<E>,
    sample: Sample,
    storage: Storage,
    codebook: Vec<f64>,
    noise: Vec<f64>,
    logits: Vec<f64>,
    to_samples: Vec<f64>,
    to_mixed: Vec<f64>,
    found: Mixed<f64>,
}

impl<'a, E: Numbers> Compared<'a, E> {
    fn new(call: &'a MixCall<E>, sample: Sample, out: &Mixed<E>, storage: Storage) -> Self {
        Self {
            call,
            sample,
            storage,
            codebook: widened(&call.codebook),
            noise: widened(&call.noise),
            logits: widened(&call.logits),
            to_samples: widened(&call.to_samples),
            to_mixed: widened(&call.to_mixed),
            found: Mixed {
                samples: widened(&out.samples),
                through_samples: widened(&out.through_samples),
                mixed: widened(&out.mixed),
                to_logits: widened(&out.to_logits),
                to_codebook: widened(&out.to_codebook),
            },
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of additions")]
    fn note(&self, rows: &mut [Row; 6]) {
        let [count, k, d] = self.call.shape;
        let (forward, backward) = additions(k, count);
        // The CPU's and the CUDA kernels' products, whichever adds up longer.
        let (forward, backward) = (forward.max(kernels(k)) as f64, backward.max(kernels(count)) as f64);
        let [value, one_hot, gradient, mixed, to_logits, to_codebook] = rows;
        let relaxed = self.sample == Sample::Relaxed;
        let undefined = Nats::with_mass(f64::NAN, 0.0);
        let mut codebook = vec![Nats::ZERO; k * d];
        let mut of_codebook = vec![0.0; k * d];
        let none = |_: usize| (0.0, 0.0);
        // A weight below the smallest normal number is 0: it costs that number times what it weighs.
        let lost = self.storage.tiny * 8.0 / self.call.temperature;
        let most = |table: &Vec<f64>| largest(std::slice::from_ref(table), 0, table.len());
        let (c, w, v) = (most(&self.codebook), most(&self.to_mixed), most(&self.to_samples));
        for i in 0..count {
            let (codes, numbers) = (i * k..(i + 1) * k, i * d..(i + 1) * d);
            let [x, g, v_row] = [&self.logits, &self.noise, &self.to_samples].map(|table| &table[codes.clone()]);
            let w_row = &self.to_mixed[numbers.clone()];
            let drawn = Relaxed::new(x, g, self.call.temperature).ok();
            let found = &self.found.samples[codes.clone()];
            let expected = Expected::of(drawn.as_ref(), self.sample, found, &self.codebook, self.storage);
            let samples = if relaxed { &mut *value } else { &mut *one_hot };
            let rest = k as f64 * lost;
            self.each(
                samples,
                codes.clone(),
                &self.found.samples,
                &expected.sample,
                none,
                lost,
            );
            let sizes = expected.sizes(&self.codebook, drawn.as_ref().filter(|_| relaxed));
            let added = |j: usize| (forward, sizes[j]);
            self.each(mixed, numbers, &self.found.mixed, &expected.mixed, added, rest * c);
            let slopes = |v: &[Nats]| drawn.as_ref().map_or(vec![undefined; k], |drawn| drawn.gradient(v));
            if relaxed {
                let given: Vec<Nats> = v_row.iter().copied().map(Nats::of).collect();
                let (expected, found) = (slopes(&given), &self.found.through_samples);
                self.each(gradient, codes.clone(), found, &expected, none, rest * v);
            }
            let expected_slopes = slopes(&through_codebook(&self.codebook, w_row));
            let through = d as f64 * c * w;
            let pulled = pulled(&self.codebook, w_row, drawn.as_ref(), self.call.temperature);
            let added = |code: usize| (forward + d as f64, pulled[code]);
            self.each(
                to_logits,
                codes,
                &self.found.to_logits,
                &expected_slopes,
                added,
                rest * through,
            );
            for (code, y) in expected.sample.iter().enumerate() {
                let slopes = codebook[code * d..].iter_mut().zip(&mut of_codebook[code * d..]);
                for ((slope, size), w) in slopes.zip(w_row) {
                    // By hand: a weight of 0 counts, or an undefined row would vanish behind it.
                    *slope = *slope + Nats::with_mass(w * y.value(), w.abs() * y.mass().max(y.value()));
                    *size += w.abs() * y.value();
                }
            }
        }
        let (found, floor) = (&self.found.to_codebook, count as f64 * lost * w);
        let added = |place: usize| (backward, of_codebook[place]);
        self.each(to_codebook, 0..k * d, found, &codebook, added, floor);
    }

    /// Compares `found[places]` with what is expected there; how many additions in the lanes' type, and the size of what is added; `floor` for what
    /// underflows.
    fn each(
        &self,
        row: &mut Row,
        places: std::ops::Range<usize>,
        found: &[f64],
        expected: &[Nats],
        added: impl Fn(usize) -> (f64, f64),
        floor: f64,
    ) {
        let call = self.call;
        let [rows, k, d] = call.shape;
        let kind = if self.sample == Sample::Relaxed {
            ""
        } else {
            ", straight-through"
        };
        let at = || format!("{}, {rows}x{k}x{d}, tau {}{kind}", call.name, call.temperature);
        for ((place, expected), number) in places.zip(expected).zip(0..) {
            let floor = floor + self.storage.smallest;
            let bound = SAMPLE.bound(1.0, self.storage, expected.mass(), expected.value(), floor);
            let (count, size) = added(number);
            let bound = TermPrecision::with_additions(bound, count, size, self.storage);
            row.note(&at, place, expected.value(), found[place], bound);
        }
    }
}

/// The sizes of what is added up on the way to a logit's derivative, `(y_k / tau) (sum_d |w_d C_kd| + sum_d |w_d| sum_j y_j |C_jd|)`.
fn pulled(codebook: &[f64], w: &[f64], drawn: Option<&Relaxed>, temperature: f64) -> Vec<f64> {
    let d = w.len();
    let codebook: Vec<f64> = codebook.iter().map(|c| c.abs()).collect();
    let Some(drawn) = drawn else {
        return vec![0.0; codebook.len() / d];
    };
    let along = |row: &[f64]| -> f64 { row.iter().zip(w).map(|(c, w)| c * w.abs()).sum() };
    let mean: Vec<f64> = drawn.mix(&codebook, d).iter().map(|mixed| mixed.value()).collect();
    let mean = along(&mean);
    let rows = codebook.chunks(d).zip(drawn.sample());
    rows.map(|(row, y)| y.value() / temperature * (along(row) + mean))
        .collect()
}

/// What goes forward of a row.
struct Expected {
    sample: Vec<Nats>,
    mixed: Vec<Nats>,
}

impl Expected {
    fn of(drawn: Option<&Relaxed>, sample: Sample, found: &[f64], codebook: &[f64], storage: Storage) -> Self {
        let (k, d) = (found.len(), codebook.len() / found.len());
        let Some(drawn) = drawn else {
            let undefined = Nats::with_mass(f64::NAN, 0.0);
            return Self {
                sample: vec![undefined; k],
                mixed: vec![undefined; d],
            };
        };
        if sample == Sample::Relaxed {
            return Self {
                sample: drawn.sample(),
                mixed: drawn.mix(codebook, d),
            };
        }
        // Two codes may be as near to each other as rounding: then either is right. The choice made, nothing is rounded.
        let chosen = found.iter().position(|y| *y > 0.0);
        let code = chosen
            .filter(|&code| drawn.may_be_sampled(code, storage.computed))
            .unwrap_or(drawn.code());
        let exact = |x: f64| Nats::with_mass(x, 0.0);
        let mut sample = vec![exact(0.0); k];
        sample[code] = exact(1.0);
        let mixed = codebook[code * d..][..d].iter().copied().map(exact).collect();
        Self { sample, mixed }
    }

    /// The sizes of what is mixed, `sum_k y_k |C_kd|`; nothing where one row of the codebook is taken.
    fn sizes(&self, codebook: &[f64], drawn: Option<&Relaxed>) -> Vec<f64> {
        let d = self.mixed.len();
        let magnitudes: Vec<f64> = codebook.iter().map(|c| c.abs()).collect();
        match drawn {
            Some(drawn) => drawn.mix(&magnitudes, d).iter().map(|mixed| mixed.value()).collect(),
            None => vec![0.0; d],
        }
    }
}
