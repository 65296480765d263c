//! The report on the worlds that a trained model is exported as: the exact bounds on each, and estimates from samples.

use std::fmt::Write as _;

use rand::{Rng, RngExt as _};
use reference::equations::bound::{eq03_log_evidence, eq09_log_product};
use reference::logits::log_mean_exp;
use reference::model::Model as _;
use reference::slack::Slack as _;
use reference::vocab::{Error, closure_bound};
use reference::world::World;

use super::{digits, estimate, table};
use crate::chance::excess_of_logarithms;
use crate::evaluate::Estimate;
use crate::export::{Exported, Weights};

/// The bounds on one world, exact and from samples. All numbers are in nats.
#[derive(Debug, Clone, serde::Serialize)]
pub struct WorldRow {
    /// The observed caption.
    pub caption: String,
    /// The exact `ln p(x,y)`.
    pub log_evidence: f64,
    /// The exact ELBO, `L_1`.
    pub elbo: f64,
    /// `KL(q(z|x) || p(z|x,y))`, computed by itself and not as a difference.
    pub posterior_gap: f64,
    /// `ln p(x,y) - ELBO - KL`.
    pub residue: f64,
    /// The bound on the rounding error of the residue.
    pub residue_bound: f64,
    /// The exact `L_2`.
    pub two_samples: f64,
    /// A bound on the rounding error of the sums over samples and over pairs of codes, which are added one by one.
    pub rounding: f64,
    /// `k` and the estimate of `L_k` from samples. Its standard error does not include codes that no sample met.
    pub sampled: Vec<(usize, Estimate)>,
    /// The margins of [`chance`](crate::chance) between the estimates of `L_1` and `L_2` and their exact values. They
    /// include every code.
    pub margins: [f64; 2],
}

/// The number of samples of codes, a power of two.
const SAMPLES: usize = 16_384;

/// The size of the largest groups into which the samples are divided.
const LARGEST: usize = 256;

/// The number of groups of `k` samples.
#[expect(clippy::cast_precision_loss, reason = "at most 2^14")]
const fn groups(k: usize) -> f64 {
    (SAMPLES / k) as f64
}

impl WorldRow {
    /// Computes the bounds on a world. The samples are drawn from `rng`.
    ///
    /// # Errors
    /// Those of the reference, such as for evidence 0.
    pub fn of(world: &World, caption: &str, rng: &mut impl Rng) -> Result<Self, Error> {
        let (evidence, elbo) = (eq03_log_evidence(world)?, eq09_log_product(world)?);
        let gap = world.posterior_gap()?;
        let (y, ln_q) = (world.y(), world.encoder().ln());
        let mut sum = 0.0;
        let cumulated: Vec<f64> = (ln_q.iter())
            .map(|ln_q| {
                sum += ln_q.exp();
                sum
            })
            .collect();
        let weights: Vec<f64> = (0..SAMPLES)
            .map(|_| {
                let u = rng.random::<f64>() * sum;
                let z = cumulated.partition_point(|part| *part <= u).min(cumulated.len() - 1);
                world.likelihood()[[y, z]] + world.prior().ln()[[y, z]] - ln_q[z]
            })
            .collect();
        let mut sampled = Vec::new();
        for k in (0..).map(|power| 1 << power).take_while(|k| *k <= LARGEST) {
            let groups = weights.chunks_exact(k).map(|group| Ok(log_mean_exp(group)?.value()));
            let values: Vec<f64> = groups.collect::<Result<_, Error>>()?;
            sampled.push((k, Estimate::of(&values)));
        }
        let exact = Weights::of(world);
        let (one, two) = (exact.one_sample(), exact.two_samples());
        #[expect(clippy::cast_precision_loss, reason = "at most 2^17")]
        let added = SAMPLES.max(2 * world.codes()) as f64;
        Ok(Self {
            caption: caption.to_owned(),
            log_evidence: evidence.value(),
            elbo: elbo.value(),
            posterior_gap: gap.value(),
            residue: evidence.value() - elbo.value() - gap.value(),
            residue_bound: closure_bound(&[evidence, elbo, gap]),
            two_samples: two.value,
            rounding: added * f64::EPSILON * (evidence.value().abs() + gap.value()),
            sampled,
            margins: [one.tails.margin(groups(1)), two.tails.margin(groups(2))],
        })
    }

    /// Whether the evidence minus the ELBO is the divergence, `L_2` lies between the two, and the samples lie where
    /// they should.
    ///
    /// The estimates of `L_1` and `L_2` must lie within their margins, and that of every `L_k` at most a margin above
    /// the evidence. The estimate of `L_2k` must be at least that of `L_k`, without a margin: the groups are nested,
    /// and the logarithm of a mean is at least the mean of the logarithms.
    #[must_use]
    pub fn stands(&self) -> bool {
        let slack = self.residue_bound + self.rounding;
        let close = |k: usize, exact: f64, margin: f64| {
            let found = self.sampled.iter().find(|(known, _)| *known == k);
            found.is_some_and(|(_, l)| (l.mean - exact).abs() <= margin + slack)
        };
        let below = |(k, l): &(usize, Estimate)| l.mean <= self.log_evidence + excess_of_logarithms(groups(*k)) + slack;
        let rises = |pair: &[(usize, Estimate)]| pair[1].1.mean >= pair[0].1.mean - slack;
        self.residue.abs() <= self.residue_bound
            && self.elbo <= self.two_samples + slack
            && self.two_samples <= self.log_evidence + slack
            && close(1, self.elbo, self.margins[0])
            && close(2, self.two_samples, self.margins[1])
            && self.sampled.iter().all(below)
            && self.sampled.windows(2).all(rises)
    }
}

/// The report on the worlds, one line for each.
#[must_use]
pub fn worlds(file: &str, exported: &Exported, rows: &[WorldRow]) -> String {
    let codes = exported.worlds.first().map_or(0, World::codes);
    let mut text = format!(
        "{file}: {} worlds of {} captions and {codes} codes\n\
         conditioned on the captions C: ln p(y in C) = {}, ln q(y in C) = {}; the decoder does not read the caption, as released: p(x|y,z) = p(x|z)\n\n",
        exported.worlds.len(),
        exported.captions.len(),
        super::number(exported.ln_p_captions, 3),
        super::number(exported.ln_q_captions, 3)
    );
    let head = ["caption", "ELBO = L_1", "L_2", "L_256", "ln p(x,y)", "KL", "residue"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for row in rows {
        let known = |value: f64| digits(value, row.rounding, 4);
        lines.push(vec![
            row.caption.clone(),
            known(row.elbo),
            known(row.two_samples),
            row.sampled.last().map_or_else(String::new, |(_, l)| estimate(l, 2)),
            known(row.log_evidence),
            known(row.posterior_gap),
            format!("{:.1e}", row.residue),
        ]);
    }
    let verdicts = rows
        .iter()
        .map(|row| if row.stands() { "" } else { "  does NOT stand" });
    let lines = table(&lines, &[40, 13, 13, 19, 13, 11, 10]);
    for (line, verdict) in lines.lines().zip(std::iter::once("").chain(verdicts)) {
        let _ = writeln!(text, "{line}{verdict}");
    }
    text.push_str("\nln p(x,y) - ELBO is KL(q(z|x) || p(z|x,y)) to within rounding; L_1 and L_2 exact, and their samples as near as chance leaves them; ± is what the samples of L_256 show: a code that none of them met is not in it\n");
    let _ = writeln!(text, "next: elbo check {file}, elbo ledger {file}, elbo agree {file}");
    text
}
