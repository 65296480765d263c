//! Every fault planted in the kernels' source is noticed: by the tolerances, by the shim, or by the frames around the buffers.
#![allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests"
)]

use std::path::Path;
use std::sync::Arc;

use agree::bounds::Storage;
use agree::terms::{OnDevice, Options, agree, names};
use gpu::kernels::exact::InMemory;
use rayon::prelude::*;
use serde::Deserialize;
use simt::{Kernels, Order, Simulator, sources};

const SOURCES: [&str; 10] = [
    "moments",
    "token",
    "samples",
    "divergence",
    "laplace",
    "planes",
    "planes_pair",
    "gumbel",
    "product",
    "exact",
];

#[derive(Deserialize)]
struct Mutation {
    name: String,
    source: String,
    file: String,
    find: String,
    replace: String,
}

#[derive(Deserialize)]
struct List {
    mutation: Vec<Mutation>,
}

/// The functions whose kernels stand in a source.
fn functions(source: &str) -> Vec<&'static str> {
    let of = |name: &str| match name {
        "kl_to_uniform" | "entropy" => "moments",
        "token_log_prob" => "token",
        "log_mean_exp" => "samples",
        "kl_divergence" | "cross_entropy" => "divergence",
        "logit_laplace" => "laplace",
        "gumbel_softmax" => "gumbel",
        "codebook_mix" => "product",
        "planes::kl_divergence" | "planes::cross_entropy" => "planes_pair",
        "planes::kl_to_uniform" | "planes::entropy" => "planes",
        _ => "", // the whole objective: kernels that are judged already
    };
    names().filter(|name| of(name) == source).collect()
}

/// What is noticed about the kernels of a source, if anything.
fn noticed(source: &str, kernels: &Arc<Kernels>) -> Option<String> {
    // Rows in one chunk and in several, several rows a block; tiles of planes; vectors and tails.
    let shapes = match source {
        "planes" | "planes_pair" => [(6, 17), (8, 130), (128, 33), (74, 30)],
        _ => [(6, 17), (8, 130), (6, 30), (5, 9000)],
    };
    // Blocks of several warps, tables that no vector load may touch; the slow orders without the long rows.
    let settings = [(256, 0), (64, 0), (128, 1), (96, 0), (192, 0), (64, 3)];
    for (order, (block, shift)) in Order::ALL.into_iter().zip(settings) {
        let (kernels, judged, healthy) = (Arc::clone(kernels), source.to_owned(), Simulator::healthy(order));
        let library = Arc::clone(&healthy.library);
        let simulator = Simulator {
            // A function may need kernels of other sources beside those that are judged.
            library: Arc::new(move |name| {
                if name == judged {
                    Ok(Arc::clone(&kernels))
                } else {
                    library(name)
                }
            }),
            block: Some(block),
            grid: Some(2),
            shift,
            ..healthy
        };
        if source == "exact" {
            let engine = InMemory(simulator);
            match agree::families::families()
                .iter()
                .find_map(|family| agree::families::differences(&engine, family).pop())
            {
                None => continue,
                found => return found,
            }
        }
        let engine = OnDevice(simulator);
        for (storage, shape) in [Storage::F32, Storage::BF16]
            .into_iter()
            .flat_map(|s| shapes.map(|shape| (s, shape)))
        {
            for function in functions(source) {
                let options = Options {
                    function: Some(function.to_owned()),
                    shape: Some(shape),
                    storage,
                    seed: 1,
                };
                match agree(&engine, &options) {
                    Err(error) => return Some(error.to_string()),
                    Ok(report) if report.rows.iter().any(|row| row.agreement.failed > 0) => {
                        return Some(format!("{function} {shape:?} differs, order {}", order.0));
                    }
                    Ok(_) => {}
                }
            }
        }
    }
    None
}

/// The kernels with one fault.
fn mutated(mutation: &Mutation, folder: &Path) -> Arc<Kernels> {
    for entry in std::fs::read_dir(sources()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
    }
    let file = folder.join(&mutation.file);
    let healthy = std::fs::read_to_string(&file).unwrap();
    let count = healthy.matches(&mutation.find).count();
    assert_eq!(
        count, 1,
        "{}: its place stands {count} times in {}",
        mutation.name, mutation.file
    );
    std::fs::write(&file, healthy.replace(&mutation.find, &mutation.replace)).unwrap();
    let source = folder.join(format!("{}.cu", mutation.source));
    Arc::new(Kernels::compile(&source, folder).unwrap_or_else(|error| panic!("{}: {error}", mutation.name)))
}

#[test]
fn every_planted_fault_is_noticed() {
    let list: List = toml::from_str(include_str!("mutations.toml")).unwrap();
    let wanted = std::env::var("MUTATIONS").unwrap_or_default(); // a part of some names: only those
    let every = std::env::var("MUTATIONS_EVERY").map_or(1, |n| n.parse().unwrap()); // 3: a third of them
    let planted: Vec<&Mutation> = (list.mutation.iter().step_by(every))
        .filter(|mutation| mutation.name.contains(&wanted))
        .collect();
    let healthy = SOURCES
        .par_iter()
        .filter(|source| planted.iter().any(|mutation| mutation.source == **source))
        .filter_map(|source| noticed(source, &Arc::new(Kernels::of(source).unwrap())));
    assert_eq!(
        healthy.collect::<Vec<_>>(),
        Vec::<String>::new(),
        "what is healthy passes what the mutated are put to"
    );
    println!(
        "{} of {} faults, the others skipped",
        planted.len(),
        list.mutation.len()
    );
    let survivors: Vec<String> = planted
        .into_par_iter()
        .filter_map(|mutation| {
            let folder = tempfile::tempdir().unwrap();
            let found = noticed(&mutation.source, &mutated(mutation, folder.path()));
            println!(
                "{}: {}",
                mutation.name,
                found.as_deref().unwrap_or("SURVIVES").lines().next().unwrap_or("")
            );
            found.is_none().then(|| mutation.name.clone())
        })
        .collect();
    assert!(survivors.is_empty(), "{survivors:#?}");
    for source in SOURCES {
        let count = list
            .mutation
            .iter()
            .filter(|mutation| mutation.source == source)
            .count();
        assert!(count >= 6, "{source}: {count} faults");
    }
}
