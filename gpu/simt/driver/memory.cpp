#include "memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

namespace emulated {
namespace {
constexpr size_t PAGE = 4096;
size_t rounded(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }
}  // namespace

Memory::Memory() {
  void *arena = mmap(nullptr, ARENA, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (arena == MAP_FAILED) std::abort();
  base_ = reinterpret_cast<uint64_t>(arena);
  next_ = base_;
}

uint64_t Memory::allocate(size_t size) {
  // Pages of its own, which go back when it is freed; and one more behind, so that a neighbour is never met by one step too far.
  const size_t whole = rounded(size + ALIGNMENT, PAGE) + PAGE;
  if (size == 0 || size > TOTAL - used_ || next_ + whole > base_ + ARENA) return 0;
  const uint64_t first = next_ + ALIGNMENT;  // a multiple of that, and of nothing larger
  next_ += whole;
  all_[first] = {size, true};
  alive_.insert(first);
  used_ += size;
  fresh_.push_back(first);
  return first;
}

bool Memory::release(uint64_t first) {
  const auto found = all_.find(first);
  if (found == all_.end() || !found->second.lives) return false;
  found->second.lives = false;
  alive_.erase(first);
  used_ -= found->second.size;
  for (Recent &known : recent_)
    if (known.first == first) known = {};
  const uint64_t from = first / PAGE * PAGE, to = rounded(first + found->second.size, PAGE);
  madvise(reinterpret_cast<void *>(from), to - from, MADV_DONTNEED);
  return true;
}

std::string Memory::misuse(uint64_t place, size_t size) const {
  for (const Recent &known : recent_)
    if (place >= known.first && place + size <= known.last) return "";
  if (place < PAGE) return "at a null pointer";
  if (!holds(place)) return "of the host's memory";
  auto next = all_.upper_bound(place);
  if (next == all_.begin()) return "before the first allocation";
  const auto &[first, allocation] = *--next;
  const std::string of = " an allocation of " + std::to_string(allocation.size) + " bytes";
  const uint64_t end = first + allocation.size;
  if (place + size > end) {
    const uint64_t past = place + size - end;
    return "that end " + std::to_string(past) + " bytes behind" + of;
  }
  if (!allocation.lives) return "of" + of + " that was freed";
  recent_[next_recent_++ % simt::RECENT] = {first, end};
  return "";
}

// From the first allocation that lives: what lies before is never given out again.
void Memory::open() {
  if (opened_++ > 0 || alive_.empty()) return;
  from_ = *alive_.begin() / PAGE * PAGE, to_ = rounded(next_, PAGE);
  mprotect(reinterpret_cast<void *>(from_), to_ - from_, PROT_READ | PROT_WRITE);
  // NaN in every type, so that what nobody wrote shows.
  for (const uint64_t first : fresh_)
    if (const Allocation &allocation = all_[first]; allocation.lives) std::memset(reinterpret_cast<void *>(first), 0xFF, allocation.size);
  fresh_.clear();
}

void Memory::close() {
  if (--opened_ > 0 || to_ == from_) return;
  mprotect(reinterpret_cast<void *>(from_), to_ - from_, PROT_NONE);
  from_ = to_ = 0;
}
}  // namespace emulated
