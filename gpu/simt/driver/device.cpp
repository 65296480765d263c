// The device, its context, modules, streams and events.
#include <cstdio>
#include <cstring>

#include "state.h"

using namespace emulated;

namespace {
constexpr const char *NAME = "emulated CUDA (CPU)";
constexpr int DRIVER = 13000;
int context;  // there is one; its address is its handle

enum Attribute {
  MAX_THREADS_PER_BLOCK = 1,
  MAX_SHARED_PER_BLOCK = 8,
  WARP_SIZE = 10,
  MULTIPROCESSORS = 16,
  CAPABILITY_MAJOR = 75,
  CAPABILITY_MINOR = 76,
  MAX_SHARED_OPTIN = 97,
  MEMORY_POOLS = 115,
};

const char *watch(const void *place, size_t size, int) {
  static std::string what;
  what = state().memory.misuse(reinterpret_cast<uint64_t>(place), size);
  return what.empty() ? nullptr : what.c_str();
}
}  // namespace

API cuInit(unsigned flags) { return flags == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE; }

API cuDriverGetVersion(int *version) { return *version = DRIVER, CUDA_SUCCESS; }

API cuDeviceGetCount(int *count) { return *count = 1, CUDA_SUCCESS; }

API cuDeviceGet(CUdevice *device, int ordinal) {
  if (ordinal != 0) return CUDA_ERROR_INVALID_DEVICE;
  return *device = 0, CUDA_SUCCESS;
}

API cuDeviceGetName(char *name, int length, CUdevice) { return std::snprintf(name, size_t(length), "%s", NAME), CUDA_SUCCESS; }

API cuDeviceTotalMem_v2(size_t *bytes, CUdevice) { return *bytes = Memory::TOTAL, CUDA_SUCCESS; }

API cuDeviceGetUuid_v2(CUuuid *id, CUdevice) { return std::memcpy(id->bytes, NAME, sizeof id->bytes), CUDA_SUCCESS; }

API cuDeviceGetAttribute(int *value, int attribute, CUdevice) {
  switch (attribute) {
    case MAX_THREADS_PER_BLOCK: return *value = MOST_THREADS, CUDA_SUCCESS;
    case MAX_SHARED_PER_BLOCK: return *value = 48 << 10, CUDA_SUCCESS;
    case MAX_SHARED_OPTIN: return *value = 163 << 10, CUDA_SUCCESS;
    case WARP_SIZE: return *value = 32, CUDA_SUCCESS;
    case MULTIPROCESSORS: return *value = 2, CUDA_SUCCESS;
    case CAPABILITY_MAJOR: return *value = 8, CUDA_SUCCESS;
    case CAPABILITY_MINOR:
    case MEMORY_POOLS: return *value = 0, CUDA_SUCCESS;
    default: return refuse(CUDA_ERROR_NOT_SUPPORTED, "cuDeviceGetAttribute: attribute " + std::to_string(attribute) + " is not emulated");
  }
}

API cuDevicePrimaryCtxRetain(CUcontext *made, CUdevice) {
  return *made = &context, CUDA_SUCCESS;
}

API cuDevicePrimaryCtxRelease_v2(CUdevice) {
  const std::lock_guard lock(state().mutex);
  return settle(state().streams.drain_all());
}

API cuCtxSetCurrent(CUcontext) { return CUDA_SUCCESS; }

API cuCtxGetCurrent(CUcontext *current) { return *current = &context, CUDA_SUCCESS; }

API cuCtxSynchronize() {
  const std::lock_guard lock(state().mutex);
  return settle(state().streams.drain_all());
}

// The code is not looked at: kernels are found by name.
API cuModuleLoadData(CUmodule *module, const void *) {
  static int loaded;
  return *module = &loaded, CUDA_SUCCESS;
}

API cuModuleUnload(CUmodule) { return CUDA_SUCCESS; }

API cuModuleGetFunction(CUfunction *function, CUmodule, const char *name) {
  const std::lock_guard lock(state().mutex);
  *function = find(name, {watch, state().memory.recent()});
  return *function ? CUDA_SUCCESS : refuse(CUDA_ERROR_NOT_FOUND, std::string("there is no kernel ") + name + " among those that are emulated");
}

API cuStreamCreate(CUstream *stream, unsigned) {
  static uint64_t made = 0x100;
  const std::lock_guard lock(state().mutex);
  return *stream = reinterpret_cast<CUstream>(made++), CUDA_SUCCESS;
}

API cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int) { return cuStreamCreate(stream, flags); }

API cuStreamDestroy_v2(CUstream stream) {
  const std::lock_guard lock(state().mutex);
  const CUresult code = settle(state().streams.drain(queue(stream)));
  state().streams.forget(queue(stream));
  return code;
}

API cuStreamSynchronize(CUstream stream) {
  const std::lock_guard lock(state().mutex);
  return settle(state().streams.drain(queue(stream)));
}

API cuStreamIsCapturing(CUstream, int *status) { return *status = 0, CUDA_SUCCESS; }

API cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  const std::lock_guard lock(state().mutex);
  state().streams.add(queue(stream), {[] { return Fault{}; }, static_cast<Event *>(event)->point});
  return state().broken;
}

API cuEventCreate(CUevent *event, unsigned) {
  const std::lock_guard lock(state().mutex);
  auto *made = new Event;
  state().events.insert(made);
  return *event = made, CUDA_SUCCESS;
}

API cuEventDestroy_v2(CUevent event) {
  const std::lock_guard lock(state().mutex);
  auto *gone = static_cast<Event *>(event);
  if (!state().events.erase(gone)) return refuse(CUDA_ERROR_INVALID_HANDLE, "cuEventDestroy: there is no such event");
  delete gone;
  return CUDA_SUCCESS;
}

API cuEventRecord(CUevent event, CUstream stream) {
  const std::lock_guard lock(state().mutex);
  const auto point = std::make_shared<bool>(false);
  static_cast<Event *>(event)->point = point;
  state().streams.add(queue(stream), {[point] { return *point = true, Fault{}; }, nullptr});
  return state().broken;
}

API cuEventQuery(CUevent event) {
  const std::lock_guard lock(state().mutex);
  return *static_cast<Event *>(event)->point ? state().broken : CUDA_ERROR_NOT_READY;
}

API cuEventSynchronize(CUevent event) {
  const std::lock_guard lock(state().mutex);
  return settle(state().streams.reach(static_cast<Event *>(event)->point));
}

API cuGetErrorName(CUresult code, const char **name) {
  switch (code) {
    case CUDA_SUCCESS: return *name = "CUDA_SUCCESS", CUDA_SUCCESS;
    case CUDA_ERROR_INVALID_VALUE: return *name = "CUDA_ERROR_INVALID_VALUE", CUDA_SUCCESS;
    case CUDA_ERROR_OUT_OF_MEMORY: return *name = "CUDA_ERROR_OUT_OF_MEMORY", CUDA_SUCCESS;
    case CUDA_ERROR_INVALID_DEVICE: return *name = "CUDA_ERROR_INVALID_DEVICE", CUDA_SUCCESS;
    case CUDA_ERROR_NOT_FOUND: return *name = "CUDA_ERROR_NOT_FOUND", CUDA_SUCCESS;
    case CUDA_ERROR_ILLEGAL_ADDRESS: return *name = "CUDA_ERROR_ILLEGAL_ADDRESS", CUDA_SUCCESS;
    case CUDA_ERROR_MISALIGNED_ADDRESS: return *name = "CUDA_ERROR_MISALIGNED_ADDRESS", CUDA_SUCCESS;
    case CUDA_ERROR_LAUNCH_FAILED: return *name = "CUDA_ERROR_LAUNCH_FAILED", CUDA_SUCCESS;
    case CUDA_ERROR_NOT_SUPPORTED: return *name = "CUDA_ERROR_NOT_SUPPORTED", CUDA_SUCCESS;
    default: return *name = "a CUDA error", CUDA_SUCCESS;
  }
}

API cuGetErrorString(CUresult, const char **text) { return *text = "as emulated CUDA says on the error stream", CUDA_SUCCESS; }
