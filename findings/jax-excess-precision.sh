#!/usr/bin/env bash
# JAX 0.10.2 (XLA on CPU): a jitted function returns bfloat16 logits that its own loss was not computed from.
#
# The guess: in `logits = x @ w` (bfloat16), `loss = f(logits.astype(float32))`, `return logits, loss`, the loss is that
# of the logits that are returned, jitted or not.
# What happens: under `jax.jit` XLA keeps the product in float32 on its way into the loss and rounds only what is
# returned. The loss differs from the one of the returned logits in the third digit, a thousand times more than float32
# explains. Without jit, or with `--xla_allow_excess_precision=false` (the default is true), the two belong together.
# For an oracle: what is dumped as an input has to be what the claim was computed from.
#
# usage: findings/jax-excess-precision.sh    exit code 1 when the behaviour has changed
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/python"
"$place/python/bin/pip" install --quiet jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat > "$place/loss.py" <<'PYTHON'
import jax
import jax.numpy as jnp
import numpy as np


def step(x, w):
    logits = x @ w
    ln_q = jax.nn.log_softmax(logits.astype(jnp.float32))
    return logits, (jnp.exp(ln_q) * (ln_q + np.log(logits.shape[-1]))).sum()


def of_returned(logits):
    x = np.asarray(logits, np.float64)
    y = x - x.max(-1, keepdims=True)
    ln_q = y - np.log(np.exp(y).sum(-1, keepdims=True))
    return (np.exp(ln_q) * (ln_q + np.log(x.shape[-1]))).sum()


x = jax.random.normal(jax.random.key(0), (16, 64)).astype(jnp.bfloat16)
w = (0.3 * jax.random.normal(jax.random.key(1), (64, 128))).astype(jnp.bfloat16)
for function in (step, jax.jit(step)):
    logits, loss = function(x, w)
    print(abs(float(loss) / of_returned(logits) - 1))
PYTHON
export JAX_PLATFORMS=cpu
mapfile -t default < <("$place/python/bin/python" "$place/loss.py")
mapfile -t exact < <(XLA_FLAGS=--xla_allow_excess_precision=false "$place/python/bin/python" "$place/loss.py")
echo "relative distance of the loss from that of the returned logits"
echo "by default:                     eager ${default[0]}, jit ${default[1]}"
echo "allow_excess_precision=false:   eager ${exact[0]}, jit ${exact[1]}"
python3 - "${default[@]}" "${exact[@]}" <<'PYTHON'
import sys
eager, jitted, exact_eager, exact_jitted = map(float, sys.argv[1:])
raise SystemExit(0 if jitted > 1e-4 and max(eager, exact_eager, exact_jitted) < 1e-6 else "the behaviour has changed")
PYTHON
