//! Training that stops, goes on and goes wrong, at a size of seconds.

use std::fs;
use std::path::Path;

use dalle::ModelError;
use dalle::checkpoint::Checkpoint;
use dalle::config::{Config, Dtype};
use dalle::network::Model;
use dalle::train::{Flow, Line, Run, first, second};
use gpu::device::{Device, Kind};

fn config() -> Config {
    let mut config = Config::named("tiny").unwrap();
    for training in [&mut config.dvae.training, &mut config.prior.training] {
        training.updates = 7;
        training.batch = 4;
        training.checkpoint = 3;
    }
    config
}

fn run(out: &Path, resume: bool) -> Run {
    Run::open(out, resume).unwrap()
}

fn all(config: &Config, run: &Run, watch: &mut dyn FnMut(&Line) -> Flow) -> Result<(), ModelError> {
    let device = Device::open(Kind::Cpu).unwrap();
    if !run.out.join("prior.safetensors").exists() {
        first(config, run, &device, watch)?;
    }
    second(config, run, &device, watch)
}

/// Interrupted after every second step, or not at all: the same bytes.
#[test]
fn an_interrupted_run_ends_as_an_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
    all(&config(), &run(&whole, false), &mut |_| Flow::Go).unwrap();
    let mut interruptions = 0;
    loop {
        let mut left = 2;
        let result = all(&config(), &run(&parts, true), &mut |_| {
            left -= 1;
            if left == 0 { Flow::Stop } else { Flow::Go }
        });
        match result {
            Ok(()) => break,
            Err(ModelError::Interrupted { .. }) => interruptions += 1,
            Err(other) => panic!("{other}"),
        }
        assert!(interruptions < 20);
    }
    assert!(interruptions >= 6, "{interruptions}");
    for name in [
        "dvae.safetensors",
        "prior.safetensors",
        "model.safetensors",
        "metrics.jsonl",
    ] {
        let [a, b] = [&whole, &parts].map(|folder| fs::read(folder.join(name)).unwrap());
        assert!(a == b, "{name} differs");
    }
    let log = fs::read_to_string(whole.join("metrics.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 14);
    assert!(log.lines().next().unwrap().contains("\"bits_per_dim\":"));
}

#[test]
fn a_run_is_not_overwritten_and_not_taken_up_with_another_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let device = Device::open(Kind::Cpu).unwrap();
    first(&config(), &run(folder.path(), false), &device, &mut |_| Flow::Go).unwrap();
    let again = first(&config(), &run(folder.path(), false), &device, &mut |_| Flow::Go).unwrap_err();
    assert!(
        again
            .to_string()
            .contains("dvae.safetensors holds a run, expected --resume"),
        "{again}"
    );
    let mut other = config();
    other.seed += 1;
    let again = first(&other, &run(folder.path(), true), &device, &mut |_| Flow::Go).unwrap_err();
    assert!(
        again
            .to_string()
            .contains("was trained with another configuration: seed is 1 there and 2 here"),
        "{again}"
    );
    let mut other = config();
    other.dvae.training.step_size.to = 0.5;
    let again = first(&other, &run(folder.path(), true), &device, &mut |_| Flow::Go).unwrap_err();
    assert!(
        again
            .to_string()
            .contains("dvae.training.step_size.to is 0.00005 there and 0.5 here"),
        "{again}"
    );
    let model = Model::read(folder.path(), &device).unwrap();
    assert!(
        model
            .transformer()
            .unwrap_err()
            .to_string()
            .starts_with("the model has no prior")
    );
}

/// Layers in `bf16`, three digits of them: the loss begins where it does in `f32`, and falls.
#[test]
fn half_the_digits_train_too() {
    let device = Device::open(Kind::Cpu).unwrap();
    let losses = |dtype: Dtype| {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config { dtype, ..config() };
        (config.dvae.training.updates, config.dvae.training.warm_up) = (30, 1);
        let mut losses = Vec::new();
        let mut watch = |line: &Line| {
            losses.push(line.numbers[0].1);
            Flow::Go
        };
        first(&config, &run(folder.path(), false), &device, &mut watch).unwrap();
        losses
    };
    let (single, half) = (losses(Dtype::F32), losses(Dtype::Bf16));
    assert!((single[0] - half[0]).abs() < 0.05, "{single:?} {half:?}");
    assert!(single.iter().zip(&half).any(|(a, b)| a.to_bits() != b.to_bits()));
    let last = |losses: &[f64]| losses[25..].iter().sum::<f64>() / 5.0;
    assert!(last(&half) < half[0] - 0.2, "{half:?}");
    assert!((last(&half) - last(&single)).abs() < 0.2, "{single:?} {half:?}");
}

#[test]
fn what_explodes_is_stopped_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    let device = Device::open(Kind::Cpu).unwrap();
    let mut config = config();
    config.dvae.training.updates = 60;
    config.dvae.training.warm_up = 6;
    config.dvae.training.step_size.from = 100.0;
    config.dvae.training.clip = 0.0;
    let error = first(&config, &run(folder.path(), false), &device, &mut |_| Flow::Go).unwrap_err();
    let ModelError::Diverged { stage, what, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*stage, "dvae");
    assert!(
        what.starts_with("the loss is ") || what.starts_with("the gradient of "),
        "{what}"
    );
    assert!(!folder.path().join("model.safetensors").exists());
}

#[test]
fn configurations_that_cannot_be_are_refused_by_their_key() {
    let text = config().to_toml().unwrap();
    assert_eq!(Config::parse(&text).unwrap(), config());
    for (from, to, message) in [
        (
            "batch = 4",
            "batch = 0",
            "configuration: dvae.training.batch is 0, expected at least 1",
        ),
        (
            "beta_1 = 0.9",
            "beta_1 = 1.0",
            "configuration: dvae.training.beta_1 is 1, expected a number in [0, 1)",
        ),
        ("groups = 5", "groups = 9", "the number of groups is 9, expected 1 to 6"),
        ("kernel = ", "kernels = ", "configuration: line "),
        (
            "to = 0.0625",
            "to = 0.0",
            "configuration: dvae.temperature.to is 0, expected a number in [1e-3, 1e3]",
        ),
    ] {
        assert!(text.contains(from), "{from} is not in\n{text}");
        let found = Config::parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(found.starts_with(message), "{found}");
    }
    assert!(
        Config::named("huge")
            .unwrap_err()
            .to_string()
            .ends_with("expected emoji, tiny, sweep or a file")
    );
}

#[test]
fn files_that_are_no_model_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let device = Device::open(Kind::Cpu).unwrap();
    let path = folder.path().join("odd.safetensors");
    fs::write(&path, b"nothing").unwrap();
    let message = Model::read(&path, &device).unwrap_err().to_string();
    assert!(
        message.ends_with("odd.safetensors: not a safetensors file, its length is 7 bytes, expected at least 8 for the length of the header"),
        "{message}"
    );
    let missing = Model::read(&folder.path().join("none"), &device)
        .unwrap_err()
        .to_string();
    assert!(missing.contains("none: "), "{missing}");
}

#[test]
fn the_shipped_models_are_those_of_the_configurations() {
    let device = Device::open(Kind::Cpu).unwrap();
    assert_eq!(Model::shipped(&device).unwrap().config, Config::named("emoji").unwrap());
    assert_eq!(Model::tiny(&device).unwrap().config, Config::named("tiny").unwrap());
}

#[test]
fn a_folder_is_trained_into_by_one_run_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let held = run(folder.path(), false);
    let other = Run::open(folder.path(), true).unwrap_err().to_string();
    assert!(
        other.ends_with("is written to by another training, expected that one to end first, or another --out"),
        "{other}"
    );
    drop(held);
    Run::open(folder.path(), true).unwrap();
}

#[test]
fn what_cannot_be_written_at_the_end_is_refused_before_the_first_step() {
    let device = Device::open(Kind::Cpu).unwrap();
    for name in ["dvae.safetensors", "model.safetensors", "metrics.jsonl"] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(name)).unwrap();
        let error = first(&config(), &run(folder.path(), true), &device, &mut |_| {
            panic!("a step was taken")
        });
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains(name) && error.ends_with("it exists and is no regular file"),
            "{error}"
        );
    }
}

#[test]
fn a_state_is_saved_before_anybody_is_told_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let device = Device::open(Kind::Cpu).unwrap();
    let state = folder.path().join("dvae.safetensors");
    let mut told = 0;
    let mut watch = |line: &Line| {
        if line.numbers.iter().any(|(name, _)| name.starts_with("validation.")) {
            let saved = Checkpoint::read(&state).unwrap().training.unwrap();
            assert_eq!(saved.step, line.step);
            told += 1;
        }
        Flow::Go
    };
    first(&config(), &run(folder.path(), false), &device, &mut watch).unwrap();
    assert!(told > 0);
}
