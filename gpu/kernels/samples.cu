// log_mean_exp of rows of log-weights, for the importance-weighted bound, and its gradient.
//
//   ln (1/N) sum_i e^(x_i) = m + ln(s / N),  s = sum_i e^(x_i - m)        d/dx_i = e^(x_i - m) / s
//
// A block a row, the row in registers. Roofline: as moments.cu, with two sums less; memory binds.
#include "softmax.cuh"

template <class T, int N>
DEVICE void log_mean_exp(const T *__restrict__ x, double *__restrict__ values, T *__restrict__ grad, int rows, int k,
                         double weight) {
  SHARED(float[WARPS], most_of_warps);
  SHARED(Sums<1>, sums);
  SHARED(float, shared_scale);
  const int chunk = Chunk<T, N>::length();
  for (int r = blockIdx.x; r < rows; r += gridDim.x) {
    const T *row = x + static_cast<size_t>(r) * k;
    Chunk<T, N> c;
    const float most = largest(c, row, 0, k, most_of_warps);
    // Around any number where every weight is 0: the sum is 0, and its logarithm the value.
    const float around = most > -INFINITY ? most : 0.f;
    const double mine[1] = {weigh(c, row, 0, k, around)};
    const float scale = sums.agree(mine, shared_scale, [&] {
      const double s = sums.total(0);
      values[r] = around + log(s / k);
      return static_cast<float>(weight / s);
    });
    if (grad == nullptr) continue;

    T *slopes = grad + static_cast<size_t>(r) * k;
    for (int from = 0; from < k; from += chunk) {
      if (k > chunk) c.load(row, from, 0, k, -INFINITY);
#pragma unroll
      for (int i = 0; i < N; ++i) c.x[i] = exp_f32(at_least_floor(c.x[i] - around)) * scale;
      c.store(slopes, from, k);
    }
  }
}

#define SAMPLES(type, T, N)                                                                             \
  extern "C" __global__ void __launch_bounds__(256, 3)                                                    \
      log_mean_exp_##type##_##N(const T *x, double *values, T *grad, int rows, int k, double weight) {  \
    log_mean_exp<T, N>(x, values, grad, rows, k, weight);                                               \
  }                                                                                                     \
  REGISTER(log_mean_exp_##type##_##N)

SAMPLES(f32, float, 8)
SAMPLES(f32, float, 32)
SAMPLES(bf16, bf16, 8)
SAMPLES(bf16, bf16, 32)
