// Relaxed and one-hot samples of codes from logits and given noise, and what they hand back to the logits.
//
//   t_k = (x_k - max x) + g_k,   y_k = e^((t_k - t*) / tau) / s,  t* = max t        dL/dx_k = (y_k / tau) (v_k - E_y[v])
//
// A block a row, the row in registers, what comes back in shared memory: so two rows fit a multiprocessor. Logits are centred before the noise is added: an offset costs no digit.
//
// Roofline, f32, 4096 rows of K = 8192 on an H100: three tables of 134 MB for a sample (two read, one written), 120 us; four for a gradient,
// 160 us. Work: exp 11 and 8 more: 19 operations a logit, 19 us. Memory binds.
#include "softmax.cuh"

// The row's x in `c`, where it is longer than a chunk read again, becomes t.
template <class T, int N>
DEVICE void add_noise(Chunk<T, N> &c, const T *row, const T *noise, int from, int k, float centre) {
  if (k > Chunk<T, N>::length()) c.load(row, from, 0, k, -INFINITY);
  Chunk<T, N> g;
  g.load(noise, from, 0, k, 0.f);
#pragma unroll
  for (int i = 0; i < N; ++i) c.x[i] = (c.x[i] - centre) + g.x[i];
}

template <class T, int N> struct Noisy {
  Chunk<T, N> c;  // t, for a row of one chunk
  const T *row, *noise;
  int k;
  float centre, most;

  __device__ __forceinline__ Noisy(const T *x, const T *g, int k, float *scratch, float *other) : row(x), noise(g), k(k) {
    centre = largest(c, row, 0, k, scratch);
    most = -INFINITY;
    for (int from = 0; from < k; from += Chunk<T, N>::length()) {
      add_noise(c, row, noise, from, k, centre);
#pragma unroll
      for (int i = 0; i < N; ++i) most = fmaxf(most, c.x[i]);
    }
    most = block_max(most, other);
  }

  __device__ __forceinline__ void load(int from) {
    if (k > Chunk<T, N>::length()) add_noise(c, row, noise, from, k, centre);
  }

  __device__ __forceinline__ float weight(int i, float inverse) const {
    return exp_f32(at_least_floor((c.x[i] - most) * inverse));
  }
};

template <class T, class U, int N>
DEVICE void gumbel_softmax(const T *__restrict__ x, const T *__restrict__ noise, U *__restrict__ samples, int rows, int k,
                           double inverse_temperature, int hard) {
  SHARED(float[WARPS], scratch);
  SHARED(float[WARPS], other);
  SHARED(int[WARPS], codes);
  SHARED(Sums<1>, sums);
  SHARED(float, shared_scale);
  const float inverse = static_cast<float>(inverse_temperature);
  for (int r = blockIdx.x; r < rows; r += gridDim.x) {
    const size_t at = static_cast<size_t>(r) * k;
    Noisy<T, N> t(x + at, noise + at, k, scratch, other);
    double mine[1] = {0.0};
    int first = k;
    for (int from = 0; from < k; from += Chunk<T, N>::length()) {
      t.load(from);
      Running<N> s;
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const int place = Chunk<T, N>::place(from, i);
        if (t.c.x[i] == t.most && place < first) first = place;
        s.add(i, t.weight(i, inverse));
      }
      mine[0] += s.sum();
    }
    const int code = block_min(first, codes);
    const float scale = sums.agree(mine, shared_scale, [&] { return static_cast<float>(1.0 / sums.total(0)); });
    for (int from = 0; from < k; from += Chunk<T, N>::length()) {
      t.load(from);
      Chunk<T, N> out;
#pragma unroll
      for (int i = 0; i < N; ++i) {
        // A row that is undefined stays so: no code of it is a sample.
        const float chosen = Chunk<T, N>::place(from, i) == code ? 1.f : 0.f;
        out.x[i] = hard && scale == scale ? chosen : t.weight(i, inverse) * scale;
      }
      out.store(samples + at, from, k);
    }
  }
}

struct Mean {
  float scale, mean;  // 2 / s, -E_y[v] / 2
};

// What derivatives are multiplied by where they are added up: 16 of the largest are, before their sum is taken in double, and may be rounded up.
constexpr float SMALLER = 1.f / 32.f;

template <class T, class U, int N>
DEVICE void gumbel_gradient(const T *__restrict__ x, const T *__restrict__ noise, const U *__restrict__ upstream,
                            T *__restrict__ grad, int rows, int k, double inverse_temperature) {
  SHARED(float[WARPS], scratch);
  SHARED(float[WARPS], other);
  SHARED(Sums<2>, sums);
  SHARED(Mean, shared_mean);
  using Upstreams = Parked<float, N, 512>;
  SHARED(Upstreams, upstreams);
  const float inverse = static_cast<float>(inverse_temperature);
  for (int r = blockIdx.x; r < rows; r += gridDim.x) {
    const size_t at = static_cast<size_t>(r) * k;
    Noisy<T, N> t(x + at, noise + at, k, scratch, other);
    double mine[2] = {0.0, 0.0};
    for (int from = 0; from < k; from += Chunk<T, N>::length()) {
      t.load(from);
      Chunk<T, N> v;
      v.load(upstream + at, from, 0, k, 0.f);
      upstreams.park(v.x);
      Running<N> s, weighted;
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const float e = t.weight(i, inverse);
        s.add(i, e), weighted.add(i, e * (v.x[i] * SMALLER));
      }
      mine[0] += s.sum(), mine[1] += weighted.sum();
    }
    const Mean mean = sums.agree(mine, shared_mean, [&] {
      const double s = sums.total(0);
      const Mean found{static_cast<float>(2.0 / s), static_cast<float>(-0.5 / SMALLER * (sums.total(1) / s))};
      return found;
    });
    for (int from = 0; from < k; from += Chunk<T, N>::length()) {
      t.load(from);
      Chunk<T, N> v;
      if (k > Chunk<T, N>::length()) v.load(upstream + at, from, 0, k, 0.f), upstreams.park(v.x);
#pragma unroll
      for (int i = 0; i < N; ++i) {
        // Half the difference, which does not overflow, and twice the weight. A code whose sample is 0 has no slope.
        const float y = t.weight(i, inverse) * mean.scale;
        v.x[i] = 0.f < y ? y * fmaf(upstreams.mine(i), 0.5f, mean.mean) * inverse : y;
      }
      v.store(grad + at, from, k);
    }
  }
}

// type: of the logits; other: of the samples, and of their derivative.
#define GUMBEL(type, T, other, U, N)                                                                           \
  extern "C" __global__ void __launch_bounds__(512, 2) gumbel_softmax_##type##_##other##_##N(                    \
      const T *x, const T *noise, U *samples, int rows, int k, double inverse, int hard) {                     \
    gumbel_softmax<T, U, N>(x, noise, samples, rows, k, inverse, hard);                                        \
  }                                                                                                            \
  REGISTER(gumbel_softmax_##type##_##other##_##N)                                                              \
  extern "C" __global__ void __launch_bounds__(512, 2) gumbel_gradient_##type##_##other##_##N(                   \
      const T *x, const T *noise, const U *upstream, T *grad, int rows, int k, double inverse) {               \
    gumbel_gradient<T, U, N>(x, noise, upstream, grad, rows, k, inverse);                                      \
  }                                                                                                            \
  REGISTER(gumbel_gradient_##type##_##other##_##N)

GUMBEL(f32, float, f32, float, 8)
GUMBEL(f32, float, f32, float, 16)
GUMBEL(bf16, bf16, bf16, bf16, 8)
GUMBEL(bf16, bf16, bf16, bf16, 16)
GUMBEL(bf16, bf16, f32, float, 8)
GUMBEL(bf16, bf16, f32, float, 16)
