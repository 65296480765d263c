//! Writes grids of images as PNG.

use crate::ModelError;
use crate::config::EDGE;

/// The bytes of a PNG with rows of images, each `[3, 32, 32]` of numbers in `[0, 1]`. Every pixel is `scale` pixels
/// wide, and a white pixel separates images.
///
/// # Errors
/// [`ModelError::Picture`] when the picture cannot be encoded.
pub fn grid(rows: &[Vec<Vec<f32>>], scale: usize) -> Result<Vec<u8>, ModelError> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = EDGE * scale + scale;
    let (width, height) = (columns * cell + scale, rows.len() * cell + scale);
    let mut pixels = vec![255_u8; width * height * 3];
    for (r, row) in rows.iter().enumerate() {
        for (c, image) in row.iter().enumerate() {
            let (top, left) = (r * cell + scale, c * cell + scale);
            for i in 0..EDGE * scale {
                for j in 0..EDGE * scale {
                    for channel in 0..3 {
                        let value = image[(channel * EDGE + i / scale) * EDGE + j / scale];
                        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
                        let byte = (value.clamp(0.0, 1.0) * 255.0).round() as u8;
                        pixels[((top + i) * width + left + j) * 3 + channel] = byte;
                    }
                }
            }
        }
    }
    let size = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    png(&pixels, (size(width), size(height)))
}

/// The bytes of a PNG, from the bytes of red, green and blue of every pixel.
///
/// # Errors
/// [`ModelError::Picture`] when the picture cannot be encoded.
pub fn png(pixels: &[u8], (width, height): (u32, u32)) -> Result<Vec<u8>, ModelError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// The bytes of an image as numbers in `[0, 1]`.
#[must_use]
pub fn numbers(bytes: &[u8]) -> Vec<f32> {
    bytes.iter().map(|byte| f32::from(*byte) / 255.0).collect()
}
