// exp, expm1, the excess and ln in f32, exp in f64: the operations of gpu/src/fused/elementary.rs, one for one, with their derived bounds.
#pragma once
#include "base.cuh"

constexpr float FLOOR = -88.f;  // from here down exp is exactly 0

DEVICE float at_least_floor(float x) { return x < FLOOR ? FLOOR : x; }  // NaN stays

// c[0] + c[1] x + ... by Horner's rule.
template <class R, int N> DEVICE R horner(const R (&c)[N], R x) {
  R sum = c[N - 1];
#pragma unroll
  for (int i = N - 2; i >= 0; --i) sum = fma(sum, x, c[i]);
  return sum;
}

// e^x for x from FLOOR to 88: 4 units of roundoff. e^0 is exactly 1.
DEVICE float exp_f32(float x) {
  constexpr float round = 12582912.f + 127.f;  // 1.5 * 2^23: rounds to an integer, which is left biased in the lowest bits
  const float shifted = fmaf(x, 1.44269504f, round);
  const float n = shifted - round;
  float f = fmaf(n, -355.f / 512.f, x);
  f = fmaf(n, 2.1219444e-4f, f);
  constexpr float c[] = {0.5f, 0.16666576f, 0.041666556f, 0.008363179f, 0.0013926184f};
  const float power = (f * f * horner(c, f) + f) + 1.f;
  return power * __uint_as_float(__float_as_uint(shifted) << 23);
}

constexpr double FLOOR_F64 = -709.0;

DEVICE double at_least_floor(double x) { return x < FLOOR_F64 ? FLOOR_F64 : x; }

// e^x for x from FLOOR_F64 to 709: 4 units of roundoff.
DEVICE double exp_f64(double x) {
  constexpr double round = 6755399441055744.0 + 1023.0;  // 1.5 * 2^52, as above
  const double shifted = fma(x, 1.4426950408889634, round);
  const double n = shifted - round;
  double f = fma(n, -0x1.62e42feep-1, x);  // ln 2 to 33 bits
  f = fma(n, -1.9082149292705877e-10, f);
  constexpr double c[] = {0.5000000000000001,    0.16666666666666669,    0.04166666666662413,   0.008333333333330062,
                          0.0013888888917213717, 0.00019841269863053618, 2.4801521295954376e-5, 2.7557268459997064e-6,
                          2.7620088445409746e-7, 2.510038549551032e-8};
  const double power = (f * f * horner(c, f) + f) + 1.0;
  return power * __longlong_as_double(static_cast<long long>(static_cast<uint64_t>(__double_as_longlong(shifted)) << 52));
}

// (e^d - 1, d e^d - (e^d - 1)) for |d| < 1; any numbers elsewhere.
DEVICE void expm1_and_excess_near_zero(float d, float *expm1, float *excess) {
  constexpr float c[] = {0.5f,          0.16666667f,  0.041666735f,  0.008333339f,
                         0.0013885396f, 1.983810e-4f, 2.5358624e-5f, 2.8062905e-6f};
  const float w = horner(c, d), square = d * d;
  *expm1 = fmaf(square, w, d);
  *excess = square * (1.f - (1.f - d) * w);
}

// The same for d from FLOOR up: 25 units of roundoff. The excess is never negative, and 0 exactly at d = 0.
DEVICE void expm1_and_excess(float d, float *expm1, float *excess) {
  if (fabsf(d) < 1.f) return expm1_and_excess_near_zero(d, expm1, excess);
  const float power = exp_f32(d);
  *expm1 = power - 1.f;
  *excess = fmaf(power, d - 1.f, 1.f);
}

// ln a for a positive normal a: 4 units of roundoff.
DEVICE float ln_f32(float a) {
  const int32_t bits = static_cast<int32_t>(__float_as_uint(a));
  const int32_t e = (bits - 0x3f3504f3) >> 23;  // 1 / sqrt 2
  const float n = static_cast<float>(e);
  const float f = __uint_as_float(static_cast<uint32_t>(bits - e * (1 << 23))) - 1.f;
  constexpr float c[] = {0.3333333f,  -0.25000307f, 0.20001045f, -0.16641282f,
                         0.14214496f, -0.12998183f, 0.12622319f, -0.07902744f};
  const float square = f * f;
  float tail = square * f * horner(c, f);
  tail = fmaf(n, -2.1219444e-4f, tail);
  tail = fmaf(square, -0.5f, tail);
  return fmaf(n, 355.f / 512.f, tail + f);
}

// What a fast sum is worth: see ACCEPT, SUM and EXP in gpu/src/fused.
constexpr double ACCEPT = 1024.0, SUM = 22.0, EXP = 4.0;

// A divergence from sums around a centre that is only nearly right, as in gpu/src/fused/moments.rs.
DEVICE double recentred(double gap, double excess) {
  const double own = fabs(excess) < 1e-3 ? excess * excess * (0.5 - excess * (1.0 / 6.0 - excess / 12.0))
                                         : (1.0 + excess) * log1p(excess) - excess;
  const double value = (gap - own) / (1.0 + excess);
  return value < 0.0 ? 0.0 : value;  // NaN stays
}
