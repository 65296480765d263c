//! `elbo sweep-beta`: runs or shows the experiment over the weight on the divergence.

use std::path::{Path, PathBuf};

use clap::Args;
use dalle::checkpoint::write_whole;
use dalle::report::sweep as report;
use dalle::sweep::{self, BETAS, Point};
use dalle::train::{self, Run, Stage as _};
use serde::{Deserialize, Serialize};
use worlds::case::expect_writable;

use super::device::{DeviceName, open};
use super::output::{pretty, print};
use super::train::{Bar, config, of};
use crate::arguments::Format;
use crate::outcome::{Outcome, Result};

/// Arguments of `sweep-beta`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  elbo sweep-beta --out sweep          goes on wherever it was stopped\n  elbo sweep-beta --shipped            what it came to"
)]
pub(crate) struct SweepBeta {
    /// Folder for the runs, the table (sweep.csv) and the pictures
    #[arg(long, default_value = "sweep")]
    out: PathBuf,
    /// The weights; without them 0, 0.5, 1, 2, 4, 6.6 and 10
    #[arg(long, value_delimiter = ',', allow_negative_numbers = true)]
    betas: Vec<f64>,
    /// Seeds at each weight, from 1
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    seeds: u64,
    /// emoji, tiny, sweep, or a TOML file
    #[arg(long, default_value = "sweep")]
    config: String,
    /// Trains nothing: the table of the sweep that the program carries
    #[arg(long, conflicts_with_all = ["out", "betas", "seeds", "config"])]
    shipped: bool,
    /// How to write the table
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// The result of the sweep that comes with the program. `make sweep` makes it.
const SHIPPED: &str = include_str!("../../../data/sweep.json");

/// The name of the table in the sweep's folder.
const TABLE: &str = "sweep.csv";

/// The result of a sweep, as it is written in JSON.
#[derive(Serialize, Deserialize)]
struct Sweep {
    schema: String,
    codes: usize,
    #[serde(skip_deserializing)]
    rows: Vec<sweep::Row>,
    points: Vec<Point>,
}

impl Sweep {
    fn of(points: Vec<Point>, codes: usize) -> Self {
        Self {
            schema: "elbo-sweep/1".to_owned(),
            codes,
            rows: sweep::rows(&points),
            points,
        }
    }

    fn write(&self, folder: &Path) -> Result<()> {
        write_whole(&folder.join(TABLE), sweep::csv(&self.points).as_bytes())?;
        for (name, bytes) in report::pictures(&self.rows, &self.points)? {
            write_whole(&folder.join(name), &bytes)?;
        }
        Ok(())
    }

    fn show(&self, format: Format) -> Result<Outcome> {
        print(&match format {
            Format::Text => report::text(&self.rows, &self.points, self.codes),
            Format::Json => pretty(&serde_json::to_value(self)?)?,
        })?;
        Ok(Outcome::Stands)
    }
}

pub(crate) fn run(args: &SweepBeta) -> Result<Outcome> {
    if args.shipped {
        let Sweep { points, codes, .. } = serde_json::from_str(SHIPPED)?;
        return Sweep::of(points, codes).show(args.format);
    }
    let config = config(&args.config)?;
    let betas = if args.betas.is_empty() {
        BETAS.to_vec()
    } else {
        args.betas.clone()
    };
    if let Some(odd) = betas.iter().find(|beta| !(0.0..=1e6).contains(*beta)) {
        return Err(format!("--betas: {odd}, expected numbers in [0, 1e6]").into());
    }
    let device = open(DeviceName::Cpu)?;
    let run = Run::open(&args.out, true)?;
    for name in [TABLE].iter().chain(&report::PICTURES) {
        expect_writable(&args.out.join(name))?;
    }
    let bar = Bar::new()?;
    let mut points = Vec::new();
    // The outer loop is over seeds, so that a sweep that is stopped has used every weight equally often.
    for seed in 1..=args.seeds {
        for beta in &betas {
            let name = format!("{} beta {} seed {seed}", train::FirstStage::NAME, sweep::decimal(*beta));
            let point = sweep::point(&config, (*beta, seed), &run, &device, &mut |line| bar.tell(&name, line));
            let point = point.map_err(of(&args.config))?;
            points.push(point);
        }
    }
    bar.bar.finish_and_clear();
    let found = Sweep::of(points, config.dvae.vocabulary);
    // The result of hours of work is shown even if the files cannot be written.
    let written = found.write(&args.out);
    let shown = found.show(args.format)?;
    written.map(|()| shown)
}
