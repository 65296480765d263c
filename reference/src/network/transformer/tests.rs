//! Tests of the architecture's numbers of parameters, of what each position reads, and of what is refused.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use ndarray::{Array1, ArrayD};

use super::super::{Parameters, Traced};
use super::Transformer;

const SMALL: Transformer = Transformer {
    layers: 4,
    heads: 2,
    width: 6,
    text: 3,
    vocabulary: 5,
    side: 4,
    codes: 7,
    kernel: 3,
};

fn parameters(sizes: Transformer) -> Parameters {
    let shapes = sizes.shapes().unwrap();
    let tensors: BTreeMap<String, ArrayD<f64>> = (shapes.iter().enumerate())
        .map(|(k, (name, shape))| {
            let size = shape.iter().product::<usize>();
            let numbers = (0..size).map(|i| ((i * 31 + k * 17) as f64).sin()).collect();
            (name.clone(), ArrayD::from_shape_vec(shape.clone(), numbers).unwrap())
        })
        .collect();
    Parameters::new(tensors, &shapes).unwrap()
}

fn tokens() -> Array1<f64> {
    let text = [4.0, 0.0, 7.0]; // the last a pad of position 2
    let codes = (0..16).map(|j| f64::from(j * 3 % 7));
    text.into_iter().chain(codes).collect()
}

fn logits(tokens: &Array1<f64>) -> [Traced; 2] {
    let graph = SMALL.graph(&parameters(SMALL)).unwrap();
    let place = |name: &str| graph.nodes().iter().position(|node| node.name == name).unwrap();
    let values = graph.run(&tokens.clone().into_dyn()).unwrap();
    [values[place("to_text")].clone(), values[place("to_image")].clone()]
}

/// The paper's model has 12 billion parameters; most are `12 d^2` a layer.
#[test]
fn the_published_sizes_have_twelve_billion_parameters() {
    let published = Transformer {
        layers: 64,
        heads: 62,
        width: 3968,
        text: 256,
        vocabulary: 16384,
        side: 32,
        codes: 8192,
        kernel: 11,
    };
    let count: usize = (published.shapes().unwrap().iter())
        .map(|(_, shape)| shape.iter().product::<usize>())
        .sum();
    let blocks = 12 * 3968 * 3968 * 64;
    assert_eq!(blocks, 12_092_178_432);
    // Biases and norms of a layer: 4 d + d + 4 d + d + 4 d; words, codes, positions and the two maps to logits around
    // them.
    let small = 64 * 13 * 3968 + 3968 * (1 + 2 * (16384 + 256) + 257 + 2 * 8192 + 64 + 2) + 16384 + 256 + 8192;
    assert_eq!(count, blocks + small);
}

/// Position `s` predicts token `s`: a token moves no logits up to its own.
#[test]
fn no_logit_sees_the_token_it_predicts_or_a_later_one() {
    let healthy = logits(&tokens());
    for changed in 0..SMALL.length() {
        let mut tokens = tokens();
        tokens[changed] = if tokens[changed] > 0.0 {
            tokens[changed] - 1.0
        } else {
            1.0
        };
        let moved = logits(&tokens);
        let rows = |[text, image]: &[Traced; 2], s: usize| {
            let (table, row) = if s < SMALL.text {
                (text, s)
            } else {
                (image, s - SMALL.text)
            };
            table.value.index_axis(ndarray::Axis(0), row).to_owned()
        };
        let mut seen = 0;
        for s in 0..SMALL.length() {
            let same = rows(&healthy, s) == rows(&moved, s);
            assert!(s > changed || same, "token {changed} moves the logits of {s}");
            seen += usize::from(!same);
        }
        assert_eq!(seen > 0, changed + 1 < SMALL.length(), "{changed} is read by {seen}");
    }
}

#[test]
fn the_two_vocabularies_are_apart() {
    let [text, image] = logits(&tokens());
    assert_eq!((text.value.shape(), image.value.shape()), (&[3, 8][..], &[16, 7][..]));
}

#[test]
fn tokens_outside_their_vocabulary_and_sizes_without_a_network_are_refused() {
    let graph = SMALL.graph(&parameters(SMALL)).unwrap();
    for (place, value, message) in [
        (1, 8.0, "tokens[1] is 8, expected a number"),
        (5, 7.0, "tokens[5] is 7, expected a number"),
        (18, 7.0, "tokens[18] is 7, expected a number"),
        (4, 0.5, "tokens[4] is 0.5, expected a number"),
        (0, f64::NAN, "tokens[0] is NaN, expected a number"),
    ] {
        let mut tokens = tokens();
        tokens[place] = value;
        let found = graph.run(&tokens.into_dyn()).unwrap_err().to_string();
        assert!(found.starts_with(message), "{found}");
    }
    for (odd, message) in [
        (
            Transformer { heads: 4, ..SMALL },
            "the number of heads is 4, expected a divisor of the width",
        ),
        (
            Transformer { kernel: 4, ..SMALL },
            "the kernel of the last mask is 4, expected an odd number from 1 to 255",
        ),
        (Transformer { width: 0, ..SMALL }, "the width is 0, expected 1 to 16384"),
    ] {
        assert_eq!(odd.shapes().unwrap_err().to_string(), message);
    }
}
