//! The symbols of the note, and their names in code.

use serde::Serialize;

/// A symbol of the note.
#[derive(Debug, Serialize)]
pub struct Symbol {
    /// The symbol in LaTeX.
    pub latex: &'static str,
    /// Its name in code and in files.
    pub code: &'static str,
    /// The shape of its table.
    pub shape: &'static str,
    /// Its meaning, in words.
    pub means: &'static str,
}

/// Every symbol of Eqs. 1 to 14.
pub static NOTATION: &[Symbol] = &[
    Symbol {
        latex: "x",
        code: "x",
        shape: "",
        means: "an image; one is observed",
    },
    Symbol {
        latex: "y",
        code: "y",
        shape: "[Y]",
        means: "a caption; one is observed",
    },
    Symbol {
        latex: "z",
        code: "z",
        shape: "[Z]",
        means: "the image's codes (discrete tokens)",
    },
    Symbol {
        latex: r"p_\theta(x|y,z)",
        code: "ln_p_x_given_yz",
        shape: "[Y, Z]",
        means: "decoder: the likelihood of the observed image",
    },
    Symbol {
        latex: r"p_\psi(y,z)",
        code: "ln_p_yz",
        shape: "[Y, Z]",
        means: "transformer: the prior of caption and codes",
    },
    Symbol {
        latex: r"q_\phi(z|x)",
        code: "ln_q_z_given_x",
        shape: "[Z]",
        means: "encoder: the codes given the image",
    },
    Symbol {
        latex: r"q_\phi(y|x)",
        code: "ln_q_y_given_x",
        shape: "[Y]",
        means: "the caption's probability mass",
    },
    Symbol {
        latex: r"q_\phi(y,z|x)",
        code: "ln_q_yz_given_x",
        shape: "[Y, Z]",
        means: "their product, unless a free joint is given",
    },
    Symbol {
        latex: r"p_{\theta,\psi}(x,y)",
        code: "ln p(x,y)",
        shape: "",
        means: "the evidence of the observed pair",
    },
    Symbol {
        latex: r"p(z|x,y)",
        code: "posterior",
        shape: "[Z]",
        means: "the codes given image and caption, by Bayes",
    },
    Symbol {
        latex: r"\mathbb{E}_{z \sim q}",
        code: "expect",
        shape: "",
        means: "expectation over the support of q",
    },
    Symbol {
        latex: r"D_{KL}(q, p)",
        code: "kl_divergence",
        shape: "",
        means: "Kullback-Leibler divergence of q from p",
    },
    Symbol {
        latex: r"A(y)",
        code: "divergence(Pointwise)",
        shape: "",
        means: "expected log-ratio at the observed caption; no divergence",
    },
    Symbol {
        latex: r"\beta",
        code: "beta",
        shape: "",
        means: "weight on the divergence",
    },
];
