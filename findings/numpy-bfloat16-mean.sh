#!/usr/bin/env bash
# NumPy 2.4.6 with ml_dtypes 0.6.0: sums of bfloat16 arrays are added in turn, in bfloat16.
#
# The guess: `numpy.mean` of ones is 1 in bfloat16, as it is in float16.
# What happens: NumPy's pairwise sums and its float32 accumulator for means are for its own types. A bfloat16 array is
# added up number by number in bfloat16, and the sum stagnates at 256: the mean of 8192 ones is 0.03125. A dot product
# with ones accumulates in more and is right. JAX writes such arrays (`numpy.asarray` of a bfloat16 array).
# For an oracle: a loss that is averaged "in NumPy" from bfloat16 terms is added neither pairwise nor in float32.
#
# usage: findings/numpy-bfloat16-mean.sh    exit code 1 when the behaviour has changed
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/python"
"$place/python/bin/pip" install --quiet numpy==2.4.6 ml_dtypes==0.6.0
"$place/python/bin/python" - <<'PYTHON'
import ml_dtypes
import numpy as np

ones = np.ones(8192, ml_dtypes.bfloat16)
half = np.ones(8192, np.float16)
print("bfloat16: sum", ones.sum(), "mean", ones.mean(), "dot with ones", np.dot(ones, ones))
print("float16:  sum", half.sum(), "mean", half.mean())
expected = ones.sum() == 256 and ones.mean() == 0.03125 and np.dot(ones, ones) == 8192 and half.mean() == 1
raise SystemExit(0 if expected else "the behaviour has changed")
PYTHON
