//! A linear-Gaussian case fitted to captioned images: luminance of 8 x 8 pixels, the category as caption.

use std::path::Path;

use ndarray::{Array1, Array2, Array4, Axis, s};
use reference::equations::bound::eq03_log_evidence;
use reference::gaussian::{Data, Gaussian, Parts, Ppca, fit};
use reference::model::Model as _;
use reference::vocab::{Error, UNIT_ROUNDOFF_F64};
use safetensors::{Dtype, SafeTensors};

/// Pixels along an edge.
const EDGE: usize = 8;

/// Why there is no fit.
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
    #[error("{file}: {what}, expected {expected}")]
    Images {
        /// Its path.
        file: String,
        /// What is there.
        what: String,
        /// What should be.
        expected: &'static str,
    },
    /// The model cannot be fitted.
    #[error(transparent)]
    Reference(#[from] Error),
}

/// A fitted case.
#[derive(Debug, Clone)]
pub struct Fitted {
    /// One model, a world for each image that is kept.
    pub worlds: Vec<Gaussian>,
    /// The captions' names, one a line.
    pub categories: String,
    /// Images that the model was fitted to.
    pub images: usize,
}

/// What to fit.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Factors, `d`.
    pub factors: usize,
    /// Rounds of expectation-maximisation.
    pub rounds: usize,
    /// Images that become worlds, spread over the file.
    pub worlds: usize,
}

/// Fits factor analysis to a safetensors file of images, `images` `[N, 3, H, W]` of bytes with `H` and `W` multiples of 8, whose metadata names
/// each one's category, a line each.
///
/// A world's `q(y|x)` is the posterior of the captions with half their evidence: right in kind, unsure of itself.
///
/// # Errors
/// [`FitError`].
pub fn from_file(path: &Path, options: Options) -> Result<Fitted, FitError> {
    let file = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| FitError::Io {
        file: file.clone(),
        error,
    })?;
    let refuse = |what: String, expected| FitError::Images {
        file: file.clone(),
        what,
        expected,
    };
    let (images, names) = captioned(&bytes).map_err(|(what, expected)| refuse(what, expected))?;
    let mut categories: Vec<&str> = Vec::new();
    let mut captions = Vec::with_capacity(names.len());
    for name in &names {
        let place = categories.iter().position(|known| known == name);
        captions.push(place.unwrap_or(categories.len()));
        if place.is_none() {
            categories.push(name);
        }
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

/// The model at an image, with its `q(y|x)`.
fn world(model: &Gaussian, data: &Data, image: usize) -> Result<Gaussian, Error> {
    let (x, y) = (data.images.row(image).to_owned(), data.captions[image]);
    let unsure = model.observing_pair(x.clone(), y, model.caption_model().ln().clone(), UNIT_ROUNDOFF_F64)?;
    let evidence = |y: usize| eq03_log_evidence(&unsure.observing(y)).map(|nats| 0.5 * nats.value());
    let halved: Array1<f64> = (0..data.count).map(evidence).collect::<Result<_, _>>()?;
    let most = halved.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total = halved.iter().map(|ln_p| (ln_p - most).exp()).sum::<f64>().ln() + most;
    model.observing_pair(x, y, halved - total, UNIT_ROUNDOFF_F64)
}

type Refusal = (String, &'static str);

/// Luminance `[N, 64]` from 0 to 1, and the categories.
fn captioned(bytes: &[u8]) -> Result<(Array2<f64>, Vec<String>), Refusal> {
    let kind = "a safetensors file of images";
    let file = SafeTensors::deserialize(bytes).map_err(|error| (error.to_string(), kind))?;
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| (error.to_string(), kind))?;
    let names = metadata
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get("categories"));
    let names: Vec<String> = names.map_or_else(Vec::new, |names| names.lines().map(str::to_owned).collect());
    let tensor = file
        .tensor("images")
        .map_err(|error| (error.to_string(), "a tensor `images`"))?;
    let shape = format!("images is {:?} of {}", tensor.shape(), tensor.dtype());
    let &[n, 3, height, width] = tensor.shape() else {
        return Err((shape, "[N, 3, H, W]"));
    };
    let divides = |size: usize| size > 0 && size.is_multiple_of(EDGE);
    if tensor.dtype() != Dtype::U8 || n == 0 || !divides(height) || !divides(width) {
        return Err((shape, "bytes, at least one image, H and W multiples of 8"));
    }
    if names.len() != n {
        let found = format!("the metadata's categories has {} lines for {n} images", names.len());
        return Err((found, "a line for each image"));
    }
    let pixels: Vec<f64> = tensor.data().iter().map(|&byte| f64::from(byte) / 255.0).collect();
    let pixels = Array4::from_shape_vec((n, 3, height, width), pixels).map_err(|_| (shape, "as many bytes"))?;
    let channel = |c: usize| pixels.index_axis(Axis(1), c);
    let luminance = &channel(0) * 0.299 + &(&channel(1) * 0.587) + &(&channel(2) * 0.114); // Rec. 601
    let (rows, columns) = (height / EDGE, width / EDGE);
    let blocks = Array2::from_shape_fn((n, EDGE * EDGE), |(image, place)| {
        let (top, left) = (place / EDGE * rows, place % EDGE * columns);
        let block = luminance.slice(s![image, top..top + rows, left..left + columns]);
        block.mean().unwrap_or(0.0)
    });
    Ok((blocks, names))
}
