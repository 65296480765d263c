//! A trained model: its evaluation, and the worlds it becomes.

use std::fmt::Write as _;

use model::evaluate::{Estimate, Report, SplitReport};
use model::export::{Exported, two_samples};
use rand::{Rng, RngExt as _};
use reference::equations::bound::{eq03_log_evidence, eq09_log_product};
use reference::logits::log_mean_exp;
use reference::model::Model as _;
use reference::slack::Slack as _;
use reference::vocab::{Error, closure_bound};
use reference::world::World;

use crate::networks::NetworkReport;
use crate::steps::StepReport;

/// The report in nats, bits and codes.
#[must_use]
pub fn evaluation(model: &str, device: &str, report: &Report, layers: &[NetworkReport]) -> String {
    let mut text = format!("{model}, on {device}; means over images ± standard error, nats an image\n\n");
    let _ = write!(text, "{:<44}", "");
    for split in &report.splits {
        let _ = write!(text, "{:>20}", format!("{} ({})", split.split, split.images));
    }
    text.push('\n');
    type Row = (&'static str, fn(&SplitReport) -> Estimate, usize);
    let rows: [Row; 14] = [
        ("reconstruction, E ln p(x|z)", |s| s.reconstruction, 1),
        ("ln p(y)", |s| s.ln_p_y, 1),
        ("E ln p(z|y)", |s| s.ln_p_z_given_y, 1),
        ("entropy H(q(z|x))", |s| s.entropy, 1),
        ("KL(q(z|x) || 1/K)", |s| s.divergence_from_uniform, 1),
        ("KL(q(z|x) || p(y,z))", |s| s.divergence_from_prior, 1),
        ("ELBO, ln p(x,y) >=", |s| s.elbo, 1),
        ("  in bits per dimension", |s| s.bits_per_dim, 3),
        ("  over even codes and the caption model", |s| s.over_uniform_codes, 1),
        ("  over the same with an untrained prior", |s| s.over_untrained_prior, 1),
        ("  over a logit-Laplace a pixel, no latent", |s| s.over_no_latent, 1),
        ("ln q(y|x), the caption model", |s| s.ln_q_y, 1),
        ("relaxation gap", |s| s.relaxation_gap, 1),
        ("pixel error (root mean square, of 1)", |s| s.pixel_error, 4),
    ];
    for (name, get, places) in rows {
        let _ = write!(text, "{name:<44}");
        for split in &report.splits {
            let _ = write!(text, "{:>20}", get(split).text(places));
        }
        text.push('\n');
    }
    for (name, of) in [
        (
            "codes used",
            (|s| s.codes_used.to_string()) as fn(&SplitReport) -> String,
        ),
        ("codebook perplexity", |s| format!("{:.1}", s.codebook_perplexity)),
    ] {
        let _ = write!(text, "{:<44}", format!("{name}, of {}", report.codes));
        for split in &report.splits {
            let _ = write!(text, "{:>20}", of(split));
        }
        text.push('\n');
    }
    if let Some(bound) = &report.bound {
        let _ = writeln!(
            text,
            "\nimportance-weighted bound on {} images of the test part, L_1 = ELBO <= L_k <= ln p(x,y); ELBO with exact entropy {}",
            bound.images,
            bound.elbo.text(1)
        );
        for (place, (k, value)) in bound.values.iter().enumerate() {
            let rise = place.checked_sub(1).and_then(|before| bound.rises.get(before));
            let rise = rise.map_or_else(String::new, |rise| format!("   + {} over half as many", rise.text(2)));
            let _ = writeln!(text, "  L_{k:<5} {:>12.2}{rise}", value.mean);
        }
        let verdict = if report.stands() { "" } else { ": NOT those of q" };
        let _ = writeln!(
            text,
            "  the samples' mean of -ln q(z|x) less the exact entropy: {}{verdict}",
            bound.entropy_residue.text(3)
        );
    }
    if !layers.is_empty() {
        text.push_str("\nevery layer against the reference, each from the twin's own inputs\n");
        for network in layers {
            let verdict = network.first_beyond.as_ref().map_or_else(
                || "agree".to_owned(),
                |first| format!("{} BEYOND their bounds, the first in {first}", network.failed),
            );
            let _ = writeln!(
                text,
                "  {:<12} {:<5} {:>9} numbers {verdict}; worst {:.2} of its bound, in {}",
                network.network, network.dtype, network.compared, network.worst, network.worst_layer
            );
        }
    }
    text
}

/// What became of a training step; nothing where none was asked for.
#[must_use]
pub fn training_steps(device: &str, steps: &[StepReport]) -> String {
    let mut text = String::new();
    if !steps.is_empty() {
        let beside = if device == "cpu" {
            "layers composed of candle's operations"
        } else {
            device
        };
        let _ = writeln!(
            text,
            "\na training step from fresh parameters, {beside} against the CPU's: loss, gradients, update"
        );
    }
    for step in steps {
        let verdict = step.beyond.first().map_or_else(
            || "agree".to_owned(),
            |first| {
                format!(
                    "are NOT alike, {} tensors beyond their bounds, the first {first}",
                    step.beyond.len()
                )
            },
        );
        let _ = writeln!(
            text,
            "  {:<12} loss {:.9}, in double precision {:.9}; {} numbers {verdict}; worst {:.2} of its bound, {}",
            step.stage, step.loss[0], step.loss[1], step.compared, step.worst, step.worst_at
        );
    }
    text
}

/// What one world says of the bounds.
#[derive(Debug, Clone, serde::Serialize)]
pub struct WorldRow {
    /// The observed caption.
    pub caption: String,
    /// `ln p(x,y)`, exact.
    pub log_evidence: f64,
    /// `L_1`, the bound, exact.
    pub elbo: f64,
    /// `KL(q(z|x) || p(z|x,y))`, by itself.
    pub posterior_gap: f64,
    /// `ln p(x,y) - ELBO - KL`.
    pub residue: f64,
    /// What rounding may make of it.
    pub residue_bound: f64,
    /// `L_2`, exact.
    pub two_samples: f64,
    /// What rounding may make of sums of so many samples, or of pairs of so many codes, added up one by one.
    pub rounding: f64,
    /// `k`, `L_k` from samples and its standard error.
    pub sampled: Vec<(usize, Estimate)>,
}

/// Samples of codes, and what they are cut into.
const SAMPLES: usize = 16_384;

/// So many of a size, and the largest group.
const LARGEST: usize = 256;

impl WorldRow {
    /// Of a world, its samples drawn from `rng`.
    ///
    /// # Errors
    /// What the reference refuses.
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
        #[expect(clippy::cast_precision_loss, reason = "at most 2^17")]
        let added = SAMPLES.max(2 * world.codes()) as f64;
        Ok(Self {
            caption: caption.to_owned(),
            log_evidence: evidence.value(),
            elbo: elbo.value(),
            posterior_gap: gap.value(),
            residue: evidence.value() - elbo.value() - gap.value(),
            residue_bound: closure_bound(&[evidence, elbo, gap]),
            two_samples: two_samples(world),
            rounding: added * f64::EPSILON * (evidence.value().abs() + gap.value()),
            sampled,
        })
    }

    /// Whether the evidence lies above the bound by the divergence, `L_2` between them, and samples where they should be within four standard errors.
    #[must_use]
    pub fn stands(&self) -> bool {
        let slack = self.residue_bound + self.rounding;
        let close = |k: usize, exact: f64| {
            let found = self.sampled.iter().find(|(known, _)| *known == k);
            found.is_some_and(|(_, l)| (l.mean - exact).abs() <= l.margin() + slack)
        };
        let between = |(_, l): &(usize, Estimate)| {
            l.mean <= self.log_evidence + l.margin() + slack && l.mean >= self.elbo - l.margin() - slack
        };
        self.residue.abs() <= self.residue_bound
            && self.elbo <= self.two_samples + slack
            && self.two_samples <= self.log_evidence + slack
            && close(1, self.elbo)
            && close(2, self.two_samples)
            && self.sampled.iter().all(between)
    }
}

/// The worlds, one a line.
#[must_use]
pub fn worlds(file: &str, exported: &Exported, rows: &[WorldRow]) -> String {
    let codes = exported.worlds.first().map_or(0, World::codes);
    let mut text = format!(
        "{file}: {} worlds of {} captions and {codes} codes\n\
         conditioned on the captions C: ln p(y in C) = {:.3}, ln q(y in C) = {:.3}; the decoder does not read the caption, as released: p(x|y,z) = p(x|z)\n\n",
        exported.worlds.len(),
        exported.captions.len(),
        exported.ln_p_captions,
        exported.ln_q_captions
    );
    let _ = writeln!(
        text,
        "{:<40} {:>12} {:>12} {:>18} {:>12} {:>10} {:>9}",
        "caption", "ELBO = L_1", "L_2", "L_256", "ln p(x,y)", "KL", "residue"
    );
    for row in rows {
        let last = row.sampled.last().map_or_else(String::new, |(_, l)| l.text(2));
        let verdict = if row.stands() { "" } else { "  does NOT stand" };
        let _ = writeln!(
            text,
            "{:<40} {:>12.4} {:>12.4} {last:>18} {:>12.4} {:>10.4} {:>9.1e}{verdict}",
            row.caption, row.elbo, row.two_samples, row.log_evidence, row.posterior_gap, row.residue
        );
    }
    text.push_str("\nln p(x,y) - ELBO is KL(q(z|x) || p(z|x,y)) to within rounding; L_1 and L_2 exact, and their samples within four standard errors\n");
    let _ = writeln!(text, "next: elbo check {file}, elbo ledger {file}, elbo agree {file}");
    text
}
