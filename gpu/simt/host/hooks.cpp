// What a C++ compiler calls before each access of a kernel's to memory, with -fsanitize=kernel-address and every check a call; and what it calls
// for a misaligned one, with -fsanitize=alignment. The kernels' text stays as it is.
//
// An access may go to the stack of the thread that runs, to the kernels' own constants and shared variables, or to memory that the watcher knows.
#include "simt.h"
#include "watch.h"

#include <dlfcn.h>
#include <link.h>

namespace simt {
namespace {
Watcher watcher = nullptr;
const Recent *recent = nullptr;

// Where this library's own variables and constants lie.
struct Range {
  const char *first, *last;
};
Range own[8];
int owned = 0;

int find(dl_phdr_info *info, size_t, void *) {
  const auto *base = reinterpret_cast<const char *>(info->dlpi_addr);
  const auto *here = reinterpret_cast<const char *>(&watcher);
  bool ours = false;
  owned = 0;
  for (int i = 0; i < info->dlpi_phnum && owned < 8; ++i) {
    const auto &segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const char *first = base + segment.p_vaddr;
    own[owned++] = {first, first + segment.p_memsz};
    ours = ours || (here >= first && here < first + segment.p_memsz);
  }
  return ours;
}

// Here every access passes: no call, and no branch that can be spared.
inline void touch(const void *place, size_t size, int writes) {
  if (!block || !block->current || !watcher) return;  // before a launch: initialisers
  const auto at = reinterpret_cast<uintptr_t>(place);
  if (is_ours(place, size)) return;
  for (int i = 0; i < RECENT; ++i)
    if (at >= recent[i].first && at + size <= recent[i].last) return;
  const auto *p = static_cast<const char *>(place);
  for (int i = 0; i < owned; ++i)
    if (p >= own[i].first && p + size <= own[i].last) return;
  if (const char *what = watcher(place, size, writes)) {
    const Thread &me = *block->current;
    const auto three = [](const uint3 &v) { return std::to_string(v.x) + ", " + std::to_string(v.y) + ", " + std::to_string(v.z); };
    fail("thread (" + three(me.id) + ") of block (" + three(block->id) + ") " + (writes ? "writes " : "reads ") + std::to_string(size) + " bytes " + what, IllegalAddress);
  }
}
}  // namespace
}  // namespace simt

extern "C" {
#define HOOKS(N)                                                                         \
  void __asan_load##N##_noabort(const void *place) { simt::touch(place, N, 0); }         \
  void __asan_store##N##_noabort(const void *place) { simt::touch(place, N, 1); }
HOOKS(1)
HOOKS(2)
HOOKS(4)
HOOKS(8)
HOOKS(16)
void __asan_loadN_noabort(const void *place, size_t size) { simt::touch(place, size, 0); }
void __asan_storeN_noabort(const void *place, size_t size) { simt::touch(place, size, 1); }
void __asan_handle_no_return() {}
void __asan_before_dynamic_init(const void *) {}
void __asan_after_dynamic_init() {}

// What the compiler knows about a misaligned access: where in the source, of which type, and the alignment's logarithm.
struct Misaligned {
  const char *file;
  uint32_t line, column;
  const void *type;
  uint8_t log_alignment, kind;
};
void __ubsan_handle_type_mismatch_v1_abort(const Misaligned *at, uintptr_t place) {
  if (!simt::block || !simt::block->current) return;
  simt::fail("line " + std::to_string(at->line) + ": misaligned, " + std::to_string(place % (1u << at->log_alignment)) + " bytes behind a multiple of " +
             std::to_string(1u << at->log_alignment), simt::MisalignedAddress);
}

__attribute__((visibility("default"))) void simt_watch(simt::Watcher watch, const simt::Recent *known) {
  dl_iterate_phdr(simt::find, nullptr);
  simt::watcher = watch;
  simt::recent = known;
}
}
