//! Every block of the README that shows output is that output; `UPDATE_DOCS=1 cargo test --test elbo docs` writes it anew.

use std::fs;

use crate::path;

/// Runs what stands in `<!-- output of: elbo ... -->` and puts it into the fenced block behind, from the line that starts with what `| from ...`
/// says, up to the one of `| until ...`, if given. What stands in
/// `<!-- output of, with lapack: elbo ... -->` is run where the program has it, else left as it is; `, exit 1` is what the program is expected to exit with.
fn regenerated(text: &str) -> (String, usize) {
    const MARK: &str = "<!-- output of";
    let mut out = String::new();
    let mut rest = text;
    let mut blocks = 0;
    while let Some(at) = rest.find(MARK) {
        let (before, marked) = rest.split_at(at);
        let (mark, behind) = marked.split_at(marked.find("-->\n").unwrap() + 4);
        let fence = behind.find("```text\n").unwrap() + 8;
        let end = fence + behind[fence..].find("```").unwrap();
        let (condition, call) = mark[MARK.len()..]
            .trim_end_matches("-->\n")
            .trim()
            .split_once(": elbo ")
            .unwrap();
        let skipped = condition == ", with lapack" && !cfg!(feature = "lapack");
        assert!(["", ", with lapack", ", exit 1"].contains(&condition), "{mark}");
        let code = i32::from(condition == ", exit 1");
        let (call, last) = cut(call, " | until ");
        let (args, first) = cut(call, " | from ");
        out.push_str(before);
        out.push_str(mark);
        out.push_str(&behind[..fence]);
        if skipped {
            eprintln!("skipped, built without lapack: elbo {args}");
            out.push_str(&behind[fence..end]);
        } else {
            out.push_str(&run(args, first, last, code));
        }
        rest = &behind[end..];
        blocks += 1;
    }
    out.push_str(rest);
    (out, blocks)
}

/// A call, and what stands behind the word that cuts its output.
fn cut<'a>(call: &'a str, at: &str) -> (&'a str, Option<&'a str>) {
    call.split_once(at)
        .map_or((call, None), |(call, line)| (call, Some(line.trim())))
}

fn run(args: &str, first: Option<&str>, last: Option<&str>, code: i32) -> String {
    let output = crate::program()
        .env_remove("ELBO_SEED")
        .args(args.split_whitespace())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(code), "elbo {args}");
    let text = String::from_utf8(output.stdout).unwrap();
    if first.is_none() && last.is_none() {
        return text;
    }
    text.lines()
        .skip_while(|line| first.is_some_and(|first| !line.starts_with(first)))
        .take_while(|line| last.is_none_or(|last| !line.starts_with(last)))
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[test]
fn every_output_in_the_readme_is_real() {
    let path = path("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (fresh, blocks) = regenerated(&text);
    assert!(blocks >= 4, "{blocks} generated blocks");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, fresh).unwrap();
    } else {
        assert!(
            text == fresh,
            "README.md is not what the program prints; run UPDATE_DOCS=1 cargo test --test elbo docs"
        );
    }
}

/// A command's first word.
fn word(call: &str) -> &str {
    call.split_whitespace().next().unwrap_or_default()
}

/// The feature that a command needs and that this program was built without.
fn missing_feature(call: &str) -> Option<&'static str> {
    let continuous = ["curves", "emoji-factors", "--continuous"];
    if !cfg!(feature = "lapack") && continuous.iter().any(|name| call.contains(name)) {
        return Some("lapack");
    }
    let of_twin = [
        "agree",
        "train",
        "evaluate",
        "sample",
        "reconstruct",
        "world",
        "sweep-beta",
    ];
    (!cfg!(feature = "twin") && of_twin.contains(&word(call))).then_some("the twin")
}

/// The arguments of a command, and those that make it short.
fn arguments(call: &str) -> Vec<&str> {
    // Every second part stands between quotes.
    let parts = call.split('"').enumerate();
    let mut args: Vec<&str> = parts
        .flat_map(|(place, part)| {
            let quoted = place % 2 == 1;
            if quoted {
                vec![part]
            } else {
                part.split_whitespace().collect()
            }
        })
        .collect();
    args.extend(match args[0] {
        "check" => vec!["--worlds", "50"],
        // Half an hour each, tested at another size; here only that they are there.
        "train" | "sweep-beta" if !call.contains("--shipped") => vec!["--help"],
        "evaluate" => vec![
            "--images",
            "2",
            "--samples",
            "1",
            "--bound-images",
            "0",
            "--layers",
            "0",
        ],
        _ => Vec::new(),
    });
    args
}

#[test]
fn every_command_in_the_readme_runs() {
    let text = fs::read_to_string(path("README.md")).unwrap();
    let mut run = 0;
    // What writes files does so elsewhere.
    let folder = tempfile::tempdir().unwrap();
    for line in text.lines().filter_map(|line| line.strip_prefix("elbo ")) {
        let call = line.split(" > ").next().unwrap().split('#').next().unwrap();
        if call.contains("my-") {
            continue; // the reader's own file
        }
        if let Some(feature) = missing_feature(call) {
            eprintln!("skipped, built without {feature}: elbo {call}");
            continue;
        }
        let args = arguments(call);
        let mut command = crate::program();
        if call.contains("trained.safetensors") || call.contains(".png") {
            command.current_dir(folder.path());
        }
        let output = command.args(&args).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "elbo {call}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        run += 1;
    }
    assert!(run >= 6, "{run} commands");
}

/// The page's pictures of the continuous teaching world, as files of their own in the page's colours, light or dark as the reader has it.
#[cfg(feature = "lapack")]
#[test]
fn the_pictures_in_the_readme_are_those_of_the_page() {
    let output = crate::program()
        .args(["step", "--world", "curves", "--format", "html"])
        .output()
        .unwrap();
    let html = String::from_utf8(output.stdout).unwrap();
    let css = include_str!("../../derivations/walkthrough/src/step.css");
    let colours = &css[..css.find("\n* {").unwrap()];
    let mut pictures = html.split("<figure class=\"curves\"><div class=\"wide\">").skip(1);
    for name in ["curves", "jensen-gap"] {
        let svg = pictures.next().unwrap().split("</svg>").next().unwrap();
        let (open, drawing) = svg.split_once('>').unwrap();
        let style = format!("<style>\n{colours}\nsvg {{ background: var(--paper); }}\n</style>");
        let fresh = format!("{open}>\n{style}{drawing}</svg>\n");
        let path = path("derivations/data/pictures").join(format!("{name}.svg"));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&path, &fresh).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap();
        assert!(
            same_drawing(&kept, &fresh),
            "{name}.svg is not what the page shows; run UPDATE_DOCS=1 cargo test --test elbo docs"
        );
    }
    assert!(pictures.next().is_none());
}

/// The same text, but for points that LAPACK's last bit moved to the next unit of the grid.
#[cfg(feature = "lapack")]
fn same_drawing(a: &str, b: &str) -> bool {
    let words = |text: &str| text.split([' ', ',', '"']).map(str::to_owned).collect::<Vec<_>>();
    let (a, b) = (words(a), words(b));
    let near = |a: &String, b: &String| match (a.parse::<i64>(), b.parse::<i64>()) {
        (Ok(a), Ok(b)) => (a - b).abs() <= 1,
        _ => a == b,
    };
    a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| near(a, b))
}

#[test]
fn every_file_that_a_page_links_to_exists() {
    for name in ["README.md", "derivations/ARCHITECTURE.md", "derivations/case-format.md"] {
        let path = path(name);
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.contains("://") && !link.starts_with('#') {
                let file = link.split('#').next().unwrap_or_default();
                assert!(path.parent().unwrap().join(file).exists(), "{name}: {link}");
            }
        }
    }
}

#[test]
fn the_code_in_the_readme_is_that_of_the_examples() {
    let readme = fs::read_to_string(path("README.md")).unwrap();
    let mut blocks = 0;
    for part in readme.split("<!-- from ").skip(1) {
        let (name, behind) = part.split_once(" -->\n").unwrap();
        let code = behind.split("```").nth(1).unwrap().lines().skip(1);
        let example = fs::read_to_string(path(name)).unwrap();
        let mut rest = example.lines().map(str::trim);
        for line in code.map(str::trim).filter(|line| !line.is_empty()) {
            assert!(rest.any(|other| other == line), "{name} has no line {line:?} there");
        }
        blocks += 1;
    }
    assert_eq!(blocks, 1);
}
