//! Tests of the architecture's numbers of parameters, and of what it refuses.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use ndarray::ArrayD;

use super::{Dvae, NetworkError, Parameters};

fn parameters(shapes: &[(String, Vec<usize>)]) -> Tensors {
    let named = shapes.iter().enumerate().map(|(k, (name, shape))| {
        let size = shape.iter().product::<usize>();
        let numbers = (0..size).map(|i| ((i * 13 + k * 7) as f64).sin() * 0.3).collect();
        (name.clone(), ArrayD::from_shape_vec(shape.clone(), numbers).unwrap())
    });
    named.collect()
}

type Tensors = BTreeMap<String, ArrayD<f64>>;

const SMALL: Dvae = Dvae {
    groups: 2,
    hidden: 8,
    blocks: 2,
    initial: 5,
    vocabulary: 7,
};

#[test]
fn the_released_sizes_have_the_released_numbers_of_parameters() {
    let count = |shapes: Vec<(String, Vec<usize>)>| -> usize {
        shapes.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum()
    };
    assert_eq!(count(Dvae::RELEASED.encoder_shapes().unwrap()), 53_786_240);
    assert_eq!(count(Dvae::RELEASED.decoder_shapes().unwrap()), 43_829_766);
    let smallest = Dvae {
        hidden: 64,
        vocabulary: 512,
        blocks: 1,
        initial: 32,
        ..Dvae::RELEASED
    };
    assert_eq!(count(smallest.encoder_shapes().unwrap()), 1_321_744);
    assert_eq!(count(smallest.decoder_shapes().unwrap()), 1_430_006);
}

#[test]
fn an_image_becomes_logits_and_codes_become_an_image() {
    let shapes = SMALL.encoder_shapes().unwrap();
    let encoder = SMALL
        .encoder(&Parameters::new(parameters(&shapes), &shapes).unwrap())
        .unwrap();
    let image = ArrayD::from_shape_fn(vec![3, 6, 4], |at| (at[0] * 5 + at[1] * 3 + at[2]) as f64 / 40.0);
    let run = encoder.run(&image).unwrap();
    let logits = &run.last().unwrap().value;
    assert_eq!(logits.shape(), [7, 3, 2]);
    assert!(
        run.iter()
            .all(|layer| layer.value.iter().all(|value| value.is_finite()))
    );
    assert_eq!(run.len(), encoder.nodes().len());

    let shapes = SMALL.decoder_shapes().unwrap();
    let decoder = SMALL
        .decoder(&Parameters::new(parameters(&shapes), &shapes).unwrap())
        .unwrap();
    let run = decoder.run(logits).unwrap();
    assert_eq!(run.last().unwrap().value.shape(), [6, 6, 4]);
    assert!(encoder.run(logits).is_err()); // seven channels are no image
}

#[test]
fn parameters_that_do_not_fit_are_named() {
    let shapes = SMALL.encoder_shapes().unwrap();
    let refused = |change: &dyn Fn(&mut Tensors)| {
        let mut tensors = parameters(&shapes);
        change(&mut tensors);
        Parameters::new(tensors, &shapes).unwrap_err().to_string()
    };
    let name = "blocks.group_2.block_1.id_path.w";
    assert_eq!(
        refused(&|tensors| drop(tensors.remove(name))),
        format!("{name} is missing, expected a tensor [16, 8, 1, 1]")
    );
    let other = |tensors: &mut Tensors| drop(tensors.insert(name.to_owned(), ArrayD::zeros(vec![16])));
    assert_eq!(
        refused(&other),
        format!("{name} has shape [16], expected [16, 8, 1, 1]")
    );
    let more = |tensors: &mut Tensors| drop(tensors.insert("more.w".to_owned(), ArrayD::zeros(vec![1])));
    assert!(refused(&more).starts_with("more.w is no parameter of this architecture"));
    let nan = |tensors: &mut Tensors| {
        tensors.get_mut(name).unwrap()[[3, 2, 0, 0]] = f64::NAN;
    };
    assert_eq!(refused(&nan), format!("{name}[3, 2, 0, 0] is NaN, expected a number"));
    let narrow = Dvae { hidden: 6, ..SMALL };
    assert!(matches!(
        narrow.encoder_shapes(),
        Err(NetworkError::Size { found: 6, .. })
    ));
}

#[test]
fn a_count_of_any_size_is_refused_before_anything_is_made_of_it() {
    assert!(SMALL.encoder_shapes().is_ok() && SMALL.decoder_shapes().is_ok());
    let all = usize::MAX;
    for sizes in [
        Dvae { groups: all, ..SMALL },
        Dvae {
            hidden: all - 3,
            ..SMALL
        },
        Dvae { blocks: all, ..SMALL },
        Dvae { initial: all, ..SMALL },
        Dvae {
            vocabulary: all,
            ..SMALL
        },
    ] {
        for shapes in [sizes.encoder_shapes(), sizes.decoder_shapes()] {
            assert!(matches!(shapes, Err(NetworkError::Size { .. })), "{sizes:?}");
        }
    }
}
