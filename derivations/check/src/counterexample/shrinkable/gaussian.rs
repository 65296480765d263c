//! Shrinks linear-Gaussian worlds: captions, coordinates and pixels are removed one at a time, and then each parameter
//! becomes as simple as the claim allows.

use std::path::Path;

use ndarray::{Array, Array1, Axis, Dimension};
use reference::gaussian::{Gaussian, Parts, posterior_encoder};
use reference::model::Model as _;
use reference::vocab::{Error, UNIT_ROUNDOFF_F64};
use typeset::plural::count;
use worlds::case::{self, FileError};
use worlds::fractions::FractionGaussian;
use worlds::generate::gaussian;

use super::Shrinkable;
use crate::counterexample::simplest::{self, normalised};
use crate::counterexample::target::{Grade, Target};

impl Shrinkable for Gaussian {
    type Written = FractionGaussian;

    fn draw(seed: u64, index: u64) -> Self {
        gaussian::world(seed, index)
    }

    fn size(&self) -> String {
        let (pixels, coordinates) = self.parts().decoder_weight.dim();
        let states = [
            ("caption", self.captions()),
            ("coordinate", coordinates),
            ("pixel", pixels),
        ];
        states.map(|(what, n)| count(n, what)).join(" x ")
    }

    fn smaller(&self) -> Vec<Self> {
        let parts = self.parts();
        let (pixels, coordinates) = parts.decoder_weight.dim();
        let captions = (0..self.captions()).filter(|caption| *caption != self.y());
        let fewer_captions = captions.map(|caption| without_caption(&parts, caption));
        let fewer_coordinates = (0..coordinates).map(|z| Some(without_coordinate(&parts, z)));
        let fewer_pixels = (0..pixels).map(|pixel| Some(without_pixel(&parts, pixel)));
        let fewer = fewer_captions.chain(fewer_coordinates).chain(fewer_pixels);
        fewer.flatten().filter_map(|parts| Self::new(parts).ok()).collect()
    }

    fn simplest(target: &Target, grade: Grade, small: &Self) -> Result<(Option<FractionGaussian>, u64), Error> {
        simplest::parameters(target, grade, small)
    }

    fn with_caption_model(&self, ln_q_y_given_x: Array1<f64>) -> Result<Self, Error> {
        self.observing_pair(self.parts().x, self.y(), ln_q_y_given_x, UNIT_ROUNDOFF_F64)
    }

    fn with_posterior_encoder(&self) -> Result<Self, Error> {
        Self::new(posterior_encoder(self))
    }

    fn with_product_encoder(&self) -> Result<Self, Error> {
        Ok(self.clone()) // A linear-Gaussian world has no free joint.
    }

    fn with_one_decoder(&self) -> Result<Self, Error> {
        let parts = self.parts();
        let observed = parts.decoder_offset.row(self.y()).to_owned();
        let offsets = observed.broadcast(parts.decoder_offset.dim());
        Self::new(Parts {
            decoder_offset: offsets.map_or_else(|| parts.decoder_offset.clone(), |rows| rows.to_owned()),
            ..parts
        })
    }

    fn write(path: &Path, worlds: &[Self], title: &str) -> Result<(), FileError> {
        case::write_gaussian(path, worlds, title, "")
    }
}

/// The parameters without a caption. They are `None` when the captions that are left have no mass.
fn without_caption(parts: &Parts, caption: usize) -> Option<Parts> {
    let left: Vec<usize> = (0..parts.ln_p_y.len()).filter(|y| *y != caption).collect();
    Some(Parts {
        ln_p_y: normalised(parts.ln_p_y.select(Axis(0), &left))?,
        prior_mean: parts.prior_mean.select(Axis(0), &left),
        prior_covariance: parts.prior_covariance.select(Axis(0), &left),
        decoder_offset: parts.decoder_offset.select(Axis(0), &left),
        ln_q_y_given_x: normalised(parts.ln_q_y_given_x.select(Axis(0), &left))?,
        y: left.iter().position(|y| *y == parts.y)?,
        ..parts.clone()
    })
}

fn without_coordinate(parts: &Parts, coordinate: usize) -> Parts {
    Parts {
        prior_mean: without(&parts.prior_mean, coordinate, &[1]),
        prior_covariance: without(&parts.prior_covariance, coordinate, &[1, 2]),
        decoder_weight: without(&parts.decoder_weight, coordinate, &[1]),
        encoder_weight: without(&parts.encoder_weight, coordinate, &[0]),
        encoder_offset: without(&parts.encoder_offset, coordinate, &[0]),
        encoder_covariance: without(&parts.encoder_covariance, coordinate, &[0, 1]),
        ..parts.clone()
    }
}

fn without_pixel(parts: &Parts, pixel: usize) -> Parts {
    Parts {
        decoder_weight: without(&parts.decoder_weight, pixel, &[0]),
        decoder_offset: without(&parts.decoder_offset, pixel, &[1]),
        decoder_covariance: without(&parts.decoder_covariance, pixel, &[0, 1]),
        encoder_weight: without(&parts.encoder_weight, pixel, &[1]),
        x: without(&parts.x, pixel, &[0]),
        ..parts.clone()
    }
}

/// The array without one index along each of the axes.
fn without<D: Dimension + ndarray::RemoveAxis>(array: &Array<f64, D>, index: usize, axes: &[usize]) -> Array<f64, D> {
    axes.iter().fold(array.clone(), |array, axis| {
        let left: Vec<usize> = (0..array.len_of(Axis(*axis))).filter(|k| *k != index).collect();
        array.select(Axis(*axis), &left)
    })
}
