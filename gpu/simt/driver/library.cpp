#include "library.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

namespace emulated {
namespace {
// The folder `kernels` beside this library, or EMULATED_CUDA_KERNELS.
std::filesystem::path folder() {
  if (const char *named = std::getenv("EMULATED_CUDA_KERNELS")) return named;
  Dl_info info{};
  dladdr(reinterpret_cast<void *>(&folder), &info);
  return std::filesystem::path(info.dli_fname).parent_path() / "kernels";
}

std::vector<void *> &libraries(Watch watch) {
  static std::vector<void *> all = [&] {
    std::vector<std::filesystem::path> files;
    std::error_code missing;
    for (const auto &entry : std::filesystem::directory_iterator(folder(), missing))
      if (entry.path().extension() == ".so") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    std::vector<void *> opened;
    for (const auto &file : files) {
      void *library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (!library) {
        std::fprintf(stderr, "emulated CUDA: %s\n", dlerror());
        continue;
      }
      const auto begin = reinterpret_cast<void (*)(simt::Watcher, const Recent *)>(dlsym(library, "simt_watch"));
      if (begin) begin(watch.misuse, watch.recent);
      opened.push_back(library);
    }
    return opened;
  }();
  return all;
}

// Threads of a block, for kernels whose sources bound them.
unsigned bound(const std::string &name) {
  static const std::map<std::string, unsigned> all = [] {
    std::map<std::string, unsigned> read;
    std::ifstream file(folder() / "bounds");
    std::string kernel;
    for (unsigned most = 0; file >> kernel >> most;) read[kernel] = most;
    return read;
  }();
  const auto found = all.find(name);
  return found == all.end() ? MOST_THREADS : found->second;
}
}  // namespace

Function *find(const std::string &name, Watch watch) {
  static std::map<std::string, std::unique_ptr<Function>> known;
  auto &function = known[name];
  if (function) return function.get();
  for (void *library : libraries(watch)) {
    const auto describe = reinterpret_cast<int (*)(const char *, const size_t **)>(dlsym(library, "simt_describe"));
    const size_t *sizes = nullptr;
    const int count = describe ? describe(name.c_str(), &sizes) : -1;
    if (count < 0) continue;
    const auto launch = reinterpret_cast<decltype(Function::launch)>(dlsym(library, "simt_launch"));
    function = std::make_unique<Function>(Function{name, {sizes, sizes + count}, bound(name), launch});
    return function.get();
  }
  return nullptr;
}
}  // namespace emulated
