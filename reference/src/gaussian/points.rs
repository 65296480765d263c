//! Linear-Gaussian worlds of which nothing but the densities' values at points is known, and rules that integrate from
//! them.

use std::sync::Arc;

use ndarray::{Array1, Array2, Ix1};

use super::Gaussian;
use super::double::Scalar as _;
use super::factor::Factor;
use super::quadratic::LN_2_PI;
use super::uncertain::{Rounding, Uncertain, column, count};
use crate::model::Model;
use crate::special::log_sum_exp;
use crate::vocab::{Beta, Error, LogProbs, Nats, Reading};
use crate::world::Codes;

/// A rule that computes expectations over `q(z|x)` from values at points, by quadrature or by sampling.
pub trait Rule: Clone + Send + Sync {
    /// The expectation `E_{z ~ q(z|x)}[f]`, from the values of `f` at the points.
    fn expect(&self, f: &Codes) -> Nats;

    /// The log-expectation `ln E_{z ~ q(z|x)}[e^f]`, from the values of `f` at the points.
    fn log_expect(&self, f: &Codes) -> Nats;

    /// The rule and its points, `[d, N]`, for a world that observes another caption; none where they are the same.
    fn moved_to(&self, world: &Gaussian) -> Option<(Self, Array2<f64>)>;
}

/// A linear-Gaussian world that is integrated by a rule, from its densities' values at the rule's points.
#[derive(Debug, Clone)]
pub struct AtPoints<R> {
    world: Gaussian,
    values: Arc<Values>,
    pub(super) rule: R,
}

#[derive(Debug)]
struct Values {
    ln_p_x_given_yz: Vec<Codes>,
    ln_p_z_given_y: Vec<Codes>,
    ln_q_z: Codes,
}

impl<R: Rule> AtPoints<R> {
    /// The world with its densities evaluated at the points `t`, `[d, N]`, in the coordinates in which `q(z|x)` is
    /// standard normal.
    pub(super) fn new(world: &Gaussian, rule: R, t: &Array2<f64>) -> Self {
        Self {
            world: world.clone(),
            values: Arc::new(Values::at(world, t)),
            rule,
        }
    }
}

impl Values {
    /// The logarithm of every density at `z = mu + L t`, in `f64`, from its definition.
    fn at(world: &Gaussian, t: &Array2<f64>) -> Self {
        let (core, shared) = (&world.core, &world.core.shared);
        let exact = |a: &Array2<f64>| Uncertain::exact(a.clone());
        // A product with this row repeats a column for every point.
        let one = Array2::ones((1, t.ncols()));
        let wide = |a: &Array1<f64>| Uncertain::exact(column(a).dot(&one));
        let mean = core.mean.single();
        let mean = Uncertain {
            value: mean.value.dot(&one),
            error: mean.error.dot(&one),
        };
        let encoder = shared.encoder.factor.single();
        let from_mean = encoder.lower.dot(&exact(t));
        let z = &from_mean + &mean;
        let shown = exact(&core.parts.decoder_weight).dot(&z);
        let decoder = shared.decoder.factor.single();
        let (mut ln_p_x_given_yz, mut ln_p_z_given_y) = (Vec::new(), Vec::new());
        for y in 0..world.captions() {
            let mean = &shown + &wide(&core.parts.decoder_offset.row(y).to_owned());
            ln_p_x_given_yz.push(density(&decoder, &(&mean - &wide(&core.parts.x))));
            let prior_mean = wide(&core.parts.prior_mean.row(y).to_owned());
            ln_p_z_given_y.push(density(&shared.captions[y].prior.factor.single(), &(&z - &prior_mean)));
        }
        Self {
            ln_p_x_given_yz,
            ln_p_z_given_y,
            ln_q_z: density(&encoder, &from_mean),
        }
    }
}

/// The log-density `ln N(v; 0, F F^T)` of every column `v`.
fn density(factor: &Factor<f64>, columns: &Uncertain<f64>) -> Codes {
    let whitened = factor.whiten(columns);
    let constant = -factor.ln_det() - Nats::of(0.5 * count(columns.rows()) * LN_2_PI);
    let norms = whitened.column_norms(Rounding::in_type(f64::ROUNDOFF));
    norms.map(|norm| constant - 0.5 * norm).collect()
}

impl<R: Rule> Model for AtPoints<R> {
    type Log = Codes;

    fn captions(&self) -> usize {
        self.world.captions()
    }

    fn y(&self) -> usize {
        self.world.y()
    }

    fn beta(&self) -> Beta {
        self.world.beta()
    }

    fn set_beta(&mut self, beta: Beta) {
        self.world.set_beta(beta);
    }

    fn observing(&self, y: usize) -> Self {
        let world = self.world.observing(y);
        match self.rule.moved_to(&world) {
            Some((rule, points)) => Self::new(&world, rule, &points),
            None => Self { world, ..self.clone() },
        }
    }

    fn under(&self, reading: Reading) -> Result<Self, Error> {
        Ok(Self {
            world: self.world.under(reading)?,
            ..self.clone()
        })
    }

    fn normalisation(&self, reading: Reading) -> f64 {
        self.world.normalisation(reading)
    }

    fn caption_model(&self) -> &LogProbs<Ix1> {
        self.world.caption_model()
    }

    fn ln_p_x_given_yz(&self, y: usize) -> Codes {
        self.values.ln_p_x_given_yz[y].clone()
    }

    fn ln_p_yz(&self, y: usize) -> Codes {
        self.ln_p_z_given_y(y) + self.ln_p_y(y)
    }

    fn ln_p_z_given_y(&self, y: usize) -> Codes {
        self.values.ln_p_z_given_y[y].clone()
    }

    fn ln_p_y(&self, y: usize) -> Nats {
        self.world.ln_p_y(y)
    }

    /// The points would do for the mixture, but the sides are compared with closed forms, and there is none of it.
    fn ln_p_z(&self) -> Result<Codes, Error> {
        Err(Error::NoClosedForm { line: "ln p(z)" })
    }

    fn ln_p_y_given_z(&self, _: usize) -> Result<Codes, Error> {
        Err(Error::NoClosedForm { line: "ln p(y|z)" })
    }

    fn ln_q_z(&self) -> Codes {
        self.values.ln_q_z.clone()
    }

    fn ln_q_yz(&self, y: usize) -> Codes {
        self.ln_q_z() + self.ln_q_y(y)
    }

    /// A rule knows expectations alone, and `ln ∫ e^f dz = ln E_{z ~ q(z|x)}[e^f / q(z|x)]`.
    fn log_integral(&self, f: &Codes) -> Nats {
        self.log_expect(&(f.clone() - self.ln_q_z()))
    }

    fn log_integral_on_support(&self, f: &Codes) -> Nats {
        self.log_integral(f)
    }

    fn log_expect(&self, f: &Codes) -> Nats {
        self.rule.log_expect(f)
    }

    fn expect(&self, f: &Codes) -> Nats {
        self.rule.expect(f)
    }

    fn expect_joint(&self, f: &dyn Fn(usize) -> Codes) -> Nats {
        self.caption_model().expect(|y| self.expect(&f(y)))
    }

    fn ln_evidence_of_image(&self) -> Result<Nats, Error> {
        let evidence = |y: usize| {
            let at = self.observing(y);
            at.log_integral(&(at.ln_p_x_given_yz(y) + at.ln_p_yz(y)))
        };
        log_sum_exp(&(0..self.captions()).map(evidence).collect::<Vec<_>>()).determinate("ln p(x)")
    }

    fn values(&self, f: &Codes) -> Vec<Nats> {
        f.iter().collect()
    }

    fn caption_free_decoder(&self) -> Result<Self, Error> {
        Err(Error::NoClosedForm { line: "ln p(x|z)" })
    }
}
