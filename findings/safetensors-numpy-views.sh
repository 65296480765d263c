#!/usr/bin/env bash
# safetensors 0.8.0 with NumPy 2.4.6: a transposed view is saved in memory's order under the view's shape.
#
# The guess: `safetensors.numpy.save_file({"t": a.T})` saves the transposed matrix, or refuses it, as
# `safetensors.torch.save_file` does ("non contiguous tensor").
# What happens: the numbers lie in the file in the order of the untransposed matrix, the shape is the transposed one,
# and nothing is said: what is read back is another matrix. `numpy.ascontiguousarray` first is right.
# For an oracle: whoever writes a case or a dump from NumPy makes arrays contiguous.
#
# usage: findings/safetensors-numpy-views.sh    exit code 1 when the behaviour has changed
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/python"
"$place/python/bin/pip" install --quiet safetensors==0.8.0 numpy==2.4.6
"$place/python/bin/python" - "$place/t.safetensors" <<'PYTHON'
import sys
import numpy as np
from safetensors.numpy import load_file, save_file

matrix = np.arange(6.0).reshape(2, 3)
save_file({"t": matrix.T}, sys.argv[1])
view = load_file(sys.argv[1])["t"]
save_file({"t": np.ascontiguousarray(matrix.T)}, sys.argv[1])
copy = load_file(sys.argv[1])["t"]
print("saved:      ", matrix.T.tolist())
print("read back:  ", view.tolist())
print("by a copy:  ", copy.tolist())
expected = view.tolist() == matrix.reshape(3, 2).tolist() and (copy == matrix.T).all()
raise SystemExit(0 if expected else "the behaviour has changed")
PYTHON
