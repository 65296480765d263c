//! The closed forms: the twin on real and random linear-Gaussian worlds.

use agree::equations::{FLOATS, Report, agree_on};
use agree::pairs::{GAUSSIAN, Pair};
use agree::report as agreement;
use bounds::Float;
use gpu::gaussian as twin;
use ndarray::array;
use reference::gaussian::{Gaussian, Parts};
use reference::vocab::Reading;
use worlds::case;
use worlds::generate::gaussian;

use super::{on_cpu, seed};

fn agreeing(worlds: &[Gaussian], float: Float) -> Report {
    let report = agree_on(GAUSSIAN, worlds, &on_cpu(float)).unwrap();
    println!("{}", agreement::text(&report));
    assert!(report.agrees, "{}", agreement::text(&report));
    report
}

fn drawn() -> Vec<Gaussian> {
    // The last has up to 64 coordinates and pixels.
    (0..400)
        .chain([1023])
        .map(|index| gaussian::world(seed(), index))
        .collect()
}

#[test]
fn the_twin_agrees_on_the_real_continuous_worlds() {
    for float in FLOATS {
        let report = agreeing(&case::embedded_gaussian().unwrap().gaussian, float);
        assert_eq!((report.worlds, report.left_out), (64, 0));
    }
}

#[test]
fn the_twin_agrees_on_random_continuous_worlds() {
    let worlds = drawn();
    let [narrow, wide] = [Float::F32, Float::F64].map(|float| agreeing(&worlds, float));
    assert!(wide.left_out < 10, "{} left out", wide.left_out);
    assert!(
        narrow.left_out > 0 && narrow.left_out < 200,
        "{} left out",
        narrow.left_out
    );
    for row in narrow.rows.iter().chain(&wide.rows) {
        let worst = row.agreement.worst.as_ref().unwrap().ratio;
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
    for float in FLOATS {
        for (what, name, fault) in &faults {
            let report = agree_on(std::slice::from_ref(fault), &worlds, &on_cpu(float)).unwrap();
            assert!(!report.agrees, "{name}: {what}, in {}", report.float);
        }
    }
}

fn named(name: &str) -> Pair<Gaussian> {
    *GAUSSIAN.iter().find(|pair| pair.name == name).unwrap()
}

/// One coordinate and one pixel, one number each: `W`, `R`, `V`; the rest 0 and 1.
fn one_dimensional(weight: f64, noise: f64, spread: f64) -> Parts {
    Parts {
        ln_p_y: array![0.0],
        prior_mean: array![[0.0]],
        prior_covariance: array![[[1.0]]],
        decoder_weight: array![[weight]],
        decoder_offset: array![[0.0]],
        decoder_covariance: array![[noise]],
        encoder_weight: array![[0.0]],
        encoder_offset: array![0.0],
        encoder_covariance: array![[spread]],
        ln_q_y_given_x: array![0.0],
        x: array![0.0],
        y: 0,
        beta: 1.0,
    }
}

fn compared(parts: &Parts, float: Float) -> Report {
    let world = Gaussian::new(parts.clone()).unwrap();
    agree_on(GAUSSIAN, &[world], &on_cpu(float)).unwrap()
}

#[test]
fn a_world_whose_squares_leave_the_type_is_left_out_and_no_bound_is_a_nat_wide() {
    let far = one_dimensional(1e10, 1e-6, 1e15);
    assert_eq!(compared(&far, Float::F32).left_out, 1);
    assert!(compared(&far, Float::F64).agrees);
    // So large a likelihood that a bound for weights, where there are none, would pass over two nats.
    let near = compared(&one_dimensional(1e8, 1e-6, 1e15), Float::F32);
    assert!(near.agrees, "{}", agreement::text(&near));
    for name in ["eq03_log_evidence", "entropy"] {
        let row = near.rows.iter().find(|row| row.name == name).unwrap();
        let bound = row.agreement.worst.as_ref().unwrap().bound;
        assert!(bound < 0.125, "{name}: {bound}");
    }
}

#[test]
fn an_impossible_caption_leaves_no_trace_in_the_evidence() {
    let none = f64::NEG_INFINITY;
    let two = |near: f64, y: usize| Parts {
        ln_p_y: array![0.0, none],
        prior_mean: array![[0.0, 0.0], [0.0, 0.0]],
        prior_covariance: array![[[1.0, 0.0], [0.0, 1.0]], [[1.0, near], [near, 1.0]]],
        decoder_weight: array![[0.0, 0.0]],
        decoder_offset: array![[0.0], [0.0]],
        encoder_weight: array![[0.0], [0.0]],
        encoder_offset: array![0.0, 0.0],
        encoder_covariance: array![[1.0, 0.0], [0.0, 1.0]],
        ln_q_y_given_x: array![0.0, none],
        y,
        ..one_dimensional(0.0, 1.0, 1.0)
    };
    for near in [0.5, 0.999_999, 0.999_999_999_93, 0.999_999_999_97] {
        for y in [0, 1] {
            let report = compared(&two(near, y), Float::F32);
            assert!(report.agrees, "{near}, y{y}: {}", agreement::text(&report));
        }
    }
    // One that has a weight under q(y|x), and a likelihood that f32 cannot square.
    let far = Parts {
        ln_p_y: array![0.0, none],
        prior_mean: array![[0.0], [0.0]],
        prior_covariance: array![[[1.0]], [[1.0]]],
        decoder_offset: array![[0.0], [1e15]],
        ln_q_y_given_x: array![0.5_f64.ln(), 0.5_f64.ln()],
        ..one_dimensional(1.0, 1e-9, 1e-9)
    };
    assert_eq!(compared(&far, Float::F32).left_out, 1);
    assert!(compared(&far, Float::F64).agrees);
}

#[test]
fn a_probability_that_the_type_would_make_impossible_is_named() {
    for ln_q in [-3e38, -1e39] {
        let parts = Parts {
            ln_p_y: array![0.5_f64.ln(), 0.5_f64.ln()],
            prior_mean: array![[0.0], [0.0]],
            prior_covariance: array![[[1.0]], [[1.0]]],
            decoder_offset: array![[0.0], [0.0]],
            ln_q_y_given_x: array![ln_q, 0.0],
            ..one_dimensional(1.0, 1.0, 1.0)
        };
        let world = Gaussian::new(parts).unwrap();
        let error = agree_on(GAUSSIAN, &[world], &on_cpu(Float::F32))
            .unwrap_err()
            .to_string();
        assert!(error.contains("ln_q_y_given_x holds"), "{error}");
    }
}

#[test]
fn the_footnotes_reading_has_no_closed_form_in_the_twin_either() {
    use agree::pairs::Batchable as _;
    let worlds = &drawn()[..1];
    let options = on_cpu(Float::F64);
    let batch = Gaussian::batch(worlds, &options.device, options.float).unwrap();
    let message = twin::divergence(&batch, Reading::Footnote).unwrap_err().to_string();
    assert!(message.contains("a mixture of Gaussians"), "{message}");
}
