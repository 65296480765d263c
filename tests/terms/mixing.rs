//! Samples and codebooks: the same bits for any number of cores, any batch, any way to memory.

use gpu::fused::{Gumbel, Isa, Pull, Rows, Sample, codebook_mix};

use super::logits;

struct Inputs {
    k: usize,
    d: usize,
    x: Vec<f32>,
    noise: Vec<f32>,
    codebook: Vec<f32>,
    upstream: Vec<f32>,
}

/// Bits of the mixed rows, of the logits' gradient and of the codebook's, of the rows asked for.
fn bits(isa: Isa, all: &Inputs, rows: std::ops::Range<usize>, sample: Sample) -> [Vec<u32>; 3] {
    let Inputs { k, d, .. } = *all;
    let table = |name, table, k| Rows::new(name, table, k).unwrap();
    let codes = rows.start * k..rows.end * k;
    let (x, noise) = (&all.x[codes.clone()], &all.noise[codes]);
    let upstream = &all.upstream[rows.start * d..rows.end * d];
    let mut found = [vec![0.5; upstream.len()], vec![0.5; x.len()], vec![0.5; k * d]];
    let [mixed, to_logits, to_codebook] = &mut found;
    let gumbel = Gumbel::new(table("logits", x, k), table("noise", noise, k), 0.7).unwrap();
    let pull = Pull {
        upstream: table("upstream", upstream, d),
        to_logits,
        to_codebook,
    };
    codebook_mix(
        isa,
        gumbel,
        sample,
        table("codebook", &all.codebook, d),
        mixed,
        Some(pull),
    )
    .unwrap();
    found.map(|numbers| numbers.into_iter().map(f32::to_bits).collect())
}

#[test]
fn the_same_bits_whatever_the_threads_and_the_batch() {
    // 9 MiB of logits: the gradient is streamed as a whole and stored as usual in parts; no size is a whole number of tiles.
    let (rows, k, d) = (149, 16_421, 37);
    let inputs = Inputs {
        k,
        d,
        x: logits("outliers", rows, k),
        noise: logits("spread 0.3", rows, k),
        codebook: logits("normal", k, d),
        upstream: logits("normal", rows, d),
    };
    for sample in [Sample::Relaxed, Sample::StraightThrough] {
        for isa in Isa::available().into_iter().take(2) {
            let on = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| bits(isa, &inputs, 0..rows, sample))
            };
            let whole = on(2);
            assert_eq!(whole, on(1), "{} {sample:?}: one thread", isa.name());
            let (upper, lower) = (bits(isa, &inputs, 0..61, sample), bits(isa, &inputs, 61..rows, sample));
            for part in 0..2 {
                let together = [upper[part].clone(), lower[part].clone()].concat();
                assert!(
                    together == whole[part],
                    "{} {sample:?}: part {part} of a batch in two",
                    isa.name()
                );
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let numbers = [0.5_f32; 12];
    let rows = |k| Rows::new("numbers", &numbers[..], k).unwrap();
    assert!(Gumbel::new(rows(4), rows(3), 1.0).is_err());
    for temperature in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-40, 1e46] {
        assert!(Gumbel::new(rows(4), rows(4), temperature).is_err());
    }
    let gumbel = Gumbel::new(rows(4), rows(4), 1.0).unwrap();
    let mut mixed = [0.0; 9];
    // Three codes, where the logits have four.
    let refused = codebook_mix(Isa::best(), gumbel, Sample::Relaxed, rows(4), &mut mixed, None);
    assert!(refused.unwrap_err().to_string().contains("codebook"));
}
