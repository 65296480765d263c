//! The edges of the derivation: `to = from - slack`, what the note prints there and what we claim.

use reference::repairs;
use reference::slack;
use reference::vocab::Reading::{self, Expected, Footnote, Joint, Observed, Pointwise};
use reference::vocab::{Error, Nats};

use crate::expr::{Expr, expr};
use crate::rule::Relation::{self, AtLeast, Equal, Nothing};
use crate::rule::Rule::{
    self, AddAndSubtract, Assume, Definition, Drop, Jensen, LogOfProduct, MultiplyByOne, ProductRule, Reweight,
};
use crate::rule::Sign::{self, NonNegative, NonPositive, Unsigned, Zero};
use crate::scene::Scene;

/// A row of the table.
#[derive(Debug)]
pub struct Line {
    /// `from-to`, as on the command line.
    pub id: &'static str,
    /// The side above.
    pub from: &'static str,
    /// The side below.
    pub to: &'static str,
    /// What the note prints between them.
    pub printed: Relation,
    /// What we claim of the slack.
    pub sign: Sign,
    /// Why the lower side follows.
    pub rule: Rule,
    /// The slack in closed form, as LaTeX.
    pub slack_latex: &'static str,
    /// The slack, from code that neither side runs.
    pub slack: fn(&Scene) -> Result<Nats, Error>,
    /// The readings under which this row is the one that counts.
    pub readings: &'static [Reading],
    /// What the note says or does here, in a sentence.
    pub remark: &'static str,
    /// Whether the two sides are the same floating-point operations, so that no residue is expected.
    pub exact: bool,
}

impl Line {
    /// The expression above.
    #[must_use]
    pub fn from_expr(&self) -> Option<&'static Expr> {
        expr(self.from)
    }

    /// The expression below.
    #[must_use]
    pub fn to_expr(&self) -> Option<&'static Expr> {
        expr(self.to)
    }

    /// Whether the row is the note's own rather than a repair of ours.
    #[must_use]
    pub fn is_of_the_note(&self) -> bool {
        !self.to.starts_with('A')
    }
}

/// The row of that name under that reading.
#[must_use]
pub fn line(id: &str, reading: Reading) -> Option<&'static Line> {
    LINES
        .iter()
        .find(|line| line.id == id && line.readings.contains(&reading))
}

/// The steps from the evidence down to the named side, under a reading.
#[must_use]
pub fn chain(to: &str, reading: Reading) -> Option<Vec<&'static Line>> {
    let mut steps = Vec::new();
    let mut at = to;
    while at != "3" {
        let step = LINES
            .iter()
            .find(|l| l.to == at && l.is_of_the_note() && l.readings.contains(&reading))?;
        steps.push(step);
        at = step.from;
    }
    steps.reverse();
    Some(steps)
}

/// Readings for which `z ~ q(z|x)` at the observed caption is the outer expectation.
const AT_Y: &[Reading] = &[Observed, Pointwise, Joint, Footnote];
const ALL: &[Reading] = &Reading::ALL;

fn zero(_: &Scene) -> Result<Nats, Error> {
    Ok(Nats::ZERO)
}

/// Every row: the note's, in its order, then the repairs.
pub static LINES: &[Line] = &[
    Line {
        id: "2",
        from: "2a",
        to: "2b",
        printed: Equal,
        sign: Zero,
        rule: ProductRule,
        readings: ALL,
        exact: false,
        slack_latex: "0",
        slack: zero,
        remark: "p(z|y) p(y) is what the transformer models as p(y,z)",
    },
    Line {
        id: "3-4",
        from: "3",
        to: "4",
        printed: Equal,
        sign: NonNegative,
        rule: MultiplyByOne,
        readings: AT_Y,
        exact: false,
        slack_latex: r"-\ln \sum_{z: q_\phi(z|x) > 0} p(z|x,y)",
        slack: |s| slack::uncovered_posterior(&s.seen),
        remark: "q/q is 1 only where q(z|x) > 0; a code that the posterior needs and q misses is lost",
    },
    Line {
        id: "4-5",
        from: "4",
        to: "5",
        printed: Equal,
        sign: Zero,
        rule: Definition,
        readings: AT_Y,
        exact: true,
        slack_latex: "0",
        slack: zero,
        remark: "a sum weighted by q(z|x) is an expectation over q(z|x)",
    },
    Line {
        id: "5-6",
        from: "5",
        to: "6",
        printed: AtLeast,
        sign: NonNegative,
        rule: Jensen,
        readings: AT_Y,
        exact: false,
        slack_latex: r"D_{KL}(q_\phi(z|x), p(z|x,y)|_{q > 0})",
        slack: |s| slack::jensen_gap(&s.seen),
        remark: "the one true inequality: the logarithm is concave; equality when q is the posterior on its support",
    },
    Line {
        id: "6-7",
        from: "6",
        to: "7",
        printed: AtLeast,
        sign: Zero,
        rule: LogOfProduct,
        readings: AT_Y,
        exact: true,
        slack_latex: "0",
        slack: zero,
        remark: "the logarithm of a quotient is a difference",
    },
    Line {
        id: "7-8",
        from: "7",
        to: "8",
        printed: AtLeast,
        sign: Zero,
        rule: ProductRule,
        readings: AT_Y,
        exact: false,
        slack_latex: "0",
        slack: zero,
        remark: "Eq. 2 put in",
    },
    Line {
        id: "8-9",
        from: "8",
        to: "9",
        printed: AtLeast,
        sign: Zero,
        rule: LogOfProduct,
        readings: AT_Y,
        exact: false,
        slack_latex: "0",
        slack: zero,
        remark: "the logarithm of a product is a sum",
    },
    Line {
        id: "9-10",
        from: "9",
        to: "10",
        printed: AtLeast,
        sign: Zero,
        rule: AddAndSubtract,
        readings: AT_Y,
        exact: false,
        slack_latex: "0",
        slack: zero,
        remark: "- ln q(y|x) + ln q(y|x) is nothing, if q(y|x) > 0",
    },
    Line {
        id: "10-11",
        from: "10",
        to: "11",
        printed: AtLeast,
        sign: Zero,
        rule: LogOfProduct,
        readings: AT_Y,
        exact: false,
        slack_latex: "0",
        slack: zero,
        remark: "two logarithms become one of a product",
    },
    Line {
        id: "11-12",
        from: "11",
        to: "12",
        printed: AtLeast,
        sign: NonPositive,
        rule: Assume,
        readings: &[Pointwise, Joint, Footnote],
        exact: false,
        slack_latex: r"-D_{KL}(q_\phi(z|x), q_\phi(z|y,x))",
        slack: |s| slack::conditional_encoder(&s.seen),
        remark: "q(z|x) q(y|x) = q(y,z|x) is an assumption; for a joint that does not factorise the step raises the line",
    },
    Line {
        id: "11-12",
        from: "11",
        to: "12",
        printed: AtLeast,
        sign: Zero,
        rule: Assume,
        readings: &[Observed],
        exact: false,
        slack_latex: r"-D_{KL}(q_\phi(z|x), q_\phi(z|y,x))",
        slack: |s| slack::conditional_encoder(&s.seen),
        remark: "q(y,z|x) is q(z|x) at the observed caption: it factorises by construction",
    },
    Line {
        id: "12-13",
        from: "12",
        to: "13",
        printed: AtLeast,
        sign: Zero,
        rule: Definition,
        readings: &[Observed, Pointwise, Footnote],
        exact: false,
        slack_latex: "0",
        slack: zero,
        remark: "the log-ratio at the observed caption is named D_KL; read pointwise it is no divergence and may be negative",
    },
    Line {
        id: "12-13",
        from: "12",
        to: "13",
        printed: AtLeast,
        sign: Unsigned,
        rule: Definition,
        readings: &[Joint],
        exact: false,
        slack_latex: r"D_{KL}(q_\phi(y,z|x), p_\psi(y,z)) - A(y)",
        slack: |s| slack::joint_against_pointwise(&s.seen),
        remark: "a divergence of two joints sums over every caption, the line before only over codes: not the same number",
    },
    Line {
        id: "13-14",
        from: "13",
        to: "14",
        printed: AtLeast,
        sign: NonPositive,
        rule: Drop,
        readings: &[Pointwise, Joint, Footnote, Expected],
        exact: false,
        slack_latex: r"\ln q_\phi(y|x)",
        slack: |s| slack::dropped_constant(&s.seen, s.reading),
        remark: "sign error: 'a constant positive value' is the logarithm of a probability mass, never positive; dropping it RAISES the line",
    },
    Line {
        id: "13-14",
        from: "13",
        to: "14",
        printed: AtLeast,
        sign: Zero,
        rule: Drop,
        readings: &[Observed],
        exact: true,
        slack_latex: r"\ln q_\phi(y|x)",
        slack: |s| slack::dropped_constant(&s.seen, s.reading),
        remark: "q(y|x) = 1: ln 1 = 0 is dropped, which is nothing",
    },
    Line {
        id: "14-14b",
        from: "14",
        to: "14b",
        printed: Nothing,
        sign: Unsigned,
        rule: Reweight,
        readings: ALL,
        exact: false,
        slack_latex: r"(\beta - 1)\, D_{KL}(q_\phi(y,z|x), p_\psi(y,z))",
        slack: |s| slack::reweighted_divergence(&s.seen, s.reading),
        remark: "beta = 6.6 in practice; where D_KL >= 0 a beta above 1 lowers the line and keeps the bound, a beta below 1 raises it",
    },
    Line {
        id: "14b-1",
        from: "14b",
        to: "1",
        printed: Equal,
        sign: Zero,
        rule: Definition,
        readings: ALL,
        exact: false,
        slack_latex: "0",
        slack: zero,
        remark: "Eq. 1 is Eq. 14: the divergence does not depend on z",
    },
    Line {
        id: "3-A1",
        from: "3",
        to: "A1",
        printed: Nothing,
        sign: NonNegative,
        rule: Rule::Compose,
        readings: &[Pointwise],
        exact: false,
        slack_latex: r"D_{KL}(q_\phi(z|x), p(z|x,y))",
        slack: |s| slack::posterior_gap(&s.world),
        remark: "the bound without any q(y,z|x); equal to Eq. 9",
    },
    Line {
        id: "3-A2",
        from: "3",
        to: "A2",
        printed: Nothing,
        sign: NonNegative,
        rule: Rule::Compose,
        readings: &[Pointwise],
        exact: false,
        slack_latex: r"D_{KL}(q_\phi(z|x), p(z|x,y))",
        slack: |s| slack::posterior_gap(&s.world),
        remark: "what repairs the footnote: the expected ln p(y|z) put back",
    },
    Line {
        id: "p(x)-A3",
        from: "p(x)",
        to: "A3",
        printed: Nothing,
        sign: NonNegative,
        rule: Rule::Compose,
        readings: &[Pointwise],
        exact: false,
        slack_latex: r"D_{KL}(q_\phi(z|x), p(z|x))",
        slack: |s| repairs::fixed_caption_gap(&repairs::caption_free_decoder(&s.world)?),
        remark: "the footnote bounds ln p(x) if the decoder does not look at the caption",
    },
    Line {
        id: "fixed-A4",
        from: "fixed",
        to: "A4",
        printed: Nothing,
        sign: NonNegative,
        rule: Rule::Compose,
        readings: &[Pointwise],
        exact: false,
        slack_latex: r"D_{KL}(q_\phi(z|x), r(z)), \quad r(z) \propto p_\psi(z)\, p_\theta(x|y,z)",
        slack: |s| repairs::fixed_caption_gap(&s.world),
        remark: "what the footnote bounds when the decoder does look at the caption",
    },
    Line {
        id: "mean-A5",
        from: "mean-3",
        to: "A5",
        printed: Nothing,
        sign: Unsigned,
        rule: Rule::Compose,
        readings: &[Joint],
        exact: false,
        slack_latex: r"\mathbb{E}_{y \sim q_\phi(y|x)} \left[ D_{KL}(q_\phi(z|x), p(z|x,y)) \right]",
        slack: |s| repairs::average_joint_slack(&s.world),
        remark: "on average over the encoder's captions the joint reading is a bound, if q(y,z|x) factorises",
    },
    Line {
        id: "p(x)-A4",
        from: "p(x)",
        to: "A4",
        printed: Nothing,
        sign: Unsigned,
        rule: Rule::Compose,
        readings: &[Pointwise],
        exact: false,
        slack_latex: r"\ln p(x) - \ln \sum_z p_\psi(z)\, p_\theta(x|y,z) + D_{KL}(q_\phi(z|x), r(z))",
        slack: |s| repairs::footnote_against_image(&s.world),
        remark: "the footnote is no bound on ln p(x) when the decoder looks at the caption",
    },
];
