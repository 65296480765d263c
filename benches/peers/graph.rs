//! Terms in candle's graph.

use std::hint::black_box;

use gpu::autograd;
use gpu::candle_core::{Device, Tensor, Var};
use gpu::fused::Sample;
use serde_json::{Value, json};

use crate::{Args, BETA, D, K, PIXELS, S, Side, T, TAU, V, WORLDS, composed, per_image, read, targets, timed};

/// A loss in candle's graph: of its own operations, or of ours.
pub(crate) fn in_graph(args: &Args) -> Value {
    let terms = Terms {
        args,
        fused: args.side == Side::Autograd,
    };
    match args.item.as_str() {
        "W1" => terms.kl_to_uniform(),
        "W1n" => terms.kl_to_uniform_by_planes(),
        "W2" => terms.kl_divergence(),
        "W3" => terms.codebook_mix(),
        "W4" => terms.token_log_prob(),
        "W5" => terms.logit_laplace(),
        "W7" => terms.objective(),
        "W6" if !terms.fused => exact(args),
        _ => json!({}),
    }
}

/// The terms that are timed, on the data that the script wrote.
struct Terms<'a> {
    args: &'a Args,
    /// Whether they are ours, and not composed of candle's operations.
    fused: bool,
}

impl Terms<'_> {
    /// A table as a tensor that gets no gradient.
    fn tensor(&self, file: &str, shape: &[usize]) -> Tensor {
        let numbers: Vec<f32> = read(&self.args.data, file, shape.iter().product());
        Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
    }

    /// A table as a variable, which gets a gradient.
    fn var(&self, file: &str, shape: &[usize]) -> Var {
        Var::from_tensor(&self.tensor(file, shape)).unwrap()
    }

    /// Times the values, and the values with the backward pass from their sum.
    fn run(&self, values: &dyn Fn() -> Tensor) -> Value {
        let runs = self.args.runs;
        let fwd = timed(runs, || {
            black_box(values());
        });
        let bwd = timed(runs, || {
            black_box(values().sum_all().unwrap().backward().unwrap());
        });
        json!({"fwd": fwd, "bwd": bwd, "value": self.images(&values())})
    }

    /// The sum of the values of each image.
    fn images(&self, values: &Tensor) -> Vec<f64> {
        let values = values
            .flatten_all()
            .unwrap()
            .to_dtype(gpu::candle_core::DType::F64)
            .unwrap();
        per_image(&values.to_vec1().unwrap(), self.args.batch)
    }

    /// W1, the divergence from the uniform distribution, with the classes in rows.
    fn kl_to_uniform(&self) -> Value {
        let x = self.var("q.bin", &[self.args.batch * S, K]);
        let x = x.as_tensor();
        self.run(&|| {
            pick(if self.fused {
                autograd::kl_to_uniform(x)
            } else {
                composed::kl_to_uniform(x, 1)
            })
        })
    }

    /// W1n, the divergence from the uniform distribution, with the classes in planes.
    fn kl_to_uniform_by_planes(&self) -> Value {
        let x = self.var("qn.bin", &[self.args.batch, K, 32, 32]);
        let x = x.as_tensor();
        self.run(&|| {
            pick(if self.fused {
                autograd::planes::kl_to_uniform(x)
            } else {
                composed::kl_to_uniform(x, 1)
            })
        })
    }

    /// W2, the divergence of one distribution from another.
    fn kl_divergence(&self) -> Value {
        let rows = self.args.batch * S;
        let (q, p) = (self.var("q.bin", &[rows, K]), self.var("p.bin", &[rows, K]));
        let (q, p) = (q.as_tensor(), p.as_tensor());
        self.run(&|| {
            pick(if self.fused {
                autograd::kl_divergence(q, p)
            } else {
                composed::kl_divergence(q, p)
            })
        })
    }

    /// W3, a codebook mixed by relaxed samples.
    fn codebook_mix(&self) -> Value {
        let rows = self.args.batch * S;
        let (x, codebook) = (self.var("q.bin", &[rows, K]), self.var("codebook.bin", &[K, D]));
        let (noise, w) = (self.tensor("gumbel.bin", &[rows, K]), self.tensor("w3.bin", &[rows, D]));
        let (x, c) = (x.as_tensor(), codebook.as_tensor());
        self.run(&|| {
            let mixed = pick(if self.fused {
                autograd::codebook_mix(x, &noise, c, TAU, Sample::Relaxed)
            } else {
                composed::codebook_mix(x, &noise, c, TAU)
            });
            (mixed * &w).unwrap()
        })
    }

    /// W4, the log-probabilities of tokens.
    fn token_log_prob(&self) -> Value {
        let rows = self.args.batch * T;
        let x = self.var("w4.bin", &[rows, V]);
        let targets = targets(&self.args.data, rows);
        #[expect(clippy::cast_possible_truncation, reason = "tokens")]
        let tokens: Vec<u32> = targets.iter().map(|t| t.token as u32).collect();
        let tokens = Tensor::from_vec(tokens, (rows, 1), &Device::Cpu).unwrap();
        let x = x.as_tensor();
        self.run(&|| {
            pick(if self.fused {
                autograd::token_log_prob(x, &targets)
            } else {
                composed::token_log_prob(x, &tokens)
            })
        })
    }

    /// W5, the logit-Laplace log-densities of images.
    fn logit_laplace(&self) -> Value {
        let shape = [self.args.batch, PIXELS];
        let x = self.tensor("w5x.bin", &shape);
        let (mu, ln_b) = (self.var("w5mu.bin", &shape), self.var("w5lnb.bin", &shape));
        let (mu, ln_b) = (mu.as_tensor(), ln_b.as_tensor());
        self.run(&|| {
            pick(if self.fused {
                autograd::logit_laplace(&x, mu, ln_b)
            } else {
                composed::logit_laplace(&x, mu, ln_b)
            })
        })
    }

    /// W7, the whole objective: the log-densities of images less their weighted divergences.
    fn objective(&self) -> Value {
        let b = self.args.batch;
        let x = self.tensor("w5x.bin", &[b, PIXELS]);
        let (mu, ln_b, q) = (
            self.var("w5mu.bin", &[b, PIXELS]),
            self.var("w5lnb.bin", &[b, PIXELS]),
            self.var("q.bin", &[b * S, K]),
        );
        let (mu, ln_b, q) = (mu.as_tensor(), ln_b.as_tensor(), q.as_tensor());
        self.run(&|| {
            let (r, d) = if self.fused {
                (autograd::logit_laplace(&x, mu, ln_b), autograd::kl_to_uniform(q))
            } else {
                (composed::logit_laplace(&x, mu, ln_b), composed::kl_to_uniform(q, 1))
            };
            let d = pick(d).reshape((b, S)).unwrap().sum(1).unwrap();
            (pick(r) - (d * BETA).unwrap()).unwrap()
        })
    }
}

/// The values that a term computed.
fn pick(values: gpu::candle_core::Result<Tensor>) -> Tensor {
    values.unwrap()
}

/// W6, the exact bound of finite worlds, of candle's operations in double precision.
fn exact(args: &Args) -> Value {
    let [nx, ny, nz] = WORLDS;
    let table = |file: &str, shape: &[usize]| {
        let numbers: Vec<f64> = read(&args.data, file, shape.iter().product());
        Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
    };
    let (a, p, q) = (
        table("w6lpx.bin", &[nx, ny, nz]),
        table("w6lpyz.bin", &[ny, nz]),
        table("w6lq.bin", &[nx, nz]),
    );
    let fwd = timed(args.runs, || {
        black_box(composed::exact(&a, &p, &q).unwrap());
    });
    json!({"fwd": fwd})
}
