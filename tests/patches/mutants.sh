#!/usr/bin/env bash
# Mutates the reference and the checker (cargo-mutants), with the tests that judge them. Resumes: mutants already caught are not tried again.
# usage: mutants.sh [extra arguments of cargo mutants, such as --shard 1/8]
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v cargo-mutants >/dev/null || cargo install cargo-mutants --locked
exec cargo mutants --iterate --no-shuffle --in-place --timeout 120 --package elbo-reference --package elbo-check \
  --file 'reference/src/**' --file 'derivations/check/src/{lib,observe,verdict,ledger,counterexample}.rs' --file 'derivations/check/src/counterexample/**' \
  --test-package elbo-check --test-package elbo-reference "$@"
