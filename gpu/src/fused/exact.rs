//! The sides of Eqs. 3 to 14 from exact tables, for every image and caption. The tables are read once.
//!
//! A core takes an image's captions one after the other. The weights `q(z|x)` stay in its cache, and everything that a
//! side needs of a caption's rows is added up while they pass.

use candle_core::Device;
use rayon::prelude::*;

use super::isa::{Isa, Kernel, Numbers};
use super::lanes::Stored;
use super::real::Real;
use super::rows::{Rows, WIDEST, sums};
use crate::Error;

mod batch;
mod sides;
mod sweep;

pub use batch::{column, of_batch};
pub use sides::{Sides, sides};
use sweep::{around_the_largest, at_once, counted, weight};

/// The tables of `X` images, `Y` captions and `Z` codes, as rows over the codes.
#[derive(Debug, Clone, Copy)]
pub struct Exact<'a, E> {
    pub(crate) likelihood: Rows<'a, E>,
    pub(crate) prior: Rows<'a, E>,
    pub(crate) encoder: Rows<'a, E>,
    pub(crate) captions: Rows<'a, E>,
    pub(crate) joint: Option<Rows<'a, E>>,
}

impl<'a, E: Copy> Exact<'a, E> {
    /// Brings the tables together. `q(y,z|x)` is the product of the encoders unless [`with_joint`](Self::with_joint)
    /// gives another.
    ///
    /// The numbers are taken as they are, since the reference's `World` validates them. Shapes: the likelihood
    /// `ln p(x|y,z)` is `[X, Y, Z]`. The prior `ln p(y,z)` is `[Y, Z]`, or `[X, Y, Z]` where each image has its own.
    /// The encoder `ln q(z|x)` is `[X, Z]`, and the captions `ln q(y|x)` are `[X, Y]`.
    ///
    /// # Errors
    /// [`Error::Shape`] for a table that the others do not fit.
    pub fn new(
        likelihood: Rows<'a, E>,
        prior: Rows<'a, E>,
        encoder: Rows<'a, E>,
        captions: Rows<'a, E>,
    ) -> Result<Self, Error> {
        let (images, codes, names) = (encoder.count(), encoder.k(), captions.k());
        fits("ln_q_y_given_x", captions, [images, names])?;
        fits("ln_p_x_given_yz", likelihood, [images * names, codes])?;
        let priors = if prior.count() == names { names } else { images * names };
        fits("ln_p_yz", prior, [priors, codes])?;
        Ok(Self {
            likelihood,
            prior,
            encoder,
            captions,
            joint: None,
        })
    }

    /// The tables with a joint encoder `ln q(y,z|x)` that need not be the product, `[X, Y, Z]`.
    ///
    /// # Errors
    /// [`Error::Shape`] for a table that does not fit.
    pub fn with_joint(self, joint: Rows<'a, E>) -> Result<Self, Error> {
        fits("ln_q_yz_given_x", joint, [self.likelihood.count(), self.encoder.k()])?;
        Ok(Self {
            joint: Some(joint),
            ..self
        })
    }

    /// The number of captions, `Y`.
    #[must_use]
    pub fn captions(&self) -> usize {
        self.captions.k()
    }

    /// The number of images, `X`.
    #[must_use]
    pub fn images(&self) -> usize {
        self.encoder.count()
    }
}

fn fits<E>(tensor: &'static str, table: Rows<'_, E>, [rows, k]: [usize; 2]) -> Result<(), Error> {
    if (table.count(), table.k()) == (rows, k) {
        return Ok(());
    }
    Err(Error::Shape {
        tensor,
        found: table.count() * table.k(),
        expected: rows * k,
    })
}

/// The sums over the codes for one image and caption, in nats. Expectations `E` are under `q(z|x)`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sums {
    /// The evidence, `ln sum_z p(x|y,z) p(y,z)`.
    pub log_evidence: f64,
    /// The mean log-likelihood, `E[ln p(x|y,z)]`.
    pub likelihood: f64,
    /// The mean log-prior, `E[ln p(y,z)]`.
    pub prior: f64,
    /// The negative entropy of the encoder, `E[ln q(z|x)]`, which is the same for all captions of an image.
    pub encoder: f64,
    /// The mean of the joint encoder's logarithm, `E[ln q(y,z|x)]`.
    pub joint: f64,
    /// The sums under the joint encoder, `sum_z q(y,z|x) {1, ln q(y,z|x) - ln p(y,z), ln p(x|y,z)}`.
    pub over_joint: [f64; 3],
}

impl From<[f64; 8]> for Sums {
    /// Takes the sums in the order of the fields.
    fn from([log_evidence, likelihood, prior, encoder, joint, over_joint @ ..]: [f64; 8]) -> Self {
        Self {
            log_evidence,
            likelihood,
            prior,
            encoder,
            joint,
            over_joint,
        }
    }
}

/// A machine that adds up exact tables: the CPU with some instructions, or a device that runs the CUDA kernels.
pub trait Adder {
    /// Whether it may take tables from the given device.
    fn takes_from(&self, device: &Device) -> bool;

    /// Computes the sums for every image and caption, in the order of the likelihood's rows.
    ///
    /// # Errors
    /// [`Error::Device`] when the tables cannot be brought to where the sums are made.
    fn add_up<E: Numbers>(&self, tables: Exact<'_, E>) -> Result<Vec<Sums>, Error>;
}

impl Adder for Isa {
    /// Only tables of the CPU are taken, so that nothing is copied from another device unasked.
    fn takes_from(&self, device: &Device) -> bool {
        matches!(device, Device::Cpu)
    }

    fn add_up<E: Numbers>(&self, tables: Exact<'_, E>) -> Result<Vec<Sums>, Error> {
        Ok(rows(*self, tables))
    }
}

fn rows<E: Numbers>(isa: Isa, tables: Exact<'_, E>) -> Vec<Sums> {
    let mut rows = vec![Sums::default(); tables.likelihood.count()];
    // A core takes whole images, unless there are too few of them for all cores.
    let (captions, threads) = (tables.captions(), rayon::current_num_threads());
    let pieces = (2 * threads).div_ceil(tables.images().max(1)).max(1);
    let piece = captions.div_ceil(pieces);
    let mut cut: Vec<Piece<'_, E>> = Vec::new();
    for (image, rows) in rows.chunks_mut(captions).enumerate() {
        for (number, rows) in rows.chunks_mut(piece).enumerate() {
            cut.push(Piece {
                tables,
                image,
                first: number * piece,
                rows,
            });
        }
    }
    cut.into_par_iter().for_each(|piece| E::run(isa, piece));
    rows
}

/// The sums of some captions of an image, on one core.
pub(super) struct Piece<'a, E> {
    tables: Exact<'a, E>,
    image: usize,
    first: usize,
    rows: &'a mut [Sums],
}

impl<E: Numbers> Kernel<E> for Piece<'_, E> {
    type Output = ();

    #[inline(always)]
    fn run<L: Stored<E, Real = E::Real>>(self, l: L) {
        let Self {
            tables,
            image,
            first,
            rows,
        } = self;
        let codes = tables.encoder.k();
        let (zero, nothing) = (E::narrow(E::Real::of(0.0)), E::narrow(E::Real::NEG_INFINITY));
        let mut weights = vec![E::Real::of(0.0); codes + WIDEST];
        let [total, encoder] = sums!(l, tables.encoder.row(image), nothing, 0, |at, ln_q| {
            let w = weight(l, ln_q);
            l.store(&mut weights[at..], w);
            [w, counted(l, w, ln_q)]
        });
        for (y, row) in (first..).zip(rows) {
            let place = image * tables.captions() + y;
            let prior = if tables.prior.count() == tables.captions() {
                y
            } else {
                place
            };
            let (a, b) = (tables.likelihood.row(place), tables.prior.row(prior));
            let (around, [s, likelihood, prior]) =
                at_once(l, a, b, &weights).unwrap_or_else(|| around_the_largest(l, a, b, &weights));
            let ln_caption = tables.captions.row(image)[y].widen().to_f64();
            *row = Sums {
                log_evidence: around + s.ln(),
                likelihood: likelihood / total,
                prior: prior / total,
                encoder: encoder / total,
                joint: ln_caption + encoder / total,
                over_joint: [0.0; 3],
            };
            let Some(joint) = tables.joint else {
                row.over_joint = product(ln_caption, *row);
                continue;
            };
            let [expected, mass, divergence, reconstruction] = sums!(l, joint.row(place), nothing, 0, |at, j| {
                let (a, b) = (read_or(l, &a[at..], zero), read_or(l, &b[at..], zero));
                let (w, e) = (l.load(&weights[at..]), weight(l, j));
                [counted(l, w, j), e, counted(l, e, l.sub(j, b)), counted(l, e, a)]
            });
            row.joint = expected / total;
            row.over_joint = [mass, divergence, reconstruction];
        }
    }
}

/// The sums under the product `q(y,z|x) = q(y|x) q(z|x)`, from those under `q(z|x)`. They are 0 where `q(y|x)` is.
fn product(ln_caption: f64, row: Sums) -> [f64; 3] {
    if ln_caption == f64::NEG_INFINITY {
        return [0.0; 3];
    }
    let q = ln_caption.exp();
    // This is not `max`, so that NaN stays.
    let q = if q < f64::MIN_POSITIVE { f64::MIN_POSITIVE } else { q };
    [q, q * (row.joint - row.prior), q * row.likelihood]
}
