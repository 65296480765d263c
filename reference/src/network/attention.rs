//! Causal attention in several heads, over the positions that a mask lets each position read.

use ndarray::{Array2, ArrayD};

use super::{Mask, NetworkError, Traced, axes, count};

/// Scaled dot-product attention, in which each head has its own part of the width.
///
/// ```text
/// s_j = q . k_j / sqrt(d_h)        w_j = e^(s_j) / sum_l e^(s_l)        y = sum_j w_j v_j
/// ```
///
/// The sums run over the positions `j` that the mask lets the position read. `d_h` is the width of a head.
///
/// Mass: `sum_j w_j (|v_j| + |v_j - y| m_j)`, where `m_j = sum |q| |k_j| / sqrt(d_h) + |s_j - max s|` is what a score's
/// rounding moves.
/// Source: Vaswani et al. 2017.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attention {
    /// The number of heads, which divides the width.
    pub heads: usize,
    /// The positions that each position reads.
    pub mask: Mask,
    /// The number of text positions, which stand before those of the image.
    pub text: usize,
    /// The height and the width of the image, in positions.
    pub side: usize,
}

/// The relative error of `exp` in units of roundoff, as the twin's bounds have it.
const EXP: f64 = 4.0;

impl Attention {
    /// Applies the layer to queries, keys and values.
    ///
    /// Shapes: `q`, `k` and `v` are `[S, d]`, where `d` is a multiple of the number of heads; returns `[S, d]`.
    ///
    /// # Errors
    /// [`NetworkError::Shape`] for inputs of different shapes; [`NetworkError::Size`] for heads that do not divide the
    /// width.
    pub fn apply(&self, q: &ArrayD<f64>, k: &ArrayD<f64>, v: &ArrayD<f64>) -> Result<Traced, NetworkError> {
        let of = |name: &str, x: &ArrayD<f64>| axes::<ndarray::Ix2>(name, x, q.shape());
        let (q, k, v) = (of("queries", q)?, of("keys", k)?, of("values", v)?);
        for (name, x) in [("keys", &k), ("values", &v)] {
            if x.dim() != q.dim() {
                return Err(NetworkError::Shape {
                    name: name.to_owned(),
                    found: x.shape().to_vec(),
                    expected: q.shape().to_vec(),
                });
            }
        }
        let (length, width) = q.dim();
        if self.heads == 0 || width % self.heads != 0 {
            return Err(NetworkError::Size {
                what: "the number of heads",
                found: self.heads,
                expected: "a divisor of the width",
            });
        }
        let part = width / self.heads;
        let scale = count(part).sqrt();
        let (mut value, mut mass) = (Array2::zeros(q.dim()), Array2::zeros(q.dim()));
        for head in 0..self.heads {
            let columns = head * part..(head + 1) * part;
            for s in 0..length {
                let read: Vec<usize> = (0..=s)
                    .filter(|&j| self.mask.reads(s, j, self.text, self.side))
                    .collect();
                let product = |of: fn(f64) -> f64, j: usize| {
                    columns.clone().map(|c| of(q[[s, c]] * k[[j, c]])).sum::<f64>() / scale
                };
                let scores: Vec<f64> = read.iter().map(|&j| product(|term| term, j)).collect();
                let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
                let total: f64 = weights.iter().sum();
                let moved: Vec<f64> = (read.iter().zip(&scores))
                    .map(|(&j, score)| product(f64::abs, j) + (score - largest).abs())
                    .collect();
                for c in columns.clone() {
                    let expect = |f: &dyn Fn(usize) -> f64| {
                        let terms = (0..read.len()).map(|place| weights[place] / total * f(place));
                        terms.sum::<f64>()
                    };
                    let y = expect(&|place| v[[read[place], c]]);
                    value[[s, c]] = y;
                    mass[[s, c]] = expect(&|place| {
                        let v = v[[read[place], c]];
                        v.abs() + (v - y).abs() * moved[place]
                    });
                }
            }
        }
        Ok(Traced {
            value: value.into_dyn(),
            mass: mass.into_dyn(),
            // The larger of two: a score's product and scale, or the weights' exponentials and two sums over what is
            // read.
            roundings: (count(part) + 4.0).max(2.0 * EXP + 2.0 * count(length) + 2.0),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use ndarray::{Array2, array};

    use super::{Attention, Mask};

    fn attention(heads: usize, mask: Mask) -> Attention {
        Attention {
            heads,
            mask,
            text: 2,
            side: 3,
        }
    }

    #[test]
    fn a_head_weighs_its_own_part_of_the_values() {
        // Two heads of width one: scores 0 and ln 3 in the first, 0 and -ln 3 in the second.
        let ln_3 = 3.0_f64.ln();
        let q = array![[0.0, 0.0], [1.0, -1.0]].into_dyn();
        let k = array![[0.0, 0.0], [ln_3, ln_3]].into_dyn();
        let v = array![[4.0, 40.0], [8.0, 80.0]].into_dyn();
        let y = attention(2, Mask::Full).apply(&q, &k, &v).unwrap();
        let expected = array![[4.0, 40.0], [0.25 * 4.0 + 0.75 * 8.0, 0.75 * 40.0 + 0.25 * 80.0]];
        for (found, expected) in y.value.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-13, "{found} is not {expected}");
        }
        let odd = attention(3, Mask::Full).apply(&q, &k, &v).unwrap_err().to_string();
        assert_eq!(odd, "the number of heads is 3, expected a divisor of the width");
    }

    #[test]
    fn what_a_position_does_not_read_does_not_move_it() {
        let length = 2 + 9;
        let of = |seed: f64| Array2::from_shape_fn((length, 4), |(s, c)| ((s * 7 + c * 3) as f64 * 0.37 + seed).sin());
        let (q, k, v) = (of(0.1).into_dyn(), of(0.2), of(0.3));
        for mask in [Mask::Full, Mask::Row, Mask::Column, Mask::Convolution { kernel: 3 }] {
            let layer = attention(2, mask);
            let healthy = layer.apply(&q, &k.clone().into_dyn(), &v.clone().into_dyn()).unwrap();
            for key in 0..length {
                let (mut k, mut v) = (k.clone(), v.clone());
                k.row_mut(key).mapv_inplace(|entry| entry + 1.0);
                v.row_mut(key).mapv_inplace(|entry| entry - 2.0);
                let moved = layer.apply(&q, &k.into_dyn(), &v.into_dyn()).unwrap();
                for s in 0..length {
                    let same = (0..4).all(|c| healthy.value[[s, c]].to_bits() == moved.value[[s, c]].to_bits());
                    assert_eq!(!same, mask.reads(s, key, 2, 3), "{mask:?}: {key} at {s}");
                }
            }
        }
    }
}
