//! The axes of a claim: batch, position, code, pixel, coordinate, token and entry. A reduction sums or averages over
//! some of them.

/// An axis that claims are reduced over.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, schemars::JsonSchema, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// The observed pairs.
    Batch,
    /// The positions of an image's codes, in raster order: `H W` of them.
    Position,
    /// The `K` codes of a position.
    Code,
    /// The values of an image, all channels.
    Pixel,
    /// The coordinates of a continuous code.
    Coordinate,
    /// The tokens of a sequence, text first.
    Token,
    /// The entries of a vocabulary.
    Entry,
}

/// The role of an axis among the axes of a claim. At most one axis of a claim has each role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The axis numbers the items of the batch.
    Batch,
    /// The axis numbers the rows of an item, which are positions or tokens.
    Row,
    /// The axis numbers the entries of a row, which are codes, pixels, coordinates or entries of a vocabulary.
    Entry,
}

impl Axis {
    /// Its role among the axes of a claim.
    #[must_use]
    pub const fn role(self) -> Role {
        match self {
            Self::Batch => Role::Batch,
            Self::Position | Self::Token => Role::Row,
            Self::Code | Self::Pixel | Self::Coordinate | Self::Entry => Role::Entry,
        }
    }

    /// All axes.
    pub const ALL: [Self; 7] = [
        Self::Batch,
        Self::Position,
        Self::Code,
        Self::Pixel,
        Self::Coordinate,
        Self::Token,
        Self::Entry,
    ];

    /// The name of the axis in the metadata.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Position => "position",
            Self::Code => "code",
            Self::Pixel => "pixel",
            Self::Coordinate => "coordinate",
            Self::Token => "token",
            Self::Entry => "entry",
        }
    }
}
