//! What a number belongs to.

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

impl Axis {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Batch,
        Self::Position,
        Self::Code,
        Self::Pixel,
        Self::Coordinate,
        Self::Token,
        Self::Entry,
    ];

    /// As the metadata has it.
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
