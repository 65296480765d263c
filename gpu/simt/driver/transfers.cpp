// Memory, copies and launches.
#include <cstring>

#include "state.h"

using namespace emulated;

namespace {
constexpr unsigned MOST_OF_YZ = 65535, SHARED = 48 << 10;

void *at(CUdeviceptr place) { return reinterpret_cast<void *>(place); }

CUresult add(CUstream stream, std::function<Fault()> run) {
  state().streams.add(queue(stream), {std::move(run), nullptr});
  return state().broken;
}

// What is wrong about a copy's side, in the words of its interface.
Fault side(const char *name, const char *verb, CUdeviceptr place, size_t size) {
  const std::string what = size == 0 ? "" : state().memory.misuse(place, size);
  if (what.empty()) return {};
  return {CUDA_ERROR_ILLEGAL_ADDRESS, std::string(name) + " " + verb + " " + std::to_string(size) + " bytes " + what};
}

// The legacy stream waits for every other, and its calls for it.
CUresult at_once(std::function<Fault()> run) {
  const CUresult before = settle(state().streams.drain_all());
  if (before != CUDA_SUCCESS) return before;
  add(nullptr, std::move(run));
  return settle(state().streams.drain_all());
}

std::function<Fault()> to_device(const char *name, CUdeviceptr to, const void *from, size_t size) {
  // Pageable memory is read before the call returns; pinned memory when its turn comes.
  std::string staged;
  const bool pinned = is_pinned(from, size);
  if (!pinned) staged.assign(static_cast<const char *>(from), size);
  return [=] {
    Fault fault = side(name, "writes", to, size);
    if (!fault.code && size > 0) std::memcpy(at(to), pinned ? from : staged.data(), size);
    return fault;
  };
}

std::function<Fault()> to_host(const char *name, void *to, CUdeviceptr from, size_t size) {
  return [=] {
    Fault fault = side(name, "reads", from, size);
    if (!fault.code && size > 0) std::memcpy(to, at(from), size);
    return fault;
  };
}

std::function<Fault()> within(const char *name, CUdeviceptr to, CUdeviceptr from, size_t size) {
  return [=] {
    Fault fault = side(name, "reads", from, size);
    if (!fault.code) fault = side(name, "writes", to, size);
    if (!fault.code && size > 0) std::memmove(at(to), at(from), size);
    return fault;
  };
}

std::function<Fault()> set(const char *name, CUdeviceptr to, unsigned char byte, size_t size) {
  return [=] {
    Fault fault = side(name, "writes", to, size);
    if (!fault.code && size > 0) std::memset(at(to), byte, size);
    return fault;
  };
}
}  // namespace

API cuMemAlloc_v2(CUdeviceptr *place, size_t size) {
  const std::lock_guard lock(state().mutex);
  if (size == 0) return refuse(CUDA_ERROR_INVALID_VALUE, "cuMemAlloc of 0 bytes");
  *place = state().memory.allocate(size);
  return *place ? state().broken : CUDA_ERROR_OUT_OF_MEMORY;
}

API cuMemFree_v2(CUdeviceptr place) {
  const std::lock_guard lock(state().mutex);
  const CUresult code = settle(state().streams.drain_all());  // a free waits for the device
  if (place && !state().memory.release(place)) return refuse(CUDA_ERROR_INVALID_VALUE, "cuMemFree of what was not allocated, or was freed before");
  return code;
}

API cuMemGetInfo_v2(size_t *available, size_t *total) {
  const std::lock_guard lock(state().mutex);
  *total = Memory::TOTAL, *available = Memory::TOTAL - state().memory.used();
  return CUDA_SUCCESS;
}

API cuMemHostAlloc(void **place, size_t size, unsigned) {
  const std::lock_guard lock(state().mutex);
  *place = new char[size];
  state().pinned[reinterpret_cast<uint64_t>(*place)] = size;
  return CUDA_SUCCESS;
}

API cuMemFreeHost(void *place) {
  const std::lock_guard lock(state().mutex);
  const CUresult code = settle(state().streams.drain_all());
  if (!state().pinned.erase(reinterpret_cast<uint64_t>(place))) return refuse(CUDA_ERROR_INVALID_VALUE, "cuMemFreeHost of what was not allocated");
  delete[] static_cast<char *>(place);
  return code;
}

API cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t size) {
  const std::lock_guard lock(state().mutex);
  return at_once(to_device("cuMemcpyHtoD", to, from, size));
}

API cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t size, CUstream stream) {
  const std::lock_guard lock(state().mutex);
  return add(stream, to_device("cuMemcpyHtoDAsync", to, from, size));
}

API cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t size) {
  const std::lock_guard lock(state().mutex);
  return at_once(to_host("cuMemcpyDtoH", to, from, size));
}

// Into pinned memory when its turn comes, and NaN until then; into pageable memory before the call returns, as CUDA says.
API cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t size, CUstream stream) {
  const std::lock_guard lock(state().mutex);
  add(stream, to_host("cuMemcpyDtoHAsync", to, from, size));
  if (!is_pinned(to, size)) return settle(state().streams.drain(queue(stream)));
  std::memset(to, 0xFF, size);
  return state().broken;
}

API cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t size) {
  const std::lock_guard lock(state().mutex);
  return at_once(within("cuMemcpyDtoD", to, from, size));
}

API cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t size, CUstream stream) {
  const std::lock_guard lock(state().mutex);
  return add(stream, within("cuMemcpyDtoDAsync", to, from, size));
}

API cuMemsetD8_v2(CUdeviceptr to, unsigned char byte, size_t size) {
  const std::lock_guard lock(state().mutex);
  return at_once(set("cuMemsetD8", to, byte, size));
}

API cuMemsetD8Async(CUdeviceptr to, unsigned char byte, size_t size, CUstream stream) {
  const std::lock_guard lock(state().mutex);
  return add(stream, set("cuMemsetD8Async", to, byte, size));
}

API cuLaunchKernel(CUfunction handle, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, CUstream stream,
                   void **arguments, void **extra) {
  const std::lock_guard lock(state().mutex);
  const auto &function = *static_cast<Function *>(handle);
  const auto invalid = [&](const std::string &what) { return refuse(CUDA_ERROR_INVALID_VALUE, "launch of " + function.name + ": " + what); };
  const uint64_t threads = uint64_t(bx) * by * bz;
  const auto three = [](unsigned x, unsigned y, unsigned z) { return std::to_string(x) + " x " + std::to_string(y) + " x " + std::to_string(z); };
  if (threads == 0 || threads > function.most) return invalid(three(bx, by, bz) + " threads a block, expected 1 to " + std::to_string(function.most));
  if (gx == 0 || gy == 0 || gz == 0 || gx > 0x7FFFFFFF || gy > MOST_OF_YZ || gz > MOST_OF_YZ) return invalid(three(gx, gy, gz) + " blocks");
  if (shared > SHARED) return invalid(std::to_string(shared) + " bytes of shared memory, expected at most " + std::to_string(SHARED));
  if (extra) return invalid("arguments in a buffer are not emulated");
  // Arguments are copied now: the caller's are gone when the kernel runs.
  std::vector<std::vector<uint64_t>> copied;
  for (size_t i = 0; i < function.sizes.size(); ++i) {
    copied.emplace_back((function.sizes[i] + 7) / 8);
    std::memcpy(copied.back().data(), arguments[i], function.sizes[i]);
  }
  const uint64_t drawn = state().streams.draw();
  const uint64_t order = drawn % 6 < 4 ? drawn % 6 : drawn;  // in turn, warp by warp, or at random
  return add(stream, [=, &function] {
    const unsigned grid[3] = {gx, gy, gz}, block[3] = {bx, by, bz};
    auto values = copied;
    std::vector<void *> places;
    for (auto &value : values) places.push_back(value.data());
    char text[512];
    const int failed = function.launch(function.name.c_str(), grid, block, order, places.data(), text, sizeof text);
    return failed ? Fault{CUresult(failed), function.name + ": " + text} : Fault{};
  });
}
