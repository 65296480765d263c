#!/usr/bin/env bash
# JAX 0.10.2 (CPU): random numbers in half types come from a uniform draw of that type, which has few values.
#
# The guess: `jax.random.categorical` over 8192 equal logits draws every code, whatever the type of the logits, and
# `jax.random.bernoulli(p = 0.001)` is true once in a thousand.
# What happens: a uniform draw in bfloat16 has 128 values, 0 among them (1024 in float16). So
# - Gumbel noise ends at 4.84 in bfloat16, where the largest of 8192 draws is 9.6 in the mean. The many ties go to the
#   first code: of 20,000 draws over 8192 equal codes none is a code above about 2,000.
# - an event of probability 0.001 has probability 1/128 in bfloat16, 2/1024 in float16.
# - normal noise in bfloat16 has 128 values, between -2.9 and 2.5.
# - `mode="high"` gives other noise, whose largest number in bfloat16 is 87.5 (probability e^-87.5): 1 draw in 16,000.
# For an oracle: noise that is handed over in a half type has to be tested against its law before it is believed.
#
# usage: findings/jax-half-random.sh    exit code 1 when the behaviour has changed
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/python"
"$place/python/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$place/python/bin/python" - <<'PYTHON'
import jax
import jax.numpy as jnp
import numpy as np

key, many, codes, draws = jax.random.key(0), 1 << 22, 8192, 20_000
seen = {}
for name, dtype in {"bfloat16": jnp.bfloat16, "float16": jnp.float16, "float32": jnp.float32}.items():
    gumbel = np.asarray(jax.random.gumbel(key, (many,), dtype), np.float64)
    chosen = np.asarray(jax.random.categorical(key, jnp.zeros(codes, dtype), shape=(draws,)))
    rare = np.asarray(jax.random.bernoulli(key, jnp.asarray(0.001, dtype), (many,)))
    normal = np.asarray(jax.random.normal(key, (many,), dtype), np.float64)
    seen[name] = {
        "largest Gumbel draw": gumbel.max(),
        "different codes": len(np.unique(chosen)),
        "last code": int(chosen.max()),
        "share of an event of 0.001": rare.mean(),
        "normal from": normal.min(),
        "normal to": normal.max(),
    }
    print(name, {k: round(float(v), 5) for k, v in seen[name].items()})
high = np.asarray(jax.random.gumbel(key, (many,), jnp.bfloat16, mode="high"), np.float64)
print(f"bfloat16, mode high: largest {high.max()}, share above 16: {(high > 16).mean():.1e}, by the law {np.exp(-16):.1e}")

half, single = seen["bfloat16"], seen["float32"]
expected = (
    half["largest Gumbel draw"] == 4.84375
    and half["last code"] < 2_000
    and half["different codes"] < 1_000
    and 0.007 < half["share of an event of 0.001"] < 0.009
    and half["normal to"] < 2.6
    and 0.0015 < seen["float16"]["share of an event of 0.001"] < 0.0025
    and high.max() == 87.5
    # Single precision does what one would expect.
    and single["largest Gumbel draw"] > 12
    and single["different codes"] > 7_000
    and 0.0009 < single["share of an event of 0.001"] < 0.0011
)
raise SystemExit(0 if expected else "the behaviour has changed")
PYTHON
