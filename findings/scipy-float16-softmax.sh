#!/usr/bin/env bash
# SciPy 1.17.1: `softmax`, `logsumexp` and `entropy` of float16 arrays add up in float16, which ends at 65,504.
#
# The guess: a vocabulary of 100,000 equal logits has probabilities of 1e-5 each and an entropy of ln 100,000 = 11.5.
# What happens: the sum of 100,000 ones overflows to infinity. `softmax` is 0 everywhere, `logsumexp` is infinite, and
# `scipy.stats.entropy` of 100,000 equal weights is 0.0, the entropy of a certain outcome, without an error. In float32
# all three are right.
# For an oracle: probabilities that add up to 0 and entropies of 0 need a check of their own.
#
# usage: findings/scipy-float16-softmax.sh    exit code 1 when the behaviour has changed
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/python"
"$place/python/bin/pip" install --quiet scipy==1.17.1 numpy==2.4.6
"$place/python/bin/python" -W ignore - <<'PYTHON'
import numpy as np
from scipy.special import logsumexp, softmax
from scipy.stats import entropy

seen = {}
for dtype in (np.float16, np.float32):
    logits, weights = np.zeros(100_000, dtype), np.ones(100_000, dtype)
    seen[dtype] = (softmax(logits).sum(dtype=np.float64), float(logsumexp(logits)), float(entropy(weights)))
    print(f"{dtype.__name__}: softmax adds up to {seen[dtype][0]:.4f}, logsumexp {seen[dtype][1]:.4f}, entropy {seen[dtype][2]:.4f}")
half, single = seen[np.float16], seen[np.float32]
expected = half == (0.0, np.inf, 0.0) and abs(single[0] - 1) < 1e-4 and abs(single[2] - np.log(100_000)) < 1e-4
raise SystemExit(0 if expected else "the behaviour has changed")
PYTHON
