// kl_divergence and cross_entropy of two tables of logits as they lie, [B, K, H, W], and their gradients: see divergence.cu.
//
// A block has 32 neighbouring positions of an image, laid out over lanes and warps as in planes.cu. The tables are read for the largest logits,
// again for the sums around these (and again where a position cancels), again with gradients.
//
// Roofline, f32, 4 x 8192 x 32 x 32 on an H100: 537 MB forward, 160 us; with gradients 1.07 GB, 320 us. Work as in divergence.cu. Memory binds.
#include "divergence.cuh"
#include "planes.cuh"

// What a position's second sweep is centred on, kept beside its plan.
struct Around {
  float most_a, most_b, centre, rest, to_p;
};

template <class T, bool CROSS>
DEVICE void pair_by_planes(const T *__restrict__ a, const T *__restrict__ b, double *__restrict__ values, T *__restrict__ grad_a,
                           T *__restrict__ grad_b, int images, int k, int positions, double weight) {
  constexpr int VECTOR = Stored<T>::VECTOR, LANES = Stand<T>::LANES;
  SHARED(float[2][WARPS / 2][TILE], most_of_warps);
  constexpr int COUNT = CROSS ? 3 : 5;  // a cross-entropy needs neither of the last two sums
  using TermSums = TileSums<T, COUNT>;
  SHARED(TermSums, sums);
  SHARED(PairPlan[TILE], plans);
  SHARED(Around[TILE], around);
  SHARED(int, cancels);
  const Stand<T> stand = Stand<T>::here();
  const int me = static_cast<int>(threadIdx.x), lane = me % WARP, warp = me / WARP, warps = static_cast<int>(blockDim.x) / WARP;
  const int tiles = (positions + TILE - 1) / TILE;
  for (int tile = blockIdx.x; tile < images * tiles; tile += gridDim.x) {
    const size_t image = static_cast<size_t>(tile / tiles) * k * positions;
    const int start = tile % tiles * TILE, first = start + stand.position;
    float x[VECTOR], y[VECTOR];
    const auto load = [&](int code) {
      const size_t plane = image + static_cast<size_t>(code) * positions;
      load_positions(a + plane, first, positions, x);
      load_positions(b + plane, first, positions, y);
    };

    float most_a[VECTOR], most_b[VECTOR];
#pragma unroll
    for (int j = 0; j < VECTOR; ++j) most_a[j] = most_b[j] = -INFINITY;
    for (int code = stand.code; code < k; code += stand.step) {
      load(code);
#pragma unroll
      for (int j = 0; j < VECTOR; ++j) most_a[j] = fmaxf(most_a[j], x[j]), most_b[j] = fmaxf(most_b[j], y[j]);
    }
#pragma unroll
    for (int j = 0; j < VECTOR; ++j) {
      for (int o = LANES; o < WARP; o *= 2) {
        most_a[j] = fmaxf(most_a[j], __shfl_xor_sync(0xffffffffu, most_a[j], o));
        most_b[j] = fmaxf(most_b[j], __shfl_xor_sync(0xffffffffu, most_b[j], o));
      }
      if (lane < LANES) {
        most_of_warps[0][warp][stand.position + j] = most_a[j];
        most_of_warps[1][warp][stand.position + j] = most_b[j];
      }
    }
    if (me == 0) cancels = 0;
    __syncthreads();
    if (me < TILE) {
      Around all{-INFINITY, -INFINITY, 0.f, 0.f, 0.f};
      for (int w = 0; w < warps; ++w)
        all.most_a = fmaxf(all.most_a, most_of_warps[0][w][me]), all.most_b = fmaxf(all.most_b, most_of_warps[1][w][me]);
      around[me] = all;
    }
    __syncthreads();

    double mine[COUNT][VECTOR] = {};
    for (int code = stand.code; code < k; code += stand.step) {
      load(code);
#pragma unroll
      for (int j = 0; j < VECTOR; ++j) {
        const Around &at = around[stand.position + j];
        const PairTerms terms = pair_terms<CROSS>(x[j], y[j], at.most_a, at.most_b);
        mine[0][j] += terms.e, mine[1][j] += terms.e_p, mine[2][j] += terms.t;
        if constexpr (!CROSS) mine[3][j] += terms.t_p, mine[4][j] += terms.square;
      }
    }
    sums.put(stand, mine);
    __syncthreads();
    if (me < TILE) {
      Around &at = around[me];
      const auto rest = [&](int n) { return n < COUNT ? sums.total(n, me) : 0.0; };
      const PairPlan plan = around_the_largest<CROSS>(at.most_a, at.most_b, sums.total(0, me), sums.total(1, me), sums.total(2, me), rest(3), rest(4),
                                                      weight);
      plans[me] = plan;
      at.centre = static_cast<float>(plan.high), at.rest = static_cast<float>(plan.low), at.to_p = static_cast<float>(plan.q);
      if (!CROSS && plan.near && start + me < positions) cancels = 1;
    }
    __syncthreads();
    if (!CROSS && cancels) {
      double again[COUNT][VECTOR] = {};
      for (int code = stand.code; code < k; code += stand.step) {
        load(code);
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) {
          const Around &at = around[stand.position + j];
          const Near n = near_terms(x[j], y[j], at.most_a, at.most_b, at.centre, at.rest, at.to_p);
          again[0][j] += n.difference, again[1][j] += n.gap, again[2][j] += n.weighed;
        }
      }
      sums.put(stand, again);
      __syncthreads();
      if (me < TILE && plans[me].near)
        plans[me] = around_the_centre(plans[me], around[me].most_a, around[me].most_b, sums.total(0, me), sums.total(1, me),
                                      sums.total(2, me), weight);
      __syncthreads();
    }
    if (me < TILE && start + me < positions) values[static_cast<size_t>(tile / tiles) * positions + start + me] = plans[me].value;
    if (grad_a != nullptr) {
      for (int code = stand.code; code < k; code += stand.step) {
        load(code);
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) {
          const Around &at = around[stand.position + j];
          const PairSlopes both =
              slopes<CROSS>(plans[stand.position + j], x[j], y[j], at.most_a, at.most_b, at.centre, at.rest, at.to_p);
          x[j] = both.a, y[j] = both.b;
        }
        const size_t plane = image + static_cast<size_t>(code) * positions;
        store_positions(grad_a + plane, first, positions, x);
        store_positions(grad_b + plane, first, positions, y);
      }
    }
    // No barrier: what the next tile writes first stands for nobody, all else behind its barriers (see planes.cu).
  }
}

#define PAIRS(name, type, T, CROSS)                                                                                    \
  extern "C" __global__ void __launch_bounds__(512, 1) planes_##name##_##type(                                           \
      const T *a, const T *b, double *values, T *grad_a, T *grad_b, int images, int k, int positions, double weight) { \
    pair_by_planes<T, CROSS>(a, b, values, grad_a, grad_b, images, k, positions, weight);                              \
  }                                                                                                                    \
  REGISTER(planes_##name##_##type)

PAIRS(kl_divergence, f32, float, false)
PAIRS(kl_divergence, bf16, bf16, false)
PAIRS(cross_entropy, f32, float, true)
PAIRS(cross_entropy, bf16, bf16, true)
