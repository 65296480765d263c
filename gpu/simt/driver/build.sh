#!/usr/bin/env bash
# Builds the emulated driver: FOLDER with libcuda.so.1, stand-ins for the libraries beside it, and FOLDER/kernels.
# usage: build.sh FOLDER SOURCES.cu...     the project's own kernels; candle's are compiled from cargo's sources
#        build.sh --stand-ins FOLDER       the stand-ins alone, for a machine that has a driver and no toolkit
# Then: LD_LIBRARY_PATH=FOLDER program     a program that cudarc links dynamically (its feature `dynamic-linking`, as candle has it)
# Needs a C++ compiler and cargo's sources of cudarc and candle-kernels (cargo fetch).
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
if [ "$#" -eq 0 ] || [ "$*" = --stand-ins ]; then sed -n '2,6s/^# \{0,1\}//p' "$0" && exit 2; fi
. "$here/declared.sh"
stand_ins_alone=
if [ "$1" = --stand-ins ]; then stand_ins_alone=1 && shift; fi
folder="$(mkdir -p "$1" && cd "$1" && pwd)"
shift
work="$folder/objects"
CXX="${CXX:-c++}"
# What is declared and not implemented fails by its name; handles that candle makes when it opens a device are made.
library() { # cudarc's folder, file, status of what is refused, objects that implement some of it
  local names="$work/$2.implemented" objects=("${@:4}")
  { [ "$#" -le 3 ] || nm -g --defined-only "${objects[@]}" 2>/dev/null; } | awk '$2 == "T" {print $3}' | sort -u > "$names"
  {
    echo '#include <stdio.h>'
    echo '#define REFUSE(name, status) __attribute__((visibility("default"))) int name(void) { return fprintf(stderr, "a stand-in for CUDA: it has no " #name "\n"), status; }'
    echo '#define FINE(name) __attribute__((visibility("default"))) int name(void) { return 0; }'
    echo '#define HANDLE(name) __attribute__((visibility("default"))) int name(void **made) { static int handle; return *made = &handle, 0; }'
    declared "$1" | comm -23 - "$names" | awk -v status="$3" '
      /^(cublasCreate_v2|curandCreateGenerator|cublasLtCreate)$/ {print "HANDLE(" $1 ")"; next}
      /^(cublasDestroy_v2|cublasSetStream_v2|curandDestroyGenerator|curandSetStream|curandSetPseudoRandomGeneratorSeed|cublasLtDestroy)$/ {print "FINE(" $1 ")"; next}
      {print "REFUSE(" $1 ", " status ")"}'
  } > "$work/$2.c"
  cc -fPIC -fvisibility=hidden -O1 -w -fno-builtin -c "$work/$2.c" -o "$work/$2.o"
  $CXX -shared -o "$folder/$2" -Wl,-soname,"$2" "${objects[@]}" "$work/$2.o" -ldl
}
stand_ins() {
  library nvrtc libnvrtc.so.13 11
  library curand libcurand.so.10 203
  library cublas libcublas.so.13 15 "$@"
  library cublaslt libcublasLt.so.13 15
  library none libcudart.so.13 801
}
if [ -n "$stand_ins_alone" ]; then
  mkdir -p "$work" && stand_ins && rm -r "$work"
  exit 0
fi

# Nothing is built again that nothing has changed in.
made="$({ "$CXX" --version; cat "$here"/*.* "$here"/toolkit/*.h "$here"/toolkit/cuda/std/* "$here"/../host/* "$@" "$(dirname "${1:-$here/build.sh}")"/*.cuh "$CANDLE_KERNELS"/*.cu*; } 2>/dev/null | cksum)"
if [ "$(cat "$folder/made" 2>/dev/null)" = "$made" ]; then exit 0; fi
rm -rf "$folder/kernels" "$folder/made"
mkdir -p "$folder/kernels" "$work"
common="-std=c++17 -fPIC -fvisibility=hidden -ffp-contract=off"
grep -q fma /proc/cpuinfo && common="$common -mfma"
# Every access of a kernel's is a call to host/hooks.cpp, and so is a misaligned one.
watched="-fsanitize=kernel-address,alignment -fno-sanitize-recover=alignment --param asan-instrumentation-with-call-threshold=0 --param asan-stack=0 --param asan-globals=0"
candle=(-D__CUDA_ARCH__=800 -D__CUDACC_VER_MAJOR__=13 -D__CUDACC_VER_MINOR__=0 -I "$CANDLE_KERNELS" -I "$here/toolkit" -include "$here/toolkit/device.h")
jobs="$work/jobs"
: > "$jobs"

later() { printf '%q ' "$@" >> "$jobs" && echo >> "$jobs"; }
for part in memory streams library state device transfers blas; do later $CXX $common -O2 -c "$here/$part.cpp" -o "$work/$part.o"; done
for part in simt hooks; do later $CXX $common -O3 -I "$here/../host" -c "$here/../host/$part.cpp" -o "$work/$part.o"; done

# What a source declares, with one of the shim's macros as a word of its own: the preprocessor is asked.
preprocessed() { # macro, what it is, source, more of the compiler's options
  $CXX $common -I "$here/../host" -I "$(dirname "$3")" "${@:4}" -E -P -x c++ <(printf '#include <simt.h>\n#undef %s\n#define %s\n#include "%s"\n' "${1%%(*}" "$1 $2" "$3")
}

# candle's own kernels: the sources have no list of themselves.
for name in affine binary cast conv fill indexing reduce ternary unary; do
  source="$CANDLE_KERNELS/$name.cu"
  {
    echo "#include \"$source\""
    preprocessed __global__ simt_global "$source" "${candle[@]}" |
      grep -oE 'simt_global +void +[A-Za-z0-9_]+ *\(' | sed -E 's/simt_global +void +([A-Za-z0-9_]+) *\(/REGISTER(\1)/' | sort -u
  } > "$work/candle-$name.cpp"
  later $CXX $common -O1 -w -I "$here/../host" "${candle[@]}" $watched -c "$work/candle-$name.cpp" -o "$work/candle-$name.kernel.o"
done
later $CXX $common -O2 -w -I "$here/../host" "${candle[@]}" $watched -x c++ -c "$here/blas.cu" -o "$work/blas.kernel.o"
# How many threads a block of a kernel may have, where it says so.
: > "$folder/kernels/bounds"
for source in "$@"; do
  preprocessed '__launch_bounds__(most, ...)' 'simt_bounds most' "$(realpath "$source")" | tr '\n' ' ' > "$work/bounded"
  sed -E 's/simt_bounds +([0-9]+) +([A-Za-z0-9_]+) *\(/\n\2 \1\n/g' "$work/bounded" | sed -nE '/^[A-Za-z0-9_]+ [0-9]+$/p' > "$work/bounds"
  if [ "$(grep -o simt_bounds "$work/bounded" | wc -l)" -ne "$(wc -l < "$work/bounds")" ]; then
    echo "$source: a bound of a launch is no number before a kernel's name" >&2 && exit 1
  fi
  cat "$work/bounds" >> "$folder/kernels/bounds"
  later $CXX $common -O2 -w -I "$here/../host" -I "$(dirname "$source")" -include "$here/../host/simt.h" $watched -x c++ -c "$source" -o "$work/$(basename "$source" .cu).kernel.o"
done
xargs -d '\n' -P "$(nproc)" -I {} bash -c '{}' < "$jobs"
for object in "$work"/*.kernel.o; do
  $CXX -shared -o "$folder/kernels/$(basename "$object" .kernel.o).so" "$object" "$work/simt.o" "$work/hooks.o" -ldl
done

library driver libcuda.so.1 801 "$work"/{memory,streams,library,state,device,transfers}.o
stand_ins "$work/blas.o" "$folder/libcuda.so.1"
echo "$made" > "$folder/made"
