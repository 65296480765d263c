//! What a node comes to on a scene, whatever the kind of its world.

use reference::equations::{bound, joint, objective, split};
use reference::model::Model;
use reference::repairs;
use reference::vocab::{Beta, Error, Nats, Reading};

use super::Expr;
use crate::scene::Scene;

impl Expr {
    /// Its value; several numbers for a table.
    ///
    /// # Errors
    /// [`Error::Indeterminate`] where it has none in this world, [`Error::NoClosedForm`] where this kind of world has none.
    pub fn value<W: Model>(&self, scene: &Scene<W>) -> Result<Vec<Nats>, Error> {
        let Scene { world, seen, reading } = scene;
        let beta = world.beta();
        let side = match self.id {
            "2a" => return cells(world, joint::eq02_graphical_model),
            "2b" => return cells(world, joint::eq02_networks),
            "3" => bound::eq03_log_evidence(seen),
            "4" => bound::eq04_multiplied_by_one(seen),
            "5" => bound::eq05_log_expected_ratio(seen),
            "6" => bound::eq06_expected_log_ratio(seen),
            "7" => bound::eq07_log_quotient(seen),
            "8" => bound::eq08_networks(seen),
            "9" => bound::eq09_log_product(seen),
            "10" => split::eq10_add_and_subtract(seen),
            "11" => split::eq11_product_of_encoders(seen),
            "12" => split::eq12_joint_encoder(seen),
            "13" => objective::eq13_kl_named(world, *reading),
            "14" => objective::eq14_objective(world, *reading, Beta::ONE),
            "14b" => objective::eq14_objective(world, *reading, beta),
            "1" => objective::eq01_objective(world, *reading, beta),
            "p(x)" => world.ln_evidence_of_image(),
            "A1" => repairs::without_a_reading(world),
            "A2" => repairs::footnote_with_caption_term(world),
            "A3" => objective::eq14_objective(&world.caption_free_decoder()?, Reading::Footnote, Beta::ONE),
            "A4" => objective::eq14_objective(world, Reading::Footnote, Beta::ONE),
            "fixed" => repairs::ln_evidence_with_fixed_caption(world),
            "mean-3" => repairs::average_log_evidence(world),
            "A5" => repairs::average_joint_objective(world),
            "A6" => objective::eq14_objective(world, Reading::Joint, Beta::ONE),
            _ => Err(Error::Indeterminate {
                line: "an expression that no function computes",
            }),
        };
        Ok(vec![side?])
    }
}

/// Every caption, at every code that stands for all.
fn cells<W: Model>(world: &W, side: fn(&W, usize) -> W::Log) -> Result<Vec<Nats>, Error> {
    let cells = (0..world.captions()).flat_map(|y| world.values(&side(world, y)));
    cells.map(|nats| nats.determinate("Eq. 2")).collect()
}
