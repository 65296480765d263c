// kl_divergence and cross_entropy of two tables of logits, row by row, and their gradients.
//
//   D = sum_k q_k (ln q_k - ln p_k)       H = -sum_k q_k ln p_k       q = softmax(a), p = softmax(b)
//   dD/da_k = q_k (ln q_k - ln p_k - D)   dH/da_k = -q_k (ln p_k + H)   d/db_k = p_k - q_k
//
// A block a row, both rows in registers. Where D cancels, the registers are swept again for the non-negative terms p_k excess(d_k),
// d_k = ln q_k - ln p_k.
//
// Roofline, f32, 4096 rows of K = 8192 on an H100: 268 MB forward, 80 us; 537 MB with gradients, 160 us. Work: two exp and the five sums,
// 36 operations a pair, 36 us; with gradients 72, 72 us. Memory binds.
#include "softmax.cuh"

struct PairPlan {
  double value, q, p, high, low, excess;  // q and p: what the weights are multiplied by; high + low: the mean of the log-ratio
  int near;
};

// Bound on the fast divergence, in units of roundoff: see gpu/src/fused/divergence.rs.
DEVICE double fast_bound(double mean, double square, double mean_p, double value) {
  const double root = sqrt(square);
  return (SUM + EXP) * (2.0 + fabs(mean)) + (SUM + EXP + 3.0) * root + square + root * (1.0 + fabs(value)) + 2.0 * fabs(mean_p);
}

DEVICE PairPlan in_two(double value, double q, double p, double whole, double part) {
  const double high = static_cast<double>(static_cast<float>(whole));
  return PairPlan{value, q, p, high, (whole - high) + part, 0.0, 0};
}

template <bool CROSS>
DEVICE PairPlan around_the_largest(float most_a, float most_b, double s, double s_p, double t, double t_p, double square,
                                   double weight) {
  const double mean = t / s, ln_s = log(s), ln_s_p = log(s_p);
  const double a = most_a, b = most_b;
  // A code that q allows and p does not: +inf, or 0 x inf where the weight has underflowed. Any other NaN is in s or s_p too.
  if (!isfinite(t) && isfinite(s) && isfinite(s_p)) {
    const double undefined = INFINITY - INFINITY;
    return PairPlan{INFINITY, undefined, undefined, undefined, undefined, undefined, 0};
  }
  if (CROSS) return in_two(mean + ln_s_p, weight / s, weight / s_p, -b, mean);
  const double fast = mean - ln_s + ln_s_p;
  if (!(fast_bound(mean, square / s, t_p / s_p, fast) > fast * ACCEPT))
    return in_two(fast, weight / s, weight / s_p, a - b, mean);
  PairPlan plan = in_two(0.0, s_p / s, s_p, (a - b) + (ln_s - ln_s_p), 0.0);
  plan.excess = mean, plan.near = 1;
  return plan;
}

// The mean stays the one around the largest logits: around the centre the divergence's own rounding would be in it.
DEVICE PairPlan around_the_centre(const PairPlan &before, float most_a, float most_b, double excess, double gap, double weight) {
  const double s_p = before.p, a = most_a, b = most_b;
  excess /= s_p, gap /= s_p;
  const double value = recentred(gap, excess);
  PairPlan plan = in_two(value, 0.0, weight / (s_p * (1.0 + excess)), a - b, before.excess);
  plan.excess = excess, plan.near = 1;
  return plan;
}

// a - b - (high + low) with one rounding relative to the result: the difference is taken with its error (Knuth's two-sum). Where a is
// -inf, so is the result, whatever b is.
DEVICE float log_ratio(float a, float b, float high, float low) {
  const float difference = a - b, back = difference - a;
  const float error = (a - (difference - back)) - (b + back);
  return a > -INFINITY ? (difference - high) + (error - low) : FLOOR;
}

// q - p, what the code adds to the divergence, p and q, all relative to p's largest weight.
struct Near {
  float difference, gap, p, q;
};

DEVICE Near near_terms(float a, float b, float most_a, float most_b, float high, float low, float to_p) {
  const float p = exp_f32(at_least_floor(b - most_b)), q = exp_f32(at_least_floor(a - most_a)) * to_p;
  const float d = log_ratio(a, b, high, low), apart = q - p;
  float r, g;
  expm1_and_excess_near_zero(d, &r, &g);
  const bool close = fabsf(d) < 1.f;
  // A q far below p would not survive q - p.
  return close ? Near{p * r, p * g, p, p + p * r} : Near{apart, q * d - apart, p, q};
}

template <class T, int N, bool CROSS>
DEVICE void divergence(const T *__restrict__ a, const T *__restrict__ b, double *__restrict__ values, T *__restrict__ grad_a,
                       T *__restrict__ grad_b, int rows, int k, double weight) {
  SHARED(float[WARPS], most_of_a);
  SHARED(float[WARPS], most_of_b);
  SHARED(Sums<5>, sums);
  SHARED(PairPlan, shared_plan);
  const int chunk = Chunk<T, N>::length();
  for (int r = blockIdx.x; r < rows; r += gridDim.x) {
    const T *row_a = a + static_cast<size_t>(r) * k, *row_b = b + static_cast<size_t>(r) * k;
    Chunk<T, N> ca, cb;
    const float most_a = largest(ca, row_a, 0, k, most_of_a), most_b = largest(cb, row_b, 0, k, most_of_b);

    double mine[5] = {0.0, 0.0, 0.0, 0.0, 0.0};
    for (int from = 0; from < k; from += chunk) {
      if (k > chunk) ca.load(row_a, from, 0, k, -INFINITY), cb.load(row_b, from, 0, k, -INFINITY);
      Running s, s_p, t, t_p, square;
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const float y = at_least_floor(ca.x[i] - most_a), y_p = cb.x[i] - most_b, bounded = at_least_floor(y_p);
        const float e = exp_f32(y), e_p = exp_f32(bounded), size = y + bounded;
        // A masked code does not count, whatever p is there.
        s.add(i, e), s_p.add(i, e_p), t.add(i, ca.x[i] > -INFINITY ? e * (CROSS ? -y_p : y - y_p) : 0.f);
        t_p.add(i, e_p * bounded), square.add(i, e * (size * size));
      }
      mine[0] += s.sum(), mine[1] += s_p.sum(), mine[2] += t.sum(), mine[3] += t_p.sum(), mine[4] += square.sum();
    }
    PairPlan plan = sums.agree(mine, shared_plan, [&] {
      return around_the_largest<CROSS>(most_a, most_b, sums.total(0), sums.total(1), sums.total(2), sums.total(3), sums.total(4),
                                       weight);
    });

    const bool near = !CROSS && plan.near;
    const float centre = static_cast<float>(plan.high), rest = static_cast<float>(plan.low);
    const float to_p = static_cast<float>(plan.q);  // while near: s_p / s
    if (near) {
      double mine[5] = {0.0, 0.0, 0.0, 0.0, 0.0};
      for (int from = 0; from < k; from += chunk) {
        if (k > chunk) ca.load(row_a, from, 0, k, -INFINITY), cb.load(row_b, from, 0, k, -INFINITY);
        Running excess, gap;
#pragma unroll
        for (int i = 0; i < N; ++i) {
          const Near n = near_terms(ca.x[i], cb.x[i], most_a, most_b, centre, rest, to_p);
          excess.add(i, n.difference), gap.add(i, n.gap);
        }
        mine[0] += excess.sum(), mine[1] += gap.sum();
      }
      plan = sums.agree(mine, shared_plan, [&] {
        return around_the_centre(plan, most_a, most_b, sums.total(0), sums.total(1), weight);
      });
    }
    if (threadIdx.x == 0) values[r] = plan.value;
    if (grad_a == nullptr) continue;

    const float high = static_cast<float>(plan.high), low = static_cast<float>(plan.low);
    const float of_q = static_cast<float>(plan.q), of_p = static_cast<float>(plan.p), excess = static_cast<float>(plan.excess);
    for (int from = 0; from < k; from += chunk) {
      if (k > chunk) ca.load(row_a, from, 0, k, -INFINITY), cb.load(row_b, from, 0, k, -INFINITY);
#pragma unroll
      for (int i = 0; i < N; ++i) {
        const float x = ca.x[i], y = cb.x[i];
        if (near) {
          const Near n = near_terms(x, y, most_a, most_b, centre, rest, to_p);
          ca.x[i] = n.q * of_p * log_ratio(x, y, high, low);
          cb.x[i] = fmaf(n.p, excess, -n.difference) * of_p;
        } else {
          const float e = exp_f32(at_least_floor(x - most_a)), e_p = exp_f32(at_least_floor(y - most_b)), q = e * of_q;
          ca.x[i] = fabsf(q) > 0.f ? q * log_ratio(CROSS ? 0.f : x, y, high, low) : q * (high + 1.f);
          cb.x[i] = e_p * of_p - q;
        }
      }
      ca.store(grad_a + static_cast<size_t>(r) * k, from, k);
      cb.store(grad_b + static_cast<size_t>(r) * k, from, k);
    }
  }
}

#define DIVERGENCE(name, type, T, N, CROSS)                                                                          \
  extern "C" __global__ void __launch_bounds__(512, 1) name##_##type##_##N(                                             \
      const T *a, const T *b, double *values, T *grad_a, T *grad_b, int rows, int k, double weight) {                \
    divergence<T, N, CROSS>(a, b, values, grad_a, grad_b, rows, k, weight);                                          \
  }                                                                                                                  \
  REGISTER(name##_##type##_##N)

DIVERGENCE(kl_divergence, f32, float, 8, false)
DIVERGENCE(kl_divergence, f32, float, 16, false)
DIVERGENCE(kl_divergence, bf16, bf16, 8, false)
DIVERGENCE(kl_divergence, bf16, bf16, 16, false)
DIVERGENCE(cross_entropy, f32, float, 8, true)
DIVERGENCE(cross_entropy, f32, float, 16, true)
DIVERGENCE(cross_entropy, bf16, bf16, 8, true)
DIVERGENCE(cross_entropy, bf16, bf16, 16, true)
