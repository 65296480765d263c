//! The launch for exact tables, and the tables' way to it and back.

use candle_core::Device;

use super::{Arg, HALF, LONGEST, Launch, MOST_BLOCKS, Memory, RunError, Stored, Table, optional};
use crate::Error;
use crate::fused::exact::{Adder, Exact, Sums};
use crate::fused::{Numbers, Real as _, Rows};

/// Exact tables where the kernel will run, in double precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tables {
    /// `ln p(x|y,z)`, `[X, Y, Z]`: where it lies, `X Y` rows of `Z`.
    pub likelihood: Table,
    /// `ln p(y,z)`, `[Y, Z]` or one an image: `Y` or `X Y` rows.
    pub prior: Table,
    /// `ln q(z|x)`, `[X, Z]`.
    pub encoder: Table,
    /// `ln q(y|x)`, `[X, Y]`.
    pub captions: Table,
    /// `ln q(y,z|x)`, `[X, Y, Z]`; without it, the product of the encoders.
    pub joint: Option<u64>,
}

/// Captions of an image that a block takes at least, where there are so many: so often its weights are used.
const RUN: u32 = 4;

/// [`Adder::add_up`]: eight `f64` an image and caption into `sums`, in the order of [`Sums`].
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
    // A third table leaves registers for half as many numbers: a longer row is read again, from the cache.
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

/// The kernel as what adds up: tables go to this memory, sums come back.
#[derive(Debug, Clone)]
pub struct InMemory<M>(pub M);

impl<M: Memory> Adder for InMemory<M> {
    /// The tables are brought there, wherever they lie.
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
        // What the kernel does not write is no number.
        let mut numbers = vec![[f64::NAN; 8]; likelihood.count()];
        let mut sums = self.0.upload(bytemuck::cast_slice(&numbers), size_of::<f64>())?;
        let pointer = self.0.pointer(&mut sums);
        self.0.launch(&exact(placed, pointer))?;
        bytemuck::cast_slice_mut(&mut numbers).copy_from_slice(&self.0.download(&sums)?);
        Ok(numbers.into_iter().map(Sums::from).collect())
    }
}
