//! Compares the networks of a trained model with the reference, layer by layer, on real images and captions.

use std::collections::BTreeMap;

use agree::bounds::Storage;
use agree::layers::{LayerRow, LayersError, layers};
use files::numbers::unravel;
use gpu::network::{Seen, decoder, encoder};
use gpu::transfer::download;
use gpu::{DType, Tensor};
use ndarray::{Array1, ArrayD};
use reference::network::{Graph, Parameters};

use crate::data::Data;
use crate::network::Model;

/// The reason why the networks of a model could not be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NetworksError {
    /// The layers of the two sides do not match: one of them is missing, or has another shape.
    #[error(transparent)]
    Layers(#[from] LayersError),
    /// The model could not run.
    #[error(transparent)]
    Model(#[from] crate::ModelError),
}

/// The comparison of the layers of one network on some images.
#[derive(Debug, Clone, serde::Serialize)]
pub struct NetworkReport {
    /// `encoder`, `decoder` or `transformer`.
    pub network: &'static str,
    /// The type in which `gpu` computed.
    pub dtype: &'static str,
    /// The number of values that were compared.
    pub compared: usize,
    /// The number of values beyond their bound.
    pub failed: usize,
    /// The largest error, in units of its bound.
    pub worst: f64,
    /// The layer with that error.
    pub worst_layer: String,
    /// The first layer with a value beyond its bound.
    pub first_beyond: Option<String>,
}

/// Compares every layer of the model's networks on these images, in `f32`, or with parameters and layers in `bf16`.
///
/// # Errors
/// [`NetworksError`], also for a number of a layer that is not finite. A rectifier might hide such a number from every
/// result. A disagreement is not an error, but a finding in the reports.
pub fn agree(
    model: &Model,
    data: &Data,
    images: &[usize],
    storage: Storage,
) -> Result<Vec<NetworkReport>, NetworksError> {
    let dtype = if storage == Storage::BF16 {
        DType::BF16
    } else {
        DType::F32
    };
    let mut rows: [Vec<LayerRow>; 3] = Default::default();
    let parameters = model.parameters.to_dtype(dtype).map_err(crate::ModelError::from)?;
    let dvae = model.config.dvae();
    let transformer = model.config.transformer();
    let [of_encoder, of_decoder, of_prior] = ["encoder.", "decoder.", "prior."].map(|part| parameters.under(part));
    let failed = |error: reference::network::NetworkError| NetworksError::Layers(error.into());
    let encoder_graph = dvae.encoder(&as_reference(&of_encoder)?).map_err(failed)?;
    let decoder_graph = dvae.decoder(&as_reference(&of_decoder)?).map_err(failed)?;
    let prior_graph = transformer.graph(&as_reference(&of_prior)?).map_err(failed)?;
    for &image in images {
        let of_image = |error: crate::ModelError| error.at(format!("image {image}"));
        let pixels = model.pixels(&crate::noise::evaluated(data.image(image), 1, image))?;
        let pixels = cast(&pixels, dtype)?;
        let seen = told(|seen| encoder(model.config.sizes(), &of_encoder, &pixels, seen).map(|_| ()))?;
        expect_finite("encoder", &encoder_graph, &seen, storage).map_err(of_image)?;
        rows[0].extend(compared(&encoder_graph, &array(&pixels)?, &seen, storage)?);

        let (codes, _) = crate::sample::reconstruction(model, data.image(image))?;
        let tokens = model.tokens(&codes, 1)?;
        let planes = crate::objective::one_hot(&tokens, model.config.dvae.vocabulary, model.config.side())?;
        let planes = cast(&planes, dtype)?;
        let seen = told(|seen| decoder(model.config.sizes(), &of_decoder, &planes, seen).map(|_| ()))?;
        expect_finite("decoder", &decoder_graph, &seen, storage).map_err(of_image)?;
        rows[1].extend(compared(&decoder_graph, &array(&planes)?, &seen, storage)?);

        let text = model.text(data.caption(image))?;
        let words = model.tokens(&text, 1)?;
        let twin = model.transformer()?;
        let seen = told(|seen| twin.logits(&of_prior, (&words, &tokens), seen).map(|_| ()))?;
        let both: Array1<f64> = text.iter().chain(&codes).map(|token| f64::from(*token)).collect();
        expect_finite("transformer", &prior_graph, &seen, storage).map_err(of_image)?;
        rows[2].extend(compared(&prior_graph, &both.into_dyn(), &seen, storage)?);
    }
    let names = ["encoder", "decoder", "transformer"];
    let reports = names.into_iter().zip(rows);
    Ok(reports.map(|(network, rows)| report(network, storage, &rows)).collect())
}

fn report(network: &'static str, storage: Storage, rows: &[LayerRow]) -> NetworkReport {
    let used = |row: &LayerRow| row.agreement.used().unwrap_or(0.0);
    let worst = rows.iter().max_by(|a, b| used(a).total_cmp(&used(b)));
    NetworkReport {
        network,
        dtype: storage.name,
        compared: rows.iter().map(|row| row.agreement.compared).sum(),
        failed: rows.iter().map(|row| row.agreement.failed).sum(),
        worst: worst.map_or(0.0, used),
        worst_layer: worst.map_or_else(String::new, |row| row.name.clone()),
        first_beyond: rows
            .iter()
            .find(|row| row.agreement.failed > 0)
            .map(|row| row.name.clone()),
    }
}

/// Refuses the first number of a layer, in the order of the layers, that is not finite.
fn expect_finite(
    network: &str,
    graph: &Graph,
    seen: &BTreeMap<String, Tensor>,
    storage: Storage,
) -> Result<(), crate::ModelError> {
    for node in graph.nodes() {
        let Some(tensor) = seen.get(&node.name) else {
            continue; // The comparison reports that the layer is missing.
        };
        let layer = tensor.get(0)?;
        let numbers = download(&layer)?;
        if let Some(place) = numbers.iter().position(|number| !number.is_finite()) {
            let (at, dtype) = (unravel(layer.dims(), place), storage.name);
            return Err(crate::ModelError::Overflow {
                what: format!("the {network}'s {}{at:?} in {dtype}", node.name),
                value: numbers[place],
            });
        }
    }
    Ok(())
}

/// Runs a network of `gpu` and collects the values of every layer by name.
fn told(run: impl Fn(Seen<'_>) -> Result<(), gpu::Error>) -> Result<BTreeMap<String, Tensor>, NetworksError> {
    let mut seen = BTreeMap::new();
    run(&mut |name, tensor| {
        seen.insert(name.to_owned(), tensor.clone());
    })
    .map_err(crate::ModelError::from)?;
    Ok(seen)
}

fn compared(
    graph: &Graph,
    input: &ArrayD<f64>,
    seen: &BTreeMap<String, Tensor>,
    storage: Storage,
) -> Result<Vec<LayerRow>, NetworksError> {
    let twin = seen.iter().map(|(name, tensor)| Ok((name.clone(), array(tensor)?)));
    let twin = twin.collect::<Result<_, NetworksError>>()?;
    Ok(layers(graph, input, &twin, storage)?)
}

/// The first item of a batch, as an array in double precision.
fn array(tensor: &Tensor) -> Result<ArrayD<f64>, NetworksError> {
    let one = tensor.get(0).map_err(crate::ModelError::from)?;
    let numbers = download(&one).map_err(crate::ModelError::from)?;
    let shape = one.dims().to_vec();
    let expected = shape.clone();
    ArrayD::from_shape_vec(shape, numbers).map_err(|_| {
        NetworksError::Layers(LayersError::Shape {
            name: "a layer".to_owned(),
            found: Vec::new(),
            expected,
        })
    })
}

fn cast(tensor: &Tensor, dtype: DType) -> Result<Tensor, NetworksError> {
    Ok(tensor.to_dtype(dtype).map_err(crate::ModelError::from)?)
}

/// The parameters of `gpu` in the form in which the reference reads them.
fn as_reference(parameters: &gpu::network::Parameters) -> Result<Parameters, NetworksError> {
    let mut tensors = BTreeMap::new();
    let mut shapes = Vec::new();
    for (name, tensor) in parameters.iter() {
        let numbers = download(tensor).map_err(crate::ModelError::from)?;
        let array = ArrayD::from_shape_vec(tensor.dims().to_vec(), numbers);
        let array = array.map_err(|_| LayersError::Missing { name: name.to_owned() })?;
        shapes.push((name.to_owned(), tensor.dims().to_vec()));
        tensors.insert(name.to_owned(), array);
    }
    Parameters::new(tensors, &shapes).map_err(|error| NetworksError::Layers(error.into()))
}
