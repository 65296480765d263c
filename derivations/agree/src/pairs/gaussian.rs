//! Batches of linear-Gaussian worlds, and the pairs of functions on them.

use gpu::device::Device;
use gpu::gaussian::{self as twin, Batch, Parts};
use rayon::prelude::*;
use reference::equations::{bound, objective};
use reference::gaussian::Gaussian;
use reference::model::Model as _;
use reference::slack::Slack as _;
use reference::special::log_sum_exp;
use reference::vocab::{Beta, CLOSURE, Error, Float, Nats, Reading, UNIT_ROUNDOFF_F64};

use super::batchable::{Batchable, TooLarge, limit};
use super::pair::{Pair, Start};
use crate::bounds::{self, Precision, Size};

const ANY: &[Reading] = &[Reading::Pointwise];
/// The readings with closed forms: all but the footnote's, whose `p(z)` is a mixture.
const CLOSED: &[Reading] = &[Reading::Observed, Reading::Pointwise, Reading::Joint, Reading::Expected];

/// Every closed form that has a twin.
pub static GAUSSIAN: &[Pair<Gaussian>] = &[
    Pair {
        name: "eq03_log_evidence",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(evidence(world)),
        twin: |batch, _| twin::eq03_log_evidence(batch),
        precision: |_| &bounds::CLOSED_FORM,
    },
    Pair {
        name: "ln_evidence_of_image",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| {
            let pairs = possible(world).map(|y| evidence(&world.observing(y)));
            let pairs: Vec<Nats> = pairs.collect::<Result<_, _>>()?;
            one(log_sum_exp(&pairs).determinate("ln p(x)"))
        },
        twin: |batch, _| twin::ln_evidence_of_image(batch),
        precision: |_| &bounds::MIXTURE,
    },
    Pair {
        name: "posterior_gap",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| {
            let gap = world.posterior_gap()?;
            // The reference computes this from the spectra of the covariances, in f64.
            let own = gap.mass() * UNIT_ROUNDOFF_F64 / world.unit_roundoff();
            let mass = own + evidence(world)?.mass() + bound::eq09_log_product(world)?.mass();
            Ok(vec![Nats::with_mass(gap.value(), mass)])
        },
        twin: |batch, _| twin::posterior_gap(batch),
        precision: |_| &bounds::CLOSED_FORM,
    },
    Pair {
        name: "eq09_log_product",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(bound::eq09_log_product(world)),
        twin: |batch, _| twin::eq09_log_product(batch),
        precision: |_| &bounds::CLOSED_FORM,
    },
    Pair {
        name: "eq13_kl_named",
        readings: CLOSED,
        start: Start::Rounded,
        reference: |world, reading| one(objective::eq13_kl_named(world, reading)),
        twin: twin::eq13_kl_named,
        precision: by_reading,
    },
    Pair {
        name: "eq14_objective",
        readings: CLOSED,
        start: Start::Rounded,
        reference: |world, reading| one(objective::eq14_objective(world, reading, world.beta())),
        twin: twin::eq14_objective,
        precision: by_reading,
    },
    Pair {
        name: "expected_log_likelihood",
        readings: &[Reading::Pointwise, Reading::Expected],
        start: Start::Rounded,
        reference: |world, reading| one(Ok(objective::expected_log_likelihood(world, reading))),
        twin: twin::expected_log_likelihood,
        precision: by_reading,
    },
    Pair {
        name: "divergence",
        readings: &[Reading::Observed, Reading::Pointwise, Reading::Joint],
        start: Start::Rounded,
        reference: |world, reading| one(objective::divergence(world, reading)),
        twin: twin::divergence,
        precision: by_reading,
    },
    Pair {
        name: "entropy",
        readings: ANY,
        start: Start::Rounded,
        reference: |world, _| one(Ok(-world.expect(&world.ln_q_z()))),
        twin: |batch, _| twin::entropy(batch),
        precision: |_| &bounds::CLOSED_FORM,
    },
];

fn one(value: Result<Nats, Error>) -> Result<Vec<Nats>, Error> {
    value.map(|nats| vec![nats])
}

fn by_reading(reading: Reading) -> &'static Precision {
    match reading {
        Reading::Joint | Reading::Expected => &bounds::MIXTURE,
        Reading::Observed | Reading::Pointwise | Reading::Footnote => &bounds::CLOSED_FORM,
    }
}

/// The value of Eq. 3 with the mass of Eq. 5. The twin computes the integral by normal equations and Cholesky, while
/// the reference's Eq. 3 uses least squares.
fn evidence(world: &Gaussian) -> Result<Nats, Error> {
    let mass = bound::eq05_log_expected_ratio(world)?.mass();
    Ok(Nats::with_mass(bound::eq03_log_evidence(world)?.value(), mass))
}

fn possible(world: &Gaussian) -> impl Iterator<Item = usize> + '_ {
    (0..world.captions()).filter(|y| world.ln_p_y(*y).is_finite())
}

impl Batchable for Gaussian {
    type Batch = Batch;

    fn shape(&self) -> [usize; 3] {
        [self.captions(), self.dimension(), self.pixels()]
    }

    /// The worlds are rounded before the reading is applied. No reading changes the matrices that are factorised, and a
    /// point mass is not rounded.
    fn prepared(worlds: &[&Self], reading: Reading, float: Float) -> Vec<Result<Self, Error>> {
        let round = |value| float.nearest(value);
        let rounded = Self::rounded(worlds, round, float.unit_roundoff()).into_iter();
        let under = |world: Self| {
            let mut world = world.under(reading)?;
            world.set_beta(Beta::new(round(world.beta().get()))?);
            Ok(world)
        };
        rounded.map(|world| world.and_then(under)).collect()
    }

    fn batch(worlds: &[Self], device: &Device, float: Float) -> Result<Batch, gpu::Error> {
        let mut all = Parts::default();
        for world in worlds {
            let (parts, factors) = (world.parts(), world.factors());
            [all.captions, all.coordinates, all.pixels] = world.shape();
            all.ln_p_y.extend(&parts.ln_p_y);
            all.prior_mean.extend(&parts.prior_mean);
            all.prior_factor.extend(&factors.prior);
            all.decoder_weight.extend(&parts.decoder_weight);
            all.decoder_offset.extend(&parts.decoder_offset);
            all.decoder_factor.extend(&factors.decoder);
            all.encoder_mean.extend(&world.encoder_mean());
            all.encoder_factor.extend(&factors.encoder);
            all.ln_q_y.extend(&parts.ln_q_y_given_x);
            all.x.extend(&parts.x);
            all.y.push(world.y());
            all.beta.push(world.beta());
        }
        Batch::new(&all, device, float)
    }

    fn entries(&self) -> usize {
        let [captions, d, pixels] = self.shape();
        captions * d * d.max(pixels) + pixels * d.max(pixels)
    }

    /// A log-probability that is too large for the type would make its caption impossible. The parameters are at most
    /// 1e15.
    fn too_large(&self, float: Float) -> Option<TooLarge> {
        let named = |table: &'static str| move |value: &f64| (table, *value);
        let parts = self.parts();
        let mut entries =
            (parts.ln_p_y.iter().map(named("ln_p_y"))).chain(parts.ln_q_y_given_x.iter().map(named("ln_q_y_given_x")));
        let limit = limit(float, self.beta());
        let (table, value) = entries.find(|(_, value)| value.is_finite() && value.abs() > limit)?;
        Some(TooLarge { table, value, limit })
    }

    fn comparable(worlds: &[Self], float: Float) -> Vec<bool> {
        let rounded = <Self as Batchable>::rounded(&worlds.iter().collect::<Vec<_>>(), float);
        let known = |world: Result<Self, Error>| world.and_then(|world| is_known(&world, float)).unwrap_or(false);
        rounded.into_par_iter().map(known).collect()
    }

    fn size(&self) -> Size {
        #[expect(clippy::cast_precision_loss, reason = "at most 64 each")]
        let count = |n: usize| n as f64;
        Size {
            captions: count(self.captions()),
            codes: count(self.dimension() + self.dimension().max(self.pixels())),
        }
    }

    /// A weight `q(y|x)` below the smallest normal number has no relative precision. Where captions have no weights,
    /// only products underflow.
    fn floor(&self, reading: Reading, float: Float) -> f64 {
        let tiny = float.smallest_normal();
        let products = self.size().captions * self.size().codes * tiny;
        match reading {
            Reading::Observed | Reading::Pointwise | Reading::Footnote => return products,
            Reading::Joint | Reading::Expected => {}
        }
        let lost = |y: &usize| (f64::MIN_POSITIVE..tiny).contains(&self.ln_q_y(*y).value().exp());
        let masses = captions(self).filter(lost).map(|y| {
            let logs = expected_logs(self, y).mass() + self.ln_p_y(y).mass() + self.ln_q_y(y).mass();
            tiny * logs * (1.0 + self.beta().get())
        });
        products + masses.sum::<f64>()
    }
}

/// Whether no square overflows, and every evidence is known to a sixteenth of a nat. The error analysis is of first
/// order in that error, and what it leaves out is less than an eighth of it.
fn is_known(world: &Gaussian, float: Float) -> Result<bool, Error> {
    for y in captions(world) {
        if !(expected_logs(world, y).mass() <= limit(float, world.beta())) {
            return Ok(false);
        }
    }
    for y in possible(world) {
        let off = CLOSURE * float.unit_roundoff() * evidence(&world.observing(y))?.mass();
        if !(off <= 1.0 / 16.0) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The captions on which a line depends: those that are observed, possible, or have a weight.
fn captions(world: &Gaussian) -> impl Iterator<Item = usize> + '_ {
    let looked_at = |y: &usize| *y == world.y() || world.ln_p_y(*y).is_finite() || world.ln_q_y(*y).is_finite();
    (0..world.captions()).filter(looked_at)
}

/// `E_{z ~ q(z|x)}[ln p(x|y,z) + ln p(z|y)]` in nats. Its mass includes every square that the twin computes.
fn expected_logs(world: &Gaussian, y: usize) -> Nats {
    world.expect(&(world.ln_p_x_given_yz(y) + world.ln_p_z_given_y(y)))
}
