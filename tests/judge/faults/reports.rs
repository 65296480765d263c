//! Dumps that were judged wrongly once, and what must come out of each: right, out of bound, or undecided where nothing can tell.

use std::path::Path;

use judge::{Explanation, Judgement, Verdict, dump};

/// What must come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Right,
    Out,
    /// Out of bound, and of this cause.
    By(&'static str),
    /// Out of bound, of no cause that is known.
    Unexplained,
    Undecided,
    Skipped,
}

use Outcome::{By, Out, Right, Skipped, Undecided, Unexplained};

/// File, claim, what is right, what must come out.
const REPORTS: &[(&str, &str, &str, Outcome)] = &[
    ("01-bf16-kl-negated", "kl", "5.378716, 8.994915; claimed negated", Out),
    ("03-f16-finfo-mask-kl-negated", "kl", "0.2961505; claimed negated", Out),
    (
        "03b-f16-finfo-mask-kl-3-nats-off",
        "kl",
        "0.2961505; claimed 3.2961505",
        Out,
    ),
    (
        "03c-f16-inf-mask-kl-negated-control",
        "kl",
        "0.2961505; claimed negated",
        Out,
    ),
    (
        "04-logsoftmax-offset-1e7-rounded",
        "token_nll",
        "2.407606 and others; claimed whole numbers",
        Undecided,
    ),
    (
        "04b-kl-offset-1e7",
        "kl",
        "1.163632, 1.046728; claimed 1.665047, 2.830999",
        Undecided,
    ),
    (
        "05-mask-finfo-min-f32",
        "kl",
        "0.2961611, a mask of the least single",
        Right,
    ),
    (
        "05c-mask-minus-1e30-as-f32",
        "kl",
        "7.398483, 8.967885, a mask of -1e30 as a single",
        Right,
    ),
    (
        "05d-sequence-mask-finfo-min",
        "token_nll",
        "0.5543552, a mask of the least single",
        Right,
    ),
    (
        "09-exp-overflow-misnamed",
        "kl",
        "2.0311879e38; claimed inf",
        By("exponential-overflows"),
    ),
    (
        "28-printed-with-4-decimals",
        "kl",
        "2.0743611; claimed 2.0744",
        By("rounded-to-4-decimals"),
    ),
    (
        "10-zeros-and-padding-dropped",
        "loss",
        "2.9638627; claimed 3.0073442, entry 0 dropped beside the padding",
        By("zero-ignored-too"),
    ),
    ("12b-padding-minus-100", "loss", "2.3371389, padding of -100", Right),
    (
        "13-nll-reduction-none-ignore-index",
        "token_nll",
        "-ln p of every token; claimed 0 where padded",
        By("padding-is-zero"),
    ),
    (
        "14-mean-of-row-means",
        "loss",
        "2.3371389; claimed 2.1808977",
        By("mean-of-means"),
    ),
    (
        "16-probability-clamped",
        "kl",
        "7.0086527; claimed 4.4527839, a prior of 1e-9 clamped to 1e-6",
        By("clamp-in-ln-p"),
    ),
    (
        "16b-logvar-clamped",
        "kl",
        "the log-variance clamped to [-30, 20]",
        By("log-variance-limited"),
    ),
    (
        "16c-std-plus-eps",
        "kl",
        "1e-6 added to the standard deviation",
        By("constant-added-to-deviation"),
    ),
    (
        "16d-bce-log-clamped-at-minus-100",
        "reconstruction",
        "logarithms of at least -100",
        By("floor-in-likelihood"),
    ),
    (
        "17-bits-per-dim-plus-8",
        "reconstruction",
        "1.6054387 at [2]; claimed 9.6054387",
        By("offset"),
    ),
    (
        "18-entropy-constant-dropped",
        "entropy",
        "6.3044628; claimed without its constant",
        By("constant-missing"),
    ),
    (
        "19b-channels-averaged",
        "kl",
        "73.8638950; claimed a fifth",
        By("factor"),
    ),
    (
        "21-prior-mean-missing",
        "kl",
        "the square without the prior's mean",
        By("prior-mean-missing"),
    ),
    ("22-k3-estimator", "kl", "claimed k3 of one code", By("one-sample-k3")),
    (
        "24-q-for-ln-q",
        "elbo",
        "-1.6196815 at [1]; claimed -3.1222289",
        By("not-logged"),
    ),
    (
        "26-iwae-k2-as-elbo",
        "elbo",
        "-1.7652126; claimed -1.5371340, the bound of two samples",
        By("importance-weighted"),
    ),
    (
        "27-bce-on-grey-pixels",
        "reconstruction",
        "right, and a warning that it is no density",
        Right,
    ),
    (
        "30-first-minibatch-dropped",
        "reconstruction",
        "-6.9146044; claimed without the first 4 of 12",
        By("items-missing"),
    ),
    (
        "31-diffusion-LT-missing",
        "elbo",
        "-1.0201713; claimed without a part that the dump does not tell apart",
        Unexplained,
    ),
    (
        "37-masked-entry-minus-64",
        "token_nll",
        "inf; claimed 64",
        By("floor-in-likelihood"),
    ),
    (
        "40-distillation-T-squared",
        "kl",
        "claimed of logits / 4, times 16",
        By("both-tempered-in-divergence + factor"),
    ),
    (
        "f9-logaddexp-chain",
        "log_evidence",
        "a chain of logaddexp over 4096 codes",
        By("logarithms-added-in-turn"),
    ),
    (
        "08-unlabelled-bound-reading-stated",
        "elbo",
        "-1.474400 and others: the bound of unlabelled data, its reading stated",
        Right,
    ),
    (
        "08c-joint-kl-reading-stated",
        "kl",
        "0.913525 and others: the divergence over captions and codes, its reading stated",
        Right,
    ),
    (
        "06-row-masked-and-skipped",
        "kl",
        "0.00847905 without the row that is masked throughout",
        Right,
    ),
    (
        "41-producer-loses-bf16",
        "token_nll",
        "right, then rounded to bf16 and stored as f32",
        By("rounded-to-bf16"),
    ),
    (
        "41b-bf16-stored-control",
        "token_nll",
        "the same bits stored as bf16",
        Right,
    ),
    (
        "41c-producer-log-softmax-bf16",
        "token_nll",
        "right, then rounded to bf16 and stored as f32",
        By("rounded-to-bf16"),
    ),
    (
        "99-of-100-wrong-f32",
        "kl",
        "99 of 100 numbers have no bound",
        Undecided,
    ),
    ("ex-f16-64-noise", "grad.encoder_logits", "claimed: noise", Unexplained),
    ("ex-f32-8-noise", "grad.encoder_logits", "claimed: noise", Unexplained),
    ("f1-same-by-safetensors-torch", "kl", "right, stored as bf16", Right),
    (
        "f3-entropy-6.93-f16",
        "entropy",
        "9.01; claimed 6.93, floored by the type's eps",
        Out,
    ),
    ("f4-kl-1e6-bf16", "kl", "at most ln 256; claimed 1e6", Unexplained),
    (
        "f5-divergence-detached-bf16",
        "grad.encoder_logits",
        "the divergence is detached",
        By("divergence-detached"),
    ),
    ("kl-minus-777-bf16-K256", "kl", "at least 0; claimed -777", Unexplained),
    ("unb-neg", "kl", "at least 0; claimed negative", Undecided),
    ("vac-64-5", "kl", "0 of 64 even codes, at most ln 64; claimed 5", Out),
    (
        "skipped-model",
        "token_nll",
        "sums of a model's own numbers: nothing to hold them against",
        Skipped,
    ),
    ("some-skipped", "kl", "0.514136 at [1, 1]; claimed -777", Out),
    ("some-skipped", "beta_at", "right, known to a sixth in bf16", Undecided),
];

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/reports/{name}.safetensors"))
}

pub(crate) fn outcome(judgement: &Judgement, claim: &str) -> (Outcome, Vec<String>) {
    let judged = judgement
        .claims
        .iter()
        .find(|judged| judged.claim.quantity.name() == claim);
    let judged = judged.unwrap();
    let names: Vec<String> = judged.explanations.iter().map(Explanation::name).collect();
    let outcome = match judged.verdict {
        Verdict::Within => Right,
        Verdict::Beyond | Verdict::Follows(_) | Verdict::Known(_) => Out,
        Verdict::Undecided(_) => Undecided,
        Verdict::Skipped(_) => Skipped,
    };
    (outcome, names)
}

#[test]
fn every_report_comes_out_right_or_is_not_decided() {
    let mut wrong = Vec::new();
    for (name, claim, why, expected) in REPORTS {
        let judgement = judge::judge(&dump::open(&path(name)).unwrap(), &|_| ()).unwrap();
        let (found, names) = outcome(&judgement, claim);
        let as_expected = match expected {
            By(name) => found == Out && names.first().map(String::as_str) == Some(*name),
            Unexplained => found == Out && names.is_empty(),
            other => found == *other,
        };
        let all_right = judgement.claims.iter().all(|judged| judged.verdict == Verdict::Within);
        if !as_expected || judgement.stands() != all_right {
            let comparison = judgement
                .claims
                .iter()
                .map(|judged| (&judged.verdict, &judged.comparison.worst));
            wrong.push(format!(
                "{name} ({why}): {claim} {found:?} {names:?}, expected {expected:?}: {:?}",
                comparison.collect::<Vec<_>>()
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // What is no dump is a case, and has its own test (tests/certainty).
    let files = std::fs::read_dir(path("").parent().unwrap()).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let dumps = paths.filter(|path| {
        path.extension().is_some_and(|end| end == "safetensors") && !path.ends_with("ledger-always.safetensors")
    });
    let mut named: Vec<&str> = REPORTS.iter().map(|(name, ..)| *name).collect();
    named.dedup();
    assert_eq!(dumps.count(), named.len(), "a file that nothing is expected of");
}
