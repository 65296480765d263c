// kl_to_uniform and entropy of the encoder's logits as they lie, [B, K, H, W]: a code is a plane, a distribution a position of every plane.
//
// Nothing is transposed. A block has 32 neighbouring positions of an image: 16-byte loads of 4 positions (8 in bf16), so that a warp reads
// 4 (8) whole lines of 128 (64) bytes at once, each of another code. A thread carries its codes' sums around the largest logit that it has met;
// when that moves, the sums, in double, are moved to it. Then lanes and warps are brought together in their order. With a gradient, or where a
// position cancels, the planes are read again.
//
// Roofline, f32, 4 x 8192 x 32 x 32 on an H100: 134 MB forward, 40 us; with gradient 403 MB (a tile of 1 MiB a block does not stay on chip), 120 us.
// Work as in moments.cu, 20 operations a logit, 20 us. Memory binds. 128 blocks on 132 multiprocessors.
#include "moments.cuh"
#include "planes.cuh"

// Sums of one position around a reference. Empty: around 0.
struct State {
  float around;
  double s, t, square;

  // Moves the sums to a larger reference.
  __device__ __forceinline__ void move(float to) {
    const double delta = static_cast<double>(around) - static_cast<double>(to);
    if (s == 0.0) {
      around = to;  // nothing to move, wherever 0 lies
    } else if (delta < 0.0) {
      const double factor = exp(delta);
      // y + delta in the place of y, e^delta times the weight.
      square = factor == 0.0 ? 0.0 : factor * (square + delta * (2.0 * t + delta * s));
      t = factor == 0.0 ? 0.0 : factor * (t + delta * s);
      s = factor * s;
      around = to;
    }
  }

  __device__ __forceinline__ void merge(State other) {
    const float to = s == 0.0 ? other.around : other.s == 0.0 ? around : fmaxf(around, other.around);
    move(to), other.move(to);
    s += other.s, t += other.t, square += other.square;
  }
};

DEVICE State from_lane(State x, int with) {
  return State{__shfl_xor_sync(0xffffffffu, x.around, with), __shfl_xor_sync(0xffffffffu, x.s, with),
               __shfl_xor_sync(0xffffffffu, x.t, with), __shfl_xor_sync(0xffffffffu, x.square, with)};
}

// Adds the logits of GROUP codes to a state, around the largest of them and of what came before.
template <int GROUP> DEVICE void add_group(State &state, const float (&x)[GROUP]) {
  float most = x[0];
#pragma unroll
  for (int g = 1; g < GROUP; ++g) most = fmaxf(most, x[g]);
  if (most > state.around || state.s == 0.0) state.move(most > -INFINITY ? most : 0.f);
  float s = 0.f, t = 0.f, square = 0.f;
#pragma unroll
  for (int g = 0; g < GROUP; ++g) {
    const Floored<float> floored = at_least_floor(x[g] - state.around);
    const float y = floored.value, e = exp_f32(floored), ey = e * y;
    s += e, t += ey, square += ey * y;
  }
  state.s += s, state.t += t, state.square += square;
}

template <class T, bool ENTROPY>
DEVICE void by_planes(const T *__restrict__ x, double *__restrict__ values, T *__restrict__ grad, int images, int k, int positions,
                      double weight) {
  constexpr int VECTOR = Stored<T>::VECTOR, LANES = Stand<T>::LANES, GROUP = 16 / VECTOR;
  SHARED(State[WARPS / 2][TILE], states);
  SHARED(Plan[TILE], plans);
  SHARED(double[WARPS / 2][TILE], excesses);
  SHARED(double[WARPS / 2][TILE], gaps);
  SHARED(int, cancels);
  const Stand<T> stand = Stand<T>::here();
  const int lane = static_cast<int>(threadIdx.x) % WARP, warp = static_cast<int>(threadIdx.x) / WARP;
  const int warps = static_cast<int>(blockDim.x) / WARP;
  const int tiles = (positions + TILE - 1) / TILE;
  for (int tile = blockIdx.x; tile < images * tiles; tile += gridDim.x) {
    const size_t image = static_cast<size_t>(tile / tiles) * k * positions;
    const int start = tile % tiles * TILE, first = start + stand.position;
    const T *planes = x + image;

    State mine[VECTOR];
#pragma unroll
    for (int j = 0; j < VECTOR; ++j) mine[j] = State{0.f, 0.0, 0.0, 0.0};
    for (int code = stand.code; code < k; code += GROUP * stand.step) {
      float loaded[GROUP][VECTOR];
#pragma unroll
      for (int g = 0; g < GROUP; ++g) {
        const int at = code + g * stand.step;
        if (at < k) {
          load_positions(planes + static_cast<size_t>(at) * positions, first, positions, loaded[g]);
        } else {
#pragma unroll
          for (int j = 0; j < VECTOR; ++j) loaded[g][j] = -INFINITY;
        }
      }
#pragma unroll
      for (int j = 0; j < VECTOR; ++j) {
        float column[GROUP];
#pragma unroll
        for (int g = 0; g < GROUP; ++g) column[g] = loaded[g][j];
        add_group(mine[j], column);
      }
    }
    for (int o = LANES; o < WARP; o *= 2)
#pragma unroll
      for (int j = 0; j < VECTOR; ++j) {
        // Both lanes merge in the same order, so that they agree to the bit.
        const State other = from_lane(mine[j], o);
        State low = lane & o ? other : mine[j];
        low.merge(lane & o ? mine[j] : other);
        mine[j] = low;
      }
    if (lane < LANES)
#pragma unroll
      for (int j = 0; j < VECTOR; ++j) states[warp][stand.position + j] = mine[j];
    if (threadIdx.x == 0) cancels = 0;
    __syncthreads();
    if (threadIdx.x < TILE) {
      State all = states[0][threadIdx.x];
      for (int w = 1; w < warps; ++w) all.merge(states[w][threadIdx.x]);
      const Plan plan = around_the_largest<ENTROPY>(k, all.around, all.s, all.t, all.square, weight);
      plans[threadIdx.x] = plan;
      const int position = start + static_cast<int>(threadIdx.x);
      if (position < positions) {
        if (plan.near) cancels = 1;
        else
          values[static_cast<size_t>(tile / tiles) * positions + position] = plan.value;
      }
    }
    __syncthreads();

    float high[VECTOR], low[VECTOR];
#pragma unroll
    for (int j = 0; j < VECTOR; ++j) {
      const Plan &plan = plans[stand.position + j];
      high[j] = static_cast<float>(plan.first), low[j] = static_cast<float>(plan.second);
    }
    if (cancels) {
      double excess[VECTOR], gap[VECTOR];
#pragma unroll
      for (int j = 0; j < VECTOR; ++j) excess[j] = gap[j] = 0.0;
      for (int code = stand.code; code < k; code += stand.step) {
        float logits[VECTOR];
        load_positions(planes + static_cast<size_t>(code) * positions, first, positions, logits);
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) {
          float e, g;
          expm1_and_excess(at_least_floor((logits[j] - high[j]) - low[j]), &e, &g);
          excess[j] += e, gap[j] += g;
        }
      }
      for (int o = LANES; o < WARP; o *= 2)
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) {
          excess[j] += __shfl_xor_sync(0xffffffffu, excess[j], o);
          gap[j] += __shfl_xor_sync(0xffffffffu, gap[j], o);
        }
      if (lane < LANES)
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) {
          excesses[warp][stand.position + j] = excess[j];
          gaps[warp][stand.position + j] = gap[j];
        }
      __syncthreads();
      if (threadIdx.x < TILE && plans[threadIdx.x].near) {
        double excess = 0.0, gap = 0.0;
        for (int w = 0; w < warps; ++w) excess += excesses[w][threadIdx.x], gap += gaps[w][threadIdx.x];
        const Plan before = plans[threadIdx.x];
        const Plan plan = around_the_centre(k, before.first, before.second, excess, gap, weight);
        plans[threadIdx.x] = plan;
        const int position = start + static_cast<int>(threadIdx.x);
        if (position < positions) values[static_cast<size_t>(tile / tiles) * positions + position] = plan.value;
      }
      __syncthreads();
    }
    if (grad != nullptr) {
      for (int code = stand.code; code < k; code += stand.step) {
        const size_t plane = image + static_cast<size_t>(code) * positions;
        float logits[VECTOR];
        load_positions(x + plane, first, positions, logits);
#pragma unroll
        for (int j = 0; j < VECTOR; ++j) {
          const Plan &plan = plans[stand.position + j];
          const float from = static_cast<float>(plan.first), second = static_cast<float>(plan.second);
          float q, ignored;
          if (plan.near) {
            expm1_and_excess(at_least_floor((logits[j] - high[j]) - low[j]), &q, &ignored);
            q += 1.f;
          } else {
            q = exp_f32(at_least_floor(logits[j] - from));
          }
          logits[j] = q * static_cast<float>(plan.scale) * at_least_floor((logits[j] - from) - second).value;
        }
        store_positions(grad + plane, first, positions, logits);
      }
    }
    // No barrier: the next tile's plans are written behind one, states only by the warp that has read them or behind another, and the
    // flag falls only where it stands for nobody: where it was up, all have read it before the barriers of the second sweep.
  }
}

#define PLANES(name, type, T, ENTROPY)                                                                             \
  extern "C" __global__ void __launch_bounds__(512, 1) planes_##name##_##type(                                        \
      const T *x, double *values, T *grad, int images, int k, int positions, double weight) {                      \
    by_planes<T, ENTROPY>(x, values, grad, images, k, positions, weight);                                          \
  }                                                                                                                \
  REGISTER(planes_##name##_##type)

PLANES(kl_to_uniform, f32, float, false)
PLANES(kl_to_uniform, bf16, bf16, false)
PLANES(entropy, f32, float, true)
PLANES(entropy, bf16, bf16, true)
