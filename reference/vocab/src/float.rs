//! The floating-point types that numbers are computed and stored in.

/// A floating-point type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema, serde::Deserialize, serde::Serialize),
    serde(rename_all = "lowercase")
)]
pub enum Float {
    /// Double precision.
    F64,
    /// Single precision.
    F32,
    /// Single precision whose products have rounded factors.
    Tf32,
    /// Half precision.
    F16,
    /// The upper half of a single.
    Bf16,
}

/// `2^-n`.
const fn power(n: u64) -> f64 {
    f64::from_bits((1023 - n) << 52)
}

impl Float {
    /// Every type, the finest first.
    pub const ALL: [Self; 5] = [Self::F64, Self::F32, Self::Tf32, Self::F16, Self::Bf16];

    /// Half an ulp of 1.
    #[must_use]
    pub const fn unit_roundoff(self) -> f64 {
        match self {
            Self::F64 => power(53),
            Self::F32 => power(24),
            Self::Tf32 | Self::F16 => power(11),
            Self::Bf16 => power(8),
        }
    }

    /// How much of a number may be lost near 0. A device may return 0 for what is below the smallest normal number, in all types but one: half
    /// precision keeps its subnormal numbers on every processor and in every library that we know, since it would have few numbers without them.
    #[must_use]
    pub const fn lost(self) -> f64 {
        match self {
            Self::F16 => self.smallest(),
            _ => self.smallest_normal(),
        }
    }

    /// Below this number relative precision ends.
    #[must_use]
    pub const fn smallest_normal(self) -> f64 {
        match self {
            Self::F64 => f64::MIN_POSITIVE,
            Self::F32 | Self::Tf32 | Self::Bf16 => power(126),
            Self::F16 => power(14),
        }
    }

    /// Half the distance of subnormal numbers.
    #[must_use]
    pub const fn smallest(self) -> f64 {
        match self {
            Self::F64 => 0.0, // 2^-1075 is no double
            Self::F32 | Self::Tf32 => power(150),
            Self::F16 => power(25),
            Self::Bf16 => power(134),
        }
    }

    /// What is larger rounds to infinity.
    #[must_use]
    pub const fn largest(self) -> f64 {
        match self {
            Self::F64 => f64::MAX,
            Self::F32 | Self::Tf32 => f32::MAX as f64,
            Self::F16 => 65504.0,
            Self::Bf16 => (2.0 - 2.0 * power(8)) / power(127),
        }
    }

    /// The number as this type has it.
    #[must_use]
    pub fn nearest(self, value: f64) -> f64 {
        #[expect(clippy::cast_possible_truncation, reason = "this is the rounding")]
        let single = f64::from(value as f32);
        match self {
            Self::F64 => value,
            Self::F32 | Self::Tf32 => single,
            Self::F16 => half::f16::from_f64(value).to_f64(),
            Self::Bf16 => half::bf16::from_f64(value).to_f64(),
        }
    }

    /// As the metadata has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }
}
