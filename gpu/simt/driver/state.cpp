#include "state.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace emulated {
namespace {
uint64_t seed() {
  const char *given = std::getenv("EMULATED_CUDA_SEED");
  return given ? std::strtoull(given, nullptr, 10) : 1;
}
}  // namespace

State::State() : streams(seed(), memory) {}

// What lives on when the process ends was forgotten; a process that forgets does not end well.
State::~State() {
  if (memory.living() == 0 && pinned.empty()) return;
  std::fprintf(stderr, "emulated CUDA: %zu allocations of %zu bytes, and %zu of pinned memory, were never freed\n", memory.living(), memory.used(),
               pinned.size());
  std::fflush(stderr);
  _exit(70);
}

State &state() {
  static State all;
  return all;
}

CUresult refuse(CUresult code, const std::string &what) {
  std::fprintf(stderr, "emulated CUDA: %s\n", what.c_str());
  return code;
}

CUresult breaks(CUresult code, const std::string &what) {
  if (state().broken == CUDA_SUCCESS) state().broken = code;
  state().streams.stop();
  return refuse(code, what);
}

CUresult settle(const Fault &fault) { return fault.code == CUDA_SUCCESS ? state().broken : breaks(fault.code, fault.words); }

uint64_t queue(CUstream stream) {
  constexpr uint64_t PER_THREAD = 2;
  if (reinterpret_cast<uint64_t>(stream) != PER_THREAD) return reinterpret_cast<uint64_t>(stream);
  static std::atomic<uint64_t> threads{0};
  static thread_local const uint64_t mine = ++threads;
  return 1ull << 63 | mine;
}

bool is_pinned(const void *place, size_t size) {
  const auto first = reinterpret_cast<uint64_t>(place);
  auto next = state().pinned.upper_bound(first);
  if (next == state().pinned.begin()) return false;
  --next;
  return first + size <= next->first + next->second;
}
}  // namespace emulated
