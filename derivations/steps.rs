//! One training step of both stages on a device, against the same step on the CPU: the loss, every gradient, every number that the update leaves.

use std::collections::BTreeMap;

use gpu::autograd::composed;
use gpu::device::{Device, Kind};
use gpu::network::Parameters;
use gpu::transfer::download;
use gpu::{GradStore, Tensor, Var};
use model::ModelError;
use model::config::Config;
use model::data::Data;
use model::network::Model;
use model::optimiser::AdamW;
use model::train::{FirstStage, Part, SecondStage, Share, Stage, Step, step};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use crate::precision::{Storage, step_bound, update_bound};

/// A stage's first step on a device beside the CPU's.
#[derive(Debug, Clone, serde::Serialize)]
pub struct StepReport {
    /// `dvae` or `prior`.
    pub stage: &'static str,
    /// The loss there and on the CPU.
    pub loss: [f64; 2],
    /// Numbers compared.
    pub compared: usize,
    /// The largest share of a bound that is used.
    pub worst: f64,
    /// Where that is.
    pub worst_at: String,
    /// What is beyond its bound.
    pub beyond: Vec<String>,
}

type Gradients = BTreeMap<String, Vec<f64>>;

/// Draws of moved parameters: enough that the farthest is typical.
const DRAWS: u64 = 3;

/// The first step of both stages, from fresh parameters, on a batch of so many images. Where the device is the CPU: of layers composed of candle's
/// operations.
///
/// # Errors
/// [`ModelError`]; a disagreement is a finding in the reports.
pub fn agree(model: &Model, data: &Data, images: usize, device: &Device) -> Result<Vec<StepReport>, ModelError> {
    let cpu = Device::open(Kind::Cpu)?;
    let mut config = model.config.clone();
    config.dvae.training.batch = images;
    config.prior.training.batch = images;
    // Where codes come from is not what is compared: both sides have the CPU's.
    let mut first = model.on(&cpu)?;
    first.config = config.clone();
    let dvae = |device| FirstStage::new(&config, data, device);
    let prior = |device| SecondStage::new(&config, data, first.clone(), device);
    Ok(vec![
        beside(&config, &dvae(device)?, &dvae(&cpu)?)?,
        beside(&config, &prior(device)?, &prior(&cpu)?)?,
    ])
}

/// A stage's first step beside that of the same stage on the CPU.
///
/// # Errors
/// As [`agree`].
pub fn beside<S: Stage>(config: &Config, there: &S, here: &S) -> Result<StepReport, ModelError> {
    let run = |stage: &S| -> Result<(f64, Gradients), ModelError> {
        let parameters = stage.variables().parameters().to_dtype(config.dtype.candle())?;
        let Step { loss, gradients, .. } = step(stage, &parameters, 0)?;
        Ok((loss, of_variables(stage.variables().iter(), &gradients)?))
    };
    let (loss_here, here_by_name) = run(here)?;
    let (loss_there, there_by_name) = composed(|| run(there))?; // as any device has it
    let mut report = StepReport {
        stage: S::NAME,
        loss: [loss_there, loss_here],
        compared: 0,
        worst: 0.0,
        worst_at: String::new(),
        beyond: Vec::new(),
    };
    // Sums in another order, and parameters that are moved: what rounding does to a step.
    let mut others = vec![composed(|| run(here))?];
    for seed in 0..DRAWS {
        others.push(moved(here, config, seed)?);
    }
    let farthest = |distance: &dyn Fn(&(f64, Gradients)) -> f64| others.iter().map(distance).fold(0.0, f64::max);
    let spread = farthest(&|(loss, _)| (loss - loss_here).abs());
    report.add("loss", 1, (loss_there - loss_here).abs(), step_bound(spread));
    for (name, expected) in &here_by_name {
        let spread = farthest(&|(_, gradients)| distance(&gradients[name], expected));
        let off = distance(&there_by_name[name], expected);
        report.add(
            &format!("the gradient of {name}"),
            expected.len(),
            off,
            step_bound(spread),
        );
    }
    updates(&mut report, there, here, &here_by_name)?;
    Ok(report)
}

impl StepReport {
    fn add(&mut self, what: &str, numbers: usize, off: f64, bound: f64) {
        self.compared += numbers;
        let share = if off == 0.0 { 0.0 } else { off / bound };
        if !(share <= 1.0) {
            self.beyond.push(what.to_owned());
        }
        if !(share <= self.worst) {
            self.worst = share;
            what.clone_into(&mut self.worst_at);
        }
    }
}

/// Root of the sum of squares; NaN where the lengths differ.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    if a.len() == b.len() { squares.sqrt() } else { f64::NAN }
}

fn of_variables<'a>(
    variables: impl Iterator<Item = (&'a str, &'a Var)>,
    store: &GradStore,
) -> Result<Gradients, ModelError> {
    let of = |(name, variable): (&str, &Var)| {
        let gradient = store
            .get(variable)
            .map_or_else(|| variable.zeros_like(), |gradient| Ok(gradient.clone()))?;
        Ok((name.to_owned(), download(&gradient)?))
    };
    variables.map(of).collect()
}

/// Loss and gradients where every parameter is moved, up or down, by as many roundings as the widest layer has.
fn moved<S: Stage>(stage: &S, config: &Config, seed: u64) -> Result<(f64, Gradients), ModelError> {
    let mut rng: ChaCha8Rng = rand::SeedableRng::seed_from_u64(seed);
    let inputs = |variable: &Var| variable.dims().iter().skip(1).product::<usize>();
    let widest = stage
        .variables()
        .iter()
        .map(|(_, variable)| inputs(variable))
        .max()
        .unwrap_or(1);
    #[expect(clippy::cast_precision_loss, reason = "a layer's width")]
    let by = widest as f64 * Storage::F32.computed;
    let mut variables = BTreeMap::new();
    for (name, variable) in stage.variables().iter() {
        let signs = (0..variable.elem_count()).map(|_| if rng.random::<bool>() { 1.0 + by } else { 1.0 - by });
        let factors = Tensor::from_iter(signs, variable.device())?.reshape(variable.dims())?;
        let numbers = (variable.as_tensor().to_dtype(gpu::DType::F64)? * factors)?.to_dtype(variable.dtype())?;
        variables.insert(name.to_owned(), Var::from_tensor(&numbers.detach())?);
    }
    let named = variables
        .iter()
        .map(|(name, variable)| (name.clone(), variable.as_tensor().clone()));
    let parameters = Parameters::new(named.collect()).to_dtype(config.dtype.candle())?;
    let loss = stage.terms(&parameters, Part::Step(0), Share::WHOLE)?.loss;
    let store = loss.backward()?;
    let named = variables.iter().map(|(name, variable)| (name.as_str(), variable));
    Ok((f64::from(loss.to_scalar::<f32>()?), of_variables(named, &store)?))
}

/// One step of the optimiser on both sides down the same gradients.
fn updates<S: Stage>(report: &mut StepReport, there: &S, here: &S, gradients: &Gradients) -> Result<(), ModelError> {
    let descended = |stage: &S| -> Result<(f64, BTreeMap<String, Tensor>), ModelError> {
        let mut optimiser = AdamW::new(stage.variables(), stage.training())?;
        let size = optimiser.size();
        // The slopes of the sum of variables times gradients are the gradients, to the bit.
        let mut sum = Tensor::zeros((), gpu::DType::F32, variable_device(stage))?;
        for (name, variable) in stage.variables().iter() {
            let slopes = Tensor::from_slice(&gradients[name], variable.dims(), variable.device())?;
            sum = (sum + (variable.as_tensor() * slopes.to_dtype(variable.dtype())?)?.sum_all()?)?;
        }
        optimiser.descend(&sum.backward()?)?.map_err(|what| ModelError::Lacks {
            what,
            expected: "a finite gradient of every parameter",
        })?;
        Ok((size, optimiser.state()))
    };
    let ((size, found), (_, expected)) = (descended(there)?, descended(here)?);
    let squares = expected.values().map(Tensor::elem_count).max().unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "a tensor's numbers")]
    let squares = squares as f64;
    for (name, expected) in &expected {
        let (found, expected) = (download(&found[name])?, download(expected)?);
        let moment = name.contains("moment.");
        let bound = |x: f64| {
            if moment {
                update_bound(x.abs(), squares)
            } else {
                update_bound(x.abs() + size, 0.0)
            }
        };
        let worst = found.iter().zip(&expected).map(|(a, b)| ((a - b).abs(), bound(*b)));
        let worst = worst.max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
        let (off, bound) = worst
            .filter(|_| found.len() == expected.len())
            .unwrap_or((f64::NAN, 0.0));
        report.add(&format!("{name} after the step"), expected.len(), off, bound);
    }
    Ok(())
}

fn variable_device<S: Stage>(stage: &S) -> &gpu::candle_core::Device {
    stage
        .variables()
        .iter()
        .next()
        .map_or(&gpu::candle_core::Device::Cpu, |(_, variable)| variable.device())
}
