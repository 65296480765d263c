//! Files of captioned images: a tensor `images` of bytes, and in the metadata a line of text for each image.

use safetensors::Dtype;

use crate::header::{self, HeaderError};
use crate::words::one_line;

/// The images of a file, and the line of text that belongs to each.
#[derive(Debug, Clone)]
pub struct Images<'a> {
    /// The number of images.
    pub count: usize,
    /// The number of rows of pixels in an image.
    pub height: usize,
    /// The number of pixels in a row.
    pub width: usize,
    /// The bytes of all pixels, `[count, 3, height, width]`.
    pub pixels: &'a [u8],
    /// The lines of text, one for each image.
    pub lines: Vec<String>,
}

/// The reason why a file could not be read as captioned images.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImagesError {
    /// It is not a valid safetensors file.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// It is a safetensors file, but its tensor or its metadata is not as expected.
    #[error("{what}, expected {expected}")]
    Other {
        /// What was found.
        what: String,
        /// What was expected.
        expected: &'static str,
    },
}

/// Reads the tensor `images`, `[N, 3, H, W]` of bytes, and the lines under `key` in the metadata.
///
/// # Errors
/// [`ImagesError`], also when there are no images, when an image has no pixels, or when there is not one line for each
/// image.
pub fn read<'a>(bytes: &'a [u8], key: &str) -> Result<Images<'a>, ImagesError> {
    let (header, data) = header::read(bytes)?;
    let refuse = |what: String, expected| Err(ImagesError::Other { what, expected });
    let Some((info, pixels)) = header.tensor("images", data) else {
        return refuse("images is missing".to_owned(), "a tensor [N, 3, H, W] of bytes");
    };
    if info.dtype != Dtype::U8 {
        return refuse(format!("images has dtype {}", info.dtype), "U8");
    }
    let &[count, 3, height, width] = &info.shape[..] else {
        let shape = one_line(&format!("{:?}", info.shape));
        return refuse(format!("images has shape {shape}"), "[N, 3, H, W]");
    };
    if pixels.is_empty() {
        return refuse(
            format!("images has shape {:?}", info.shape),
            "at least one image, and pixels",
        );
    }
    let lines: Vec<String> = header
        .metadata
        .get(key)
        .map_or_else(Vec::new, |lines| lines.lines().map(str::to_owned).collect());
    if lines.len() != count {
        let found = format!("the metadata's {key} has {} lines for {count} images", lines.len());
        return refuse(found, "a line for each image");
    }
    Ok(Images {
        count,
        height,
        width,
        pixels,
        lines,
    })
}
