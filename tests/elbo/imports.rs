//! No file of a package imports in a circle, so that each can be read after those that it builds on.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::root;
use crate::tidy::files;

/// A module as the names that lead to it from its package's root.
type Module = Vec<String>;

/// Which file of a package imports from which, by module.
type Imports = BTreeMap<Module, BTreeSet<Module>>;

/// The paths of a `use` tree, one for each leaf.
fn leaves(tree: &str) -> Vec<String> {
    let Some((before, within)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let within = within.trim_end().trim_end_matches('}');
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in within.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts
        .flat_map(|part| leaves(part.trim()))
        .map(|leaf| format!("{}{leaf}", before.trim()))
        .collect()
}

/// The code of a file without comments, without its tests, and without its `mod` and `use` items; and the `use` trees, each with whether it is public.
fn taken_apart(text: &str) -> (String, Vec<(String, bool)>, Vec<String>) {
    let shipped = text.split("#[cfg(test)]\n").next().unwrap_or_default();
    let code: Vec<&str> = shipped
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect();
    let (mut rest, mut uses, mut children) = (String::new(), Vec::new(), Vec::new());
    let mut lines = code.into_iter();
    while let Some(line) = lines.next() {
        let public = line.starts_with("pub");
        let item = line.trim_start();
        let item = match (item.strip_prefix("pub"), item.find(") ")) {
            (Some(behind), _) if behind.starts_with(' ') => behind.trim_start(),
            (Some(behind), Some(_)) if behind.starts_with('(') => behind.split_once(") ").unwrap().1,
            _ => item,
        };
        if let Some(tree) = item.strip_prefix("use ") {
            let mut tree = tree.to_owned();
            while !tree.trim_end().ends_with(';') {
                tree.push_str(lines.next().unwrap());
            }
            uses.push((tree.trim_end().trim_end_matches(';').to_owned(), public));
        } else if let Some(name) = item.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
            children.push(name.to_owned());
        } else {
            rest.push_str(line);
            rest.push('\n');
        }
    }
    (rest, uses, children)
}

/// Whether a name stands in code as a word of its own.
fn has_word(code: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name)
        .any(|(at, _)| !code[..at].ends_with(is_part) && !code[at + name.len()..].starts_with(is_part))
}

/// The paths that code names outside of `use`: those that begin with `crate`, `super`, `self` or a child.
fn named(code: &str, children: &[String]) -> Vec<String> {
    let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let begins = |path: &&str| {
        path.split_once("::").is_some_and(|(first, _)| {
            ["crate", "super", "self"].contains(&first) || children.iter().any(|child| child == first)
        })
    };
    words.filter(begins).map(str::to_owned).collect()
}

fn imports(source: &Path) -> Imports {
    let mut modules: BTreeMap<Module, String> = BTreeMap::new();
    for path in files(&[source.to_str().unwrap()], &["rs"]) {
        let within = path.strip_prefix(root().join(source)).unwrap().with_extension("");
        let mut module: Module = within.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        if module == ["lib"] || module == ["main"] {
            module.clear();
        }
        if module.last().is_none_or(|last| last != "tests") {
            modules
                .entry(module)
                .or_default()
                .push_str(&fs::read_to_string(path).unwrap());
        }
    }
    let of = |module: &Module, text: &String| {
        let (code, uses, children) = taken_apart(text);
        let used = uses.iter().flat_map(|(tree, public)| {
            let leaves = leaves(tree).into_iter().map(move |leaf| (leaf, *public));
            leaves.collect::<Vec<_>>()
        });
        // What is handed on and not looked at is no import.
        let used = used.filter(|(leaf, public)| !public || has_word(&code, leaf.rsplit("::").next().unwrap()));
        let paths = used.map(|(leaf, _)| leaf).chain(named(&code, &children));
        let resolved = paths.filter_map(|path| {
            let mut parts = path.split("::").map(str::trim).peekable();
            let mut base = match *parts.peek()? {
                "crate" => Module::new(),
                first if ["self", "super"].contains(&first) || children.iter().any(|child| child == first) => {
                    module.clone()
                }
                _ => return None,
            };
            for part in parts {
                match part {
                    "crate" | "self" => {}
                    "super" => {
                        base.pop();
                    }
                    name => {
                        base.push(name.to_owned());
                        if !modules.contains_key(&base) {
                            base.pop();
                            break;
                        }
                    }
                }
            }
            (base != *module && modules.contains_key(&base)).then_some(base)
        });
        (module.clone(), resolved.collect())
    };
    modules.iter().map(|(module, text)| of(module, text)).collect()
}

/// The files that are left when those that import from none of the rest are taken away, again and again: the circles, and what builds on them.
fn left_over(imports: &Imports) -> Vec<String> {
    let mut left = imports.clone();
    loop {
        let leaves: Vec<Module> = left
            .iter()
            .filter(|(_, on)| on.iter().all(|on| !left.contains_key(on)))
            .map(|(module, _)| module.clone())
            .collect();
        if leaves.is_empty() {
            break;
        }
        left.retain(|module, _| !leaves.contains(module));
    }
    let name = |module: &Module| {
        if module.is_empty() {
            "lib".to_owned()
        } else {
            module.join("::")
        }
    };
    let on = |on: &BTreeSet<Module>| {
        let on: Vec<String> = on.iter().filter(|on| left.contains_key(*on)).map(name).collect();
        on.join(", ")
    };
    left.iter()
        .map(|(module, imports)| format!("{} -> {}", name(module), on(imports)))
        .collect()
}

#[test]
fn no_file_of_a_package_imports_in_a_circle() {
    let mut arrows = 0;
    for package in fs::read_dir(root().join("derivations")).unwrap() {
        let source = package.unwrap().path().join("src");
        if !source.exists() {
            continue;
        }
        let source = source.strip_prefix(root()).unwrap();
        let imports = imports(source);
        arrows += imports.values().map(BTreeSet::len).sum::<usize>();
        let circles = left_over(&imports);
        assert!(circles.is_empty(), "{}: {circles:#?}", source.display());
    }
    assert!(arrows > 300, "{arrows}");
}

#[test]
fn a_circle_is_found_through_a_group_a_re_export_and_a_path_in_code() {
    let module = |name: &str| vec![name.to_owned()];
    let (code, uses, children) = taken_apart(
        "pub(crate) mod a;\nmod b;\npub use a::{Used, Handed};\nuse crate::{c::{D, E}, f as g};\nfn x(_: Used) { b::y() } // self::h\n",
    );
    assert_eq!(children, ["a", "b"]);
    assert_eq!(
        uses.iter().map(|(_, public)| *public).collect::<Vec<_>>(),
        [true, false]
    );
    assert_eq!(leaves(&uses[1].0), ["crate::c::D", "crate::c::E", "crate::f"]);
    assert!(has_word(&code, "Used") && !has_word(&code, "Handed"));
    assert_eq!(named(&code, &children), ["b::y"]);
    let imports = |to: &str| Imports::from([(module("a"), [module("b")].into()), (module("b"), [module(to)].into())]);
    assert_eq!(left_over(&imports("a")), ["a -> b", "b -> a"]);
    assert!(left_over(&imports("c")).is_empty());
}
