//! The kill matrix: fault x detected by which claim x named as what. Written to `derivations/faults.md`.

use std::fmt::Write as _;

use judge::Judgement;

use super::file::{Draft, expect_committed};
use super::mutants::{Fault, MUTANTS, Mutant, Subject};
use super::number::{Number, Order};
use super::random::Random;
use super::tokens::{Inputs, Sizes, Style};
use super::{gaussian, model, objective, sequence, tokens, worlds};

const SEEDS: u64 = 3;

/// A dump with the fault in it, in a type; no two sizes are equal.
pub(crate) fn planted<T: Number>(mutant: &Mutant, seed: u64) -> Draft {
    let mut random = Random::new(1000 + seed);
    let order = Order::ALL[usize::try_from(seed).unwrap() % 3];
    match mutant.subject {
        Subject::Gaussian => gaussian::dump::<T>(&mut random, order, mutant.fault),
        Subject::Model => model::dump::<T>(&mut random, order, mutant.fault),
        Subject::World => worlds::dump::<T>(&mut random, order, mutant.fault),
        Subject::Sequence => sequence::dump::<T>(&mut random, order, mutant.fault),
        Subject::Schedule => sequence::schedules::<T>(&mut random, mutant.fault),
        Subject::Tokens => {
            let sizes = Sizes {
                batch: 3,
                height: 4,
                width: 5,
                codes: 17,
                pixels: 23,
            };
            let style = Style {
                order,
                planes: true,
                grid: true,
                way: 0,
                with_prior: !matches!(mutant.fault, Fault::PriorNotLogged | Fault::EntropyHalved),
            };
            let mut inputs = Inputs::<T>::drawn(&mut random, sizes, style.with_prior);
            // What a fault needs to show: a weight other than 1 and a temperature other than 1, a mask only where it is about masks.
            (inputs.beta, inputs.tau) = (6.5, 0.75);
            let about_masks = matches!(
                mutant.fault,
                Fault::EntropyOfMasked | Fault::WhereGuarded | Fault::MaskIgnored
            );
            for (i, logit) in inputs.logits.iter_mut().enumerate() {
                if !logit.get().is_finite() && !about_masks {
                    *logit = T::of(0.125 * (i % 7) as f64);
                }
            }
            inputs.noise[3] = T::of(11.5);
            if about_masks {
                inputs.logits[2] = T::of(f64::NEG_INFINITY);
            }
            if mutant.fault == Fault::Unshifted {
                inputs.logits[5] = T::of(800.0); // e^800 is infinite in double precision, too
            }
            let mut claims = objective::compute(&inputs, style, mutant.fault);
            if mutant.fault == Fault::OffByOne {
                claims
                    .by_mu
                    .clone_from(&objective::compute(&inputs, style, Fault::None).by_mu);
            }
            tokens::dump(&inputs, &claims, style)
        }
    }
}

fn judged<T: Number>(mutant: &Mutant, seed: u64) -> Judgement {
    judge::judge(&planted::<T>(mutant, seed).opened(), &|_| ()).unwrap()
}

/// A row: the first divergent claim and its explanations, or nothing where the fault was not seen.
fn row(judgement: &Judgement) -> Option<(&'static str, Vec<String>)> {
    let first = judgement.first_divergence()?;
    let names = first.explanations.iter().map(judge::Explanation::name).collect();
    Some((first.claim.quantity.name(), names))
}

#[test]
fn every_fault_is_caught_and_nearly_all_are_named() {
    let mut table =
        String::from("| row | class | origin | cause | first divergence | named as |\n|---|---|---|---|---|---|\n");
    let (mut missed, mut misnamed) = (Vec::new(), Vec::new());
    for mutant in MUTANTS {
        let mut shown = None;
        for seed in 0..SEEDS {
            for judgement in [judged::<f32>(mutant, seed), judged::<f64>(mutant, seed)] {
                let Some((claim, names)) = row(&judgement) else {
                    missed.push(format!("{:?}, seed {seed}", mutant.fault));
                    continue;
                };
                let first = names.first().map(String::as_str).unwrap_or_default();
                if !mutant.named.contains(&first) {
                    misnamed.push((
                        mutant.fault,
                        format!("{:?}, seed {seed}: {claim} {names:?}", mutant.fault),
                    ));
                }
                shown.get_or_insert((claim, first.to_owned()));
            }
        }
        let (claim, name) = shown.unwrap_or_default();
        let number = if mutant.row == 0 {
            "-".to_owned()
        } else {
            mutant.row.to_string()
        };
        let _ = writeln!(
            table,
            "| {number} | {} | {} | {} | {claim} | {name} |",
            mutant.class, mutant.origin, mutant.cause
        );
    }
    let mut faults: Vec<Fault> = misnamed.iter().map(|(fault, _)| *fault).collect();
    faults.dedup();
    println!("{} of {} misnamed: {misnamed:#?}", faults.len(), MUTANTS.len());
    assert!(missed.is_empty(), "not detected: {missed:#?}");
    let named = MUTANTS.len() - faults.len();
    page(
        &table,
        &format!(
            "{} faults, all of them detected; {named} named rightly as the first explanation.",
            MUTANTS.len()
        ),
    );
    assert!(
        10 * faults.len() <= MUTANTS.len(),
        "{} of {} are misnamed: {misnamed:#?}",
        faults.len(),
        MUTANTS.len()
    );
}

/// Rows of the list of real faults that are no mutants yet, and why.
const LEFT_OUT: &[(usize, &str, &str)] = &[
    (
        47,
        "AntixK/PyTorch-VAE#34",
        "the weights of an importance-weighted bound are no claim of a dump",
    ),
    (
        59,
        "probmods/webppl#892",
        "an estimator inside a probabilistic language",
    ),
    (
        80,
        "choxos/mlumr#72",
        "a cancelling log-mean-exp: no claim of a dump is one",
    ),
];

/// Compares `derivations/faults.md` with the matrix, or writes it where `UPDATE_DOCS` is set.
fn page(table: &str, summary: &str) {
    let left_out: String = LEFT_OUT.iter().fold(String::new(), |text, (row, origin, reason)| {
        text + &format!("| {row} | {origin} | {reason} |\n")
    });
    let text = format!(
        "# The kill matrix\n\nReal faults of public code, planted into a small implementation (`tests/judge/faults`), each judged as a dump in f32 and f64, \
         with {SEEDS} seeds.\n{summary}\n\n\
         *row*: in the list of public reports that this was collected from; `-` is one of ours. *class*: E exact, G gradient, S scaling, I invariance, N edge \
         inputs, D distribution\nof the noise, T schedule, C causality, V value. *first divergence*: the earliest claim that is wrong by itself. An empty name: seen and \
         located, not explained.\n\n{table}\n## Not planted\n\n| row | origin | reason |\n|---|---|---|\n{left_out}\n\
         Written by `UPDATE_DOCS=1 cargo test --release --test judge`.\n"
    );
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let told = summary.trim_end_matches('.');
    assert!(readme.contains(told), "README.md does not say {told:?}");
    expect_committed("faults.md", &text);
}
