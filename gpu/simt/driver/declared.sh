# The functions that cudarc declares for a library: each must resolve when a program starts, whether it is called or not.
# usage: . declared.sh; declared driver|nvrtc|curand|cublas|cublaslt; cargo's sources of cudarc and candle-kernels are fetched where they are missing.
REGISTRY="${CARGO_HOME:-$HOME/.cargo}/registry/src"
for source in cudarc-0.19.10 candle-kernels-0.11.1; do
  compgen -G "$REGISTRY/*/$source/src" >/dev/null || { cargo fetch --quiet; break; }
done
CUDARC="$(ls -d "$REGISTRY"/*/cudarc-0.19.10/src | head -1)"
CANDLE_KERNELS="$(ls -d "$REGISTRY"/*/candle-kernels-0.11.1/src | head -1)"

declared() {
  grep -oE '^            fn [A-Za-z0-9_]+\(' "$CUDARC/$1/sys/mod.rs" 2>/dev/null | sed -E 's/ *fn ([A-Za-z0-9_]+)\(/\1/' | sort -u || true
}
