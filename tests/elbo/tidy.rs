//! The house rules that a machine can check.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::root;

/// All files of these kinds below these folders.
pub(crate) fn files(folders: &[&str], endings: &[&str]) -> Vec<PathBuf> {
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path
                .extension()
                .is_some_and(|ending| endings.iter().any(|known| ending == *known))
            {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{folders:?} hold no {endings:?}");
    found
}

fn lines_with(folders: &[&str], forbidden: impl Fn(&str) -> bool) -> Vec<String> {
    let mut hits = Vec::new();
    for path in files(folders, &["rs"]) {
        for (number, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            if forbidden(line) {
                hits.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    hits
}

/// A package's name, its folder, what it depends on.
type Package = (String, String, Vec<String>);

/// The workspace as Cargo sees it; dependencies of tests alone are left out.
fn packages() -> Vec<Package> {
    let cargo = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let package = |package: &Value| {
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        let folder = folder.strip_prefix(root()).unwrap().to_str().unwrap();
        let depends = package["dependencies"].as_array().unwrap().iter();
        let mut names: Vec<String> = depends
            .filter(|on| on["kind"] != "dev" && on["path"].is_string())
            .map(|on| on["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names.dedup();
        let folder = if folder.is_empty() { "." } else { folder };
        (package["name"].as_str().unwrap().to_owned(), folder.to_owned(), names)
    };
    metadata["packages"].as_array().unwrap().iter().map(package).collect()
}

/// The table of packages in ARCHITECTURE.
fn drawn() -> Vec<Package> {
    let text = fs::read_to_string(root().join("derivations/ARCHITECTURE.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `elbo"));
    let names = |cell: &str| -> Vec<String> {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted.map(str::to_owned).collect()
    };
    rows.map(|row| {
        let cells: Vec<Vec<String>> = row.split('|').map(names).collect();
        (cells[1][0].clone(), cells[2][0].clone(), cells[3].clone())
    })
    .collect()
}

#[test]
fn the_packages_are_those_of_the_table_and_every_arrow_points_up() {
    let (drawn, mut real) = (drawn(), packages());
    assert!(real.len() >= 8, "{real:#?}");
    for (row, (name, _, on)) in drawn.iter().enumerate() {
        let above: Vec<&str> = drawn[..row].iter().map(|(name, ..)| name.as_str()).collect();
        assert!(
            on.iter().all(|on| above.contains(&on.as_str())),
            "{name} depends on {on:?}, above it stand {above:?}"
        );
    }
    let mut sorted = drawn;
    sorted.sort();
    real.sort();
    assert_eq!(sorted, real);
}

#[test]
fn a_slack_shares_no_code_with_the_sides() {
    let hits = lines_with(&["reference/src"], |line| {
        line.starts_with("use crate::") && ["equations", "categorical", "special"].iter().any(|m| line.contains(m))
    });
    let shared: Vec<_> = hits.iter().filter(|hit| hit.contains("src/slack")).collect();
    assert!(shared.is_empty(), "{shared:#?}");
}

#[test]
fn nothing_is_left_for_later() {
    let words = ["TO", "DO"].concat();
    let hits = lines_with(
        &["reference/src", "gpu/src", "derivations", "tests", "benches"],
        |line| {
            [
                words.as_str(),
                &["FIX", "ME"].concat(),
                &["unimplemented", "!("].concat(),
                &["#[ign", "ore"].concat(),
            ]
            .iter()
            .any(|word| line.contains(word))
        },
    );
    assert!(hits.is_empty(), "{hits:#?}");
}

#[test]
fn tolerances_live_in_one_file() {
    // A literal power of ten in shipped code is a tolerance that nobody derived, unless its line says what it is.
    let literal = |line: &str| (6..17).any(|digits| line.contains(&format!("e-{digits}")));
    let mut hits = Vec::new();
    let shipped = files(&["reference/src", "gpu/src"], &["rs"]).into_iter();
    for path in shipped.filter(|path| !path.ends_with("tests.rs")) {
        let text = fs::read_to_string(&path).unwrap();
        let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = shipped.lines().map(|line| line.split("//").next().unwrap_or_default());
        let found = code
            .filter(|line| literal(line))
            .map(|line| format!("{}: {line}", path.display()));
        hits.extend(found);
    }
    hits.retain(|hit| !hit.contains("fused/real.rs")); // the coefficients of polynomials
    assert!(hits.is_empty(), "{hits:#?}");
}

#[test]
fn every_equation_of_the_note_has_a_function_that_names_it() {
    let source: String = files(&["reference/src/equations"], &["rs"])
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    for number in 1..=14 {
        assert!(source.contains(&format!("pub fn eq{number:02}_")), "Eq. {number}");
    }
}

/// The places where a `match` on one of these enums has an arm for whatever else there may be.
fn with_a_rest(text: &str, enums: &[&str]) -> Vec<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_rest = |line: &str| line.trim_start().starts_with("_ =>") || line.trim_start().starts_with("_ if ");
    let names_one = |line: &str| {
        let arm = line.trim_start().trim_start_matches("| ");
        enums.iter().any(|name| arm.starts_with(&format!("{name}::")))
    };
    let rests = (0..lines.len()).filter(|at| is_rest(lines[*at]));
    rests
        .filter(|at| {
            let depth = indent(lines[*at]);
            let before = lines[..*at].iter().rev();
            before
                .take_while(|line| line.trim().is_empty() || indent(line) >= depth)
                .any(|line| indent(line) == depth && names_one(line))
        })
        .collect()
}

#[test]
fn who_matches_on_a_reading_a_line_a_step_or_a_quantity_names_them_all() {
    let enums = ["Reading", "LineId", "StepId", "Quantity"];
    let rest = "match reading {\n    Reading::Joint\n    | Reading::Expected => 1,\n    _ => 2,\n}";
    assert_eq!(with_a_rest(rest, &enums), [3]);
    let mut found = Vec::new();
    for path in files(&["reference", "gpu", "derivations"], &["rs"]) {
        let text = fs::read_to_string(&path).unwrap();
        found.extend(
            with_a_rest(&text, &enums)
                .iter()
                .map(|line| format!("{}:{}", path.display(), line + 1)),
        );
    }
    assert!(found.is_empty(), "a `_` arm hides what a new name means: {found:#?}");
}

#[test]
fn every_planted_fault_still_finds_its_place() {
    let text = fs::read_to_string(root().join("tests/patches/patches.toml")).unwrap();
    let faults: toml::Table = toml::from_str(&text).unwrap();
    for fault in faults["patch"].as_array().unwrap() {
        let [name, folder, find] = ["name", "in", "find"].map(|key| fault[key].as_str().unwrap());
        let sources = files(&[folder], &["rs"])
            .into_iter()
            .map(|path| fs::read_to_string(path).unwrap());
        let places: usize = sources.map(|source| source.matches(find).count()).sum();
        assert_eq!(places, 1, "{name}: {find:?} below {folder}");
    }
}

#[test]
fn the_contributors_page_names_files_and_types_that_are_there() {
    let page = fs::read_to_string(root().join("derivations/CONTRIBUTING.md")).unwrap();
    let quoted: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    let paths = quoted
        .iter()
        .filter(|word| word.contains('/') && !word.contains([' ', '<', '(']));
    let missing: Vec<_> = paths.clone().filter(|path| !root().join(path).exists()).collect();
    assert!(paths.count() > 40 && missing.is_empty(), "{missing:#?}");

    let (_, glossary) = page.split_once("## Glossary").unwrap();
    let names: Vec<&str> = glossary
        .lines()
        .filter_map(|row| row.strip_prefix("| `")?.split('`').next())
        .collect();
    let source: String = files(&["reference", "derivations"], &["rs"])
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let is_type = |name: &str| {
        ["struct", "enum", "trait"].iter().any(|kind| {
            let of = format!("pub {kind} {name}");
            source
                .match_indices(&of)
                .any(|(at, _)| !source[at + of.len()..].starts_with(char::is_alphanumeric))
        })
    };
    let unknown: Vec<_> = names.iter().filter(|name| !is_type(name)).collect();
    assert!(names.len() > 15 && unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn the_fonts_that_a_program_holds_are_in_the_notice_with_their_licence() {
    let used = lines_with(&["reference/src", "gpu/src", "derivations"], |line| {
        line.contains("epaint_default_fonts::") && !line.contains("epaint_default_fonts::UBUNTU_LIGHT")
    });
    assert!(used.is_empty(), "a font that NOTICE does not name: {used:#?}");
    let notice = fs::read_to_string(root().join("NOTICE")).unwrap();
    assert!(notice.contains("Ubuntu Light, Copyright 2011 Canonical Ltd.") && notice.contains("LICENSE-UBUNTU-FONT"));
    let licence = fs::read_to_string(root().join("LICENSE-UBUNTU-FONT")).unwrap();
    assert!(licence.contains("UBUNTU FONT LICENCE Version 1.0") && licence.contains("4) The Font Software"));
}

#[test]
fn the_first_command_compiles_nothing_that_it_does_not_use_and_says_what_it_compiles() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let recipe = makefile.split("\ncheck:").nth(1).unwrap().lines().nth(1).unwrap();
    assert!(
        recipe.contains("--profile first --no-default-features --features lapack -p elbo"),
        "{recipe}"
    );
    assert!(!recipe.contains("quiet"), "minutes without a word: {recipe}");
}
