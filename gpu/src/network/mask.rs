//! The paper's masks as tables.

use candle_core::Tensor;

use crate::Error;
use crate::device::Device;

/// Which positions a layer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// The previous `side` image positions and itself.
    Row,
    /// The same column of every row above.
    Column,
    /// A causal square of that many columns.
    Convolution(usize),
}

impl Mask {
    /// Of layer `layer` of `layers`: row, column, row, row, row, column, ..., and a convolution in the last.
    #[must_use]
    pub const fn of_layer(layer: usize, layers: usize, kernel: usize) -> Self {
        match layer % 4 {
            _ if layer + 1 == layers => Self::Convolution(kernel),
            1 => Self::Column,
            _ => Self::Row,
        }
    }

    /// `[L, L]` of 1 where the row's position reads the column's, `text` positions and then those of an image of `side^2`, cut to `length`.
    ///
    /// Text reads the text before it; an image position reads all of it. Reference: `reference::network::Mask`.
    ///
    /// # Errors
    /// [`Error::Device`] when the device refuses.
    pub fn table(self, text: usize, side: usize, length: usize, device: &Device) -> Result<Tensor, Error> {
        let mut table = vec![0_u8; length * length];
        for (query, row) in table.chunks_exact_mut(length).enumerate() {
            row[..text.min(query + 1)].fill(1);
            let Some(here) = query.checked_sub(text) else { continue };
            let mut read = |back: usize| {
                if back <= here {
                    row[query - back] = 1;
                }
            };
            match self {
                Self::Row => (0..=side).for_each(read),
                Self::Column => (0..=here / side).for_each(|up| read(up * side)),
                Self::Convolution(kernel) => {
                    let radius = kernel / 2;
                    (0..=radius).for_each(&mut read);
                    for up in 1..=radius {
                        let first = (up * side).saturating_sub(radius);
                        (first..=up * side + radius).for_each(&mut read);
                    }
                }
            }
        }
        Ok(Tensor::from_vec(table, (length, length), device.candle())?)
    }
}
