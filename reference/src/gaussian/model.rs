//! A linear-Gaussian world as a [`Model`]: logarithms are quadratic forms, and integrals are linear algebra.

use ndarray::{Array1, Array2, Ix1};

use super::uncertain::{Uncertain, count};
use super::{Gaussian, Quadratic};
use crate::model::Model;
use crate::special::log_sum_exp;
use crate::vocab::{Beta, Error, LogProbs, Nats, Reading, UNIT_ROUNDOFF_F64};

impl Model for Gaussian {
    type Log = Quadratic;

    fn captions(&self) -> usize {
        self.core.shared.ln_p_y.ln().len()
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
        match reading {
            Reading::Pointwise | Reading::Joint | Reading::Expected => Ok(self.clone()),
            Reading::Observed => {
                let mut ln_q_y = Array1::from_elem(self.captions(), f64::NEG_INFINITY);
                ln_q_y[self.y] = 0.0;
                Ok(Self {
                    ln_q_y: LogProbs::new("ln_q_y_given_x", ln_q_y, UNIT_ROUNDOFF_F64)?,
                    ..self.clone()
                })
            }
            Reading::Footnote => Err(Error::NoClosedForm {
                line: "the footnote's reading",
            }),
        }
    }

    fn normalisation(&self, reading: Reading) -> f64 {
        let prior = 2.0 * self.core.shared.ln_p_y.normalisation();
        match reading {
            Reading::Observed => prior,
            Reading::Pointwise | Reading::Joint | Reading::Footnote | Reading::Expected => {
                prior + self.ln_q_y.normalisation()
            }
        }
    }

    fn caption_model(&self) -> &LogProbs<Ix1> {
        &self.ln_q_y
    }

    fn ln_p_x_given_yz(&self, y: usize) -> Quadratic {
        self.core.ln_p_x_given_yz[y].clone()
    }

    fn ln_p_yz(&self, y: usize) -> Quadratic {
        self.ln_p_z_given_y(y) + self.ln_p_y(y)
    }

    fn ln_p_z_given_y(&self, y: usize) -> Quadratic {
        self.core.ln_p_z_given_y[y].clone()
    }

    fn ln_p_y(&self, y: usize) -> Nats {
        Nats::of(self.core.shared.ln_p_y.ln()[y])
    }

    fn ln_p_z(&self) -> Result<Quadratic, Error> {
        Err(Error::NoClosedForm { line: "ln p(z)" })
    }

    fn ln_p_y_given_z(&self, _: usize) -> Result<Quadratic, Error> {
        Err(Error::NoClosedForm { line: "ln p(y|z)" })
    }

    fn ln_q_z(&self) -> Quadratic {
        self.core.shared.ln_q_z.clone()
    }

    fn ln_q_yz(&self, y: usize) -> Quadratic {
        self.ln_q_z() + self.ln_q_y(y)
    }

    /// The substitution `z = mu + L t` gives `ln ∫ e^f dz = ln ∫ e^f dt + ln det L`.
    fn log_integral(&self, f: &Quadratic) -> Nats {
        let undefined = Nats::with_mass(f64::NAN, 0.0); // refused by `determinate`
        let integral = f.log_integral(self.dimension()).unwrap_or(undefined);
        integral + self.core.shared.encoder.factor.ln_det()
    }

    fn log_integral_on_support(&self, f: &Quadratic) -> Nats {
        self.log_integral(f) // a Gaussian is positive everywhere
    }

    fn log_expect(&self, f: &Quadratic) -> Nats {
        self.log_integral(&(self.ln_q_z() + f.clone()))
    }

    fn expect(&self, f: &Quadratic) -> Nats {
        f.expectation()
    }

    fn expect_joint(&self, f: &dyn Fn(usize) -> Quadratic) -> Nats {
        self.ln_q_y.expect(|y| self.expect(&f(y)))
    }

    fn ln_evidence_of_image(&self) -> Result<Nats, Error> {
        let terms = (0..self.captions()).map(|y| self.log_integral(&(self.ln_p_x_given_yz(y) + self.ln_p_yz(y))));
        log_sum_exp(&terms.collect::<Vec<_>>()).determinate("ln p(x)")
    }

    /// The points are the encoder's mean, those one standard deviation from it along each axis of its Cholesky factor,
    /// and two points off every axis, where no two terms `t_i t_j` are alike.
    fn values(&self, f: &Quadratic) -> Vec<Nats> {
        let d = self.dimension();
        let mut points = vec![Array2::zeros((d, 1))];
        for axis in 0..d {
            for side in [-1.0, 1.0] {
                let mut point = Array2::zeros((d, 1));
                point[[axis, 0]] = side;
                points.push(point);
            }
        }
        for phase in [1.0, 2.0] {
            let away = |(axis, _): (usize, usize)| (count(axis + 1).sqrt() + phase).sin();
            points.push(Array2::from_shape_fn((d, 1), away));
        }
        points.into_iter().map(|t| f.at(&Uncertain::given(&t))).collect()
    }

    fn caption_free_decoder(&self) -> Result<Self, Error> {
        Err(Error::NoClosedForm { line: "ln p(x|z)" })
    }
}
