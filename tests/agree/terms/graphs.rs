//! Every wrapped term inside a graph: whatever an argument was computed from, its gradient arrives there.

use gpu::autograd;
use gpu::candle_core::{Device, Result, Tensor, Var};
use gpu::fused::Sample;

use super::autograd::{numbers, variable};
use super::logits;

/// A wrapped term of up to three tensors, and which of them are detached.
type Wrapped = (&'static str, fn([&Tensor; 3]) -> Result<Tensor>, [bool; 3]);

const NONE: [bool; 3] = [false; 3];

/// All wrapped terms.
const TERMS: [Wrapped; 15] = [
    ("kl_to_uniform", |[a, ..]| autograd::kl_to_uniform(a), NONE),
    ("entropy", |[a, ..]| autograd::entropy(a), NONE),
    ("log_mean_exp", |[a, ..]| autograd::log_mean_exp(a), NONE),
    (
        "planes::kl_to_uniform",
        |[a, ..]| autograd::planes::kl_to_uniform(a),
        NONE,
    ),
    ("planes::entropy", |[a, ..]| autograd::planes::entropy(a), NONE),
    ("kl_divergence", |[a, b, _]| autograd::kl_divergence(a, b), NONE),
    ("cross_entropy", |[a, b, _]| autograd::cross_entropy(a, b), NONE),
    (
        "planes::kl_divergence",
        |[a, b, _]| autograd::planes::kl_divergence(a, b),
        NONE,
    ),
    (
        "planes::cross_entropy",
        |[a, b, _]| autograd::planes::cross_entropy(a, b),
        NONE,
    ),
    (
        "logit_laplace",
        |[a, b, c]| autograd::logit_laplace(a, b, c),
        [true, false, false],
    ),
    (
        "gumbel_softmax",
        |[a, b, _]| autograd::gumbel_softmax(a, b, 0.7, Sample::Relaxed)?.sqr(),
        NONE,
    ),
    (
        "straight-through",
        |[a, b, _]| autograd::gumbel_softmax(a, b, 0.7, Sample::StraightThrough)? * a,
        NONE,
    ),
    (
        "codebook_mix",
        |[a, b, c]| autograd::codebook_mix(a, b, c, 0.7, Sample::Relaxed),
        NONE,
    ),
    (
        "linear",
        |[a, b, c]| autograd::linear(a, b, &c.narrow(0, 0, 1)?.squeeze(0)?),
        NONE,
    ),
    (
        "layer_norm",
        |[a, b, c]| autograd::layer_norm(a, &b.narrow(0, 0, 1)?.squeeze(0)?, &c.narrow(0, 1, 1)?.squeeze(0)?),
        NONE,
    ),
];

/// Every argument may be a variable or have a graph: its gradient comes back, and the pass does not panic.
#[test]
fn every_argument_with_a_graph_gets_its_gradient_or_is_detached() {
    let table = |first: f64| {
        let numbers: Vec<f64> = (0..16_u8).map(|i| first + f64::from(7 * i % 16) / 40.0).collect();
        Var::from_tensor(&Tensor::from_vec(numbers, (4, 4), &Device::Cpu).unwrap()).unwrap()
    };
    let tables = [table(0.25), table(0.4), table(0.1)];
    for (name, term, detached) in TERMS {
        for graph in [false, true] {
            let run = |tables: &[Var; 3]| {
                let [a, b, c] = tables.each_ref().map(|table| {
                    let table = table.as_tensor();
                    if graph { (table + 0.01).unwrap() } else { table.clone() }
                });
                // Every number weighs differently, or what sums to 1 has no slope.
                let values = term([&a, &b, &c]).unwrap().flatten_all().unwrap();
                let count = u32::try_from(values.elem_count()).unwrap();
                let weights = Tensor::arange(1, count + 1, &Device::Cpu)
                    .unwrap()
                    .to_dtype(values.dtype())
                    .unwrap();
                (values * weights).unwrap().sum_all().unwrap()
            };
            let grads = run(&tables).backward().unwrap();
            for (which, detached) in detached.into_iter().enumerate() {
                let moved = |by: f64| {
                    let mut numbers: Vec<f64> = tables[which].flatten_all().unwrap().to_vec1().unwrap();
                    numbers[5] += by;
                    let moved = Tensor::from_vec(numbers, (4, 4), &Device::Cpu).unwrap();
                    let mut tables = tables.clone();
                    tables[which] = Var::from_tensor(&moved).unwrap();
                    run(&tables).to_scalar::<f64>().unwrap()
                };
                let expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                let found = grads.get(tables[which].as_tensor());
                if detached {
                    assert!(found.is_none(), "{name}: argument {which} is said to be detached");
                    continue;
                }
                let found = found.map_or(0.0, |grad| grad.flatten_all().unwrap().to_vec1::<f64>().unwrap()[5]);
                // A one-hot sample has no difference quotient: what comes back is the relaxed one's.
                let defined = name != "straight-through";
                assert!(
                    !defined || (found - expected).abs() < 1e-6 * (1.0 + expected.abs()),
                    "{name} {which}: {found} {expected}"
                );
            }
        }
    }
}

#[test]
fn noise_gets_the_gradient_of_the_logits_that_it_is_added_to() {
    let (rows, k, d) = (4, 33, 5);
    let (x, u, codebook) = (
        variable(rows, k, "normal"),
        variable(rows, k, "spread 0.3"),
        variable(k, d, "normal"),
    );
    for sample in [Sample::Relaxed, Sample::StraightThrough] {
        for mixes in [false, true] {
            // -ln(-ln u), as a program draws it, of numbers between 0 and 1.
            let uniform = ((u.as_tensor().tanh().unwrap() * 0.4).unwrap() + 0.5).unwrap();
            let noise = uniform.log().unwrap().neg().unwrap().log().unwrap().neg().unwrap();
            let found = if mixes {
                autograd::codebook_mix(x.as_tensor(), &noise, codebook.as_tensor(), 0.7, sample)
            } else {
                autograd::gumbel_softmax(x.as_tensor(), &noise, 0.7, sample)
            };
            let found = found.unwrap();
            let weights = logits("outliers", rows, found.dim(1).unwrap());
            let weights = Tensor::from_vec(weights, found.shape(), &Device::Cpu).unwrap();
            let grads = (found * weights).unwrap().sum_all().unwrap().backward().unwrap();
            // d noise / d u' = -1 / (u' ln u'), u' = tanh(u) 0.4 + 0.5.
            let slope = ((&uniform * uniform.log().unwrap())
                .unwrap()
                .recip()
                .unwrap()
                .neg()
                .unwrap()
                * (u.as_tensor().tanh().unwrap().sqr().unwrap().affine(-0.4, 0.4).unwrap()))
            .unwrap();
            let expected = (grads.get(x.as_tensor()).unwrap() * slope).unwrap();
            for (found, expected) in numbers(grads.get(u.as_tensor()).unwrap())
                .into_iter()
                .zip(numbers(&expected))
            {
                assert!(
                    (found - expected).abs() <= 1e-4 * (1e-3 + expected.abs()),
                    "{sample:?}: {found} {expected}"
                );
            }
        }
    }
}
