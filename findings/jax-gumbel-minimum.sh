#!/usr/bin/env bash
# JAX 0.10.2 (CPU): `jax.random.gumbel` in float32 has its smallest number far more often than the law.
#
# The guess: the smallest of 50 million standard Gumbel numbers is about -2.87, and no two of its smallest are equal.
# What happens: the noise is -ln(-ln u) of a uniform number on a grid of 2^-23, and a u of 0 becomes the smallest normal
# number. So one number in eight million is -4.4698 = -ln(-ln 2^-126), which the law gives once in e^87 draws. The next
# smallest is -2.7690, that of 2^-23.
# For an oracle: a test of noise against its law has to allow for the grid at both ends, or it refuses correct noise of
# sixteen DALL-E images.
#
# usage: findings/jax-gumbel-minimum.sh    exit code 1 when the behaviour has changed
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/python"
"$place/python/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$place/python/bin/python" - <<'PYTHON'
import math

import jax
import numpy as np

noise = np.asarray(jax.random.gumbel(jax.random.key(0), (50_000_000,)))
smallest = noise.min()
often = int((noise == smallest).sum())
following = noise[noise > smallest].min()
print(f"the smallest number is {smallest:.4f}, {often} times; the next {following:.4f}")
print(f"by the law one of so small a size is there with a probability of e^{-math.exp(-smallest) + math.log(noise.size):.0f}")
expected = -math.log(126 * math.log(2))
is_there = abs(smallest - expected) < 1e-4 and often > 1 and abs(following + math.log(23 * math.log(2))) < 1e-3
raise SystemExit(0 if is_there else "the behaviour has changed")
PYTHON
