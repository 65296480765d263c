//! Our `AdamW` against candle-nn's, step by step, and what ours does besides.

use candle_nn::optim::{Optimizer as _, ParamsAdamW};
use dalle::config::{Schedule, Training};
use dalle::optimiser::{AdamW, STATE};
use dalle::parameters::{Beginning, Variables};
use gpu::device::{Device, Kind};
use gpu::{Tensor, Var};

const SIZE: f64 = 0.01;

fn training() -> Training {
    Training {
        updates: 100,
        batch: 1,
        step_size: Schedule {
            from: SIZE,
            to: SIZE,
            updates: 1,
        },
        warm_up: 1,
        beta_1: 0.9,
        beta_2: 0.96,
        weight_decay: 0.05,
        clip: 0.0,
        average: 0.9,
        checkpoint: 10,
    }
}

fn variables(device: &Device) -> Variables {
    let shapes = vec![
        ("a.weight".to_owned(), vec![7, 5]),
        ("b.weight".to_owned(), vec![3, 2, 4]),
    ];
    Variables::fresh(&shapes, Beginning::Released, 3, device).unwrap()
}

/// A bowl that is steep in some directions, as a graph over these variables.
fn loss(variables: &[&Var], step: u32) -> Tensor {
    let mut total: Option<Tensor> = None;
    for (place, variable) in variables.iter().enumerate() {
        let numbers: Vec<f32> = (0..variable.elem_count())
            .map(|k| ((k * 7 + place) as f32 + f32::from(u8::try_from(step).unwrap())).sin() * 3.0 + 3.5)
            .collect();
        let steep = Tensor::from_vec(numbers, variable.shape(), variable.device()).unwrap();
        let term = ((variable.as_tensor() - 0.3).unwrap().sqr().unwrap() * steep)
            .unwrap()
            .sum_all()
            .unwrap();
        total = Some(total.map_or_else(|| term.clone(), |sum| (sum + &term).unwrap()));
    }
    total.unwrap()
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn every_step_is_candle_nns() {
    let device = Device::open(Kind::Cpu).unwrap();
    let (ours, copy) = (variables(&device), variables(&device));
    let theirs: Vec<Var> = copy
        .iter()
        .map(|(_, var)| Var::from_tensor(&var.as_tensor().copy().unwrap()).unwrap())
        .collect();
    let Training {
        beta_1: beta1,
        beta_2: beta2,
        weight_decay,
        ..
    } = training();
    let parameters = ParamsAdamW {
        lr: SIZE,
        beta1,
        beta2,
        eps: 1e-8,
        weight_decay,
    };
    let mut reference = candle_nn::AdamW::new(theirs.clone(), parameters).unwrap();
    let mut optimiser = AdamW::new(&ours, training()).unwrap();
    let vars: Vec<&Var> = ours.iter().map(|(_, var)| var).collect();
    let mut averages: Vec<Vec<f64>> = vars
        .iter()
        .map(|var| numbers(var).into_iter().map(f64::from).collect())
        .collect();
    for step in 0..40 {
        reference
            .backward_step(&loss(&theirs.iter().collect::<Vec<_>>(), step))
            .unwrap();
        let taken = optimiser
            .descend(&loss(&vars, step).backward().unwrap())
            .unwrap()
            .unwrap();
        assert!((taken.size - SIZE).abs() < 1e-15 && taken.norm > 0.0);
        let keep = 0.9_f64.min((2.0 + f64::from(step)) / (11.0 + f64::from(step)));
        for ((ours, theirs), average) in vars.iter().zip(&theirs).zip(&mut averages) {
            for ((a, b), average) in numbers(ours).into_iter().zip(numbers(theirs)).zip(average) {
                // A step rounds some ten times numbers below 1; its share of the difference before is at most 1.
                let bound = 10.0 * f32::EPSILON * (step + 1) as f32;
                assert!((a - b).abs() <= bound, "step {step}: {a} is not {b}");
                *average = keep * *average + (1.0 - keep) * f64::from(a);
            }
        }
    }
    for ((name, _), average) in ours.iter().zip(&averages) {
        let found = numbers(&optimiser.averages()[name]);
        assert!(
            found.iter().zip(average).all(|(a, b)| (f64::from(*a) - b).abs() < 1e-5),
            "{name}"
        );
    }
}

#[test]
fn a_state_taken_up_again_goes_on_bit_by_bit() {
    let device = Device::open(Kind::Cpu).unwrap();
    let (one, two) = (variables(&device), variables(&device));
    let run = |variables: &Variables, optimiser: &mut AdamW, steps: std::ops::Range<u32>| {
        let vars: Vec<&Var> = variables.iter().map(|(_, var)| var).collect();
        for step in steps {
            optimiser
                .descend(&loss(&vars, step).backward().unwrap())
                .unwrap()
                .unwrap();
        }
    };
    let mut whole = AdamW::new(&one, training()).unwrap();
    run(&one, &mut whole, 0..9);
    let mut half = AdamW::new(&two, training()).unwrap();
    run(&two, &mut half, 0..4);
    let saved = half
        .state()
        .into_iter()
        .map(|(name, tensor)| (name, tensor.copy().unwrap()))
        .collect();
    let three = variables(&device);
    let mut other = AdamW::new(&three, training()).unwrap();
    other.restore(&saved, 4, "a test").unwrap();
    run(&three, &mut other, 4..9);
    let bits = |optimiser: &AdamW| -> Vec<Vec<u32>> {
        let numbers = |tensor: &Tensor| numbers(tensor).into_iter().map(f32::to_bits).collect();
        optimiser.state().values().map(numbers).collect()
    };
    assert_eq!(bits(&whole), bits(&other));
    assert_eq!(whole.state().len(), 2 * STATE.len());
    let none = std::collections::BTreeMap::new();
    let message = other.restore(&none, 0, "x").unwrap_err().to_string();
    assert!(message.starts_with("x: parameter.a.weight is missing"), "{message}");
}

/// Its root would be NaN, and the step after it too.
#[test]
fn a_state_that_no_step_leaves_is_refused_by_its_number() {
    let device = Device::open(Kind::Cpu).unwrap();
    let variables = variables(&device);
    let mut optimiser = AdamW::new(&variables, training()).unwrap();
    for (what, number, refused) in [
        ("second_moment", -1e-40_f32, true),
        ("second_moment", f32::NAN, true),
        ("second_moment", -0.0, false),
        ("first_moment", -1e-3, false),
    ] {
        let copied = |(name, tensor): (String, Tensor)| (name, tensor.copy().unwrap());
        let mut state: std::collections::BTreeMap<_, _> = optimiser.state().into_iter().map(copied).collect();
        let name = format!("{what}.b.weight");
        let mut spoilt = numbers(&state[&name]);
        spoilt[13] = number;
        state.insert(name, Tensor::from_vec(spoilt, (3, 2, 4), device.candle()).unwrap());
        let message = optimiser.restore(&state, 1, "x").err().map(|error| error.to_string());
        assert_eq!(message.is_some(), refused, "{what} {number}");
        if let Some(message) = message {
            let told = format!("x: {what}.b.weight[1, 1, 1] is {number}, expected ");
            assert!(message.starts_with(&told), "{message}");
        }
    }
}

#[test]
fn a_long_gradient_is_cut_and_one_that_is_no_number_is_named() {
    let device = Device::open(Kind::Cpu).unwrap();
    let variables = variables(&device);
    let vars: Vec<&Var> = variables.iter().map(|(_, var)| var).collect();
    let mut optimiser = AdamW::new(
        &variables,
        Training {
            clip: 0.5,
            ..training()
        },
    )
    .unwrap();
    let taken = optimiser.descend(&loss(&vars, 0).backward().unwrap()).unwrap().unwrap();
    assert!(taken.norm > 0.5);
    let first = optimiser
        .state()
        .into_iter()
        .filter(|(name, _)| name.starts_with("first_moment"));
    let squares: f64 = first
        .flat_map(|(_, m)| numbers(&m))
        .map(|m| f64::from(m) * f64::from(m))
        .sum();
    // m = (1 - beta_1) g after the first step.
    assert!((squares.sqrt() - 0.1 * 0.5).abs() < 1e-6, "{}", squares.sqrt());
    let before: Vec<f32> = vars.iter().flat_map(|var| numbers(var)).collect();
    let bad = (loss(&vars, 1) * f64::NAN).unwrap();
    let message = optimiser.descend(&bad.backward().unwrap()).unwrap().unwrap_err();
    assert_eq!(message, "the gradient of a.weight is not finite");
    assert_eq!(before, vars.iter().flat_map(|var| numbers(var)).collect::<Vec<_>>());
    assert_eq!(optimiser.step(), 1);
}
