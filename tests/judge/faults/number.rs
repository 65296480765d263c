//! The arithmetic of a subject: single, double, or a half type that rounds every result.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

use half::bf16;

/// A type that a subject computes in.
pub(crate) trait Number:
    Copy
    + Debug
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    const NAME: &'static str;
    fn of(value: f64) -> Self;
    fn get(self) -> f64;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn abs(self) -> Self {
        if self < Self::of(0.0) { -self } else { self }
    }
    fn larger(self, other: Self) -> Self {
        if self < other { other } else { self }
    }
}

impl Number for f64 {
    const NAME: &'static str = "f64";
    fn of(value: f64) -> Self {
        value
    }
    fn get(self) -> f64 {
        self
    }
    fn exp(self) -> Self {
        self.exp()
    }
    fn ln(self) -> Self {
        self.ln()
    }
}

impl Number for f32 {
    const NAME: &'static str = "f32";
    #[expect(clippy::cast_possible_truncation, reason = "this is the rounding")]
    fn of(value: f64) -> Self {
        value as Self
    }
    fn get(self) -> f64 {
        f64::from(self)
    }
    fn exp(self) -> Self {
        self.exp()
    }
    fn ln(self) -> Self {
        self.ln()
    }
}

/// An eager framework's bfloat16: computed in single precision, rounded after every operation; sums are accumulated in single precision.
impl Number for bf16 {
    const NAME: &'static str = "bf16";
    fn of(value: f64) -> Self {
        Self::from_f64(value)
    }
    fn get(self) -> f64 {
        self.to_f64()
    }
    fn exp(self) -> Self {
        Self::from_f32(self.to_f32().exp())
    }
    fn ln(self) -> Self {
        Self::from_f32(self.to_f32().ln())
    }
}

/// In which order a subject adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    Sequential,
    Pairwise,
    Tree,
}

impl Order {
    pub(crate) const ALL: [Self; 3] = [Self::Sequential, Self::Pairwise, Self::Tree];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Pairwise => "pairwise",
            Self::Tree => "tree",
        }
    }

    /// The sum, in single precision for a half type.
    pub(crate) fn sum<T: Number>(self, terms: &[T]) -> T {
        if T::NAME == "bf16" {
            let wide: Vec<f32> = terms.iter().map(|term| f32::of(term.get())).collect();
            return T::of(self.wide(&wide).get());
        }
        self.wide(terms)
    }

    fn wide<T: Number>(self, terms: &[T]) -> T {
        let in_turn = |terms: &[T]| terms.iter().fold(T::of(0.0), |sum, term| sum + *term);
        match self {
            Self::Sequential => in_turn(terms),
            Self::Pairwise if terms.len() <= 32 => in_turn(terms),
            Self::Pairwise => {
                let blocks: Vec<T> = terms.chunks(32).map(in_turn).collect();
                self.wide(&blocks)
            }
            Self::Tree => {
                // Thread k adds every 1,024th term, then threads add in pairs.
                let mut threads: Vec<T> = (0..terms.len().min(1024))
                    .map(|k| in_turn(&terms.iter().skip(k).step_by(1024).copied().collect::<Vec<_>>()))
                    .collect();
                while threads.len() > 1 {
                    let half = threads.len().div_ceil(2);
                    threads = (0..half)
                        .map(|k| threads.get(k + half).map_or(threads[k], |other| threads[k] + *other))
                        .collect();
                }
                threads.first().copied().unwrap_or(T::of(0.0))
            }
        }
    }
}
