//! What is told as the cause of a wrong claim, and what is not: a cause made up is worse than none.

use bounds::Float;
use half::bf16;
use judge::dump::Quantity;
use judge::{Judgement, Verdict};
use serde_json::{Value, json};

use super::file::Draft;
use super::gaussian;
use super::matrix::planted;
use super::mutants::{Fault, MUTANTS};
use super::number::Order;
use super::random::Random;
use super::reports::Outcome::{Out, Right};
use super::reports::outcome;
use super::sequence;

fn judged(draft: &Draft) -> Judgement {
    judge::judge(&draft.opened(), &|_| ()).unwrap()
}

fn names(draft: &Draft, claim: &str) -> Vec<String> {
    outcome(&judged(draft), claim).1
}

/// Codes of 30 coordinates and the terms of their divergence from `N(0, 1)`, in single precision.
fn coordinates(seed: u64) -> (Draft, Vec<Vec<f32>>) {
    let (rows, d) = (24, 30);
    let mut random = Random::new(seed);
    let mut normals = |scale: f64| -> Vec<f32> { (0..rows * d).map(|_| (scale * random.normal()) as f32).collect() };
    let (m, l) = (normals(1.0), normals(0.5));
    let statement = json!({"dtype": "f32", "prior": "standard_normal", "parameter": "ln_variance"});
    let mut draft = Draft::new("gaussian", &statement);
    draft.tensor("q_mean", &[rows, d], &m);
    draft.tensor("q_spread", &[rows, d], &l);
    let terms: Vec<f32> = m
        .iter()
        .zip(&l)
        .map(|(m, l)| 0.5 * (l.exp() + m * m - 1.0 - l))
        .collect();
    (draft, terms.chunks(d).map(<[f32]>::to_vec).collect())
}

fn added_in(float: Float, terms: &[f32]) -> f32 {
    terms
        .iter()
        .fold(0.0, |sum, term| float.nearest(sum + f64::from(*term))) as f32
}

#[test]
fn sums_in_a_coarser_type_are_told_where_they_are_numbers_of_it_and_not_else() {
    for seed in 0..4 {
        let (mut draft, terms) = coordinates(seed);
        let mut claimed = |sum: &dyn Fn(&[f32]) -> f32, made: &Value| {
            let kl: Vec<f32> = terms.iter().map(|row| sum(row)).collect();
            draft.claim("kl", &[terms.len()], &kl, made);
            assert_eq!(outcome(&judged(&draft), "kl").0, Out, "seed {seed}");
            names(&draft, "kl")
        };
        let nats = json!({"sum": ["coordinate"]});
        for (float, name) in [(Float::Bf16, "accumulated-in-bf16"), (Float::F16, "accumulated-in-f16")] {
            assert_eq!(claimed(&|row| added_in(float, row), &nats), [name], "seed {seed}");
            let bits = json!({"sum": ["coordinate"], "unit": "bits", "sign": -1});
            let in_bits = |row: &[f32]| -added_in(float, row) / std::f32::consts::LN_2;
            assert_eq!(claimed(&in_bits, &bits), [name], "seed {seed}");
        }
        // Errors of the size that a coarse sum has, made otherwise.
        let left_out = |row: &[f32]| row[..28].iter().sum::<f32>();
        let clamped = |row: &[f32]| row.iter().map(|term| term.clamp(0.05, 2.5)).sum::<f32>();
        let moved = |row: &[f32]| row.iter().sum::<f32>() * (1.0 + 0.02 * (row[0] - row[1]));
        assert_eq!(claimed(&left_out, &nats), [""; 0], "seed {seed}");
        assert_eq!(claimed(&clamped, &nats), [""; 0], "seed {seed}");
        assert_eq!(claimed(&moved, &nats), [""; 0], "seed {seed}");
    }
}

#[test]
fn one_mistake_is_not_told_as_two() {
    let mut wrong = Vec::new();
    for mutant in MUTANTS {
        if mutant.named.is_empty() || mutant.named.iter().any(|name| name.contains('+')) {
            continue;
        }
        for seed in 0..3 {
            for claim in judged(&planted::<bf16>(mutant, seed)).claims {
                let told: Vec<String> = claim.explanations.iter().map(judge::Explanation::name).collect();
                let two = told.iter().any(|name| name.contains('+'));
                if two && claim.verdict == Verdict::Beyond {
                    wrong.push(format!(
                        "{:?}, seed {seed}: {} {told:?}",
                        mutant.fault,
                        claim.claim.quantity.name()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_gradient_that_is_far_too_small_is_no_0_times_something() {
    let (batch, rows, codes, normaliser) = (4, 16, 64, 4.0);
    let mut random = Random::new(5);
    let x: Vec<f32> = (0..batch * rows * codes)
        .map(|_| (0.5 * random.normal()) as f32)
        .collect();
    let (mut kl, mut slopes) = (0.0, Vec::new());
    for row in x.chunks(codes) {
        let ln_sum = row.iter().map(|x| f64::from(*x).exp()).sum::<f64>().ln();
        let ln_q: Vec<f64> = row.iter().map(|x| f64::from(*x) - ln_sum).collect();
        let mean: f64 = ln_q.iter().map(|ln_q| ln_q.exp() * ln_q).sum();
        kl += mean + (codes as f64).ln();
        slopes.extend(ln_q.iter().map(|ln_q| ln_q.exp() * (ln_q - mean)));
    }
    let judged = |share: f64| {
        let share = share / (batch as f64 * normaliser);
        let mut draft = Draft::new("tokens", &json!({"dtype": "f32", "layout": "BSK", "prior": "uniform"}));
        draft.tensor("encoder_logits", &[batch, rows, codes], &x);
        let made = json!({"sum": ["position", "code"], "mean": ["batch"], "normaliser": normaliser});
        draft.claim("kl", &[], &[(share * kl) as f32], &made);
        // Half precision's smallest number is 2^-24, and 64 times that is as large as these.
        let slopes: Vec<f64> = slopes.iter().map(|slope| share * slope).collect();
        draft.floats("claim.grad.encoder_logits", &[batch, rows, codes], &slopes, Float::F16);
        draft.statement["claims"]["grad.encoder_logits"] = json!({"of": "kl"});
        names(&draft, "grad.encoder_logits")
    };
    let divided = judged(1.0 / (rows * codes) as f64);
    assert!(
        !divided.is_empty() && !divided.iter().any(|name| name.contains("entropy-missing")),
        "{divided:?}"
    );
    let nothing = judged(0.0);
    assert!(
        !nothing.is_empty() && !nothing.iter().any(|name| name.contains('+')),
        "{nothing:?}"
    );
}

#[test]
fn a_gradient_without_the_means_square_is_told_as_that_and_the_other_input_denies_the_rest() {
    for seed in 0..3 {
        let mut draft = gaussian::dump::<f32>(&mut Random::new(seed), Order::Pairwise, Fault::None);
        let (shape, m) = draft.values("q_mean");
        let (batch, d) = (shape[0], shape[1]);
        let beta = draft.statement["beta"].as_f64().unwrap();
        let squares: Vec<f64> = m.chunks(d).map(|row| row.iter().map(|m| 0.5 * m * m).sum()).collect();
        let single = |values: Vec<f64>| -> Vec<f32> { values.into_iter().map(|value| value as f32).collect() };
        let less =
            |values: Vec<f64>, share: f64| single(values.iter().zip(&squares).map(|(v, s)| v - share * s).collect());
        let [kl, elbo] = ["claim.kl", "claim.elbo"].map(|name| draft.values(name).1);
        draft.claim("kl", &[batch], &less(kl, 1.0), &json!({"sum": ["coordinate"]}));
        draft.claim("elbo", &[batch], &less(elbo, -1.0), &json!({}));
        let loss = draft.values("claim.loss").1[0] - beta * squares.iter().sum::<f64>() / batch as f64;
        draft.claim("loss", &[], &[loss as f32], &json!({"mean": ["batch"]}));
        let by_mean = draft.values("claim.grad.q_mean").1;
        let by_mean = by_mean.iter().zip(&m).map(|(slope, m)| slope - beta * m / batch as f64);
        draft.claim("grad.q_mean", &shape, &single(by_mean.collect()), &json!({}));
        let found = judged(&draft);
        assert_eq!(outcome(&found, "grad.q_spread").0, Right, "seed {seed}");
        assert_eq!(
            outcome(&found, "kl"),
            (Out, vec!["mean-missing".to_owned()]),
            "seed {seed}"
        );
        assert_eq!(
            outcome(&found, "grad.q_mean"),
            (Out, vec!["mean-missing".to_owned()]),
            "seed {seed}"
        );
    }
}

#[test]
fn a_sequences_loss_follows_from_its_own_numbers() {
    let verdict = |judgement: &Judgement, name: &str| {
        let mut claims = judgement.claims.iter();
        claims
            .find(|judged| judged.claim.quantity.name() == name)
            .unwrap()
            .verdict
            .clone()
    };
    for seed in 0..4 {
        let mut draft = sequence::dump::<f32>(&mut Random::new(seed), Order::Pairwise, Fault::None);
        let (shape, nll) = draft.values("claim.token_nll");
        let loss = draft.values("claim.loss").1[0];
        let times = |values: &[f64], factor: f64| -> Vec<f32> { values.iter().map(|v| (factor * v) as f32).collect() };
        draft.claim("token_nll", &shape, &times(&nll, 1.5), &json!({}));
        for (factor, expected) in [
            (1.5, Verdict::Follows(vec![Quantity::TokenNll])),
            (1.501, Verdict::Beyond),
            (-1.5, Verdict::Beyond),
            (f64::NAN, Verdict::Beyond),
        ] {
            draft.claim("loss", &[], &times(&[loss], factor), &json!({}));
            let found = judged(&draft);
            assert_eq!(verdict(&found, "token_nll"), Verdict::Beyond, "seed {seed}");
            assert_eq!(verdict(&found, "loss"), expected, "seed {seed}, {factor}");
        }
        draft.claim(
            "loss",
            &[],
            &times(&[-loss], 1.5 / std::f64::consts::LN_2),
            &json!({"sign": -1, "unit": "bits"}),
        );
        assert_eq!(
            verdict(&judged(&draft), "loss"),
            Verdict::Follows(vec![Quantity::TokenNll]),
            "seed {seed}"
        );
    }
}

/// One divergence of 5 codes in double precision, times a share.
fn one_number(share: f64) -> Vec<String> {
    let x = [0.5, -1.25, 2.0, 0.0, 1.0_f64];
    let sum: f64 = x.iter().map(|x| x.exp()).sum();
    let kl: f64 = x.iter().map(|x| x.exp() / sum * (x - sum.ln() + 5.0_f64.ln())).sum();
    let mut draft = Draft::new("tokens", &json!({"dtype": "f64", "layout": "BSK", "prior": "uniform"}));
    draft.floats("encoder_logits", &[1, 1, 5], &x, Float::F64);
    draft.floats("claim.kl", &[1], &[share * kl], Float::F64);
    draft.statement["claims"]["kl"] = json!({"sum": ["position", "code"]});
    assert_eq!(
        outcome(&judged(&draft), "kl").0,
        if share == 1.0 { Right } else { Out },
        "{share}"
    );
    names(&draft, "kl")
}

#[test]
fn a_constant_that_nobody_writes_is_not_found_from_a_single_number() {
    assert!(one_number(1.0).is_empty());
    assert_eq!(one_number(0.2).first().unwrap(), "mean-over-codes");
    assert_eq!(one_number(2.5), ["factor"], "5/2");
    for share in [1.23456789, 0.8765431, 1.0001234567] {
        let names = one_number(share);
        assert!(names.is_empty(), "{share}: {names:?}");
    }
}
