//! Gauss-Hermite quadrature, axis by axis, in the coordinates in which `q(z|x)` is standard normal.

use ndarray::{Array1, Array2, Axis};
use ndarray_linalg::{Eigh as _, UPLO};

use super::points::{AtPoints, Rule};
use super::uncertain::{count, mass_of};
use super::{Gaussian, factor};
use crate::model::Model as _;
use crate::special::log_sum_exp;
use crate::vocab::{Error, Nats};
use crate::world::Codes;

/// A linear-Gaussian world integrated by quadrature.
///
/// The coordinates in which `q(z|x)` is standard normal are turned so that the posterior's precision is diagonal. There
/// the logarithm of a ratio of Gaussian densities is a sum over the axes, `f(t) = f(0) + sum_i (f(t_i e_i) - f(0))`. So
/// `d` rules of one dimension do what a product rule of `n^d` points would. Expectations of quadratic forms are exact,
/// since cross terms are 0 by symmetry. The ratio of Eq. 5 converges with `n`.
pub type Quadrature = AtPoints<Axes>;

/// The rule of quadrature: the centre, then `n` nodes on each axis.
#[derive(Debug, Clone)]
pub struct Axes {
    ln_weights: Vec<Nats>,
    nodes: Array1<f64>,
    dimension: usize,
    /// The error that inexact axes make in a ratio, in roundoffs: `sum_{i != j} |A_ij| E|t_i t_j|`, where the form `A`
    /// would be diagonal on exact axes.
    hidden: f64,
}

impl Quadrature {
    /// The world integrated by quadrature with `n` nodes on each axis.
    ///
    /// # Errors
    /// None on a validated world.
    pub fn of(world: &Gaussian, n: usize) -> Result<Self, Error> {
        let (nodes, ln_weights) = hermite(n)?;
        let rule = Axes {
            ln_weights,
            nodes,
            dimension: world.dimension(),
            hidden: 0.0,
        };
        let (rule, points) = rule.turned(world);
        Ok(Self::new(world, rule, &points))
    }
}

/// The number of nodes on an axis that settles the ratio of Eq. 5 to the last digit, at every caption of a world and at
/// every caption's prior with the observed one's decoder.
///
/// On an axis the integrand is a normal density of precision `l` around `m`. Around `t` the nodes of the rule lie
/// `h = pi / sqrt(n - t^2 / 4)` apart, up to `2 sqrt(n)`. A sum over points at that distance misses a normal integral
/// by a share of `2 exp(-2 pi^2 / (l h^2))` (Poisson's formula), and its tail beyond 9 standard deviations is `e^-40`.
/// So `2 (n - m^2 / 4) / l >= 40` and `2 sqrt(n) >= |m| + 9 / sqrt(l)`.
#[must_use]
pub fn nodes_needed(world: &Gaussian) -> f64 {
    let mut most = 1.0_f64;
    for (y, decoder) in (0..world.captions()).flat_map(|y| [(y, y), (y, world.y())]) {
        let (spectrum, mean) = world.posterior_axes(y, decoder);
        for (l, m) in spectrum.values.iter().zip(&mean) {
            let fine = 20.0 * l + m * m / 4.0;
            let wide = ((m.abs() + 9.0 / l.sqrt()) / 2.0).powi(2);
            for needed in [fine, wide] {
                if needed.is_nan() {
                    return needed; // Nothing settles it.
                }
                most = most.max(needed);
            }
        }
    }
    most
}

impl Axes {
    /// The rule for a world's observed caption, and its points, in the basis of the posterior. The points are the
    /// centre, then the nodes axis by axis.
    fn turned(&self, world: &Gaussian) -> (Self, Array2<f64>) {
        let (d, n) = (self.dimension, self.nodes.len());
        let (spectrum, _) = world.posterior_axes(world.y(), world.y());
        // With another caption's decoder the axes are the same, and the mean lies elsewhere.
        let size = |decoder: usize| -> f64 {
            let (_, mean) = world.posterior_axes(world.y(), decoder);
            let axes = mean.iter().zip(&spectrum.values);
            axes.map(|(m, l)| m * m + l.recip()).sum()
        };
        let hidden = spectrum.error * (0..world.captions()).map(size).fold(0.0, f64::max);
        let basis = &spectrum.vectors;
        let mut points = Array2::zeros((d, 1 + d * n));
        for (place, mut point) in points.axis_iter_mut(Axis(1)).enumerate().skip(1) {
            let (axis, node) = ((place - 1) / n, (place - 1) % n);
            point.assign(&(&basis.column(axis) * self.nodes[node]));
        }
        (Self { hidden, ..self.clone() }, points)
    }

    /// The log-weights of an axis' nodes, each with the rise `f(t_i e_i) - f(0)` at the node.
    fn along<'a>(&'a self, f: &'a Codes, axis: usize) -> impl Iterator<Item = (Nats, Nats)> + 'a {
        let first = 1 + axis * self.nodes.len();
        let weights = self.ln_weights.iter().enumerate();
        weights.map(move |(node, &ln_weight)| (ln_weight, f[first + node] - f[0]))
    }
}

impl Rule for Axes {
    fn expect(&self, f: &Codes) -> Nats {
        if !f[0].is_finite() {
            return f[0]; // densities are finite: a constant is infinite, and every value with it
        }
        let weigh = |(ln_weight, rise): (Nats, Nats)| {
            let weight = ln_weight.value().exp();
            Nats::with_mass(
                weight * rise.value(),
                weight * (rise.mass() + rise.value().abs() * ln_weight.mass()),
            )
        };
        let rises = (0..self.dimension).flat_map(|axis| self.along(f, axis)).map(weigh);
        f[0] + rises.sum::<Nats>()
    }

    fn log_expect(&self, f: &Codes) -> Nats {
        if !f[0].is_finite() {
            return f[0];
        }
        let axis = |axis: usize| {
            let terms: Vec<Nats> = self.along(f, axis).map(|(ln_weight, rise)| ln_weight + rise).collect();
            log_sum_exp(&terms)
        };
        let sum = f[0] + (0..self.dimension).map(axis).sum::<Nats>();
        Nats::with_mass(sum.value(), sum.mass() + mass_of(self.hidden))
    }

    fn moved_to(&self, world: &Gaussian) -> Option<(Self, Array2<f64>)> {
        Some(self.turned(world))
    }
}

/// The nodes and log-weights of the rule for `E_{t ~ N(0,1)}[f(t)]`, which is exact for polynomials of degree
/// `2 n - 1`.
///
/// The nodes are the eigenvalues of the Jacobi matrix (Golub and Welsch), each improved by a step of Newton's method. A
/// weight is `1 / sum_{k<n} h_k(t)^2` over the orthonormal Hermite polynomials, whose terms are positive. It is right
/// to `t^2 + 4 n` roundoffs however small it is, which the eigenvectors' first entries are not.
fn hermite(n: usize) -> Result<(Array1<f64>, Vec<Nats>), Error> {
    let mut jacobi = Array2::zeros((n, n));
    for k in 1..n {
        jacobi[[k, k - 1]] = count(k).sqrt();
        jacobi[[k - 1, k]] = count(k).sqrt();
    }
    let (mut nodes, _) = jacobi.eigh(UPLO::Lower).map_err(|_| factor::LAPACK)?;
    let mut ln_weights = Vec::with_capacity(n);
    for node in &mut nodes {
        let (last, before, _) = orthonormal(*node, n);
        *node -= last / (count(n).sqrt() * before);
        let (.., sum) = orthonormal(*node, n);
        let ln_weight = -sum.ln();
        ln_weights.push(Nats::with_mass(
            ln_weight,
            ln_weight.abs() + mass_of(*node * *node + 4.0 * count(n)),
        ));
    }
    Ok((nodes, ln_weights))
}

/// The orthonormal Hermite polynomials `h_n(t)` and `h_{n-1}(t)`, and the sum `sum_{k<n} h_k(t)^2`.
fn orthonormal(t: f64, n: usize) -> (f64, f64, f64) {
    let (mut before, mut now, mut sum) = (0.0, 1.0, 0.0);
    for k in 0..n {
        sum += now * now;
        let next = (t * now - count(k).sqrt() * before) / count(k + 1).sqrt();
        (before, now) = (now, next);
    }
    (now, before, sum)
}
