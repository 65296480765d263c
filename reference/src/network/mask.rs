//! The masks of the paper's sparse attention, which say the positions that each position may read.

/// The rule by which a position of a sequence reads others.
///
/// The sequence has `text` positions, then `side * side` image positions in raster order. Every mask is causal, and
/// every image position reads all of the text. Source: Ramesh et al. 2021, appendix B.1 and
/// Fig. 11.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mask {
    /// A position reads itself and all before it.
    Full,
    /// An image position reads itself and the previous `side` ones, the first of which is in the same column of the row
    /// above.
    Row,
    /// An image position reads itself and the same column of every row above.
    Column,
    /// An image position reads what is not after it of a square of `kernel * kernel` around it. The square wraps around
    /// the ends of rows, as raster order does.
    Convolution {
        /// The height and width of the square, an odd number.
        kernel: usize,
    },
}

impl Mask {
    /// The mask of one of a transformer's `layers` layers, of which the first has the number 0.
    ///
    /// The last layer has a convolution. Of the others, every fourth, beginning with layer 1, has a column mask, and
    /// the rest have row masks: the first four are row, column, row, row.
    #[must_use]
    pub const fn of_layer(layer: usize, layers: usize, kernel: usize) -> Self {
        if layer + 1 == layers {
            Self::Convolution { kernel }
        } else if layer % 4 == 1 {
            Self::Column
        } else {
            Self::Row
        }
    }

    /// Whether position `query` reads position `key`, in a sequence with so many text positions and an image of that
    /// side.
    #[must_use]
    pub const fn reads(self, query: usize, key: usize, text: usize, side: usize) -> bool {
        if key > query {
            return false;
        }
        if key < text {
            return true;
        }
        let (query, key) = (query - text, key - text);
        match self {
            Self::Full => true,
            Self::Row => query - key <= side,
            Self::Column => (query - key) % side == 0,
            Self::Convolution { kernel } => {
                // The key lies in the square if it is so many rows up, and at most `radius` columns to either side of
                // there, all counted in raster order.
                let (radius, back) = (kernel / 2, query - key);
                let mut row = 0;
                while row <= radius {
                    let column = (back + radius).wrapping_sub(row * side);
                    if column <= 2 * radius {
                        return true;
                    }
                    row += 1;
                }
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mask;

    /// A picture of what a position reads: itself `o`, what it reads `x`.
    fn picture(mask: Mask, text: usize, side: usize, query: usize) -> String {
        let place = |key: usize| match mask.reads(query, key, text, side) {
            _ if key == query => 'o',
            true => 'x',
            false => '.',
        };
        let words: String = (0..text).map(place).collect();
        let rows = (0..side).map(|row| {
            (0..side)
                .map(|column| place(text + row * side + column))
                .collect::<String>()
        });
        format!("{words}|{}", rows.collect::<Vec<_>>().join("|"))
    }

    #[test]
    fn an_image_position_reads_the_text_and_its_row_column_or_square() {
        let at = 2 + 3 * 5 + 2; // two words, a 5 x 5 image, row 3, column 2
        assert_eq!(picture(Mask::Full, 2, 5, at), "xx|xxxxx|xxxxx|xxxxx|xxo..|.....");
        assert_eq!(picture(Mask::Row, 2, 5, at), "xx|.....|.....|..xxx|xxo..|.....");
        assert_eq!(picture(Mask::Column, 2, 5, at), "xx|..x..|..x..|..x..|..o..|.....");
        let convolution = Mask::Convolution { kernel: 3 };
        assert_eq!(picture(convolution, 2, 5, at), "xx|.....|.....|.xxx.|.xo..|.....");
        // At the first column the square wraps to the end of the row above it.
        assert_eq!(picture(convolution, 2, 5, at - 2), "xx|.....|....x|xx..x|o....|.....");
        // A word reads the words before it, whatever the mask.
        for mask in [Mask::Full, Mask::Row, Mask::Column, convolution] {
            assert_eq!(picture(mask, 2, 5, 1), "xo|.....|.....|.....|.....|.....");
        }
    }

    #[test]
    fn layers_alternate_and_the_last_one_is_a_convolution() {
        let of = |layer| Mask::of_layer(layer, 64, 11);
        assert_eq!(
            [of(0), of(1), of(2), of(3)],
            [Mask::Row, Mask::Column, Mask::Row, Mask::Row]
        );
        let columns = (0..64).filter(|layer| of(*layer) == Mask::Column).count();
        assert_eq!(columns, 16);
        assert_eq!(of(63), Mask::Convolution { kernel: 11 });
    }
}
