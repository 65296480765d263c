// Device memory: an arena whose addresses mean nothing to the host, and are never given out twice.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "../host/watch.h"

namespace emulated {
using simt::Recent;

class Memory {
 public:
  static constexpr size_t ALIGNMENT = 256;     // as cuMemAlloc's
  static constexpr size_t TOTAL = 1ull << 34;  // of one allocation, and of all that live: 16 GiB

  Memory();
  // The first byte, or 0 where there is no room.
  uint64_t allocate(size_t size);
  // Whether it was an allocation that lived.
  bool release(uint64_t first);
  // What is wrong about an access, or nothing.
  std::string misuse(uint64_t place, size_t size) const;
  // Whether the address is of the arena.
  bool holds(uint64_t place) const { return place >= base_ && place < base_ + ARENA; }
  const Recent *recent() const { return recent_; }
  size_t used() const { return used_; }
  size_t living() const { return alive_.size(); }
  // Between the two, the driver may touch it; at any other time nobody can.
  void open();
  void close();

 private:
  static constexpr size_t ARENA = 1ull << 40;
  struct Allocation {
    size_t size;
    bool lives;
  };
  uint64_t base_ = 0, next_ = 0;
  size_t used_ = 0;
  int opened_ = 0;
  std::map<uint64_t, Allocation> all_;
  std::set<uint64_t> alive_;
  std::vector<uint64_t> fresh_;  // to be poisoned when it is opened: opening takes its time
  uint64_t from_ = 0, to_ = 0;  // what is open
  mutable Recent recent_[simt::RECENT];
  mutable int next_recent_ = 0;
};

// Opens the memory for a scope.
struct Opened {
  explicit Opened(Memory &memory) : memory(memory) { memory.open(); }
  ~Opened() { memory.close(); }
  Opened(const Opened &) = delete;
  Memory &memory;
};
}  // namespace emulated
