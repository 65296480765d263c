//! The program on continuous worlds.

use std::process::Output;

use assert_cmd::Command;
use serde_json::{Value, json};
use worlds::case;

const PATH: &str = "derivations/data/emoji-factors.safetensors";

pub(crate) fn elbo(args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("elbo").unwrap();
    command.env_remove("ELBO_SEED").args(args).output().unwrap()
}

#[test]
fn the_program_takes_continuous_worlds_as_finite_ones() {
    let report = elbo(&["check", PATH, "--worlds", "100", "--format", "json"]);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!(report["continuous"]["ok"], true);
    assert_eq!(
        report["continuous"]["worlds"],
        json!([{"source": "file", "count": 64}, {"source": "list", "count": 5}, {"source": "random", "count": 10}])
    );
    let row = |id: &str, reading: &str| {
        let rows = report["continuous"]["rows"].as_array().unwrap().iter();
        rows.clone()
            .find(|row| row["id"] == id && row["reading"] == reading)
            .unwrap()
            .clone()
    };
    assert_eq!(row("3-14", "observed")["file"]["broken"], 0);
    assert_eq!(row("13-14", "joint")["file"]["broken"], 64);
    for reading in ["observed", "pointwise", "joint", "expected"] {
        let ledger = elbo(&["ledger", PATH, "--row", "9", "--reading", reading, "--format", "json"]);
        assert_eq!(ledger.status.code(), Some(0), "{reading}");
        let ledger: Value = serde_json::from_slice(&ledger.stdout).unwrap();
        assert_eq!(ledger["ledger"]["adds_up"], true, "{reading}");
        assert!(
            ledger["ledger"]["evidence"]["nats"].as_f64().unwrap() > 0.0,
            "a density"
        );
    }
    let none = elbo(&["ledger", PATH, "--reading", "footnote"]);
    assert_eq!(none.status.code(), Some(2));
    assert_eq!(
        String::from_utf8(none.stderr).unwrap(),
        "elbo: the footnote's reading has no closed form where codes are continuous: it needs p(z), a mixture over captions\n"
    );
    let shown = elbo(&["show", "5-6", "--world", "curves"]);
    assert!(String::from_utf8(shown.stdout).unwrap().contains("slack    D_KL"));
    let beyond = elbo(&["show", "13", "--world", PATH, "--row", "64"]);
    assert_eq!(beyond.status.code(), Some(2));
}

#[test]
fn fit_reads_images_and_refuses_what_are_none() {
    use safetensors::tensor::{Dtype, TensorView, serialize};
    let folder = tempfile::tempdir().unwrap();
    let (images, out) = (
        folder.path().join("images.safetensors"),
        folder.path().join("case.safetensors"),
    );
    let [images_path, out_path] = [&images, &out].map(|path| path.to_str().unwrap());
    let save = |height: usize, lines: usize| {
        let pixels: Vec<u8> = (0..60 * 3 * height * 16_usize).map(|k| (k * k % 251) as u8).collect();
        let view = TensorView::new(Dtype::U8, vec![60, 3, height, 16], &pixels).unwrap();
        let names = (0..lines)
            .map(|n| ["cat", "dog", "owl"][n % 3])
            .collect::<Vec<_>>()
            .join("\n");
        let metadata = std::collections::HashMap::from([("categories".to_owned(), names)]);
        std::fs::write(&images, serialize([("images", view)], Some(metadata)).unwrap()).unwrap();
    };
    let fit = || {
        elbo(&[
            "fit",
            images_path,
            "--out",
            out_path,
            "--factors",
            "3",
            "--rounds",
            "5",
            "--worlds",
            "7",
        ])
    };
    save(8, 60);
    assert_eq!(fit().status.code(), Some(0));
    let case = case::read(&out).unwrap();
    assert_eq!((case.gaussian.len(), case.categories()), (7, vec!["cat", "dog", "owl"]));
    let before = std::fs::read(&out).unwrap();
    save(12, 60);
    let message = String::from_utf8(fit().stderr).unwrap();
    assert!(
        message.ends_with("images.safetensors: images has shape [60, 3, 12, 16], expected H and W multiples of 8\n"),
        "{message}"
    );
    save(8, 59);
    let message = String::from_utf8(fit().stderr).unwrap();
    assert!(
        message.ends_with("categories has 59 lines for 60 images, expected a line for each image\n"),
        "{message}"
    );
    assert_eq!(
        std::fs::read(&out).unwrap(),
        before,
        "a refused fit leaves the file as it was"
    );
}

#[test]
fn the_walk_draws_the_curves_and_writes_the_integral() {
    let page = String::from_utf8(elbo(&["step", "--world", "curves", "--format", "html"]).stdout).unwrap();
    assert_eq!(
        page.matches("<figure class=\"curves\"><div class=\"wide\"><svg")
            .count(),
        2
    );
    assert!(
        !page.contains("#010203") && page.contains("stroke=\"var(--blue)\""),
        "colours follow the page"
    );
    assert!(page.contains("posterior p(z|x,y)") && page.contains("∫"));
    // The area under q ln(q/p) - q + p is the gap that the step prints.
    let text = String::from_utf8(elbo(&["step", "--world", "curves", "--all"]).stdout).unwrap();
    assert!(
        text.contains("= 0.139857 nats") && text.contains("ln ∫ p_{θ,ψ}(x,y,z)"),
        "{text}"
    );
    let many = elbo(&[
        "step",
        "--world",
        PATH,
        "--row",
        "2",
        "--reading",
        "joint",
        "--format",
        "html",
    ]);
    assert_eq!(many.status.code(), Some(0));
    assert!(
        !String::from_utf8(many.stdout).unwrap().contains("class=\"curves\""),
        "six coordinates have no curve"
    );
}
