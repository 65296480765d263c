//! The launch for exact tables, and an adder that uploads the tables and downloads the sums.

use candle_core::Device;

use super::{Arg, HALF, LONGEST, Launch, MOST_BLOCKS, Memory, RunError, Stored, Table, optional};
use crate::Error;
use crate::fused::exact::{Adder, Exact, Sums};
use crate::fused::{Numbers, Real as _, Rows};

/// Exact tables in double precision, in the memory in which the kernel runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tables {
    /// `ln p(x|y,z)`, `[X, Y, Z]`, as `X Y` rows of length `Z`.
    pub likelihood: Table,
    /// `ln p(y,z)`, `[Y, Z]` or one for each image, as `Y` or `X Y` rows.
    pub prior: Table,
    /// `ln q(z|x)`, `[X, Z]`.
    pub encoder: Table,
    /// `ln q(y|x)`, `[X, Y]`.
    pub captions: Table,
    /// The address of `ln q(y,z|x)`, `[X, Y, Z]`. Where it is absent, the joint is the product of the encoders.
    pub joint: Option<u64>,
}

/// The smallest number of captions of an image that a block takes, where there are as many. The block uses the weights
/// of the image once for each.
const RUN: u32 = 4;

/// The launch for [`Adder::add_up`]. It writes eight `f64` for each image and caption into `sums`, in the order of
/// [`Sums`].
#[must_use]
pub fn exact(tables: Tables, sums: u64) -> Launch {
    let Tables {
        likelihood,
        prior,
        encoder,
        captions,
        joint,
    } = tables;
    let (images, names) = (encoder.rows.unsigned_abs(), captions.k.unsigned_abs());
    let run = RUN.clamp(1, names.max(1));
    let pointers = [likelihood, prior, encoder, captions].map(|table| Arg::Pointer(table.pointer));
    let mut args = Vec::from(pointers);
    args.extend([optional(joint), Arg::Pointer(sums)]);
    args.extend([encoder.rows, captions.k, encoder.k, prior.rows / captions.k.max(1)].map(Arg::I32));
    args.push(Arg::I32(run.cast_signed()));
    // A third table leaves registers for half as many numbers. A longer row is read again, from the cache.
    let (function, many) = if joint.is_some() {
        ("exact_joint", 4)
    } else {
        ("exact", 8)
    };
    Launch {
        grid: (images * names.div_ceil(run)).clamp(1, MOST_BLOCKS),
        ..encoder.launch("exact", function, Stored::F64, [(2, HALF), (many, HALF)], args)
    }
}

/// An adder that runs the kernel in this memory. It uploads the tables and downloads the sums.
#[derive(Debug, Clone)]
pub struct InMemory<M>(pub M);

impl<M: Memory> Adder for InMemory<M> {
    /// It takes tables from every device, because it uploads them.
    fn takes_from(&self, _device: &Device) -> bool {
        true
    }

    fn add_up<E: Numbers>(&self, tables: Exact<'_, E>) -> Result<Vec<Sums>, Error> {
        let refused = |error: RunError| candle_core::Error::Msg(error.to_string()).into();
        self.run(tables).map_err(refused)
    }
}

impl<M: Memory> InMemory<M> {
    fn run<E: Numbers>(&self, tables: Exact<'_, E>) -> Result<Vec<Sums>, RunError> {
        let Exact {
            likelihood,
            prior,
            encoder,
            captions,
            joint,
        } = tables;
        let mut buffers = Vec::new();
        let mut placed = |table: Rows<'_, E>| -> Result<Table, RunError> {
            if table.k() > LONGEST {
                return Err(format!("a row of {} numbers, expected at most {LONGEST}", table.k()).into());
            }
            let numbers: Vec<f64> = table.entries.iter().map(|x| x.widen().to_f64()).collect();
            let mut buffer = self.0.upload(bytemuck::cast_slice(&numbers), size_of::<f64>())?;
            let pointer = self.0.pointer(&mut buffer);
            buffers.push(buffer);
            Ok(Table {
                pointer,
                rows: i32::try_from(table.count())?,
                k: i32::try_from(table.k())?,
            })
        };
        let placed = Tables {
            likelihood: placed(likelihood)?,
            prior: placed(prior)?,
            encoder: placed(encoder)?,
            captions: placed(captions)?,
            joint: joint
                .map(|joint| Ok::<_, RunError>(placed(joint)?.pointer))
                .transpose()?,
        };
        // A number that the kernel does not write stays NaN.
        let mut numbers = vec![[f64::NAN; 8]; likelihood.count()];
        let mut sums = self.0.upload(bytemuck::cast_slice(&numbers), size_of::<f64>())?;
        let pointer = self.0.pointer(&mut sums);
        self.0.launch(&exact(placed, pointer))?;
        bytemuck::cast_slice_mut(&mut numbers).copy_from_slice(&self.0.download(&sums)?);
        Ok(numbers.into_iter().map(Sums::from).collect())
    }
}
