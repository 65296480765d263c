#!/usr/bin/env bash
# The program's whole CUDA path on the emulated device: every function, forward and backward, in f32 and bf16, the kernels by themselves and inside
# candle's graph, on tensors that are whole, offset and transposed; a training step. And what each name of a device refuses.
# usage: gpu/emulated.sh PROGRAM FOLDER     PROGRAM has the feature cuda; FOLDER was filled by gpu/simt/driver/build.sh
# NO_DEVICE: a folder with a driver that has no device, which has to be refused, too.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
program="${1:-}" folder="${2:-}"
if [ -z "$folder" ] || [ ! -x "$program" ]; then
  sed -n '2,5s/^# \{0,1\}//p' "$0" && exit 2
fi
if [ ! -e "$folder/libcuda.so.1" ]; then
  echo "$folder has no libcuda.so.1; gpu/simt/driver/build.sh $folder gpu/kernels/*.cu makes it" >&2 && exit 2
fi

refuses() { # words, library path, arguments
  local words="$1" path="$2" status=0 text
  shift 2
  text="$(LD_LIBRARY_PATH="$path" "$program" "$@" 2>&1)" || status=$?
  if [ "$status" -ne 2 ] || ! grep -qF "$words" <<< "$text"; then
    printf 'expected exit code 2 and "%s", got %s: %s\n' "$words" "$status" "$text" >&2
    exit 1
  fi
}

# Runs the program there; its report says where it ran.
reports() {
  local started=$SECONDS
  LD_LIBRARY_PATH="$folder" "$program" "$@" --device emulated > "$folder/report.txt" || {
    cat "$folder/report.txt" >&2
    exit 1
  }
  grep -q 'emulated' "$folder/report.txt"
  printf 'elbo %s --device emulated (%d s):\n' "$*" $((SECONDS - started))
  grep -E ' (numbers|values) agree' "$folder/report.txt"
}

package="$(mktemp -d)"
trap 'rm -r "$package"' EXIT
"$here/device-check.sh" package "$package" "$program"

refuses 'the driver is the emulated one' "$folder" agree --device cuda
if ldconfig -p | grep -q 'libcuda\.so\.1'; then
  echo "what the program says without a driver's library: skipped, this machine has one"
else # the package's libraries have none among them
  for name in cuda emulated; do refuses "the driver's library cannot be loaded, libcuda.so.1: cannot open" "$package/lib" agree --device "$name"; done
fi
if [ -n "${NO_DEVICE:-}" ]; then
  for name in cuda emulated; do refuses 'no CUDA device' "$NO_DEVICE" agree --device "$name"; done
fi
# Every line of the derivation over worlds; encoder, decoder and transformer, every layer from the same inputs, in f32 and bf16; a training step.
reports agree "$here/../derivations/data/emoji-mixture.safetensors" --dtype f32
reports evaluate "$here/../derivations/data/tiny.safetensors" --images 2 --samples 1 --bound-images 0 --step-images 3
[ "$(grep -c 'in double precision .* numbers agree' "$folder/report.txt")" -eq 2 ] # the step of each stage
# Every fused term, by itself and inside candle's graph: what is packaged for a GPU, from a folder that holds nothing else.
emulated="$(cd "$folder" && pwd)"
(cd "$package" && env -u LD_LIBRARY_PATH DEVICE=emulated EMULATED="$emulated" ./device-check.sh run report)
