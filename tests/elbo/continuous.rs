//! The program on continuous worlds.

use check::counterexample::target::{Grade, Target};
use note::proposition::proposition;
use note::under_reading::UnderReading;
use reference::vocab::Reading;
use serde_json::{Value, json};
use worlds::case;

use crate::elbo;

const PATH: &str = "derivations/data/emoji-factors.safetensors";

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
        let pixels: Vec<u8> = (0..60 * 3 * height * 16_usize)
            .map(|k| u8::try_from(k * k % 251).unwrap())
            .collect();
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

fn told(args: &[&str]) -> String {
    let run = elbo(args);
    assert_eq!(run.status.code(), Some(0), "{args:?}");
    let text = String::from_utf8(run.stdout).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_bound_that_holds_by_a_part_in_ten_thousand_million_is_said_to_hold() {
    // D = 85082396.157380962511, beta* = 0.049296975392681294539; evidence less objective = 0.00615467200248.
    const FILE: &str = "tests/reports/continuous-verdict.toml";
    let beta = "0.04929697546501908";
    let text = told(&["ledger", FILE, "--reading", "joint", "--beta", beta]);
    assert!(text.contains("divergence 85082396.15738"), "{text}");
    assert!(
        text.contains("beta* = 0.049297: ") && text.contains("(above it) the bound holds"),
        "{text}"
    );
    assert!(text.contains("adds up") && !text.contains("NOT"), "{text}");
    let text = told(&["check", FILE, "--reading", "joint", "--beta", beta, "--worlds", "0"]);
    let (_, own) = text.split_once("In the file's own continuous worlds").unwrap();
    assert!(!own.contains("3-1 joint"), "{own}");
    let text = told(&["show", "3-14b", "--world", FILE, "--reading", "joint"]);
    assert!(text.contains("BROKEN") || text.contains("not broken"), "{text}");
}

#[test]
fn digits_that_are_printed_are_right() {
    // D = 191739602.169040
    let text = told(&["ledger", "tests/reports/continuous-digits.toml", "--reading", "joint"]);
    assert!(text.contains("divergence 191739602.1690"), "{text}");
    assert!(!text.contains("191739601"), "{text}");
}

#[test]
fn the_program_refutes_and_breaks_on_continuous_worlds() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.toml", "a.safetensors"] {
        let path = folder.path().join(name);
        let path = path.to_str().unwrap();
        let output = elbo(&["refute", "14", "--continuous", "--save", path]);
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.starts_with("REFUTED: claim 3-14") && text.contains("2 captions x 1 coordinate x 1 pixel"));
        let saved = case::read(path.as_ref()).unwrap();
        assert!(saved.title.unwrap().starts_with("counterexample to claim 3-14"));
        let target = Target {
            claim: proposition("3-14", Reading::Pointwise).unwrap(),
            beta: None,
        };
        let scene = UnderReading::new(&saved.gaussian[0], Reading::Pointwise).unwrap();
        assert!(target.grade(&scene.world).unwrap() == Some(Grade::Refutes));
        assert_eq!(elbo(&["ledger", path]).status.code(), Some(0));
    }
    let broken = elbo(&["break", "beta-one", "--continuous", "--format", "json"]);
    let broken: serde_json::Value = serde_json::from_slice(&broken.stdout).unwrap();
    assert_eq!(broken["without"]["claim_broken"], true);
    assert_eq!(broken["with"]["claim_broken"], false);
    let states = elbo(&["refute", "13-14", "--continuous", "--format", "json"]);
    let states: serde_json::Value = serde_json::from_slice(&states.stdout).unwrap();
    assert_eq!(
        states["states"],
        serde_json::json!({"captions": 2, "coordinates": 1, "pixels": 1})
    );
    for (args, expected) in [
        (
            ["refute", "p(x)-A4", "--continuous"],
            "continuous worlds have no closed form, since p(z) is a mixture, for claim p(x)-A4",
        ),
        (
            ["break", "A", "--continuous"],
            "q-covers-posterior has no continuous witness: a Gaussian encoder is positive",
        ),
        (
            ["break", "decoder-ignores-caption", "--continuous"],
            "the lines that need it have no closed form there",
        ),
    ] {
        let output = elbo(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(expected), "{error}");
    }
}
