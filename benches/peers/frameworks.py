"""The terms in PyTorch, JAX and NumPyro, and the data that all sides read. What the items are stands in peers.py."""

import math
import os
import pathlib

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(variable, "2")
import numpy as np

TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", pathlib.Path(__file__).resolve().parents[2] / "target"))
DATA = TARGET / "peers-data"
K, S, V, T, D = 8192, 1024, 24832, 1280, 128
BETA, TAU, LN_K = 6.6, 0.9, math.log(8192)
X6, Y6, Z6 = 64, 32, 4096
BATCH = {"W5": 8, "W6": 1, "W7": 1}
GRADS = {"W1": "q", "W1n": "q", "W2": "qp", "W3": "qc", "W4": "x", "W5": "mb", "W6": "", "W7": "qmb"}
WEIGHTS = np.where(np.arange(T) < 256, 0.125 / 256, 0.875 / 1024).astype(np.float32)


def generate():
    """Seeded data, once."""
    if (DATA / "done").exists():
        return
    DATA.mkdir(parents=True, exist_ok=True)
    r = np.random.default_rng(20260)
    normal = lambda shape, scale, dtype=np.float32: (r.standard_normal(shape, dtype=dtype) * scale).astype(dtype)
    write = lambda name, table: np.ascontiguousarray(table).tofile(DATA / f"{name}.bin")
    q = normal((4, S, K), 2)
    write("q", q), write("qn", q.transpose(0, 2, 1)), write("p", normal((4, S, K), 2))
    u = np.clip(r.random((4, S, K), dtype=np.float32), 1e-7, 1 - 1e-7)
    write("gumbel", (-np.log(-np.log(u))).astype(np.float32))
    write("codebook", normal((K, D), 0.5)), write("w3", normal((4, S, D), 1))
    write("targets", np.concatenate([r.integers(0, 16640, (4, 256)), r.integers(V - K, V, (4, T - 256))], 1).astype(np.uint32))
    write("w4", normal((4, T, V), 2))
    shape = (8, 3, 256, 256)
    write("w5x", 0.1 + 0.8 * r.random(shape, dtype=np.float32)), write("w5mu", normal(shape, 1)), write("w5lnb", normal(shape, 0.5) - np.float32(1))
    normalised = lambda x, axis: x - np.logaddexp.reduce(x, axis, keepdims=True)
    write("w6lpx", normalised(normal((X6, Y6, Z6), 2, np.float64), 0))
    write("w6lpyz", normalised(normal(Y6 * Z6, 2, np.float64), 0)), write("w6lq", normalised(normal((X6, Z6), 2, np.float64), 1))
    (DATA / "done").touch()


def load(item):
    b = BATCH.get(item, 4)
    read = lambda name, shape, dtype=np.float32: np.fromfile(DATA / f"{name}.bin", dtype, int(np.prod(shape))).reshape(shape)
    pixels = lambda: {"x": read("w5x", (b, 3, 256, 256)), "m": read("w5mu", (b, 3, 256, 256)), "b": read("w5lnb", (b, 3, 256, 256))}
    return {
        "W1": lambda: {"q": read("q", (b, S, K))},
        "W1n": lambda: {"q": read("qn", (b, K, 32, 32))},
        "W2": lambda: {"q": read("q", (b, S, K)), "p": read("p", (b, S, K))},
        "W3": lambda: {"q": read("q", (b, S, K)), "g": read("gumbel", (b, S, K)), "c": read("codebook", (K, D)), "w": read("w3", (b, S, D))},
        "W4": lambda: {"x": read("w4", (b, T, V)), "t": read("targets", (b, T), np.uint32).astype(np.int64)},
        "W5": pixels,
        "W6": lambda: {"a": read("w6lpx", (X6, Y6, Z6), np.float64), "p": read("w6lpyz", (Y6, Z6), np.float64), "q": read("w6lq", (X6, Z6), np.float64)},
        "W7": lambda: {"q": read("q", (b, S, K)), **pixels()},
    }[item]()


def torch_term(torch, item):
    F = torch.nn.functional

    def kl(x, dim):
        ln_q = F.log_softmax(x.float(), dim)
        return (ln_q.exp() * ln_q).flatten(1).sum(1) + S * LN_K

    def pixels(d):
        distance = torch.log(d["x"] / (1 - d["x"])) - d["m"]
        return (-distance.abs() * torch.exp(-d["b"]) - d["b"] - math.log(2) - torch.log(d["x"] * (1 - d["x"]))).flatten(1).sum(1)

    def two(d):
        ln_q, ln_p = F.log_softmax(d["q"].float(), -1), F.log_softmax(d["p"].float(), -1)
        return (ln_q.exp() * (ln_q - ln_p)).sum((1, 2))

    def exact(d):
        evidence, q = torch.logsumexp(d["a"] + d["p"], -1), d["q"].exp()
        r = (d["a"] @ q[:, :, None])[..., 0]
        kl = (q * d["q"]).sum(1)[:, None] - q @ d["p"].T
        return torch.stack([evidence, r, kl, r - kl, evidence - r + kl])

    return {
        "W1": lambda d: kl(d["q"], -1),
        "W1n": lambda d: kl(d["q"], 1),
        "W2": two,
        "W3": lambda d: ((torch.softmax((d["q"] + d["g"]) / TAU, -1) @ d["c"]) * d["w"]).sum((1, 2)),
        "W4": lambda d: -F.cross_entropy(d["x"].float().view(-1, V), d["t"].view(-1), reduction="none").view(-1, T),
        "W5": pixels,
        "W6": exact,
        "W7": lambda d: pixels(d) - BETA * kl(d["q"], -1),
    }[item]


def of_torch(item, data, compiled, bf16):
    import torch

    torch.set_num_threads(2)
    term, weights = torch_term(torch, item), torch.from_numpy(WEIGHTS)
    tensors = {name: torch.from_numpy(table) for name, table in data.items()}
    if bf16:
        tensors = {name: t.bfloat16() if t.dtype == torch.float32 else t for name, t in tensors.items()}
    for name in GRADS[item]:
        tensors[name].requires_grad_(True)

    def loss(d):
        values = term(d)
        return values, (values * weights).sum() if item == "W4" else values.sum()

    if compiled:
        term, loss = torch.compile(term), torch.compile(loss)

    def forward():
        with torch.no_grad():
            return term(tensors)

    def backward():
        values, total = loss(tensors)
        return torch.autograd.grad(total, [tensors[name] for name in GRADS[item]])

    return forward, backward if GRADS[item] else None, lambda values: values.double().numpy()


def jax_term(jax, item, numpyro):
    jnp = jax.numpy
    soft, nd, divergence = jax.nn.log_softmax, None, None
    if numpyro:
        import numpyro.distributions as nd
        from numpyro.distributions import kl_divergence as divergence
    single = lambda x: x.astype(jnp.float32)

    def kl(x, axis):
        if numpyro:
            return divergence(nd.Categorical(probs=jax.nn.softmax(single(x), axis)), nd.Categorical(probs=jnp.full((K,), 1.0 / K))).sum(1)
        ln_q = soft(single(x), axis)
        return (jnp.exp(ln_q) * ln_q).reshape(x.shape[0], -1).sum(1) + S * LN_K

    def pixels(d):
        if numpyro:
            f = nd.TransformedDistribution(nd.Laplace(d["m"], jnp.exp(d["b"])), nd.transforms.SigmoidTransform())
            return f.log_prob(d["x"]).reshape(d["x"].shape[0], -1).sum(1)
        distance = jnp.log(d["x"] / (1 - d["x"])) - d["m"]
        f = -jnp.abs(distance) * jnp.exp(-d["b"]) - d["b"] - math.log(2) - jnp.log(d["x"] * (1 - d["x"]))
        return f.reshape(f.shape[0], -1).sum(1)

    def two(d):
        if numpyro:
            return divergence(nd.Categorical(probs=jax.nn.softmax(d["q"])), nd.Categorical(probs=jax.nn.softmax(d["p"]))).sum(1)
        ln_q = soft(d["q"])
        return (jnp.exp(ln_q) * (ln_q - soft(d["p"]))).sum((1, 2))

    def tokens(d):
        x = single(d["x"])
        return nd.Categorical(logits=x).log_prob(d["t"]) if numpyro else jnp.take_along_axis(soft(x), d["t"][..., None], -1)[..., 0]

    def exact(d):
        evidence, q = jax.scipy.special.logsumexp(d["a"] + d["p"], axis=-1), jnp.exp(d["q"])
        r = (d["a"] @ q[:, :, None])[..., 0]
        kl = (q * d["q"]).sum(1)[:, None] - q @ d["p"].T
        return jnp.stack([evidence, r, kl, r - kl, evidence - r + kl])

    if numpyro and item in ("W1n", "W3", "W6"):
        return None
    return {
        "W1": lambda d: kl(d["q"], -1),
        "W1n": lambda d: kl(d["q"], 1),
        "W2": two,
        "W3": lambda d: ((jax.nn.softmax((d["q"] + d["g"]) / TAU) @ d["c"]) * d["w"]).sum((1, 2)),
        "W4": tokens,
        "W5": pixels,
        "W6": exact,
        "W7": lambda d: pixels(d) - BETA * kl(d["q"], -1),
    }[item]


def of_jax(item, data, numpyro, bf16):
    import jax

    if item == "W6":
        jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    term = jax_term(jax, item, numpyro)
    if term is None:
        return None
    place = lambda t: jnp.asarray(t.astype(np.int32) if t.dtype == np.int64 else t, jnp.bfloat16 if bf16 and t.dtype == np.float32 else None)
    tables = {name: place(table) for name, table in data.items()}
    to = {name: tables.pop(name) for name in GRADS[item]}
    loss = lambda to, rest: ((term({**to, **rest}) * WEIGHTS).sum() if item == "W4" else term({**to, **rest}).sum())
    run, grad = jax.jit(lambda to, rest: term({**to, **rest})), jax.jit(jax.value_and_grad(loss))
    forward = lambda: run(to, tables).block_until_ready()
    backward = lambda: jax.block_until_ready(grad(to, tables))
    return forward, backward if to else None, lambda values: np.asarray(values, np.float64)
