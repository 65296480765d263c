// Products of matrices, for the codebook that samples mix:  out_ij = sum_q left_iq right_qj
//
// A tile of 64 x 64 a block, 4 x 4 a thread. Two halves of a block share the sum, each eight of every 16 of its addends, and are added up in their
// order. Sides go through shared memory, in any layout; the next slices are on their way to registers while these are multiplied. An addend
// goes through 48 fused additions, one more for every 48 of its half, and one for the halves: fewer than 219 over 8192 codes, and the same
// bits for any grid.
//
// Roofline, f32, 4096 rows, K = 8192, D = 128 on an H100 (67 Tflop/s): 8.6 GFLOP, 128 us a product; three with gradients. Its 134 MB of
// samples are read in 40 us: arithmetic would bind. Measured (benches/CUDA.md): four times that. Tensor cores would round the sides to tf32,
// which the bound does not allow.
#include "base.cuh"

constexpr int TILE = 64, DEPTH = 8, EACH = 4, RUN = 48, HALVES = 2;
constexpr int WORKERS = TILE / EACH * (TILE / EACH);  // of a half
static_assert(RUN % DEPTH == 0, "whole depths");

struct alignas(16) Four {
  float x[EACH];
};

// Entry i of slice q: [q][i / 4].x[i % 4]; a Four more than there are, for the banks.
using Slices = Four[HALVES * DEPTH][TILE / EACH + 1];

// A side of a product: entry (i, q) lies at i * along + q * deep.
template <class T> struct Side {
  const T *entries;
  int along, deep, first, length, depth;

  // Number n of a tile's slices from `from` on: neighbouring threads read neighbouring numbers.
  __device__ __forceinline__ int slice(int n) const { return deep == 1 ? n % (HALVES * DEPTH) : n / TILE; }
  __device__ __forceinline__ int entry(int n) const { return deep == 1 ? n / (HALVES * DEPTH) : n % TILE; }
  __device__ __forceinline__ float read(int n, int from) const {
    const int i = first + entry(n), q = from + slice(n);
    return i < length && q < depth ? Stored<T>::widen(entries[static_cast<int64_t>(i) * along + static_cast<int64_t>(q) * deep]) : 0.f;
  }
  __device__ __forceinline__ void put(Slices &slices, int n, float x) const {
    slices[slice(n)][entry(n) / EACH].x[entry(n) % EACH] = x;
  }
};

// What a thread reads ahead; a block of fewer threads reads the rest when it is needed.
constexpr int AHEAD = HALVES * DEPTH * TILE / (HALVES * WORKERS);

template <class T> DEVICE void read_ahead(const Side<T> &side, int from, float *ahead) {
#pragma unroll
  for (int u = 0; u < AHEAD; ++u) {
    const int n = static_cast<int>(threadIdx.x) + u * static_cast<int>(blockDim.x);
    ahead[u] = n < HALVES * DEPTH * TILE ? side.read(n, from) : 0.f;
  }
}

template <class T> DEVICE void fill(const Side<T> &side, Slices &slices, int from, const float *ahead) {
#pragma unroll
  for (int u = 0; u < AHEAD; ++u) {
    const int n = static_cast<int>(threadIdx.x) + u * static_cast<int>(blockDim.x);
    if (n < HALVES * DEPTH * TILE) side.put(slices, n, ahead[u]);
  }
#pragma unroll 1
  for (int n = threadIdx.x + AHEAD * blockDim.x; n < HALVES * DEPTH * TILE; n += blockDim.x) side.put(slices, n, side.read(n, from));
}

template <class A, class B, class C>
DEVICE void product(Side<A> a, Side<B> b, C *__restrict__ out, int rows, int columns, int depth) {
  SHARED(Slices, left);
  SHARED(Slices, right);
  SHARED(float[TILE * TILE], sums);
  const int across = (columns + TILE - 1) / TILE, tiles = (rows + TILE - 1) / TILE * across;
  for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    a.first = tile / across * TILE, b.first = tile % across * TILE;
    // One turn, but for a block of fewer threads.
    for (int turn = 0; turn < HALVES * WORKERS; turn += blockDim.x) {
      const int me = turn + static_cast<int>(threadIdx.x), half = me / WORKERS;
      const int i = me % WORKERS / (TILE / EACH), j = me % (TILE / EACH);
      float run[EACH][EACH] = {}, total[EACH][EACH] = {}, ahead_a[AHEAD], ahead_b[AHEAD];
      read_ahead(a, 0, ahead_a), read_ahead(b, 0, ahead_b);
      int since = 0;
      for (int from = 0; from < depth; from += HALVES * DEPTH) {
        fill(a, left, from, ahead_a), fill(b, right, from, ahead_b);
        __syncthreads();
        read_ahead(a, from + HALVES * DEPTH, ahead_a), read_ahead(b, from + HALVES * DEPTH, ahead_b);
        if (half < HALVES) {
#pragma unroll 4
          for (int q = 0; q < DEPTH; ++q) {
            const Four l = left[half * DEPTH + q][i], r = right[half * DEPTH + q][j];
#pragma unroll
            for (int u = 0; u < EACH; ++u)
#pragma unroll
              for (int v = 0; v < EACH; ++v) run[u][v] = fmaf(l.x[u], r.x[v], run[u][v]);
          }
        }
        since += DEPTH;
        if (since == RUN || from + HALVES * DEPTH >= depth) {
          since = 0;
#pragma unroll
          for (int u = 0; u < EACH; ++u)
#pragma unroll
            for (int v = 0; v < EACH; ++v) total[u][v] += run[u][v], run[u][v] = 0.f;
        }
        __syncthreads();  // before the next slices are written
      }
      for (int h = 0; h < HALVES; ++h) {
        if (h == half) {
#pragma unroll
          for (int u = 0; u < EACH; ++u)
#pragma unroll
            for (int v = 0; v < EACH; ++v) {
              float &sum = sums[(i * EACH + u) * TILE + j * EACH + v];
              sum = h == 0 ? total[u][v] : sum + total[u][v];
            }
        }
        __syncthreads();
      }
    }
    for (int n = threadIdx.x; n < TILE * TILE; n += blockDim.x) {
      const int i = a.first + n / TILE, j = b.first + n % TILE;
      if (i < rows && j < columns) out[static_cast<size_t>(i) * columns + j] = Stored<C>::narrow(sums[n]);
    }
  }
}

#define PRODUCT(name, A, B, C)                                                                                            \
  extern "C" __global__ void __launch_bounds__(512, 1)                                                                      \
      product_##name(const A *a, int a_along, int a_deep, const B *b, int b_along, int b_deep, C *out, int rows,          \
                     int columns, int depth) {                                                                            \
    const Side<A> left{a, a_along, a_deep, 0, rows, depth};                                                               \
    const Side<B> right{b, b_along, b_deep, 0, columns, depth};                                                           \
    product<A, B, C>(left, right, out, rows, columns, depth);                                                             \
  }                                                                                                                       \
  REGISTER(product_##name)

PRODUCT(f32_f32_f32, float, float, float)
PRODUCT(f32_bf16_bf16, float, bf16, bf16)
PRODUCT(bf16_bf16_f32, bf16, bf16, float)
