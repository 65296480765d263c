//! Compares a training step of both stages on a device with the same step on the CPU: the loss, every gradient, and
//! every number that the update changes.

use std::collections::BTreeMap;

use agree::bounds::{moved_by, step_bound, update_bound};
use gpu::device::{Device, Kind};
use gpu::transfer::download;
use gpu::{DType, GradStore, Tensor, Var};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::ModelError;
use crate::config::{EDGE, Training};
use crate::data::Data;
use crate::network::Model;
use crate::optimiser::AdamW;
use crate::parameters::Variables;
use crate::train::{FirstStage, Part, SecondStage, Share, Stage, Step, step};

/// The comparison of the first step of a stage on a device with that on the CPU.
#[derive(Debug, Clone, serde::Serialize)]
pub struct StepReport {
    /// `dvae` or `prior`.
    pub stage: &'static str,
    /// The loss on the device, and that on the CPU.
    pub loss: [f64; 2],
    /// The number of values that were compared.
    pub compared: usize,
    /// The largest error, in units of its bound.
    pub worst: f64,
    /// The name of the quantity with that error.
    pub worst_at: String,
    /// The names of the quantities beyond their bound.
    pub beyond: Vec<String>,
}

type Gradients = BTreeMap<String, Vec<f64>>;

/// The number of draws of perturbed parameters, from which the conditioning of the step is estimated.
const DRAWS: u64 = 3;

/// Compares the first step of both stages, from fresh parameters, on a batch of `images` images. The device computes in
/// single precision, and the CPU in double precision.
///
/// # Errors
/// [`ModelError`]. A disagreement is not an error, but a finding in the reports.
pub fn agree(model: &Model, data: &Data, images: usize, device: &Device) -> Result<Vec<StepReport>, ModelError> {
    let cpu = Device::open(Kind::Cpu)?;
    // The drawing of codes is not compared here, so both sides use the codes of the CPU.
    let mut first = model.on(&cpu)?;
    first.config.dvae.training.batch = images;
    first.config.prior.training.batch = images;
    let config = first.config.clone();
    let dvae = |device| FirstStage::new(&config, data, device);
    let prior = |device| SecondStage::new(&config, data, first.clone(), device);
    Ok(vec![
        beside(&dvae(device)?, &dvae(&cpu)?)?,
        beside(&prior(device)?, &prior(&cpu)?)?,
    ])
}

/// Compares the first step of a stage with that of the same stage on the CPU, which is computed in double precision.
///
/// # Errors
/// Those of [`agree()`].
pub fn beside<S: Stage>(there: &S, here: &S) -> Result<StepReport, ModelError> {
    let run = |stage: &S, dtype| -> Result<(f64, Gradients), ModelError> {
        let Step { loss, gradients, .. } = step(stage, &stage.variables().parameters().to_dtype(dtype)?, 0)?;
        Ok((loss, of_variables(stage.variables(), &gradients)?))
    };
    let (found_loss, found) = run(there, DType::F32)?;
    let (loss, gradients) = run(here, DType::F64)?;
    let mut report = StepReport {
        stage: S::NAME,
        loss: [found_loss, loss],
        compared: 0,
        worst: 0.0,
        worst_at: String::new(),
        beyond: Vec::new(),
    };
    let draws = (0..DRAWS)
        .map(|seed| moved(here, seed))
        .collect::<Result<Vec<_>, _>>()?;
    // NaN is kept, because a bound that is NaN accepts nothing.
    let larger = |most: f64, next: f64| if next > most || next.is_nan() { next } else { most };
    let farthest = |distance: &dyn Fn(&(f64, Gradients)) -> f64| draws.iter().map(distance).fold(0.0, larger);
    // A gradient is a sum over the pixels of the batch.
    #[expect(clippy::cast_precision_loss, reason = "a number of pixels")]
    let addends = (there.training().batch * EDGE * EDGE) as f64;
    let spread = farthest(&|(moved, _)| (moved - loss).abs());
    report.add(
        "loss",
        1,
        (found_loss - loss).abs(),
        step_bound(spread, addends, loss.abs()),
    );
    // All tensors of a layer have similar addends in their gradients. The size of the addends is taken from the layer,
    // because a gradient itself can cancel: that of a key's bias is 0.
    let mut of_layer: BTreeMap<&str, f64> = BTreeMap::new();
    for (name, gradient) in &gradients {
        let largest = of_layer.entry(layer(name)).or_default();
        *largest = largest.max(root_mean_square(gradient));
    }
    for (name, expected) in &gradients {
        let spread = farthest(&|(_, moved)| distance(&moved[name], expected));
        #[expect(clippy::cast_precision_loss, reason = "a tensor's numbers")]
        let size = of_layer[layer(name)] * (expected.len() as f64).sqrt();
        let off = distance(&found[name], expected);
        report.add(
            &format!("the gradient of {name}"),
            expected.len(),
            off,
            step_bound(spread, addends, size),
        );
    }
    updates(&mut report, there, here, &gradients)?;
    Ok(report)
}

impl StepReport {
    fn add(&mut self, what: &str, numbers: usize, off: f64, bound: f64) {
        self.compared += numbers;
        let share = if off == 0.0 { 0.0 } else { off / bound };
        if !(share <= 1.0) {
            self.beyond.push(what.to_owned());
        }
        if !(share <= self.worst || self.worst.is_nan()) {
            self.worst = share;
            what.clone_into(&mut self.worst_at);
        }
    }
}

/// The layer to which a parameter belongs: its name without the last word.
fn layer(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(layer, _)| layer)
}

#[expect(clippy::cast_precision_loss, reason = "a tensor's numbers")]
fn root_mean_square(numbers: &[f64]) -> f64 {
    (numbers.iter().map(|x| x * x).sum::<f64>() / numbers.len() as f64).sqrt()
}

/// The Euclidean distance of two vectors. It is NaN where their lengths differ.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    if a.len() == b.len() { squares.sqrt() } else { f64::NAN }
}

fn of_variables(variables: &Variables, store: &GradStore) -> Result<Gradients, ModelError> {
    let of = |(name, variable): (&str, &Var)| {
        let gradient = store
            .get(variable)
            .map_or_else(|| variable.zeros_like(), |gradient| Ok(gradient.clone()))?;
        Ok((name.to_owned(), download(&gradient)?))
    };
    variables.iter().map(of).collect()
}

/// The loss and the gradients after every parameter was moved, up or down at random, by the rounding error of the
/// widest layer.
fn moved<S: Stage>(stage: &S, seed: u64) -> Result<(f64, Gradients), ModelError> {
    let mut rng: ChaCha8Rng = rand::SeedableRng::seed_from_u64(seed);
    let inputs = |(_, variable): (&str, &Var)| variable.dims().iter().skip(1).product::<usize>();
    let widest = stage.variables().iter().map(inputs).max().unwrap_or(1);
    #[expect(clippy::cast_precision_loss, reason = "a layer's width")]
    let by = moved_by(widest as f64);
    let moved = stage.variables().iter().map(|(name, variable)| {
        let factors = (0..variable.elem_count()).map(|_| if rng.random::<bool>() { 1.0 + by } else { 1.0 - by });
        let factors = Tensor::from_iter(factors, variable.device())?.reshape(variable.dims())?;
        let numbers = (variable.as_tensor().to_dtype(DType::F64)? * factors)?;
        Ok((name.to_owned(), Var::from_tensor(&numbers.detach())?))
    });
    let moved = moved.collect::<Result<Variables, ModelError>>()?;
    let loss = stage.terms(&moved.parameters(), Part::Step(0), Share::WHOLE)?.loss;
    let gradients = of_variables(&moved, &loss.backward()?)?;
    Ok((f64::from(loss.to_scalar::<f32>()?), gradients))
}

/// The norm of the gradients that the optimiser reported, and its state afterwards.
type Left = (f64, BTreeMap<String, Tensor>);

/// Compares two steps of the optimiser on both sides, along the same gradients. The second step has half of them. The
/// steps have their full size, the weights decay visibly, and the gradients are clipped.
fn updates<S: Stage>(report: &mut StepReport, there: &S, here: &S, gradients: &Gradients) -> Result<(), ModelError> {
    let norm = gradients.values().flatten().map(|x| x * x).sum::<f64>().sqrt();
    let training = Training {
        warm_up: 1,
        weight_decay: 0.1,
        clip: norm / 8.0,
        ..here.training()
    };
    let left = |stage: &S| -> Result<Left, ModelError> {
        let mut optimiser = AdamW::new(stage.variables(), training)?;
        let mut norm = 0.0;
        for share in [1.0, 0.5] {
            let taken = optimiser.descend(&slopes(stage, gradients, share)?)?;
            let refused = |what| ModelError::Lacks {
                what,
                expected: "a finite gradient of every parameter",
            };
            norm = taken.map_err(refused)?.norm;
        }
        Ok((norm, optimiser.state()))
    };
    let ((found_norm, found), (norm, expected)) = (left(there)?, left(here)?);
    #[expect(clippy::cast_precision_loss, reason = "a tensor's numbers")]
    let squares = gradients.values().map(Vec::len).max().unwrap_or(0) as f64;
    report.add(
        "the gradients' norm",
        1,
        (found_norm - norm).abs(),
        update_bound(norm, squares),
    );
    // A wrong norm clips by a wrong factor. This corrects for it, so that one mistake is not reported again for every
    // tensor.
    let clipped = norm / found_norm;
    for (name, expected) in &expected {
        let (found, expected) = (download(&found[name])?, download(expected)?);
        let (factor, step) = match name.split_once('.') {
            Some(("first_moment", _)) => (clipped, 0.0),
            Some(("second_moment", _)) => (clipped * clipped, 0.0),
            _ => (1.0, training.step_size.from),
        };
        let each = found.iter().zip(&expected).map(|(found, x)| {
            let x = x * factor;
            let bound = update_bound(x.abs() + step, 0.0) + step * (clipped - 1.0).abs();
            ((found - x).abs(), bound)
        });
        let worst = each.max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
        let (off, bound) = worst
            .filter(|_| found.len() == expected.len())
            .unwrap_or((f64::NAN, 0.0));
        report.add(&format!("{name} after two steps"), expected.len(), off, bound);
    }
    Ok(())
}

/// The gradients, multiplied by `share`, in the form that the optimiser takes. They are the derivatives of the sum of
/// variables times these numbers, which equal the numbers to the bit.
fn slopes<S: Stage>(stage: &S, gradients: &Gradients, share: f64) -> Result<GradStore, ModelError> {
    let mut sum: Option<Tensor> = None;
    for (name, variable) in stage.variables().iter() {
        let slopes: Vec<f64> = gradients[name].iter().map(|x| x * share).collect();
        let slopes = Tensor::from_vec(slopes, variable.dims(), variable.device())?.to_dtype(DType::F32)?;
        let part = (variable.as_tensor() * slopes)?.sum_all()?;
        sum = Some(match sum {
            Some(sum) => (sum + part)?,
            None => part,
        });
    }
    let sum = sum.ok_or_else(|| ModelError::Lacks {
        what: "a stage without variables".to_owned(),
        expected: "some",
    })?;
    Ok(sum.backward()?)
}
