//! The Rust half of peers.py: our terms, or candle's composed operations, on the data that the script wrote. Prints one line of JSON.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench may stop at the first surprise"
)]

#[allow(unreachable_pub, dead_code, reason = "shared with the other bench")]
mod composed;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use bytemuck::Pod;
use candle_core::{Device, Tensor, Var};
use clap::{Parser, ValueEnum};
use gpu::autograd;
use gpu::fused::exact::{Exact, sides};
use gpu::fused::planes::{self, Planes};
use gpu::fused::{self, Codes, Elbo, ElboGrads, Gumbel, Isa, Numbers, Pull, Real as _, Rows, Sample, Target};
use half::bf16;
use reference::vocab::{Beta, Reading};
use serde_json::{Value, json};

const K: usize = 8192;
const S: usize = 1024;
const V: usize = 24_832;
const T: usize = 1280;
const TEXT: usize = 256;
const D: usize = 128;
const TAU: f64 = 0.9;
const BETA: f64 = 6.6;
const PIXELS: usize = 3 * 256 * 256;

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

fn stored<E: Numbers>(numbers: &[f32]) -> Vec<E> {
    numbers.iter().map(|x| E::narrow(E::Real::of(f64::from(*x)))).collect()
}

/// Forward, with the gradient in a reused buffer, with it in a fresh one.
fn of_one<E: Numbers>(
    runs: usize,
    images: usize,
    x: &[E],
    count: usize,
    run: impl Fn(&mut [f64], Option<&mut [E]>),
) -> Value {
    let mut values = vec![0.0; count];
    let fwd = timed(runs, || run(black_box(&mut values), None));
    let mut grad = x.to_vec();
    let bwd = timed(runs, || run(black_box(&mut values), Some(&mut grad)));
    let zero = E::narrow(E::Real::of(0.0));
    let fresh = timed(runs, || {
        let mut grad = vec![zero; x.len()];
        run(&mut values, Some(&mut grad));
        black_box(grad);
    });
    json!({"fwd": fwd, "bwd": bwd, "fresh": fresh, "value": per_image(&values, images)})
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

fn ours<E: Numbers>(args: &Args, isa: Isa) -> Value {
    let (data, b, runs) = (&args.data, args.batch, args.runs);
    let table = |file: &str, count: usize| stored::<E>(&read::<f32>(data, file, count));
    match args.item.as_str() {
        "W1" => {
            let x = table("q.bin", b * S * K);
            let rows = Rows::new("q", &x, K).unwrap();
            of_one(runs, b, &x, b * S, |values, grad| {
                fused::kl_to_uniform(isa, black_box(rows), 1.0, values, grad);
            })
        }
        "W1n" => {
            let x = table("qn.bin", b * S * K);
            let all = Planes::new("q", &x, K, S).unwrap();
            of_one(runs, b, &x, b * S, |values, grad| {
                planes::kl_to_uniform(isa, black_box(all), 1.0, values, grad);
            })
        }
        "W2" => {
            let (q, p) = (table("q.bin", b * S * K), table("p.bin", b * S * K));
            let rows = [&q, &p].map(|x| Rows::new("logits", x, K).unwrap());
            let mut second = p.clone();
            let second = std::cell::RefCell::new(&mut second);
            of_one(runs, b, &q, b * S, |values, grad| {
                let mut second = second.borrow_mut();
                let grads = grad.map(|first| [first, second.as_mut_slice()]);
                fused::kl_divergence(isa, black_box(rows), 1.0, values, grads);
            })
        }
        "W3" => {
            let (x, noise) = (table("q.bin", b * S * K), table("gumbel.bin", b * S * K));
            let (codebook, upstream) = (table("codebook.bin", K * D), table("w3.bin", b * S * D));
            let rows = |x, k| Rows::new("table", x, k).unwrap();
            let gumbel = Gumbel::new(rows(&x, K), rows(&noise, K), TAU).unwrap();
            let (mut mixed, mut to_codebook) = (upstream.clone(), codebook.clone());
            let cells = std::cell::RefCell::new((&mut mixed, &mut to_codebook));
            of_one(runs, b, &x, b * S, |values, grad| {
                let mut cells = cells.borrow_mut();
                let (mixed, to_codebook) = &mut *cells;
                let pull = grad.map(|to_logits| Pull {
                    upstream: rows(&upstream, D),
                    to_logits,
                    to_codebook,
                });
                fused::codebook_mix(isa, gumbel, Sample::Relaxed, rows(&codebook, D), mixed, pull).unwrap();
                for ((value, e), w) in values.iter_mut().zip(mixed.chunks(D)).zip(upstream.chunks(D)) {
                    let number = |x: &E| x.widen().to_f64();
                    *value = e.iter().zip(w).map(|(e, w)| number(e) * number(w)).sum();
                }
            })
        }
        "W4" => {
            let x = table("w4.bin", b * T * V);
            let targets = targets(data, b * T);
            let rows = Rows::new("x", &x, V).unwrap();
            of_one(runs, b * T, &x, b * T, |values, grad| {
                fused::token_log_prob(isa, black_box(rows), &targets, 1.0, values, grad).unwrap();
            })
        }
        "W5" => {
            let [x, mu, ln_b] = ["w5x.bin", "w5mu.bin", "w5lnb.bin"].map(|file| table(file, b * PIXELS));
            let rows = [&x, &mu, &ln_b].map(|x| Rows::new("pixels", x, PIXELS).unwrap());
            let mut second = ln_b.clone();
            let second = std::cell::RefCell::new(&mut second);
            of_one(runs, b, &mu, b, |values, grad| {
                let mut second = second.borrow_mut();
                let grads = grad.map(|first| [first, second.as_mut_slice()]);
                fused::logit_laplace(isa, black_box(rows), 1.0, values, grads);
            })
        }
        _ => {
            let [x, mu, ln_b] = ["w5x.bin", "w5mu.bin", "w5lnb.bin"].map(|file| table(file, b * PIXELS));
            let pixels = [&x, &mu, &ln_b].map(|x| Rows::new("pixels", x, PIXELS).unwrap());
            let q = table("q.bin", b * S * K);
            let codes = Codes::Rows(Rows::new("q", &q, K).unwrap());
            let (beta, mut found) = (Beta::new(BETA).unwrap(), vec![Elbo::default(); b]);
            let (mut to_mu, mut to_ln_b) = (mu.clone(), ln_b.clone());
            let cells = std::cell::RefCell::new((&mut to_mu, &mut to_ln_b, &mut found));
            of_one(runs, b, &q, b, |values, grad| {
                let mut cells = cells.borrow_mut();
                let (mu, ln_b, found) = &mut *cells;
                let grads = grad.map(|logits| ElboGrads { mu, ln_b, logits });
                fused::elbo(isa, pixels, codes, beta, 1.0, found, grads).unwrap();
                for (value, found) in values.iter_mut().zip(found.iter()) {
                    *value = found.objective;
                }
            })
        }
    }
}

const WORLDS: [usize; 3] = [64, 32, 4096];

/// Evidence, reconstruction, divergence, bound and gap of every image and caption, as the peers stack them.
fn exact_tables(args: &Args, isa: Isa) -> Value {
    let [x, y, z] = WORLDS;
    let table = |file: &str, count| read::<f64>(&args.data, file, count);
    let (likelihood, prior, encoder) = (
        table("w6lpx.bin", x * y * z),
        table("w6lpyz.bin", y * z),
        table("w6lq.bin", x * z),
    );
    #[expect(clippy::cast_precision_loss, reason = "a count of captions")]
    let captions = vec![-(y as f64).ln(); x * y];
    let rows = |t, k| Rows::new("table", t, k).unwrap();
    let tables = Exact::new(
        rows(&likelihood, z),
        rows(&prior, z),
        rows(&encoder, z),
        rows(&captions, y),
    )
    .unwrap();
    let betas = vec![Beta::ONE; x];
    let mut found = Vec::new();
    let fwd = timed(args.runs, || {
        found = sides(isa, black_box(tables), Reading::Observed, &betas).unwrap();
    });
    let of: [fn(&gpu::fused::exact::Sides) -> f64; 5] = [
        |s| s.log_evidence,
        |s| s.reconstruction,
        |s| s.divergence,
        |s| s.elbo,
        |s| s.log_evidence - s.elbo,
    ];
    let value: Vec<f64> = of.iter().flat_map(|of| found.iter().map(of)).collect();
    json!({"fwd": fwd, "value": value})
}

/// A loss in candle's graph: of its own operations, or of ours.
fn in_graph(args: &Args) -> Value {
    let (data, b, runs, fused) = (&args.data, args.batch, args.runs, args.side == Side::Autograd);
    let tensor = |file: &str, shape: &[usize]| {
        let numbers: Vec<f32> = read(data, file, shape.iter().product());
        Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
    };
    let var = |file: &str, shape: &[usize]| Var::from_tensor(&tensor(file, shape)).unwrap();
    let pick = |ours: candle_core::Result<Tensor>| ours.unwrap();
    let images = |values: Tensor| -> Vec<f64> {
        let values = values.flatten_all().unwrap().to_dtype(candle_core::DType::F64).unwrap();
        per_image(&values.to_vec1().unwrap(), b)
    };
    let run = |values: &dyn Fn() -> Tensor| {
        let fwd = timed(runs, || {
            black_box(values());
        });
        let bwd = timed(runs, || {
            black_box(values().sum_all().unwrap().backward().unwrap());
        });
        json!({"fwd": fwd, "bwd": bwd, "value": images(values())})
    };
    match args.item.as_str() {
        "W1" => {
            let x = var("q.bin", &[b * S, K]);
            let x = x.as_tensor();
            run(&|| {
                pick(if fused {
                    autograd::kl_to_uniform(x)
                } else {
                    composed::kl_to_uniform(x, 1)
                })
            })
        }
        "W1n" if !fused => {
            let x = var("qn.bin", &[b, K, 32, 32]);
            run(&|| pick(composed::kl_to_uniform(x.as_tensor(), 1)))
        }
        "W2" => {
            let (q, p) = (var("q.bin", &[b * S, K]), var("p.bin", &[b * S, K]));
            let (q, p) = (q.as_tensor(), p.as_tensor());
            run(&|| {
                pick(if fused {
                    autograd::kl_divergence(q, p)
                } else {
                    composed::kl_divergence(q, p)
                })
            })
        }
        "W3" => {
            let (x, codebook) = (var("q.bin", &[b * S, K]), var("codebook.bin", &[K, D]));
            let (noise, w) = (tensor("gumbel.bin", &[b * S, K]), tensor("w3.bin", &[b * S, D]));
            let (x, c) = (x.as_tensor(), codebook.as_tensor());
            run(&|| {
                let mixed = pick(if fused {
                    autograd::codebook_mix(x, &noise, c, TAU, Sample::Relaxed)
                } else {
                    composed::codebook_mix(x, &noise, c, TAU)
                });
                (mixed * &w).unwrap()
            })
        }
        "W4" => {
            let x = var("w4.bin", &[b * T, V]);
            let targets = targets(data, b * T);
            #[expect(clippy::cast_possible_truncation, reason = "tokens")]
            let tokens: Vec<u32> = targets.iter().map(|t| t.token as u32).collect();
            let tokens = Tensor::from_vec(tokens, (b * T, 1), &Device::Cpu).unwrap();
            let x = x.as_tensor();
            run(&|| {
                pick(if fused {
                    autograd::token_log_prob(x, &targets)
                } else {
                    composed::token_log_prob(x, &tokens)
                })
            })
        }
        "W5" => {
            let x = tensor("w5x.bin", &[b, PIXELS]);
            let (mu, ln_b) = (var("w5mu.bin", &[b, PIXELS]), var("w5lnb.bin", &[b, PIXELS]));
            let (mu, ln_b) = (mu.as_tensor(), ln_b.as_tensor());
            run(&|| {
                pick(if fused {
                    autograd::logit_laplace(&x, mu, ln_b)
                } else {
                    composed::logit_laplace(&x, mu, ln_b)
                })
            })
        }
        "W7" => {
            let x = tensor("w5x.bin", &[b, PIXELS]);
            let (mu, ln_b, q) = (
                var("w5mu.bin", &[b, PIXELS]),
                var("w5lnb.bin", &[b, PIXELS]),
                var("q.bin", &[b * S, K]),
            );
            let (mu, ln_b, q) = (mu.as_tensor(), ln_b.as_tensor(), q.as_tensor());
            run(&|| {
                let (r, d) = if fused {
                    (autograd::logit_laplace(&x, mu, ln_b), autograd::kl_to_uniform(q))
                } else {
                    (composed::logit_laplace(&x, mu, ln_b), composed::kl_to_uniform(q, 1))
                };
                let d = pick(d).reshape((b, S)).unwrap().sum(1).unwrap();
                (pick(r) - (d * BETA).unwrap()).unwrap()
            })
        }
        "W6" if !fused => {
            let [nx, ny, nz] = WORLDS;
            let table = |file: &str, shape: &[usize]| {
                let numbers: Vec<f64> = read(data, file, shape.iter().product());
                Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
            };
            let (a, p, q) = (
                table("w6lpx.bin", &[nx, ny, nz]),
                table("w6lpyz.bin", &[ny, nz]),
                table("w6lq.bin", &[nx, nz]),
            );
            let fwd = timed(runs, || {
                black_box(composed::exact(&a, &p, &q).unwrap());
            });
            json!({"fwd": fwd})
        }
        _ => json!({}),
    }
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
