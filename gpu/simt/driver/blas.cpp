// As much of cuBLAS as candle calls: handles, a stream, and products through a kernel of our own (blas.cu).
#include <cstdio>

#include "cuda.h"

extern "C" {
CUresult cuModuleLoadData(CUmodule *, const void *);
CUresult cuModuleGetFunction(CUfunction *, CUmodule, const char *);
CUresult cuLaunchKernel(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream, void **, void **);
}

namespace {
enum Status { SUCCESS = 0, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum Type { F32 = 0, F64 = 1, F16 = 2, BF16 = 14 };
constexpr unsigned THREADS = 256;

struct Handle {
  CUstream stream;
};

const char *kernel(int type) {
  switch (type) {
    case F32: return "emulated_gemm_f32";
    case F64: return "emulated_gemm_f64";
    case F16: return "emulated_gemm_f16";
    case BF16: return "emulated_gemm_bf16";
    default: return nullptr;
  }
}

int product(void *handle, int type, int a_rows, int b_rows, int m, int n, int k, double alpha, const void *a, int lda, long long stride_a,
            const void *b, int ldb, long long stride_b, double beta, void *c, int ldc, long long stride_c, int batches) {
  const char *name = kernel(type);
  if (!name) return std::fprintf(stderr, "emulated CUDA: cuBLAS products of type %d are not emulated\n", type), NOT_SUPPORTED;
  if (m == 0 || n == 0 || batches == 0) return SUCCESS;
  CUmodule module;
  CUfunction function;
  if (cuModuleLoadData(&module, "") || cuModuleGetFunction(&function, module, name)) return NOT_SUPPORTED;
  void *arguments[] = {&a_rows, &b_rows, &m, &n, &k, &alpha, &a, &lda, &stride_a, &b, &ldb, &stride_b, &beta, &c, &ldc, &stride_c};
  const unsigned blocks = unsigned((static_cast<long long>(m) * n + THREADS - 1) / THREADS);
  const auto done = cuLaunchKernel(function, blocks, 1, unsigned(batches), THREADS, 1, 1, 0, static_cast<Handle *>(handle)->stream, arguments, nullptr);
  return done == CUDA_SUCCESS ? SUCCESS : EXECUTION_FAILED;
}
}  // namespace

#define CUBLAS extern "C" __attribute__((visibility("default"))) int

CUBLAS cublasCreate_v2(void **handle) { return *handle = new Handle{nullptr}, SUCCESS; }
CUBLAS cublasDestroy_v2(void *handle) { return delete static_cast<Handle *>(handle), SUCCESS; }
CUBLAS cublasSetStream_v2(void *handle, CUstream stream) { return static_cast<Handle *>(handle)->stream = stream, SUCCESS; }

// Sums are single, whatever the compute type asks for beyond that.
CUBLAS cublasGemmStridedBatchedEx(void *handle, int a_rows, int b_rows, int m, int n, int k, const void *alpha, const void *a, int a_type, int lda,
                                  long long stride_a, const void *b, int b_type, int ldb, long long stride_b, const void *beta, void *c, int c_type,
                                  int ldc, long long stride_c, int batches, int, int) {
  constexpr int MIXED = -1;
  const int type = a_type == b_type && b_type == c_type && a_type != F64 ? a_type : MIXED;
  return product(handle, type, a_rows, b_rows, m, n, k, *static_cast<const float *>(alpha), a, lda, stride_a, b, ldb, stride_b,
                 *static_cast<const float *>(beta), c, ldc, stride_c, batches);
}

CUBLAS cublasDgemmStridedBatched(void *handle, int a_rows, int b_rows, int m, int n, int k, const double *alpha, const double *a, int lda,
                                 long long stride_a, const double *b, int ldb, long long stride_b, const double *beta, double *c, int ldc,
                                 long long stride_c, int batches) {
  return product(handle, F64, a_rows, b_rows, m, n, k, *alpha, a, lda, stride_a, b, ldb, stride_b, *beta, c, ldc, stride_c, batches);
}
