// What the sums of a distribution around a reference come to: kl_to_uniform or entropy, and the gradient's plan.
#pragma once
#include "softmax.cuh"

// The gradient is e scale ((x - first) - second), first + second = E_q[x]: in one step an offset of the logits eats the digits.
struct Plan {
  double value, scale, first, second;
  int near;  // the fast value cancels: sweep again, around first + second
};

// Bound on the fast value, in units of roundoff: a = E_q[-y].
DEVICE double fast_bound(double a, double square) {
  return (SUM + EXP + a) * (1.0 + a) + (SUM + EXP + 2.0) * a + square;
}

// From s = sum e^y, t = sum e^y y, square = sum e^y y^2, y = x - most.
template <bool ENTROPY> DEVICE Plan around_the_largest(double k, double most, double s, double t, double square, double weight) {
  const double mean = t / s;
  if (ENTROPY) return Plan{log(s) - mean, -weight / s, most, mean, 0};
  const double fast = mean - log(s / k);
  if (!(fast_bound(-mean, square / s) > fast * ACCEPT)) return Plan{fast, weight / s, most, mean, 0};
  const double centre = most + log(s / k), high = static_cast<double>(static_cast<float>(centre));
  return Plan{0.0, 0.0, high, centre - high, 1};
}

// From sum (e^d - 1) and sum (d e^d - (e^d - 1)), d = x - (high + low).
DEVICE Plan around_the_centre(double k, double high, double low, double excess, double gap, double weight) {
  excess /= k, gap /= k;
  const double value = recentred(gap, excess);
  return Plan{value, weight / (k * (1.0 + excess)), high, low + log1p(excess) + value, 1};
}
