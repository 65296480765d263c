#!/usr/bin/env bash
# Everything that needs a GPU, in one folder that needs nothing but a driver.
#
#   gpu/device-check.sh package FOLDER [PROGRAM BENCH]   here: FOLDER gets the program, the benches and stand-ins for the libraries beside the driver;
#                                                        built with nvcc, or PROGRAM and BENCH as they are
#   FOLDER/device-check.sh run OUT                       there: agreement, determinism, edge inputs, refusals, benches against the measured copy, and
#                                                        every launch made in other ways; OUT/report.json and OUT/report.md, exit code 1 where
#                                                        something disagrees
#
# DEVICE=emulated with EMULATED=folder of gpu/simt/driver/build.sh: the same on the emulated device, without benches. It is no GPU run, and says so.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

package() {
  local folder="$1" program="${2:-}" bench="${3:-}" root="$here/.." built=0
  if [ -z "$program" ]; then
    built=1
    export CUDA_COMPUTE_CAP="${CUDA_COMPUTE_CAP:-80}" ELBO_CUDA_ARCHITECTURES="${ELBO_CUDA_ARCHITECTURES:-80,90}"
    (cd "$root" && cargo build --release --features cuda)
    bench="$(cd "$root" && cargo bench --features cuda --bench cuda --no-run --message-format=json |
      sed -nE 's/.*"name":"cuda".*"executable":"([^"]+)".*/\1/p' | tail -1)"
    program="$root/target/release/elbo"
  fi
  mkdir -p "$folder/lib"
  cp "$program" "$folder/elbo"
  [ -z "$bench" ] || cp "$bench" "$folder/bench"
  strip "$folder/elbo" "$folder/bench" 2>/dev/null || true
  # No cuBLAS there: candle opens a handle, and its products are refused by name.
  "$here/simt/driver/build.sh" --stand-ins "$folder/lib"
  cp "$here/device-check.sh" "$folder/"
  # A program that is handed over may be built without optimisation, and larger.
  du -sm "$folder" | awk -v built="$built" '{ print "packaged: " $1 " MB"; if (built && $1 >= 50) { print "expected less than 50 MB"; exit 1 } }'
}

checks=""
failed=0
# Runs a check and notes what became of it.
check() { # name, expected exit code, arguments
  local name="$1" expected="$2" status=0 started=$SECONDS
  shift 2
  "$here/elbo" "$@" > "$out/$name.txt" 2>&1 || status=$?
  local ok=true
  if [ "$status" -ne "$expected" ]; then ok=false failed=1; fi
  checks+="$name $ok $((SECONDS - started)) $*"$'\n'
  printf '%-28s %s\n' "$name" "$([ $ok = true ] && echo ok || echo "FAILED, exit code $status: see $out/$name.txt")"
}

# The median of each bench, in ns, by its name.
medians() {
  [ -d "$out/criterion" ] || return 0
  find "$out/criterion" -path '*/new/benchmark.json' | sort | while read -r file; do
    printf '%s %s\n' "$(sed -E 's/.*"full_id":"([^"]+)".*/\1/' "$file")" \
      "$(sed -E 's/.*"median":\{"confidence_interval":\{[^}]*\},"point_estimate":([0-9.eE+-]+).*/\1/' "$(dirname "$file")/estimates.json")"
  done
}

run() {
  out="$(mkdir -p "$1" && cd "$1" && pwd)"
  local device="${DEVICE:-cuda}" other=emulated shape=9x1031
  export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  if [ "$device" = emulated ]; then
    export LD_LIBRARY_PATH="$EMULATED:$LD_LIBRARY_PATH"
    other=cuda
  fi
  check refuses-the-other-device 2 agree --device "$other"
  # Edge inputs are among the kinds of logits: masked, saturated, offset, outliers, rows of one number.
  check agree-f32 0 agree --device "$device" --dtype f32 --shape "$shape" --format json
  check agree-bf16 0 agree --device "$device" --dtype bf16 --shape "$shape" --format json
  for views in whole offset transposed; do
    for dtype in f32 bf16; do check "graph-$views-$dtype" 0 agree --device "$device" --graph --views "$views" --dtype "$dtype" --shape 6x17 --format json; done
  done
  if [ "$device" = cuda ]; then check agree-everything 0 agree --device cuda --format json; fi
  # The same numbers twice are the same bits, in whatever order threads and streams run: a report has the worst of each row, in all its digits.
  EMULATED_CUDA_SEED=2 check again 0 agree --device "$device" --dtype f32 --shape "$shape" --format json
  local same=true
  if ! cmp -s "$out/agree-f32.txt" "$out/again.txt"; then same=false failed=1; fi
  checks+="deterministic $same 0 two reports, bit by bit"$'\n'
  printf '%-28s %s\n' deterministic "$([ $same = true ] && echo ok || echo FAILED)"
  local benches="skipped: an emulated device has no time"
  if [ "$device" = cuda ] && [ -x "$here/bench" ]; then
    benches="measured"
    if ! (cd "$out" && CRITERION_HOME="$out/criterion" "$here/bench" --bench 2>&1) | tee "$out/bench.txt"; then
      benches="FAILED, see bench.txt" failed=1
    fi
  fi
  report "$device" "$benches"
  return "$failed"
}

# A row a launch, a column a way of making it: what it takes, over what the launch as it is takes.
variants() {
  awk '
    { time[$1] = $2 }
    $1 ~ /\/variant\// {
      at = match($1, /\/[^\/]*$/); way = substr($1, at + 1); own = substr($1, 1, at - 1); sub(/\/variant/, "", own)
      if (!(own in row)) { row[own] = 1; launches[++rows] = own }
      if (!(way in column)) { column[way] = 1; ways[++columns] = way }
      of[own, way] = $2
    }
    END {
      printf "| launch | best |"; for (c = 1; c <= columns; c++) printf " %s |", ways[c]
      printf "\n|---|---|"; for (c = 1; c <= columns; c++) printf "---|"
      printf "\n"
      for (r = 1; r <= rows; r++) {
        own = launches[r]; best = "as it is"; least = time[own]
        for (c = 1; c <= columns; c++) if ((own, ways[c]) in of && of[own, ways[c]] < least) { least = of[own, ways[c]]; best = ways[c] }
        printf "| %s | %s |", own, best
        for (c = 1; c <= columns; c++) if ((own, ways[c]) in of) printf " %.2f |", of[own, ways[c]] / time[own]; else printf " |"
        printf "\n"
      }
    }'
}

report() { # device, what became of the benches
  local engine copy
  engine="$(sed -nE 's/.*"engine": *"([^"]+)".*/\1/p' "$out/agree-f32.txt" | head -1)"
  medians > "$out/medians.txt"
  copy="$(awk '$1 ~ /limit\/copy/ {print 2 * 2^30 / $2}' "$out/medians.txt")"  # bytes a ns are GB/s
  {
    printf '{"schema": "elbo-device-check/1", "device": "%s", "engine": "%s", "ok": %s, "copy_gb_s": %s,\n "checks": [' \
      "$1" "$engine" "$([ "$failed" -eq 0 ] && echo true || echo false)" "${copy:-null}"
    printf '%s' "$checks" | awk '{ args = $0; sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", args); printf "%s\n  {\"name\": \"%s\", \"ok\": %s, \"seconds\": %s, \"arguments\": \"%s\"}", (NR > 1 ? "," : ""), $1, $2, $3, args }'
    printf '],\n "benches": ['
    awk '{ printf "%s\n  {\"name\": \"%s\", \"ns\": %s}", (NR > 1 ? "," : ""), $1, $2 }' "$out/medians.txt"
    printf ']}\n'
  } > "$out/report.json"
  {
    printf '# Device check: %s\n\n%s\n\n' "$1" "$engine"
    [ "$1" = cuda ] || printf 'Emulated on a CPU: this is no GPU run.\n\n'
    printf '| check | | seconds |\n|---|---|---|\n'
    printf '%s' "$checks" | awk '{ printf "| %s | %s | %s |\n", $1, ($2 == "true" ? "ok" : "FAILED"), $3 }'
    printf '\nBenches: %s.\n' "$2"
    if [ -n "$copy" ]; then
      printf '\nA gigabyte is copied at %.0f GB/s, read and written counted.\n\n| bench | us |\n|---|---|\n' "$copy"
      awk '$1 !~ /\/variant\// { printf "| %s | %.1f |\n", $1, $2 / 1000 }' "$out/medians.txt"
      printf '\nThe same launches in other ways (threads a block, blocks a multiprocessor, numbers a thread, compiled for a later architecture), as shares of the time above.\n\n'
      variants < "$out/medians.txt"
    fi
  } > "$out/report.md"
  echo "$out/report.json, $out/report.md"
}

case "${1:-} ${2:-}" in
package\ ?* | run\ ?*) "$@" ;;
*) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 2 ;;
esac
