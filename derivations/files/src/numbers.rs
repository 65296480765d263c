//! Decodes the numbers of a file, which are little-endian and may lie at any address.

use half::{bf16, f16};
use safetensors::Dtype;

/// The types that [`floats`] reads, for error messages.
pub const SINGLES: &str = "F32, F16 or BF16";

/// Widens floating-point numbers of at most 32 bits to a type that holds each of them exactly. It is `None` for a
/// tensor of another type.
#[must_use]
pub fn floats<T: From<f32> + From<f16> + From<bf16>>(dtype: Dtype, bytes: &[u8]) -> Option<Vec<T>> {
    macro_rules! decode {
        ($float:ty) => {{
            let (numbers, _) = bytes.as_chunks::<{ size_of::<$float>() }>();
            let each = numbers.iter().map(|bytes| <$float>::from_le_bytes(*bytes).into());
            Some(each.collect())
        }};
    }
    match dtype {
        Dtype::F32 => decode!(f32),
        Dtype::F16 => decode!(f16),
        Dtype::BF16 => decode!(bf16),
        _ => None,
    }
}

/// The index of the number at position `flat` in a tensor of this shape, whose last axis varies fastest.
#[must_use]
pub fn unravel(shape: &[usize], mut flat: usize) -> Vec<usize> {
    let mut index = Vec::new();
    for &size in shape.iter().rev() {
        index.insert(0, flat % size.max(1));
        flat /= size.max(1);
    }
    index
}

#[cfg(test)]
mod tests {
    use half::{bf16, f16};
    use safetensors::Dtype;

    use super::{floats, unravel};

    #[test]
    fn every_number_of_a_narrower_type_is_held_and_no_other_type_is_read() {
        let halves: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
        let found: Vec<f32> = floats(Dtype::F16, &halves).unwrap_or_default();
        assert!((0..=u16::MAX).zip(&found).all(|(bits, x)| {
            let back = f16::from_f32(*x);
            back.to_bits() == bits || back.is_nan() && f16::from_bits(bits).is_nan()
        }));
        let found: Vec<f64> = floats(Dtype::BF16, &halves).unwrap_or_default();
        assert!((0..=u16::MAX).zip(&found).all(|(bits, x)| {
            let back = bf16::from_f64(*x);
            back.to_bits() == bits || back.is_nan() && bf16::from_bits(bits).is_nan()
        }));
        let one: Option<Vec<f32>> = floats(Dtype::F32, &1.5_f32.to_le_bytes());
        assert_eq!(one.map(|one| one[0].to_bits()), Some(1.5_f32.to_bits()));
        for other in [
            Dtype::F64,
            Dtype::I32,
            Dtype::U8,
            Dtype::BOOL,
            Dtype::F8_E4M3,
            Dtype::F8_E5M2,
        ] {
            assert!(floats::<f32>(other, &[0; 8]).is_none(), "{other}");
        }
    }

    #[test]
    fn an_index_has_the_last_axis_fastest() {
        assert_eq!(unravel(&[2, 3, 4], 23), [1, 2, 3]);
        assert_eq!(unravel(&[2, 3, 4], 4), [0, 1, 0]);
        assert!(unravel(&[], 0).is_empty());
    }
}
