// Streams that run as late as they may, and in an order drawn at random where the interface leaves it open.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "cuda.h"
#include "memory.h"

namespace emulated {
// A point in a stream, passed or not.
using Point = std::shared_ptr<bool>;

struct Work {
  std::function<Fault()> run;
  Point after;  // what has to be passed before, if anything
};

class Streams {
 public:
  Streams(uint64_t seed, Memory &memory) : memory_(memory), random_(seed * 0x9E3779B97F4A7C15ull + 1) {}
  void add(uint64_t stream, Work work) { queues_[stream].push_back(std::move(work)); }
  // Goes on until the stream is empty, or all are, or the point is passed; the first fault on the way.
  Fault drain(uint64_t stream);
  Fault drain_all();
  Fault reach(const Point &point);
  bool is_empty(uint64_t stream) const;
  void forget(uint64_t stream) { queues_.erase(stream); }
  // After a fault nothing runs any more.
  void stop() { queues_.clear(), stopped_ = true; }
  uint64_t draw();

 private:
  Fault go_on(const std::function<bool()> &done);
  std::map<uint64_t, std::deque<Work>> queues_;
  Memory &memory_;
  uint64_t random_;
  bool stopped_ = false;
};
}  // namespace emulated
