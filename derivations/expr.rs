//! The nodes of the derivation: every formula's LaTeX, typed once, and the function that computes it.

use ndarray::Array3;
use reference::equations::{bound, joint, objective, split};
use reference::repairs;
use reference::vocab::{Beta, Error, Nats, Reading};
use reference::world::Joint;

use crate::scene::Scene;

/// A side of some line.
#[derive(Debug)]
pub struct Expr {
    /// Short name: the note's number, `2a` and `2b` for the two forms of Eq. 2, `14b` for Eq. 14 at the world's beta.
    pub id: &'static str,
    /// The formula.
    pub latex: &'static str,
    /// The formula in a sentence.
    pub reads: &'static str,
    /// The function that computes it.
    pub function: &'static str,
    /// Its value on a scene; several numbers for a table.
    pub value: fn(&Scene) -> Result<Vec<Nats>, Error>,
}

impl Expr {
    /// Whether the formula is a probability, as the two forms of Eq. 2 are; the functions give logarithms.
    #[must_use]
    pub fn is_probability(&self) -> bool {
        matches!(self.id, "2a" | "2b")
    }

    /// The formula as the reading evaluates it: the expected one averages Eqs. 13, 14 and 1 over captions too, which the note does not write.
    #[must_use]
    pub fn latex_under(&self, reading: Reading) -> String {
        let averaged = reading == Reading::Expected && matches!(self.id, "13" | "14" | "14b" | "1");
        if averaged {
            self.latex.replace(r"z \sim q_\phi(z|x)", r"y,z \sim q_\phi(y,z|x)")
        } else {
            self.latex.to_owned()
        }
    }
}

/// The expression of that name.
#[must_use]
pub fn expr(id: &str) -> Option<&'static Expr> {
    EXPRS.iter().find(|expr| expr.id == id)
}

fn one(value: Result<Nats, Error>) -> Result<Vec<Nats>, Error> {
    Ok(vec![value?])
}

fn cells(scene: &Scene, side: fn(&Joint) -> Array3<Nats>) -> Result<Vec<Nats>, Error> {
    side(&Joint::of_world(&scene.world))
        .into_iter()
        .map(|nats| nats.determinate("Eq. 2"))
        .collect()
}

/// Every node, in the order of the note, then the ones that the note does not print.
pub static EXPRS: &[Expr] = &[
    Expr {
        id: "2a",
        latex: r"p_\theta(x|y,z)\, p(z|y)\, p(y)",
        reads: "the joint by the graphical model: decoder, codes given the caption, caption",
        function: "reference::equations::joint::eq02_graphical_model",
        value: |scene| cells(scene, joint::eq02_graphical_model),
    },
    Expr {
        id: "2b",
        latex: r"p_\theta(x|y,z)\, p_\psi(y,z)",
        reads: "the joint by the networks: decoder and transformer",
        function: "reference::equations::joint::eq02_networks",
        value: |scene| cells(scene, joint::eq02_networks),
    },
    Expr {
        id: "3",
        latex: r"\ln p_{\theta,\psi}(x,y) = \ln \sum_z p_{\theta,\psi}(x,y,z)",
        reads: "the evidence: how probable the observed pair is, whatever its codes",
        function: "reference::equations::bound::eq03_log_evidence",
        value: |scene| one(bound::eq03_log_evidence(&scene.seen)),
    },
    Expr {
        id: "4",
        latex: r"\ln \sum_z \frac{p_{\theta,\psi}(x,y,z)}{q_\phi(z|x)}\, q_\phi(z|x)",
        reads: "every term divided by q(z|x) and multiplied by it again",
        function: "reference::equations::bound::eq04_multiplied_by_one",
        value: |scene| one(bound::eq04_multiplied_by_one(&scene.seen)),
    },
    Expr {
        id: "5",
        latex: r"\ln \mathbb{E}_{z \sim q_\phi(z|x)} \left[ \frac{p_{\theta,\psi}(x,y,z)}{q_\phi(z|x)} \right]",
        reads: "the same sum, called an expectation over the encoder's codes",
        function: "reference::equations::bound::eq05_log_expected_ratio",
        value: |scene| one(bound::eq05_log_expected_ratio(&scene.seen)),
    },
    Expr {
        id: "6",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln \frac{p_{\theta,\psi}(x,y,z)}{q_\phi(z|x)} \right]",
        reads: "the logarithm moved inside the expectation",
        function: "reference::equations::bound::eq06_expected_log_ratio",
        value: |scene| one(bound::eq06_expected_log_ratio(&scene.seen)),
    },
    Expr {
        id: "7",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_{\theta,\psi}(x,y,z) - \ln q_\phi(z|x) \right]",
        reads: "the logarithm of the quotient, taken apart",
        function: "reference::equations::bound::eq07_log_quotient",
        value: |scene| one(bound::eq07_log_quotient(&scene.seen)),
    },
    Expr {
        id: "8",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln \left( p_\theta(x|y,z)\, p_\psi(y,z) \right) - \ln q_\phi(z|x) \right]",
        reads: "the joint replaced by decoder and transformer",
        function: "reference::equations::bound::eq08_networks",
        value: |scene| one(bound::eq08_networks(&scene.seen)),
    },
    Expr {
        id: "9",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) + \ln p_\psi(y,z) - \ln q_\phi(z|x) \right]",
        reads: "the logarithm of the product, taken apart: the ELBO before any q(y,z|x)",
        function: "reference::equations::bound::eq09_log_product",
        value: |scene| one(bound::eq09_log_product(&scene.seen)),
    },
    Expr {
        id: "10",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) + \ln p_\psi(y,z) - \ln q_\phi(z|x) - \ln q_\phi(y|x) + \ln q_\phi(y|x) \right]",
        reads: "ln q(y|x) subtracted and added",
        function: "reference::equations::split::eq10_add_and_subtract",
        value: |scene| one(split::eq10_add_and_subtract(&scene.seen)),
    },
    Expr {
        id: "11",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) + \ln p_\psi(y,z) - \ln q_\phi(z|x)\, q_\phi(y|x) + \ln q_\phi(y|x) \right]",
        reads: "the two encoders written as one product",
        function: "reference::equations::split::eq11_product_of_encoders",
        value: |scene| one(split::eq11_product_of_encoders(&scene.seen)),
    },
    Expr {
        id: "12",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) + \ln p_\psi(y,z) - \ln q_\phi(y,z|x) + \ln q_\phi(y|x) \right]",
        reads: "that product called q(y,z|x)",
        function: "reference::equations::split::eq12_joint_encoder",
        value: |scene| one(split::eq12_joint_encoder(&scene.seen)),
    },
    Expr {
        id: "13",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) - D_{KL}(q_\phi(y,z|x), p_\psi(y,z)) + \ln q_\phi(y|x) \right]",
        reads: "the two middle terms called a Kullback-Leibler divergence",
        function: "reference::equations::objective::eq13_kl_named",
        value: |scene| one(objective::eq13_kl_named(&scene.world, scene.reading)),
    },
    Expr {
        id: "14",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) - D_{KL}(q_\phi(y,z|x), p_\psi(y,z)) \right]",
        reads: "ln q(y|x) dropped, at beta = 1",
        function: "reference::equations::objective::eq14_objective",
        value: |scene| one(objective::eq14_objective(&scene.world, scene.reading, Beta::ONE)),
    },
    Expr {
        id: "14b",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) - \beta D_{KL}(q_\phi(y,z|x), p_\psi(y,z)) \right]",
        reads: "the divergence weighted by beta",
        function: "reference::equations::objective::eq14_objective",
        value: |scene| {
            one(objective::eq14_objective(
                &scene.world,
                scene.reading,
                scene.world.beta(),
            ))
        },
    },
    Expr {
        id: "1",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left( \ln p_\theta(x|y,z) - \beta D_{KL}(q_\phi(y,z|x), p_\psi(y,z)) \right)",
        reads: "the objective as the note states it first",
        function: "reference::equations::objective::eq01_objective",
        value: |scene| {
            one(objective::eq01_objective(
                &scene.world,
                scene.reading,
                scene.world.beta(),
            ))
        },
    },
    Expr {
        id: "p(x)",
        latex: r"\ln p(x) = \ln \sum_{y,z} p_\theta(x|y,z)\, p_\psi(y,z)",
        reads: "the evidence of the image alone",
        function: "reference::repairs::ln_evidence_of_image",
        value: |scene| one(repairs::ln_evidence_of_image(&scene.world).determinate("ln p(x)")),
    },
    Expr {
        id: "A1",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) \right] - D_{KL}(q_\phi(z|x), p_\psi(z|y)) + \ln p_\psi(y)",
        reads: "the line that needs no reading of q(y,z|x)",
        function: "reference::repairs::without_a_reading",
        value: |scene| one(repairs::without_a_reading(&scene.world)),
    },
    Expr {
        id: "A2",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) + \ln p_\psi(y|z) \right] - D_{KL}(q_\phi(z|x), p_\psi(z))",
        reads: "the footnote's objective with the caption term that it lacks",
        function: "reference::repairs::footnote_with_caption_term",
        value: |scene| one(repairs::footnote_with_caption_term(&scene.world)),
    },
    Expr {
        id: "A3",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|z) \right] - D_{KL}(q_\phi(z|x), p_\psi(z))",
        reads: "the footnote's objective for a decoder that does not look at the caption",
        function: "reference::repairs::caption_free_decoder",
        value: |scene| {
            let blind = repairs::caption_free_decoder(&scene.world)?;
            one(objective::eq14_objective(&blind, Reading::Footnote, Beta::ONE))
        },
    },
    Expr {
        id: "A4",
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) \right] - D_{KL}(q_\phi(z|x), p_\psi(z))",
        reads: "the footnote's objective for a decoder that does look at the caption",
        function: "reference::equations::objective::eq14_objective",
        value: |scene| one(objective::eq14_objective(&scene.world, Reading::Footnote, Beta::ONE)),
    },
    Expr {
        id: "fixed",
        latex: r"\ln \sum_z p_\psi(z)\, p_\theta(x|y,z)",
        reads: "the evidence of the image if the caption were set by hand",
        function: "reference::repairs::ln_evidence_with_fixed_caption",
        value: |scene| one(repairs::ln_evidence_with_fixed_caption(&scene.world).determinate("ln sum_z p(z) p(x|y,z)")),
    },
    Expr {
        id: "mean-3",
        latex: r"\mathbb{E}_{y \sim q_\phi(y|x)} \left[ \ln p_{\theta,\psi}(x,y) \right]",
        reads: "the evidence averaged over the encoder's captions",
        function: "reference::repairs::average_log_evidence",
        value: |scene| one(repairs::average_log_evidence(&scene.world)),
    },
    Expr {
        id: "A5",
        latex: r"\mathbb{E}_{y \sim q_\phi(y|x)} \mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) - D_{KL}(q_\phi(y,z|x), p_\psi(y,z)) + \ln q_\phi(y|x) \right]",
        reads: "Eq. 13 under the joint reading, averaged over the encoder's captions",
        function: "reference::repairs::average_joint_objective",
        value: |scene| one(repairs::average_joint_objective(&scene.world)),
    },
];
