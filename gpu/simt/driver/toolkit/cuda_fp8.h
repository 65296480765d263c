// Floats of 8 bits: they can be moved, not computed with.
#pragma once
#include "cuda_bf16.h"

enum __nv_fp8_interpretation_t { __NV_E4M3 };
struct __nv_fp8_e4m3 {
  uint8_t __x;

  __nv_fp8_e4m3() = default;
  template <class T> explicit __nv_fp8_e4m3(T) { simt::fail("floats of 8 bits are not emulated"); }
};
static inline __half_raw __nv_cvt_fp8_to_halfraw(uint8_t, __nv_fp8_interpretation_t) { simt::fail("floats of 8 bits are not emulated"); }
