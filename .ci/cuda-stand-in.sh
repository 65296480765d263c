#!/usr/bin/env bash
# The Rust side of the feature `cuda` on a machine without a GPU and without a toolkit: candle's own kernels become empty (nothing here could run
# them), the driver and its libraries become stubs that answer 'no device'. Ours are compiled by the real nvcc where ELBO_NVCC names it.
# usage: . .ci/cuda-stand-in.sh [FOLDER]; needs gcc, ar, and cargo's sources of cudarc and candle-kernels (cargo fetch).
STAND_IN="${1:-$PWD/target/cuda-stand-in}"
if [ ! -e "$STAND_IN/.made" ]; then
  stubs="$STAND_IN/lib/stubs"
  mkdir -p "$STAND_IN/bin" "$stubs" "$STAND_IN/include"
  . "$(dirname "${BASH_SOURCE[0]:-$0}")/../gpu/simt/driver/declared.sh"
  # Every function that cudarc declares for a library, returning the status given.
  stub() { # folder of cudarc, library, soname, status
    { declared "$1" | awk -v status="$4" '
        $1 == "cuGetErrorString" {print "int " $1 "(int code, const char **words){return *words = \"no CUDA-capable device is detected\", 0;}"; next}
        {print "int " $1 "(void){return " status ";}"}'; echo "int stub_$2;"; } > "$stubs/$2.c" # cudart: nothing declared
    gcc -shared -fPIC -O1 -w -fno-builtin -o "$stubs/$3" -Wl,-soname,"$3" "$stubs/$2.c" && ln -sf "$3" "$stubs/lib$2.so"
  }
  stub driver cuda libcuda.so.1 100
  stub nvrtc nvrtc libnvrtc.so.13 11
  stub curand curand libcurand.so.10 203
  stub cublas cublas libcublas.so.13 1
  stub cublaslt cublasLt libcublasLt.so.13 1
  stub none cudart libcudart.so.13 100
  grep -oE 'pub fn [A-Za-z0-9_]+' "$CANDLE_KERNELS/ffi.rs" | awk '{print "int " $3 "(void){__builtin_trap();}"}' | sort -u > "$stubs/moe.c"
  gcc -c -fPIC -w -o "$stubs/moe.o" "$stubs/moe.c" && ar rcs "$STAND_IN/libmoe.a" "$stubs/moe.o"
  cat > "$STAND_IN/bin/nvcc" <<'N'
#!/bin/sh
out=; folder=.; source=; library=; before=
for argument in "$@"; do
  case "$before" in -o) out=$argument;; --output-directory) folder=$argument;; esac
  case "$argument" in
    --version) printf 'nvcc: stand-in\nCopyright\nBuilt\nCuda compilation tools, release 13.0, V13.0.88\n'; exit 0;;
    --list-gpu-code) printf 'sm_80\nsm_90\n'; exit 0;;
    --lib) library=1;;
    *.cu) source=$argument;;
  esac
  before=$argument
done
if [ -n "$library" ]; then cp "$(dirname "$0")/../libmoe.a" "$out"
elif [ -n "$out" ]; then : > "$out"
elif [ -n "$source" ]; then : > "$folder/$(basename "$source" .cu).ptx"; fi
N
  chmod +x "$STAND_IN/bin/nvcc"
  touch "$STAND_IN/.made"
fi
export NVCC="$STAND_IN/bin/nvcc" CUDA_HOME="$STAND_IN" CUDA_PATH="$STAND_IN" PATH="$STAND_IN/bin:$PATH" CUDA_COMPUTE_CAP="${CUDA_COMPUTE_CAP:-80}"
export LD_LIBRARY_PATH="$STAND_IN/lib/stubs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
