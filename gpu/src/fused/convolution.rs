//! Convolutions as products: an image unfolded into its patches, multiplied by the kernels.

use rayon::prelude::*;

use super::matrix::{Multiplied, PARTS, Side, add_product, set_product};

/// The sizes of a convolution of stride 1, with an odd kernel and zeros around the image.
///
/// Shapes: images `[B, C, H, W]`, weights `[O, C, k, k]`, biases `[O]`, results `[B, O, H, W]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    /// The number of channels of an image, `C`.
    pub inputs: usize,
    /// The number of channels of a result, `O`.
    pub outputs: usize,
    /// The height and width of the kernel, `k`.
    pub kernel: usize,
    /// The height of images and results, `H`.
    pub height: usize,
    /// The width of images and results, `W`.
    pub width: usize,
}

/// The gradients of a convolution with respect to images, weights and biases.
#[derive(Debug)]
pub struct Slopes<T> {
    /// The gradient with respect to the images, as large as these; empty where it was not asked for.
    pub images: Vec<T>,
    /// The gradient with respect to the weights, as large as these.
    pub weights: Vec<T>,
    /// The gradient with respect to the biases, as large as these.
    pub biases: Vec<T>,
}

impl Convolution {
    /// The count of numbers of one image, `C H W`.
    #[must_use]
    pub const fn image(self) -> usize {
        self.inputs * self.pixels()
    }

    /// The count of numbers of one result, `O H W`.
    #[must_use]
    pub const fn result(self) -> usize {
        self.outputs * self.pixels()
    }

    const fn pixels(self) -> usize {
        self.height * self.width
    }

    /// The count of numbers of a patch, `C k k`.
    const fn patch(self) -> usize {
        self.inputs * self.kernel * self.kernel
    }

    /// Computes the results `y = w unfold(x) + b`, image by image. `unfold` lays out the patch around every pixel.
    ///
    /// # Panics
    /// When the slices do not fit the sizes.
    pub fn forward<T: Multiplied>(self, images: &[T], weights: &[T], biases: &[T]) -> Vec<T> {
        let whole = self.image() > 0 && images.len().is_multiple_of(self.image());
        assert!(whole && self.kernel % 2 == 1, "whole images and an odd kernel");
        assert_eq!(
            (weights.len(), biases.len()),
            (self.outputs * self.patch(), self.outputs)
        );
        let mut results = vec![T::default(); images.len() / self.image() * self.result()];
        let each = images.par_chunks_exact(self.image());
        let each = each.zip(results.par_chunks_exact_mut(self.result()));
        each.for_each_init(Vec::new, |patches, (image, result)| {
            for (plane, bias) in result.chunks_exact_mut(self.pixels()).zip(biases) {
                plane.fill(*bias);
            }
            let patches = self.unfold(image, patches);
            let sizes = [self.outputs, self.patch(), self.pixels()];
            add_product(
                sizes,
                Side::rows(weights, self.patch()),
                Side::rows(patches, self.pixels()),
                (result, self.pixels()),
            );
        });
        results
    }

    /// Computes the gradients of `sum pull y`. That with respect to the images is left out unless `of_images` asks for
    /// it.
    ///
    /// ```text
    /// images   fold(w^T pull)        weights   sum_images pull unfold(x)^T        biases   sum_images,pixels pull
    /// ```
    ///
    /// # Panics
    /// When the slices do not fit the sizes.
    pub fn backward<T: Multiplied>(self, images: &[T], weights: &[T], pull: &[T], of_images: bool) -> Slopes<T> {
        let whole = self.image() > 0 && images.len().is_multiple_of(self.image());
        assert!(whole && self.kernel % 2 == 1, "whole images and an odd kernel");
        let count = images.len() / self.image();
        assert_eq!(
            (weights.len(), pull.len()),
            (self.outputs * self.patch(), count * self.result())
        );
        let mut slopes = vec![T::default(); if of_images { images.len() } else { 0 }];
        let per_part = count.div_ceil(PARTS).max(1);
        let mut parts: Vec<&mut [T]> = slopes.chunks_mut(per_part * self.image()).collect();
        parts.resize_with(count.div_ceil(per_part), Default::default);
        let sums: Vec<(Vec<T>, Vec<T>)> = (parts.into_par_iter().enumerate())
            .map(|(part, slopes)| {
                let (mut weight, mut bias) = (vec![T::default(); weights.len()], vec![T::default(); self.outputs]);
                let (mut patches, mut pulled) = (Vec::new(), vec![T::default(); self.patch() * self.pixels()]);
                for (place, at) in (part * per_part..count.min((part + 1) * per_part)).enumerate() {
                    let image = &images[at * self.image()..][..self.image()];
                    let pull = &pull[at * self.result()..][..self.result()];
                    let patches = self.unfold(image, &mut patches);
                    let of_result = Side::rows(pull, self.pixels());
                    let sizes = [self.outputs, self.pixels(), self.patch()];
                    add_product(
                        sizes,
                        of_result,
                        Side::columns(patches, self.pixels()),
                        (&mut weight, self.patch()),
                    );
                    for (sum, plane) in bias.iter_mut().zip(pull.chunks_exact(self.pixels())) {
                        plane.iter().for_each(|pixel| *sum += *pixel);
                    }
                    if of_images {
                        let sizes = [self.patch(), self.outputs, self.pixels()];
                        set_product(
                            sizes,
                            Side::columns(weights, self.patch()),
                            of_result,
                            (&mut pulled, self.pixels()),
                        );
                        self.fold(&pulled, &mut slopes[place * self.image()..][..self.image()]);
                    }
                }
                (weight, bias)
            })
            .collect();
        let (mut weight, mut bias) = (vec![T::default(); weights.len()], vec![T::default(); self.outputs]);
        for (one, other) in sums {
            weight.iter_mut().zip(one).for_each(|(sum, one)| *sum += one);
            bias.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
        }
        Slopes {
            images: slopes,
            weights: weight,
            biases: bias,
        }
    }

    /// The patches around all pixels, with a row for each entry of a patch, `[C k k, H W]`. Where the kernel is one
    /// pixel, they are the image itself.
    fn unfold<'a, T: Multiplied>(self, image: &'a [T], patches: &'a mut Vec<T>) -> &'a [T] {
        if self.kernel == 1 {
            return image;
        }
        // The entries that lie outside an image stay 0 from one image to the next.
        patches.resize(self.patch() * self.pixels(), T::default());
        self.each_line(|line, pixel, length| {
            patches[line..line + length].copy_from_slice(&image[pixel..pixel + length])
        });
        patches
    }

    /// The transpose of [`Self::unfold`]: every entry is added to the pixel it was read from.
    fn fold<T: Multiplied>(self, patches: &[T], image: &mut [T]) {
        self.each_line(|line, pixel, length| {
            let (to, from) = (&mut image[pixel..pixel + length], &patches[line..line + length]);
            to.iter_mut().zip(from).for_each(|(pixel, entry)| *pixel += *entry);
        });
    }

    /// Calls `line` for every line of the patches, with its place there, its place in the image, and its length without
    /// what lies outside the image.
    fn each_line(self, mut line: impl FnMut(usize, usize, usize)) {
        let margin = (self.kernel - 1) / 2;
        // For one axis: the first place whose pixel lies inside the image, that pixel, and the number of places from
        // there on.
        let inside = |entry: usize, size: usize| {
            let (first, pixel) = (margin.saturating_sub(entry), entry.saturating_sub(margin));
            (first, pixel, size.saturating_sub(first.max(pixel)))
        };
        for c in 0..self.inputs {
            for u in 0..self.kernel {
                let (top, first_row, rows) = inside(u, self.height);
                for v in 0..self.kernel {
                    let (left, first_column, columns) = inside(v, self.width);
                    let row = ((c * self.kernel + u) * self.kernel + v) * self.pixels();
                    for i in 0..if columns > 0 { rows } else { 0 } {
                        let at = row + (top + i) * self.width + left;
                        let pixel = (c * self.height + first_row + i) * self.width + first_column;
                        line(at, pixel, columns);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Convolution;

    /// A kernel wider than the image reaches over both its ends.
    #[test]
    fn a_patch_is_what_lies_around_a_pixel() {
        let conv = Convolution {
            inputs: 2,
            outputs: 1,
            kernel: 5,
            height: 2,
            width: 3,
        };
        let image: Vec<f64> = (1..=12).map(f64::from).collect();
        let mut patches = Vec::new();
        let found = conv.unfold(&image, &mut patches).to_vec();
        for c in 0..2 {
            for (u, v) in (0..5_usize).flat_map(|u| (0..5_usize).map(move |v| (u, v))) {
                for (i, j) in (0..2_usize).flat_map(|i| (0..3_usize).map(move |j| (i, j))) {
                    let (row, column) = ((i + u).wrapping_sub(2), (j + v).wrapping_sub(2));
                    let expected = if row < 2 && column < 3 {
                        image[c * 6 + row * 3 + column]
                    } else {
                        0.0
                    };
                    let at = found[((c * 5 + u) * 5 + v) * 6 + i * 3 + j];
                    assert!((at - expected).abs() <= 0.0, "{c} {u} {v} {i} {j}: {at}");
                }
            }
        }
        // Folding is the transpose: <unfold x, p> = <x, fold p>.
        let other: Vec<f64> = (0..found.len())
            .map(|n| f64::from(u8::try_from(n % 7).unwrap_or(0)) - 3.0)
            .collect();
        let mut folded = vec![0.0; image.len()];
        conv.fold(&other, &mut folded);
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        assert!((product(&found, &other) - product(&image, &folded)).abs() < 1e-9);
    }
}
