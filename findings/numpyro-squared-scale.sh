#!/usr/bin/env bash
# NumPyro 0.22.0 with JAX 0.10.2: the divergence of two normal distributions ends at the square root of its type's range.
#
# The guess: D(N(0, s) || N(0, 1)) = (s^2 - 1)/2 - ln s is representable, and so is its slope s - 1/s, for every scale s
# that the type holds: in float16 at s = 1e-3 they are 6.4 and -1000, at s = 1e-4 they are 8.7 and -10000.
# What happens: the ratio of the scales is squared first and the logarithm taken of the square. In float16 the slope is
# -inf from s = 1e-3 on (the logarithm's slope, one over the square, is beyond 65504), the value is off by 0.14 at
# s = 3e-4 (the square is a subnormal number of a few bits) and inf at s = 1e-4 (the square is 0). bfloat16, with eight
# bits and the range of float32, has value and slope to its precision at the same scales. float32 ends at s = 1e-19.
# For an oracle: a posterior that narrows is not infinitely far from its prior, and of the two half types the coarser is
# the one to trust here.
#
# usage: findings/numpyro-squared-scale.sh    exit code 1 when the behaviour has changed
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/python"
"$place/python/bin/pip" install --quiet numpyro==0.22.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat > "$place/scale.py" <<'PYTHON'
import jax
import jax.numpy as jnp
import numpy as np
from numpyro.distributions import Normal, kl_divergence


def divergence(scale):
    zero, one = jnp.zeros_like(scale), jnp.ones_like(scale)
    return kl_divergence(Normal(zero, scale), Normal(zero, one))


found = {}
for dtype in (jnp.float16, jnp.bfloat16, jnp.float32):
    for scale in (1e-2, 1e-3, 3e-4, 1e-4, 1e-18, 1e-19):
        if scale < 1e-4 and dtype != jnp.float32:
            continue
        s = jnp.array(scale, dtype)
        exact = float(s)
        exact = [(exact**2 - 1) / 2 - np.log(exact), exact - 1 / exact]
        value, slope = float(divergence(s)), float(jax.grad(divergence)(s))
        found[dtype.__name__, scale] = value - exact[0], value, slope / exact[1]
        print(f"{dtype.__name__:9} s = {scale:.0e}: {value:.4g} for {exact[0]:.4g}, slope {slope:.4g} for {exact[1]:.4g}")
as_stated = [
    np.isinf(found["float16", 1e-3][2]) and np.isfinite(found["float16", 1e-3][1]),
    -0.2 < found["float16", 3e-4][0] < -0.1,
    np.isinf(found["float16", 1e-4][1]),
    all(abs(found["bfloat16", s][0]) < 0.03 and abs(found["bfloat16", s][2] - 1) < 0.02 for s in (1e-2, 1e-3, 3e-4, 1e-4)),
    np.isfinite(found["float32", 1e-18][1]) and np.isinf(found["float32", 1e-19][1]),
]
raise SystemExit(0 if all(as_stated) else f"the behaviour has changed: {as_stated}")
PYTHON
JAX_PLATFORMS=cpu "$place/python/bin/python" "$place/scale.py"
