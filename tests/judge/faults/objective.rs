//! A discrete VAE's objective as people write it: forward and backward by hand, right or with a fault in it.

use super::axes::{over_batch, over_height, reshaped, unshifted};
use super::mutants::Fault;
use super::number::Number;
use super::tokens::{Claims, Inputs, Style};

/// `ln q` of every row of `k` entries.
pub(crate) fn log_softmax<T: Number>(x: &[T], k: usize, style: Style) -> Vec<T> {
    let rows = x.chunks(k).flat_map(|row| {
        let max = row.iter().copied().fold(row[0], T::larger);
        let weights: Vec<T> = row.iter().map(|x| (*x - max).exp()).collect();
        let ln = style.order.sum(&weights).ln();
        let lse = max + ln;
        row.iter()
            .map(move |x| if style.way == 1 { *x - lse } else { (*x - max) - ln })
    });
    rows.collect()
}

/// `q t` with `0 x -inf = 0`.
pub(crate) fn weigh<T: Number>(q: T, t: T) -> T {
    if q.get() == 0.0 { T::of(0.0) } else { q * t }
}

/// The logit-Laplace log-density, with its derivatives by `mu` and `ln b`.
fn density<T: Number>(x: T, mu: T, ln_b: T, fault: Fault) -> [T; 3] {
    let one = T::of(1.0);
    let (ln_x, ln_rest) = (x.ln(), (one - x).ln());
    let logit = ln_x - ln_rest;
    let b = if fault == Fault::RawScale {
        ln_b.abs() + T::of(1e-6)
    } else {
        ln_b.exp()
    };
    let (offset, ln_b) = match fault {
        Fault::RawScale => (x - mu, b.ln()),
        _ => (logit - mu, ln_b),
    };
    let distance = offset.abs() / b;
    if fault == Fault::Discretised {
        let [up, down] = [0.5 / 255.0, -0.5 / 255.0].map(|h| one / (one + (-(x + T::of(h) - mu) / b).exp()));
        return [(up - down).abs().ln(), one, one];
    }
    let mut value = -T::of(std::f64::consts::LN_2) - ln_b - distance;
    if fault == Fault::FactorTwoMissing {
        value = -ln_b - distance;
    }
    if !matches!(fault, Fault::JacobianMissing | Fault::RawScale) {
        value = value - ln_x - ln_rest;
    }
    let sign = if offset < T::of(0.0) { -one } else { one };
    [value, sign / b, distance - one]
}

/// The logarithm of a softmax in rows of `k`, as the subject takes it.
fn normalised<T: Number>(x: &[T], k: usize, style: Style, fault: Fault) -> Vec<T> {
    match fault {
        Fault::Unshifted => unshifted(x, k, style),
        _ => log_softmax(x, k, style),
    }
}

/// The noise that the subject adds to its logits.
fn noise<T: Number>(inputs: &Inputs<T>, fault: Fault) -> Vec<T> {
    let largest = -(-0.999_f64.ln()).ln();
    match fault {
        Fault::NoiseTruncated => inputs
            .noise
            .iter()
            .map(|g| if *g > T::of(largest) { T::of(largest) } else { *g })
            .collect(),
        Fault::MeanAtPredict => vec![T::of(0.0); inputs.noise.len()],
        _ => inputs.noise.clone(),
    }
}

/// The scores under the relaxed sample, and the sample.
fn relaxed<T: Number>(inputs: &Inputs<T>, style: Style, fault: Fault) -> [Vec<T>; 2] {
    let (k, tau) = (inputs.sizes.codes, T::of(inputs.tau));
    let noise = noise(inputs, fault);
    let unmasked = |x: T| {
        if fault == Fault::MaskIgnored && x.get().is_infinite() {
            T::of(0.0)
        } else {
            x
        }
    };
    let z: Vec<T> = inputs
        .logits
        .iter()
        .zip(&noise)
        .map(|(x, g)| (unmasked(*x) + *g) / tau)
        .collect();
    let ln_y = normalised(&z, k, style, fault);
    let mut sample: Vec<T> = ln_y.iter().map(|ln| ln.exp()).collect();
    if fault == Fault::NoiseEdge {
        let edge = noise.iter().position(|g| *g > T::of(11.0));
        if let Some(i) = edge {
            sample[i / k * k..][..k].fill(T::of(f64::NAN));
        }
    }
    if fault == Fault::NotStraightThrough {
        // One-hot where the relaxed sample is stated: the reverse of what was meant.
        for (row, y) in z.chunks(k).zip(sample.chunks_mut(k)) {
            let best = (0..k).fold(0, |best, j| if row[j] > row[best] { j } else { best });
            for (j, y) in y.iter_mut().enumerate() {
                *y = T::of(f64::from(u8::from(j == best)));
            }
        }
    }
    if fault == Fault::SampleOverHeight {
        sample = over_height(&z, inputs.sizes).into_iter().map(T::exp).collect();
    }
    [z, sample]
}

/// Encoder and prior at every position, `[B][S][K]`.
struct Tables<T> {
    k: usize,
    style: Style,
    ln_q: Vec<T>,
    ln_p: Vec<T>,
    q: Vec<T>,
}

impl<T: Number> Tables<T> {
    /// Normalises the logits; `z` are the scores under the relaxed sample.
    fn new(inputs: &Inputs<T>, z: &[T], style: Style, fault: Fault) -> Self {
        let sizes = inputs.sizes;
        let (k, rows) = (sizes.codes, sizes.batch * sizes.positions());
        let misread = (fault == Fault::Reshaped).then(|| reshaped(&inputs.logits, sizes, style));
        let scores = match fault {
            Fault::RelaxedInDivergence => z,
            _ => misread.as_ref().unwrap_or(&inputs.logits),
        };
        let ln_q = match fault {
            Fault::SoftmaxOverHeight => over_height(scores, sizes),
            Fault::SoftmaxOverBatch => over_batch(scores, sizes),
            Fault::SoftmaxFlattened => log_softmax(scores, sizes.positions() * k, style),
            _ => normalised(scores, k, style, fault),
        };
        let uniform = -T::of((k as f64).ln());
        let ln_p = match &inputs.prior {
            Some(prior) if fault == Fault::Reshaped => normalised(&reshaped(prior, sizes, style), k, style, fault),
            Some(prior) => log_softmax(prior, k, style),
            None if fault == Fault::PriorNotLogged => vec![T::of(1.0) / T::of(k as f64); rows * k],
            None => vec![uniform; rows * k],
        };
        let q = ln_q.iter().map(|ln| ln.exp()).collect();
        Self {
            k,
            style,
            ln_q,
            ln_p,
            q,
        }
    }

    /// The sum of a term over the codes of a position.
    fn sum(&self, row: usize, term: &dyn Fn(usize) -> T) -> T {
        let terms: Vec<T> = (row * self.k..(row + 1) * self.k).map(term).collect();
        self.style.order.sum(&terms)
    }

    /// `E_q[f]` at a position.
    fn expectation(&self, row: usize, f: &dyn Fn(usize) -> T) -> T {
        self.sum(row, &|i| weigh(self.q[i], f(i)))
    }

    /// The entropy at a position.
    fn entropy(&self, row: usize, fault: Fault) -> T {
        match fault {
            Fault::EntropyOfMasked => -self.sum(row, &|i| self.q[i] * self.ln_q[i]),
            Fault::EntropySign => self.expectation(row, &|i| self.ln_q[i]),
            Fault::EntropyInBits => -self.expectation(row, &|i| self.ln_q[i]) / T::of(std::f64::consts::LN_2),
            _ => -self.expectation(row, &|i| self.ln_q[i]),
        }
    }

    /// The cross-entropy at a position.
    fn cross_entropy(&self, row: usize) -> T {
        -self.expectation(row, &|i| self.ln_p[i])
    }

    /// The divergence at a position.
    fn divergence(&self, row: usize, fault: Fault) -> T {
        let (ln_q, ln_p, k) = (&self.ln_q, &self.ln_p, T::of(self.k as f64));
        let right = || self.expectation(row, &|i| ln_q[i] - ln_p[i]);
        match fault {
            Fault::Swapped => self.sum(row, &|i| weigh(ln_p[i].exp(), ln_p[i] - ln_q[i])),
            Fault::FreeBits => right().larger(T::of(1.25)),
            Fault::EntropyMissing => self.cross_entropy(row),
            Fault::EntropyHalved => self.cross_entropy(row) - T::of(0.5) * self.entropy(row, fault),
            Fault::Negated | Fault::NegatedTwice => -right(),
            Fault::DividedByCodes => right() / k,
            Fault::DividedByElements => right() / T::of(self.q.len() as f64),
            Fault::DivergenceInBits => right() / T::of(std::f64::consts::LN_2),
            Fault::LogRatioSquared => self.expectation(row, &|i| ln_q[i] + ln_p[i]),
            Fault::SummedInBf16 => {
                let terms = (row * self.k..(row + 1) * self.k).map(|i| weigh(self.q[i], ln_q[i] - ln_p[i]));
                let sum = terms.fold(half::bf16::ZERO, |sum, term| half::bf16::of(sum.get() + term.get()));
                T::of(sum.get())
            }
            _ if self.style.way == 2 => self.cross_entropy(row) - self.entropy(row, fault),
            _ => right(),
        }
    }
}

/// The sum over each image, or the mean.
fn of_images<T: Number>(values: &[T], width: usize, mean: bool, style: Style) -> Vec<T> {
    let of_image = |image: &[T]| {
        let sum = style.order.sum(image);
        if mean { sum / T::of(width as f64) } else { sum }
    };
    values.chunks(width).map(of_image).collect()
}

/// The weight of the divergence in the loss.
fn weight<T: Number>(inputs: &Inputs<T>, fault: Fault) -> T {
    let (n, beta) = (|value: usize| T::of(value as f64), T::of(inputs.beta));
    match fault {
        Fault::BetaMissing => T::of(1.0),
        Fault::BetaSquared => beta * beta,
        Fault::DivergenceMissing => T::of(0.0),
        Fault::DivergenceAdded => -beta,
        Fault::DivergenceOverPixels => beta / n(inputs.sizes.pixels),
        Fault::DivergenceOverBatch => beta / n(inputs.sizes.batch),
        _ => beta,
    }
}

/// The whole objective.
pub(crate) fn compute<T: Number>(inputs: &Inputs<T>, style: Style, fault: Fault) -> Claims<T> {
    let sizes = inputs.sizes;
    let (rows, batch) = (sizes.batch * sizes.positions(), sizes.batch);
    let n = T::of(batch as f64);
    let [z, sample] = relaxed(inputs, style, fault);
    let tables = Tables::new(inputs, &z, style, fault);
    let entropy: Vec<T> = (0..rows).map(|row| tables.entropy(row, fault)).collect();
    let cross_entropy: Vec<T> = (0..rows).map(|row| tables.cross_entropy(row)).collect();
    let kl: Vec<T> = (0..rows).map(|row| tables.divergence(row, fault)).collect();

    let each: Vec<[T; 3]> = (0..inputs.x.len())
        .map(|i| density(inputs.x[i], inputs.mu[i], inputs.ln_b[i], fault))
        .collect();
    let values: Vec<T> = each.iter().map(|[value, ..]| *value).collect();
    let mean = matches!(fault, Fault::ReconstructionMean | Fault::BothMeans);
    let reconstruction = of_images(&values, sizes.pixels, mean, style);
    let mean = matches!(fault, Fault::MeanOverPositions | Fault::BothMeans);
    let of_image = of_images(&kl, sizes.positions(), mean, style);
    let elbo: Vec<T> = (0..batch)
        .map(|b| match fault {
            Fault::DivergenceAdded => reconstruction[b] + of_image[b],
            Fault::SumBeforeReduce => reconstruction[b] - n * of_image[b],
            _ => reconstruction[b] - of_image[b],
        })
        .collect();
    let weight = weight(inputs, fault);
    let per_image: Vec<T> = (0..batch)
        .map(|b| match fault {
            Fault::BetaOnReconstruction => T::of(inputs.beta) * reconstruction[b] - of_image[b],
            Fault::ReportsBound => -(reconstruction[b] - weight * of_image[b]),
            Fault::SumBeforeReduce => reconstruction[b] - n * weight * of_image[b],
            _ => reconstruction[b] - weight * of_image[b],
        })
        .collect();
    let total = style.order.sum(&per_image);
    let loss = match fault {
        Fault::SummedOverBatch => -total,
        _ => -total / n,
    };
    let by_logits = backward(
        inputs,
        style,
        fault,
        weight,
        &[&tables.ln_q, &tables.ln_p, &tables.q, &sample],
    );
    let share = -T::of(1.0) / n;
    Claims {
        sample,
        entropy,
        cross_entropy,
        kl,
        reconstruction,
        elbo,
        loss: vec![loss],
        by_logits,
        by_mu: each.iter().map(|[_, slope, _]| share * *slope).collect(),
        by_ln_b: each.iter().map(|[.., slope]| share * *slope).collect(),
    }
}

/// `dL/dx` of a position: the divergence's part and what comes back through the sample.
fn backward<T: Number>(inputs: &Inputs<T>, style: Style, fault: Fault, weight: T, tables: &[&Vec<T>; 4]) -> Vec<T> {
    let [ln_q, ln_p, q, y] = tables;
    let (k, one) = (inputs.sizes.codes, T::of(1.0));
    let share = T::of(1.0) / T::of(inputs.sizes.batch as f64);
    let tau = T::of(inputs.tau);
    let mut slopes = Vec::new();
    for row in 0..inputs.logits.len() / k {
        let at = row * k;
        let inner: Vec<T> = (at..at + k).map(|i| weigh(q[i], ln_q[i] - ln_p[i] + one)).collect();
        let mean = style.order.sum(&inner);
        let handed: Vec<T> = (at..at + k).map(|i| weigh(y[i], inputs.handed_back[i])).collect();
        let back = style.order.sum(&handed);
        for j in 0..k {
            let i = at + j;
            let divergence = share * weight * (inner[j] - weigh(q[i], mean));
            let through = (handed[j] - weigh(y[i], back)) / tau;
            let masked = inputs.logits[i].get() == f64::NEG_INFINITY;
            slopes.push(match fault {
                Fault::DivergenceDetached => through,
                Fault::SampleDetached => divergence,
                Fault::OffByOne => divergence + through + one,
                Fault::WhereGuarded if masked => T::of(f64::NAN),
                Fault::BetaOnWrongGradient => share * (inner[j] - weigh(q[i], mean)) + weight * through,
                Fault::TemperatureMissingBackward => divergence + through * tau,
                _ => divergence + through,
            });
        }
    }
    slopes
}
