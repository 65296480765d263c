//! The closed forms: the twin on real and random linear-Gaussian worlds.

use derivations::agree::{Report, agree_on};
use derivations::case;
use derivations::cases::gaussian;
use derivations::faces::agreement;
use derivations::pairs::{GAUSSIAN, Pair};
use gpu::device::Float;
use gpu::gaussian::{self as twin};
use reference::gaussian::Gaussian;
use reference::vocab::Reading;

use super::{on_cpu, seed};

fn agreeing(worlds: &[Gaussian], float: Float) -> Report {
    let report = agree_on(GAUSSIAN, worlds, &on_cpu(float)).unwrap();
    println!("{}", agreement::text(&report));
    assert!(report.agrees, "{}", agreement::text(&report));
    report
}

fn drawn() -> Vec<Gaussian> {
    (0..400).map(|index| gaussian::world(seed(), index)).collect()
}

#[test]
fn the_twin_agrees_on_the_real_continuous_worlds() {
    for float in Float::ALL {
        let report = agreeing(&case::embedded_gaussian().unwrap().gaussian, float);
        assert_eq!((report.worlds, report.left_out), (64, 0));
    }
}

#[test]
fn the_twin_agrees_on_random_continuous_worlds() {
    let worlds = drawn();
    let [narrow, wide] = [Float::F32, Float::F64].map(|float| agreeing(&worlds, float));
    assert_eq!(wide.left_out, 0);
    assert!(
        narrow.left_out > 0 && narrow.left_out < 200,
        "{} left out",
        narrow.left_out
    );
    for row in &wide.rows {
        let worst = row.worst.unwrap().ratio;
        assert!(worst > 1e-3, "{} uses {worst} of its bound at most", row.name);
    }
}

/// A twin that forgets something, in a way that a transcription would.
#[test]
fn a_closed_form_that_is_wrong_is_noticed() {
    let faults: [(&str, &str, Pair<Gaussian>); 5] = [
        (
            "the entropy is left out",
            "eq09_log_product",
            Pair {
                twin: |batch, _| Ok((twin::eq09_log_product(batch)? - twin::entropy(batch)?)?),
                ..named("eq09_log_product")
            },
        ),
        (
            "the bound for the evidence",
            "eq03_log_evidence",
            Pair {
                twin: |batch, _| twin::eq09_log_product(batch),
                ..named("eq03_log_evidence")
            },
        ),
        (
            "the observed caption for the mixture",
            "ln_evidence_of_image",
            Pair {
                twin: |batch, _| twin::eq03_log_evidence(batch),
                ..named("ln_evidence_of_image")
            },
        ),
        (
            "another reading",
            "divergence",
            Pair {
                twin: |batch, _| twin::divergence(batch, Reading::Observed),
                ..named("divergence")
            },
        ),
        (
            "beta twice",
            "eq14_objective",
            Pair {
                twin: |batch, reading| {
                    let once =
                        (twin::eq14_objective(batch, reading)? - twin::expected_log_likelihood(batch, reading)?)?;
                    Ok((twin::expected_log_likelihood(batch, reading)? + (once * batch.beta())?)?)
                },
                ..named("eq14_objective")
            },
        ),
    ];
    let worlds: Vec<Gaussian> = drawn().into_iter().take(40).collect();
    for float in Float::ALL {
        for (what, name, fault) in &faults {
            let report = agree_on(std::slice::from_ref(fault), &worlds, &on_cpu(float)).unwrap();
            assert!(!report.agrees, "{name}: {what}, in {}", report.float);
        }
    }
}

fn named(name: &str) -> Pair<Gaussian> {
    *GAUSSIAN.iter().find(|pair| pair.name == name).unwrap()
}

#[test]
fn the_footnotes_reading_has_no_closed_form_in_the_twin_either() {
    use derivations::pairs::Twinned as _;
    let worlds = &drawn()[..1];
    let options = on_cpu(Float::F64);
    let batch = Gaussian::batch(worlds, &options.device, options.float).unwrap();
    let message = twin::divergence(&batch, Reading::Footnote).unwrap_err().to_string();
    assert!(message.contains("a mixture of Gaussians"), "{message}");
}
