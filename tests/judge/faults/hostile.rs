//! Dumps that lie, contradict themselves or claim nothing: one sentence each, and never a verdict.

use judge::dump;
use serde_json::{Value, json};

use super::file::Draft;
use super::mutants::Fault;
use super::number::Order;
use super::objective;
use super::random::Random;
use super::sequence;
use super::tokens::{self, Inputs, Sizes, Style};

/// A correct dump with three items of 2 x 3 positions and 5 codes.
pub(crate) fn correct() -> Draft {
    let style = Style {
        order: Order::Pairwise,
        planes: true,
        grid: true,
        way: 0,
        with_prior: true,
    };
    let sizes = Sizes {
        batch: 3,
        height: 2,
        width: 3,
        codes: 5,
        pixels: 7,
    };
    let mut inputs = Inputs::<f32>::drawn(&mut Random::new(5), sizes, true);
    for (i, logit) in inputs.logits.iter_mut().enumerate() {
        *logit = if logit.is_finite() {
            *logit
        } else {
            0.25 * (i % 5) as f32
        };
    }
    (inputs.beta, inputs.tau) = (6.6, 0.75);
    tokens::dump(&inputs, &objective::compute(&inputs, style, Fault::None), style)
}

/// What opening and judging says.
fn sentence(bytes: Vec<u8>) -> String {
    let judged = dump::from_bytes("lie.safetensors", bytes).and_then(|dump| judge::judge(&dump, &|_| ()));
    judged.map_or_else(
        |error| error.to_string(),
        |judgement| format!("judged: {}", judgement.stands()),
    )
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a flat list of contradictions, each with what is said of it"
)]
fn a_statement_that_contradicts_the_tensors_is_refused_in_one_sentence() {
    type Change = fn(&mut Draft);
    let lies: &[(Change, &str)] = &[
        (
            |d| d.statement["layout"] = json!("BSK"),
            "encoder_logits has shape [3, 5, 2, 3], expected [B, S, K], as the statement's layout says",
        ),
        (
            |d| d.statement["layout"] = Value::Null,
            "the statement's layout is missing, expected BKHW or BSK: it is never guessed",
        ),
        (|d| d.statement["dtype"] = json!("f8"), "unknown variant `f8`"),
        (|d| d.statement["dtyp"] = json!("f32"), "unknown field `dtyp`"),
        (
            |d| d.statement["prior"] = json!("uniform"),
            "prior_logits has shape [3, 5, 2, 3], expected absent with a uniform prior",
        ),
        (
            |d| d.statement["prior"] = json!("standard_normal"),
            "the statement's prior is missing or continuous",
        ),
        (
            |d| d.statement["beta"] = json!(-1.0),
            "the statement's beta is -1, expected a number from 0 to 1e6",
        ),
        (
            |d| d.statement["temperature"] = json!(0.0),
            "the statement's temperature is 0, expected a positive number",
        ),
        (
            |d| d.statement["temperature"] = Value::Null,
            "the statement's claims.relaxed_sample is made without a temperature",
        ),
        (
            |d| d.statement["device"] = json!("cuda"),
            "the statement's device_name is missing, expected the name of what device cuda ran on",
        ),
        (
            |d| d.statement["decoder"] = Value::Null,
            "the statement's decoder is missing",
        ),
        (
            |d| d.statement["claims"]["kl"]["sum"] = json!(["position"]),
            "claim.kl has shape [3, 2, 3], expected [3, 5] with the stated reductions",
        ),
        (
            |d| d.statement["claims"]["kl"]["sum"] = json!(["pixel"]),
            "claims.kl is reduced over pixel, expected axes of this quantity (batch, position, code)",
        ),
        (
            |d| d.statement["claims"]["kl"]["mean"] = json!(["code"]),
            "claims.kl is summed and averaged over code",
        ),
        (
            |d| d.statement["claims"]["kl"]["sign"] = json!(2),
            "claims.kl is of sign 2, expected a sign of 1 or -1",
        ),
        (
            |d| d.statement["claims"]["kl"]["normaliser"] = json!(0.0),
            "claims.kl is of normaliser 0",
        ),
        (
            |d| d.statement["claims"]["kl"]["unit"] = json!("bans"),
            "unknown variant `bans`",
        ),
        (
            |d| d.statement["claims"]["kl"]["of"] = json!("loss"),
            "claims.kl is the gradient of something",
        ),
        (
            |d| d.statement["claims"]["grad.mu"]["of"] = json!("kl"),
            "claims.grad.mu is of kl, expected the gradient of a claim that depends on mu",
        ),
        (
            |d| d.statement["claims"]["evidence"] = json!({}),
            "claims.evidence is not a quantity",
        ),
        (
            |d| d.statement["claims"]["log_evidence"] = json!({}),
            "claim.log_evidence is missing",
        ),
        (
            |d| d.statement["claims"] = json!({}),
            "claims.relaxed_sample is missing, expected how the tensor beside it was made",
        ),
        (
            |d| d.statement["inputs"] = json!("gaussian"),
            "the statement's inputs is gaussian beside encoder_logits, expected the inputs of one form",
        ),
        (
            |d| drop(d.remove("gumbel_noise")),
            "gumbel_noise is missing, expected a float tensor shaped as encoder_logits",
        ),
        (
            |d| drop(d.remove("claim.kl")),
            "claim.kl is missing, expected the tensor of a claim that the statement names",
        ),
        (
            |d| d.tensor("encoder_logit", &[1], &[0.0_f32]),
            "\"encoder_logit\" is not a name of this format",
        ),
        (
            |d| d.tensor("x", &[2, 7], &[0.5_f32; 14]),
            "x has shape [2, 7], expected 3 items, as the encoder has",
        ),
        (
            |d| d.tensor("mu", &[3, 6], &[0.5_f32; 18]),
            "mu has shape [3, 6], expected [3, 7]",
        ),
        (
            |d| d.tensor("x", &[3, 7], &[1.5_f32; 21]),
            "x[0, 0] is 1.5, expected a pixel between 0 and 1",
        ),
        (
            |d| d.tensor("ln_b", &[3, 7], &[f32::NAN; 21]),
            "ln_b[0, 0] is NaN, expected a logarithm from -300 to 300",
        ),
        (
            |d| d.tensor("encoder_logits", &[3, 5, 2, 3], &[f32::NEG_INFINITY; 90]),
            "encoder_logits[0] is -inf throughout row 0",
        ),
        (
            |d| d.tensor("encoder_logits", &[3, 5, 2, 3], &[f32::INFINITY; 90]),
            "encoder_logits[0, 0, 0, 0] is inf, expected a logit",
        ),
        (
            |d| d.tensor("encoder_logits", &[0, 5, 2, 3], &[] as &[f32]),
            "encoder_logits has shape [0, 5, 2, 3], expected no axis of length 0",
        ),
        (
            |d| d.integers("mu", &[3, 7], &[1; 21]),
            "mu has dtype U64, expected F64, F32, F16 or BF16",
        ),
        (
            |d| d.integers("claim.kl", &[3, 2, 3], &[1; 18]),
            "claim.kl has dtype U64",
        ),
    ];
    for (change, expected) in lies {
        let mut draft = correct();
        change(&mut draft);
        let found = sentence(draft.bytes());
        assert!(found.contains(expected), "{found:?} lacks {expected:?}");
        assert!(
            !found.contains('\n') && found.starts_with("lie.safetensors: "),
            "{found:?}"
        );
    }
    assert_eq!(sentence(correct().bytes()), "judged: true");
}

#[test]
fn tokens_outside_their_vocabulary_are_refused() {
    let draft = |token: usize, softmax: &str| {
        let mut draft = sequence::dump::<f32>(&mut Random::new(3), Order::Tree, Fault::None);
        draft.statement["text"]["softmax"] = json!(softmax);
        draft.integers(
            "tokens",
            &[3, 12],
            &[&[0, 0, 0, 0, 0, token], &[9; 6][..], &[0; 5], &[9; 7], &[0; 5], &[9; 7]].concat(),
        );
        sentence(draft.bytes())
    };
    assert!(draft(99, "joint").contains("tokens[0, 5] is 99, expected an entry of the vocabulary"));
    assert!(draft(3, "split").contains("tokens[0, 5] is 3, expected an entry of its own kind"));
}

#[test]
fn metadata_that_is_no_statement_is_refused() {
    for (metadata, expected) in [
        (json!({}), "metadata key format is missing"),
        (
            json!({"format": "elbo-dump/2"}),
            "metadata key format is \"elbo-dump/2\"",
        ),
        (json!({"format": "elbo-dump/1"}), "the statement's dump is missing"),
        (
            json!({"format": "elbo-dump/1", "dump": "[]"}),
            "the statement's dump cannot be read",
        ),
        (
            json!({"format": "elbo-dump/1", "dump": "{\"inputs\": \"tokens\"}"}),
            "missing field",
        ),
        (
            json!({"format": "elbo-dump/1", "dump": "{".repeat(100_000)}),
            "the statement's dump cannot be read",
        ),
    ] {
        let found = sentence(correct().with_metadata(&metadata));
        assert!(
            found.contains(expected) && !found.contains('\n'),
            "{found:?} lacks {expected:?}"
        );
    }
}

#[test]
fn every_prefix_of_a_dump_is_refused_and_no_flipped_byte_of_its_header_panics() {
    let whole = correct().bytes();
    for length in (0..whole.len()).step_by(97) {
        assert!(
            !sentence(whole[..length].to_vec()).starts_with("judged"),
            "{length} bytes"
        );
    }
    let mut random = Random::new(11);
    for _ in 0..400 {
        let mut bytes = whole.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(2400.min(bytes.len()));
            bytes[at] ^= 1 << random.below(8);
        }
        let _ = sentence(bytes);
    }
}

/// Of two equal keys a map keeps the last, and one of the two claims would never be judged.
#[test]
fn a_claim_that_is_stated_twice_is_refused() {
    let bytes = correct().bytes();
    let length = usize::try_from(u64::from_le_bytes(bytes[..8].try_into().unwrap())).unwrap();
    let header = std::str::from_utf8(&bytes[8..8 + length]).unwrap();
    let claims = r#"\"claims\":{"#;
    assert!(header.contains(claims), "{header}");
    let twice = header.replacen(claims, &format!(r#"{claims}\"kl\":{{\"sign\":-1}},"#), 1);
    let twice = format!("{twice:<width$}", width = twice.len().next_multiple_of(8));
    let mut file = u64::try_from(twice.len()).unwrap().to_le_bytes().to_vec();
    file.extend(twice.as_bytes());
    file.extend(&bytes[8 + length..]);
    assert!(sentence(file).contains("the key \"kl\" stands there twice"));
    assert!(sentence(bytes).contains("judged: true"));
}
