//! The exact expectations of `L_1` and `L_2` on a world, over all its codes and over all pairs of them, and their
//! tails.

use reference::model::Model as _;
use reference::world::World;

use crate::chance::{Exponentials, Tails};

/// The expectation of a statistic of samples, and the tails that bound how far a mean of such statistics may lie from
/// it.
#[derive(Debug, Clone)]
pub struct Exact {
    /// The expectation, in nats.
    pub value: f64,
    /// The tails of the statistic.
    pub tails: Tails,
}

/// The log-weights of a world's codes, `ln w = ln p(x|y,z) + ln p(y,z) - ln q(z|x)`, with the probability `q(z|x)` of
/// each.
#[derive(Debug, Clone)]
pub struct Weights {
    weights: Vec<(f64, f64)>,
    most: f64,
    spread: f64,
}

impl Weights {
    /// The weights of a world at its observed caption.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let y = world.y();
        let ln_q = world.encoder().ln();
        let weights: Vec<(f64, f64)> = (ln_q.iter().enumerate())
            .filter(|(_, ln_q)| **ln_q > -745.0) // Below, q underflows to 0, and the code is never drawn.
            .map(|(z, ln_q)| {
                (
                    ln_q.exp(),
                    world.likelihood()[[y, z]] + world.prior().ln()[[y, z]] - ln_q,
                )
            })
            .collect();
        let all = || weights.iter().map(|(_, w)| *w);
        let (least, most) = (
            all().fold(f64::INFINITY, f64::min),
            all().fold(f64::NEG_INFINITY, f64::max),
        );
        Self {
            spread: most - least,
            weights,
            most,
        }
    }

    /// The expectation `L_1` of the logarithm of one weight. Unit: nats.
    ///
    /// ```text
    /// L_1 = sum_a q(a) ln w_a
    /// ```
    #[must_use]
    pub fn one_sample(&self) -> Exact {
        let mean = self.mean_below_most();
        let mut sums = Exponentials::new(self.spread);
        for (q, w) in &self.weights {
            sums.add(*q, w - self.most - mean);
        }
        Exact {
            value: self.most + mean,
            tails: sums.tails(0.0),
        }
    }

    /// The expectation `L_2` of the logarithm of the mean of two weights. It runs over all ordered pairs of codes.
    /// Unit: nats.
    ///
    /// ```text
    /// L_2 = sum_{a,b} q(a) q(b) ln((w_a + w_b) / 2)
    /// ```
    #[must_use]
    pub fn two_samples(&self) -> Exact {
        let pair = |a: f64, b: f64| a.max(b) + (-(a - b).abs()).exp().ln_1p() - std::f64::consts::LN_2;
        // The sums are centred at L_1, which is at most L_2 and lies about as far from the weights.
        let centre = self.mean_below_most();
        let (mut mean, mut sums) = (0.0, Exponentials::new(self.spread));
        for (place, (q, w)) in self.weights.iter().enumerate() {
            let w = w - self.most - centre;
            let (mut of_row, mut row) = (0.5 * q * w, Exponentials::new(self.spread));
            row.add(0.5 * q, w);
            for (p, v) in &self.weights[place + 1..] {
                let of_pair = pair(w, v - self.most - centre);
                of_row += p * of_pair;
                row.add(*p, of_pair);
            }
            mean += 2.0 * q * of_row;
            sums.merge(2.0 * q, &row);
        }
        Exact {
            value: self.most + (centre + mean),
            tails: sums.tails(mean),
        }
    }

    /// `L_1` minus the largest log-weight, so that only differences of weights are added up.
    fn mean_below_most(&self) -> f64 {
        self.weights.iter().map(|(q, w)| q * (w - self.most)).sum()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ndarray::{Array1, arr1, arr2};
    use reference::logits::Softmax;
    use reference::world::{Tables, World};

    use super::Weights;
    use crate::chance::Exponentials;

    /// A world of five codes, the last of which is never drawn.
    fn world() -> World {
        let normal = |row: &[f64]| -> Vec<f64> {
            let of = Softmax::new("a table", row).unwrap();
            of.y.iter().map(|y| y - of.ln_s).collect()
        };
        let ln_p = normal(&[0.0, -1.0, 0.5, -3.0, 1.0]);
        World::new(Tables {
            ln_p_x_given_yz: arr2(&[[-40.0, -55.0, -31.0, -700.0, -20.0]]),
            ln_p_yz: arr2(&[[ln_p[0], ln_p[1], ln_p[2], ln_p[3], ln_p[4]]]),
            ln_q_z_given_x: Array1::from(normal(&[1.0, 0.0, -4.0, -9.0, -1e30])),
            ln_q_y_given_x: arr1(&[0.0]),
            ln_q_yz_given_x: None,
            y: 0,
            beta: 1.0,
        })
        .unwrap()
    }

    #[test]
    fn bounds_and_their_margins_are_those_of_all_codes_and_of_all_ordered_pairs() {
        let exact = Weights::of(&world());
        let codes = &exact.weights;
        assert_eq!(codes.len(), 4, "a code of probability 0 as a number is never drawn");
        let ones: Vec<(f64, f64)> = codes.clone();
        let plain = |(q, w): (f64, f64), (p, v): (f64, f64)| {
            let (high, low) = if w > v { (w, v) } else { (v, w) };
            (q * p, high + ((low - high).exp() + 1.0).ln() - 2.0_f64.ln())
        };
        let twos: Vec<(f64, f64)> = (0..16).map(|i| plain(codes[i / 4], codes[i % 4])).collect();
        for (found, all) in [(exact.one_sample(), ones), (exact.two_samples(), twos)] {
            let mean: f64 = all.iter().map(|(p, w)| p * w).sum();
            assert!(
                (found.value - mean).abs() <= 1e-12 * mean.abs(),
                "{}, {mean}",
                found.value
            );
            let mut sums = Exponentials::new(exact.spread);
            all.iter().for_each(|(p, w)| sums.add(*p, w - mean));
            let (margin, expected) = (found.tails.margin(500.0), sums.tails(0.0).margin(500.0));
            assert!((margin - expected).abs() <= 1e-9 * expected, "{margin}, {expected}");
        }
    }
}
