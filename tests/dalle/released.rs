//! Weights of the released size, under the released names.

use std::collections::BTreeMap;

use dalle::checkpoint::tensors as tensors_of;
use dalle::parameters::{Beginning, Shapes, Variables};
use gpu::Tensor;
use gpu::device::{Device, Kind};
use gpu::network::{Parameters, Sizes, decoder, encoder};
use reference::network::Dvae;

const SIZES: Sizes = Sizes {
    groups: Dvae::RELEASED.groups,
    blocks: Dvae::RELEASED.blocks,
};

/// Fresh weights through a file's bytes, as converted ones come.
fn loaded(shapes: &Shapes, device: &Device, expected: usize) -> Parameters {
    let fresh = Variables::fresh(shapes, Beginning::Released, 1, device).unwrap();
    assert_eq!(fresh.count(), expected);
    let tensors: BTreeMap<String, Tensor> = fresh
        .iter()
        .map(|(name, var)| (name.to_owned(), var.as_tensor().clone()))
        .collect();
    let bytes = safetensors::serialize(tensors, None).unwrap();
    let (header, data) = files::header::read(&bytes).unwrap();
    Parameters::new(tensors_of("converted", &header, data).unwrap())
}

#[test]
fn full_size_weights_load_and_run() {
    let device = Device::open(Kind::Cpu).unwrap();
    let parameters = loaded(&Dvae::RELEASED.encoder_shapes().unwrap(), &device, 53_786_240);
    let image = Tensor::full(0.5_f32, (1, 3, 16, 8), device.candle()).unwrap();
    let logits = encoder(SIZES, &parameters, &image, &mut |_, _| ()).unwrap();
    assert_eq!(logits.dims(), [1, 8192, 2, 1]);
    drop(parameters);

    let parameters = loaded(&Dvae::RELEASED.decoder_shapes().unwrap(), &device, 43_829_766);
    let codes = Tensor::full(1.0_f32 / 8192.0, (1, 8192, 2, 1), device.candle()).unwrap();
    let image = decoder(SIZES, &parameters, &codes, &mut |_, _| ()).unwrap();
    assert_eq!(image.dims(), [1, 6, 16, 8]);
    let numbers: Vec<f32> = image.flatten_all().unwrap().to_vec1().unwrap();
    assert!(numbers.iter().all(|x| x.is_finite()) && numbers.iter().any(|x| x.abs() > 1e-6));
}
