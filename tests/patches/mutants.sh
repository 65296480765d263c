#!/usr/bin/env bash
# Mutates the reference and the checker (cargo-mutants), with the tests that judge them. Resumes: mutants already caught are not tried again.
# usage: mutants.sh [extra arguments of cargo mutants, such as --shard 1/8]
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v cargo-mutants >/dev/null || cargo install cargo-mutants --locked
tests=()
for test in assumptions blocks certainty golden judging limits lines masses properties search table validation verdicts; do
  tests+=("--cargo-arg=--test=$test") # of the build too: the other tests would only cost time
done
exec cargo mutants --iterate --no-shuffle --in-place --timeout 120 --package elbo-reference --package elbo \
  --file 'reference/src/**' --file 'derivations/{judge,verdict,check,claim,ledger,refute,simplest}.rs' \
  --test-package elbo --test-package elbo-reference --no-default-features --cargo-arg=--lib "${tests[@]}" "$@"
