//! Gradients: the twin's against the slopes of the reference.

use std::collections::BTreeMap;

use bounds::Float;
use gpu::device::{Device, Kind};
use gpu::network as twin;
use gpu::transfer::{download, upload};
use gpu::{DType, Var, candle_core};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use reference::network::{Dvae, Graph, Parameters};

use super::{CONFIGURATIONS, Run, Tensors, drawn, tensor, weights};

type Build = fn(Dvae, &Parameters) -> Result<Graph, reference::network::NetworkError>;

/// Gradients of the twin against central differences of the reference, in double precision.
fn slopes(sizes: Dvae, shapes: &[(String, Vec<usize>)], build: Build, run: Run, input: &[usize]) {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let tensors = weights(&mut rng, shapes, Float::F64);
    let inputs = drawn(&mut rng, input, 1.0, Float::F64);
    let variables: BTreeMap<String, Var> = (tensors.iter())
        .map(|(name, array)| (name.clone(), Var::from_tensor(&tensor(array, Float::F64)).unwrap()))
        .collect();
    let named = variables
        .iter()
        .map(|(name, var)| (name.clone(), var.as_tensor().clone()));
    let parameters = twin::Parameters::new(named.collect());
    let of_twin = twin::Sizes {
        groups: sizes.groups,
        blocks: sizes.blocks,
    };
    let output = run(of_twin, &parameters, &tensor(&inputs, Float::F64), &mut |_, _| ()).unwrap();
    let pull = drawn(&mut rng, output.dims(), 1.0, Float::F64);
    let objective = (output * tensor(&pull, Float::F64)).unwrap().sum_all().unwrap();
    let gradients = objective.backward().unwrap();
    let [one, pull] = [&inputs, &pull].map(|array| array.index_axis(ndarray::Axis(0), 0).to_owned());
    let run = |tensors: &Tensors| {
        let graph = build(sizes, &Parameters::new(tensors.clone(), shapes).unwrap()).unwrap();
        graph.run(&one).unwrap()
    };
    let value = |tensors: &Tensors| (&run(tensors).last().unwrap().value * &pull).sum();
    // What a value may be off by: every layer's roundings, of the size of what the objective adds up.
    let layers = run(&tensors);
    let roundings: f64 = layers.iter().map(|layer| layer.roundings).sum();
    let size = (&layers.last().unwrap().value * &pull).mapv(f64::abs).sum();
    let noise = roundings * f64::EPSILON * size;
    const STEP: f64 = 1.0 / 1024.0;
    let mut checked = 0;
    for (name, array) in &tensors {
        let gradient = download(gradients.get(&variables[name]).unwrap()).unwrap();
        for place in [0, array.len() / 2, array.len() - 1] {
            let at = |step: f64| {
                let mut moved = tensors.clone();
                *moved.get_mut(name).unwrap().iter_mut().nth(place).unwrap() += step;
                value(&moved)
            };
            // Between its kinks the network is linear in each parameter: two steps that disagree stand astride one.
            let slope = |h: f64| (at(h) - at(-h)) / (2.0 * h);
            let (coarse, fine) = (slope(2.0 * STEP), slope(STEP));
            let bound = noise / STEP;
            if (coarse - fine).abs() > bound {
                continue;
            }
            checked += usize::from(fine.abs() > 1000.0 * bound);
            let found = gradient[place];
            assert!(
                (found - fine).abs() <= 2.0 * bound,
                "{name}[{place}]: {found} is not {fine}"
            );
        }
    }
    assert!(checked > 30, "{checked} slopes that are not 0");
}

/// candle's own max-pooling fails here: it returns a quarter of the gradient.
#[test]
pub(super) fn gradients_are_the_slopes_of_the_reference() {
    for (sizes, [height, width]) in CONFIGURATIONS {
        let images = [1, 3, height, width];
        slopes(
            sizes,
            &sizes.encoder_shapes().unwrap(),
            Dvae::encoder,
            twin::encoder,
            &images,
        );
        let shrink = 1 << (sizes.groups - 1);
        let codes = [1, sizes.vocabulary, height / shrink, width / shrink];
        slopes(
            sizes,
            &sizes.decoder_shapes().unwrap(),
            Dvae::decoder,
            twin::decoder,
            &codes,
        );
    }
}

/// A NaN that a rectifier or a pool made 0, or another number, would train on unseen: in every type, on our operations and composed.
#[test]
fn nan_is_passed_on_by_rectifiers_and_pools_forwards_and_back() {
    for dtype in [DType::F32, DType::F64, DType::BF16, DType::F16] {
        expect_nan_is_passed_on(dtype);
        gpu::autograd::composed(|| expect_nan_is_passed_on(dtype));
    }
}

fn expect_nan_is_passed_on(dtype: DType) {
    let device = Device::open(Kind::Cpu).unwrap();
    for numbers in [[1.0, -3.0, 2.0, 0.5], [3.0, 3.0, 3.0, 3.0], [-1.0, 2.0, -2.0, 7.0]] {
        for place in 0..4 {
            let mut pixels = numbers;
            pixels[place] = f64::NAN;
            let pixels = upload("pixels", &pixels, &[1, 1, 2, 2], &device, Float::F64).unwrap();
            let x = Var::from_tensor(&pixels.to_dtype(dtype).unwrap()).unwrap();
            let pooled = twin::max_pool(&x).unwrap();
            assert!(download(&pooled).unwrap()[0].is_nan(), "{dtype:?} {place}");
            let gradients = (&pooled * &pooled).unwrap().sum_all().unwrap().backward().unwrap();
            let found = download(gradients.get(&x).unwrap()).unwrap();
            assert!(found[place].is_nan(), "{dtype:?} {place}: {found:?}");
            let y = gpu::autograd::relu(&x).unwrap();
            let found = download(&y).unwrap();
            assert!(
                found[place].is_nan() && found.iter().filter(|y| y.is_nan()).count() == 1,
                "{found:?}"
            );
            let gradients = (&y * &y).unwrap().sum_all().unwrap().backward().unwrap();
            assert!(download(gradients.get(&x).unwrap()).unwrap()[place].is_nan(), "{place}");
        }
    }
}

/// candle's own rectifier has derivative 1 at 0, where every number of a dead unit is.
#[test]
fn a_rectifier_has_derivative_0_at_0_however_it_is_computed() {
    let slopes = || {
        let x = Var::new(&[-1.0_f32, 0.0, -0.0, 2.0, f32::NAN], &candle_core::Device::Cpu).unwrap();
        let sum = gpu::autograd::relu(&x).unwrap().sum_all().unwrap();
        download(sum.backward().unwrap().get(&x).unwrap()).unwrap()
    };
    for found in [slopes(), gpu::autograd::composed(slopes)] {
        assert_eq!(found, [0.0, 0.0, 0.0, 1.0, 1.0]);
    }
}

#[test]
fn equal_pixels_share_the_gradient_of_the_largest() {
    let device = Device::open(Kind::Cpu).unwrap();
    let pixels = [1.0, 3.0, 2.0, 0.5, 3.0, -1.0, 0.25, 0.75];
    let x = Var::from_tensor(&upload("pixels", &pixels, &[1, 1, 2, 4], &device, Float::F64).unwrap()).unwrap();
    let pooled = twin::max_pool(&x).unwrap();
    assert_eq!(download(&pooled).unwrap(), [3.0, 2.0]);
    let gradients = pooled.sum_all().unwrap().backward().unwrap();
    let found = download(gradients.get(&x).unwrap()).unwrap();
    assert_eq!(found, [0.0, 0.5, 1.0, 0.0, 0.5, 0.0, 0.0, 0.0]);
}
