//! How far a correct program may be off, before there is a program: the judge's own bounds, on logits that are drawn.

use bounds::{Arithmetic, Float, Order};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use typeset::plural::count;
use worlds::case::FileError;

use crate::definition::{Defined, defined};
use crate::dump::{Axis, ClaimSpec, DumpBuilder, Layout, Prior, Quantity};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Question {
    /// The divergence, the entropy or the cross-entropy of discrete codes.
    pub quantity: Quantity,
    /// Whether the prior is uniform, or has logits of its own.
    pub prior: Prior,
    /// What the program computes with.
    pub arithmetic: Arithmetic,
    /// Images, positions of an image, codes of a position.
    pub shape: [usize; 3],
    /// The standard deviation of the logits.
    pub spread: f64,
    /// The seed of the logits.
    pub seed: u64,
}

/// A number of a correct program: what it is, and how far it may be off.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Allowed {
    /// What the number is, in words.
    pub number: String,
    /// The one of these numbers whose bound is the widest.
    pub defined: Defined,
}

/// The parts of a bound, and what would make it narrower.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Allowance {
    /// What was asked.
    pub question: Question,
    /// A position's number, an image's, and the mean over images.
    pub numbers: Vec<Allowed>,
    /// What the image's bound comes from: a reason, and the bound where nothing else is rounded.
    pub reasons: Vec<(String, f64)>,
    /// The image's bound in other arithmetic, in words.
    pub instead: Vec<(String, f64)>,
}

/// Drawn logits, rounded to the type, with the numbers that a program makes of them.
struct Drawn {
    question: Question,
    logits: Vec<f64>,
    prior: Vec<f64>,
}

impl Drawn {
    fn new(question: Question) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(question.seed);
        let count = question.shape.iter().product();
        let mut table = || -> Vec<f64> {
            let number = |_| {
                let z: f64 = StandardNormal.sample(&mut random);
                question.arithmetic.each.nearest(question.spread * z)
            };
            (0..count).map(number).collect()
        };
        let logits = table();
        let prior = if question.prior == Prior::Logits {
            table()
        } else {
            Vec::new()
        };
        Self {
            question,
            logits,
            prior,
        }
    }

    /// The number with the widest bound, of those that a claim has.
    fn widest(
        &self,
        how: &ClaimSpec,
        claimed: &[usize],
        arithmetic: Arithmetic,
        stored: Float,
    ) -> Result<Defined, FileError> {
        let Question {
            quantity, prior, shape, ..
        } = self.question;
        let mut dump = DumpBuilder::tokens(arithmetic.each, Layout::Rows, prior)
            .accumulating_in(arithmetic.sums)
            .stating("summation", &arithmetic.order)
            .stating("claims", &serde_json::json!({quantity.name(): how}))
            .input("encoder_logits", &shape, &self.logits);
        if prior == Prior::Logits {
            dump = dump.input("prior_logits", &shape, &self.prior);
        }
        let zeros = vec![0.0; claimed.iter().product()];
        dump.floats(&format!("claim.{}", quantity.name()), claimed, &zeros, stored);
        let numbers = defined(&dump.open("drawn logits")?, quantity)?.unwrap_or_default();
        let wider = |a: Defined, b: Defined| if b.bound > a.bound || a.value.is_nan() { b } else { a };
        Ok(numbers.into_iter().reduce(wider).unwrap_or(Defined::UNDEFINED))
    }

    /// The number of an image with the widest bound.
    fn of_image(&self, arithmetic: Arithmetic, stored: Float) -> Result<Defined, FileError> {
        self.widest(&image(), &[self.question.shape[0]], arithmetic, stored)
    }

    /// What the bound of an image comes from, as reasons and the bounds where nothing else is rounded.
    fn reasons(&self) -> Result<Vec<(String, f64)>, FileError> {
        let [_, positions, codes] = self.question.shape;
        let w = self.question.arithmetic;
        let exact = Arithmetic {
            each: Float::F64,
            sums: Float::F64,
            order: w.order,
        };
        Ok(vec![
            (
                format!(
                    "exponentials, logarithms and products, each rounded to {}",
                    w.each.name()
                ),
                self.of_image(Arithmetic { each: w.each, ..exact }, Float::F64)?.bound,
            ),
            (
                format!(
                    "sums of {} and of {}, accumulated in {} {}",
                    count(codes, "code"),
                    count(positions, "position"),
                    w.sums.name(),
                    in_order(w.order)
                ),
                self.of_image(Arithmetic { sums: w.sums, ..exact }, Float::F64)?.bound,
            ),
            (
                format!("the result, stored in {}", w.each.name()),
                self.of_image(exact, w.each)?.bound,
            ),
        ])
    }

    /// The narrower bounds that an image has in other arithmetic.
    fn instead(&self) -> Result<Vec<(String, f64)>, FileError> {
        let w = self.question.arithmetic;
        let mut instead = Vec::new();
        if w.order == Order::Sequential {
            let tree = Arithmetic {
                order: Order::Tree,
                ..w
            };
            instead.push((
                format!("added up {}", in_order(Order::Tree)),
                self.of_image(tree, w.each)?.bound,
            ));
        }
        if w.sums.unit_roundoff() > Float::F32.unit_roundoff() {
            let sums = Arithmetic { sums: Float::F32, ..w };
            instead.push(("accumulated in f32".to_owned(), self.of_image(sums, w.each)?.bound));
        }
        if w.each.unit_roundoff() > Float::F32.unit_roundoff() {
            let single = Arithmetic {
                each: Float::F32,
                sums: Float::F32,
                ..w
            };
            instead.push((
                "computed in f32 throughout".to_owned(),
                self.of_image(single, Float::F32)?.bound,
            ));
        }
        Ok(instead)
    }
}

/// How far a correct program may be off that computes a quantity of discrete codes, and why.
///
/// The bounds are those of a verdict on the same logits: [`defined`] computes them.
///
/// # Errors
/// [`FileError`] for a shape without images, positions or codes.
pub fn allowance(question: Question) -> Result<Allowance, FileError> {
    let drawn = Drawn::new(question);
    let [images, positions, _] = question.shape;
    let w = question.arithmetic;
    let numbers = vec![
        Allowed {
            number: "a position, the widest".to_owned(),
            defined: drawn.widest(&ClaimSpec::sum(&[Axis::Code]), &[images, positions], w, w.each)?,
        },
        Allowed {
            number: format!("an image: the sum of {}", count(positions, "position")),
            defined: drawn.of_image(w, w.each)?,
        },
        Allowed {
            number: format!("the mean of {}", count(images, "image")),
            defined: drawn.widest(&image().mean(&[Axis::Batch]), &[], w, w.each)?,
        },
    ];
    Ok(Allowance {
        question,
        numbers,
        reasons: drawn.reasons()?,
        instead: drawn.instead()?,
    })
}

/// The reductions of an image's number: the sum over its positions and codes.
fn image() -> ClaimSpec {
    ClaimSpec::sum(&[Axis::Position, Axis::Code])
}

/// An order of summation in words.
pub(crate) const fn in_order(order: Order) -> &'static str {
    match order {
        Order::Sequential => "one after the other",
        Order::Pairwise => "in blocks of 32",
        Order::Tree => "by a tree",
    }
}
