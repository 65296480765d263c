// A tile of neighbouring positions of an image: where a thread stands in it, how its numbers are read, written and added up.
#pragma once
#include "base.cuh"

constexpr int TILE = 32;  // positions of a block

// Where a thread stands in a tile: its first position, its first code, and the step from code to code.
template <class T> struct Stand {
  static constexpr int VECTOR = Stored<T>::VECTOR, LANES = TILE / VECTOR;
  int position, code, step;

  DEVICE Stand here() {
    const int lane = static_cast<int>(threadIdx.x) % WARP, warp = static_cast<int>(threadIdx.x) / WARP;
    const int codes_of_a_warp = WARP / LANES;
    return Stand{lane % LANES * VECTOR, warp * codes_of_a_warp + lane / LANES, static_cast<int>(blockDim.x) / WARP * codes_of_a_warp};
  }
};

// VECTOR neighbouring positions of a plane; those beyond the image are -inf.
template <class T> DEVICE void load_positions(const T *plane, int first, int positions, float *x) {
  constexpr int VECTOR = Stored<T>::VECTOR;
  if (first + VECTOR <= positions && (reinterpret_cast<size_t>(plane + first) & 15) == 0) {
    Stored<T>::unpack(__ldg(reinterpret_cast<const uint4 *>(plane + first)), x);
  } else {
#pragma unroll
    for (int j = 0; j < VECTOR; ++j) x[j] = first + j < positions ? Stored<T>::widen(plane[first + j]) : -INFINITY;
  }
}

template <class T> DEVICE void store_positions(T *plane, int first, int positions, const float *x) {
  constexpr int VECTOR = Stored<T>::VECTOR;
  if (first + VECTOR <= positions && (reinterpret_cast<size_t>(plane + first) & 15) == 0) {
    *reinterpret_cast<uint4 *>(plane + first) = Stored<T>::pack(x);
  } else {
#pragma unroll
    for (int j = 0; j < VECTOR; ++j)
      if (first + j < positions) plane[first + j] = Stored<T>::narrow(x[j]);
  }
}

// Sums of N quantities of every position of a tile, each thread's own over its codes: lanes by a butterfly, warps in their order.
template <class T, int N> struct TileSums {
  static constexpr int VECTOR = Stored<T>::VECTOR, LANES = Stand<T>::LANES;
  double warp[WARPS / 2][N][TILE];

  __device__ __forceinline__ void put(const Stand<T> &stand, double (&mine)[N][VECTOR]) {
    const int lane = static_cast<int>(threadIdx.x) % WARP;
#pragma unroll
    for (int n = 0; n < N; ++n)
#pragma unroll
      for (int j = 0; j < VECTOR; ++j) {
        double sum = mine[n][j];
        for (int o = LANES; o < WARP; o *= 2) sum += __shfl_xor_sync(0xffffffffu, sum, o);
        if (lane < LANES) warp[threadIdx.x / WARP][n][stand.position + j] = sum;
      }
  }

  __device__ __forceinline__ double total(int n, int position) const {
    double sum = 0.0;
    for (int w = 0; w < static_cast<int>(blockDim.x) / WARP; ++w) sum += warp[w][n][position];
    return sum;
  }
};
