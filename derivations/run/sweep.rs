//! Runs `sweep-beta`.

use std::path::Path;

use derivations::faces::sweep as face;
use model::checkpoint::write_whole;
use model::sweep::{self, BETAS, Point};
use model::train::{self, Run, Stage as _};
use serde::{Deserialize, Serialize};
use worlds::case::expect_writable;

use super::device::open;
use super::output::{pretty, print};
use super::train::{Bar, config, of};
use super::{Outcome, Result};
use crate::cli::{self, DeviceName, Format};

/// The sweep that the program carries: `make sweep`.
const SHIPPED: &str = include_str!("../data/sweep.json");

/// The name of the table in the sweep's folder.
const TABLE: &str = "sweep.csv";

/// A sweep as JSON.
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
        for (name, bytes) in face::pictures(&self.rows, &self.points)? {
            write_whole(&folder.join(name), &bytes)?;
        }
        Ok(())
    }

    fn show(&self, format: Format) -> Result<Outcome> {
        print(&match format {
            Format::Text => face::text(&self.rows, &self.points, self.codes),
            Format::Json => pretty(&serde_json::to_value(self)?)?,
        })?;
        Ok(Outcome::Stands)
    }
}

pub(super) fn sweep(args: &cli::Sweep) -> Result<Outcome> {
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
    for name in [TABLE].iter().chain(&face::PICTURES) {
        expect_writable(&args.out.join(name))?;
    }
    let bar = Bar::new()?;
    let mut points = Vec::new();
    // Seeds outside: a sweep that is stopped has seen every weight as often.
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
    // Hours of work are shown whatever becomes of the files.
    let written = found.write(&args.out);
    let shown = found.show(args.format)?;
    written.map(|()| shown)
}
