#!/usr/bin/env bash
# optax 0.2.8 (JAX 0.10.2 on CPU): a divergence that guards against a probability of 0 is undefined at one all the same.
#
# The guess: `optax.losses.kl_divergence` has `jnp.where(targets == 0, 0, jnp.log(targets))`, so 0 ln 0 = 0: a code that
# is masked on both sides counts nothing, and the slope by a target is finite wherever the value is.
# What happens: where target and prediction are both 0 the product 0 * -inf is taken after the guard, and the divergence
# is NaN, while its gradient by the predictions is finite and right. Where only the target is 0 the value is right and
# the gradient by that target is NaN: `jnp.where` chooses a value, and the slope of the logarithm at 0 is multiplied by 0.
# `kl_divergence_with_log_targets` is NaN at a masked code as well; `safe_softmax_cross_entropy` is not.
# Seen: nan (exact 0.1732868) with slopes -q; 0.3465736 with slopes by the targets [1.69, 1, 1, nan].
# For an oracle: a NaN in a masked code's place is the library's, and no sign of a wrong mask; and a loss that is finite
# says nothing of its gradient.
#
# usage: findings/optax-divergence-of-zero.sh    exit code 1 when the behaviour has changed
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/python"
"$place/python/bin/pip" install --quiet optax==0.2.8 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
cat > "$place/divergence.py" <<'PYTHON'
import jax
import jax.numpy as jnp
import numpy as np
from optax import losses

q = jnp.array([0.5, 0.25, 0.25, 0.0])
masked = jnp.log(jnp.array([0.25, 0.5, 0.25, 0.0]))  # the last code is masked on both sides
open_ = jnp.log(jnp.array([0.25, 0.25, 0.25, 0.25]))
exact = 0.5 * np.log(0.5 / 0.25) + 0.25 * np.log(0.25 / 0.5)
both, slopes = losses.kl_divergence(masked, q), jax.grad(losses.kl_divergence)(masked, q)
from_logarithms, cross_entropy = losses.kl_divergence_with_log_targets(masked, jnp.log(q)), losses.safe_softmax_cross_entropy(masked, q)
one, by_targets = losses.kl_divergence(open_, q), jax.grad(losses.kl_divergence, argnums=1)(open_, q)
print("masked on both sides:", both, "(0 ln 0 = 0 gives", f"{exact:.7f})", "from logarithms:", from_logarithms)
print("its slopes by the predictions:", slopes, "the cross-entropy:", cross_entropy)
print("a target of 0 alone:", one, "its slopes by the targets:", by_targets)
as_stated = [
    np.isnan(both) and np.isnan(from_logarithms),
    np.allclose(slopes, -q) and np.isclose(cross_entropy, exact + 1.5 * np.log(2), rtol=1e-5),
    np.isclose(one, 0.5 * np.log(2), rtol=1e-5) and np.isnan(by_targets[3]) and np.isfinite(by_targets[:3]).all(),
]
raise SystemExit(0 if all(as_stated) else f"the behaviour has changed: {as_stated}")
PYTHON
JAX_PLATFORMS=cpu "$place/python/bin/python" "$place/divergence.py"
