//! The fused terms agree with the reference: in every type, with every set of instructions, on logits of every kind.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod autograd;
mod ends;
mod graphs;
mod mixing;
mod nan;
mod pairs;
mod planes;
mod weighted;

use agree::bounds::Storage;
use agree::terms::{CASES, Engine, InGraph, Inputs, Options, Report, TERMS, View, agree, agree_each};
use approx::assert_relative_eq;
use gpu::device::{Device, Kind};
use gpu::fused::{self, Isa, Rows, Target};

const STORAGES: [Storage; 4] = [Storage::F32, Storage::F64, Storage::BF16, Storage::F16];

fn seed() -> u64 {
    std::env::var("ELBO_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(1)
}

/// Every function on logits of every shape.
fn everything(storage: Storage, seed: u64) -> Options {
    Options {
        storage,
        function: None,
        shape: None,
        seed,
    }
}

fn report(storage: Storage, engine: &impl Engine, seed: u64) -> Report {
    agree(engine, &everything(storage, seed)).unwrap()
}

#[test]
fn the_fused_terms_agree_in_every_type_and_with_all_instructions() {
    for storage in STORAGES {
        for report in agree_each(&Isa::available(), &everything(storage, seed())).unwrap() {
            let bad: Vec<_> = report
                .rows
                .iter()
                .filter(|row| row.agreement.failed > 0 || row.agreement.compared == 0)
                .collect();
            assert!(
                report.agrees,
                "{} {} seed {}: {bad:#?}",
                storage.name,
                report.engine,
                seed()
            );
            assert_eq!(
                report.rows.len(),
                TERMS.len() + TERMS.iter().map(|term| term.gradients).sum::<usize>() + 6 + 4,
                "and six of the mixing, four of the whole"
            );
        }
    }
}

#[test]
fn the_fused_terms_agree_inside_candles_graph() {
    let device = Device::open(Kind::Cpu).unwrap();
    for storage in STORAGES {
        // How a tensor lies is nothing that a type changes: once in all views.
        let views = if storage == STORAGES[0] {
            &View::ALL[..]
        } else {
            &View::ALL[..1]
        };
        let engines: Vec<InGraph> = views.iter().map(|view| InGraph(device.clone(), *view)).collect();
        for (report, view) in agree_each(&engines, &everything(storage, seed()))
            .unwrap()
            .iter()
            .zip(views)
        {
            let bad: Vec<_> = report.rows.iter().filter(|row| row.agreement.failed > 0).collect();
            assert!(
                report.agrees,
                "{} {} seed {}: {bad:#?}",
                storage.name,
                view.name(),
                seed()
            );
        }
    }
}

#[test]
fn no_bound_is_a_thousand_times_too_loose() {
    for storage in [Storage::F32, Storage::F64] {
        for row in &report(storage, &Isa::best(), 1).rows {
            let used = row.agreement.used().unwrap_or(0.0);
            let exact = row.part == "one-hot"; // nothing is rounded in a choice
            assert!(
                used > 1e-3 || exact,
                "{} {} {}: uses {used:.1e} of its bound",
                storage.name,
                row.name,
                row.part
            );
        }
    }
}

/// Logits of the named kind, as `f32`.
fn logits(kind: &str, rows: usize, k: usize) -> Vec<f32> {
    let case = CASES.iter().find(|case| case.name == kind).unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "logits are stored as f32")]
    let narrow = |x: f64| x as f32;
    case.tables(seed(), (rows, k), 1)
        .remove(0)
        .into_iter()
        .map(narrow)
        .collect()
}

fn kl(isa: Isa, x: &[f32], k: usize) -> (Vec<f64>, Vec<f32>) {
    let rows = Rows::new("logits", x, k).unwrap();
    let (mut values, mut grad) = (vec![0.0; rows.count()], vec![0.0; x.len()]);
    fused::kl_to_uniform(isa, rows, 1.0, &mut values, Some(&mut grad));
    (values, grad)
}

#[test]
fn near_the_uniform_distribution_a_divergence_keeps_five_digits() {
    for isa in Isa::available() {
        let x = logits("spread 1e-3", 16, 8192);
        for (row, found) in x.chunks(8192).zip(kl(isa, &x, 8192).0) {
            let row: Vec<f64> = row.iter().map(|x| f64::from(*x)).collect();
            let expected = reference::logits::kl_to_uniform(&row).unwrap().value();
            assert_relative_eq!(found, expected, max_relative = 1e-5);
        }
        let (values, grad) = kl(isa, &[1.25; 1031], 1031);
        assert_eq!(values[0].to_bits(), 0.0_f64.to_bits(), "exactly 0 for equal logits");
        assert!(grad.iter().all(|slope| slope.abs() <= 0.0));
    }
}

#[test]
fn the_same_input_gives_the_same_bits_whatever_the_threads_and_the_batch() {
    let (rows, k) = (37, 1031);
    let x = logits("outliers", rows, k);
    let bits = |(values, grad): (Vec<f64>, Vec<f32>)| {
        let values: Vec<u64> = values.into_iter().map(f64::to_bits).collect();
        (values, grad.into_iter().map(f32::to_bits).collect::<Vec<_>>())
    };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bits(kl(Isa::best(), &x, k)))
    };
    let whole = on(2);
    assert_eq!(whole, on(1));
    let (upper, lower) = x.split_at(20 * k);
    let (mut values, mut grad) = bits(kl(Isa::best(), upper, k));
    let rest = bits(kl(Isa::best(), lower, k));
    values.extend(rest.0);
    grad.extend(rest.1);
    assert_eq!(whole, (values, grad));
}

#[test]
fn a_result_larger_than_the_caches_is_streamed_to_the_same_bits() {
    // 9 MiB of gradients go past the caches, the same rows alone do not; a slice that is not aligned goes as well.
    let (rows, k) = (288, 8192 + 3);
    let x = logits("normal", rows, k);
    let (values, grad) = kl(Isa::best(), &x, k);
    for i in [0, 1, rows - 1] {
        let alone = kl(Isa::best(), &x[i * k..(i + 1) * k], k);
        assert_eq!(alone.0[0].to_bits(), values[i].to_bits(), "row {i}");
        assert_eq!(alone.1, grad[i * k..(i + 1) * k], "row {i}");
    }
}

#[test]
fn what_is_undefined_is_nan_and_what_is_masked_has_no_slope() {
    let inf = f32::INFINITY;
    for isa in Isa::available() {
        for row in [[-inf; 3], [0.0, f32::NAN, 1.0], [0.0, inf, 1.0]] {
            let (values, grad) = kl(isa, &row, 3);
            assert!(values[0].is_nan() && grad.iter().all(|slope| slope.is_nan()), "{row:?}");
        }
        let (values, grad) = kl(isa, &[0.5, -inf, 1.5], 3);
        assert!(values[0].is_finite() && grad[1].abs() <= 0.0 && grad[0] < 0.0 && grad[2] > 0.0);
    }
}

#[test]
fn closed_form_gradients_are_central_differences() {
    let h = 1e-5;
    for case in CASES.iter().take(4).chain(&CASES[6..8]).chain(&CASES[9..11]) {
        let tables = case.tables(seed(), (1, 9), 2);
        for term in TERMS.iter().filter(|term| !term.pixels) {
            let target = Target {
                token: 4,
                from: 1,
                to: 8,
                weight: 1.0,
            };
            let of = |tables: &[Vec<f64>]| {
                let rows: Vec<&[f64]> = tables.iter().map(Vec::as_slice).collect();
                (term.reference)(Inputs { rows: &rows, target }).unwrap()
            };
            for (t, slopes) in of(&tables).1.into_iter().enumerate() {
                for (k, slope) in slopes.into_iter().enumerate() {
                    let moved = |by: f64| {
                        let mut tables = tables.clone();
                        tables[t][k] += by;
                        of(&tables).0
                    };
                    let (up, down) = (moved(h), moved(-h));
                    let difference = (up.value() - down.value()) / (2.0 * h);
                    // The third derivative is at most the quantity's own size; both values are rounded.
                    let bound = h * h * (1.0 + up.mass()) + 16.0 * f64::EPSILON * up.mass() / h;
                    let error = (difference - slope.value()).abs();
                    assert!(
                        error <= bound,
                        "{} {} {t} {k}: {difference} {slope:?}",
                        case.name,
                        term.name
                    );
                }
            }
        }
    }
}

#[test]
fn at_beta_0_the_divergence_is_not_there_whatever_it_is() {
    let undefined = [f32::NEG_INFINITY; 4];
    let (pixel, zero) = ([0.5_f32], [0.0_f32]);
    fn rows(table: &[f32], k: usize) -> Rows<'_, f32> {
        Rows::new("table", table, k).unwrap()
    }
    let (mut found, mut mu, mut ln_b, mut slopes) = ([fused::Elbo::default()], [0.5], [0.5], [0.5; 4]);
    let mut run = |beta: f64, logits: &[f32], slopes: &mut [f32]| {
        let grads = fused::ElboGrads {
            mu: &mut mu,
            ln_b: &mut ln_b,
            logits: slopes,
        };
        let pixels = [rows(&pixel[..], 1), rows(&zero[..], 1), rows(&zero[..], 1)];
        let codes = fused::Codes::Rows(rows(logits, 4));
        let beta = reference::vocab::Beta::new(beta).unwrap();
        let done = fused::elbo(Isa::best(), pixels, codes, beta, 1.0, &mut found, Some(grads));
        done.map(|()| found[0].objective)
    };
    assert!(run(0.0, &undefined, &mut slopes).unwrap().is_finite());
    assert_eq!(slopes.map(f32::to_bits), [0; 4]);
    assert!(run(1.0, &undefined, &mut slopes).unwrap().is_nan());
    assert!(run(1.0, &[], &mut []).is_err(), "no positions");
}
