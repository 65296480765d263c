// Products of matrices, for the codebook that samples mix:  out_ij = sum_q left_iq right_qj
//
// A tile of 64 x 64 a block, 4 x 4 a thread; both sides go through shared memory, 16 deep, in any layout. An addend goes through 48 fused
// additions and one more for every 48 of them: 219 over 8192 codes, and the same bits for any grid.
//
// Roofline, f32, 4096 rows, K = 8192, D = 128 on an H100 (67 Tflop/s): 8.6 GFLOP, 128 us a product; three with gradients. Its 134 MB of
// samples are read in 40 us: arithmetic binds. Tensor cores would round the sides to tf32, which the bound does not allow.
#include "base.cuh"

constexpr int TILE = 64, DEPTH = 16, EACH = 4, RUN = 48;
constexpr int WORKERS = TILE / EACH * (TILE / EACH);
static_assert(RUN % DEPTH == 0, "whole depths");

// side[q * (TILE + 1) + i] = m(first + i, from + q), 0 outside; entry (i, q) lies at i * along + q * deep.
template <class T>
DEVICE void fill(float *side, const T *m, size_t along, size_t deep, int first, int from, int length, int depth) {
  for (int n = threadIdx.x; n < TILE * DEPTH; n += blockDim.x) {
    // Neighbouring threads read neighbouring numbers.
    const int i = deep == 1 ? n / DEPTH : n % TILE, q = deep == 1 ? n % DEPTH : n / TILE;
    const bool inside = first + i < length && from + q < depth;
    side[q * (TILE + 1) + i] = inside ? Stored<T>::widen(m[(first + i) * along + (from + q) * deep]) : 0.f;
  }
}

template <class A, class B, class C>
DEVICE void product(const A *__restrict__ a, int a_along, int a_deep, const B *__restrict__ b, int b_along, int b_deep,
                    C *__restrict__ out, int rows, int columns, int depth) {
  SHARED(float[DEPTH * (TILE + 1)], left);
  SHARED(float[DEPTH * (TILE + 1)], right);
  const int across = (columns + TILE - 1) / TILE, tiles = (rows + TILE - 1) / TILE * across;
  for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const int row = tile / across * TILE, column = tile % across * TILE;
    // One turn, but for a block of fewer threads.
    for (int turn = 0; turn < WORKERS; turn += blockDim.x) {
      const int me = turn + static_cast<int>(threadIdx.x);
      const int i = me / (TILE / EACH) * EACH, j = me % (TILE / EACH) * EACH;
      float run[EACH][EACH] = {}, total[EACH][EACH] = {};
      for (int from = 0; from < depth; from += DEPTH) {
        fill(left, a, a_along, a_deep, row, from, rows, depth);
        fill(right, b, b_along, b_deep, column, from, columns, depth);
        __syncthreads();
        if (me < WORKERS) {
#pragma unroll
          for (int q = 0; q < DEPTH; ++q)
#pragma unroll
            for (int u = 0; u < EACH; ++u)
#pragma unroll
              for (int v = 0; v < EACH; ++v)
                run[u][v] = fmaf(left[q * (TILE + 1) + i + u], right[q * (TILE + 1) + j + v], run[u][v]);
          if ((from + DEPTH) % RUN == 0 || from + DEPTH >= depth) {
#pragma unroll
            for (int u = 0; u < EACH; ++u)
#pragma unroll
              for (int v = 0; v < EACH; ++v) total[u][v] += run[u][v], run[u][v] = 0.f;
          }
        }
        __syncthreads();  // before the next depth is written
      }
      if (me >= WORKERS) continue;
#pragma unroll
      for (int u = 0; u < EACH; ++u)
#pragma unroll
        for (int v = 0; v < EACH; ++v)
          if (row + i + u < rows && column + j + v < columns)
            out[static_cast<size_t>(row + i + u) * columns + column + j + v] = Stored<C>::narrow(total[u][v]);
    }
  }
}

#define PRODUCT(name, A, B, C)                                                                                            \
  extern "C" __global__ void __launch_bounds__(256, 1)                                                                      \
      product_##name(const A *a, int a_along, int a_deep, const B *b, int b_along, int b_deep, C *out, int rows,          \
                     int columns, int depth) {                                                                            \
    product<A, B, C>(a, a_along, a_deep, b, b_along, b_deep, out, rows, columns, depth);                                  \
  }                                                                                                                       \
  REGISTER(product_##name)

PRODUCT(f32_f32_f32, float, float, float)
PRODUCT(f32_bf16_bf16, float, bf16, bf16)
PRODUCT(bf16_bf16_f32, bf16, bf16, float)
