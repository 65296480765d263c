//! Where bounds end: numbers so large that nothing bounds them, types so narrow that little does, claims stored in another type.

use bounds::Float;
use judge::dump::{Axis, ClaimSpec, DumpBuilder, Layout, Prior, Quantity};
use judge::{Judgement, Verdict};
use serde_json::json;

use super::file::Draft;
use super::random::Random;

fn judged(draft: &Draft) -> Judgement {
    judge::judge(&draft.opened(), &|_| ()).unwrap()
}

/// A row with one number far below the others, in single precision; what is claimed for its divergence.
fn far_below(claimed: f64) -> Judgement {
    let logits: Vec<f32> = (0..9).map(|k| if k == 3 { -1e11 } else { 0.25 * k as f32 }).collect();
    let statement = json!({"dtype": "f32", "layout": "BSK", "prior": "uniform"});
    let mut draft = Draft::new("tokens", &statement);
    draft.tensor("encoder_logits", &[1, 1, 9], &logits);
    draft.claim("kl", &[1, 1], &[claimed], &json!({"sum": ["code"]}));
    judged(&draft)
}

#[test]
fn a_number_far_below_the_others_hides_nothing() {
    let weights: Vec<f64> = (0..9)
        .filter(|k| *k != 3)
        .map(|k| (0.25 * f64::from(k)).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    let kl = weights.iter().map(|w| w / sum * (w / sum).ln()).sum::<f64>() + 9.0_f64.ln();
    assert!(far_below(kl).stands());
    for wrong in [f64::NAN, 3.0 * kl, f64::INFINITY] {
        assert_eq!(far_below(wrong).claims[0].verdict, Verdict::Beyond, "{wrong}");
    }
}

/// A softmax over every entry, computed in double precision by a log-sum-exp, its numbers stored in another type.
fn stored(float: Float, offset: f64, seed: u64) -> Judgement {
    let entries = 9;
    let mut random = Random::new(seed);
    let logits: Vec<f64> = (0..entries).map(|_| offset + 2.0 * random.normal()).collect();
    let single = |x: f64| f64::from(x as f32);
    // As single precision has it: the log-sum-exp is rounded at its own size.
    let lse = single(logits.iter().map(|x| (x - offset).exp()).sum::<f64>().ln() + offset);
    let nll: Vec<f64> = logits.iter().map(|x| lse - single(*x)).collect();
    let mut draft = Draft::new("sequence", &json!({"dtype": "f32", "entries": entries}));
    draft.integers("tokens", &[entries, 1], &(0..entries).collect::<Vec<_>>());
    draft.claim::<f32>("token_nll", &[entries, 1], &[0.0; 9], &json!({}));
    draft.remove("claim.token_nll");
    draft.floats("claim.token_nll", &[entries, 1], &nll, float);
    judged(&draft)
}

#[test]
fn a_models_probabilities_sum_to_1_as_far_as_their_types_can_say() {
    for seed in 0..20 {
        for float in [Float::F64, Float::F32, Float::F16, Float::Bf16] {
            for offset in [0.0, -300.0, 1e4] {
                let found = stored(float, offset, seed);
                assert!(
                    found.stands(),
                    "{} {offset}: {:?}",
                    float.name(),
                    found.claims[0].comparison.worst
                );
            }
        }
    }
}

#[test]
fn a_type_of_few_digits_says_how_little_it_tells() {
    let mut draft = Draft::new("sequence", &json!({"dtype": "bf16"}));
    draft.integers("tokens", &[2, 2], &[1, 2, 1, 2]);
    draft.claim("token_nll", &[2, 2], &[2.0_f32, 1.0, 2.25, 1.0], &json!({}));
    let found = judged(&draft);
    assert!(found.stands());
    let warned = |words: &str| found.warnings.iter().any(|warning| warning.contains(words));
    assert!(warned("the laws of a model tell little"), "{:?}", found.warnings);
    assert!(warned("no beginning has all its next tokens"), "{:?}", found.warnings);
}

#[test]
fn a_gradient_stands_beside_its_claim_or_is_refused() {
    let statement = json!({"dtype": "f32", "layout": "BSK", "prior": "uniform"});
    let mut draft = Draft::new("tokens", &statement);
    draft.tensor("encoder_logits", &[1, 1, 3], &[0.5_f32, 1.5, -1.0]);
    draft.claim("grad.encoder_logits", &[1, 1, 3], &[0.0_f32; 3], &json!({"of": "kl"}));
    let refused = draft.open("a draft").unwrap_err().to_string();
    assert!(
        refused.contains("is the gradient of kl, which is not claimed, expected claim.kl beside it"),
        "{refused}"
    );
}

#[test]
fn what_is_not_stated_is_said() {
    let statement = json!({"dtype": "f32", "layout": "BSK", "prior": "uniform"});
    let mut draft = Draft::new("tokens", &statement);
    draft.tensor("encoder_logits", &[2, 1, 3], &[0.5_f32, 1.5, -1.0, 0.25, 0.0, 2.0]);
    draft.claim("entropy", &[2], &[0.0_f32; 2], &json!({}));
    let found = judged(&draft);
    let expected = "entropy states neither sum nor mean: taken for a sum over code";
    assert!(
        found.warnings.iter().any(|warning| warning == expected),
        "{:?}",
        found.warnings
    );
}

#[test]
fn where_equal_rows_have_equal_bits_a_beginning_is_held_to_a_few_last_places() {
    // bfloat16; rows 0 and 1 begin alike, row 2 is row 0 again, with or without the same bits.
    let judged = |again: f32| {
        let mut draft = Draft::new("sequence", &json!({"dtype": "bf16"}));
        draft.integers("tokens", &[3, 3], &[1, 2, 3, 1, 2, 4, 1, 2, 3]);
        let numbers = [2.0_f32, 1.0, 0.5, 2.0, 1.25, 0.75, 2.0, again, 0.5];
        draft.claim("token_nll", &[3, 3], &numbers, &json!({}));
        judged(&draft).claims[0].verdict.clone()
    };
    assert_eq!(judged(1.0), Verdict::Beyond);
    assert_eq!(judged(1.0078125), Verdict::Within);
}

#[test]
fn a_prior_of_one_item_is_that_of_all() {
    let judged = |prior: &[f32], items: usize| {
        let logits: Vec<f32> = (0..3 * 4).map(|k| (k % 5) as f32 * 0.5).collect();
        let mut draft = Draft::new("tokens", &json!({"dtype": "f32", "layout": "BSK", "prior": "logits"}));
        draft.tensor("encoder_logits", &[3, 1, 4], &logits);
        draft.tensor("prior_logits", &[items, 1, 4], prior);
        draft.claim("kl", &[3, 1], &[0.0_f32; 3], &json!({"sum": ["code"]}));
        let right = judge::defined(&draft.opened(), judge::dump::Quantity::Kl)
            .unwrap()
            .unwrap();
        right.iter().map(|number| number.value).collect::<Vec<f64>>()
    };
    let prior = [0.25_f32, -1.0, 0.5, 2.0];
    assert_eq!(judged(&prior, 1), judged(&prior.repeat(3), 3));
}

/// What a sum that is added in turn loses of nearly equal numbers, it loses of each in the same way.
#[test]
fn nearly_equal_logits_are_rounded_alike_and_the_bound_knows_it() {
    let codes = 8192;
    let mut random = Random::new(5);
    for spread in [1e-5, 5e-5, 1e-4] {
        let logits: Vec<f32> = (0..codes).map(|_| (spread * random.normal()) as f32).collect();
        let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum = logits.iter().fold(0.0_f32, |sum, x| sum + (x - largest).exp());
        let entropy = logits.iter().fold(0.0_f32, |entropy, x| {
            let ln_q = (x - largest) - sum.ln();
            entropy - ln_q.exp() * ln_q
        });
        let dump = DumpBuilder::tokens(Float::F32, Layout::Rows, Prior::Uniform)
            .input("encoder_logits", &[1, 1, codes], &logits)
            .claim(Quantity::Entropy, &ClaimSpec::sum(&[Axis::Code]), &[1, 1], &[entropy]);
        let judgement = judge::judge(&dump.open("nearly equal").unwrap(), &|_| ()).unwrap();
        assert!(judgement.stands(), "{spread}: {judgement}");
    }
}
