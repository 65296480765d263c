//! Captioned images and their split.

use std::collections::BTreeMap;

use safetensors::{Dtype, SafeTensors};
use sha2::{Digest as _, Sha256};

use crate::ModelError;
use crate::config::EDGE;

/// Numbers of an image.
pub const VALUES: usize = 3 * EDGE * EDGE;

/// Images of `3 x 32 x 32` bytes, each with a caption.
#[derive(Debug, Clone)]
pub struct Data {
    pixels: Vec<u8>,
    captions: Vec<String>,
    splits: Vec<Split>,
}

/// Which part an image belongs to: decided by the SHA-256 of its bytes, so that equal images are never apart and no order matters.
///
/// The digest's first four bytes, as a number with the largest first, modulo 10: 0 is test, 1 validation, the rest training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// What is learned from.
    Train,
    /// What choices are made on.
    Validation,
    /// What is reported.
    Test,
}

impl Split {
    /// All, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The word used on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// Of an image.
    #[must_use]
    pub fn of(image: &[u8]) -> Self {
        let digest = Sha256::digest(image);
        match u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]) % 10 {
            0 => Self::Test,
            1 => Self::Validation,
            _ => Self::Train,
        }
    }
}

impl Data {
    /// The emoji that the program carries: 1,911 images of Noto Emoji on white.
    ///
    /// # Errors
    /// [`ModelError::File`]; none, for the file as it is.
    pub fn embedded() -> Result<Self, ModelError> {
        Self::from_bytes("embedded emoji", include_bytes!("../../data/emoji.safetensors"))
    }

    /// A safetensors file of `images` `[n, 3, 32, 32]` in bytes, whose metadata holds `captions`, a line each.
    ///
    /// # Errors
    /// [`ModelError::File`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, ModelError> {
        let refuse = |what: String, expected: &str| ModelError::File {
            source_name: name.to_owned(),
            what,
            expected: expected.to_owned(),
        };
        let kind = "a safetensors file of captioned images";
        let file = SafeTensors::deserialize(bytes).map_err(|error| refuse(error.to_string(), kind))?;
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| refuse(error.to_string(), kind))?;
        let tensor = file
            .tensor("images")
            .map_err(|error| refuse(error.to_string(), "a tensor `images`"))?;
        let shape = tensor.shape();
        if tensor.dtype() != Dtype::U8 || shape.len() != 4 || shape[0] == 0 || shape[1..] != [3, EDGE, EDGE] {
            let found = format!("images is {shape:?} of {}", tensor.dtype());
            return Err(refuse(found, "[n, 3, 32, 32] of bytes"));
        }
        let none = BTreeMap::new();
        let metadata: BTreeMap<_, _> = header
            .metadata()
            .as_ref()
            .map_or(none, |map| map.clone().into_iter().collect());
        let captions: Vec<String> = metadata
            .get("captions")
            .map_or_else(Vec::new, |lines| lines.lines().map(str::to_owned).collect());
        if captions.len() != shape[0] {
            let found = format!(
                "the metadata's captions has {} lines for {} images",
                captions.len(),
                shape[0]
            );
            return Err(refuse(found, "a line for each image"));
        }
        let pixels = tensor.data().to_vec();
        let splits = pixels.chunks_exact(VALUES).map(Split::of).collect();
        Ok(Self {
            pixels,
            captions,
            splits,
        })
    }

    /// How many images.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.captions.len()
    }

    /// Whether there are none; a file that was read has some.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.captions.is_empty()
    }

    /// The bytes of an image, `[3, 32, 32]`.
    #[must_use]
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * VALUES..(index + 1) * VALUES]
    }

    /// Its caption, as written.
    #[must_use]
    pub fn caption(&self, index: usize) -> &str {
        &self.captions[index]
    }

    /// The part that an image belongs to.
    #[must_use]
    pub fn split(&self, index: usize) -> Split {
        self.splits[index]
    }

    /// The images of a part, in the file's order.
    #[must_use]
    pub fn of(&self, split: Split) -> Vec<usize> {
        (0..self.len()).filter(|&index| self.splits[index] == split).collect()
    }

    /// The first image whose caption is this one, upper and lower case alike.
    #[must_use]
    pub fn find(&self, caption: &str) -> Option<usize> {
        let wanted = caption.trim().to_lowercase();
        self.captions.iter().position(|known| known.to_lowercase() == wanted)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeMap;

    use super::{Data, Split};

    /// The split is part of every reported number: it may not move.
    #[test]
    fn the_split_is_fixed_and_keeps_equal_images_together() {
        let data = Data::embedded().unwrap();
        assert_eq!(Split::ALL.map(|split| data.of(split).len()), [1521, 194, 196]);
        let mut first: BTreeMap<&[u8], usize> = BTreeMap::new();
        let mut twins = 0;
        for image in 0..data.len() {
            let before = *first.entry(data.image(image)).or_insert(image);
            twins += usize::from(before != image);
            assert_eq!(
                data.splits[before], data.splits[image],
                "{before} and {image} are the same picture"
            );
        }
        assert!(twins > 0, "some flags are");
        let heart = data
            .find("Red Heart")
            .or_else(|| data.find("heavy black heart"))
            .unwrap();
        assert!(data.caption(heart).to_lowercase().contains("heart"));
    }

    #[test]
    fn what_is_no_file_of_captioned_images_is_refused() {
        let message = Data::from_bytes("x", b"no").unwrap_err().to_string();
        assert!(message.starts_with("x: ") && message.ends_with("expected a safetensors file of captioned images"));
    }
}
