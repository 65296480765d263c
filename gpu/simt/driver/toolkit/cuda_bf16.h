// bfloat16: computed in single precision, rounded to nearest, ties to even, after every operation.
#pragma once
#include "cuda_fp16.h"

#include <type_traits>

struct __nv_bfloat16 {
  uint16_t bits;

  __nv_bfloat16() = default;
  template <class T, class = std::enable_if_t<std::is_arithmetic<T>::value || std::is_same<T, _Float16>::value>>
  __nv_bfloat16(T x) : bits(rounded(float(x))) {}
  operator float() const { return __uint_as_float(uint32_t(bits) << 16); }

 private:
  static uint16_t rounded(float x) {
    const uint32_t all = __float_as_uint(x);
    return uint16_t(x == x ? (all + 0x7fffu + ((all >> 16) & 1u)) >> 16 : 0x7fffu);
  }
};

#define BETWEEN(op) \
  static inline __nv_bfloat16 operator op(__nv_bfloat16 a, __nv_bfloat16 b) { return float(a) op float(b); }
BETWEEN(+)
BETWEEN(-)
BETWEEN(*)
BETWEEN(/)
#define COMPARED(op) \
  static inline bool operator op(__nv_bfloat16 a, __nv_bfloat16 b) { return float(a) op float(b); }
COMPARED(==)
COMPARED(!=)
COMPARED(<)
COMPARED(<=)
COMPARED(>)
COMPARED(>=)
static inline __nv_bfloat16 operator-(__nv_bfloat16 x) { return -float(x); }
static inline __nv_bfloat16 &operator+=(__nv_bfloat16 &a, __nv_bfloat16 b) { return a = a + b; }
static inline __nv_bfloat16 &operator*=(__nv_bfloat16 &a, float b) { return a = float(a) * b; }

struct __nv_bfloat162 {
  __nv_bfloat16 x, y;
};
static inline __nv_bfloat162 __hadd2(__nv_bfloat162 a, __nv_bfloat162 b) { return {a.x + b.x, a.y + b.y}; }
static inline __nv_bfloat162 __hmul2(__nv_bfloat162 a, __nv_bfloat162 b) { return {a.x * b.x, a.y * b.y}; }
static inline float __bfloat162float(__nv_bfloat16 x) { return float(x); }
static inline __nv_bfloat16 __float2bfloat16(float x) { return x; }
static inline __nv_bfloat16 __float2bfloat16_rn(float x) { return x; }
OF_HALVES(__nv_bfloat16)
