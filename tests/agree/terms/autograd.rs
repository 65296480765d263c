//! The fused terms inside candle's graph: the same gradients as outside of it, and as candle's own operations have.

use approx::assert_relative_eq;
use gpu::autograd;
use gpu::candle_core::{D, Device, Result, Tensor, Var};
use gpu::fused::{self, Isa, Rows, Sample, Target};

use super::logits;

pub(super) fn variable(rows: usize, k: usize, kind: &str) -> Var {
    Var::from_tensor(&Tensor::from_vec(logits(kind, rows, k), (rows, k), &Device::Cpu).unwrap()).unwrap()
}

pub(super) fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn a_loss_that_adds_hands_its_weight_to_the_kernel() {
    let (rows, k) = (6, 130);
    let x = variable(rows, k, "outliers");
    let loss = (autograd::kl_to_uniform(x.as_tensor()).unwrap().sum_all().unwrap() * 0.25).unwrap();
    let grads = loss.backward().unwrap();
    let (table, mut values, mut grad) = (numbers(x.as_tensor()), vec![0.0; rows], vec![0.0; rows * k]);
    let table = Rows::new("logits", &table, k).unwrap();
    fused::kl_to_uniform(Isa::best(), table, 0.25, &mut values, Some(&mut grad));
    assert_eq!(numbers(grads.get(x.as_tensor()).unwrap()), grad);
}

/// Every term against the same quantity from candle's operations in double precision, each row with a weight of its own.
#[test]
fn gradients_are_those_of_the_composed_operations() {
    type Term = fn(&Tensor, &Tensor) -> Result<Tensor>;
    let terms: [(&str, Term, Term); 5] = [
        (
            "kl_to_uniform",
            |a, _| autograd::kl_to_uniform(a),
            |a, _| {
                let ln_q = log_softmax(a)?;
                (ln_q.exp()? * ln_q)?.sum(D::Minus1)? + 33.0_f64.ln()
            },
        ),
        (
            "entropy",
            |a, _| autograd::entropy(a),
            |a, _| {
                let ln_q = log_softmax(a)?;
                (ln_q.exp()? * ln_q)?.sum(D::Minus1)?.neg()
            },
        ),
        (
            "log_mean_exp",
            |a, _| autograd::log_mean_exp(a),
            |a, _| (log_sum_exp(a)?.squeeze(1))? - 33.0_f64.ln(),
        ),
        ("kl_divergence", autograd::kl_divergence, |a, b| {
            let (ln_q, ln_p) = (log_softmax(a)?, log_softmax(b)?);
            (ln_q.exp()? * (ln_q - ln_p)?)?.sum(D::Minus1)
        }),
        ("cross_entropy", autograd::cross_entropy, |a, b| {
            (log_softmax(a)?.exp()? * log_softmax(b)?)?.sum(D::Minus1)?.neg()
        }),
    ];
    let weights = Tensor::new(&[0.5_f64, -1.0, 2.0, 0.25, 3.0, 1.5], &Device::Cpu).unwrap();
    for (name, ours, composed) in terms {
        let tables = ["normal", "spread 0.3"].map(|kind| {
            let table = variable(6, 33, kind).to_dtype(gpu::candle_core::DType::F64).unwrap();
            Var::from_tensor(&table).unwrap()
        });
        let [a, b] = &tables;
        let of = |term: Term| {
            let values = term(a.as_tensor(), b.as_tensor()).unwrap();
            let loss = (&values * &weights).unwrap().sum_all().unwrap();
            (loss.to_scalar::<f64>().unwrap(), loss.backward().unwrap())
        };
        let ((loss, ours), (expected, composed)) = (of(ours), of(composed));
        assert_relative_eq!(loss, expected, max_relative = 1e-11);
        for table in &tables {
            let Some(expected) = composed.get(table.as_tensor()) else {
                continue;
            };
            let found = ours
                .get(table.as_tensor())
                .unwrap_or_else(|| panic!("{name} has no gradient"));
            let difference = largest_difference(found, expected);
            assert!(difference < 1e-11, "{name}: {difference}");
        }
    }
}

/// The largest absolute difference of two tensors.
fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    let difference = (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
    difference.to_scalar::<f64>().unwrap()
}

fn log_sum_exp(x: &Tensor) -> Result<Tensor> {
    let max = x.max_keepdim(D::Minus1)?.detach();
    let sum = x.broadcast_sub(&max)?.exp()?.sum_keepdim(D::Minus1)?;
    sum.log()? + max
}

fn log_softmax(x: &Tensor) -> Result<Tensor> {
    x.broadcast_sub(&log_sum_exp(x)?)
}

#[test]
fn a_token_and_a_pixel_pull_where_they_stand() {
    let x = variable(3, 17, "normal");
    let target = |token| Target {
        token,
        from: 0,
        to: 17,
        weight: 1.0,
    };
    let values = autograd::token_log_prob(x.as_tensor(), &[target(0), target(8), target(16)]).unwrap();
    let grads = values.sum_all().unwrap().backward().unwrap();
    let grad: Vec<Vec<f32>> = grads.get(x.as_tensor()).unwrap().to_vec2().unwrap();
    for (row, token) in grad.iter().zip([0, 8, 16]) {
        assert!(
            row.iter().enumerate().all(|(k, slope)| (*slope > 0.0) == (k == token)),
            "{row:?}"
        );
    }
    assert!(autograd::token_log_prob(x.as_tensor(), &[target(17); 3]).is_err());

    let one = |x: f32| Var::new(&[[x, x]], &Device::Cpu).unwrap();
    let (x, mu, ln_b) = (one(0.5), one(1.0), one(0.0));
    let value = autograd::logit_laplace(x.as_tensor(), mu.as_tensor(), ln_b.as_tensor()).unwrap();
    let grads = value.sum_all().unwrap().backward().unwrap();
    // logit 0.5 = 0 lies below mu = 1: d/dmu = -1, d/d ln b = |0 - 1| - 1 = 0.
    assert!(
        numbers(grads.get(mu.as_tensor()).unwrap())
            .iter()
            .all(|slope| (slope + 1.0).abs() < 1e-6)
    );
    assert!(
        numbers(grads.get(ln_b.as_tensor()).unwrap())
            .iter()
            .all(|slope| slope.abs() < 1e-6)
    );
    assert!(grads.get(x.as_tensor()).is_none());
}

#[test]
fn a_mixed_codebook_is_the_product_of_samples_and_codebook() {
    let (rows, k, d) = (4, 33, 5);
    let (x, noise, codebook) = (
        variable(rows, k, "normal"),
        variable(rows, k, "spread 0.3"),
        variable(k, d, "normal"),
    );
    let noise = noise.as_tensor().detach();
    let weights = variable(rows, d, "outliers").as_tensor().detach();
    let run = |fused: bool, sample| {
        let (x, codebook) = (x.as_tensor(), codebook.as_tensor());
        let mixed = if fused {
            autograd::codebook_mix(x, &noise, codebook, 0.7, sample).unwrap()
        } else {
            let samples = autograd::gumbel_softmax(x, &noise, 0.7, sample).unwrap();
            samples.matmul(codebook).unwrap()
        };
        let grads = (&mixed * &weights).unwrap().sum_all().unwrap().backward().unwrap();
        let of = |tensor: &Tensor| numbers(grads.get(tensor).unwrap());
        [numbers(&mixed), of(x), of(codebook)]
    };
    for sample in [Sample::Relaxed, Sample::StraightThrough] {
        for (ours, composed) in run(true, sample).iter().zip(run(false, sample)) {
            for (ours, composed) in ours.iter().zip(composed) {
                assert!(
                    (ours - composed).abs() < 1e-4 * (1.0 + composed.abs()),
                    "{sample:?}: {ours} {composed}"
                );
            }
        }
    }
}

#[test]
fn what_cannot_be_read_is_refused_and_a_view_is_brought_in_order() {
    let integers = Tensor::zeros((2, 3), gpu::candle_core::DType::U32, &Device::Cpu).unwrap();
    let refused = autograd::entropy(&integers).unwrap_err().to_string();
    assert!(refused.contains("f32, f64, bf16 and f16"), "{refused}");
    let x = variable(4, 6, "normal");
    let other = variable(4, 5, "normal");
    assert!(autograd::kl_divergence(x.as_tensor(), other.as_tensor()).is_err());
    let [four, six] =
        [(4, 6), (6, 4)].map(|shape| Tensor::zeros(shape, gpu::candle_core::DType::F32, &Device::Cpu).unwrap());
    let mixed =
        |noise: &Tensor, codebook: &Tensor| autograd::codebook_mix(&four, noise, codebook, 1.0, Sample::Relaxed);
    assert!(autograd::gumbel_softmax(&four, &six, 1.0, Sample::Relaxed).is_err());
    assert!(mixed(&six, &six).is_err() && mixed(&four, &six.reshape((2, 3, 4)).unwrap()).is_err());
    assert!(mixed(&four, &six).is_ok());
    let turned = x.as_tensor().t().unwrap();
    let there = autograd::entropy(&turned).unwrap();
    let copied = autograd::entropy(&turned.contiguous().unwrap()).unwrap();
    assert_eq!(numbers(&there), numbers(&copied));
    assert_eq!(there.dims(), [6]);
}
