//! The instances of every kernel for each type that is stored, so that other crates do not compile them again.
//!
//! A generic function is compiled again in every crate that calls it. A program, and each test and bench, would spend
//! minutes on all kernels in four types for three sets of instructions. A trait's function for a named type is compiled
//! once. The traits below hold for every [`Numbers`] because they are supertraits of it.
#![allow(
    private_bounds,
    private_interfaces,
    reason = "sealed traits are public only as bounds; nobody outside can name the kernels"
)]

use half::{bf16, f16};

use super::codebook::{Forward, Slab};
use super::divergence::Pair;
use super::exact::Piece;
use super::gumbel::Draw;
use super::isa::{Isa, Numbers};
use super::laplace::LogitLaplace;
use super::moments::Moments;
use super::planes::{PairTile, Tile};
use super::rows::{self, Rows};
use super::samples::Samples;
use super::token::Token;

/// A stored type over which the kernel of rows `K` runs, with `T` tables and `G` gradients.
pub trait Sweeps<K, const T: usize, const G: usize>: Sized {
    /// Computes the values of all rows, and the gradients into the caller's buffers.
    fn sweep(isa: Isa, kernel: &K, tables: [Rows<'_, Self>; T], values: &mut [f64], grads: Option<[&mut [Self]; G]>);
}

/// Computes the values of all rows, and the gradients into the caller's buffers.
pub(crate) fn for_each_row<E: Sweeps<K, T, G>, K, const T: usize, const G: usize>(
    isa: Isa,
    kernel: &K,
    tables: [Rows<'_, E>; T],
    values: &mut [f64],
    grads: Option<[&mut [E]; G]>,
) {
    E::sweep(isa, kernel, tables, values, grads);
}

/// A stored type over which the kernel `K` runs, which is not one of rows.
pub trait Runs<K> {
    /// Runs the kernel with these instructions.
    fn run(isa: Isa, kernel: K);
}

/// A stored type for which all kernels are compiled.
pub trait Compiled:
    Sweeps<Moments, 1, 1>
    + Sweeps<Pair, 2, 2>
    + Sweeps<Samples, 1, 1>
    + Sweeps<LogitLaplace, 3, 2>
    + Sweeps<Draw, 2, 1>
    + Sweeps<Draw, 3, 1>
    + for<'a> Sweeps<Token<'a>, 1, 1>
    + for<'a> Runs<Tile<'a, Self>>
    + for<'a> Runs<PairTile<'a, Self>>
    + for<'a> Runs<Piece<'a, Self>>
    + for<'a, 'b> Runs<Forward<'a, 'b, Self>>
    + for<'a> Runs<Slab<'a, Self>>
{
}

macro_rules! compiled {
    ($stored:ident: [$($kernel:ty, $tables:literal, $gradients:literal;)*] [$($other:ident<$($lifetime:lifetime),*>;)*]) => {
        $(impl Sweeps<$kernel, $tables, $gradients> for $stored {
            fn sweep(
                isa: Isa,
                kernel: &$kernel,
                tables: [Rows<'_, Self>; $tables],
                values: &mut [f64],
                grads: Option<[&mut [Self]; $gradients]>,
            ) {
                rows::sweep(isa, kernel, tables, values, grads);
            }
        })*
        $(impl Runs<$other<$($lifetime,)* Self>> for $stored {
            fn run(isa: Isa, kernel: $other<$($lifetime,)* Self>) {
                isa.run(kernel);
            }
        })*
        impl Compiled for $stored {}
        impl Numbers for $stored {}
    };
    ($($stored:ident)*) => {
        $(compiled! {
            $stored:
            [Moments, 1, 1; Pair, 2, 2; Samples, 1, 1; LogitLaplace, 3, 2; Draw, 2, 1; Draw, 3, 1; Token<'_>, 1, 1;]
            [Tile<'_>; PairTile<'_>; Piece<'_>; Forward<'_, '_>; Slab<'_>;]
        })*
    };
}

compiled! { f32 f64 bf16 f16 }
