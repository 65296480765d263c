// CUDA kernel source as host C++17: one fiber per GPU thread, one block at a time.
//
// The text that nvcc compiles is compiled here by a C++ compiler. Beyond the arithmetic it checks
//   barriers           some threads of a block wait at __syncthreads() while others have ended or wait elsewhere: a fault, not a hang
//   warp collectives   a caller that is not in its mask, masks that disagree, a source lane that is not in the mask
//   shared memory      every block starts with NaN (even `order`) or 3.4e38 (odd `order`) in it
//   missing barriers   threads run in an order drawn from `order`: all of them from rendezvous to rendezvous, forwards, backwards or at random, or one
//                      warp after the other from barrier to barrier, as far ahead as it can get; a kernel that lacks a barrier gives other results
//   bounds             the caller's buffers are framed with guard bytes (see src/lib.rs)
// It cannot see time, coalescing, bank conflicts, registers, memory order between blocks, cp.async or tensor cores.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

// What the shim itself reads and writes is no access of a kernel's: see hooks.cpp.
#define SIMT_OWN __attribute__((no_sanitize_address))

#define SIMT_HOST 1
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __restrict__

struct uint3 {
  unsigned x, y, z;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

namespace simt {
constexpr unsigned WARP_SIZE = 32;

enum class State { Ready, AtBarrier, AtCollective, Ended };

struct Thread {
  void *stack_pointer = nullptr;
  char *stack = nullptr;
  uint3 id{};
  unsigned place = 0;
  State state = State::Ready;
  int line = 0;       // of the source, where it waits
  unsigned mask = 0;  // of the collective it waits in
  uint64_t offered = 0;
};

struct Block {
  std::vector<Thread> threads;
  Thread *current = nullptr;
  void *scheduler = nullptr;
  uint3 grid{}, size{}, id{};
  const std::function<void()> *body = nullptr;
  std::string fault;
  int code = 0;  // of the fault, as a driver names it
  uint64_t random = 0;
};
extern Block *block;

// A driver's codes for what kernels do wrong.
enum Code { NoKernel = 500, IllegalAddress = 700, MisalignedAddress = 716, LaunchFailed = 719 };
struct Fault {
  int code = 0;
  std::string words;
};

void wait(State state, int line, unsigned mask);
[[noreturn]] void fail(const std::string &what, Code code = LaunchFailed);
// A shuffle's fault: which lane, and what it does with which other.
[[noreturn]] void fail_shuffle(int line, const char *what, unsigned other);
// order: even, shared memory starts as NaN; odd, as 3.4e38. 0 and 1 step all threads, forwards and backwards; 2 and 3 run warp after warp, first
// and last warp first; any other steps all threads at random with that seed. Returns the fault, or nothing.
Fault launch(uint3 grid, uint3 size, uint64_t order, const std::function<void()> &body);

constexpr size_t STACK = 64 * 1024;  // of a thread

// Whether a place is the shim's own, or the stack of the thread that runs. Asked before every access: no call, no branch that can be spared.
inline bool is_ours(const void *place, size_t size) {
  const auto within = [&](const void *start, size_t length) {
    return reinterpret_cast<uintptr_t>(place) - reinterpret_cast<uintptr_t>(start) <= length - size;
  };
  return within(block->current->stack, STACK) || within(block->threads.data(), block->threads.size() * sizeof(Thread)) || within(block, sizeof *block);
}

inline unsigned lane() { return block->current->place % WARP_SIZE; }

// Offers `mine` to the warp and takes what lane `source` offered.
template <class T> T exchange(unsigned mask, T mine, unsigned source, int line) {
  static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
  Thread *me = block->current;
  if (!(mask >> lane() & 1)) fail_shuffle(line, "is not in its own mask", WARP_SIZE);
  if (!(mask >> source & 1)) fail_shuffle(line, "which is not in the mask", source);
  const unsigned warp = me->place / WARP_SIZE * WARP_SIZE;
  if (warp + source >= block->threads.size()) fail_shuffle(line, "which does not exist", source);
  std::memcpy(&me->offered, &mine, sizeof mine);
  wait(State::AtCollective, line, mask);  // all have offered
  T taken;
  std::memcpy(&taken, &block->threads[warp + source].offered, sizeof taken);
  wait(State::AtCollective, line, mask);  // all have taken
  return taken;
}

// Shared variables, one for every place in the source: blocks run one at a time. Poisoned when a block starts.
void share(void *memory, size_t size);

template <class T, int PLACE> T &shared() {
  struct Memory {
    alignas(16) unsigned char bytes[sizeof(T)];
    Memory() { share(bytes, sizeof bytes); }
  };
  static Memory memory;
  return *reinterpret_cast<T *>(memory.bytes);
}

// Kernels by name, called with pointers to their arguments as cuLaunchKernel is; and how large each argument is.
struct Kernel {
  std::function<void(void **)> call;
  std::vector<size_t> sizes;
};
std::map<std::string, Kernel> &kernels();

struct Registered {
  template <class... A> Registered(const char *name, void (*kernel)(A...)) {
    const auto unpack = [kernel](void **arguments) SIMT_OWN { call(kernel, arguments, std::index_sequence_for<A...>{}); };
    kernels()[name] = {unpack, {sizeof(A)...}};
  }
  template <class... A, size_t... I>
  SIMT_OWN static void call(void (*kernel)(A...), void **arguments, std::index_sequence<I...>) {
    kernel(*static_cast<A *>(arguments[I])...);
  }
};
}  // namespace simt

#define SHARED(T, name) auto &name = simt::shared<T, __COUNTER__>()
#define REGISTER(kernel) static const simt::Registered registered_##kernel(#kernel, kernel);

#define threadIdx (simt::block->current->id)
#define blockIdx (simt::block->id)
#define blockDim (simt::block->size)
#define gridDim (simt::block->grid)
#define __syncthreads() simt::wait(simt::State::AtBarrier, __LINE__, 0)
#define __shfl_xor_sync(mask, x, with) simt::exchange((mask), (x), simt::lane() ^ unsigned(with), __LINE__)

static inline int min(int a, int b) { return a < b ? a : b; }
template <class T> static inline T __ldg(const T *p) { return *p; }
static inline float __uint_as_float(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}
static inline double __longlong_as_double(long long bits) {
  double x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}
static inline long long __double_as_longlong(double x) {
  long long bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
static inline uint32_t __float_as_uint(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}
