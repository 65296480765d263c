// What the kernels' side (hooks.cpp) and whoever watches their accesses (driver/memory.h) both know.
#pragma once
#include <cstddef>
#include <cstdint>

namespace simt {
// Memory that was found right lately and that lives on, first and last byte: asked before anything else, as accesses come in rows.
struct Recent {
  uint64_t first = 0, last = 0;
};
constexpr int RECENT = 4;

// What is wrong about an access, or nullptr.
using Watcher = const char *(*)(const void *place, size_t size, int writes);
}  // namespace simt
