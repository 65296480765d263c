// As much of a CUDA toolkit's headers as candle's kernels need, behind the shim: vectors, atomics (threads of a block are fibers, blocks run in turn),
// and what a C++ compiler lacks.
#pragma once
#include <simt.h>

#include <math.h>

#define assert(condition) ((condition) ? (void)0 : simt::fail("assertion failed: " #condition))
#define __shared__ static  // blocks run one at a time
#undef __shfl_xor_sync
#define __shfl_xor_sync(mask, x, with, ...) simt::exchange((mask), (x), simt::lane() ^ unsigned(with), __LINE__)

struct float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
static inline float2 make_float2(float x, float y) { return {x, y}; }

template <class T> static inline T min(T a, T b) { return b < a ? b : a; }
template <class T> static inline T max(T a, T b) { return a < b ? b : a; }
static inline size_t min(size_t a, unsigned b) { return min<size_t>(a, b); }
static inline int max(int a, unsigned b) { return max<int>(a, int(b)); }

template <class T, class U> static inline T atomicAdd(T *place, U x) {
  const T before = *place;
  return *place = before + T(x), before;
}
template <class T, class U> static inline T atomicMin(T *place, U x) {
  const T before = *place;
  return *place = min(before, T(x)), before;
}
template <class T, class U> static inline T atomicMax(T *place, U x) {
  const T before = *place;
  return *place = max(before, T(x)), before;
}
template <class T> static inline T atomicCAS(T *place, T expected, T x) {
  const T before = *place;
  if (before == expected) *place = x;
  return before;
}

static inline float __int_as_float(int bits) { return __uint_as_float(uint32_t(bits)); }
static inline int __float_as_int(float x) { return int(__float_as_uint(x)); }
static inline float normcdff(float x) { return 0.5f * erfcf(-x * 0.70710678f); }
static inline double normcdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752); }
static inline float rsqrtf(float x) { return 1.f / sqrtf(x); }
static inline float __fdividef(float a, float b) { return a / b; }
