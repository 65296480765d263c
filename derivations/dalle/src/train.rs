//! The training loop, which can be stopped anywhere and resumed.

mod run;
mod shares;
mod stage;
mod stages;

use std::path::Path;

use gpu::device::Device;
use gpu::network::Parameters;

pub use run::{METRICS, Run};
pub use shares::{Step, step};
pub use stage::{Flow, Line, Part, Share, Stage, Terms, Watch};
pub use stages::{FirstStage, SecondStage};

use crate::ModelError;
use crate::checkpoint::{self, Checkpoint, Progress};
use crate::config::{Config, Load};
use crate::optimiser::AdamW;
use crate::parameters::expect_finite_parameters;
use crate::text::Vocabulary;

/// The largest rise of a loss above its first value, in nats per dimension or token. No noise of a batch reaches it, so
/// a larger rise is divergence.
const EXPLOSION: f64 = 20.0;

/// Trains a stage to its end. The results are the average of the iterates, and whether any step was taken.
///
/// # Errors
/// [`ModelError::Diverged`]. [`ModelError::Interrupted`], after the state was saved. [`ModelError::Io`] and
/// [`ModelError::File`].
pub fn train<S: Stage>(
    stage: &S,
    run: &Run,
    config: &Config,
    vocabulary: &Vocabulary,
    watch: Watch<'_>,
) -> Result<(Parameters, bool), ModelError> {
    let training = stage.training();
    let mut optimiser = AdamW::new(stage.variables(), training)?;
    let path = run.checkpoint(S::NAME);
    let mut first_loss = None;
    if run.resume && path.exists() {
        first_loss = Some(restore(&mut optimiser, config, &path)?);
    }
    run.cut_log(S::NAME, optimiser.step())?;
    let save = |optimiser: &AdamW, first_loss: f64| state(config, vocabulary, optimiser, first_loss).write(&path);
    let (steps, began) = (training.updates, optimiser.step());
    while optimiser.step() < steps {
        let step = optimiser.step();
        let diverged = |what: String| ModelError::Diverged {
            stage: S::NAME,
            step,
            what,
            checkpoint: if path.exists() {
                path.display().to_string()
            } else {
                "none".to_owned()
            },
        };
        let (first, mut numbers) = descend(stage, &mut optimiser, config, &mut first_loss, &diverged)?;
        let done = optimiser.step();
        let at_checkpoint = done.is_multiple_of(training.checkpoint) || done == steps;
        if at_checkpoint {
            numbers.extend(validated(stage, &optimiser)?);
        }
        if let Some((name, value)) = numbers.iter().find(|(_, value)| !value.is_finite()) {
            return Err(diverged(format!("{} is {value}", name.replace('_', " "))));
        }
        let line = Line {
            stage: S::NAME,
            step: done,
            steps,
            numbers,
        };
        run.log(&line)?;
        // The state is saved before the watcher is called, because the watcher may never return.
        if at_checkpoint {
            save(&optimiser, first)?;
        }
        let flow = watch(&line);
        if flow == Flow::Stop && !at_checkpoint {
            save(&optimiser, first)?;
        }
        if flow == Flow::Stop && done < steps {
            return Err(ModelError::Interrupted {
                stage: S::NAME,
                step: done,
                steps,
                checkpoint: path,
            });
        }
    }
    Ok((Parameters::new(optimiser.averages()), optimiser.step() > began))
}

/// Restores the optimiser from a saved state of training, and returns the first loss of that training.
fn restore(optimiser: &mut AdamW, config: &Config, path: &Path) -> Result<f64, ModelError> {
    let saved = Checkpoint::read(path)?;
    if let Some(difference) = config.difference(&saved.config) {
        return Err(ModelError::Lacks {
            what: format!(
                "{} was trained with another configuration: {difference}",
                path.display()
            ),
            expected: "the same, or another --out",
        });
    }
    let progress = saved.training.ok_or_else(|| ModelError::File {
        source_name: path.display().to_string(),
        what: "it is a model".to_owned(),
        expected: "a state of training".to_owned(),
    })?;
    optimiser.restore(&saved.tensors, progress.step, &saved.source)?;
    Ok(progress.first_loss)
}

/// The state of a training, as a checkpoint from which it can be taken up again.
fn state(config: &Config, vocabulary: &Vocabulary, optimiser: &AdamW, first_loss: f64) -> Checkpoint {
    Checkpoint {
        config: config.clone(),
        vocabulary: vocabulary.clone(),
        tensors: optimiser.state(),
        training: Some(Progress {
            step: optimiser.step(),
            first_loss,
        }),
        source: String::new(),
    }
}

/// Takes one step down the loss, and returns the loss of the first step with the numbers of this one.
fn descend<S: Stage>(
    stage: &S,
    optimiser: &mut AdamW,
    config: &Config,
    first_loss: &mut Option<f64>,
    diverged: &dyn Fn(String) -> ModelError,
) -> Result<(f64, Vec<(String, f64)>), ModelError> {
    let parameters = stage.variables().parameters().to_dtype(config.dtype.candle())?;
    let Step { loss, parts, gradients } = shares::step(stage, &parameters, optimiser.step())?;
    drop(parameters);
    let first = *first_loss.get_or_insert(loss);
    if !(loss.is_finite() && loss <= first + EXPLOSION) {
        return Err(diverged(format!("the loss is {loss}, after {first} at the first step")));
    }
    let taken = optimiser.descend(&gradients)?.map_err(diverged)?;
    let mut numbers = vec![("loss".to_owned(), loss)];
    numbers.extend(parts.iter().map(|(name, value)| ((*name).to_owned(), *value)));
    numbers.push(("gradient_norm".to_owned(), taken.norm));
    numbers.push(("step_size".to_owned(), taken.size));
    Ok((first, numbers))
}

/// The parts of the loss on the validation images, with the average of the iterates.
fn validated<S: Stage>(stage: &S, optimiser: &AdamW) -> Result<Vec<(String, f64)>, ModelError> {
    let parameters = Parameters::new(optimiser.averages());
    let mut sums: Vec<(String, f64)> = Vec::new();
    let mut images = 0.0;
    for batch in 0..stage.validation_batches() {
        let terms = stage.terms(&parameters, Part::Validation(batch, optimiser.step()), Share::WHOLE)?;
        #[expect(clippy::cast_precision_loss, reason = "a number of images")]
        let weight = terms.images as f64;
        images += weight;
        for (place, (name, value)) in terms.parts.into_iter().enumerate() {
            match sums.get_mut(place) {
                Some((_, sum)) => *sum += weight * value,
                None => sums.push((format!("validation.{name}"), weight * value)),
            }
        }
    }
    Ok(sums.into_iter().map(|(name, sum)| (name, sum / images)).collect())
}

/// Learns the encoding of captions on the training part.
///
/// # Errors
/// [`ModelError::Caption`] where a caption of any part has more tokens than text positions.
pub fn vocabulary(config: &Config, data: &crate::data::Data) -> Result<Vocabulary, ModelError> {
    let captions = data.of(crate::data::Split::Train);
    let captions: Vec<&str> = captions.into_iter().map(|index| data.caption(index)).collect();
    let learned = Vocabulary::learn(&captions, config.prior.vocabulary, config.prior.text)?;
    // The captions of all parts are checked, because one that does not fit would end a run much later.
    for index in 0..data.len() {
        learned.encode(data.caption(index))?;
    }
    if learned.len() == config.prior.vocabulary {
        return Ok(learned);
    }
    Err(ModelError::Config {
        key: "prior.vocabulary".to_owned(),
        value: config.prior.vocabulary.to_string(),
        expected: "as many tokens as the captions' encoding has: more than their characters, no more than they have pairs to merge",
    })
}

/// Trains the first stage, encoder and decoder, to its end, and writes them as a model without a prior.
///
/// # Errors
/// Those of [`train`]. [`ModelError::Memory`], before anything is written, for a configuration that does not fit into
/// memory.
pub fn first(config: &Config, run: &Run, device: &Device, watch: Watch<'_>) -> Result<(), ModelError> {
    config.expect_memory(Load::FirstStage, device)?;
    let data = crate::data::Data::embedded()?;
    run.begin(FirstStage::NAME)?;
    let vocabulary = vocabulary(config, &data)?;
    let stage = FirstStage::new(config, &data, device)?;
    let (averages, trained) = train(&stage, run, config, &vocabulary, watch)?;
    // A run that was already at its end may have got a prior since, which must not be overwritten.
    if !trained && run.model().exists() {
        return Ok(());
    }
    write_model(run, config, &vocabulary, &averages)
}

/// Trains the second stage to its end, on top of the model in the folder.
///
/// # Errors
/// Those of [`first`], and [`ModelError::Lacks`] where the first stage has left no model.
pub fn second(config: &Config, run: &Run, device: &Device, watch: Watch<'_>) -> Result<(), ModelError> {
    config.expect_memory(Load::SecondStage, device)?;
    let data = crate::data::Data::embedded()?;
    let first = checkpoint::of_folder(&run.out)?;
    run.begin(SecondStage::NAME)?;
    let model = Checkpoint::read(&first)?;
    let vocabulary = model.vocabulary.clone();
    let model = crate::network::Model::of(model, device)?;
    let stage = SecondStage::new(config, &data, model, device)?;
    let (averages, _) = train(&stage, run, config, &vocabulary, watch)?;
    let kept = stage.first_stage();
    write_model(run, config, &vocabulary, &kept.joined(&averages))
}

fn write_model(run: &Run, config: &Config, vocabulary: &Vocabulary, averages: &Parameters) -> Result<(), ModelError> {
    expect_finite_parameters(averages)?;
    let tensors = averages.iter().map(|(name, tensor)| (name.to_owned(), tensor.clone()));
    let model = Checkpoint {
        config: config.clone(),
        vocabulary: vocabulary.clone(),
        tensors: tensors.collect(),
        training: None,
        source: String::new(),
    };
    model.write(&run.model())
}
