//! Evaluates the importance-weighted bound.

use serde::Serialize;

use super::{Drawn, Estimate, Options, importance_weighted, mean};
use crate::ModelError;
use crate::chance::Tails;
use crate::data::Data;
use crate::finite::expect_finite;
use crate::network::Model;

/// The importance-weighted bound on some images of the test part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bound {
    /// The number of images.
    pub images: usize,
    /// Their ELBO with the exact entropy, in nats.
    pub elbo: Estimate,
    /// `k`, a power of two, and `L_k` in nats. The groups are nested, so that `L_k` of each image rises with `k`,
    /// whatever the weights are.
    pub values: Vec<(usize, Estimate)>,
    /// The rise of each `L_k` over the one before, averaged over images, in nats. It begins with `L_2`.
    pub rises: Vec<Estimate>,
    /// The mean of `-ln q(z_i|x)` over the samples minus the exact entropy, which equals `L_1` minus the ELBO, in nats.
    /// Its standard error follows from the exact variance of `-ln q(z|x)`.
    pub entropy_residue: Estimate,
    /// The largest size of that residue, in nats: the margin of [`chance`](crate::chance) plus the rounding error of
    /// the entropies. A standard error would not include codes that are too rare to be drawn.
    pub residue_bound: f64,
}

/// Evaluates the bound on these images. The result is `None` where there are no images.
pub(super) fn bounds(
    model: &Model,
    data: &Data,
    images: &[usize],
    options: &Options,
    told: &dyn Fn(),
) -> Result<Option<Bound>, ModelError> {
    // The number of samples is a power of two, so that every group consists of smaller groups.
    let samples = 1 << options.bound_samples.max(1).ilog2();
    let ks: Vec<usize> = (0..).map(|power| 1 << power).take_while(|k| *k <= samples).collect();
    let mut table: Vec<Vec<f64>> = vec![Vec::new(); ks.len()];
    // ln p(y), which all weights of an image share, is added last. So it costs no digits of the rises of `L_k`.
    let (mut elbos, mut shared, mut residues) = (Vec::new(), Vec::new(), Vec::new());
    let (mut variance, mut rounding, mut tails) = (0.0, 0.0, Vec::new());
    #[expect(clippy::cast_precision_loss, reason = "numbers of images, samples and codes")]
    let [count, drawn_of_each, codes] =
        [images.len(), samples, model.codes() * model.config.dvae.vocabulary].map(|number| number as f64);
    for &image in images {
        let drawn = Drawn::new(model, data, image, samples, 0, options.seed)?;
        let prior = drawn.prior(model, data, image, samples)?;
        let weights = drawn.log_weights(&prior);
        expect_finite(&weights, |sample| {
            format!("the log-weight of sample {sample} of image {image}")
        })?;
        for (column, &k) in table.iter_mut().zip(&ks) {
            column.push(importance_weighted(&weights, k)?);
        }
        shared.push(prior.ln_p_y);
        elbos.push(drawn.elbo(&prior));
        residues.push(-mean(&drawn.ln_q) - drawn.entropy);
        variance += drawn.variance / drawn_of_each;
        tails.push(drawn.tails);
        // Each of the two sums has at most this many addends, which are added one by one.
        rounding += codes.max(drawn_of_each) * f64::EPSILON * drawn.entropy;
        told();
    }
    let Some(tails) = Tails::sum(tails) else {
        return Ok(None);
    };
    let rise = |pair: &[Vec<f64>]| Estimate::of(&pair[1].iter().zip(&pair[0]).map(|(b, a)| b - a).collect::<Vec<_>>());
    let whole = |column: &[f64]| {
        Estimate::of(
            &column
                .iter()
                .zip(&shared)
                .map(|(l, ln_p_y)| l + ln_p_y)
                .collect::<Vec<_>>(),
        )
    };
    let entropy_residue = Estimate {
        mean: mean(&residues),
        standard_error: Some(variance.sqrt() / count),
    };
    Ok(Some(Bound {
        images: images.len(),
        elbo: Estimate::of(&elbos),
        values: ks.into_iter().zip(table.iter().map(|column| whole(column))).collect(),
        rises: table.windows(2).map(rise).collect(),
        entropy_residue,
        residue_bound: (tails.margin(drawn_of_each) + rounding) / count,
    }))
}
