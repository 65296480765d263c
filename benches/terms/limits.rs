//! What the machine can do, on the tables' own size: read, copy, copy past the caches; multiply and add; exponentials.

use std::hint::black_box;

use criterion::Criterion;
use rayon::prelude::*;

use crate::{K, ROWS, bench, group, logits};

pub(crate) fn limits(criterion: &mut Criterion) {
    let mut group = group(criterion, "limit", ROWS * K * 4);
    let x = logits(ROWS, K, 0);
    bench(&mut group, "read", || {
        let sum = |part: &[f32]| {
            let lanes = part.chunks_exact(64).fold([0.0_f32; 64], |mut sum, chunk| {
                for (sum, x) in sum.iter_mut().zip(chunk) {
                    *sum += x;
                }
                sum
            });
            lanes.iter().sum::<f32>()
        };
        black_box(x.par_chunks(1 << 18).map(sum).sum::<f32>());
    });
    let mut copy = vec![0.0_f32; x.len()];
    bench(&mut group, "copy", || {
        let parts = copy.par_chunks_mut(1 << 18).zip(x.par_chunks(1 << 18));
        parts.for_each(|(to, from)| to.copy_from_slice(from));
        black_box(&copy);
    });
    bench(&mut group, "copy-streamed", || {
        let parts = copy.par_chunks_mut(1 << 18).zip(x.par_chunks(1 << 18));
        parts.for_each(|(to, from)| streamed(to, from));
        black_box(&copy);
    });
    // As many exponentials as the table has numbers, of numbers that stay in registers.
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        for (id, exponentials) in [
            ("exp", exp::of_f32 as unsafe fn(usize) -> f64),
            ("exp-f64", exp::of_f64),
        ] {
            bench(&mut group, id, || {
                let pieces = 4 * rayon::current_num_threads();
                (0..pieces).into_par_iter().for_each(|_| {
                    #[expect(unsafe_code, reason = "the processor was asked")]
                    black_box(unsafe { exponentials(ROWS * K / pieces) });
                });
            });
        }
    }
    // As many multiply-adds as a codebook of 128 numbers asks for.
    bench(&mut group, "fma", || {
        let pieces = 4 * rayon::current_num_threads();
        (0..pieces).into_par_iter().for_each(|_| {
            black_box(multiplied(ROWS * K * 128 / pieces));
        });
    });
    group.finish();
}

#[cfg(target_arch = "x86_64")]
fn streamed(to: &mut [f32], from: &[f32]) {
    use std::arch::x86_64::{_mm_loadu_ps, _mm_sfence, _mm_stream_ps};
    let (head, whole, tail) = {
        let (head, rest) = to.split_at_mut(to.as_ptr().align_offset(16).min(to.len()));
        let length = rest.len() / 4 * 4;
        let (whole, tail) = rest.split_at_mut(length);
        (head, whole, tail)
    };
    let (start, end) = (head.len(), head.len() + whole.len());
    head.copy_from_slice(&from[..start]);
    tail.copy_from_slice(&from[end..]);
    for (to, from) in whole.chunks_exact_mut(4).zip(from[start..end].chunks_exact(4)) {
        #[expect(
            unsafe_code,
            reason = "four numbers on either side, the places aligned; SSE is part of x86-64"
        )]
        unsafe {
            _mm_stream_ps(to.as_mut_ptr(), _mm_loadu_ps(from.as_ptr()));
        }
    }
    #[expect(unsafe_code, reason = "SSE is part of x86-64")]
    unsafe {
        _mm_sfence();
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn streamed(to: &mut [f32], from: &[f32]) {
    to.copy_from_slice(from);
}

/// This many multiply-adds in the widest vectors.
fn multiplied(steps: usize) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        #[expect(unsafe_code, reason = "the processor was asked")]
        return unsafe { multiplied_avx512(steps) };
    }
    let mut sums = [1.0_f32; 96];
    for _ in 0..steps / 96 {
        for sum in &mut sums {
            *sum = *sum * 0.999 + 0.001; // fused, it would be a call where the target has no instruction for it
        }
    }
    sums.iter().sum()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn multiplied_avx512(steps: usize) -> f32 {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_reduce_add_ps, _mm512_set1_ps};
    let [by, plus] = black_box([0.999, 0.001]).map(|x| _mm512_set1_ps(x));
    let mut sums = [_mm512_set1_ps(black_box(1.0)); 12];
    for _ in 0..steps / (12 * 16) {
        // A loop: a closure would be compiled without the instructions.
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(*sum, by, plus);
        }
    }
    let mut total = 0.0;
    for sum in sums {
        total += _mm512_reduce_add_ps(sum);
    }
    total
}

/// The steps of the kernels' exponential and the sum of its results, eight vectors side by side, with nothing read or written.
#[cfg(target_arch = "x86_64")]
mod exp {
    use std::arch::x86_64::*;
    use std::hint::black_box;

    /// Horner's rule is as long as the kernels' own polynomial.
    macro_rules! exponentials {
        ($name:ident, $real:ident, $lanes:literal, $degree:literal, $round:literal, $set:ident, $fma:ident, $add:ident, $sub:ident, $mul:ident,
         $reduce:ident, |$bits:ident| $shifted:expr) => {
            #[target_feature(enable = "avx512f")]
            pub(super) fn $name(count: usize) -> f64 {
                let c = $set(black_box(0.5));
                let [round, log2_e, high, low, one] = black_box([
                    $round,
                    std::$real::consts::LOG2_E,
                    -355.0 / 512.0,
                    2.121_944_4e-4,
                    1.0,
                ])
                .map(|x| $set(x));
                let mut x = [$set(black_box(-0.5)); 8];
                let mut sums = [$set(0.0); 8];
                for _ in 0..count / (8 * $lanes) {
                    // Loops: closures would be compiled without the instructions.
                    for i in 0..8 {
                        let shifted = $fma(x[i], log2_e, round);
                        let n = $sub(shifted, round);
                        let f = $fma(n, low, $fma(n, high, x[i]));
                        let mut tail = c;
                        for _ in 1..$degree {
                            tail = $fma(tail, f, c);
                        }
                        let power = $add($add($mul($mul(f, f), tail), f), one);
                        let $bits = shifted;
                        let e = $mul(power, $shifted);
                        sums[i] = $add(sums[i], e);
                        x[i] = $sub(c, x[i]); // -1/2 and 1 by turns
                    }
                }
                let mut total = 0.0;
                for sum in sums {
                    total += $reduce(sum);
                }
                f64::from(total)
            }
        };
    }

    exponentials!(
        of_f32,
        f32,
        16,
        5,
        12_583_039.0,
        _mm512_set1_ps,
        _mm512_fmadd_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_mul_ps,
        _mm512_reduce_add_ps,
        |bits| _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_castps_si512(bits)))
    );
    exponentials!(
        of_f64,
        f64,
        8,
        10,
        6_755_399_441_056_767.0,
        _mm512_set1_pd,
        _mm512_fmadd_pd,
        _mm512_add_pd,
        _mm512_sub_pd,
        _mm512_mul_pd,
        _mm512_reduce_add_pd,
        |bits| _mm512_castsi512_pd(_mm512_slli_epi64::<52>(_mm512_castpd_si512(bits)))
    );
}
