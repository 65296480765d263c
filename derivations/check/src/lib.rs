//! The checker: it judges every claim of the note on every world, and sweeps over beta.
//!
//! # Reading order
//!
//! [`observe`] judges one claim in one world, and [`mod@verdict`] turns many observations into a verdict. This file
//! judges all claims on all worlds. [`continuous`] and [`integrals`] add worlds whose codes are integrated over.
//! [`ledger`] says where every nat of one world goes, and [`counterexample`] finds the smallest world that breaks a
//! claim. [`report`] writes all of it as text and JSON.

pub mod continuous;
pub mod counterexample;
pub mod integrals;
pub mod ledger;
pub mod observe;
pub mod progress;
pub mod report;
pub mod verdict;

use note::assumption::{ASSUMPTIONS, violated};
use note::checkable::Checkable;
use note::proposition::{Proposition, bound_at_beta, has_closed_form, own_bound_at_beta, propositions};
use note::under_reading::UnderReading;
use rayon::prelude::*;
use reference::vocab::{Beta, Error, Reading};
use worlds::generate::{Cases, Origin};

use crate::observe::{Values, judge};
use crate::progress::Progress;
use crate::verdict::{SOME_ZERO, Tally, Verdict, verdict};

/// The values of beta at which the bound of Eq. 14 is tried on every world.
pub const BETAS: [f64; 17] = [
    0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0, 1.01, 2.0, 6.6, 100.0,
];

/// What to check. By default that is every claim under every reading, at each world's own beta.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The only reading to check, if one was asked for.
    pub reading: Option<Reading>,
    /// The beta of every world, if one was asked for.
    pub beta: Option<Beta>,
}

/// A claim, and the observations of it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The claim.
    pub claim: Proposition,
    /// The observations on the worlds of the case file.
    pub file: Tally,
    /// The observations on all worlds.
    pub all: Tally,
}

impl Row {
    /// The verdict over all worlds.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        verdict(&self.claim, &self.all)
    }
}

/// The bound of Eq. 14 at one beta under one reading. It is a bound on the evidence, or on what line 14 does bound
/// under that reading.
#[derive(Debug, Clone)]
pub struct BetaRow {
    /// The beta.
    pub beta: f64,
    /// The claim, and the observations of it.
    pub row: Row,
}

/// The result of a check: all observations.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The claims, in the order of the table.
    pub rows: Vec<Row>,
    /// The sweep over beta, ordered by claim and then by beta.
    pub sweep: Vec<BetaRow>,
    /// The number of worlds from each source.
    pub worlds: Vec<(Origin, u64)>,
    /// The beta at which every world was judged, if one was asked for.
    pub beta: Option<Beta>,
}

impl Checked {
    /// The rows that do not close, or whose claimed sign failed. These are mistakes of this program and not of the
    /// note.
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows
            .iter()
            .chain(self.sweep.iter().map(|beta| &beta.row))
            .filter(|row| row.all.ours_broken.is_some())
    }

    /// The number of judgements: the claims that were judged, summed over all worlds.
    #[must_use]
    pub fn judged(&self) -> u64 {
        self.rows
            .iter()
            .chain(self.sweep.iter().map(|beta| &beta.row))
            .map(|row| row.all.judged)
            .sum()
    }
}

/// The number of worlds that a thread takes at a time.
const CHUNK: u64 = 64;

/// Checks every claim on every world. `progress` is told the number of worlds, and how many are done.
///
/// The result for a seed does not depend on the number of threads, because chunks are merged in order.
///
/// # Errors
/// [`Error`] when a world cannot be put under a reading. This does not happen to a validated world.
pub fn check<W: Checkable>(
    cases: &Cases<W>,
    options: &Options,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Checked, Error> {
    progress(Progress::Begins {
        what: if W::CONTINUOUS { "continuous worlds" } else { "worlds" },
        total: cases.len(),
    });
    let wanted =
        |reading: Reading| options.reading.is_none_or(|only| only == reading) && W::READINGS.contains(&reading);
    let rows: Vec<Proposition> = propositions()
        .into_iter()
        .filter(|c| wanted(c.reading) || !c.depends_on_reading)
        .filter(has_closed_form::<W>)
        .collect();
    let swept = |claim: fn(Reading) -> Option<Proposition>| Reading::ALL.into_iter().filter_map(claim);
    let sweep: Vec<(f64, Proposition)> = swept(bound_at_beta)
        .chain(swept(own_bound_at_beta))
        .filter(|claim| wanted(claim.reading) && has_closed_form::<W>(claim))
        .flat_map(|claim| BETAS.map(|beta| (beta, claim.clone())))
        .collect();
    let plan = Plan {
        rows,
        sweep,
        beta: options.beta,
    };
    let chunks: Vec<u64> = (0..cases.len().div_ceil(CHUNK)).collect();
    let partial: Vec<Seen> = chunks
        .into_par_iter()
        .map(|chunk| {
            let mut seen = plan.nothing();
            for index in chunk * CHUNK..((chunk + 1) * CHUNK).min(cases.len()) {
                plan.see(cases, index, &mut seen)?;
            }
            progress(Progress::Done(CHUNK.min(cases.len() - chunk * CHUNK)));
            Ok(seen)
        })
        .collect::<Result<_, Error>>()?;
    let mut total = plan.nothing();
    for seen in &partial {
        total.merge(seen);
    }
    Ok(plan.report(total))
}

struct Plan {
    rows: Vec<Proposition>,
    sweep: Vec<(f64, Proposition)>,
    beta: Option<Beta>,
}

#[derive(Clone)]
struct Seen {
    rows: Vec<(Tally, Tally)>,
    sweep: Vec<(Tally, Tally)>,
    worlds: Vec<(Origin, u64)>,
}

impl Seen {
    fn merge(&mut self, other: &Self) {
        let pairs = self
            .rows
            .iter_mut()
            .chain(&mut self.sweep)
            .zip(other.rows.iter().chain(&other.sweep));
        for ((file, all), (other_file, other_all)) in pairs {
            file.merge(other_file);
            all.merge(other_all);
        }
        for (source, count) in &other.worlds {
            self.count(*source, *count);
        }
    }

    fn count(&mut self, source: Origin, more: u64) {
        match self.worlds.iter_mut().find(|(known, _)| *known == source) {
            Some((_, count)) => *count += more,
            None => self.worlds.push((source, more)),
        }
    }
}

impl Plan {
    fn nothing(&self) -> Seen {
        Seen {
            rows: vec![Default::default(); self.rows.len()],
            sweep: vec![Default::default(); self.sweep.len()],
            worlds: Vec::new(),
        }
    }

    fn see<W: Checkable>(&self, cases: &Cases<W>, index: u64, seen: &mut Seen) -> Result<(), Error> {
        let Some((source, world)) = cases.get(index) else {
            return Ok(());
        };
        seen.count(source, 1);
        let world = match self.beta {
            Some(beta) => world.with_beta(beta),
            None => world,
        };
        let zero = if world.every_probability_positive() {
            0
        } else {
            SOME_ZERO
        };
        for &reading in W::READINGS {
            if !self.rows.iter().any(|claim| claim.reading == reading) {
                continue;
            }
            let scene = UnderReading::new(&world, reading)?;
            let mask = violated(&scene) | zero;
            let mut values = Values::new();
            for (claim, tallies) in self.rows.iter().zip(&mut seen.rows) {
                if claim.reading == reading {
                    let at_beta = self.beta.is_none() && claim.to.depends_on_beta();
                    let mask = if at_beta { mask } else { mask & !beta_bits() };
                    note(tallies, source, index, mask, &judge(claim, &scene, &mut values));
                }
            }
            let mut scene = scene;
            for ((beta, claim), tallies) in self.sweep.iter().zip(&mut seen.sweep) {
                if claim.reading == reading {
                    scene.set_beta(Beta::new(*beta)?);
                    values.forget_beta();
                    let observed = judge(claim, &scene, &mut values);
                    note(tallies, source, index, mask & !beta_bits(), &observed);
                }
            }
        }
        Ok(())
    }

    fn report(self, seen: Seen) -> Checked {
        let row = |claim, (file, all)| Row { claim, file, all };
        let mut worlds = seen.worlds;
        worlds.sort_unstable();
        Checked {
            rows: self
                .rows
                .into_iter()
                .zip(seen.rows)
                .map(|(claim, tallies)| row(claim, tallies))
                .collect(),
            sweep: self
                .sweep
                .into_iter()
                .zip(seen.sweep)
                .map(|((beta, claim), tallies)| BetaRow {
                    beta,
                    row: row(claim, tallies),
                })
                .collect(),
            worlds,
            beta: self.beta,
        }
    }
}

fn note((file, all): &mut (Tally, Tally), source: Origin, index: u64, mask: u16, seen: &crate::observe::Observation) {
    if source == Origin::File {
        file.add(index, mask, seen);
    }
    all.add(index, mask, seen);
}

/// The bits of the assumptions about beta, which are irrelevant to a claim at a fixed beta.
fn beta_bits() -> u16 {
    let about_beta = ASSUMPTIONS
        .iter()
        .enumerate()
        .filter(|(_, assumption)| assumption.is_about_beta());
    about_beta.fold(0, |mask, (bit, _)| mask | (1 << bit))
}
