//! What is not decided is no pass in any format, and no word of a dump passes for a line of ours.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::dumps::small;

/// What a call leaves.
struct Run {
    code: i32,
    text: String,
    error: String,
    json: Value,
    xml: String,
    markdown: String,
}

fn judge(dump: &str, more: &[&str]) -> Run {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (junit, markdown) = (path("a.xml"), path("a.md"));
    let elbo = |format: &str| {
        let args = [
            "judge",
            dump,
            "--format",
            format,
            "--junit",
            &junit,
            "--markdown",
            &markdown,
        ];
        let output = crate::program().args(args).args(more).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (code, text, error) = elbo("text");
    let (again, json, _) = elbo("json");
    assert_eq!(code, again);
    Run {
        code,
        text,
        error,
        json: serde_json::from_str(&json).unwrap_or_default(),
        xml: std::fs::read_to_string(&junit).unwrap_or_default(),
        markdown: std::fs::read_to_string(&markdown).unwrap_or_default(),
    }
}

fn report(name: &str) -> String {
    let path = crate::path(&format!("tests/reports/{name}.safetensors"));
    path.display().to_string()
}

#[test]
fn undecided_is_no_pass_in_any_format_and_says_why_and_what_would_tell() {
    for (name, numbers, words) in [
        (
            "04b-kl-offset-1e7",
            2,
            "rounding in f32 may put 2 of its 2 numbers far off",
        ),
        ("99-of-100-wrong-f32", 100, "99 of its 100 numbers were not compared"),
        ("unb-neg", 2, "1 of its 2 numbers were not compared"),
    ] {
        let run = judge(&report(name), &[]);
        assert_eq!(run.code, 1, "{}", run.text);
        let squeezed = run.text.split_whitespace().collect::<Vec<_>>().join(" ");
        for told in ["undecided", words, "what would tell:", "and that is no pass"] {
            assert!(squeezed.contains(told), "{squeezed}");
        }
        assert!(!squeezed.contains("all within their bounds"), "{squeezed}");
        let kl = run.json["dumps"][0]["claims"].as_array().unwrap();
        let kl = kl.iter().find(|claim| claim["name"] == "kl").unwrap();
        assert_eq!(run.json["stands"], json!(false));
        assert_eq!((&kl["verdict"], &kl["numbers"]), (&json!("undecided"), &json!(numbers)));
        assert!(
            kl["because"][0].as_str().unwrap().contains(words) && kl["untold"].as_u64().unwrap() > 0,
            "{kl}"
        );
        assert!(
            !run.xml.contains("errors=\"0\"") && run.xml.contains("<error"),
            "{}",
            run.xml
        );
        assert!(run.xml.contains(words), "{}", run.xml);
        assert!(run.markdown.starts_with("**0 of 1 dumps stand**"), "{}", run.markdown);
        assert!(
            run.markdown.contains("| kl | undecided |") && run.markdown.contains(words),
            "{}",
            run.markdown
        );
    }
}

#[test]
fn undecided_may_be_allowed_and_is_said_then_too() {
    let run = judge(&report("04b-kl-offset-1e7"), &["--allow", "undecided"]);
    assert_eq!(run.code, 0, "{}", run.text);
    assert!(run.text.contains("1 undecided (2 numbers), allowed"), "{}", run.text);
    assert_eq!(run.json["stands"], json!(true));
    assert_eq!(run.json["dumps"][0]["claims"][0]["verdict"], json!("undecided"));
    assert!(
        run.xml.contains("<skipped") && !run.xml.contains("<error"),
        "{}",
        run.xml
    );
    // Nothing else is: neither what is out of bound nor what was not judged.
    for name in ["f4-kl-1e6-bf16", "skipped-model"] {
        assert_eq!(judge(&report(name), &["--allow", "undecided"]).code, 1, "{name}");
    }
}

#[test]
fn a_folder_of_dumps_is_every_dump_in_it() {
    let folder = crate::path("derivations/data/dumps").display().to_string();
    let run = judge(&folder, &[]);
    let names: Vec<&str> = run.json["dumps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dump| dump["name"].as_str().unwrap())
        .collect();
    assert_eq!(run.code, 1, "{}", run.text);
    assert!(names.len() >= 2 && names.is_sorted(), "{names:?}");
    assert!(
        names.iter().any(|name| name.ends_with("jax-wrong.safetensors")),
        "{names:?}"
    );
}

#[test]
fn what_was_not_judged_is_no_pass_in_any_format() {
    let run = judge(&report("skipped-model"), &[]);
    assert_eq!(run.code, 1);
    assert!(
        run.text.contains("nothing was judged, and that is a failure"),
        "{}",
        run.text
    );
    assert!(
        run.xml.contains("<error") && run.xml.contains("errors=\"1\""),
        "{}",
        run.xml
    );
    assert!(run.markdown.starts_with("**0 of 1 dumps stand**"), "{}", run.markdown);
}

#[test]
fn no_word_of_a_dump_passes_for_a_line_a_colour_or_a_command() {
    let folder = TempDir::new().unwrap();
    let hostile = "torch\n::error::no\r##[error]no\u{1b}[31m \u{202e}|`<b>![x](y)\u{2028}kl  ok";
    let mut draft = small();
    draft.statement["framework"] = json!(hostile);
    draft.statement["device"] = json!("::warning::cpu");
    draft.statement["device_name"] = json!("##vso[task.complete result=Succeeded;]");
    let name = folder.path().join("a\n::error::b\u{1b}[2J\u{202e}`.safetensors");
    std::fs::write(&name, draft.bytes()).unwrap();
    let run = judge(&name.display().to_string(), &[]);
    assert_eq!(run.code, 0, "{}{}", run.text, run.error);
    // As an error, too.
    std::fs::write(&name, b"no dump").unwrap();
    let refused = judge(&name.display().to_string(), &[]);
    assert_eq!(refused.code, 2);
    for out in [
        &run.text,
        &run.markdown,
        &run.xml,
        &refused.error,
        &refused.markdown,
        &refused.xml,
    ] {
        let acts = |c: char| c.is_control() && c != '\n' || ['\u{202e}', '\u{2028}'].contains(&c);
        assert!(!out.contains(acts), "{out:?}");
        assert!(
            !out.contains("::error") && !out.contains("::warning") && !out.contains("##["),
            "{out}"
        );
        assert!(!out.contains("##vso["), "{out}");
    }
    assert!(
        run.text
            .contains("by \"torch\\u{a}:\\u{3a}error:\\u{3a}no\\u{d}#\\u{23}[error]no"),
        "{}",
        run.text
    );
    assert_eq!(refused.error.lines().count(), 1, "{}", refused.error);
    let subject = run.markdown.lines().find(|line| line.contains("torch")).unwrap();
    assert!(
        subject.starts_with('`') && subject.ends_with('`') && subject.matches('`').count() == 2,
        "{subject}"
    );
    assert!(!run.xml.contains("<b>"), "{}", run.xml);
}
