//! A batch in shares is the batch, whatever the number of threads.

use dalle::config::Config;
use dalle::data::Data;
use dalle::network::Model;
use dalle::train::{FirstStage, Part, SecondStage, Share, Stage, step};
use gpu::device::{Device, Kind};
use gpu::{GradStore, Tensor};
use rayon::ThreadPoolBuilder;

const STEP: u64 = 3;

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn gradients<S: Stage>(stage: &S, store: &GradStore) -> Vec<Vec<f32>> {
    let of = |(_, variable): (&str, &gpu::Var)| numbers(store.get(variable).unwrap());
    stage.variables().iter().map(of).collect()
}

fn compare<S: Stage>(stage: &S) {
    let parameters = stage.variables().parameters();
    let whole = stage.terms(&parameters, Part::Step(STEP), Share::WHOLE).unwrap();
    assert_eq!((whole.images, whole.batch), (5, 5));
    let slopes = gradients(stage, &whole.loss.backward().unwrap());
    let in_shares = [1, 2, 5].map(|threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| step(stage, &parameters, STEP).unwrap())
    });
    let loss = f64::from(whole.loss.to_scalar::<f32>().unwrap());
    // Sums of thousands of numbers in another order: a hundred roundings of the largest.
    let near = 100.0 * f64::from(f32::EPSILON);
    let [one, ..] = &in_shares;
    assert!(
        (one.loss - loss).abs() <= near * loss.abs(),
        "{} is not {loss}",
        one.loss
    );
    assert_eq!(one.parts.len(), whole.parts.len());
    for ((name, part), (_, of_whole)) in one.parts.iter().zip(&whole.parts) {
        assert!(
            (part - of_whole).abs() <= near * of_whole.abs(),
            "{name}: {part} is not {of_whole}"
        );
    }
    let first = gradients(stage, &one.gradients);
    let mut moved = 0;
    for (found, expected) in first.iter().zip(&slopes) {
        let largest = expected.iter().copied().map(f32::abs).fold(0.0, f32::max);
        moved += usize::from(largest > 0.0);
        for (a, b) in found.iter().zip(expected) {
            assert!(
                f64::from((a - b).abs()) <= near * f64::from(largest.max(1.0e-3)),
                "{a} is not {b}"
            );
        }
    }
    assert!(moved > 10, "{moved} tensors have a gradient");
    for other in &in_shares[1..] {
        assert_eq!(other.loss.to_bits(), one.loss.to_bits());
        let bits = |of: Vec<Vec<f32>>| of.concat().into_iter().map(f32::to_bits).collect::<Vec<_>>();
        assert!(bits(gradients(stage, &other.gradients)) == bits(first.clone()));
    }
}

#[test]
fn shares_of_a_batch_come_to_the_whole_of_it_bit_by_bit_on_any_number_of_threads() {
    let device = Device::open(Kind::Cpu).unwrap();
    let data = Data::embedded().unwrap();
    let mut config = Config::named("tiny").unwrap();
    config.prior.training.batch = 5; // shares of two and of three
    let model = Model::tiny(&device).unwrap();
    compare(&SecondStage::new(&config, &data, model, &device).unwrap());
    config.dvae.training.batch = 5;
    compare(&FirstStage::new(&config, &data, &device).unwrap());
}
