//! DALL-E's networks twice: every layer of the candle networks within the bound of the reference's, from the same inputs.
#![allow(missing_docs, clippy::unwrap_used, clippy::cast_precision_loss, reason = "tests")]
mod composed;
mod slopes;
mod threads;
mod transformer;

use std::collections::BTreeMap;

use agree::bounds::{Storage, layer_bound};
use agree::equations::FLOATS;
use agree::layers::{LayerRow, layers};
use bounds::Float;
use gpu::Tensor;
use gpu::device::{Device, Kind};
use gpu::network as twin;
use gpu::transfer::{download, upload};
use ndarray::ArrayD;
use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use reference::network::{Attention, Dvae, Graph, LayerNorm, Linear, Mask, Parameters, gelu};

/// Two architectures whose sizes are pairwise distinct.
const CONFIGURATIONS: [(Dvae, [usize; 2]); 2] = [
    (
        Dvae {
            groups: 2,
            hidden: 8,
            blocks: 1,
            initial: 5,
            vocabulary: 11,
        },
        [6, 10],
    ),
    (
        Dvae {
            groups: 3,
            hidden: 4,
            blocks: 2,
            initial: 7,
            vocabulary: 13,
        },
        [12, 8],
    ),
];

type Tensors = BTreeMap<String, ArrayD<f64>>;

/// Numbers that the type holds, never 0, an outlier among them.
fn drawn(rng: &mut ChaCha8Rng, shape: &[usize], scale: f64, float: Float) -> ArrayD<f64> {
    let mut numbers = ArrayD::from_shape_simple_fn(shape.to_vec(), || {
        let size = rng.random_range(0.1..1.0) * scale;
        if rng.random_bool(0.5) { size } else { -size }
    });
    if let Some(first) = numbers.iter_mut().next() {
        *first *= 50.0;
    }
    numbers.mapv(|number| float.nearest(number))
}

/// `N(0, 1 / (inputs kernel^2))`, roughly, as the released weights begin.
fn weights(rng: &mut ChaCha8Rng, shapes: &[(String, Vec<usize>)], float: Float) -> Tensors {
    let of = |(name, shape): &(String, Vec<usize>)| {
        let fan: usize = shape.iter().skip(1).product();
        (name.clone(), drawn(rng, shape, (fan as f64).sqrt().recip(), float))
    };
    shapes.iter().map(of).collect()
}

fn tensor(array: &ArrayD<f64>, float: Float) -> Tensor {
    let device = Device::open(Kind::Cpu).unwrap();
    let entries: Vec<f64> = array.iter().copied().collect();
    upload("a test's numbers", &entries, array.shape(), &device, float).unwrap()
}

fn parameters(tensors: &Tensors, float: Float) -> twin::Parameters {
    let named = tensors.iter().map(|(name, array)| (name.clone(), tensor(array, float)));
    twin::Parameters::new(named.collect())
}

/// One image of a batch.
fn image(tensor: &Tensor, at: usize) -> ArrayD<f64> {
    let one = tensor.get(at).unwrap();
    ArrayD::from_shape_vec(one.dims().to_vec(), download(&one).unwrap()).unwrap()
}

type Run = fn(twin::Sizes, &twin::Parameters, &Tensor, twin::Seen<'_>) -> Result<Tensor, gpu::Error>;

/// Both sides of a network on a batch of two; the rows of both.
fn compared(
    graph: &Graph,
    tensors: &Tensors,
    run: Run,
    sizes: Dvae,
    input: &ArrayD<f64>,
    float: Float,
) -> Vec<LayerRow> {
    let sizes = twin::Sizes {
        groups: sizes.groups,
        blocks: sizes.blocks,
    };
    let batch = tensor(input, float);
    let mut seen: Vec<(String, Tensor)> = Vec::new();
    let parameters = parameters(tensors, float);
    run(sizes, &parameters, &batch, &mut |name, tensor| {
        seen.push((name.to_owned(), tensor.clone()))
    })
    .unwrap();
    let of = |at: usize| {
        let twin = seen.iter().map(|(name, tensor)| (name.clone(), image(tensor, at)));
        layers(graph, &image(&batch, at), &twin.collect(), Storage::of(float)).unwrap()
    };
    (0..2).flat_map(of).collect()
}

fn agreeing(rows: &[LayerRow]) {
    for row in rows {
        assert!(row.agreement.failed == 0 && row.agreement.compared > 0, "{row:?}");
    }
    // Not a bound that nothing could leave.
    let worst = rows.iter().filter_map(|row| row.agreement.used()).fold(0.0, f64::max);
    assert!(worst > 1e-3, "{worst}");
}

#[test]
fn every_layer_of_the_first_stage_agrees() {
    for (index, (sizes, [height, width])) in CONFIGURATIONS.into_iter().enumerate() {
        for float in FLOATS {
            let mut rng = ChaCha8Rng::seed_from_u64(index as u64);
            let shapes = sizes.encoder_shapes().unwrap();
            let tensors = weights(&mut rng, &shapes, float);
            let encoder = sizes
                .encoder(&Parameters::new(tensors.clone(), &shapes).unwrap())
                .unwrap();
            let images = drawn(&mut rng, &[2, 3, height, width], 1.0, float);
            agreeing(&compared(&encoder, &tensors, twin::encoder, sizes, &images, float));

            let shapes = sizes.decoder_shapes().unwrap();
            let tensors = weights(&mut rng, &shapes, float);
            let decoder = sizes
                .decoder(&Parameters::new(tensors.clone(), &shapes).unwrap())
                .unwrap();
            let shrink = 1 << (sizes.groups - 1);
            let codes = drawn(
                &mut rng,
                &[2, sizes.vocabulary, height / shrink, width / shrink],
                1.0,
                float,
            );
            agreeing(&compared(&decoder, &tensors, twin::decoder, sizes, &codes, float));
        }
    }
}

/// A twin that is wrong in one layer is wrong there, and nowhere else.
#[test]
fn the_layer_that_is_wrong_is_the_one_that_is_named() {
    let (sizes, [height, width]) = CONFIGURATIONS[1];
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let shapes = sizes.encoder_shapes().unwrap();
    let tensors = weights(&mut rng, &shapes, Float::F32);
    let encoder = sizes
        .encoder(&Parameters::new(tensors.clone(), &shapes).unwrap())
        .unwrap();
    let images = drawn(&mut rng, &[2, 3, height, width], 1.0, Float::F32);
    for name in [
        "blocks.group_2.block_1.res_path.conv_3",
        "blocks.group_3.block_1.id_path",
        "blocks.input",
    ] {
        let mut spoilt = tensors.clone();
        let weight = spoilt.get_mut(&format!("{name}.w")).unwrap();
        weight.swap_axes(2, 3);
        let turned = weight.as_standard_layout().to_owned();
        let moved = turned.mapv(|entry| entry * 1.001);
        *weight = moved;
        let rows = compared(&encoder, &spoilt, twin::encoder, sizes, &images, Float::F32);
        let wrong: Vec<&str> = rows
            .iter()
            .filter(|row| row.agreement.failed > 0)
            .map(|row| row.name.as_str())
            .collect();
        assert_eq!(wrong, [name, name], "one for each image");
    }
}

#[test]
fn every_layer_of_the_second_stage_agrees() {
    const LENGTH: usize = 3 + 16;
    const WIDTH: usize = 12;
    for float in FLOATS {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let shapes = [
            ("map.weight", vec![7, WIDTH]),
            ("map.bias", vec![7]),
            ("norm.weight", vec![WIDTH]),
            ("norm.bias", vec![WIDTH]),
        ];
        let shapes = shapes.map(|(name, shape)| (name.to_owned(), shape));
        let tensors = weights(&mut rng, &shapes, float);
        let (ours, theirs) = (
            Parameters::new(tensors.clone(), &shapes).unwrap(),
            parameters(&tensors, float),
        );
        // Rows far from 0: a variance by the difference of two squares would lose them.
        let x = drawn(&mut rng, &[2, LENGTH, WIDTH], 1.0, float).mapv(|number| float.nearest(number + 300.0));
        let batch = tensor(&x, float);
        let one = |y: &Tensor| image(y, 1);
        let within = |found: &reference::network::Traced, twin: &ArrayD<f64>| {
            for ((value, mass), twin) in found.value.iter().zip(&found.mass).zip(twin) {
                let bound = layer_bound(found.roundings, *mass, *value, Storage::of(float));
                assert!((value - twin).abs() <= bound, "{value} is not {twin} within {bound}");
            }
        };
        let input = one(&batch);
        let linear = Linear::named("map", 7, WIDTH, &ours).unwrap();
        within(
            &linear.apply(&input).unwrap(),
            &one(&twin::linear(&theirs, "map", &batch).unwrap()),
        );
        let norm = LayerNorm::named("norm", WIDTH, &ours).unwrap();
        within(
            &norm.apply(&input).unwrap(),
            &one(&twin::layer_norm(&theirs, "norm", &batch).unwrap()),
        );
        let z = drawn(&mut rng, &[2, LENGTH, WIDTH], 3.0, float);
        within(
            &gelu(&image(&tensor(&z, float), 1)),
            &one(&twin::gelu(&tensor(&z, float)).unwrap()),
        );
        let [q, k, v] = [1.0, 2.0, 4.0].map(|scale| tensor(&drawn(&mut rng, &[2, LENGTH, WIDTH], scale, float), float));
        for mask in [Mask::Full, Mask::Row, Mask::Column, Mask::Convolution { kernel: 3 }] {
            let attention = Attention {
                heads: 3,
                mask,
                text: 3,
                side: 4,
            };
            let reads = |s: usize| (0..LENGTH).map(move |j| u8::from(mask.reads(s, j, 3, 4)));
            let table: Vec<u8> = (0..LENGTH).flat_map(reads).collect();
            let table = Tensor::from_vec(table, (LENGTH, LENGTH), batch.device()).unwrap();
            let twin = twin::attention(&q, &k, &v, &table, 3).unwrap();
            within(&attention.apply(&one(&q), &one(&k), &one(&v)).unwrap(), &one(&twin));
        }
    }
}
