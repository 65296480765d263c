//! Writes the formula of a line with the world's numbers in place of its letters, in LaTeX. The terminal and the page
//! both set it.

use note::line::LineId;
use note::step::StepId;
use note::under_reading::UnderReading;
use reference::equations::joint::ln_p_xyz;
use reference::equations::objective::{divergence, ln_caption};
use reference::model::Model as _;
use reference::special::log_sum_exp;
use reference::vocab::{Error, Nats, Reading};
use typeset::amount::Amount;
use typeset::number::{probability, probability_inline};

/// The largest number of terms of a sum over codes that are all written out. A longer sum becomes its first terms and
/// an ellipsis.
const CODES: usize = 6;
/// The same limit for a sum over captions and codes.
const CELLS: usize = 12;
/// The number of terms before an ellipsis.
const FIRST: usize = 3;

/// A quantity whose formula is written out with numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The name of the quantity, in LaTeX. It is empty for the line itself.
    pub name: &'static str,
    /// Its terms with all numbers put in, in LaTeX.
    pub latex: String,
    /// Its value, as the function of the reference computes it.
    pub value: Amount,
    /// Whether all terms are written out, without an ellipsis.
    pub complete: bool,
}

/// Terms joined by `+`, and whether all of them are there.
struct Sum {
    latex: String,
    complete: bool,
}

fn sum(terms: &[String], limit: usize) -> Sum {
    if terms.len() <= limit {
        return Sum {
            latex: terms.join(" + "),
            complete: true,
        };
    }
    Sum {
        latex: terms[..FIRST].join(" + ") + r" + \dots",
        complete: false,
    }
}

fn brackets(inner: &str) -> String {
    format!(r"\left( {inner} \right)")
}

/// Writes the logarithm of a probability, `ln 1/6`.
fn ln(ln_p: Nats) -> String {
    let p = probability(ln_p.value());
    if p.contains(r"\cdot") {
        format!(r"\ln {}", brackets(&p))
    } else {
        format!(r"\ln {p}")
    }
}

fn times(a: Nats, b: Nats) -> String {
    format!(r"{} \cdot {}", probability(a.value()), probability(b.value()))
}

/// Writes the logarithm of a sum over codes.
fn ln_sum(terms: &[String]) -> Sum {
    let Sum { latex, complete } = sum(terms, CODES);
    Sum {
        latex: format!(r"\ln {}", brackets(&latex)),
        complete,
    }
}

/// Writes a quotient of two probabilities as a fraction, times the probability below the line.
fn ratio(above: Nats, below: Nats) -> String {
    let (numerator, denominator) = (probability_inline(above.value()), probability_inline(below.value()));
    format!(
        r"\frac{{{numerator}}}{{{denominator}}} \cdot {}",
        probability(below.value())
    )
}

/// Writes `q (inner)`, without the weight where it is 1.
fn weighted(ln_q: Nats, inner: &str) -> String {
    let single = !inner.contains(" - ") && !inner.contains(" + ");
    let inner = if single { inner.to_owned() } else { brackets(inner) };
    match probability(ln_q.value()).as_str() {
        "1" => inner,
        weight => format!("{weight} {inner}"),
    }
}

/// Writes a number of nats within a sum. A negative one stands in brackets.
fn inserted(amount: Amount, name: &str) -> String {
    match amount {
        Amount::Nats {
            value: f64::INFINITY, ..
        } => r"\infty".to_owned(),
        Amount::Nats {
            value: f64::NEG_INFINITY,
            ..
        } => r"\left( -\infty \right)".to_owned(),
        Amount::Undefined => name.to_owned(),
        amount if amount.latex().starts_with('-') => brackets(&amount.latex()),
        amount => amount.latex(),
    }
}

/// Writes out a line. For Eqs. 13 and 14 the divergence follows as a quantity of its own.
pub(super) fn line(id: LineId, scene: &UnderReading, value: Amount) -> Result<Vec<Written>, Error> {
    let ln_q_y = ln_caption(&scene.world, scene.reading, scene.seen.y())?;
    let d = Amount::of(divergence(&scene.world, scene.reading))?;
    let Some(written) = terms(id, scene, ln_q_y, d) else {
        return Ok(Vec::new());
    };
    let mut rows = vec![Written {
        name: "",
        latex: written.latex,
        value,
        complete: written.complete,
    }];
    if id.depends_on_reading() {
        let Sum { latex, complete } = divergence_terms(scene)?;
        rows.push(Written {
            name: "D_{KL}",
            latex,
            value: d,
            complete,
        });
    }
    Ok(rows)
}

/// The terms of a line with all numbers put in. Only the lines from Eq. 3 to Eq. 14 are written out.
fn terms(id: LineId, scene: &UnderReading, ln_q_y: Nats, d: Amount) -> Option<Sum> {
    let (seen, y) = (&scene.seen, scene.seen.y());
    let joint = ln_p_xyz(seen);
    let (decoder, prior, q, joint_q) = (seen.ln_p_x_given_yz(y), seen.ln_p_yz(y), seen.ln_q_z(), seen.ln_q_yz(y));
    let (decoder, prior, q) = (|z| decoder[z], |z| prior[z], |z| q[z]);
    let support: Vec<usize> = seen.encoder().support().map(|(z, _)| z).collect();
    let expect = |inner: &dyn Fn(usize) -> String| {
        let terms: Vec<String> = support.iter().map(|&z| weighted(q(z), &inner(z))).collect();
        sum(&terms, CODES)
    };
    let ln_expect = |term: &dyn Fn(usize) -> String| {
        let terms: Vec<String> = support.iter().map(|&z| term(z)).collect();
        ln_sum(&terms)
    };
    let caption = ln(ln_q_y);
    let log_joint = |z| format!("{} + {}", ln(decoder(z)), ln(prior(z)));
    let kl = inserted(d, "D_{KL}");
    Some(match id {
        LineId::Eq3 => {
            let terms: Vec<String> = joint.iter().map(|ln_p| probability(ln_p.value())).collect();
            ln_sum(&terms)
        }
        LineId::Eq4 => ln_expect(&|z| ratio(joint[z], q(z))),
        LineId::Eq5 => ln_expect(&|z| times(q(z), joint[z] - q(z))),
        LineId::Eq6 => expect(&|z| ln(joint[z] - q(z))),
        LineId::Eq7 => expect(&|z| format!("{} - {}", ln(joint[z]), ln(q(z)))),
        LineId::Eq8 => expect(&|z| format!(r"\ln {} - {}", brackets(&times(decoder(z), prior(z))), ln(q(z)))),
        LineId::Eq9 => expect(&|z| format!("{} - {}", log_joint(z), ln(q(z)))),
        LineId::Eq10 => expect(&|z| format!("{} - {} - {caption} + {caption}", log_joint(z), ln(q(z)))),
        LineId::Eq11 => expect(&|z| {
            let product = brackets(&times(q(z), ln_q_y));
            format!(r"{} - \ln {product} + {caption}", log_joint(z))
        }),
        LineId::Eq12 => expect(&|z| format!("{} - {} + {caption}", log_joint(z), ln(joint_q[z]))),
        LineId::Eq13 => expect(&|z| format!("{} - {kl} + {caption}", ln(decoder(z)))),
        LineId::Eq14 => expect(&|z| format!("{} - {kl}", ln(decoder(z)))),
        LineId::Eq14AtBeta => {
            let beta = scene.world.beta().get();
            expect(&|z| format!(r"{} - {beta} \cdot {kl}", ln(decoder(z))))
        }
        LineId::Eq2a
        | LineId::Eq2b
        | LineId::Eq1
        | LineId::ImageEvidence
        | LineId::A1
        | LineId::A2
        | LineId::A3
        | LineId::A4
        | LineId::FixedCaptionEvidence
        | LineId::AverageEvidence
        | LineId::A5
        | LineId::A6 => return None,
    })
}

/// The terms of `D_KL` as the reading defines it.
fn divergence_terms(scene: &UnderReading) -> Result<Sum, Error> {
    let (world, y) = (&scene.world, scene.world.y());
    let (q, p, joint) = (world.ln_q_z(), world.ln_p_yz(y), world.ln_q_yz(y));
    let term = |weight: Nats, above: Nats, below: Nats| weighted(weight, &format!("{} - {}", ln(above), ln(below)));
    let by_code = |f: &dyn Fn(usize) -> String| {
        let terms: Vec<String> = world.encoder().support().map(|(z, _)| f(z)).collect();
        sum(&terms, CODES)
    };
    Ok(match scene.reading {
        Reading::Observed => by_code(&|z| term(q[z], q[z], p[z])),
        Reading::Pointwise => by_code(&|z| term(q[z], joint[z], p[z])),
        Reading::Footnote => {
            let ln_p_z = world.ln_p_z()?;
            by_code(&|z| term(q[z], q[z], ln_p_z[z]))
        }
        Reading::Joint | Reading::Expected => {
            let (joint, prior) = (world.joint_encoder(), world.prior());
            let cell = |cell: (usize, usize)| (Nats::of(joint.ln()[cell]), Nats::of(prior.ln()[cell]));
            let cells = joint.support().map(|(at, _)| cell(at));
            sum(&cells.map(|(q, p)| term(q, q, p)).collect::<Vec<_>>(), CELLS)
        }
    })
}

/// Writes out the slack of a step, where its terms can be listed.
pub(super) fn slack(id: StepId, scene: &UnderReading) -> Result<Option<String>, Error> {
    let (seen, y, q) = (&scene.seen, scene.seen.y(), scene.seen.ln_q_z());
    let support: Vec<usize> = seen.encoder().support().map(|(z, _)| z).collect();
    let divergence_to = |ln_r: &dyn Fn(usize) -> Nats| {
        let terms: Vec<String> = support
            .iter()
            .map(|&z| weighted(q[z], &format!("{} - {}", ln(q[z]), ln(ln_r(z)))))
            .collect();
        sum(&terms, CODES).latex
    };
    let joint: Vec<Nats> = ln_p_xyz(seen).iter().collect();
    let total = |terms: &[Nats]| Some(log_sum_exp(terms)).filter(|total| total.is_finite());
    let covered: Vec<Nats> = support.iter().map(|&z| joint[z]).collect();
    Ok(match id {
        StepId::Eq3To4 => total(&joint).map(|all| {
            let terms: Vec<String> = covered.iter().map(|&ln_p| probability((ln_p - all).value())).collect();
            format!(r"-\ln {}", brackets(&sum(&terms, CODES).latex))
        }),
        StepId::Eq5To6 => total(&covered).map(|all| divergence_to(&|z| joint[z] - all)),
        StepId::Eq11To12 if seen.is_free() => {
            let row: Vec<Nats> = seen.ln_q_yz(y).iter().collect();
            total(&row).map(|all| format!("-{}", brackets(&divergence_to(&|z| row[z] - all))))
        }
        StepId::Eq12To13 if scene.reading == Reading::Joint => {
            let named = Amount::of(divergence(&scene.world, scene.reading))?;
            let at_y = Amount::of(divergence(&scene.world, Reading::Pointwise))?;
            Some(format!("{} - {}", inserted(named, "D_{KL}"), inserted(at_y, "A(y)")))
        }
        StepId::Eq13To14 => Some(ln(ln_caption(&scene.world, scene.reading, y)?)),
        StepId::Eq14ToBeta => {
            let named = Amount::of(divergence(&scene.world, scene.reading))?;
            let beta = scene.world.beta().get();
            Some(format!(
                r"\left( {beta} - 1 \right) \cdot {}",
                inserted(named, "D_{KL}")
            ))
        }
        StepId::Eq2
        | StepId::Eq4To5
        | StepId::Eq6To7
        | StepId::Eq7To8
        | StepId::Eq8To9
        | StepId::Eq9To10
        | StepId::Eq10To11
        | StepId::Eq11To12
        | StepId::Eq12To13
        | StepId::BetaToEq1
        | StepId::EvidenceToA1
        | StepId::EvidenceToA2
        | StepId::ImageToA3
        | StepId::FixedToA4
        | StepId::ImageToA4
        | StepId::AverageToA5
        | StepId::FixedToA6
        | StepId::ImageToA6 => None,
    })
}
