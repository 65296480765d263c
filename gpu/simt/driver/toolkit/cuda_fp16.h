// Half precision: the compiler's own type.
#pragma once
#include "device.h"

using __half = _Float16;
struct __half_raw {
  unsigned short x;
};
static inline float __half2float(__half x) { return float(x); }
static inline __half __float2half(float x) { return __half(x); }
static inline unsigned short __half_as_ushort(__half x) {
  unsigned short bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
static inline __half __ushort_as_half(unsigned short bits) {
  __half x;
  memcpy(&x, &bits, sizeof x);
  return x;
}
static inline float __half2float(__half_raw raw) { return float(__ushort_as_half(raw.x)); }

#define OF_HALVES(T)                                                                          \
  static inline bool __hisnan(T x) { return float(x) != float(x); }                           \
  static inline T hsqrt(T x) { return T(sqrtf(float(x))); }                                   \
  static inline T hcos(T x) { return T(cosf(float(x))); }                                     \
  static inline T hsin(T x) { return T(sinf(float(x))); }                                     \
  static inline T hlog(T x) { return T(logf(float(x))); }                                     \
  static inline T hexp(T x) { return T(expf(float(x))); }                                     \
  static inline T __habs(T x) { return T(fabsf(float(x))); }                                  \
  static inline T __hmax_nan(T a, T b) { return __hisnan(a) ? a : __hisnan(b) ? b : a < b ? b : a; } \
  static inline T __hmin_nan(T a, T b) { return __hisnan(a) ? a : __hisnan(b) ? b : b < a ? b : a; }
OF_HALVES(__half)
