//! `elbo train`: trains encoder, decoder and transformer.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};
use dalle::ModelError;
use dalle::config::{Config, Load, MOST_TEXT, NAMED};
use dalle::train::{self, Flow, Line, Run};
use files::disk::text;
use files::words::one_line;
use indicatif::{ProgressBar, ProgressStyle};

use super::device::{DeviceName, open};
use super::output::{print, tell};
use super::signal::stopped;
use crate::outcome::{Outcome, Result};

/// Which stage to train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StageName {
    /// Encoder and decoder.
    Dvae,
    /// The transformer, on encoder and decoder that are there.
    Prior,
    /// One after the other.
    All,
}

/// Arguments of `train`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo train all --out run\n  elbo train all --out run --resume             after Ctrl-C, or kill -9\n  elbo train dvae --config my.toml --out other"
)]
pub(crate) struct Train {
    /// Encoder and decoder, the transformer on top of them, or both
    #[arg(value_enum)]
    stage: StageName,
    /// emoji, tiny, sweep, or a TOML file
    #[arg(long, default_value = "emoji")]
    config: String,
    /// Folder for checkpoints, the log and the model
    #[arg(long, default_value = "run")]
    out: PathBuf,
    /// Go on with what lies there
    #[arg(long)]
    resume: bool,
    /// Another seed than the configuration's
    #[arg(long)]
    seed: Option<u64>,
    /// Where to train; cuda without a device is an error, never a CPU run
    #[arg(long, value_enum, default_value_t = DeviceName::Cpu)]
    device: DeviceName,
}

pub(super) fn config(name: &str) -> Result<Config> {
    if NAMED.iter().any(|(known, _)| *known == name) || !Path::new(name).exists() {
        return Ok(Config::named(name)?);
    }
    let (path, shown) = (Path::new(name), one_line(name));
    let text = text(path, MOST_TEXT as u64).map_err(|error| format!("{shown}: {error}"))?;
    Config::parse(&text).map_err(|error| format!("{shown}: {error}").into())
}

/// Adds the name of the configuration to an error about it. Other errors already have names.
pub(super) fn of(config: &str) -> impl Fn(ModelError) -> ModelError {
    move |error| match error {
        ModelError::Config { .. } | ModelError::Memory { .. } | ModelError::Network(_) => error.at(config),
        other => other,
    }
}

/// A progress bar that shows the terms of the last step.
pub(super) struct Bar {
    pub(super) bar: ProgressBar,
    stop: &'static AtomicBool,
}

impl Bar {
    pub(super) fn new() -> Result<Self> {
        let bar = ProgressBar::new(0);
        let template = "{prefix} {bar:24} {pos}/{len} ({eta}) {msg}";
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Ok(Self { bar, stop: stopped()? })
    }

    pub(super) fn tell(&self, prefix: &str, line: &Line) -> Flow {
        self.bar.set_prefix(prefix.to_owned());
        self.bar.set_length(line.steps);
        self.bar.set_position(line.step);
        let shown = [
            ("reconstruction", "ln p(x|z)"),
            ("divergence", "KL"),
            ("bits_per_dim", "bits/dim"),
            ("ln_p_y", "ln p(y)"),
            ("ln_p_z_given_y", "ln p(z|y)"),
        ];
        let number = |name: &str| {
            line.numbers
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| *value)
        };
        let parts = shown
            .iter()
            .filter_map(|(name, word)| number(name).map(|value| format!("{word} {value:.2}")));
        let parts = parts.collect::<Vec<_>>().join("  ");
        // Where no bar is drawn, a line is printed at every checkpoint.
        if self.bar.is_hidden() && line.numbers.iter().any(|(name, _)| name.starts_with("validation.")) {
            tell(&format!("{prefix} {}/{}  {parts}", line.step, line.steps));
        }
        self.bar.set_message(parts);
        if self.stop.load(Ordering::Relaxed) {
            Flow::Stop
        } else {
            Flow::Go
        }
    }
}

pub(crate) fn run(args: &Train) -> Result<Outcome> {
    let mut config = config(&args.config)?;
    config.seed = args.seed.unwrap_or(config.seed);
    let device = open(args.device)?;
    // Both stages are checked before the hours of the first one.
    if args.stage != StageName::Prior {
        config
            .expect_memory(Load::FirstStage, &device)
            .map_err(of(&args.config))?;
    }
    if args.stage != StageName::Dvae {
        config
            .expect_memory(Load::SecondStage, &device)
            .map_err(of(&args.config))?;
    }
    let run = Run::open(&args.out, args.resume)?;
    let bar = Bar::new()?;
    let last = std::cell::RefCell::new(Vec::new());
    let mut watch = |line: &Line| {
        if line.step == line.steps {
            last.borrow_mut().push(line.clone());
        }
        bar.tell(line.stage, line)
    };
    if args.stage != StageName::Prior {
        train::first(&config, &run, &device, &mut watch).map_err(of(&args.config))?;
    }
    if args.stage != StageName::Dvae {
        train::second(&config, &run, &device, &mut watch).map_err(of(&args.config))?;
    }
    bar.bar.finish_and_clear();
    let mut text = String::new();
    for line in last.borrow().iter() {
        let seen = line.numbers.iter().filter_map(|(name, value)| {
            let name = name.strip_prefix("validation.")?;
            Some(format!("{} {value:.2}", name.replace('_', " ")))
        });
        let seen = seen.collect::<Vec<_>>().join(", ");
        text += &format!(
            "{}: {} steps on {}; validation: {seen}\n",
            line.stage,
            line.steps,
            device.name()
        );
    }
    print(&format!("{text}{}: the model\n", run.model().display()))?;
    Ok(Outcome::Stands)
}
