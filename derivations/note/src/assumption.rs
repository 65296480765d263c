//! The assumptions that lines of the note need. Each has a predicate on worlds, and a committed witness: a world that
//! violates it.

use reference::vocab::{Beta, Reading};
use serde::Serialize;

use crate::checkable::Checkable;
use crate::under_reading::UnderReading;

/// The origin of an assumption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The note states it.
    Stated,
    /// The note does not state it, and only a zero probability violates it.
    Support,
    /// The note does not state it, and a line that is refuted without it holds with it.
    Repair,
}

/// The predicate of an assumption, evaluated on a world under a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// `q(z|x)` is positive wherever the posterior is.
    PosteriorCovered,
    /// `q(y|x) > 0` at the observed caption.
    CaptionPossible,
    /// `q(y,z|x) = q(y|x) q(z|x)`.
    JointFactorises,
    /// `q(y|x)` is 0 at every other caption.
    CaptionCertain,
    /// `beta = 1`.
    BetaOne,
    /// `beta >= 1`.
    BetaAtLeastOne,
    /// `p(x|y,z)` is the same for every caption.
    DecoderIgnoresCaption,
}

/// An assumption, with a world that shows why it is needed.
#[derive(Debug)]
pub struct Assumption {
    /// Its name on the command line.
    pub id: &'static str,
    /// The assumption as a formula, in LaTeX.
    pub latex: &'static str,
    /// The assumption in words.
    pub words: &'static str,
    /// Whether the note states it.
    pub kind: Kind,
    /// The predicate.
    pub says: Condition,
    /// The name of the claim that is false in the witness.
    pub breaks: &'static str,
    /// The reading under which that claim is false there.
    pub reading: Reading,
    /// A world that violates it, as TOML with fractions.
    pub witness: &'static str,
    /// A linear-Gaussian world that violates it, as TOML with fractions, where there is one.
    pub continuous: Option<&'static str>,
}

impl Assumption {
    /// The letter that stands for the assumption in the table of `elbo check`: `A` for the first.
    #[must_use]
    pub fn letter(&self) -> String {
        let place = ASSUMPTIONS.iter().position(|a| a.id == self.id);
        let letter = place.and_then(|place| ('A'..='Z').nth(place));
        letter.map_or_else(|| self.id.to_owned(), String::from)
    }

    /// Whether a world under a reading satisfies the assumption.
    #[must_use]
    pub fn holds<W: Checkable>(&self, scene: &UnderReading<W>) -> bool {
        let (seen, beta) = (&scene.seen, scene.world.beta());
        let possible = |y: usize| seen.ln_q_y(y).is_finite();
        match self.says {
            Condition::PosteriorCovered => seen.posterior_covered(),
            Condition::CaptionPossible => possible(seen.y()),
            Condition::JointFactorises => seen.joint_factorises(),
            Condition::CaptionCertain => (0..seen.captions()).all(|y| y == seen.y() || !possible(y)),
            Condition::BetaOne => beta == Beta::ONE,
            Condition::BetaAtLeastOne => beta.get() >= 1.0,
            Condition::DecoderIgnoresCaption => scene.world.decoder_ignores_caption(),
        }
    }

    /// Whether the assumption is about beta alone. Such a one is irrelevant to a claim that is made at a fixed beta.
    #[must_use]
    pub fn is_about_beta(&self) -> bool {
        self.id.starts_with("beta-")
    }
}

/// The assumption with this name or this letter.
#[must_use]
pub fn assumption(id: &str) -> Option<&'static Assumption> {
    ASSUMPTIONS
        .iter()
        .find(|a| a.id == id || a.letter().eq_ignore_ascii_case(id))
}

/// The set of assumptions that a world under a reading violates: bit `i` is set when it violates `ASSUMPTIONS[i]`.
#[must_use]
pub fn violated<W: Checkable>(scene: &UnderReading<W>) -> u16 {
    let bits = ASSUMPTIONS.iter().enumerate();
    bits.fold(
        0,
        |mask, (bit, a)| if a.holds(scene) { mask } else { mask | (1 << bit) },
    )
}

/// All assumptions, in the order of the bits of [`violated`].
pub static ASSUMPTIONS: &[Assumption] = &[
    Assumption {
        id: "q-covers-posterior",
        latex: r"p(z|x,y) > 0 \Rightarrow q_\phi(z|x) > 0",
        words: "q(z|x) is positive wherever the posterior is",
        kind: Kind::Support,
        says: Condition::PosteriorCovered,
        breaks: "3-4",
        reading: Reading::Pointwise,
        witness: include_str!("../../data/witness/q-covers-posterior.toml"),
        continuous: None,
    },
    Assumption {
        id: "caption-possible",
        latex: r"q_\phi(y|x) > 0",
        words: "the observed caption has positive probability under q(y|x)",
        kind: Kind::Support,
        says: Condition::CaptionPossible,
        breaks: "9-10",
        reading: Reading::Pointwise,
        witness: include_str!("../../data/witness/caption-possible.toml"),
        continuous: Some(include_str!("../../data/witness/continuous/caption-possible.toml")),
    },
    Assumption {
        id: "joint-factorises",
        latex: r"q_\phi(y,z|x) = q_\phi(y|x)\, q_\phi(z|x)",
        words: "caption and codes are independent given the image",
        kind: Kind::Stated,
        says: Condition::JointFactorises,
        breaks: "11-12",
        reading: Reading::Pointwise,
        witness: include_str!("../../data/witness/joint-factorises.toml"),
        continuous: None,
    },
    Assumption {
        id: "caption-certain",
        latex: r"q_\phi(y|x) = 1",
        words: "q(y|x), as the reading has it, is a point mass at the observed caption",
        kind: Kind::Repair,
        says: Condition::CaptionCertain,
        breaks: "13-14",
        reading: Reading::Pointwise,
        witness: include_str!("../../data/witness/caption-certain.toml"),
        continuous: Some(include_str!("../../data/witness/continuous/caption-certain.toml")),
    },
    Assumption {
        id: "beta-one",
        latex: r"\beta = 1",
        words: "the divergence has weight one",
        kind: Kind::Stated,
        says: Condition::BetaOne,
        breaks: "3-1",
        reading: Reading::Observed,
        witness: include_str!("../../data/witness/beta-one.toml"),
        continuous: Some(include_str!("../../data/witness/continuous/beta-one.toml")),
    },
    Assumption {
        id: "beta-at-least-one",
        latex: r"\beta \geq 1",
        words: "the divergence has at least weight one",
        kind: Kind::Repair,
        says: Condition::BetaAtLeastOne,
        breaks: "3-1",
        reading: Reading::Observed,
        witness: include_str!("../../data/witness/beta-one.toml"),
        continuous: Some(include_str!("../../data/witness/continuous/beta-one.toml")),
    },
    Assumption {
        id: "decoder-ignores-caption",
        latex: r"p_\theta(x|y,z) = p_\theta(x|z)",
        words: "the decoder does not look at the caption",
        kind: Kind::Repair,
        says: Condition::DecoderIgnoresCaption,
        breaks: "p(x)-A4",
        reading: Reading::Pointwise,
        witness: include_str!("../../data/witness/decoder-ignores-caption.toml"),
        continuous: None,
    },
];
