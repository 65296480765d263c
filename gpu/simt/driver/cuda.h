// As much of the CUDA driver's interface as is implemented: types and codes as its ABI has them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

enum CUresult : int {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_INVALID_HANDLE = 400,
  CUDA_ERROR_NOT_FOUND = 500,
  CUDA_ERROR_NOT_READY = 600,
  CUDA_ERROR_ILLEGAL_ADDRESS = 700,
  CUDA_ERROR_MISALIGNED_ADDRESS = 716,
  CUDA_ERROR_LAUNCH_FAILED = 719,
  CUDA_ERROR_NOT_SUPPORTED = 801,
};

using CUdevice = int;
using CUdeviceptr = uint64_t;
using CUcontext = void *;
using CUmodule = void *;
using CUfunction = void *;
using CUstream = void *;
using CUevent = void *;
struct CUuuid {
  char bytes[16];
};

// What went wrong, if anything: the code and a sentence.
struct Fault {
  CUresult code = CUDA_SUCCESS;
  std::string words;
};

#define API extern "C" __attribute__((visibility("default"))) CUresult
