//! Logits by planes: whole vectors, tiles on several cores, gradients past the caches.

use agree::terms::{Options, agree};
use gpu::fused::Isa;
use gpu::fused::planes::{self, Planes};

use super::{STORAGES, logits, seed};

#[test]
fn many_positions_agree_in_one_image_and_in_two() {
    for shape in [(51, 301), (74, 130), (129, 70)] {
        for storage in STORAGES {
            for function in [
                "planes::kl_to_uniform",
                "planes::entropy",
                "planes::kl_divergence",
                "planes::cross_entropy",
            ] {
                for isa in Isa::available() {
                    let report = agree(
                        &isa,
                        &Options {
                            storage,
                            function: Some(function.to_owned()),
                            shape: Some(shape),
                            seed: seed(),
                        },
                    )
                    .unwrap();
                    assert!(
                        report.agrees,
                        "{function} {shape:?} {} {}: {:#?}",
                        storage.name,
                        isa.name(),
                        report.rows
                    );
                }
            }
        }
    }
}

fn bits(x: &[f32], k: usize, positions: usize) -> (Vec<u64>, Vec<u32>) {
    let planes = Planes::new("logits", x, k, positions).unwrap();
    let (mut values, mut grad) = (vec![0.0; planes.count()], vec![0.5; x.len()]);
    planes::kl_to_uniform(Isa::best(), planes, 1.0, &mut values, Some(&mut grad));
    (
        values.into_iter().map(f64::to_bits).collect(),
        grad.into_iter().map(f32::to_bits).collect(),
    )
}

#[test]
fn the_same_bits_whatever_the_threads_the_batch_and_the_way_to_memory() {
    // 9 MiB: streamed as a whole, not image by image; 77 positions are no whole number of vectors.
    let (images, k, positions) = (9, 3400, 77);
    let x = logits("outliers", images * positions, k); // whatever these lay in as rows
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bits(&x, k, positions))
    };
    let whole = on(2);
    assert_eq!(whole, on(1));
    assert_eq!(whole, on(31));
    let apart: Vec<_> = x.chunks(k * positions).map(|image| bits(image, k, positions)).collect();
    let values: Vec<u64> = apart.iter().flat_map(|(values, _)| values.clone()).collect();
    let grads: Vec<u32> = apart.into_iter().flat_map(|(_, grads)| grads).collect();
    assert_eq!(whole, (values, grads));
}

#[test]
fn planes_are_a_whole_number_of_images() {
    let x = [0.0_f32; 12];
    assert_eq!(Planes::new("x", &x, 3, 2).unwrap().count(), 4);
    for (k, positions) in [(0, 2), (2, 0), (5, 1), (usize::MAX, 2)] {
        assert!(Planes::new("x", &x, k, positions).is_err(), "{k} {positions}");
    }
}

#[test]
fn a_masked_plane_and_a_position_without_a_code() {
    let masked = f32::NEG_INFINITY;
    // Three codes, two positions; the second position has none left.
    let x = [masked, masked, 0.5, masked, 1.5, masked];
    let planes = Planes::new("x", &x, 3, 2).unwrap();
    for isa in Isa::available() {
        let (mut values, mut grad) = ([0.0; 2], [0.5_f32; 6]);
        planes::kl_to_uniform(isa, planes, 1.0, &mut values, Some(&mut grad));
        assert!(values[0] > 0.0 && values[1].is_nan());
        assert!(grad[0].abs() <= 0.0 && grad[2] < 0.0 && grad[4] > 0.0);
        assert!(grad[1].is_nan() && grad[3].is_nan() && grad[5].is_nan());
    }
}
