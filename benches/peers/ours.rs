//! The Rust half of peers.py: our terms, or candle's composed operations, on the data that the script wrote. Prints one line of JSON.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench may stop at the first surprise"
)]

#[allow(unreachable_pub, dead_code, reason = "shared with the other bench")]
mod composed;
mod graph;
mod terms;

use std::path::{Path, PathBuf};
use std::time::Instant;

use bytemuck::Pod;
use clap::{Parser, ValueEnum};
use gpu::fused::{self, Isa, Rows, Target};
use graph::in_graph;
use half::bf16;
use serde_json::{Value, json};
use terms::{exact_tables, ours};

const K: usize = 8192;
const S: usize = 1024;
const V: usize = 24_832;
const T: usize = 1280;
const TEXT: usize = 256;
const D: usize = 128;
const TAU: f64 = 0.9;
const BETA: f64 = 6.6;
const PIXELS: usize = 3 * 256 * 256;
/// Images, captions, codes of W6.
const WORLDS: [usize; 3] = [64, 32, 4096];

#[derive(Parser)]
struct Args {
    side: Side,
    /// W1, W1n, W2, W3, W4, W5, W6 or W7; for `accuracy` the name of a case
    item: String,
    #[arg(long)]
    data: PathBuf,
    #[arg(long, default_value_t = 4)]
    batch: usize,
    #[arg(long)]
    bf16: bool,
    #[arg(long, default_value_t = 15)]
    runs: usize,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Side {
    Ours,
    /// Ours with AVX2 only
    OursAvx2,
    /// Ours inside candle's graph
    Autograd,
    Candle,
    Accuracy,
}

fn read<P: Pod>(data: &Path, file: &str, count: usize) -> Vec<P> {
    let bytes = std::fs::read(data.join(file)).unwrap();
    let numbers = bytes[..count * size_of::<P>()].chunks_exact(size_of::<P>());
    numbers.map(bytemuck::pod_read_unaligned).collect()
}

/// Median and least milliseconds.
fn timed(runs: usize, mut run: impl FnMut()) -> Value {
    run();
    let mut times: Vec<f64> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    json!({"median": times[times.len() / 2], "min": times[0], "max": times[times.len() - 1]})
}

fn per_image(values: &[f64], images: usize) -> Vec<f64> {
    values
        .chunks(values.len() / images)
        .map(|part| part.iter().sum())
        .collect()
}

fn targets(data: &Path, rows: usize) -> Vec<Target> {
    let tokens: Vec<u32> = read(data, "targets.bin", rows);
    let target = |(i, token): (usize, &u32)| Target {
        token: *token as usize,
        from: 0,
        to: V,
        weight: if i % T < TEXT { 0.125 / 256.0 } else { 0.875 / 1024.0 },
    };
    tokens.iter().enumerate().map(target).collect()
}

/// Value and gradient of one hard case, both divergences; the gradients go beside the case's tables.
fn accuracy(args: &Args) -> Value {
    let (data, case) = (&args.data, &args.item);
    let length = 64 * K;
    let [q, p] = ["q", "p"].map(|side| read::<f32>(data, &format!("{case}.{side}.bin"), length));
    let rows = [&q, &p].map(|x| Rows::new("logits", x, K).unwrap());
    let (mut values, mut grad, mut second) = (vec![0.0; 64], q.clone(), p.clone());
    let write = |item: &str, grad: &[f32]| {
        std::fs::write(
            data.join(format!("{case}.{item}.grad")),
            bytemuck::cast_slice::<f32, u8>(grad),
        )
        .unwrap();
    };
    // As text: JSON has neither NaN nor infinities.
    let sum = |values: &[f64]| format!("{:e}", values.iter().sum::<f64>());
    fused::kl_to_uniform(Isa::best(), rows[0], 1.0, &mut values, Some(&mut grad));
    write("W1", &grad);
    let first = sum(&values);
    fused::kl_divergence(Isa::best(), rows, 1.0, &mut values, Some([&mut grad, &mut second]));
    write("W2", &grad);
    json!({"W1": first, "W2": sum(&values)})
}

fn main() {
    let args = Args::parse();
    let avx2 = || Isa::available().into_iter().find(|isa| isa.name() == "avx2");
    let found = match (args.side, args.item.as_str()) {
        (Side::Accuracy, _) => accuracy(&args),
        (Side::Ours, "W6") => exact_tables(&args, Isa::best()),
        (Side::OursAvx2, "W6") => avx2().map_or_else(|| json!({}), |isa| exact_tables(&args, isa)),
        (Side::Ours, _) if args.bf16 => ours::<bf16>(&args, Isa::best()),
        (Side::Ours, _) => ours::<f32>(&args, Isa::best()),
        (Side::OursAvx2, _) => avx2().map_or_else(|| json!({}), |isa| ours::<f32>(&args, isa)),
        (Side::Autograd | Side::Candle, _) => in_graph(&args),
    };
    println!("{found}");
}
