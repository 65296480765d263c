// logit_laplace: the decoder's log-likelihood of whole images, and its gradients.
//
//   ln f = -ln 2 - ln b - ln x - ln(1 - x) - |logit x - mu| / b
//   d/dmu = sign(logit x - mu) / b        d/d(ln b) = |logit x - mu| / b - 1
//
// An image is cut into parts, a block a part; a second kernel adds the parts up in their order.
//
// Roofline, f32, 8 x 3 x 256 x 256 on an H100: 19 MB forward, 6 us; 31 MB with gradients, 9 us. Work: two ln, an exp, 35 more: 85 operations a
// value, 5 us. At this size a launch costs as much as the memory.
#include "elementary.cuh"

// A weight in factors, so that no product with it is lost, nor infinite, before the slope is: see gpu/src/fused/laplace.rs.
struct Factors {
  float share, grown, own, last, lifted, last_by_mu;

  DEVICE Factors of(double weight) {
    const double shrunk = SHRUNK, smallest = 2.2250738585072014e-308;
    const double exponent = __longlong_as_double(__double_as_longlong(weight) & 0x7ff0000000000000LL);
    const double power = exponent > smallest ? exponent : smallest;
    const double back = power < shrunk ? shrunk : power > 1.0 ? 1.0 : power, last = power > 1.0 ? power : 1.0;
    const double most = 1152921504606846976.0, inside = power < most ? power : most;  // 2^60
    const double half = 0.5 * (weight / power);
    return Factors{static_cast<float>(half * (power / back / last)), static_cast<float>(2.0 * back / shrunk),
                   static_cast<float>(weight / last), static_cast<float>(last),
                   static_cast<float>(2.0 * half * inside / shrunk), static_cast<float>(power / inside)};
  }
};

template <class T, int N>
DEVICE void logit_laplace(const T *__restrict__ x, const T *__restrict__ mu, const T *__restrict__ ln_b,
                          double *__restrict__ sums_of_parts, T *__restrict__ grad_mu, T *__restrict__ grad_ln_b, int rows, int k,
                          int parts, double weight) {
  SHARED(Sums<1>, sums);
  const int chunk = Chunk<T, N>::length(), vector = Chunk<T, N>::VECTOR;
  const Factors of = Factors::of(weight);
  const int length = ((k + parts - 1) / parts + vector - 1) / vector * vector;
  for (int piece = blockIdx.x; piece < rows * parts; piece += gridDim.x) {
    const int r = piece / parts, begin = piece % parts * length, end = begin + length < k ? begin + length : k;
    const size_t start = static_cast<size_t>(r) * k;
    double mine[1] = {0.0};
    for (int from = begin; from < end; from += chunk) {
      Chunk<T, N> cx, cm, cb;
      cx.load(x + start, from, 0, end, 0.5f);
      cm.load(mu + start, from, 0, end, 0.f);
      cb.load(ln_b + start, from, 0, end, 0.f);
      Running<N> terms;
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const float ln_x = ln_f32(cx.x[i]), ln_rest = ln_f32(1.f - cx.x[i]), off = (ln_x - ln_rest) - cm.x[i];
        // 0, or NaN where a parameter is not finite or a logit is not.
        const float undefined = fmaf(off, 0.f, cb.x[i] * 0.f), size = fabsf(off);
        const Power inverse = Power::of(-cb.x[i]);
        // Terms are 2^64 times smaller than what they stand for: no sum of them overflows that has a finite value.
        const float spread = (cb.x[i] + (ln_x + ln_rest)) + undefined;
        const float term = fmaf(spread, SHRUNK, inverse.times(size));
        terms.add(i, Chunk<T, N>::place(from, i) < end ? term : 0.f);
        const float slope = inverse.times(of.lifted) + undefined;
        cm.x[i] = (off > 0.f ? slope : off < 0.f ? -slope : undefined) * of.last_by_mu;
        cb.x[i] = fmaf(inverse.times(size * of.share), of.grown, undefined - of.own) * of.last;
      }
      mine[0] += terms.sum();
      if (grad_mu == nullptr) continue;
      cm.store(grad_mu + start, from, end);
      cb.store(grad_ln_b + start, from, end);
    }
    sums.put(mine);
    __syncthreads();
    if (threadIdx.x == 0) sums_of_parts[piece] = -(sums.total(0) * GROWN + 0.69314718055994531 * (end > begin ? end - begin : 0));
    __syncthreads();  // before the next part writes its sums
  }
}

#define LAPLACE(type, T, N)                                                                                              \
  extern "C" __global__ void __launch_bounds__(1024, 1) logit_laplace_##type##_##N(                                         \
      const T *x, const T *mu, const T *ln_b, double *sums_of_parts, T *grad_mu, T *grad_ln_b, int rows, int k, int parts, \
      double weight) {                                                                                                   \
    logit_laplace<T, N>(x, mu, ln_b, sums_of_parts, grad_mu, grad_ln_b, rows, k, parts, weight);                         \
  }                                                                                                                      \
  REGISTER(logit_laplace_##type##_##N)

LAPLACE(f32, float, 8)
LAPLACE(bf16, bf16, 8)

// values[r] = the parts of row r, added up in their order.
extern "C" __global__ void __launch_bounds__(1024, 1) add_parts(const double *sums_of_parts, double *values, int rows, int parts) {
  for (int r = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x); r < rows; r += static_cast<int>(gridDim.x * blockDim.x)) {
    double sum = 0.0;
    for (int p = 0; p < parts; ++p) sum += sums_of_parts[static_cast<size_t>(r) * parts + p];
    values[r] = sum;
  }
}
REGISTER(add_parts)
