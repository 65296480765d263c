// What the sums over two tables come to: a divergence or a cross-entropy, and the gradients' plan.
#pragma once
#include "softmax.cuh"

// Log-ratios and their means are kept 2^16 times smaller than they are: no difference of two logits overflows.
constexpr float SMALLER = 1.f / 65536.f, LARGER = 65536.f;

struct PairPlan {
  double value, q, p, high, low, excess;  // q and p: what the weights are multiplied by; high + low: the mean of the log-ratio, SMALLER
  int near;
};

// Bound on the fast divergence, in units of roundoff: see gpu/src/fused/divergence.rs.
DEVICE double fast_bound(double mean, double square, double mean_p, double value) {
  const double root = sqrt(square);
  return (SUM + EXP) * (2.0 + fabs(mean)) + (SUM + EXP + 3.0) * root + square + root * (1.0 + fabs(value)) + 2.0 * fabs(mean_p);
}

// The mean is a - b + part, the difference with what rounding loses of it (Knuth's two-sum).
DEVICE PairPlan in_two(double value, double q, double p, double a, double b, double part) {
  a *= SMALLER, b *= SMALLER;
  const double whole = a - b, back = whole - a, lost = (a - (whole - back)) - (b + back);
  const double high = static_cast<double>(static_cast<float>(whole));
  return PairPlan{value, q, p, high, (whole - high) + (lost + part * SMALLER), 0.0, 0};
}

template <bool CROSS>
DEVICE PairPlan around_the_largest(float most_a, float most_b, double s, double s_p, double t, double t_p, double square,
                                   double weight) {
  const double mean = t / s * LARGER, ln_s = log(s), ln_s_p = log(s_p);
  const double a = most_a, b = most_b;
  // NaN for a table that is undefined anywhere, be it where the other one's weight is 0 and t does not hear of it. Else +inf for a code that q
  // allows and p does not; t is NaN, 0 x inf, where the weight has underflowed.
  const bool defined = isfinite(s) && isfinite(s_p);
  if (!defined || !isfinite(t)) {
    const double undefined = INFINITY - INFINITY;
    return PairPlan{defined ? INFINITY : undefined, undefined, undefined, undefined, undefined, undefined, 0};
  }
  if (CROSS) return in_two(mean + ln_s_p, weight / s, weight / s_p, 0.0, b, mean);
  const double fast = mean - ln_s + ln_s_p;
  if (!(fast_bound(mean, square / s, t_p / s_p, fast) > fast * ACCEPT))
    return in_two(fast, weight / s, weight / s_p, a, b, mean);
  PairPlan plan = in_two(0.0, s_p / s, s_p, a, b, ln_s - ln_s_p);
  plan.near = 1;
  return plan;
}

// The mean is of log-ratios that were rounded once: the first sweep's is off by roundings of logits, which are far larger here. It is around the
// largest logits: where one code has nearly all the weight, it has it there, and around the centre the mean would cancel.
DEVICE PairPlan around_the_centre(const PairPlan &before, float most_a, float most_b, double excess, double gap, double t, double weight) {
  const double s_p = before.p;
  excess /= s_p, gap /= s_p;
  const double s = s_p * (1.0 + excess);
  PairPlan plan = in_two(recentred(gap, excess), 0.0, weight / s, most_a, most_b, t / s * LARGER);
  plan.excess = excess, plan.near = 1;
  return plan;
}

// a - b - (high + low), SMALLER, with one rounding relative to the result: the difference is taken with its error (Knuth's two-sum). Where a
// is -inf, it is some number, whatever b is.
DEVICE float log_ratio(float a, float b, float high, float low) {
  a *= SMALLER, b *= SMALLER;
  const float difference = a - b, back = difference - a;
  const float error = (a - (difference - back)) - (b + back);
  return a > -INFINITY ? (difference - high) + (error - low) : SMALLER;
}

// q - p, what the code adds to the divergence, p, q, and q times the log-ratio around the largest logits, SMALLER, all relative to p's largest weight.
struct Near {
  float difference, gap, p, q, weighed;
};

DEVICE Near near_terms(float a, float b, float most_a, float most_b, float high, float low, float to_p) {
  const float p = exp_f32(at_least_floor(b - most_b)), q = exp_f32(at_least_floor(a - most_a)) * to_p;
  const float ratio = log_ratio(a, b, high, low), d = ratio * LARGER, apart = q - p;
  const float of_a = most_a * SMALLER, of_b = most_b * SMALLER, first = of_a - of_b, back = first - of_a;
  const float weighed = q * log_ratio(a, b, first, (of_a - (first - back)) - (of_b + back));
  float r, g;
  expm1_and_excess_near_zero(d, &r, &g);
  const bool close = fabsf(d) < 1.f;
  // A q far below p would not survive q - p.
  return close ? Near{p * r, p * g, p, p + p * r, weighed} : Near{apart, q * ratio * LARGER - apart, p, q, weighed};
}

// What a pair of logits adds to the five sums.
struct PairTerms {
  float e, e_p, t, t_p, square;
};

template <bool CROSS> DEVICE PairTerms pair_terms(float x, float x_p, float most_a, float most_b) {
  const float below = fmaf(x_p, -SMALLER, most_b * SMALLER);  // how far below p's largest logit, SMALLER
  const Floored<float> of_a = at_least_floor(x - most_a), of_b = at_least_floor(below * -LARGER);
  const float e = exp_f32(of_a), e_p = exp_f32(of_b), y = of_a.value, bounded = of_b.value, size = y + bounded;
  // A masked code does not count, whatever p is there.
  const float t = x > -INFINITY ? e * (CROSS ? below : fmaf(y, SMALLER, below)) : 0.f;
  return PairTerms{e, e_p, t, e_p * bounded, e * (size * size)};
}

// The gradients of a pair of logits.
struct PairSlopes {
  float a, b;
};

template <bool CROSS>
DEVICE PairSlopes slopes(const PairPlan &plan, float x, float y, float most_a, float most_b, float centre, float rest, float to_p) {
  const float high = static_cast<float>(plan.high), low = static_cast<float>(plan.low);
  const float of_q = static_cast<float>(plan.q), of_p = static_cast<float>(plan.p);
  if (!CROSS && plan.near) {
    const Near n = near_terms(x, y, most_a, most_b, centre, rest, to_p);
    return PairSlopes{n.q * of_p * log_ratio(x, y, high, low) * LARGER, fmaf(n.p, static_cast<float>(plan.excess), -n.difference) * of_p};
  }
  const float e = exp_f32(at_least_floor(x - most_a)), e_p = exp_f32(at_least_floor(y - most_b)), q = e * of_q;
  return PairSlopes{fabsf(q) > 0.f ? q * log_ratio(CROSS ? 0.f : x, y, high, low) * LARGER : q * (high + 1.f), e_p * of_p - q};
}
