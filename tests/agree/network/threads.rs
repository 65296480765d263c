//! Bits that do not depend on how many threads there are.

use bounds::Float;
use gpu::{Tensor, Var, autograd};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::{drawn, tensor};

type Layer = fn(&[Var]) -> gpu::candle_core::Result<Tensor>;

/// A layer's value and gradients, as bits.
fn bits(layer: Layer, variables: &[Var]) -> Vec<Vec<u32>> {
    let y = layer(variables).unwrap();
    let gradients = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
    let of = variables.iter().map(|var| gradients.get(var).unwrap().clone());
    let numbers = |tensor: Tensor| -> Vec<f32> { tensor.flatten_all().unwrap().to_vec1().unwrap() };
    let all = std::iter::once(y).chain(of).map(numbers);
    all.map(|numbers| numbers.into_iter().map(f32::to_bits).collect())
        .collect()
}

#[test]
fn no_layer_depends_on_the_number_of_threads() {
    let layers: [(&str, &[&[usize]], Layer); 7] = [
        ("conv2d", &[&[19, 5, 6, 7], &[11, 5, 3, 3], &[11]], |v| {
            autograd::conv2d(&v[0], &v[1], &v[2])
        }),
        ("linear", &[&[37, 9], &[23, 9], &[23]], |v| {
            autograd::linear(&v[0], &v[1], &v[2])
        }),
        ("layer_norm", &[&[41, 13], &[13], &[13]], |v| {
            autograd::layer_norm(&v[0], &v[1], &v[2])
        }),
        ("attention", &[&[5, 7, 12], &[5, 7, 12], &[5, 7, 12]], |v| {
            let causal: Vec<u8> = (0..49).map(|at| u8::from(at % 7 <= at / 7)).collect();
            let mask = Tensor::from_vec(causal, (7, 7), v[0].device())?;
            autograd::attention([&v[0], &v[1], &v[2]], &mask, 3)
        }),
        ("gelu", &[&[9001]], |v| autograd::gelu(&v[0])),
        ("max_pool", &[&[3, 5, 8, 6]], |v| autograd::max_pool(&v[0])),
        ("upsample", &[&[3, 5, 4, 6]], |v| autograd::upsample(&v[0])),
    ];
    for (name, shapes, layer) in layers {
        let mut rng = ChaCha8Rng::seed_from_u64(17);
        let variables: Vec<Var> = (shapes.iter())
            .map(|shape| Var::from_tensor(&tensor(&drawn(&mut rng, shape, 1.0, Float::F32), Float::F32)).unwrap())
            .collect();
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| bits(layer, &variables))
        };
        let one = with(1);
        assert_eq!(one.len(), 1 + variables.len(), "{name}");
        for threads in [2, 3, 5] {
            assert!(with(threads) == one, "{name}: {threads} threads");
        }
    }
}
