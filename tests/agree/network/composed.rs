//! Layers composed of candle's operations, as on a device: put to the same tests, on the CPU.

use bounds::Float;
use gpu::autograd::{self, composed};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{drawn, slopes, tensor, transformer};

#[test]
fn every_composed_layer_agrees() {
    composed(super::every_layer_of_the_first_stage_agrees);
    composed(super::every_layer_of_the_second_stage_agrees);
    composed(transformer::every_layer_of_the_transformer_agrees);
}

#[test]
fn gradients_through_composed_layers_are_the_slopes_of_the_reference() {
    composed(slopes::gradients_are_the_slopes_of_the_reference);
    composed(transformer::gradients_of_the_transformer_are_the_slopes_of_the_reference);
}

/// Sums of another order: the tests above are not of the same code twice.
#[test]
fn composed_layers_are_others_and_only_where_they_are_asked_for() {
    let mut rng = ChaCha8Rng::seed_from_u64(23);
    let [x, weights, biases] = [&[2, 5, 8, 6][..], &[7, 5, 3, 3], &[7]]
        .map(|shape| tensor(&drawn(&mut rng, shape, 1.0, Float::F32), Float::F32));
    let run = || -> Vec<f32> {
        let y = autograd::conv2d(&x, &weights, &biases).unwrap();
        y.flatten_all().unwrap().to_vec1().unwrap()
    };
    let ours = run();
    assert!(composed(run) != ours);
    assert!(run() == ours);
}
