// The scheduler of simt.h, and the one function that the Rust side calls.
#include "simt.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#if !defined(__x86_64__)
#error "the fibers switch stacks as System V x86-64 does; other processors are not supported"
#endif

// Saves the callee-saved registers on the stack and goes on with another stack.
extern "C" void simt_switch(void **save, void *to);
asm(R"(
.text
.globl simt_switch
.type simt_switch,@function
simt_switch:
  pushq %rbp; pushq %rbx; pushq %r12; pushq %r13; pushq %r14; pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbx; popq %rbp
  ret
.size simt_switch,.-simt_switch
)");

namespace simt {
Block *block = nullptr;

std::map<std::string, Kernel> &kernels() {
  static std::map<std::string, Kernel> all;
  return all;
}

namespace {
struct Memory {
  void *start;
  size_t size;
};
std::vector<Memory> &shared_memory() {
  static std::vector<Memory> all;
  return all;
}

// 3.4e38, which fmaxf keeps, or NaN, which it drops: use both.
int poison = 0xFF;

// Stacks of threads that have ended: a launch has up to a thousand, and the system takes its time over each.
std::vector<char *> &spare() {
  static std::vector<char *> all;
  return all;
}

char *take_stack() {
  if (spare().empty()) return static_cast<char *>(std::aligned_alloc(64, STACK));
  char *stack = spare().back();
  spare().pop_back();
  return stack;
}

void yield() { simt_switch(&block->current->stack_pointer, block->scheduler); }

void entry() {
  (*block->body)();
  block->current->state = State::Ended;
  yield();
  std::abort();  // nobody goes on with an ended thread
}

void prepare(Thread &thread) {
  if (!thread.stack) thread.stack = take_stack();
  auto *top = reinterpret_cast<uint64_t *>(thread.stack + STACK - 64);
  *--top = 0;  // as after a call: the stack pointer is 8 off a multiple of 16
  *--top = reinterpret_cast<uint64_t>(&entry);
  for (int registers = 0; registers < 6; ++registers) *--top = 0;
  thread.stack_pointer = top;
  thread.state = State::Ready;
}

// Lets the threads of one warp go on whose mask has come together at one line.
bool release_collectives(size_t warp) {
  bool any = false;
  auto &threads = block->threads;
  const size_t end = std::min(threads.size(), warp + WARP_SIZE);
  for (size_t i = warp; i < end; ++i) {
    const Thread &first = threads[i];
    if (first.state != State::AtCollective) continue;
    const unsigned mask = first.mask;
    const int line = first.line;
    bool complete = end - warp == WARP_SIZE || mask >> (end - warp) == 0;
    for (size_t j = warp; j < end && complete; ++j)
      if (mask >> (j - warp) & 1)
        complete = threads[j].state == State::AtCollective && threads[j].mask == mask && threads[j].line == line;
    if (!complete) continue;
    for (size_t j = warp; j < end; ++j)
      if (mask >> (j - warp) & 1) threads[j].state = State::Ready;
    any = true;
  }
  return any;
}

// Lets the block go on when all of it has come to one barrier.
bool release_barrier() {
  int line = -1;
  bool same = true;
  for (const Thread &thread : block->threads) {
    if (thread.state != State::AtBarrier) return false;
    if (line < 0) line = thread.line;
    same = same && thread.line == line;
  }
  if (!same) {
    block->fault = "__syncthreads at different lines of the source in one block";
    return false;
  }
  for (Thread &thread : block->threads) thread.state = State::Ready;
  return true;
}

std::string waiting() {
  std::string list;
  for (const Thread &thread : block->threads) {
    if (thread.state == State::Ended || list.size() > 200) continue;
    list += " thread " + std::to_string(thread.place) + (thread.state == State::AtBarrier ? " at a barrier" : " in a collective") + " of line " +
            std::to_string(thread.line) + ";";
  }
  return list;
}

void shuffle(std::vector<unsigned> &order, uint64_t kind) {
  for (unsigned i = 0; i < order.size(); ++i) order[i] = kind == 1 ? unsigned(order.size()) - 1 - i : i;
  if (kind <= 3) return;
  for (size_t i = order.size(); i > 1; --i) {
    block->random ^= block->random << 13, block->random ^= block->random >> 7, block->random ^= block->random << 17;
    std::swap(order[i - 1], order[block->random % i]);
  }
}

// Runs a thread to its next rendezvous; whether it could.
bool step(Thread &thread) {
  if (thread.state != State::Ready) return false;
  block->current = &thread;
  simt_switch(&block->scheduler, thread.stack_pointer);
  return true;
}

// All threads, each to its next rendezvous.
bool step_all(uint64_t kind, std::vector<unsigned> &order) {
  bool ran = false;
  shuffle(order, kind);
  for (unsigned i : order) {
    ran |= step(block->threads[i]);
    if (!block->fault.empty()) return true;
  }
  for (size_t warp = 0; warp < order.size(); warp += WARP_SIZE) ran |= release_collectives(warp);
  return ran;
}

// Warp after warp, each to its next barrier.
bool run_warps(bool backwards) {
  bool ran = false;
  const size_t warps = (block->threads.size() + WARP_SIZE - 1) / WARP_SIZE;
  for (size_t w = 0; w < warps; ++w) {
    const size_t first = (backwards ? warps - 1 - w : w) * WARP_SIZE;
    const size_t end = std::min(block->threads.size(), first + WARP_SIZE);
    do {
      for (size_t i = first; i < end; ++i) {
        ran |= step(block->threads[i]);
        if (!block->fault.empty()) return true;
      }
    } while (release_collectives(first));
  }
  return ran;
}

void run_block(uint64_t kind, std::vector<unsigned> &order) {
  for (Thread &thread : block->threads) prepare(thread);
  for (;;) {
    const bool ran = kind == 2 || kind == 3 ? run_warps(kind == 3) : step_all(kind, order);
    if (!block->fault.empty()) return;
    const bool released = release_barrier();
    if (!block->fault.empty()) return;
    if (ran || released) continue;
    const std::string stuck = waiting();
    if (!stuck.empty()) block->fault = "deadlock:" + stuck;
    return;
  }
}
}  // namespace

void share(void *memory, size_t size) {
  shared_memory().push_back({memory, size});
  std::memset(memory, poison, size);  // met in the middle of a block for the first time
}

void wait(State state, int line, unsigned mask) {
  Thread *me = block->current;
  me->state = state, me->line = line, me->mask = mask;
  yield();
}

void fail(const std::string &what, Code code) {
  block->fault = what, block->code = code;
  yield();
  std::abort();
}

void fail_shuffle(int line, const char *what, unsigned other) {
  std::string text = "line " + std::to_string(line) + ": lane " + std::to_string(lane()) + " ";
  if (other < WARP_SIZE) text += "reads lane " + std::to_string(other) + ", ";
  fail(text + what);
}

Fault launch(uint3 grid, uint3 size, uint64_t order, const std::function<void()> &body) {
  Block all;
  block = &all;
  all.grid = grid, all.size = size, all.body = &body, all.random = order * 0x9E3779B97F4A7C15ull + 1;
  all.threads.resize(size_t(size.x) * size.y * size.z);
  unsigned place = 0;
  for (unsigned z = 0; z < size.z; ++z)
    for (unsigned y = 0; y < size.y; ++y)
      for (unsigned x = 0; x < size.x; ++x, ++place) all.threads[place].id = {x, y, z}, all.threads[place].place = place;
  std::vector<unsigned> places(all.threads.size());
  poison = order & 1 ? 0x7F : 0xFF;
  for (unsigned z = 0; z < grid.z; ++z)
    for (unsigned y = 0; y < grid.y; ++y)
      for (unsigned x = 0; x < grid.x && all.fault.empty(); ++x) {
        all.id = {x, y, z};
        for (const Memory &memory : shared_memory()) std::memset(memory.start, poison, memory.size);
        run_block(order, places);
      }
  for (Thread &thread : all.threads)
    if (thread.stack) spare().push_back(thread.stack);
  block = nullptr;
  if (all.fault.empty()) return {};
  return {all.code ? all.code : LaunchFailed, all.fault};
}
}  // namespace simt

// 0: done; else a driver's code for what was found, and the sentence in `text`.
extern "C" __attribute__((visibility("default"))) int simt_launch(const char *name, const unsigned *grid, const unsigned *size, uint64_t order,
                                                                  void **arguments, char *text, size_t length) {
  const auto kernel = simt::kernels().find(name);
  if (kernel == simt::kernels().end()) {
    std::snprintf(text, length, "there is no kernel %s", name);
    return simt::NoKernel;
  }
  const simt::Fault fault =
      simt::launch({grid[0], grid[1], grid[2]}, {size[0], size[1], size[2]}, order, [&] { kernel->second.call(arguments); });
  std::snprintf(text, length, "%s", fault.words.c_str());
  return fault.code;
}

// How many arguments a kernel has, and the size of each; -1 where there is no such kernel.
extern "C" __attribute__((visibility("default"))) int simt_describe(const char *name, const size_t **sizes) {
  const auto kernel = simt::kernels().find(name);
  if (kernel == simt::kernels().end()) return -1;
  *sizes = kernel->second.sizes.data();
  return int(kernel->second.sizes.size());
}
