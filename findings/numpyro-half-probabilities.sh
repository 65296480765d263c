#!/usr/bin/env bash
# NumPyro 0.22.0 with JAX 0.10.2: `Categorical(probs=...)` refuses every table of probabilities in a half type.
#
# The guess: two probabilities of 1/2, exact in bfloat16, are a distribution.
# What happens: the constraint asks that 1 - 1e-6 < sum < 1 + 1e-6; both ends round to 1 in the array's own type, so an
# exact sum of 1 is not between them: "got invalid probs parameter", for bfloat16 and float16, for any number of
# entries. In float32 the same table is accepted, and without validation its entropy is right.
# For an oracle: a tolerance is compared in a type that can hold it.
#
# usage: findings/numpyro-half-probabilities.sh    exit code 1 when the behaviour has changed
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/python"
"$place/python/bin/pip" install --quiet numpyro==0.22.0 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
JAX_PLATFORMS=cpu "$place/python/bin/python" - <<'PYTHON'
import jax.numpy as jnp
import numpyro.distributions as dist

accepted = {}
for name, dtype in {"bfloat16": jnp.bfloat16, "float16": jnp.float16, "float32": jnp.float32}.items():
    for entries in (2, 8192):
        probs = jnp.full(entries, 1 / entries, dtype)
        assert float(probs.astype(jnp.float32).sum()) == 1.0
        try:
            dist.Categorical(probs=probs, validate_args=True)
            accepted[name, entries] = True
        except ValueError as refusal:
            accepted[name, entries] = False
            print(f"{name}, {entries} entries of 1/{entries}: {refusal}")
unchecked = float(dist.Categorical(probs=jnp.full(8192, 1 / 8192, jnp.bfloat16), validate_args=False).entropy())
print("accepted:", [k for k, v in accepted.items() if v], "; entropy without validation", unchecked)
expected = all(v == (name == "float32") for (name, _), v in accepted.items()) and unchecked == 9.0
raise SystemExit(0 if expected else "the behaviour has changed")
PYTHON
