//! `elbo agree`: worlds and fused terms, what is asked for and what is skipped.

use super::errors::sentence;
use super::{code, json, stdout};
use crate::elbo;

#[test]
fn the_twin_agrees_on_the_real_file_and_never_falls_back() {
    for dtype in ["f32", "f64"] {
        let report = json(&["agree", "--dtype", dtype, "--format", "json"]);
        assert_eq!(report["agrees"], true, "{dtype}");
        assert_eq!(report["device"], "cpu");
        assert_eq!(report["terms"]["dtype"], dtype);
        assert!(report["terms"]["rows"].as_array().unwrap().len() > 6);
    }
    if cfg!(not(feature = "cuda")) {
        assert!(sentence(&["agree", "--device", "cuda"]).contains("no CUDA device"));
    }
}

#[test]
fn one_function_on_one_shape_in_half_precision() {
    let call = [
        "agree",
        "--function",
        "kl_to_uniform",
        "--shape",
        "7x1031",
        "--dtype",
        "bf16",
        "--seed",
        "3",
    ];
    let output = elbo(&call);
    assert_eq!(code(&output), 0);
    let text = stdout(&output);
    assert!(
        text.contains("kl_to_uniform          gradient") && text.contains("7x1031"),
        "{text}"
    );
    assert!(!text.contains("entropy"), "only what was asked for: {text}");
    assert!(text.contains(" numbers agree, "), "a closing line: {text}");
    let in_graph = stdout(&elbo(&[&call[..], &["--graph"]].concat()));
    assert!(in_graph.contains("bf16 with candle's graph, cpu"), "{in_graph}");
    let both = stdout(&elbo(&["agree", "--function", "entropy", "--shape", "3x5"]));
    assert!(both.contains("worlds: skipped, --shape asks for logits"), "{both}");
}

#[test]
fn what_cannot_be_compared_is_a_sentence() {
    assert!(sentence(&["agree", "--function", "kl_to_unifrom"]).contains("did you mean kl_to_uniform?"));
    let empty = elbo(&["agree", "--function", ""]);
    assert_eq!(code(&empty), 2);
    for shape in ["7", "-1x5", "0x5", "5x0", "ax3", "99999999999x99999999999"] {
        let output = elbo(&["agree", "--shape", shape]);
        assert_eq!(code(&output), 2, "{shape}");
    }
    assert!(sentence(&["agree", "--function", "under", "--dtype", "f16"]).contains("nothing to compare"));
}
