//! The decoder's likelihood, the whole objective, samples and codebook, exact tables.

use std::cell::RefCell;
use std::hint::black_box;

use agree::bounds::Storage;
use agree::{equations, pairs};
use bounds::Float;
use criterion::Criterion;
use gpu::autograd;
use gpu::candle_core::{Device, Tensor};
use gpu::device::Kind;
use gpu::fused::exact::{Exact, sides};
use gpu::fused::{self, Codes, Elbo, ElboGrads, Gumbel, Isa, Pull, Rows, Sample};
use reference::vocab::{Beta, Reading};
use worlds::case;

use crate::{IMAGES, K, POSITIONS, ROWS, agreed, bench, composed, group, in_graph, logits, of_rows, vectors};

const PIXELS: usize = 3 * 256 * 256;
const D: usize = 128;
const TEMPERATURE: f64 = 0.9;

/// `x`, `mu`, `ln b`.
fn pixels(images: usize) -> [Vec<f32>; 3] {
    let [z, mu, ln_b] = [0, 1, 2].map(|table| logits(images, PIXELS, table));
    [z.iter().map(|z| 1.0 / (1.0 + (-z).exp())).collect(), mu, ln_b]
}

pub(crate) fn logit_laplace(criterion: &mut Criterion) {
    agreed(Storage::F32, "logit_laplace");
    let [x, mu, ln_b] = pixels(8);
    let mut group = group(criterion, "logit_laplace", x.len() * 12);
    let tables = [&x, &mu, &ln_b].map(|x| Rows::new("pixels", x, PIXELS).unwrap());
    let mut second = ln_b.clone();
    let second = RefCell::new(&mut second);
    let shape = "8x3x256x256";
    of_rows(&mut group, shape, x.len(), 8, |isa, values, grad| {
        let mut second = second.borrow_mut();
        let grads = grad.map(|first| [first, second.as_mut_slice()]);
        fused::logit_laplace(isa, black_box(tables), 1.0, values, grads);
    });
    let shaped: &[usize] = &[8, PIXELS];
    in_graph(
        &mut group,
        shape,
        &[(&x, shaped), (&mu, shaped), (&ln_b, shaped)],
        |t| composed::logit_laplace(&t[0].detach(), &t[1], &t[2]),
        |t| autograd::logit_laplace(&t[0], &t[1], &t[2]),
    );
    group.finish();
}

pub(crate) fn elbo(criterion: &mut Criterion) {
    agreed(Storage::F32, "elbo");
    let [x, mu, ln_b] = pixels(1);
    let q = logits(POSITIONS, K, 0);
    let mut group = group(criterion, "elbo-first-stage", (3 * PIXELS + q.len()) * 4);
    let tables = [&x, &mu, &ln_b].map(|x| Rows::new("pixels", x, PIXELS).unwrap());
    let codes = Codes::Rows(Rows::new("logits", &q, K).unwrap());
    let (beta, found) = (Beta::new(6.6).unwrap(), RefCell::new([Elbo::default()]));
    let (mut to_mu, mut to_ln_b) = (mu.clone(), ln_b.clone());
    let others = RefCell::new((&mut to_mu, &mut to_ln_b));
    let shape = format!("1x3x256x256+1x{POSITIONS}x{K}");
    of_rows(&mut group, &shape, q.len(), 1, |isa, _, grad| {
        let (mut others, mut found) = (others.borrow_mut(), found.borrow_mut());
        let (mu, ln_b) = &mut *others;
        let grads = grad.map(|logits| ElboGrads { mu, ln_b, logits });
        fused::elbo(isa, black_box(tables), codes, beta, 1.0, &mut *found, grads).unwrap();
    });
    let pixel: &[usize] = &[1, PIXELS];
    let less = |r: Tensor, d: Tensor| r - (d.sum_all()?.reshape(1)? * 6.6)?;
    in_graph(
        &mut group,
        &shape,
        &[(&x, pixel), (&mu, pixel), (&ln_b, pixel), (&q, &[POSITIONS, K])],
        |t| {
            less(
                composed::logit_laplace(&t[0].detach(), &t[1], &t[2])?,
                composed::kl_to_uniform(&t[3], 1)?,
            )
        },
        |t| {
            less(
                autograd::logit_laplace(&t[0], &t[1], &t[2])?,
                autograd::kl_to_uniform(&t[3])?,
            )
        },
    );
    group.finish();
}

pub(crate) fn codebook_mix(criterion: &mut Criterion) {
    agreed(Storage::F32, "gumbel_softmax");
    agreed(Storage::F32, "codebook_mix");
    let (x, noise) = (logits(ROWS, K, 0), logits(ROWS, K, 1));
    let (codebook, upstream) = (logits(K, D, 2), logits(ROWS, D, 3));
    let rows = |x, k| Rows::new("table", x, k).unwrap();
    let gumbel = Gumbel::new(rows(&x, K), rows(&noise, K), TEMPERATURE).unwrap();
    let shape = format!("{IMAGES}x{POSITIONS}x{K}x{D}");
    let mut samples = x.clone();
    let mut alone = group(criterion, "gumbel_softmax", x.len() * 8);
    for isa in vectors() {
        bench(
            &mut alone,
            &format!("forward/{}/{IMAGES}x{POSITIONS}x{K}", isa.name()),
            || {
                fused::gumbel_softmax(isa, black_box(gumbel), Sample::Relaxed, &mut samples);
            },
        );
    }
    alone.finish();
    let mut mix = group(criterion, "codebook_mix", x.len() * 8);
    let (mut mixed, mut to_codebook) = (upstream.clone(), codebook.clone());
    let others = RefCell::new((&mut mixed, &mut to_codebook));
    of_rows(&mut mix, &shape, x.len(), ROWS, |isa, _, grad| {
        let mut others = others.borrow_mut();
        let (mixed, to_codebook) = &mut *others;
        let pull = grad.map(|to_logits| Pull {
            upstream: rows(&upstream, D),
            to_logits,
            to_codebook,
        });
        fused::codebook_mix(isa, black_box(gumbel), Sample::Relaxed, rows(&codebook, D), mixed, pull).unwrap();
    });
    let constant = Tensor::from_slice(&noise, (ROWS, K), &Device::Cpu).unwrap();
    let weights = Tensor::from_slice(&upstream, (ROWS, D), &Device::Cpu).unwrap();
    in_graph(
        &mut mix,
        &shape,
        &[(&x, &[ROWS, K]), (&codebook, &[K, D])],
        |t| composed::codebook_mix(&t[0], &constant, &t[1], TEMPERATURE)? * &weights,
        |t| autograd::codebook_mix(&t[0], &constant, &t[1], TEMPERATURE, Sample::Relaxed)? * &weights,
    );
    mix.finish();
}

/// 64 images, 32 captions, 4096 codes.
pub(crate) fn exact(criterion: &mut Criterion) {
    let options = equations::Options {
        device: gpu::device::Device::open(Kind::Cpu).unwrap(),
        float: Float::F64,
    };
    let worlds = case::embedded().unwrap().worlds;
    assert!(
        equations::agree_on(&pairs::exact(Isa::best()), &worlds, &options)
            .unwrap()
            .agrees
    );
    let [x, y, z] = [64, 32, 4096];
    let table = |rows: usize, k: usize, which| -> Vec<f64> {
        logits(rows, k, which)
            .into_iter()
            .map(|x| f64::from(x) - 10.0)
            .collect()
    };
    let (likelihood, prior, encoder, captions) = (table(x * y, z, 0), table(y, z, 1), table(x, z, 2), table(x, y, 3));
    let rows = |t, k| Rows::new("table", t, k).unwrap();
    let tables = Exact::new(
        rows(&likelihood, z),
        rows(&prior, z),
        rows(&encoder, z),
        rows(&captions, y),
    )
    .unwrap();
    let betas = vec![Beta::ONE; x];
    let mut group = group(criterion, "exact", likelihood.len() * 8);
    for isa in vectors() {
        bench(&mut group, &format!("forward/{}/{x}x{y}x{z}", isa.name()), || {
            black_box(sides(&isa, black_box(tables), Reading::Observed, &betas).unwrap());
        });
    }
    let tensor = |t: &[f64], shape: &[usize]| Tensor::from_slice(t, shape, &Device::Cpu).unwrap();
    let (likelihood, prior, encoder) = (
        tensor(&likelihood, &[x, y, z]),
        tensor(&prior, &[y, z]),
        tensor(&encoder, &[x, z]),
    );
    bench(&mut group, &format!("forward/candle-composed/{x}x{y}x{z}"), || {
        black_box(composed::exact(&likelihood, &prior, &encoder).unwrap());
    });
    group.finish();
}
