//! Files of captioned images: a tensor `images` of bytes, and a line for each of them in the metadata.

use safetensors::Dtype;

use crate::header::{self, HeaderError};
use crate::words::one_line;

/// Images of bytes, and what is said of each.
#[derive(Debug, Clone)]
pub struct Images<'a> {
    /// How many.
    pub count: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// `[count, 3, height, width]`.
    pub pixels: &'a [u8],
    /// A line for each.
    pub lines: Vec<String>,
}

/// Why a file is none of captioned images.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImagesError {
    /// It is no safetensors file.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// It holds something else.
    #[error("{what}, expected {expected}")]
    Other {
        /// What is there.
        what: String,
        /// What should be.
        expected: &'static str,
    },
}

/// Reads `images`, `[N, 3, H, W]` of bytes, and the lines of the metadata's `key`.
///
/// # Errors
/// [`ImagesError`]; for no image, for an image without pixels, and for lines that are not one for each.
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
