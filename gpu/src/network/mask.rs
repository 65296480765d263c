//! The masks of the paper's sparse attention, as tables of the positions that each position reads.

use candle_core::Tensor;

use crate::Error;
use crate::device::Device;

/// The rule by which a position of a sequence reads others. Every mask is causal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// An image position reads itself and the previous `side` ones.
    Row,
    /// An image position reads itself and the same column of every row above.
    Column,
    /// An image position reads what is not after it of a square around it, which has that many columns.
    Convolution(usize),
}

impl Mask {
    /// The mask of one of `layers` layers, the first of which has the number 0: row, column, row, row, row, column and
    /// so on, with a convolution in the last.
    #[must_use]
    pub const fn of_layer(layer: usize, layers: usize, kernel: usize) -> Self {
        match layer % 4 {
            _ if layer + 1 == layers => Self::Convolution(kernel),
            1 => Self::Column,
            _ => Self::Row,
        }
    }

    /// The mask as a table of bytes, 1 where the row's position reads the column's and 0 elsewhere.
    ///
    /// The sequence has `text` positions and then the `side^2` of an image, cut to `length`. A text position reads the
    /// text up to itself, and an image position reads all of the text. Shapes: returns `[length, length]`.
    /// Reference: `reference::network::Mask`.
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
