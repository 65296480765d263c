//! A finite world as a [`Model`]: logarithms are tables over the codes, and integrals are sums.

use std::ops::{Add, Index, Neg, Sub};

use ndarray::{Axis, Ix1};

use super::marginal::marginal_terms;
use super::{Tables, World};
use crate::model::Model;
use crate::special::log_sum_exp;
use crate::vocab::{Beta, Error, LogProbs, Nats, Reading};

/// A logarithm as a function of the code of a finite world: one entry for each code, `[Z]`, in nats.
#[derive(Debug, Clone, PartialEq)]
pub struct Codes(Vec<Nats>);

impl Codes {
    /// The entries, code by code.
    pub fn iter(&self) -> impl Iterator<Item = Nats> + '_ {
        self.0.iter().copied()
    }

    fn zip(self, other: &Self, f: impl Fn(Nats, Nats) -> Nats) -> Self {
        Self(self.0.into_iter().zip(&other.0).map(|(a, &b)| f(a, b)).collect())
    }

    fn map(self, f: impl Fn(Nats) -> Nats) -> Self {
        self.0.into_iter().map(f).collect()
    }
}

impl FromIterator<Nats> for Codes {
    fn from_iter<I: IntoIterator<Item = Nats>>(nats: I) -> Self {
        Self(nats.into_iter().collect())
    }
}

impl Index<usize> for Codes {
    type Output = Nats;

    fn index(&self, z: usize) -> &Nats {
        &self.0[z]
    }
}

impl Add for Codes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.zip(&other, |a, b| a + b)
    }
}

impl Sub for Codes {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.zip(&other, |a, b| a - b)
    }
}

impl Neg for Codes {
    type Output = Self;

    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

impl Add<Nats> for Codes {
    type Output = Self;

    fn add(self, constant: Nats) -> Self {
        self.map(|a| a + constant)
    }
}

impl Sub<Nats> for Codes {
    type Output = Self;

    fn sub(self, constant: Nats) -> Self {
        self.map(|a| a - constant)
    }
}

fn of<'a>(entries: impl IntoIterator<Item = &'a f64>) -> Codes {
    entries.into_iter().map(|&entry| Nats::of(entry)).collect()
}

impl Model for World {
    type Log = Codes;

    fn captions(&self) -> usize {
        self.ln_p_x_given_yz.nrows()
    }

    fn y(&self) -> usize {
        self.y
    }

    fn beta(&self) -> Beta {
        self.beta
    }

    fn set_beta(&mut self, beta: Beta) {
        self.beta = beta;
    }

    fn observing(&self, y: usize) -> Self {
        Self {
            y: y % self.captions(),
            ..self.clone()
        }
    }

    fn under(&self, reading: Reading) -> Result<Self, Error> {
        self.read_as(reading)
    }

    fn normalisation(&self, reading: Reading) -> f64 {
        let given = self.ln_q_z.normalisation() + 2.0 * self.ln_p_yz.normalisation();
        match reading {
            Reading::Observed | Reading::Footnote => given,
            Reading::Pointwise | Reading::Joint | Reading::Expected => given + self.ln_q_yz.normalisation(),
        }
    }

    fn caption_model(&self) -> &LogProbs<Ix1> {
        &self.ln_q_y
    }

    fn ln_p_x_given_yz(&self, y: usize) -> Codes {
        of(self.ln_p_x_given_yz.row(y))
    }

    fn ln_p_yz(&self, y: usize) -> Codes {
        of(self.ln_p_yz.ln().row(y))
    }

    fn ln_p_z_given_y(&self, y: usize) -> Codes {
        let ln_p_y = self.ln_p_y(y);
        if ln_p_y.is_finite() {
            self.ln_p_yz(y) - ln_p_y
        } else {
            self.ln_p_yz(y).map(|_| Nats::NEG_INFINITY)
        }
    }

    fn ln_p_y(&self, y: usize) -> Nats {
        log_sum_exp(&self.ln_p_yz(y).0)
    }

    fn ln_p_z(&self) -> Result<Codes, Error> {
        Ok(Codes(marginal_terms(&self.ln_p_yz, Axis(0))))
    }

    fn ln_p_y_given_z(&self, y: usize) -> Result<Codes, Error> {
        #[expect(clippy::cast_precision_loss, reason = "a count of captions")]
        let uniform = Nats::of(-(self.captions() as f64).ln());
        let given = |ln_p_yz: Nats, ln_p_z: Nats| {
            if ln_p_z.is_finite() { ln_p_yz - ln_p_z } else { uniform }
        };
        Ok(self.ln_p_yz(y).zip(&self.ln_p_z()?, given))
    }

    fn ln_q_z(&self) -> Codes {
        of(self.ln_q_z.ln())
    }

    fn ln_q_yz(&self, y: usize) -> Codes {
        of(self.ln_q_yz.ln().row(y))
    }

    fn log_integral(&self, f: &Codes) -> Nats {
        log_sum_exp(&f.0)
    }

    fn log_integral_on_support(&self, f: &Codes) -> Nats {
        log_sum_exp(&self.ln_q_z.support().map(|(z, _)| f[z]).collect::<Vec<_>>())
    }

    fn log_expect(&self, f: &Codes) -> Nats {
        let terms = self.ln_q_z.support().map(|(z, _)| Nats::of(self.ln_q_z.ln()[z]) + f[z]);
        log_sum_exp(&terms.collect::<Vec<_>>())
    }

    fn expect(&self, f: &Codes) -> Nats {
        self.ln_q_z.expect(|z| f[z])
    }

    fn expect_joint(&self, f: &dyn Fn(usize) -> Codes) -> Nats {
        let rows: Vec<Codes> = (0..self.captions()).map(f).collect();
        self.ln_q_yz.expect(|(y, z)| rows[y][z])
    }

    fn ln_evidence_of_image(&self) -> Result<Nats, Error> {
        let cells = (0..self.captions()).flat_map(|y| (self.ln_p_x_given_yz(y) + self.ln_p_yz(y)).0);
        log_sum_exp(&cells.collect::<Vec<_>>()).determinate("ln p(x)")
    }

    fn values(&self, f: &Codes) -> Vec<Nats> {
        f.0.clone()
    }

    fn caption_free_decoder(&self) -> Result<Self, Error> {
        let mut joint = Vec::with_capacity(self.captions());
        for y in 0..self.captions() {
            joint.push(self.ln_p_y_given_z(y)? + self.ln_p_x_given_yz(y));
        }
        let mut tables: Tables = self.tables();
        for z in 0..self.codes() {
            let terms: Vec<Nats> = joint.iter().map(|row| row[z]).collect();
            tables.ln_p_x_given_yz.column_mut(z).fill(log_sum_exp(&terms).value());
        }
        Self::new(tables)
    }
}
