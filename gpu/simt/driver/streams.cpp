#include "streams.h"

#include <optional>

namespace emulated {
uint64_t Streams::draw() {
  random_ ^= random_ << 13, random_ ^= random_ >> 7, random_ ^= random_ << 17;
  return random_;
}

bool Streams::is_empty(uint64_t stream) const {
  const auto found = queues_.find(stream);
  return found == queues_.end() || found->second.empty();
}

Fault Streams::drain(uint64_t stream) {
  return go_on([&] { return is_empty(stream); });
}

Fault Streams::drain_all() {
  return go_on([&] {
    for (const auto &[_, queue] : queues_)
      if (!queue.empty()) return false;
    return true;
  });
}

Fault Streams::reach(const Point &point) {
  return go_on([&] { return *point; });
}

Fault Streams::go_on(const std::function<bool()> &done) {
  std::optional<Opened> opened;
  while (!stopped_ && !done()) {
    if (!opened) opened.emplace(memory_);
    std::vector<std::deque<Work> *> ready;
    for (auto &[_, queue] : queues_)
      if (!queue.empty() && (!queue.front().after || *queue.front().after)) ready.push_back(&queue);
    if (ready.empty()) return {CUDA_ERROR_LAUNCH_FAILED, "streams wait for each other, or for an event that nobody records"};
    auto &queue = *ready[draw() % ready.size()];
    const Work work = std::move(queue.front());
    queue.pop_front();
    Fault fault = work.run();
    if (fault.code != CUDA_SUCCESS) return fault;
  }
  return {};
}
}  // namespace emulated
