// token_log_prob of rows of the transformer's logits, and its gradient.
//
//   ln q_t = x_t - ln sum_{from <= k < to} e^(x_k)        d/dx_k = [k = t] - q_k,  and 0 outside
//
// A block a row, the row in registers. A row of V = 24 832 is 640 threads of 40 numbers. What is not allowed is not read.
//
// Roofline, f32, 4 x 1280 rows of 24 832 on an H100: 509 MB forward if every token were allowed, 152 us; 1017 MB with gradient, 304 us.
// Work: exp 11, a sum and a maximum: 13 operations a logit, 50 us; with gradient 25: 95 us. Memory binds.
#include "softmax.cuh"

struct TokenPlan {
  double scale, slope;  // of every logit: -weight / s; of the token: weight (1 - q_t)
};

template <class T, int N>
DEVICE void token_log_prob(const T *__restrict__ x, const int *__restrict__ tokens, const int *__restrict__ begins,
                           const int *__restrict__ ends, const double *__restrict__ weights, double *__restrict__ values,
                           T *__restrict__ grad, int rows, int k, double weight) {
  SHARED(float[WARPS], most_of_warps);
  SHARED(Sums<1>, sums);
  SHARED(TokenPlan, shared_plan);
  const int chunk = Chunk<T, N>::length();
  for (int r = blockIdx.x; r < rows; r += gridDim.x) {
    const T *row = x + static_cast<size_t>(r) * k;
    const int token = tokens[r], begin = begins[r], end = ends[r];
    const bool allowed = token >= begin && token < end;
    Chunk<T, N> c;
    const float most = largest(c, row, begin, end, most_of_warps);
    const double mine[1] = {weigh(c, row, begin, end, most)};
    const TokenPlan plan = sums.agree(mine, shared_plan, [&] {
      const double s = sums.total(0);
      const float of_token = allowed ? Stored<T>::widen(row[token]) : -INFINITY;
      values[r] = s != s ? s : (static_cast<double>(of_token) - static_cast<double>(most)) - log(s);
      // Near a certain token 1 - q_t cancels: in double, and so to what the sum is known to, a roundoff of 1 in f32.
      const double q = static_cast<double>(exp_f32(at_least_floor(of_token - most))) / s;
      return TokenPlan{-weight * weights[r] / s, weight * weights[r] * (1.0 - q)};
    });
    if (grad == nullptr) continue;

    T *slopes = grad + static_cast<size_t>(r) * k;
    const float scale = static_cast<float>(plan.scale);
    for (int from = 0; from < k; from += chunk) {
      if (k > chunk) c.load(row, from, begin, end, -INFINITY);  // also behind what is allowed, where nothing is read
#pragma unroll
      for (int i = 0; i < N; ++i) c.x[i] = exp_f32(at_least_floor(c.x[i] - most)) * scale;
      // Outside the exponential is 0, but 0 times an undefined scale is not.
      if (scale != scale) {
#pragma unroll
        for (int i = 0; i < N; ++i) {
          const int at = Chunk<T, N>::place(from, i);
          if (at < begin || at >= end) c.x[i] = 0.f;
        }
      }
      c.store(slopes, from, k);
    }
    __syncthreads();  // the token's slope comes over what another thread has written there
    if (threadIdx.x == 0 && allowed) slopes[token] = Stored<T>::narrow(static_cast<float>(plan.slope));
  }
}

#define TOKEN(type, T, N)                                                                                                \
  extern "C" __global__ void __launch_bounds__(640, 1) token_log_prob_##type##_##N(                                        \
      const T *x, const int *tokens, const int *begins, const int *ends, const double *weights, double *values, T *grad, \
      int rows, int k, double weight) {                                                                                  \
    token_log_prob<T, N>(x, tokens, begins, ends, weights, values, grad, rows, k, weight);                               \
  }                                                                                                                      \
  REGISTER(token_log_prob_##type##_##N)

TOKEN(f32, float, 8)
TOKEN(f32, float, 40)
TOKEN(bf16, bf16, 8)
TOKEN(bf16, bf16, 40)
