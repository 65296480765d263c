//! What is decided, what is not, and what may be said of the cause.

use bounds::Float;
use judge::{Judgement, Verdict};
use serde_json::{Value, json};

use super::file::Draft;
use super::random::Random;
use super::reports::Outcome::{Out, Right, Undecided};
use super::reports::outcome;

/// Divergences from uniform of rows of normal logits in single precision, one sum over all, the order not stated.
fn total(rows: usize, codes: usize, spread: f64) -> (Draft, f64) {
    let mut random = Random::new(7);
    let logits: Vec<f32> = (0..rows * codes).map(|_| (spread * random.normal()) as f32).collect();
    let of_row = |row: &[f32]| {
        let weights: Vec<f64> = row.iter().map(|x| f64::from(*x).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let mean: f64 = row.iter().zip(&weights).map(|(x, w)| w / sum * f64::from(*x)).sum();
        mean - sum.ln() + (codes as f64).ln()
    };
    let right = logits.chunks(codes).map(of_row).sum();
    let mut draft = Draft::new("tokens", &json!({"dtype": "f32", "layout": "BSK", "prior": "uniform"}));
    draft.tensor("encoder_logits", &[1, rows, codes], &logits);
    (draft, right)
}

fn claimed(draft: &Draft, number: f64, made: Value) -> Judgement {
    let mut draft = draft.clone();
    let mut stated = json!({"sum": ["position", "code"]});
    for (key, value) in made.as_object().unwrap() {
        stated[key] = value.clone();
    }
    draft.claim("kl", &[1], &[number as f32], &stated);
    judge::verdicts(&draft.opened(), &|_| ()).unwrap()
}

#[test]
fn a_sum_of_millions_is_told_from_gross_mistakes_and_right_in_each_order_that_a_library_has() {
    let (draft, right) = total(320, 8192, 4.0);
    for wrong in [-6000.0, 0.0, 0.5 * right, right / std::f64::consts::LN_2] {
        let found = outcome(&claimed(&draft, wrong, json!({})), "kl").0;
        assert_eq!(found, Out, "{wrong}");
    }
    for lanes in [1, 8] {
        let by_order = added_in_single(&draft, 320, 8192, lanes);
        let off = (by_order - right).abs() / right;
        assert!(off > 3e-4, "{lanes} lanes are off by {off} only");
        let judgement = claimed(&draft, by_order, json!({}));
        assert_eq!(outcome(&judgement, "kl").0, Right, "{lanes}");
        let told = judgement.warnings.join("\n");
        let word = if lanes == 1 { "one after the other" } else { "lanes" };
        assert!(told.contains(word), "{told}");
    }
    let mut stated = draft;
    stated.statement["summation"] = json!("pairwise");
    assert_eq!(outcome(&claimed(&stated, right, json!({})), "kl").0, Right);
    assert_eq!(outcome(&claimed(&stated, 1.001 * right, json!({})), "kl").0, Out);
}

/// The divergence in single precision, all its parts added up in so many accumulators.
fn added_in_single(draft: &Draft, rows: usize, codes: usize, lanes: usize) -> f64 {
    let logits: Vec<f32> = draft.values("encoder_logits").1.iter().map(|x| *x as f32).collect();
    assert_eq!(logits.len(), rows * codes);
    let mut accumulators = vec![0.0_f32; lanes];
    for (row, x) in logits.chunks(codes).enumerate() {
        let max = x.iter().copied().fold(f32::MIN, f32::max);
        let sum: f64 = x.iter().map(|x| f64::from(x - max).exp()).sum();
        for (k, x) in x.iter().enumerate() {
            let ln_q = (x - max) - sum.ln() as f32;
            accumulators[(row * codes + k) % lanes] += ln_q.exp() * (ln_q + (codes as f32).ln());
        }
    }
    f64::from(accumulators.iter().sum::<f32>())
}

#[test]
fn a_thousandth_is_told_in_single_precision_whatever_the_order_of_its_sums() {
    let (draft, right) = total(256, 1024, 2.0);
    for (share, expected) in [(1.0, Right), (1.001, Out), (0.999, Out), (1.01, Out), (-1.0, Out)] {
        let judgement = claimed(&draft, share * right, json!({}));
        assert_eq!(outcome(&judgement, "kl").0, expected, "{share}");
    }
}

#[test]
fn a_claim_that_is_not_decided_says_what_would_decide_it() {
    let mut random = Random::new(7);
    let logits: Vec<f64> = (0..4 * 64).map(|_| 0.2 * random.normal()).collect();
    let mut draft = Draft::new("tokens", &json!({"dtype": "bf16", "layout": "BSK", "prior": "uniform"}));
    draft.floats("encoder_logits", &[1, 4, 64], &logits, Float::Bf16);
    let judgement = claimed(&draft, 0.08, json!({}));
    let Verdict::Undecided(reason) = &judgement.claims[0].verdict else {
        panic!("{:?}", judgement.claims[0].verdict);
    };
    for words in ["a claim for each position", "a stated `summation`", "sums in f32"] {
        assert!(reason.contains(words), "{reason}");
    }
}

#[test]
fn a_divergence_that_is_0_is_decided_where_its_bound_is_small_beside_what_it_could_be() {
    for (float, dtype, expected) in [(Float::F32, "f32", Right), (Float::Bf16, "bf16", Undecided)] {
        let mut draft = Draft::new("tokens", &json!({"dtype": dtype, "layout": "BSK", "prior": "uniform"}));
        draft.floats("encoder_logits", &[1, 1, 64], &[0.5; 64], float);
        draft.claim("kl", &[1, 1], &[0.0_f32], &json!({"sum": ["code"]}));
        let judgement = judge::verdicts(&draft.opened(), &|_| ()).unwrap();
        assert_eq!(outcome(&judgement, "kl").0, expected, "{dtype}");
    }
}

#[test]
fn rows_that_do_not_add_up_are_out_of_bound_where_nothing_bounds_a_number_of_them() {
    // Sums of 256 in bfloat16 have no bound, and every probability is from 0 to 1: but 256 of them are not 1 each.
    let statement =
        json!({"dtype": "bf16", "accumulation": "bf16", "layout": "BSK", "prior": "uniform", "temperature": 1.0});
    let judged = |sample: f64, slope: f64| {
        let mut draft = Draft::new("tokens", &statement);
        draft.floats("encoder_logits", &[1, 1, 256], &[0.5; 256], Float::Bf16);
        draft.floats("gumbel_noise", &[1, 1, 256], &[0.0; 256], Float::Bf16);
        let shape = [1, 1, 256];
        draft.claim("relaxed_sample", &shape, &[sample as f32; 256], &json!({}));
        draft.claim("kl", &[1, 1], &[0.0_f32], &json!({"sum": ["code"]}));
        draft.claim(
            "grad.encoder_logits",
            &shape,
            &[slope as f32; 256],
            &json!({"of": "kl"}),
        );
        judge::verdicts(&draft.opened(), &|_| ()).unwrap()
    };
    let right = judged(1.0 / 256.0, 0.0);
    let wrong = judged(1.0, 4.0);
    for claim in ["relaxed_sample", "grad.encoder_logits"] {
        assert_eq!(outcome(&right, claim).0, Undecided, "{claim}");
        assert_eq!(outcome(&wrong, claim).0, Out, "{claim}");
    }
    assert!(wrong.claims[0].comparison.worst.as_ref().unwrap().is_sum);
}

#[test]
fn one_number_that_nothing_bounds_is_enough_to_be_undecided() {
    let row = |row: usize| {
        (0..8).map(move |k| {
            if row == 3 {
                2e10 + 4096.0 * f64::from(k)
            } else {
                0.25 * f64::from(k)
            }
        })
    };
    let logits: Vec<f64> = (0..16).flat_map(row).collect();
    let weights: Vec<f64> = (0..8).map(|k| (0.25 * f64::from(k)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let right: f64 = weights.iter().map(|w| w / sum * (8.0 * w / sum).ln()).sum();
    let kl: Vec<f32> = (0..16)
        .map(|row| if row == 3 { 8.0_f32.ln() } else { right as f32 })
        .collect();
    let mut draft = Draft::new("tokens", &json!({"dtype": "f32", "layout": "BSK", "prior": "uniform"}));
    draft.floats("encoder_logits", &[16, 1, 8], &logits, Float::F32);
    draft.claim("kl", &[16, 1], &kl, &json!({"sum": ["code"]}));
    let judgement = judge::verdicts(&draft.opened(), &|_| ()).unwrap();
    let comparison = &judgement.claims[0].comparison;
    assert_eq!(
        (comparison.numbers, comparison.unbounded, comparison.failed),
        (16, 1, 0),
        "{comparison:?}"
    );
    assert_eq!(outcome(&judgement, "kl").0, Undecided);
}

#[test]
fn a_gradient_is_not_explained_by_what_its_own_value_shows_to_be_right() {
    let (x, b) = ([0.5, 1.5, -1.0, 0.25], [0.0, -0.5, 1.0, 2.0]);
    let ln = |x: &[f64; 4]| {
        let sum: f64 = x.iter().map(|x| x.exp()).sum();
        x.map(|x| x - sum.ln())
    };
    let (ln_q, ln_p) = (ln(&x), ln(&b));
    let mean = |f: &[f64; 4]| ln_q.iter().zip(f).map(|(q, f)| q.exp() * f).sum::<f64>();
    let kl = mean(&std::array::from_fn(|k| ln_q[k] - ln_p[k]));
    let cross = ln_p.map(|p| -p);
    // The slope of a divergence without its entropy, beside a value that has it.
    let slopes: Vec<f64> = (0..4).map(|k| ln_q[k].exp() * (cross[k] - mean(&cross))).collect();
    let judged = |kl: f64| {
        let mut draft = Draft::new("tokens", &json!({"dtype": "f64", "layout": "BSK", "prior": "logits"}));
        draft.tensor("encoder_logits", &[1, 1, 4], &x);
        draft.tensor("prior_logits", &[1, 1, 4], &b);
        draft.claim("kl", &[1, 1], &[kl], &json!({"sum": ["code"]}));
        draft.claim("grad.encoder_logits", &[1, 1, 4], &slopes, &json!({"of": "kl"}));
        judge::judge(&draft.opened(), &|_| ()).unwrap()
    };
    let named = |judgement: &Judgement| outcome(judgement, "grad.encoder_logits").1;
    assert_eq!(outcome(&judged(kl), "kl").0, Right);
    assert!(
        !named(&judged(kl)).iter().any(|name| name.contains("entropy-missing")),
        "{:?}",
        named(&judged(kl))
    );
    assert_eq!(
        named(&judged(mean(&cross))).first().map(String::as_str),
        Some("entropy-missing")
    );
}

/// A softmax's probabilities and `-ln p` of its first entry, added up one after the other in single precision.
fn in_turn(logits: &[f32]) -> (Vec<f32>, f32) {
    let weights: Vec<f32> = logits.iter().map(|x| (x - logits[0]).exp()).collect();
    let sum = weights.iter().fold(0.0_f32, |sum, weight| sum + weight);
    (weights.iter().map(|weight| weight / sum).collect(), sum.ln())
}

#[test]
fn codes_in_planes_and_entries_of_a_sequence_may_be_added_in_turn_whatever_order_is_stated() {
    let logits = |tail: f32| -> Vec<f32> { (0..8192).map(|k| if k == 0 { 0.0 } else { tail }).collect() };
    let sample = in_turn(&logits(-2.3)).0;
    let statement =
        json!({"dtype": "f32", "layout": "BKHW", "prior": "uniform", "temperature": 1.0, "summation": "pairwise"});
    let (mut draft, shape) = (Draft::new("tokens", &statement), [1, 8192, 1, 1]);
    draft.tensor("encoder_logits", &shape, &logits(-2.3));
    draft.tensor("gumbel_noise", &shape, &[0.0_f32; 8192]);
    draft.claim("relaxed_sample", &shape, &sample, &json!({}));
    let judgement = judge::verdicts(&draft.opened(), &|_| ()).unwrap();
    assert_eq!(outcome(&judgement, "relaxed_sample").0, Right);
    let rows: Vec<Vec<f32>> = (0..12).map(|t| logits(-2.3 - 0.17 * t as f32)).collect();
    let text = json!({"tokens": 12, "vocabulary": 8192, "softmax": "joint", "weights": [1.0, 0.0]});
    let mut draft = Draft::new(
        "sequence",
        &json!({"dtype": "f32", "summation": "pairwise", "text": text}),
    );
    draft.tensor("token_logits", &[1, 12, 8192], &rows.concat());
    draft.integers("tokens", &[1, 12], &[0; 12]);
    let nll: Vec<f32> = rows.iter().map(|row| in_turn(row).1).collect();
    draft.claim("token_nll", &[1, 12], &nll, &json!({}));
    let judgement = judge::verdicts(&draft.opened(), &|_| ()).unwrap();
    assert_eq!(outcome(&judgement, "token_nll").0, Right);
    draft.statement["summation"] = json!("sequential");
    let judgement = judge::verdicts(&draft.opened(), &|_| ()).unwrap();
    assert_eq!(outcome(&judgement, "token_nll").0, Right);
}

#[test]
fn where_one_side_is_unbounded_no_number_is_compared_and_no_infinity_is_right() {
    // Fifteen rows of ordinary logits, and one so far out that its logarithms are lost in single precision: nothing bounds its entropy from below.
    let (codes, rows, far) = (8, 16, 3);
    let mut random = Random::new(11);
    let mut logits: Vec<f32> = (0..rows * codes).map(|_| random.normal() as f32).collect();
    logits[far * codes..(far + 1) * codes].fill(1e12);
    let entropy = |row: &[f32]| {
        let max = row.iter().fold(f32::NEG_INFINITY, |max, x| max.max(*x));
        let weights: Vec<f64> = row.iter().map(|x| f64::from(x - max).exp()).collect();
        let sum: f64 = weights.iter().sum();
        sum.ln() - weights.iter().map(|w| w / sum * w.ln()).sum::<f64>()
    };
    let right: Vec<f32> = logits.chunks(codes).map(|row| entropy(row) as f32).collect();
    for (number, expected) in [
        (right[far], Undecided),
        (1.0, Undecided),
        (5.0, Undecided),
        (f32::INFINITY, Undecided),
        (f32::NAN, Out),
    ] {
        let mut draft = Draft::new("tokens", &json!({"dtype": "f32", "layout": "BSK", "prior": "uniform"}));
        draft.tensor("encoder_logits", &[1, rows, codes], &logits);
        let mut claimed = right.clone();
        claimed[far] = number;
        draft.claim("entropy", &[1, rows], &claimed, &json!({"sum": ["code"]}));
        let judgement = judge::verdicts(&draft.opened(), &|_| ()).unwrap();
        assert_eq!(outcome(&judgement, "entropy").0, expected, "{number}");
        assert!(!judgement.stands(), "{number}");
    }
}

#[test]
fn a_small_divergence_is_told_from_0_and_from_its_double() {
    // Nearly even codes, as a fresh network has them: what is possible leaves room for 0, for twice the number and for the other sign.
    let (draft, right) = total(64, 128, 0.03);
    assert!((0.01..0.1).contains(&right), "{right}");
    for (number, expected) in [(right, Right), (2.0 * right, Out), (0.0, Out), (-right, Out)] {
        let judgement = claimed(&draft, number, json!({}));
        assert_eq!(outcome(&judgement, "kl").0, expected, "{number}");
    }
}
