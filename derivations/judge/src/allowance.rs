//! How far a correct program may be off, before there is a program: the judge's own bounds, on logits that are drawn.

use bounds::{Arithmetic, Float, Order};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use typeset::plural::count;
use worlds::case::FileError;

use crate::definition::{Defined, widest};
use crate::dump::{Axis, ClaimSpec, Dump, DumpBuilder, Layout, Prior, Quantity};

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

/// A dump of drawn logits, rounded to the type that the program computes in, that claims nothing yet.
fn drawn(question: Question) -> DumpBuilder {
    let Question {
        prior,
        arithmetic: w,
        shape,
        ..
    } = question;
    let mut random = ChaCha8Rng::seed_from_u64(question.seed);
    let mut table = || -> Vec<f64> {
        let number = |_| {
            let z: f64 = StandardNormal.sample(&mut random);
            w.each.nearest(question.spread * z)
        };
        (0..shape.iter().product()).map(number).collect()
    };
    let dump = DumpBuilder::tokens(w.each, Layout::Rows, prior)
        .accumulating_in(w.sums)
        .stating("summation", &w.order)
        .input("encoder_logits", &shape, &table());
    if prior == Prior::Logits {
        dump.input("prior_logits", &shape, &table())
    } else {
        dump
    }
}

/// The numbers of images, of which it is asked what they may be off in one arithmetic and in another.
struct Images {
    question: Question,
    dump: Dump,
    /// The type that the program stores its numbers in.
    stored: Float,
}

impl Images {
    fn new(question: Question, drawn: DumpBuilder) -> Result<Self, FileError> {
        let each = question.arithmetic.each;
        let dump = drawn.asking(question.quantity, &image(), &question.shape[..1], each);
        let dump = dump.open(NAME)?;
        let stored = dump.claims.first().map_or(each, |claim| claim.stored);
        Ok(Self { question, dump, stored })
    }

    /// The widest bound of an image in another arithmetic, its number stored in a type.
    fn bound(&mut self, arithmetic: Arithmetic, stored: Float) -> Result<f64, FileError> {
        let statement = &mut self.dump.statement;
        (statement.dtype, statement.accumulation) = (arithmetic.each, Some(arithmetic.sums));
        statement.summation = Some(arithmetic.order);
        self.dump.claims.iter_mut().for_each(|claim| claim.stored = stored);
        Ok(widest(&self.dump, self.question.quantity)?.bound)
    }

    /// What the bound of an image comes from, as reasons and the bounds where nothing else is rounded.
    fn reasons(&mut self) -> Result<Vec<(String, f64)>, FileError> {
        let [_, positions, codes] = self.question.shape;
        let w = self.question.arithmetic;
        let exact = Arithmetic {
            each: Float::F64,
            sums: Float::F64,
            order: w.order,
            usual: Float::F64,
        };
        let [each, sums] = [w.each.name(), w.sums.name()];
        let (codes, positions) = (count(codes, "code"), count(positions, "position"));
        let order = in_order(w.order);
        Ok(vec![
            (
                format!("exponentials, logarithms and products, each rounded to {each}"),
                self.bound(Arithmetic { each: w.each, ..exact }, Float::F64)?,
            ),
            (
                format!("sums of {codes} and of {positions}, accumulated in {sums} {order}"),
                self.bound(
                    Arithmetic {
                        sums: w.sums,
                        usual: w.sums,
                        ..exact
                    },
                    Float::F64,
                )?,
            ),
            (format!("the result, stored in {each}"), self.bound(exact, self.stored)?),
        ])
    }

    /// The narrower bounds that an image has in other arithmetic.
    fn instead(&mut self) -> Result<Vec<(String, f64)>, FileError> {
        let w = self.question.arithmetic;
        let single = Float::F32;
        let is_coarser = |float: Float| float.unit_roundoff() > single.unit_roundoff();
        let mut instead = Vec::new();
        if w.order == Order::Sequential {
            let order = Order::Tree;
            let bound = self.bound(Arithmetic { order, ..w }, self.stored)?;
            instead.push((format!("added up {}", in_order(order)), bound));
        }
        if is_coarser(w.sums) {
            let bound = self.bound(
                Arithmetic {
                    sums: single,
                    usual: single,
                    ..w
                },
                self.stored,
            )?;
            instead.push(("accumulated in f32".to_owned(), bound));
        }
        if is_coarser(w.each) {
            let (each, sums) = (single, single);
            let bound = self.bound(
                Arithmetic {
                    each,
                    sums,
                    usual: single,
                    ..w
                },
                single,
            )?;
            instead.push(("computed in f32 throughout".to_owned(), bound));
        }
        Ok(instead)
    }
}

/// How far a correct program may be off that computes a quantity of discrete codes, and why.
///
/// The bounds are those of a verdict on the same logits: [`widest`] computes them.
///
/// # Errors
/// [`FileError`] for a shape without images, positions or codes.
pub fn allowance(question: Question) -> Result<Allowance, FileError> {
    let Question {
        quantity,
        arithmetic: w,
        shape,
        ..
    } = question;
    let drawn = drawn(question);
    let asked = |how: &ClaimSpec, claimed: &[usize]| {
        let dump = drawn.clone().asking(quantity, how, claimed, w.each);
        widest(&dump.open(NAME)?, quantity)
    };
    let position = asked(&ClaimSpec::sum(&[Axis::Code]), &shape[..2])?;
    let mean = asked(&image().mean(&[Axis::Batch]), &[])?;
    let mut images = Images::new(question, drawn)?;
    let numbers = vec![
        Allowed {
            number: "a position, the widest".to_owned(),
            defined: position,
        },
        Allowed {
            number: format!("an image: the sum of {}", count(shape[1], "position")),
            defined: widest(&images.dump, quantity)?,
        },
        Allowed {
            number: format!("the mean of {}", count(shape[0], "image")),
            defined: mean,
        },
    ];
    Ok(Allowance {
        question,
        numbers,
        reasons: images.reasons()?,
        instead: images.instead()?,
    })
}

/// What errors call the dump.
const NAME: &str = "drawn logits";

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
