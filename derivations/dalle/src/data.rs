//! Captioned images, and their split into training, validation and test parts.

use files::images::{self, ImagesError};
use sha2::{Digest as _, Sha256};

use crate::ModelError;
use crate::config::EDGE;

/// The number of values of an image.
pub const VALUES: usize = 3 * EDGE * EDGE;

/// Images of `3 x 32 x 32` bytes, each with a caption.
#[derive(Debug, Clone)]
pub struct Data {
    pixels: Vec<u8>,
    captions: Vec<String>,
    splits: Vec<Split>,
}

/// The part of the data to which an image belongs. The SHA-256 of its bytes decides it, so that equal images are in the
/// same part, and the order of the file does not matter.
///
/// The first four bytes of the digest are taken as a big-endian number, modulo 10: 0 is test, 1 is validation, and the
/// rest is training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Split {
    /// The images from which parameters are learned.
    Train,
    /// The images on which choices are made.
    Validation,
    /// The images on which results are reported.
    Test,
}

impl Split {
    /// All parts, in the order of reports.
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

    /// The part to which an image belongs.
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
    /// The emoji that come with the program: 1,911 images of Noto Emoji on white.
    ///
    /// # Errors
    /// [`ModelError::File`]. There is none for the committed file.
    pub fn embedded() -> Result<Self, ModelError> {
        Self::from_bytes("embedded emoji", include_bytes!("../../data/emoji.safetensors"))
    }

    /// Reads a safetensors file. Its tensor `images` is `[n, 3, 32, 32]` of bytes, and its metadata key `captions`
    /// holds one line for each image.
    ///
    /// # Errors
    /// [`ModelError::Header`] and [`ModelError::File`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, ModelError> {
        let source_name = name.to_owned();
        let images = images::read(bytes, "captions").map_err(|error| match error {
            ImagesError::Other { what, expected } => ModelError::File {
                source_name: name.to_owned(),
                what,
                expected: expected.to_owned(),
            },
            ImagesError::Header(error) => ModelError::Header {
                source_name: name.to_owned(),
                error,
            },
        })?;
        if [images.height, images.width] != [EDGE, EDGE] {
            return Err(ModelError::File {
                source_name,
                what: format!("images is {} x {} pixels large", images.height, images.width),
                expected: format!("{EDGE} x {EDGE}"),
            });
        }
        let (pixels, captions) = (images.pixels.to_vec(), images.lines);
        let splits = pixels.chunks_exact(VALUES).map(Split::of).collect();
        Ok(Self {
            pixels,
            captions,
            splits,
        })
    }

    /// The number of images.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.captions.len()
    }

    /// Whether there are no images. A file that was read is never empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.captions.is_empty()
    }

    /// The bytes of an image, `[3, 32, 32]`.
    #[must_use]
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * VALUES..(index + 1) * VALUES]
    }

    /// The caption of an image, as it is written in the file.
    #[must_use]
    pub fn caption(&self, index: usize) -> &str {
        &self.captions[index]
    }

    /// The part to which an image belongs.
    #[must_use]
    pub fn split(&self, index: usize) -> Split {
        self.splits[index]
    }

    /// The indices of the images of a part, in the order of the file.
    #[must_use]
    pub fn of(&self, split: Split) -> Vec<usize> {
        (0..self.len()).filter(|&index| self.splits[index] == split).collect()
    }

    /// The index of the first image with this caption. Upper and lower case are equal.
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

    /// Every reported number depends on the split, so it must never change.
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
        assert!(
            message.starts_with("x: not a safetensors file, its length is 2 bytes"),
            "{message}"
        );
        let bytes = include_bytes!("../../data/emoji.safetensors");
        let with = |from: &str, to: &str| {
            let place = bytes
                .windows(from.len())
                .position(|part| part == from.as_bytes())
                .unwrap();
            let mut changed = bytes.to_vec();
            changed[place..place + to.len()].copy_from_slice(to.as_bytes());
            Data::from_bytes("x", &changed).unwrap_err().to_string()
        };
        for (from, to, told) in [
            ("\"U8\"", "\"I8\"", "x: images has dtype I8, expected U8"),
            (
                "\"images\"",
                "\"imagex\"",
                "x: images is missing, expected a tensor [N, 3, H, W] of bytes",
            ),
            (
                "1911,3,32,32",
                "1911,3,16,64",
                "x: images is 16 x 64 pixels large, expected 32 x 32",
            ),
            (
                "1911,3,32,32",
                "1911,32,32,3",
                "x: images has shape [1911, 32, 32, 3], expected [N, 3, H, W]",
            ),
        ] {
            assert_eq!(with(from, to), told);
        }
        let message = with("\"captions\"", "\"captionz\"");
        assert_eq!(
            message,
            "x: the metadata's captions has 0 lines for 1911 images, expected a line for each image"
        );
    }
}
