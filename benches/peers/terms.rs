//! Our terms outside of any graph.

use std::cell::RefCell;
use std::hint::black_box;

use gpu::fused::exact::{Exact, Sides, sides};
use gpu::fused::planes::{self, Planes};
use gpu::fused::{self, Codes, Elbo, ElboGrads, Gumbel, Isa, Numbers, Pull, Real as _, Rows, Sample};
use reference::vocab::{Beta, Reading};
use serde_json::{Value, json};

use crate::{Args, BETA, D, K, PIXELS, S, T, TAU, V, WORLDS, per_image, read, targets, timed};

fn stored<E: Numbers>(numbers: &[f32]) -> Vec<E> {
    numbers.iter().map(|x| E::narrow(E::Real::of(f64::from(*x)))).collect()
}

/// Forward, with the gradients in reused buffers, with them in fresh ones; `others` are the results beside the first gradient.
fn of_one<E: Numbers>(
    runs: usize,
    images: usize,
    x: &[E],
    count: usize,
    others: &RefCell<Vec<Vec<E>>>,
    run: impl Fn(&mut [f64], Option<&mut [E]>),
) -> Value {
    let mut values = vec![0.0; count];
    let fwd = timed(runs, || run(black_box(&mut values), None));
    let mut grad = x.to_vec();
    let bwd = timed(runs, || run(black_box(&mut values), Some(&mut grad)));
    let zero = E::narrow(E::Real::of(0.0));
    let fresh = timed(runs, || {
        for other in others.borrow_mut().iter_mut() {
            *other = vec![zero; other.len()];
        }
        let mut grad = vec![zero; x.len()];
        run(&mut values, Some(&mut grad));
        black_box(grad);
    });
    json!({"fwd": fwd, "bwd": bwd, "fresh": fresh, "value": per_image(&values, images)})
}

/// A term with its gradients, on the data that the script wrote.
pub(crate) fn ours<E: Numbers>(args: &Args, isa: Isa) -> Value {
    let terms = Terms { args, isa };
    match args.item.as_str() {
        "W1" => terms.kl_to_uniform::<E>(),
        "W1n" => terms.kl_to_uniform_by_planes::<E>(),
        "W2" => terms.kl_divergence::<E>(),
        "W3" => terms.codebook_mix::<E>(),
        "W4" => terms.token_log_prob::<E>(),
        "W5" => terms.logit_laplace::<E>(),
        _ => terms.objective::<E>(),
    }
}

/// The terms that are timed, with the instructions that they use.
struct Terms<'a> {
    args: &'a Args,
    isa: Isa,
}

impl Terms<'_> {
    /// A table in the stored type.
    fn table<E: Numbers>(&self, file: &str, count: usize) -> Vec<E> {
        stored::<E>(&read::<f32>(&self.args.data, file, count))
    }

    /// W1, the divergence from the uniform distribution, with the classes in rows.
    fn kl_to_uniform<E: Numbers>(&self) -> Value {
        let (isa, b, none) = (self.isa, self.args.batch, RefCell::new(Vec::new()));
        let x = self.table::<E>("q.bin", b * S * K);
        let rows = Rows::new("q", &x, K).unwrap();
        of_one(self.args.runs, b, &x, b * S, &none, |values, grad| {
            fused::kl_to_uniform(isa, black_box(rows), 1.0, values, grad);
        })
    }

    /// W1n, the divergence from the uniform distribution, with the classes in planes.
    fn kl_to_uniform_by_planes<E: Numbers>(&self) -> Value {
        let (isa, b, none) = (self.isa, self.args.batch, RefCell::new(Vec::new()));
        let x = self.table::<E>("qn.bin", b * S * K);
        let all = Planes::new("q", &x, K, S).unwrap();
        of_one(self.args.runs, b, &x, b * S, &none, |values, grad| {
            planes::kl_to_uniform(isa, black_box(all), 1.0, values, grad);
        })
    }

    /// W2, the divergence of one distribution from another.
    fn kl_divergence<E: Numbers>(&self) -> Value {
        let (isa, b) = (self.isa, self.args.batch);
        let (q, p) = (self.table::<E>("q.bin", b * S * K), self.table::<E>("p.bin", b * S * K));
        let rows = [&q, &p].map(|x| Rows::new("logits", x, K).unwrap());
        let others = RefCell::new(vec![p.clone()]);
        of_one(self.args.runs, b, &q, b * S, &others, |values, grad| {
            let mut others = others.borrow_mut();
            let grads = grad.map(|first| [first, others[0].as_mut_slice()]);
            fused::kl_divergence(isa, black_box(rows), 1.0, values, grads);
        })
    }

    /// W3, a codebook mixed by relaxed samples.
    fn codebook_mix<E: Numbers>(&self) -> Value {
        let (isa, b) = (self.isa, self.args.batch);
        let (x, noise) = (
            self.table::<E>("q.bin", b * S * K),
            self.table::<E>("gumbel.bin", b * S * K),
        );
        let (codebook, upstream) = (
            self.table::<E>("codebook.bin", K * D),
            self.table::<E>("w3.bin", b * S * D),
        );
        let rows = |x, k| Rows::new("table", x, k).unwrap();
        let gumbel = Gumbel::new(rows(&x, K), rows(&noise, K), TAU).unwrap();
        let others = RefCell::new(vec![upstream.clone(), codebook.clone()]);
        of_one(self.args.runs, b, &x, b * S, &others, |values, grad| {
            let mut others = others.borrow_mut();
            let [mixed, to_codebook] = &mut others[..] else {
                unreachable!("two results")
            };
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

    /// W4, the log-probabilities of tokens.
    fn token_log_prob<E: Numbers>(&self) -> Value {
        let (isa, count, none) = (self.isa, self.args.batch * T, RefCell::new(Vec::new()));
        let x = self.table::<E>("w4.bin", count * V);
        let targets = targets(&self.args.data, count);
        let rows = Rows::new("x", &x, V).unwrap();
        of_one(self.args.runs, count, &x, count, &none, |values, grad| {
            fused::token_log_prob(isa, black_box(rows), &targets, 1.0, values, grad).unwrap();
        })
    }

    /// W5, the logit-Laplace log-densities of images.
    fn logit_laplace<E: Numbers>(&self) -> Value {
        let (isa, b) = (self.isa, self.args.batch);
        let [x, mu, ln_b] = ["w5x.bin", "w5mu.bin", "w5lnb.bin"].map(|file| self.table::<E>(file, b * PIXELS));
        let rows = [&x, &mu, &ln_b].map(|x| Rows::new("pixels", x, PIXELS).unwrap());
        let others = RefCell::new(vec![ln_b.clone()]);
        of_one(self.args.runs, b, &mu, b, &others, |values, grad| {
            let mut others = others.borrow_mut();
            let grads = grad.map(|first| [first, others[0].as_mut_slice()]);
            fused::logit_laplace(isa, black_box(rows), 1.0, values, grads);
        })
    }

    /// W7, the whole objective.
    fn objective<E: Numbers>(&self) -> Value {
        let (isa, b) = (self.isa, self.args.batch);
        let [x, mu, ln_b] = ["w5x.bin", "w5mu.bin", "w5lnb.bin"].map(|file| self.table::<E>(file, b * PIXELS));
        let pixels = [&x, &mu, &ln_b].map(|x| Rows::new("pixels", x, PIXELS).unwrap());
        let q = self.table::<E>("q.bin", b * S * K);
        let codes = Codes::Rows(Rows::new("q", &q, K).unwrap());
        let (beta, found) = (Beta::new(BETA).unwrap(), RefCell::new(vec![Elbo::default(); b]));
        let others = RefCell::new(vec![mu.clone(), ln_b.clone()]);
        of_one(self.args.runs, b, &q, b, &others, |values, grad| {
            let (mut others, mut found) = (others.borrow_mut(), found.borrow_mut());
            let [mu, ln_b] = &mut others[..] else {
                unreachable!("two results")
            };
            let grads = grad.map(|logits| ElboGrads { mu, ln_b, logits });
            fused::elbo(isa, pixels, codes, beta, 1.0, &mut found, grads).unwrap();
            for (value, found) in values.iter_mut().zip(found.iter()) {
                *value = found.objective;
            }
        })
    }
}

/// Evidence, reconstruction, divergence, bound and gap of every image and caption, as the peers stack them.
pub(crate) fn exact_tables(args: &Args, isa: Isa) -> Value {
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
        found = sides(&isa, black_box(tables), Reading::Observed, &betas).unwrap();
    });
    let of: [fn(&Sides) -> f64; 5] = [
        |s| s.log_evidence,
        |s| s.reconstruction,
        |s| s.divergence,
        |s| s.elbo,
        |s| s.log_evidence - s.elbo,
    ];
    let value: Vec<f64> = of.iter().flat_map(|of| found.iter().map(of)).collect();
    json!({"fwd": fwd, "value": value})
}
