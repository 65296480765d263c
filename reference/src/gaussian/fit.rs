//! Factor analysis with captions, fitted by expectation-maximisation [Rubin and Thayer 1982].

use ndarray::{Array1, Array2, Array3, Axis};

use super::Parts;
use super::factor::Spectrum;
use super::uncertain::count;
use super::validate::LARGEST;
use crate::vocab::Error;

/// Images and their captions, from which [`fit`] makes a world.
#[derive(Debug, Clone)]
pub struct Data {
    /// The images, one a row, `[N, D]`.
    pub images: Array2<f64>,
    /// The index of each image's caption, `[N]`, in `0..count`.
    pub captions: Vec<usize>,
    /// The number of captions, `Y`.
    pub count: usize,
}

/// Fits the model `z|y ~ N(m_y, S_y)`, `x|y,z ~ N(W z + b_y, R)`, with `d` factors and a diagonal `R`.
///
/// ```text
/// E   P_n = S_y^-1 + W^T R^-1 W
///     E z_n = P_n^-1 (S_y^-1 m_y + W^T R^-1 (x_n - b_y))        E z_n z_n^T = P_n^-1 + E z_n E z_n^T
/// M   W = (sum_n (x_n - b_y) E z_n^T) (sum_n E z_n z_n^T)^-1
///     R = diag mean_n (x_n - b_y - W E z_n) (x_n - b_y)^T
///     m_y = mean of E z_n        S_y = mean of E z_n z_n^T - m_y m_y^T, drawn towards I by as much as 16 images
/// ```
///
/// `weight` is the `W` to begin with, `[D, d]`, and `rounds` the number of rounds of E and M. `m_y` is drawn towards 0
/// as `S_y` is towards `I`. `b_y` is the mean of a caption's images, drawn towards that of all images by as much as 16
/// of them. No pixel's variance is less than that of half a step of 1/255.
///
/// The encoder is the posterior of the average caption: `V` is the mean over captions of `P_n^-1`, and `A x + c` that
/// of the posterior's mean. The observed pair is the first image with its caption.
///
/// # Errors
/// [`Error::Empty`] without images; [`Error::Shape`], [`Error::Caption`] or [`Error::Number`] for data that do not fit
/// together.
pub fn fit(data: &Data, weight: Array2<f64>, rounds: usize) -> Result<Parts, Error> {
    let (images, pixels) = data.images.dim();
    let (d, captions) = (weight.ncols(), data.count);
    let Some(mean) = data.images.mean_axis(Axis(0)) else {
        return Err(Error::Empty { tensor: "images" });
    };
    valid(data, &weight)?;
    let (members, decoder_offset) = centres(data, &mean);
    let deviation: Vec<Array1<f64>> = (data.images.rows().into_iter().zip(&data.captions))
        .map(|(image, &y)| &image - &decoder_offset.row(y))
        .collect();
    let mut variance: Array1<f64> = deviation.iter().fold(Array1::zeros(pixels), |sum, x| sum + x * x) / count(images);
    variance.mapv_inplace(|v| v.max(LEAST));
    let mut parts = Parts {
        ln_p_y: ((&members + 1.0) / (count(images) + count(captions))).mapv(f64::ln),
        prior_mean: Array2::zeros((captions, d)),
        prior_covariance: identities(captions, d),
        decoder_weight: weight,
        decoder_offset,
        decoder_covariance: Array2::from_diag(&variance),
        encoder_weight: Array2::zeros((d, pixels)),
        encoder_offset: Array1::zeros(d),
        encoder_covariance: Array2::eye(d),
        ln_q_y_given_x: Array1::from_elem(captions, -count(captions).ln()),
        x: data.images.row(0).to_owned(),
        y: data.captions.first().copied().unwrap_or(0),
        beta: 1.0,
    };
    for _ in 0..rounds {
        expect_and_maximise(&mut parts, &deviation, &data.captions, &members)?;
    }
    average_encoder(&mut parts)?;
    Ok(parts)
}

/// The number of images of each caption, and their mean, drawn towards the mean of all images.
fn centres(data: &Data, mean: &Array1<f64>) -> (Array1<f64>, Array2<f64>) {
    let mut members = Array1::<f64>::zeros(data.count);
    let mut centres = Array2::<f64>::zeros((data.count, mean.len())) + &(mean * PRIOR);
    for (image, &y) in data.images.rows().into_iter().zip(&data.captions) {
        members[y] += 1.0;
        centres.row_mut(y).zip_mut_with(&image, |sum, x| *sum += x);
    }
    for (mut row, n) in centres.rows_mut().into_iter().zip(&members) {
        row /= n + PRIOR;
    }
    (members, centres)
}

/// One round of E and M.
///
/// `deviation` holds `x_n - b_y` of each image, `captions` its caption, and `members` the number of images of each
/// caption.
fn expect_and_maximise(
    parts: &mut Parts,
    deviation: &[Array1<f64>],
    captions: &[usize],
    members: &Array1<f64>,
) -> Result<(), Error> {
    let posteriors = posteriors(parts)?;
    let (pixels, d) = parts.decoder_weight.dim();
    let (mut cross, mut square) = (Array2::<f64>::zeros((pixels, d)), Array2::<f64>::zeros((d, d)));
    let (mut sums, mut squares) = (
        Array2::<f64>::zeros((members.len(), d)),
        identities(members.len(), d) * PRIOR,
    );
    let mut means = Vec::with_capacity(deviation.len());
    for (x, &y) in deviation.iter().zip(captions) {
        let Posterior {
            covariance,
            gain,
            offset,
        } = &posteriors[y];
        let z = gain.dot(x) + offset;
        let second = covariance + &outer(&z, &z);
        cross += &outer(x, &z);
        square += &second;
        sums.row_mut(y).zip_mut_with(&z, |sum, z| *sum += z);
        squares
            .index_axis_mut(Axis(0), y)
            .zip_mut_with(&second, |sum, s| *sum += s);
        means.push(z);
    }
    parts.decoder_weight = cross.dot(&Spectrum::new(&square, 0.0)?.inverse());
    let mut variance = Array1::<f64>::zeros(pixels);
    for (x, z) in deviation.iter().zip(&means) {
        variance += &(x * &(x - &parts.decoder_weight.dot(z)));
    }
    variance /= count(deviation.len());
    variance.mapv_inplace(|v| v.max(LEAST));
    parts.decoder_covariance = Array2::from_diag(&variance);
    for (y, n) in members.iter().enumerate() {
        let mean = &sums.row(y) / (n + PRIOR);
        let second = &squares.index_axis(Axis(0), y) / (n + PRIOR);
        let covariance = second - outer(&mean, &mean);
        parts.prior_mean.row_mut(y).assign(&mean);
        let symmetric = (&covariance + &covariance.t()) / 2.0;
        parts.prior_covariance.index_axis_mut(Axis(0), y).assign(&symmetric);
    }
    Ok(())
}

/// Makes the encoder the posterior of the average caption.
fn average_encoder(parts: &mut Parts) -> Result<(), Error> {
    let posteriors = posteriors(parts)?;
    let (pixels, d) = parts.decoder_weight.dim();
    let mut encoder = (Array2::zeros((d, d)), Array2::zeros((d, pixels)), Array1::zeros(d));
    for (y, posterior) in posteriors.iter().enumerate() {
        let share = parts.ln_p_y[y].exp();
        encoder.0 += &(&posterior.covariance * share);
        encoder.1 += &(&posterior.gain * share);
        encoder.2 += &((&posterior.offset - &posterior.gain.dot(&parts.decoder_offset.row(y))) * share);
    }
    (parts.encoder_covariance, parts.encoder_weight, parts.encoder_offset) = encoder;
    parts.encoder_covariance = (&parts.encoder_covariance + &parts.encoder_covariance.t()) / 2.0;
    Ok(())
}

fn valid(data: &Data, weight: &Array2<f64>) -> Result<(), Error> {
    let (images, pixels) = data.images.dim();
    let shape = |tensor, found: Vec<usize>, expected: Vec<usize>| Error::Shape {
        tensor,
        found,
        expected,
    };
    if data.captions.len() != images {
        return Err(shape("captions", vec![data.captions.len()], vec![images]));
    }
    if let Some(&y) = data.captions.iter().find(|&&y| y >= data.count) {
        return Err(Error::Caption {
            y,
            captions: data.count,
        });
    }
    if weight.nrows() != pixels || weight.ncols() == 0 {
        return Err(shape(
            "decoder_weight",
            weight.shape().to_vec(),
            vec![pixels, weight.ncols().max(1)],
        ));
    }
    match data.images.indexed_iter().find(|(_, value)| !(value.abs() <= LARGEST)) {
        None => Ok(()),
        Some((at, &value)) => Err(Error::Number {
            tensor: "images",
            index: vec![at.0, at.1],
            value,
        }),
    }
}

/// The weight of the mean of all images, or of a unit covariance, against a caption's own images: so many images.
const PRIOR: f64 = 16.0;

/// The least variance of a pixel, the square of half a step of 1/255.
const LEAST: f64 = 1.0 / (510.0 * 510.0);

/// The posterior of a caption's codes, as a function of the deviation `x - b_y`:
/// `z ~ N(gain (x - b_y) + offset, covariance)`.
struct Posterior {
    covariance: Array2<f64>,
    gain: Array2<f64>,
    offset: Array1<f64>,
}

/// The posterior of each caption.
fn posteriors(parts: &Parts) -> Result<Vec<Posterior>, Error> {
    let scaled = &parts.decoder_weight.t() / &parts.decoder_covariance.diag(); // W^T R^-1
    let information = scaled.dot(&parts.decoder_weight);
    let each = parts.prior_covariance.outer_iter().zip(parts.prior_mean.rows());
    each.map(|(prior, mean)| {
        let inverse = Spectrum::new(&prior.to_owned(), 0.0)?.inverse();
        let covariance = Spectrum::new(&(&inverse + &information), 0.0)?.inverse();
        Ok(Posterior {
            gain: covariance.dot(&scaled),
            offset: covariance.dot(&inverse.dot(&mean)),
            covariance,
        })
    })
    .collect()
}

fn outer(a: &Array1<f64>, b: &Array1<f64>) -> Array2<f64> {
    Array2::from_shape_fn((a.len(), b.len()), |(i, j)| a[i] * b[j])
}

fn identities(captions: usize, d: usize) -> Array3<f64> {
    Array3::from_shape_fn((captions, d, d), |(_, i, j)| if i == j { 1.0 } else { 0.0 })
}
