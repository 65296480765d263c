// kl_to_uniform and entropy of rows of logits, and their gradients.
//
//   D = sum_k q_k ln q_k + ln K = t/s - ln s + ln K      H = ln s - t/s       q = softmax(x)
//   s = sum_k e^(x_k - m),  t = sum_k e^(x_k - m) (x_k - m),  m = max_k x_k
//   dD/dx_k = q_k (x_k - E_q[x]) = -dH/dx_k
//
// A block a row, the row in registers, three or four rows a multiprocessor: one read of the logits, with a gradient one write as well. Where D cancels (its bound exceeds ACCEPT
// units of D) the registers are swept again for (1/K) sum_k excess(x_k - c), c = m + ln(s/K), whose terms are never negative.
//
// Roofline, f32, B S = 4096 rows of K = 8192 on an H100 (3.35 TB/s, 67 Tflop/s counted as fma):
//   bytes    134 MB forward, 268 MB with gradient: 40 us and 80 us. In bf16 half of that.
//   work     exp 11, the sums 5, the maximum 1: 17 operations a logit, 17 us at 33.5 T/s; with gradient 31: 31 us.
// So memory binds, forward and with gradient, in f32; in bf16 it does not. Measured: benches/CUDA.md.
#include "moments.cuh"

template <class T, int N, bool ENTROPY>
DEVICE void moments(const T *__restrict__ x, double *__restrict__ values, T *__restrict__ grad, int rows, int k, double weight) {
  SHARED(float[WARPS], most_of_warps);
  SHARED(Sums<3>, sums);
  SHARED(Plan, plan);
  SHARED(Aside<N>, aside);
  const int chunk = Chunk<T, N>::length();
  for (int r = blockIdx.x; r < rows; r += gridDim.x) {
    const T *row = x + static_cast<size_t>(r) * k;
    Chunk<T, N> c;
    const float most = largest(c, row, 0, k, most_of_warps);

    double mine[3] = {0.0, 0.0, 0.0};
    for (int from = 0; from < k; from += chunk) {
      if (k > chunk) c.load(row, from, 0, k, -INFINITY);
      Running<N> s, t, square;
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const Floored<float> floored = at_least_floor(c.x[i] - most);
        const float y = floored.value, e = exp_f32(floored), ey = e * y;
        s.add(i, e), t.add(i, ey), square.add(i, ey * y);
      }
      mine[0] += s.sum(), mine[1] += t.sum(), mine[2] += square.sum();
    }
    sums.agree(mine, plan, [&] {
      aside.lay(c.x);
      const Plan found = around_the_largest<ENTROPY>(k, most, sums.total(0), sums.total(1), sums.total(2), weight);
      aside.take(c.x);
      return found;
    });

    const bool near = !ENTROPY && plan.near;
    const float high = static_cast<float>(plan.first), low = static_cast<float>(plan.second);
    if (near) {
      double mine[3] = {0.0, 0.0, 0.0};
      for (int from = 0; from < k; from += chunk) {
        if (k > chunk) c.load(row, from, 0, k, -INFINITY);
        Running<N> excess, gap;
#pragma unroll
        for (int i = 0; i < N; ++i) {
          float e, g;
          expm1_and_excess(at_least_floor((c.x[i] - high) - low), &e, &g);
          const bool counts = Chunk<T, N>::place(from, i) < k;
          excess.add(i, counts ? e : 0.f), gap.add(i, counts ? g : 0.f);
        }
        mine[0] += excess.sum(), mine[1] += gap.sum();
      }
      sums.agree(mine, plan, [&] {
        aside.lay(c.x);
        const Plan found = around_the_centre(k, plan.first, plan.second, sums.total(0), sums.total(1), weight);
        aside.take(c.x);
        return found;
      });
    }
    if (threadIdx.x == 0) values[r] = plan.value;
    if (grad == nullptr) continue;

    T *slopes = grad + static_cast<size_t>(r) * k;
    const float scale = static_cast<float>(plan.scale), first = static_cast<float>(plan.first), second = static_cast<float>(plan.second);
    for (int from = 0; from < k; from += chunk) {
      if (k > chunk) c.load(row, from, 0, k, -INFINITY);
#pragma unroll
      for (int i = 0; i < N; ++i) {
        float q, ignored;
        if (near) {
          expm1_and_excess(at_least_floor((c.x[i] - high) - low), &q, &ignored);
          q += 1.f;
        } else {
          q = exp_f32(at_least_floor(c.x[i] - most));
        }
        // In two steps, or an offset of the logits eats the digits; a masked code has q = 0, and the floor keeps 0 x inf away.
        c.x[i] = q * scale * at_least_floor((c.x[i] - first) - second).value;
      }
      c.store(slopes, from, k);
    }
  }
}

#define MOMENTS(name, type, T, N, ENTROPY, BLOCKS)                                                                       \
  extern "C" __global__ void __launch_bounds__(256, BLOCKS)                                                              \
      name##_##type##_##N(const T *x, double *values, T *grad, int rows, int k, double weight) {                         \
    moments<T, N, ENTROPY>(x, values, grad, rows, k, weight);                                                            \
  }                                                                                                                      \
  REGISTER(name##_##type##_##N)

MOMENTS(kl_to_uniform, f32, float, 8, false, 4)
MOMENTS(kl_to_uniform, f32, float, 32, false, 3)
MOMENTS(kl_to_uniform, bf16, bf16, 8, false, 4)
MOMENTS(kl_to_uniform, bf16, bf16, 32, false, 4)
MOMENTS(entropy, f32, float, 8, true, 4)
MOMENTS(entropy, f32, float, 32, true, 3)
MOMENTS(entropy, bf16, bf16, 8, true, 4)
MOMENTS(entropy, bf16, bf16, 32, true, 4)
