//! Fits a linear-Gaussian case to captioned images. An image is its luminance on 8 x 8 pixels, and its category is the
//! caption.

use std::collections::HashMap;
use std::path::Path;

use files::disk::load;
use files::images::{self, Images, ImagesError};
use files::words::one_line;
use ndarray::{Array1, Array2, Array3, Axis, s};
use reference::equations::bound::eq03_log_evidence;
use reference::gaussian::{Data, Gaussian, Parts, Ppca, fit};
use reference::model::Model as _;
use reference::vocab::{Error, UNIT_ROUNDOFF_F64};

/// The number of pixels along an edge of a fitted image.
const EDGE: usize = 8;

/// The reason why a case could not be fitted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The file cannot be read.
    #[error("{file}: cannot be read: {error}")]
    Io {
        /// Its path.
        file: String,
        /// The operating system's reason.
        error: std::io::Error,
    },
    /// The file is no set of captioned images.
    #[error("{file}: {error}")]
    Images {
        /// Its path.
        file: String,
        /// What is wrong with it.
        error: ImagesError,
    },
    /// The model cannot be fitted.
    #[error("{file}: {error}")]
    Reference {
        /// The path of the file of images.
        file: String,
        /// The reference's reason.
        error: Error,
    },
}

/// The result of a fit.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// A world for each image that is kept. They all have the same model.
    pub worlds: Vec<Gaussian>,
    /// The names of the captions, one a line.
    pub categories: String,
    /// The number of images that the model was fitted to.
    pub images: usize,
}

/// The size of the model and the effort of the fit.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The number of factors, `d`, which is the number of coordinates of `z`.
    pub factors: usize,
    /// The number of rounds of expectation-maximisation.
    pub rounds: usize,
    /// The number of images that become worlds. They are spread evenly over the file.
    pub worlds: usize,
}

/// Fits factor analysis to a safetensors file of images. Its tensor `images` is `[N, 3, H, W]` of bytes, with `H` and
/// `W` multiples of 8. Its metadata key `categories` names the category of each image, one a line.
///
/// A world's `q(y|x)` is proportional to the square root of `p(x, y)`. It ranks the captions as the posterior `p(y|x)`
/// does, and is less certain than it.
///
/// # Errors
/// A [`FitError`] that names the file.
pub fn from_file(path: &Path, options: Options) -> Result<Fitted, FitError> {
    let file = one_line(&path.display().to_string());
    let bytes = load(path).map_err(|error| FitError::Io {
        file: file.clone(),
        error,
    })?;
    let images = images::read(&bytes, "categories").and_then(|images| Ok((luminance(&images)?, images.lines)));
    let (images, names) = images.map_err(|error| FitError::Images {
        file: file.clone(),
        error,
    })?;
    fitted(images, &names, options).map_err(|error| FitError::Reference { file, error })
}

/// Fits the model to the luminance `[N, 64]` and to the category of each image.
fn fitted(images: Array2<f64>, names: &[String], options: Options) -> Result<Fitted, Error> {
    let mut categories: Vec<&str> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut captions = Vec::with_capacity(names.len());
    for name in names {
        let place = *places.entry(name).or_insert_with(|| {
            categories.push(name);
            categories.len() - 1
        });
        captions.push(place);
    }
    let data = Data {
        images,
        captions,
        count: categories.len(),
    };
    let start = Ppca::fit(&data.images, options.factors)?.weight;
    let model = Gaussian::new(Parts {
        beta: 6.6,
        ..fit(&data, start, options.rounds)?
    })?;
    let kept = options.worlds.clamp(1, data.captions.len());
    let worlds = (0..kept).map(|place| world(&model, &data, place * data.captions.len() / kept));
    Ok(Fitted {
        worlds: worlds.collect::<Result<_, _>>()?,
        categories: categories.join("\n"),
        images: data.captions.len(),
    })
}

/// The model at one image and its caption, with the `q(y|x)` that [`from_file`] describes.
fn world(model: &Gaussian, data: &Data, image: usize) -> Result<Gaussian, Error> {
    let (x, y) = (data.images.row(image).to_owned(), data.captions[image]);
    let unsure = model.observing_pair(x.clone(), y, model.caption_model().ln().clone(), UNIT_ROUNDOFF_F64)?;
    let evidence = |y: usize| eq03_log_evidence(&unsure.observing(y)).map(|nats| 0.5 * nats.value());
    let halved: Array1<f64> = (0..data.count).map(evidence).collect::<Result<_, _>>()?;
    let most = halved.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total = halved.iter().map(|ln_p| (ln_p - most).exp()).sum::<f64>().ln() + most;
    model.observing_pair(x, y, halved - total, UNIT_ROUNDOFF_F64)
}

/// The luminance of the images, `[N, 64]`, from 0 to 1: each entry is the mean over a block of pixels.
fn luminance(images: &Images<'_>) -> Result<Array2<f64>, ImagesError> {
    let Images {
        count,
        height,
        width,
        pixels,
        ..
    } = *images;
    if [height, width].iter().any(|size| !size.is_multiple_of(EDGE)) {
        return Err(ImagesError::Other {
            what: format!("images has shape [{count}, 3, {height}, {width}]"),
            expected: "H and W multiples of 8",
        });
    }
    let (rows, columns) = (height / EDGE, width / EDGE);
    let mut blocks = Array2::zeros((count, EDGE * EDGE));
    for (bytes, mut blocks) in pixels.chunks_exact(3 * height * width).zip(blocks.rows_mut()) {
        let pixels = Array3::from_shape_fn((3, height, width), |(channel, row, column)| {
            f64::from(bytes[(channel * height + row) * width + column]) / 255.0
        });
        let channel = |c: usize| pixels.index_axis(Axis(0), c);
        let luminance = &channel(0) * 0.299 + &(&channel(1) * 0.587) + &(&channel(2) * 0.114); // The weights of Rec. 601.
        for (place, block) in blocks.iter_mut().enumerate() {
            let (top, left) = (place / EDGE * rows, place % EDGE * columns);
            *block = luminance
                .slice(s![top..top + rows, left..left + columns])
                .mean()
                .unwrap_or(0.0);
        }
    }
    Ok(blocks)
}
