//! The transformer twice: layer by layer, its gradients, and who is read by whom.

use std::collections::BTreeMap;

use agree::bounds::Storage;
use agree::layers::layers;
use bounds::Float;
use gpu::candle_core::DType;
use gpu::device::{Device, Kind};
use gpu::network as twin;
use gpu::transfer::download;
use gpu::{Tensor, Var};
use ndarray::{Array1, ArrayD, Axis};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use reference::network::{Mask, Parameters, Transformer};

use super::{Tensors, agreeing, drawn, image, tensor, weights};

/// Sizes pairwise distinct; between them every mask.
const SIZES: [Transformer; 2] = [
    Transformer {
        layers: 3,
        heads: 2,
        width: 10,
        text: 4,
        vocabulary: 9,
        side: 5,
        codes: 7,
        kernel: 3,
    },
    Transformer {
        layers: 6,
        heads: 3,
        width: 12,
        text: 2,
        vocabulary: 5,
        side: 4,
        codes: 11,
        kernel: 7,
    },
];

const BATCH: usize = 2;

/// Captions with pads at their ends, and codes.
fn drawn_tokens(rng: &mut ChaCha8Rng, sizes: Transformer) -> [Vec<u32>; 2] {
    let number = |n: usize| u32::try_from(n).unwrap();
    let mut of = |count: usize, below: usize| -> Vec<u32> {
        (0..count * BATCH).map(|_| rng.random_range(0..number(below))).collect()
    };
    let (mut text, codes) = (
        of(sizes.text, sizes.vocabulary),
        of(sizes.side * sizes.side, sizes.codes),
    );
    for (i, token) in text
        .iter_mut()
        .enumerate()
        .filter(|(i, _)| i % sizes.text == sizes.text - 1)
    {
        *token = number(sizes.vocabulary + i % sizes.text);
    }
    [text, codes]
}

/// One of the batch as the reference reads it.
fn row(sizes: Transformer, [text, codes]: &[Vec<u32>; 2], at: usize) -> ArrayD<f64> {
    let n = sizes.side * sizes.side;
    let text = text[at * sizes.text..][..sizes.text].iter();
    let codes = codes[at * n..][..n].iter();
    text.chain(codes)
        .map(|&token| f64::from(token))
        .collect::<Array1<_>>()
        .into_dyn()
}

fn built(sizes: Transformer) -> (twin::Transformer, Device) {
    let device = Device::open(Kind::Cpu).unwrap();
    let numbers = [sizes.layers, sizes.heads, sizes.text, sizes.side, sizes.kernel];
    (twin::Transformer::new(numbers, &device).unwrap(), device)
}

fn tensors_of([text, codes]: &[Vec<u32>; 2], device: &Device) -> [Tensor; 2] {
    [text, codes].map(|numbers| twin::tokens(numbers, BATCH, device).unwrap())
}

#[test]
pub(super) fn every_layer_of_the_transformer_agrees() {
    for sizes in SIZES {
        for (dtype, storage) in [
            (DType::F32, Storage::F32),
            (DType::F64, Storage::F64),
            (DType::BF16, Storage::BF16),
        ] {
            let mut rng = ChaCha8Rng::seed_from_u64(21);
            let shapes = sizes.shapes().unwrap();
            let stored = |array: &ArrayD<f64>| tensor(array, Float::F64).to_dtype(dtype).unwrap();
            let named: BTreeMap<String, Tensor> = (weights(&mut rng, &shapes, Float::F64).iter())
                .map(|(name, array)| (name.clone(), stored(array)))
                .collect();
            let same = |tensor: &Tensor| ArrayD::from_shape_vec(tensor.dims().to_vec(), download(tensor).unwrap());
            let ours: Tensors = named
                .iter()
                .map(|(name, tensor)| (name.clone(), same(tensor).unwrap()))
                .collect();
            let graph = sizes.graph(&Parameters::new(ours, &shapes).unwrap()).unwrap();
            let tokens = drawn_tokens(&mut rng, sizes);
            let (model, device) = built(sizes);
            let [text, codes] = tensors_of(&tokens, &device);
            let mut seen = BTreeMap::new();
            let parameters = twin::Parameters::new(named);
            let logits = model.logits(&parameters, (&text, &codes), &mut |name, tensor| {
                seen.insert(name.to_owned(), tensor.clone());
            });
            assert_eq!(logits.unwrap()[1].dims(), [BATCH, sizes.side * sizes.side, sizes.codes]);
            for at in 0..BATCH {
                let twin = seen
                    .iter()
                    .map(|(name, tensor)| (name.clone(), image(tensor, at)))
                    .collect();
                agreeing(&layers(&graph, &row(sizes, &tokens, at), &twin, storage).unwrap());
            }
        }
    }
}

#[test]
fn with_fewer_codes_the_last_logits_are_those_of_the_next() {
    let sizes = SIZES[1];
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let named = weights(&mut rng, &sizes.shapes().unwrap(), Float::F64);
    let parameters = super::parameters(&named, Float::F64);
    let (model, device) = built(sizes);
    let [text, codes] = tensors_of(&drawn_tokens(&mut rng, sizes), &device);
    let run = |codes: &Tensor| {
        let [_, image] = model.logits(&parameters, (&text, codes), &mut |_, _| ()).unwrap();
        image
    };
    let whole = run(&codes);
    for known in [0, 1, 5, 15] {
        let part = run(&codes.narrow(1, 0, known).unwrap());
        assert_eq!(part.dims(), [BATCH, known + 1, sizes.codes]);
        let (a, b) = (
            download(&part).unwrap(),
            download(&whole.narrow(1, 0, known + 1).unwrap()).unwrap(),
        );
        // The same sums, over fewer rows: products may be cut up otherwise.
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12));
    }
}

/// A mask by itself: what one position's vectors move.
#[test]
fn each_mask_lets_a_position_be_read_by_those_it_should_be() {
    let (text, side, heads, width) = (3, 4, 2, 6);
    let length = text + side * side;
    let device = Device::open(Kind::Cpu).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let [q, k, v] = [1.0, 2.0, 3.0].map(|scale| drawn(&mut rng, &[1, length, width], scale, Float::F64));
    for (ours, theirs) in [
        (Mask::Row, twin::Mask::Row),
        (Mask::Column, twin::Mask::Column),
        (Mask::Convolution { kernel: 3 }, twin::Mask::Convolution(3)),
        (Mask::Convolution { kernel: 7 }, twin::Mask::Convolution(7)),
    ] {
        let table = theirs.table(text, side, length, &device).unwrap();
        let run = |k: &ArrayD<f64>, v: &ArrayD<f64>| {
            let [q, k, v] = [&q, k, v].map(|array| tensor(array, Float::F64));
            image(&twin::attention(&q, &k, &v, &table, heads).unwrap(), 0)
        };
        let healthy = run(&k, &v);
        for key in 0..length {
            let moved = |array: &ArrayD<f64>| {
                let mut array = array.clone();
                array.index_axis_mut(Axis(1), key).mapv_inplace(|entry| 1.0 - entry);
                array
            };
            let changed = run(&moved(&k), &moved(&v));
            for query in 0..length {
                let row = |array: &ArrayD<f64>| array.index_axis(Axis(0), query).to_owned();
                let same = row(&healthy) == row(&changed);
                assert_eq!(!same, ours.reads(query, key, text, side), "{ours:?}: {key} at {query}");
            }
        }
    }
}

#[test]
pub(super) fn gradients_of_the_transformer_are_the_slopes_of_the_reference() {
    for sizes in SIZES {
        let mut rng = ChaCha8Rng::seed_from_u64(13);
        let shapes = sizes.shapes().unwrap();
        // Without the outlier of other tests: a slope by differences needs curvature that it can follow.
        let named: Tensors = (weights(&mut rng, &shapes, Float::F64).into_iter())
            .map(|(name, array)| (name, array.mapv(|entry| entry.clamp(-1.0, 1.0))))
            .collect();
        let variables: BTreeMap<String, Var> = (named.iter())
            .map(|(name, array)| (name.clone(), Var::from_tensor(&tensor(array, Float::F64)).unwrap()))
            .collect();
        let parameters = variables
            .iter()
            .map(|(name, var)| (name.clone(), var.as_tensor().clone()));
        let parameters = twin::Parameters::new(parameters.collect());
        let tokens = drawn_tokens(&mut rng, sizes);
        let (model, device) = built(sizes);
        let [text, codes] = tensors_of(&tokens, &device).map(|tensor| tensor.narrow(0, 0, 1).unwrap());
        let logits = model.logits(&parameters, (&text, &codes), &mut |_, _| ()).unwrap();
        let pulls = logits
            .each_ref()
            .map(|logits| drawn(&mut rng, logits.dims(), 0.1, Float::F64));
        let [a, b] = [0, 1].map(|k| (&logits[k] * tensor(&pulls[k], Float::F64)).unwrap().sum_all().unwrap());
        let gradients = (a + b).unwrap().backward().unwrap();
        let input = row(sizes, &tokens, 0);
        let value = |named: &Tensors| {
            let graph = sizes.graph(&Parameters::new(named.clone(), &shapes).unwrap()).unwrap();
            let values = graph.run(&input).unwrap();
            let pulled = ["to_text", "to_image"].map(|name| {
                let place = graph.nodes().iter().position(|node| node.name == name).unwrap();
                let pull = &pulls[usize::from(name == "to_image")];
                (&values[place].value * &pull.index_axis(Axis(0), 0)).sum()
            });
            pulled[0] + pulled[1]
        };
        let mut told = 0;
        for (name, array) in &named {
            let gradient = download(gradients.get(&variables[name]).unwrap()).unwrap();
            for place in [0, array.len() / 2, array.len() - 1] {
                let slope = |h: f64| {
                    let at = |step: f64| {
                        let mut moved = named.clone();
                        *moved.get_mut(name).unwrap().iter_mut().nth(place).unwrap() += step;
                        value(&moved)
                    };
                    (at(h) - at(-h)) / (2.0 * h)
                };
                // Two steps take out the curvature's first term (Richardson); what is left shows in how far the step's halving still moves it.
                let (s1, s2, s4) = (slope(4e-3), slope(2e-3), slope(1e-3));
                let (coarse, fine) = ((4.0 * s2 - s1) / 3.0, (4.0 * s4 - s2) / 3.0);
                let bound = (coarse - fine).abs() + 1e-9;
                assert!(
                    (gradient[place] - fine).abs() <= bound,
                    "{name}[{place}]: {} is not {fine} within {bound}",
                    gradient[place]
                );
                told += usize::from(fine.abs() > 100.0 * bound);
            }
        }
        assert!(told > 60, "{told} slopes that tell");
    }
}
