//! The lines of the derivation: the LaTeX of every formula, which is written only here, and the name of the function
//! that computes it.

use reference::vocab::Reading;

use crate::checkable::Checkable;

pub(crate) mod id;
mod value;

pub use id::{LineId, Stage};

/// A numbered line of the note, or an expression that the note does not print but that a claim needs.
#[derive(Debug)]
pub struct Line {
    /// Its name: the note's number, `2a` and `2b` for the two forms of Eq. 2, `14b` for Eq. 14 at the world's beta.
    pub id: LineId,
    /// The formula in LaTeX.
    pub latex: &'static str,
    /// The formula in words.
    pub reads: &'static str,
    /// The path of the function of `reference` that computes it.
    pub function: &'static str,
}

impl Line {
    /// [`Line::latex_under`] for a kind of world. Where codes are continuous, the sum over them becomes the integral
    /// that the note prints.
    #[must_use]
    pub fn latex_of<W: Checkable>(&self, reading: Reading) -> String {
        let latex = self.latex_under(reading);
        if !W::CONTINUOUS {
            return latex;
        }
        let (over_codes, over_both) = (latex.contains(r"\sum_z"), latex.contains(r"\sum_{y,z}"));
        let latex = latex.replace(r"\sum_z", r"\int").replace(r"\sum_{y,z}", r"\sum_y \int");
        latex + if over_codes || over_both { r"\, dz" } else { "" }
    }

    /// The formula as a reading evaluates it. The expected reading averages Eqs. 13, 14 and 1 over captions too, which
    /// the note does not write.
    #[must_use]
    pub fn latex_under(&self, reading: Reading) -> String {
        let averaged = reading.averages_captions() && self.id.depends_on_reading();
        if averaged {
            self.latex.replace(r"z \sim q_\phi(z|x)", r"y,z \sim q_\phi(y,z|x)")
        } else {
            self.latex.to_owned()
        }
    }
}

/// The line with this id. [`LINES`] has one for each, in the order of [`LineId::ALL`].
#[must_use]
pub const fn line(id: LineId) -> &'static Line {
    &LINES[id as usize]
}

/// Every line: those of the note, in its order, and then those that the note does not print.
pub static LINES: &[Line] = &[
    Line {
        id: LineId::Eq2a,
        latex: r"p_\theta(x|y,z)\, p(z|y)\, p(y)",
        reads: "the joint by the graphical model: decoder, codes given the caption, caption",
        function: "reference::equations::joint::eq02_graphical_model",
    },
    Line {
        id: LineId::Eq2b,
        latex: r"p_\theta(x|y,z)\, p_\psi(y,z)",
        reads: "the joint by the networks: decoder and transformer",
        function: "reference::equations::joint::eq02_networks",
    },
    Line {
        id: LineId::Eq3,
        latex: r"\ln p_{\theta,\psi}(x,y) = \ln \sum_z p_{\theta,\psi}(x,y,z)",
        reads: "the evidence: how probable the observed pair is, whatever its codes",
        function: "reference::equations::bound::eq03_log_evidence",
    },
    Line {
        id: LineId::Eq4,
        latex: r"\ln \sum_z \frac{p_{\theta,\psi}(x,y,z)}{q_\phi(z|x)}\, q_\phi(z|x)",
        reads: "every term divided by q(z|x) and multiplied by it again",
        function: "reference::equations::bound::eq04_multiplied_by_one",
    },
    Line {
        id: LineId::Eq5,
        latex: r"\ln \mathbb{E}_{z \sim q_\phi(z|x)} \left[ \frac{p_{\theta,\psi}(x,y,z)}{q_\phi(z|x)} \right]",
        reads: "the same sum, called an expectation over the encoder's codes",
        function: "reference::equations::bound::eq05_log_expected_ratio",
    },
    Line {
        id: LineId::Eq6,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln \frac{p_{\theta,\psi}(x,y,z)}{q_\phi(z|x)} \right]",
        reads: "the logarithm moved inside the expectation",
        function: "reference::equations::bound::eq06_expected_log_ratio",
    },
    Line {
        id: LineId::Eq7,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_{\theta,\psi}(x,y,z) - \ln q_\phi(z|x) \right]",
        reads: "the logarithm of the quotient, taken apart",
        function: "reference::equations::bound::eq07_log_quotient",
    },
    Line {
        id: LineId::Eq8,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln \left( p_\theta(x|y,z)\, p_\psi(y,z) \right) - \ln q_\phi(z|x) \right]",
        reads: "the joint replaced by decoder and transformer",
        function: "reference::equations::bound::eq08_networks",
    },
    Line {
        id: LineId::Eq9,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) + \ln p_\psi(y,z) - \ln q_\phi(z|x) \right]",
        reads: "the logarithm of the product, taken apart: the ELBO before any q(y,z|x)",
        function: "reference::equations::bound::eq09_log_product",
    },
    Line {
        id: LineId::Eq10,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) + \ln p_\psi(y,z) - \ln q_\phi(z|x) - \ln q_\phi(y|x) + \ln q_\phi(y|x) \right]",
        reads: "ln q(y|x) subtracted and added",
        function: "reference::equations::split::eq10_add_and_subtract",
    },
    Line {
        id: LineId::Eq11,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) + \ln p_\psi(y,z) - \ln q_\phi(z|x)\, q_\phi(y|x) + \ln q_\phi(y|x) \right]",
        reads: "the two encoders written as one product",
        function: "reference::equations::split::eq11_product_of_encoders",
    },
    Line {
        id: LineId::Eq12,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) + \ln p_\psi(y,z) - \ln q_\phi(y,z|x) + \ln q_\phi(y|x) \right]",
        reads: "that product called q(y,z|x)",
        function: "reference::equations::split::eq12_joint_encoder",
    },
    Line {
        id: LineId::Eq13,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) - D_{KL}(q_\phi(y,z|x), p_\psi(y,z)) + \ln q_\phi(y|x) \right]",
        reads: "the two middle terms called a Kullback-Leibler divergence",
        function: "reference::equations::objective::eq13_kl_named",
    },
    Line {
        id: LineId::Eq14,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) - D_{KL}(q_\phi(y,z|x), p_\psi(y,z)) \right]",
        reads: "ln q(y|x) dropped, at beta = 1",
        function: "reference::equations::objective::eq14_objective",
    },
    Line {
        id: LineId::Eq14AtBeta,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) - \beta D_{KL}(q_\phi(y,z|x), p_\psi(y,z)) \right]",
        reads: "the divergence weighted by beta",
        function: "reference::equations::objective::eq14_objective",
    },
    Line {
        id: LineId::Eq1,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left( \ln p_\theta(x|y,z) - \beta D_{KL}(q_\phi(y,z|x), p_\psi(y,z)) \right)",
        reads: "the objective as the note states it first",
        function: "reference::equations::objective::eq01_objective",
    },
    Line {
        id: LineId::ImageEvidence,
        latex: r"\ln p(x) = \ln \sum_{y,z} p_\theta(x|y,z)\, p_\psi(y,z)",
        reads: "the evidence of the image alone",
        function: "reference::model::Model::ln_evidence_of_image",
    },
    Line {
        id: LineId::A1,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) \right] - D_{KL}(q_\phi(z|x), p_\psi(z|y)) + \ln p_\psi(y)",
        reads: "the line that needs no reading of q(y,z|x)",
        function: "reference::repairs::without_a_reading",
    },
    Line {
        id: LineId::A2,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) + \ln p_\psi(y|z) \right] - D_{KL}(q_\phi(z|x), p_\psi(z))",
        reads: "the footnote's objective with the caption term that it lacks",
        function: "reference::repairs::footnote_with_caption_term",
    },
    Line {
        id: LineId::A3,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|z) \right] - D_{KL}(q_\phi(z|x), p_\psi(z))",
        reads: "the footnote's objective for a decoder that does not look at the caption",
        function: "reference::model::Model::caption_free_decoder",
    },
    Line {
        id: LineId::A4,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) \right] - D_{KL}(q_\phi(z|x), p_\psi(z))",
        reads: "the footnote's objective for a decoder that does look at the caption",
        function: "reference::equations::objective::eq14_objective",
    },
    Line {
        id: LineId::FixedCaptionEvidence,
        latex: r"\ln \sum_z p_\psi(z)\, p_\theta(x|y,z)",
        reads: "the evidence of the image if the caption were set by hand",
        function: "reference::repairs::ln_evidence_with_fixed_caption",
    },
    Line {
        id: LineId::AverageEvidence,
        latex: r"\mathbb{E}_{y \sim q_\phi(y|x)} \left[ \ln p_{\theta,\psi}(x,y) \right]",
        reads: "the evidence averaged over the encoder's captions",
        function: "reference::repairs::average_log_evidence",
    },
    Line {
        id: LineId::A5,
        latex: r"\mathbb{E}_{y \sim q_\phi(y|x)} \mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) - D_{KL}(q_\phi(y,z|x), p_\psi(y,z)) + \ln q_\phi(y|x) \right]",
        reads: "Eq. 13 under the joint reading, averaged over the encoder's captions",
        function: "reference::repairs::average_joint_objective",
    },
    Line {
        id: LineId::A6,
        latex: r"\mathbb{E}_{z \sim q_\phi(z|x)} \left[ \ln p_\theta(x|y,z) \right] - D_{KL}(q_\phi(y',z|x), p_\psi(y',z))",
        reads: "Eq. 14 under the joint reading, at beta = 1: the divergence sums over every caption y', the decoder sees the observed y",
        function: "reference::equations::objective::eq14_objective",
    },
];
