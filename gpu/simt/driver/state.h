// What the driver knows: one device, its memory, its streams, and the first fault, which stays.
#pragma once
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>

#include "cuda.h"
#include "library.h"
#include "memory.h"
#include "streams.h"

namespace emulated {
struct Event {
  Point point = std::make_shared<bool>(true);  // an event that nobody has recorded is passed
};

struct State {
  State();
  ~State();
  std::mutex mutex;
  Memory memory;
  Streams streams;
  std::map<uint64_t, size_t> pinned;
  std::set<Event *> events;
  CUresult broken = CUDA_SUCCESS;
};
State &state();

// Says what is wrong and gives the code back.
CUresult refuse(CUresult code, const std::string &what);
// As `refuse`; every later call gives the code, too, as after a kernel's fault on a device.
CUresult breaks(CUresult code, const std::string &what);
// Whether something has gone wrong before, or what the streams did now.
CUresult settle(const Fault &fault);
// The queue of a handle: a thread has one of its own behind CU_STREAM_PER_THREAD.
uint64_t queue(CUstream stream);
bool is_pinned(const void *place, size_t size);
}  // namespace emulated
