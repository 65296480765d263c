// What every kernel stands on: stored types, a row in a block's registers, reductions that add in one order.
//
// One text for nvcc and for a C++ compiler behind gpu/simt. There is no intrinsic here whose rounding only a GPU knows: additions,
// products and fmaf are IEEE's on both, and nvcc is told not to contract (-fmad=false). So what the CPU computes is what the GPU does,
// but for log in double precision (1 ulp there).
#pragma once
#include <math.h>
#include <stdint.h>

#ifndef SIMT_HOST
#define REGISTER(kernel)
template <class T> using Same = T;
#define SHARED(T, name) __shared__ Same<T> name
#endif

#define DEVICE static __device__ __forceinline__

constexpr int WARP = 32;
constexpr int WARPS = 32;  // in the largest block

// Stored types: what a number is computed in, how it widens to that and narrows from it, and how many lie in a load of 16 bytes.
struct bf16 {
  uint16_t bits;
};

template <class T> struct Stored;

template <> struct Stored<double> {
  using Real = double;
  static constexpr int VECTOR = 2;
  DEVICE double widen(double x) { return x; }
  DEVICE double of_words(uint32_t low, uint32_t high) {
    return __longlong_as_double(static_cast<long long>(static_cast<uint64_t>(high) << 32 | low));
  }
  DEVICE void unpack(uint4 v, double *x) { x[0] = of_words(v.x, v.y), x[1] = of_words(v.z, v.w); }
};

template <> struct Stored<float> {
  using Real = float;
  static constexpr int VECTOR = 4;
  DEVICE float widen(float x) { return x; }
  DEVICE float narrow(float x) { return x; }
  DEVICE void unpack(uint4 v, float *x) {
    x[0] = __uint_as_float(v.x), x[1] = __uint_as_float(v.y), x[2] = __uint_as_float(v.z), x[3] = __uint_as_float(v.w);
  }
  DEVICE uint4 pack(const float *x) {
    return make_uint4(__float_as_uint(x[0]), __float_as_uint(x[1]), __float_as_uint(x[2]), __float_as_uint(x[3]));
  }
};

template <> struct Stored<bf16> {
  using Real = float;
  static constexpr int VECTOR = 8;
  DEVICE float widen(bf16 x) { return __uint_as_float(static_cast<uint32_t>(x.bits) << 16); }
  // To nearest, ties to even; a NaN stays one, whatever its low bits were.
  DEVICE uint32_t upper_half(float x) {
    const uint32_t bits = __float_as_uint(x);
    return x == x ? (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16 : (bits >> 16) | 0x40u;
  }
  DEVICE bf16 narrow(float x) { return bf16{static_cast<uint16_t>(upper_half(x))}; }
  DEVICE void unpack_two(uint32_t two, float *x) {
    x[0] = __uint_as_float(two << 16), x[1] = __uint_as_float(two & 0xffff0000u);
  }
  DEVICE uint32_t pack_two(const float *x) { return upper_half(x[0]) | (upper_half(x[1]) << 16); }
  DEVICE void unpack(uint4 v, float *x) {
    unpack_two(v.x, x), unpack_two(v.y, x + 2), unpack_two(v.z, x + 4), unpack_two(v.w, x + 6);
  }
  DEVICE uint4 pack(const float *x) {
    return make_uint4(pack_two(x), pack_two(x + 2), pack_two(x + 4), pack_two(x + 6));
  }
};

// A chunk of a row: N numbers a thread, in vectors of 16 bytes, neighbouring threads on neighbouring vectors. A row that is longer than
// blockDim.x * N is walked chunk by chunk and read again for every sweep; any other is read once and stays in registers.
template <class T, int N> struct Chunk {
  using Real = typename Stored<T>::Real;
  static constexpr int VECTOR = Stored<T>::VECTOR;
  static_assert(N % VECTOR == 0, "whole vectors");
  Real x[N];

  DEVICE int length() { return static_cast<int>(blockDim.x) * N; }

  // Where register i lies in the row, for the chunk that starts at `from`.
  DEVICE int place(int from, int i) {
    return from + (i / VECTOR * static_cast<int>(blockDim.x) + static_cast<int>(threadIdx.x)) * VECTOR + i % VECTOR;
  }

  template <class U> DEVICE bool aligned(const U *row) { return (reinterpret_cast<size_t>(row) & 15) == 0; }

  // Numbers outside of row[begin .. end) are `fill`; what lies wholly outside is not read. U: as they are stored, as wide as T or wider.
  template <class U> __device__ __forceinline__ void load(const U *row, int from, int begin, int end, Real fill) {
    static_assert(VECTOR % Stored<U>::VECTOR == 0, "whole vectors");
    const bool whole = aligned(row);
#pragma unroll
    for (int i = 0; i < N; i += VECTOR) {
      const int at = place(from, i);
      if (whole && at >= begin && at + VECTOR <= end) {
#pragma unroll
        for (int j = 0; j < VECTOR; j += Stored<U>::VECTOR)
          Stored<U>::unpack(__ldg(reinterpret_cast<const uint4 *>(row + at + j)), x + i + j);
      } else {
#pragma unroll
        for (int j = 0; j < VECTOR; ++j)
          x[i + j] = at + j >= begin && at + j < end ? Stored<U>::widen(row[at + j]) : fill;
      }
    }
  }

  // Writes what lies in row[0 .. end).
  template <class U> __device__ __forceinline__ void store(U *row, int from, int end) const {
    static_assert(VECTOR % Stored<U>::VECTOR == 0, "whole vectors");
    const bool whole = aligned(row);
#pragma unroll
    for (int i = 0; i < N; i += VECTOR) {
      const int at = place(from, i);
      if (whole && at + VECTOR <= end) {
#pragma unroll
        for (int j = 0; j < VECTOR; j += Stored<U>::VECTOR)
          *reinterpret_cast<uint4 *>(row + at + j) = Stored<U>::pack(x + i + j);
      } else {
#pragma unroll
        for (int j = 0; j < VECTOR; ++j)
          if (at + j < end) row[at + j] = Stored<U>::narrow(x[i + j]);
      }
    }
  }
};

// The number among the block's that `better` of two leaves, known to every thread. `scratch`: WARPS numbers. Ends on reads of `scratch`: a
// barrier must pass before it is written again.
template <class T, class F> DEVICE T block_pick(T x, T *scratch, F better) {
  for (int o = WARP / 2; o > 0; o /= 2) x = better(x, __shfl_xor_sync(0xffffffffu, x, o));
  const int warps = (blockDim.x + WARP - 1) / WARP;
  if (threadIdx.x % WARP == 0) scratch[threadIdx.x / WARP] = x;
  __syncthreads();
  T best = scratch[0];
  for (int w = 1; w < warps; ++w) best = better(best, scratch[w]);
  return best;
}

// The largest; NaN does not count, as in fmax.
DEVICE float block_max(float x, float *scratch) {
  return block_pick(x, scratch, [](float a, float b) { return fmaxf(a, b); });
}
DEVICE double block_max(double x, double *scratch) {
  return block_pick(x, scratch, [](double a, double b) { return fmax(a, b); });
}

// The smallest.
DEVICE int block_min(int x, int *scratch) {
  return block_pick(x, scratch, [](int a, int b) { return min(a, b); });
}

// Sums over the block: lanes by a butterfly, warps in their order, all in double. No atomics: the same numbers give the same bits.
template <int N> struct Sums {
  double warp[N][WARPS];

  __device__ __forceinline__ void put(const double *mine) {
#pragma unroll
    for (int n = 0; n < N; ++n) {
      double sum = mine[n];
      for (int o = WARP / 2; o > 0; o /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, o);
      if (threadIdx.x % WARP == 0) warp[n][threadIdx.x / WARP] = sum;
    }
  }

  __device__ __forceinline__ double total(int n) const {
    const int warps = (blockDim.x + WARP - 1) / WARP;
    double sum = 0.0;
    for (int w = 0; w < warps; ++w) sum += warp[n][w];
    return sum;
  }

  // What thread 0 makes of the sums, known to every thread through `shared`.
  template <class P, class F> __device__ __forceinline__ P agree(const double *mine, P &shared, F plan) {
    put(mine);
    __syncthreads();
    if (threadIdx.x == 0) shared = plan();
    __syncthreads();
    return shared;
  }
};

// Sums of a thread's N numbers in f32, one for up to 16 numbers and two for more: an addend goes through at most 21 additions before it is
// added in double.
template <int N> struct Running {
  static constexpr int PARTS = N > 16 ? 2 : 1;
  static_assert(N / PARTS + PARTS - 1 <= 22, "as many additions as SUM allows");
  float part[PARTS] = {};

  __device__ __forceinline__ void add(int i, float x) { part[i % PARTS] += x; }
  __device__ __forceinline__ double sum() const { return static_cast<double>(PARTS == 1 ? part[0] : part[0] + part[PARTS - 1]); }
};

// What stands before is read before: the compiler would rather read everything first, and has not the registers for it.
DEVICE void in_order() { asm volatile("" ::: "memory"); }

// N numbers of every thread of a block, in shared memory, where they cost no registers: each thread reads and writes its own column alone.
template <class T, int N, int BLOCK> struct Parked {
  T column[N][BLOCK];

  __device__ __forceinline__ T &mine(int i) { return column[i][threadIdx.x]; }
  __device__ __forceinline__ void park(const T *x) {
#pragma unroll
    for (int i = 0; i < N; ++i) mine(i) = x[i];
  }
};

// Who computes in double needs the registers of its numbers: they wait in shared memory, which is no spill that the compiler chose.
template <int N> struct Aside {
  volatile float numbers[N];

  __device__ __forceinline__ void lay(const float *x) {
#pragma unroll
    for (int i = 0; i < N; ++i) numbers[i] = x[i];
  }
  __device__ __forceinline__ void take(float *x) const {
#pragma unroll
    for (int i = 0; i < N; ++i) x[i] = numbers[i];
  }
};
