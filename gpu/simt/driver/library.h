// Kernels: shared objects beside the driver, each a source compiled behind the shim (host/simt.h) with its hooks (host/hooks.cpp).
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "memory.h"

namespace emulated {
constexpr unsigned MOST_THREADS = 1024;  // of a block

struct Function {
  std::string name;
  std::vector<size_t> sizes;  // of its arguments
  unsigned most;              // threads of a block that it is compiled for
  int (*launch)(const char *, const unsigned *, const unsigned *, uint64_t, void **, char *, size_t);
};

// Who watches the accesses of kernels: what is wrong about one, or nullptr; and what need not be asked.
struct Watch {
  simt::Watcher misuse;
  const Recent *recent;
};

// The kernel of this name in any of the libraries, or nullptr. Found once, kept.
Function *find(const std::string &name, Watch watch);
}  // namespace emulated
