//! The importance-weighted bound.

use serde::Serialize;

use super::{Drawn, Estimate, Options, importance_weighted, mean};
use crate::ModelError;
use crate::data::Data;
use crate::network::Model;

/// The importance-weighted bound on some images of the test part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bound {
    /// How many images.
    pub images: usize,
    /// Their ELBO with the entropy exact, nats.
    pub elbo: Estimate,
    /// `k` and `L_k`, nats. The groups are nested: image by image `L_k` rises with `k`, whatever the weights.
    pub values: Vec<(usize, Estimate)>,
    /// The mean of `-ln q(z_i|x)` over the samples less the exact entropy, and what it may be off by chance: `L_1` less the ELBO.
    pub entropy_residue: Estimate,
}

/// Of these images; none where there are none.
pub(super) fn bounds(
    model: &Model,
    data: &Data,
    images: &[usize],
    options: &Options,
    told: &dyn Fn(),
) -> Result<Option<Bound>, ModelError> {
    let ks: Vec<usize> = (0..)
        .map(|power| 1 << power)
        .take_while(|k| *k <= options.bound_samples)
        .collect();
    let mut table: Vec<Vec<f64>> = vec![Vec::new(); ks.len()];
    let (mut elbos, mut residues, mut variance) = (Vec::new(), Vec::new(), 0.0);
    for &image in images {
        let drawn = Drawn::new(model, data, image, options.bound_samples, 0, options.seed)?;
        let prior = drawn.prior(model, data, image, options.bound_samples)?;
        let weights = drawn.log_weights(&prior);
        for (column, &k) in table.iter_mut().zip(&ks) {
            column.push(importance_weighted(&weights, k)?);
        }
        elbos.push(drawn.elbo(&prior));
        let surprise: Vec<f64> = drawn.ln_q.iter().map(|ln_q| -ln_q).collect();
        let surprise = Estimate::of(&surprise);
        residues.push(surprise.mean - drawn.entropy);
        variance += surprise.standard_error * surprise.standard_error;
        told();
    }
    if images.is_empty() {
        return Ok(None);
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of images")]
    let count = images.len() as f64;
    Ok(Some(Bound {
        images: images.len(),
        elbo: Estimate::of(&elbos),
        values: ks
            .into_iter()
            .zip(table.iter().map(|column| Estimate::of(column)))
            .collect(),
        entropy_residue: Estimate {
            mean: mean(&residues),
            standard_error: variance.sqrt() / count,
        },
    }))
}
