//! Terms in candle's graph.

use std::hint::black_box;

use gpu::autograd;
use gpu::candle_core::{Device, Tensor, Var};
use gpu::fused::Sample;
use serde_json::{Value, json};

use crate::{Args, BETA, D, K, PIXELS, S, Side, T, TAU, V, WORLDS, composed, per_image, read, targets, timed};

/// A loss in candle's graph: of its own operations, or of ours.
pub(crate) fn in_graph(args: &Args) -> Value {
    let (data, b, runs, fused) = (&args.data, args.batch, args.runs, args.side == Side::Autograd);
    let tensor = |file: &str, shape: &[usize]| {
        let numbers: Vec<f32> = read(data, file, shape.iter().product());
        Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
    };
    let var = |file: &str, shape: &[usize]| Var::from_tensor(&tensor(file, shape)).unwrap();
    let pick = |ours: gpu::candle_core::Result<Tensor>| ours.unwrap();
    let images = |values: Tensor| -> Vec<f64> {
        let values = values
            .flatten_all()
            .unwrap()
            .to_dtype(gpu::candle_core::DType::F64)
            .unwrap();
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
        "W1n" => {
            let x = var("qn.bin", &[b, K, 32, 32]);
            let x = x.as_tensor();
            run(&|| {
                pick(if fused {
                    autograd::planes::kl_to_uniform(x)
                } else {
                    composed::kl_to_uniform(x, 1)
                })
            })
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
