// What the shim must catch: kernels that are wrong on purpose.
#include "base.cuh"

extern "C" __global__ void without_barrier(const float *x, float *out) {
  SHARED(float[256], all);
  all[threadIdx.x] = x[threadIdx.x];
  out[threadIdx.x] = all[blockDim.x - 1 - threadIdx.x];
}
REGISTER(without_barrier)

extern "C" __global__ void divergent_barrier(const float *, float *out) {
  if (threadIdx.x < 16) __syncthreads();
  else out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.f, 1);
}
REGISTER(divergent_barrier)

extern "C" __global__ void two_barriers(const float *, float *) {
  if (threadIdx.x < 16) __syncthreads();
  else
    __syncthreads();
}
REGISTER(two_barriers)

extern "C" __global__ void lane_outside_the_mask(const float *, float *out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_xor_sync(0x0000ffffu, 1.f, 16);
}
REGISTER(lane_outside_the_mask)

extern "C" __global__ void uninitialised(const float *, float *out) {
  SHARED(float, sum);
  out[threadIdx.x] = fmaxf(sum, 1.f);
}
REGISTER(uninitialised)

extern "C" __global__ void writes_beyond(const float *x, float *out) { out[threadIdx.x + 1] = x[threadIdx.x]; }
REGISTER(writes_beyond)
