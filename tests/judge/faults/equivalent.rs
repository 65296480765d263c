//! What was reported as a bug and is none: other ways to write or state the right thing. Nothing is out of bound.

use judge::Verdict;
use serde_json::json;

use super::file::Draft;
use super::hostile::correct;
use super::mutants::Fault;
use super::number::Order;
use super::random::Random;
use super::{gaussian, sequence};

fn silent(draft: &Draft, what: &str) {
    let judgement = judge::judge(&draft.opened(), &|_| ()).unwrap();
    let out = judgement
        .claims
        .iter()
        .filter(|judged| judged.verdict != Verdict::Within);
    let out: Vec<_> = out
        .map(|judged| (judged.claim.quantity, judged.comparison.worst.clone()))
        .collect();
    assert!(out.is_empty(), "{what}: {out:?}");
}

#[test]
fn tables_in_single_precision_are_worlds_of_an_evidence_in_double_precision() {
    // Tables that miss 1 by the roundings of their own type are renormalised here, and taken as they are elsewhere.
    let ln = |row: &[f64]| -> Vec<f32> {
        let sum: f64 = row.iter().sum();
        row.iter().map(|p| (p / sum).ln() as f32).collect()
    };
    let (prior, likelihood) = (ln(&[3.0, 1.0, 4.0, 1.0, 5.0, 9.0]), ln(&[2.0, 6.0, 5.0, 3.0, 5.0, 8.0]));
    let joint = |k: usize| f64::from(prior[k]) + f64::from(likelihood[k]);
    let mut draft = Draft::new("worlds", &json!({"dtype": "f64"}));
    draft.tensor("ln_p_x_given_yz", &[1, 2, 3], &likelihood);
    draft.tensor("ln_p_yz", &[2, 3], &prior);
    draft.tensor("ln_q_z_given_x", &[1, 3], &ln(&[9.0, 7.0, 9.0]));
    draft.integers("y", &[1], &[1]);
    let evidence = (3..6).map(|k| joint(k).exp()).sum::<f64>().ln();
    draft.claim("log_evidence", &[1], &[evidence], &json!({}));
    silent(&draft, "log_evidence");
}

/// A claim of a draft again, as other numbers.
fn restate(draft: &mut Draft, name: &str, change: impl Fn(f64) -> f64, made: &[(&str, serde_json::Value)]) {
    let (shape, values) = draft.values(&format!("claim.{name}"));
    let changed: Vec<f32> = values.into_iter().map(|value| change(value) as f32).collect();
    let mut stated = draft.statement["claims"][name].clone();
    for (key, value) in made {
        stated[*key] = value.clone();
    }
    draft.claim(name, &shape, &changed, &stated);
}

#[test]
fn a_stated_sign_is_no_fault() {
    // pytorch/examples#824 and #298, wiseodd/generative-models#43: the negative bound; ssemeniuta/textvae#4 logs -KL.
    let mut draft = correct();
    restate(&mut draft, "elbo", |v| -v, &[("sign", json!(-1))]);
    restate(&mut draft, "kl", |v| -v, &[("sign", json!(-1))]);
    silent(&draft, "signs");
}

#[test]
fn stated_bits_and_normalisers_are_no_fault() {
    let mut draft = correct();
    restate(
        &mut draft,
        "kl",
        |v| v / std::f64::consts::LN_2,
        &[("unit", json!("bits"))],
    );
    restate(&mut draft, "reconstruction", |v| v / 7.0, &[("normaliser", json!(7.0))]);
    silent(&draft, "units");
}

#[test]
fn what_is_not_stated_is_a_sum() {
    let mut draft = correct();
    restate(&mut draft, "kl", |v| v, &[("sum", json!(null))]);
    silent(&draft, "an unstated reduction");
}

#[test]
fn the_straight_through_value_is_one_hot_up_to_its_rounding() {
    // pytorch#48574, #68941: y_hard - y_soft.detach() + y_soft.
    let mut draft = correct();
    let (shape, soft) = draft.values("claim.relaxed_sample");
    let positions = 6;
    let value = |i: usize| {
        // Planes: [B, K, H, W].
        let (item, place) = (i / (5 * positions), i % positions);
        let of = |k: usize| soft[(item * 5 + k) * positions + place];
        let best = (0..5).fold(0, |best, k| if of(k) > of(best) { k } else { best });
        let hard = f32::from(u8::from(i / positions % 5 == best));
        (hard - soft[i] as f32) + soft[i] as f32
    };
    let values: Vec<f32> = (0..soft.len()).map(value).collect();
    draft.claim("relaxed_sample", &shape, &values, &json!({}));
    draft.statement["straight_through"] = json!(true);
    silent(&draft, "straight-through");
}

#[test]
fn an_autoregressive_shift_that_is_stated_by_alignment_is_no_fault() {
    // kakaobrain/minDALL-E#16: N - 1 tokens are scored when the first is given.
    let mut random = Random::new(8);
    silent(
        &sequence::dump::<f32>(&mut random, Order::Pairwise, Fault::None),
        "aligned labels",
    );
    // AntixK/PyTorch-VAE#69: correct code.
    silent(
        &gaussian::dump::<f32>(&mut random, Order::Pairwise, Fault::None),
        "a correct VAE",
    );
}

#[test]
fn nan_fails_in_both_directions_and_infinity_is_a_class() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut draft = correct();
        restate(&mut draft, "kl", |_| bad, &[]);
        let judgement = judge::judge(&draft.opened(), &|_| ()).unwrap();
        let kl = judgement
            .claims
            .iter()
            .find(|judged| judged.claim.tensor == "claim.kl")
            .unwrap();
        assert!(
            kl.verdict == Verdict::Beyond && kl.comparison.failed == kl.comparison.numbers,
            "{bad}"
        );
        assert!(!judgement.stands());
    }
    // One NaN among many numbers is enough.
    let mut draft = correct();
    let first = std::cell::Cell::new(true);
    restate(
        &mut draft,
        "kl",
        |v| if first.replace(false) { f64::NAN } else { v },
        &[],
    );
    assert!(!judge::judge(&draft.opened(), &|_| ()).unwrap().stands());
}

#[test]
fn constant_inputs_are_warned_about() {
    let mut draft = correct();
    draft.tensor("mu", &[3, 7], &[0.5_f32; 21]);
    let judgement = judge::judge(&draft.opened(), &|_| ()).unwrap();
    assert!(
        judgement
            .warnings
            .iter()
            .any(|warning| warning.starts_with("mu is 0.5 throughout")),
        "{:?}",
        judgement.warnings
    );
}

#[test]
fn a_defect_a_little_beyond_the_bound_is_seen() {
    // A tolerance of 1e-3, as is common, would hide it.
    let mut draft = correct();
    restate(&mut draft, "kl", |v| v * (1.0 + 1e-4), &[]);
    assert!(!judge::judge(&draft.opened(), &|_| ()).unwrap().stands());
}
