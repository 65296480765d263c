//! The value of a line on a world under a reading, for any kind of world.

use reference::equations::{bound, joint, objective, split};
use reference::model::Model;
use reference::repairs;
use reference::vocab::{Beta, Error, Nats, Reading};

use super::{Line, LineId};
use crate::under_reading::UnderReading;

impl Line {
    /// The value of the line, in nats. It is one number, except for the two forms of Eq. 2, which are tables.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] where the line has no value in this world, and [`Error::NoClosedForm`] where it has no
    /// closed form in this kind of world.
    pub fn value<W: Model>(&self, scene: &UnderReading<W>) -> Result<Vec<Nats>, Error> {
        let UnderReading { world, seen, reading } = scene;
        let beta = world.beta();
        let side = match self.id {
            LineId::Eq2a => return cells(world, joint::eq02_graphical_model),
            LineId::Eq2b => return cells(world, joint::eq02_networks),
            LineId::Eq3 => bound::eq03_log_evidence(seen),
            LineId::Eq4 => bound::eq04_multiplied_by_one(seen),
            LineId::Eq5 => bound::eq05_log_expected_ratio(seen),
            LineId::Eq6 => bound::eq06_expected_log_ratio(seen),
            LineId::Eq7 => bound::eq07_log_quotient(seen),
            LineId::Eq8 => bound::eq08_networks(seen),
            LineId::Eq9 => bound::eq09_log_product(seen),
            LineId::Eq10 => split::eq10_add_and_subtract(seen),
            LineId::Eq11 => split::eq11_product_of_encoders(seen),
            LineId::Eq12 => split::eq12_joint_encoder(seen),
            LineId::Eq13 => objective::eq13_kl_named(world, *reading),
            LineId::Eq14 => objective::eq14_objective(world, *reading, Beta::ONE),
            LineId::Eq14AtBeta => objective::eq14_objective(world, *reading, beta),
            LineId::Eq1 => objective::eq01_objective(world, *reading, beta),
            LineId::ImageEvidence => world.ln_evidence_of_image(),
            LineId::A1 => repairs::without_a_reading(world),
            LineId::A2 => repairs::footnote_with_caption_term(world),
            LineId::A3 => objective::eq14_objective(&world.caption_free_decoder()?, Reading::Footnote, Beta::ONE),
            LineId::A4 => objective::eq14_objective(world, Reading::Footnote, Beta::ONE),
            LineId::FixedCaptionEvidence => repairs::ln_evidence_with_fixed_caption(world),
            LineId::AverageEvidence => repairs::average_log_evidence(world),
            LineId::A5 => repairs::average_joint_objective(world),
            LineId::A6 => objective::eq14_objective(world, Reading::Joint, Beta::ONE),
        };
        Ok(vec![side?])
    }
}

/// The values of a side of Eq. 2 for every caption, at the codes that represent all of them.
fn cells<W: Model>(world: &W, side: fn(&W, usize) -> W::Log) -> Result<Vec<Nats>, Error> {
    let cells = (0..world.captions()).flat_map(|y| world.values(&side(world, y)));
    cells.map(|nats| nats.determinate("Eq. 2")).collect()
}
