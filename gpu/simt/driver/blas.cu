// Products of matrices, a thread a number: what the emulated cuBLAS launches. Columns are contiguous, as there.
#include "cuda_bf16.h"

template <class T, class Sum>
__device__ void gemm(int a_rows, int b_rows, int m, int n, int k, double alpha, const T *a, int lda, long long stride_a, const T *b, int ldb,
                     long long stride_b, double beta, T *c, int ldc, long long stride_c) {
  const int place = int(blockIdx.x * blockDim.x + threadIdx.x), i = place % m, j = place / m;
  if (j >= n) return;
  a += blockIdx.z * stride_a, b += blockIdx.z * stride_b, c += blockIdx.z * stride_c;
  Sum sum = 0;
  for (int p = 0; p < k; ++p) {
    const T left = a_rows ? a[p + size_t(i) * lda] : a[i + size_t(p) * lda];
    const T right = b_rows ? b[j + size_t(p) * ldb] : b[p + size_t(j) * ldb];
    sum += Sum(left) * Sum(right);
  }
  T &to = c[i + size_t(j) * ldc];
  const Sum scaled = Sum(alpha) * sum;
  to = beta == 0.0 ? T(scaled) : T(scaled + Sum(beta) * Sum(to));  // what is multiplied by 0 may be nothing at all
}

#define GEMM(name, T, Sum)                                                                                                             \
  extern "C" __global__ void name(int a_rows, int b_rows, int m, int n, int k, double alpha, const T *a, int lda, long long stride_a, \
                                  const T *b, int ldb, long long stride_b, double beta, T *c, int ldc, long long stride_c) {          \
    gemm<T, Sum>(a_rows, b_rows, m, n, k, alpha, a, lda, stride_a, b, ldb, stride_b, beta, c, ldc, stride_c);                         \
  }                                                                                                                                    \
  REGISTER(name)

GEMM(emulated_gemm_f32, float, float)
GEMM(emulated_gemm_f64, double, double)
GEMM(emulated_gemm_f16, __half, float)
GEMM(emulated_gemm_bf16, __nv_bfloat16, float)
