//! Compares samples of codes and the codebook rows that they mix. Both sides have the same noise.

use std::ops::Range;

use expected::{Expected, ToCodebook, pulled};
use gpu::fused::{Numbers, Sample, additions};
use gpu::kernels::mixing::additions as kernels;
use rayon::prelude::*;
use reference::relaxation::{Relaxed, through_codebook};
use reference::vocab::Nats;

use super::call::EngineError;
use super::cases::CASES;
use super::draw::{Options, widened};
use super::engine::Engine;
use super::expected::largest;
use super::report::TermRow;
use crate::bounds::{SAMPLE, Storage, TermPrecision};

pub(super) mod call;
mod expected;

pub use call::{MixCall, Mixed};

/// The names of the functions that are compared here.
pub const MIXING: [&str; 2] = ["gumbel_softmax", "codebook_mix"];

/// The suffixes of the two kinds of samples in the names of calls.
const KINDS: [&str; 2] = ["", ", straight-through"];

/// The numbers of rows, of codes, and of entries of a codebook's row. They are pairwise distinct, and lie below, at and
/// above the block sizes of the matrix products.
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

/// The rows of the report of each engine, for the functions that were asked for.
pub(super) fn rows<E: Numbers>(engines: &[impl Engine], options: &Options) -> Result<Vec<Vec<TermRow>>, EngineError> {
    let row = |name, part| TermRow::new(name, part, SAMPLE.reason);
    let [gumbel, codebook] = MIXING;
    let fresh = [
        row(gumbel, "value"),
        row(gumbel, "one-hot"),
        row(gumbel, "gradient"),
        row(codebook, "value"),
        row(codebook, "gradient"),
        row(codebook, "gradient 2"),
    ];
    let mut rows = vec![fresh.clone(); engines.len()];
    let shapes = options.shape.map_or(SHAPES.to_vec(), |(rows, k)| vec![[rows, k, 7]]);
    for shape in shapes {
        let draw = |case| MixCall::<E>::draw(case, shape, options.seed);
        let calls: Vec<MixCall<E>> = (0..CASES.len()).into_par_iter().map(draw).collect();
        let mut found = Vec::new();
        for call in &calls {
            let of = |engine| -> Result<[Mixed<f64>; 2], EngineError> {
                let [relaxed, chosen] =
                    [Sample::Relaxed, Sample::StraightThrough].map(|sample| mixed(engine, call, sample));
                Ok([relaxed?, chosen?])
            };
            found.push(engines.iter().map(of).collect::<Result<Vec<_>, _>>()?);
        }
        let compare = |(call, found): (&MixCall<E>, &Vec<[Mixed<f64>; 2]>)| {
            let mut rows = vec![fresh.clone(); found.len()];
            Compared::new(call, options.storage).note(found, &mut rows);
            rows
        };
        let compared: Vec<_> = calls.par_iter().zip(&found).map(compare).collect();
        for more in compared {
            for (rows, more) in rows.iter_mut().zip(more) {
                rows.iter_mut()
                    .zip(more)
                    .for_each(|(row, more)| row.agreement.add(more.agreement));
            }
        }
    }
    let wanted = |rows: [TermRow; 6]| rows.into_iter().filter(|row| options.wants(row.name)).collect();
    Ok(rows.into_iter().map(wanted).collect())
}

/// The results of an engine for a call, widened to `f64`.
fn mixed<E: Numbers>(engine: &impl Engine, call: &MixCall<E>, sample: Sample) -> Result<Mixed<f64>, EngineError> {
    let mut out = Mixed::of_shape(call.shape);
    engine.mix(call, sample, &mut out)?;
    Ok(Mixed {
        samples: widened(&out.samples),
        through_samples: widened(&out.through_samples),
        mixed: widened(&out.mixed),
        to_logits: widened(&out.to_logits),
        to_codebook: widened(&out.to_codebook),
    })
}

/// A call, widened to `f64`, and its expected values.
struct Compared<'a, E> {
    call: &'a MixCall<E>,
    storage: Storage,
    codebook: Vec<f64>,
    noise: Vec<f64>,
    logits: Vec<f64>,
    to_samples: Vec<f64>,
    to_mixed: Vec<f64>,
}

/// The sizes in the bounds of a call, which are the same for all of its rows.
struct Sizes {
    /// The numbers of additions of the forward product, of the backward product, and of a logit's derivative.
    forward: f64,
    backward: f64,
    pulled: f64,
    /// The error of a weight below the smallest normal number, which is 0: that number times its factor. It is followed
    /// by the sum of these errors over a row of codes, and by the one over the rows of the call, times `w`.
    lost: f64,
    rest: f64,
    column: f64,
    /// The largest entries `c` of the codebook and `v` of the derivatives with respect to samples, and `d c w`, where `w`
    /// is that of the derivatives with respect to mixed rows.
    c: f64,
    v: f64,
    through: f64,
}

/// The expected values of a row, with its places in the tables of codes and of mixed numbers.
struct OfRow {
    codes: Range<usize>,
    numbers: Range<usize>,
    drawn: Option<Relaxed>,
    relaxed: Expected,
    /// The sizes of the addends of the mixed row, and of the derivatives of the logits.
    sizes: Vec<f64>,
    pulled: Vec<f64>,
    through_samples: Vec<Nats>,
    to_logits: Vec<Nats>,
}

impl<'a, E: Numbers> Compared<'a, E> {
    fn new(call: &'a MixCall<E>, storage: Storage) -> Self {
        Self {
            call,
            storage,
            codebook: widened(&call.codebook),
            noise: widened(&call.noise),
            logits: widened(&call.logits),
            to_samples: widened(&call.to_samples),
            to_mixed: widened(&call.to_mixed),
        }
    }

    /// The sizes in the bounds of this call.
    #[expect(clippy::cast_precision_loss, reason = "counts of additions")]
    fn sizes(&self) -> Sizes {
        let [count, k, d] = self.call.shape;
        let (forward, backward) = additions(k, count);
        // The products of the CPU and of the CUDA kernels add in different orders. The larger number of additions
        // counts.
        let (forward, backward) = (forward.max(kernels(k)) as f64, backward.max(kernels(count)) as f64);
        let lost = self.storage.tiny * 8.0 / self.call.temperature;
        let most = |table: &Vec<f64>| largest(std::slice::from_ref(table), 0, table.len());
        let (c, w, v) = (most(&self.codebook), most(&self.to_mixed), most(&self.to_samples));
        Sizes {
            forward,
            backward,
            pulled: forward + d as f64,
            lost,
            rest: k as f64 * lost,
            column: count as f64 * lost * w,
            c,
            v,
            through: d as f64 * c * w,
        }
    }

    /// The expected values of row `i` that do not depend on the choice of an engine.
    fn of_row(&self, i: usize) -> OfRow {
        let [_, k, d] = self.call.shape;
        let (codes, numbers) = (i * k..(i + 1) * k, i * d..(i + 1) * d);
        let [x, g, v_row] = [&self.logits, &self.noise, &self.to_samples].map(|table| &table[codes.clone()]);
        let w_row = &self.to_mixed[numbers.clone()];
        let drawn = Relaxed::new(x, g, self.call.temperature).ok();
        let undefined = Nats::with_mass(f64::NAN, 0.0);
        let slopes = |v: &[Nats]| drawn.as_ref().map_or(vec![undefined; k], |drawn| drawn.gradient(v));
        let given: Vec<Nats> = v_row.iter().copied().map(Nats::of).collect();
        let (through_samples, to_logits) = (slopes(&given), slopes(&through_codebook(&self.codebook, w_row)));
        let relaxed = Expected::relaxed(drawn.as_ref(), k, &self.codebook);
        OfRow {
            pulled: pulled(&self.codebook, w_row, drawn.as_ref(), self.call.temperature),
            sizes: relaxed.sizes(&self.codebook, drawn.as_ref()),
            codes,
            numbers,
            relaxed,
            through_samples,
            to_logits,
            drawn,
        }
    }

    /// Compares the relaxed samples and the chosen codes of every engine, and what they mix. The expected values are
    /// computed once.
    fn note(&self, engines: &[[Mixed<f64>; 2]], rows: &mut [[TermRow; 6]]) {
        let [count, k, d] = self.call.shape;
        let sizes = self.sizes();
        let mut of_relaxed = ToCodebook::nothing(k * d);
        let mut of_chosen: Vec<ToCodebook> = engines.iter().map(|_| ToCodebook::nothing(k * d)).collect();
        for i in 0..count {
            let of_row = self.of_row(i);
            let w_row = &self.to_mixed[of_row.numbers.clone()];
            of_relaxed.add(&of_row.relaxed.sample, w_row);
            for ((found, rows), of_chosen) in engines.iter().zip(rows.iter_mut()).zip(&mut of_chosen) {
                let chosen = &found[1].samples[of_row.codes.clone()];
                let chosen = Expected::chosen(of_row.drawn.as_ref(), chosen, &self.codebook, self.storage);
                of_chosen.add(&chosen.sample, w_row);
                self.note_row(&of_row, &chosen, &sizes, found, rows);
            }
        }
        for ((found, rows), of_chosen) in engines.iter().zip(rows).zip(&of_chosen) {
            for ((found, of), kind) in found.iter().zip([&of_relaxed, of_chosen]).zip(KINDS) {
                let added = |place: usize| (sizes.backward, of.1[place]);
                self.each(
                    (&mut rows[5], kind),
                    0..k * d,
                    &found.to_codebook,
                    &of.0,
                    added,
                    sizes.column,
                );
            }
        }
    }

    /// Compares a row of an engine: its samples, the rows of the codebook that they mix, and the gradients.
    fn note_row(
        &self,
        of_row: &OfRow,
        chosen: &Expected,
        bounds: &Sizes,
        found: &[Mixed<f64>; 2],
        rows: &mut [TermRow; 6],
    ) {
        let [value, one_hot, gradient, mixed, at_logits, _] = rows;
        let none = |_: usize| (0.0, 0.0);
        let nothing = vec![0.0; of_row.sizes.len()]; // Here a single row of the codebook is taken, without additions.
        let sides = [
            (&found[0], &of_row.relaxed, value, &of_row.sizes),
            (&found[1], chosen, one_hot, &nothing),
        ];
        for ((found, expected, samples, sizes), kind) in sides.into_iter().zip(KINDS) {
            self.each(
                (samples, kind),
                of_row.codes.clone(),
                &found.samples,
                &expected.sample,
                none,
                bounds.lost,
            );
            let added = |j: usize| (bounds.forward, sizes[j]);
            self.each(
                (mixed, kind),
                of_row.numbers.clone(),
                &found.mixed,
                &expected.mixed,
                added,
                bounds.rest * bounds.c,
            );
            let added = |code: usize| (bounds.pulled, of_row.pulled[code]);
            self.each(
                (at_logits, kind),
                of_row.codes.clone(),
                &found.to_logits,
                &of_row.to_logits,
                added,
                bounds.rest * bounds.through,
            );
        }
        self.each(
            (gradient, KINDS[0]),
            of_row.codes.clone(),
            &found[0].through_samples,
            &of_row.through_samples,
            none,
            bounds.rest * bounds.v,
        );
    }

    /// Compares `found[places]` with the expected values there. The bound includes a number of additions in the type of
    /// computation and the size of their addends, and `floor` for underflow.
    fn each(
        &self,
        (row, kind): (&mut TermRow, &str),
        places: Range<usize>,
        found: &[f64],
        expected: &[Nats],
        added: impl Fn(usize) -> (f64, f64),
        floor: f64,
    ) {
        let call = self.call;
        let [rows, k, d] = call.shape;
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
