#!/usr/bin/env bash
# The program's whole CUDA path on the emulated device: every function, forward and backward, in f32 and bf16, the kernels by themselves and inside
# candle's graph, on tensors that are whole, offset and transposed. And what each name of a device refuses.
# usage: gpu/emulated.sh PROGRAM FOLDER     PROGRAM has the feature cuda; FOLDER was filled by gpu/simt/driver/build.sh
# NO_DEVICE: a folder with a driver that has no device, which has to be refused, too.
set -euo pipefail
program="$1" folder="$2"
here="$(cd "$(dirname "$0")" && pwd)"

refuses() { # words, library path, arguments
  local words="$1" path="$2" status=0 text
  shift 2
  text="$(LD_LIBRARY_PATH="$path" "$program" "$@" 2>&1)" || status=$?
  if [ "$status" -ne 2 ] || ! grep -qF "$words" <<< "$text"; then
    printf 'expected exit code 2 and "%s", got %s: %s\n' "$words" "$status" "$text" >&2
    exit 1
  fi
}

agrees() {
  local started=$SECONDS
  LD_LIBRARY_PATH="$folder" "$program" agree --device emulated "$@" > "$folder/report.txt" || {
    cat "$folder/report.txt" >&2
    exit 1
  }
  grep -q 'emulated' "$folder/report.txt"  # a report says where it ran
  printf 'elbo agree --device emulated %s: %s (%d s)\n' "$*" "$(grep -E '^[0-9]+ (numbers|values) agree' "$folder/report.txt" | tail -1)" $((SECONDS - started))
}

refuses 'the driver is the emulated one' "$folder" agree --device cuda
if [ -n "${NO_DEVICE:-}" ]; then
  for name in cuda emulated; do refuses 'no CUDA device' "$NO_DEVICE" agree --device "$name"; done
fi
# Every line of the derivation over worlds; every fused term's kernels; the same inside candle's graph.
agrees "$here/../derivations/data/emoji-mixture.safetensors" --dtype f32
agrees --dtype f32 --shape 9x1031
agrees --dtype bf16 --shape 6x130
for views in whole offset transposed; do
  for dtype in f32 bf16; do agrees --graph --views "$views" --dtype "$dtype" --shape 6x17; done
done
# Encoder, decoder and transformer, every layer from the same inputs, in f32 and bf16.
started=$SECONDS
LD_LIBRARY_PATH="$folder" "$program" evaluate "$here/../derivations/data/tiny.safetensors" --device emulated --images 2 --samples 1 --bound-images 0 > "$folder/report.txt" || {
  cat "$folder/report.txt" >&2
  exit 1
}
grep -E '^  (encoder|decoder|transformer) ' "$folder/report.txt"
printf 'elbo evaluate --device emulated: every layer agrees (%d s)\n' $((SECONDS - started))
