"""A discrete VAE's objective in PyTorch and in JAX, as it is commonly written, and ten ways to get it wrong.

`fault` is the name that `elbo judge` should give to what is wrong, or None.
"""

import numpy as np

from elbo_dump import Dump

FAULTS = [
    "sign",
    "base-two",
    "arguments-swapped",
    "mean-over-codes",
    "mean-over-positions",
    "softmax-over-positions",
    "beta-missing",
    "jacobian-missing",
    "relaxed-in-divergence",
    "divergence-detached",
]

BETA, TAU = 6.6, 0.75


def data(seed, batch=3, positions=10, codes=17, pixels=(3, 4, 5)):
    """Logits with an outlier, Gumbel noise, a decoder's outputs: no size like another."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(batch, positions, codes)) * 2.0
    logits[0, 0, 0] = 14.0
    uniform = rng.uniform(1e-9, 1.0, size=logits.shape)
    x = 0.1 + 0.8 * rng.uniform(size=(batch, *pixels))
    return {
        "encoder_logits": logits,
        "gumbel_noise": -np.log(-np.log(uniform)),
        "x": x,
        "mu": np.log(x / (1 - x)) + rng.normal(size=x.shape),
        "ln_b": rng.normal(size=x.shape) * 0.4 - 1.0,
        "sample_gradient": rng.normal(size=logits.shape),
    }


def objective(lib, log_softmax, arrays, fault):
    """`kl`, `reconstruction`, `relaxed_sample`, `elbo` and `loss`, with the arrays' own operations."""
    x, mu, ln_b = arrays["x"], arrays["mu"], arrays["ln_b"]
    logits, noise = arrays["encoder_logits"], arrays["gumbel_noise"]
    batch, _, codes = logits.shape
    sample = lib.exp(log_softmax((logits + noise) / TAU, 2))
    scores = (logits + noise) / TAU if fault == "relaxed-in-divergence" else logits
    ln_q = log_softmax(scores, 1 if fault == "softmax-over-positions" else 2)
    if fault == "arguments-swapped":
        kl = ((-float(np.log(codes)) - ln_q) / codes).sum(-1)
    else:
        kl = (lib.exp(ln_q) * (ln_q + float(np.log(codes)))).sum(-1)
    if fault == "mean-over-codes":
        kl = kl / codes
    kl = kl.mean(-1) if fault == "mean-over-positions" else kl.sum(-1)
    if fault == "sign":
        kl = -kl
    if fault == "base-two":
        kl = kl / float(np.log(2.0))
    logit = lib.log(x) - lib.log(1 - x)
    density = -float(np.log(2.0)) - ln_b - lib.abs(logit - mu) / lib.exp(ln_b)
    if fault != "jacobian-missing":
        density = density - lib.log(x) - lib.log(1 - x)
    reconstruction = density.reshape(batch, -1).sum(-1)
    elbo = reconstruction - kl
    weight = 1.0 if fault == "beta-missing" else BETA
    loss = -(reconstruction - weight * kl).mean()
    return kl, reconstruction, sample, elbo, loss


def dump(framework, precision, arrays, claims, gradient, path):
    """Writes inputs and claims. `mixed`: inputs in bfloat16, the objective in float32, as under autocast."""
    kl, reconstruction, sample, elbo, loss = claims
    out = Dump(
        "tokens",
        dtype="f32" if precision == "mixed" else precision,
        accumulation="f64" if precision == "f64" else "f32",
        summation="pairwise",
        layout="BSK",
        prior="uniform",
        decoder="logit_laplace",
        temperature=TAU,
        beta=BETA,
        device="cpu",
        framework=framework,
    )
    for name, array in arrays.items():
        out.input(name, array)
    out.claim("relaxed_sample", sample)
    out.claim("kl", kl, sum=["position", "code"])
    out.claim("reconstruction", reconstruction, sum=["pixel"])
    out.claim("elbo", elbo)
    out.claim("loss", loss, mean=["batch"])
    out.claim("grad.encoder_logits", gradient, of="loss")
    out.save(path)


def torch_dump(path, precision, fault, seed=0):
    """The same in PyTorch."""
    import torch

    kind = {"f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "mixed": torch.bfloat16}[precision]
    arrays = {name: torch.tensor(array).to(kind) for name, array in data(seed).items()}
    work = {name: array.float() if precision == "mixed" else array for name, array in arrays.items()}
    logits = work["encoder_logits"].clone().requires_grad_()
    claims = objective(torch, torch.log_softmax, {**work, "encoder_logits": logits}, fault)
    # What a decoder would hand back, as a linear function of the sample.
    through = (claims[2] * work["sample_gradient"]).sum()
    total = through if fault == "divergence-detached" else claims[4] + through
    (gradient,) = torch.autograd.grad(total, logits)
    dump(f"torch {torch.__version__}", precision, arrays, claims, gradient, path)


def jax_dump(path, precision, fault, seed=0):
    """The same in JAX."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    kind = {"f64": jnp.float64, "f32": jnp.float32, "bf16": jnp.bfloat16, "mixed": jnp.bfloat16}[precision]
    arrays = {name: jnp.asarray(array).astype(kind) for name, array in data(seed).items()}
    work = {name: array.astype(jnp.float32) if precision == "mixed" else array for name, array in arrays.items()}

    def total(logits):
        claims = objective(jnp, jax.nn.log_softmax, {**work, "encoder_logits": logits}, fault)
        through = (claims[2] * work["sample_gradient"]).sum()
        return (through if fault == "divergence-detached" else claims[4] + through), claims

    gradient, claims = jax.grad(total, has_aux=True)(work["encoder_logits"])
    dump(f"jax {jax.__version__}", precision, arrays, claims, gradient, path)
