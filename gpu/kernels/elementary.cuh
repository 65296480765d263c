// exp, expm1, the excess and ln in f32, exp in f64: the operations of gpu/src/fused/elementary.rs, one for one, with their derived bounds. All are
// total: an argument that has to be bounded first is a Floored, which nothing but at_least_floor makes.
#pragma once
#include "base.cuh"

constexpr float FLOOR = -88.f;   // from some 0.3 above down exp is exactly 0
constexpr float CEILING = 89.f;  // exp is +inf there

// A number that is not below the floor; or NaN.
template <class R> struct Floored {
  R value;
};

DEVICE Floored<float> at_least_floor(float x) { return Floored<float>{x < FLOOR ? FLOOR : x}; }  // NaN stays

// c[0] + c[1] x + ... by Horner's rule.
template <class R, int N> DEVICE R horner(const R (&c)[N], R x) {
  R sum = c[N - 1];
#pragma unroll
  for (int i = N - 2; i >= 0; --i) sum = fma(sum, x, c[i]);
  return sum;
}

constexpr float ROUND = 12582912.f + 127.f;  // 1.5 * 2^23: rounds to an integer, which is left biased in the lowest bits

// e^x = 2^n fraction, n = shifted - ROUND.
struct Reduced {
  float shifted, fraction;
};

DEVICE Reduced reduced(float x) {
  const float shifted = fmaf(x, 1.44269504f, ROUND);
  const float n = shifted - ROUND;
  float f = fmaf(n, -355.f / 512.f, x);
  f = fmaf(n, 2.1219444e-4f, f);
  constexpr float c[] = {0.5f, 0.16666576f, 0.041666556f, 0.008363179f, 0.0013926184f};
  return Reduced{shifted, (f * f * horner(c, f) + f) + 1.f};
}

// The lowest bits as an exponent.
DEVICE float low_bits_to_exponent(float shifted) { return __uint_as_float(__float_as_uint(shifted) << 23); }

// e^x for x up to 88: 4 units of roundoff, and half the smallest subnormal number where it is subnormal, below -87.33; exactly 0 from -87.68 down, +inf
// from 88.4 on; NaN stays. e^0 is exactly 1.
DEVICE float exp_f32(Floored<float> x) {
  const Reduced of = reduced(x.value > CEILING ? CEILING : x.value);
  return of.fraction * low_bits_to_exponent(of.shifted);
}

constexpr float SHRUNK = 1.f / 18446744073709551616.f, GROWN = 18446744073709551616.f;  // 2^-64 and 2^64

// 2^-64 e^x in factors, for products that are finite where e^x is not: infinite or below the smallest normal number only where the product is.
struct Power {
  float fraction, third, rest;

  // Beyond these two every product but 0 has become 0 or infinite; NaN stays.
  DEVICE Power of(float x) {
    const Reduced of = reduced(x < -215.f ? -215.f : x > 305.f ? 305.f : x);
    const float n = (of.shifted - ROUND) - 64.f, shifted = fmaf(n, 1.f / 3.f, ROUND);
    return Power{of.fraction, low_bits_to_exponent(shifted), low_bits_to_exponent(fmaf(shifted - ROUND, -2.f, n) + ROUND)};
  }

  // a 2^-64 e^x
  __device__ __forceinline__ float times(float a) const { return a * rest * fraction * third * third; }
};

constexpr double FLOOR_F64 = -709.0, CEILING_F64 = 710.0;

DEVICE Floored<double> at_least_floor(double x) { return Floored<double>{x < FLOOR_F64 ? FLOOR_F64 : x}; }

// e^x for x up to 709: 4 units of roundoff, and half the smallest subnormal number below -708.39; exactly 0 from -708.74 down, +inf from 709.5 on;
// NaN stays.
DEVICE double exp_f64(Floored<double> floored) {
  const double x = floored.value > CEILING_F64 ? CEILING_F64 : floored.value;
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

// The same anywhere: 25 units of roundoff. The excess is never negative, and 0 exactly at d = 0.
DEVICE void expm1_and_excess(Floored<float> floored, float *expm1, float *excess) {
  const float d = floored.value;
  if (fabsf(d) < 1.f) return expm1_and_excess_near_zero(d, expm1, excess);
  const float power = exp_f32(floored);
  *expm1 = power - 1.f;
  *excess = fmaf(power, d - 1.f, 1.f);
}

// ln a: 4 units of roundoff; -inf for 0, NaN for a negative number, +inf and NaN stay. A subnormal number is multiplied by 2^64 first.
DEVICE float ln_f32(float a) {
  const bool subnormal = a < 1.17549435e-38f;
  const uint32_t bits = __float_as_uint(subnormal ? a * GROWN : a);
  const int32_t e = static_cast<int32_t>(bits - 0x3f3504f3u) >> 23;  // 1 / sqrt 2
  const float n = static_cast<float>(e) - (subnormal ? 64.f : 0.f);
  const float f = __uint_as_float(bits - (static_cast<uint32_t>(e) << 23)) - 1.f;
  constexpr float c[] = {0.3333333f,  -0.25000307f, 0.20001045f, -0.16641282f,
                         0.14214496f, -0.12998183f, 0.12622319f, -0.07902744f};
  const float square = f * f;
  float tail = square * f * horner(c, f);
  tail = fmaf(n, -2.1219444e-4f, tail);
  tail = fmaf(square, -0.5f, tail);
  const float value = fmaf(n, 355.f / 512.f, tail + f);
  const float beyond = a < 0.f ? INFINITY - INFINITY : -INFINITY;
  return a < INFINITY ? (0.f < a ? value : beyond) : a;
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
