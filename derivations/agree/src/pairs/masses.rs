//! The masses of reference values for functions that the twin computes in another way.

use reference::model::Model as _;
use reference::special::log_sum_exp;
use reference::vocab::{Error, Nats, Reading};
use reference::world::{Codes, World};

/// Adds the mass of the normaliser of `p(z)` to the footnote's divergence. The twin renormalises `p(z)`, and the
/// reference takes the prior as it is. `p(y,z)` sums to 1 up to the rounding of its entries. So the logarithm of the
/// normaliser is 0 up to that rounding and its own, both relative to its mass. The mass of the divergence is an
/// expectation under `q(z|x)` and this one under `p(z)`, and neither bounds the other.
///
/// ```text
/// mass + beta (mass of ln sum_z p(z))
/// ```
pub(super) fn with_normaliser_mass(world: &World, reading: Reading, beta: f64, nats: Nats) -> Result<Nats, Error> {
    match reading {
        Reading::Observed | Reading::Pointwise | Reading::Joint | Reading::Expected => return Ok(nats),
        Reading::Footnote => {}
    }
    let normaliser = world.log_integral(&world.ln_p_z()?);
    Ok(Nats::with_mass(nats.value(), nats.mass() + beta * normaliser.mass()))
}

/// The values of `ln q(y,z|x)`, followed by those of `ln q(y|x)`, under a reading. Their masses are those of the
/// numbers from which they are derived.
pub(super) fn derived_joint(world: &World, reading: Reading) -> Result<Vec<Nats>, Error> {
    let under = world.under(reading)?;
    let (captions, codes) = (world.captions(), world.codes());
    let footnote = reading == Reading::Footnote;
    let row = |y: usize| {
        Ok(if footnote {
            world.ln_q_z() + world.ln_p_y_given_z(y)?
        } else {
            world.ln_q_z() + under.ln_q_y(y)
        })
    };
    let joint: Vec<Codes> = (0..captions).map(row).collect::<Result<_, Error>>()?;
    let marginal: Vec<Nats> = joint.iter().map(|row| world.log_integral(row)).collect();
    let total = log_sum_exp(&marginal);
    let from = |value: Nats, mass: f64| Nats::with_mass(value.value(), mass);
    let derived: Vec<Codes> = (0..captions).map(|y| under.ln_q_yz(y)).collect();
    let cells = (0..captions).flat_map(|y| (0..codes).map(move |z| (y, z)));
    let joint = cells.map(|(y, z)| from(derived[y][z], joint[y][z].mass() + total.mass()));
    // The observed reading's distribution of captions is a point mass: it is 0 and -inf on both sides, and nothing was
    // added up. The footnote's is a log-sum-exp of normalised terms, with the masses of the row and of the total, minus
    // that of all rows. That has the mass of the total for the rows, once more for their normalisation, and once for
    // the shift by the maximum in it.
    let caption = (0..captions).map(|y| {
        if footnote {
            from(under.ln_q_y(y), marginal[y].mass() + 4.0 * total.mass())
        } else {
            under.ln_q_y(y)
        }
    });
    Ok(joint.chain(caption).collect())
}
