"""What everyone makes of hard inputs: 64 rows of 8192 logits, against 80-bit arithmetic. Run by peers.py accuracy."""

import json
import subprocess

import numpy as np

ROWS, K = 64, 8192


def cases():
    """`name: (q, p)`; what a network emits, and what breaks implementations."""
    r = np.random.default_rng(7)
    normal = lambda scale: (r.standard_normal((ROWS, K)) * scale).astype(np.float32)
    base, prior = normal(2), normal(2)
    masked = r.random((ROWS, K)) < 0.3
    without = lambda x, value: np.where(masked, np.float32(value), x)
    alone = np.full((ROWS, K), -np.inf, np.float32)
    alone[:, 5] = 1
    odd = lambda value: (lambda q: (q.__setitem__((3, 17), value), q)[1])(base.copy())
    empty = base.copy()
    empty[3] = -np.inf
    lowest = np.finfo(np.float32).min
    return {
        "normal, scale 2": (base, prior),
        "scale 30": (normal(30), normal(30)),
        "scale 1000": (normal(1000), normal(1000)),
        "offset 1e4": (base + np.float32(1e4), prior + np.float32(1e4)),
        "offset -1e4": (base - np.float32(1e4), prior - np.float32(1e4)),
        "offset 1e6": (base + np.float32(1e6), prior),
        "near uniform, spread 1e-2": (normal(1e-2), normal(1e-2)),
        "near uniform, spread 1e-3": (normal(1e-3), normal(1e-3)),
        "all equal": (np.full((ROWS, K), 3.7, np.float32), np.full((ROWS, K), -1.3, np.float32)),
        "q equals p": (base, base.copy()),
        "tables 1e-3 apart": (base, (base + normal(1e-3)).astype(np.float32)),
        "-inf in q": (without(base, -np.inf), prior),
        "-inf in both": (without(base, -np.inf), without(prior, -np.inf)),
        "-inf in p alone": (base, without(prior, -np.inf)),
        "lowest f32 for -inf": (without(base, lowest), without(prior, lowest)),
        "one code left": (alone, alone.copy()),
        "rising": (np.sort(normal(40), -1), prior),
        "one NaN": (odd(np.nan), prior),
        "a row all -inf": (empty, prior),
        "one +inf": (odd(np.inf), prior),
    }


def reference(q, p):
    """Both divergences, all rows together, and their gradients with respect to q's logits, in 80 bits."""
    q, p = q.astype(np.longdouble), p.astype(np.longdouble)

    def log_softmax(x):
        y = x - x.max(-1, keepdims=True)
        return y - np.log(np.exp(y).sum(-1, keepdims=True))

    with np.errstate(all="ignore"):
        ln_q, ln_p = log_softmax(q), log_softmax(p)
        w = np.exp(ln_q)
        of = lambda f: np.where(w == 0, 0, w * f)
        h = of(ln_q).sum(-1, keepdims=True)
        d = of(ln_q - ln_p).sum(-1, keepdims=True)
        uniform = (h + np.log(np.longdouble(K))).sum(), of(ln_q - h)
        return {"W1": uniform, "W2": (d.sum(), of(ln_q - ln_p - d))}


def peers(q, p):
    """`name: {item: (value, gradient)}`, everyone by their own composition."""
    import jax
    import jax.numpy as jnp
    import numpyro.distributions as nd
    import torch
    from numpyro.distributions import kl_divergence
    from scipy.special import log_softmax

    F, ln_k, found = torch.nn.functional, np.log(K), {}
    with np.errstate(all="ignore"):
        ln_q, ln_p = log_softmax(q, axis=-1), log_softmax(p, axis=-1)
        w = np.exp(ln_q)
        one, two = w * ln_q, w * (ln_q - ln_p)
        found["NumPy"] = {
            "W1": (one.sum() + ROWS * ln_k, w * (ln_q - one.sum(-1, keepdims=True))),
            "W2": (two.sum(), w * (ln_q - ln_p - two.sum(-1, keepdims=True))),
        }

    def by_torch(term):
        x = torch.from_numpy(q.copy()).requires_grad_(True)
        value = term(x, torch.from_numpy(p.copy()))
        return float(value), torch.autograd.grad(value, x)[0].double().numpy()

    def uniform(x, _):
        ln = F.log_softmax(x, -1)
        return (ln.exp() * ln).sum() + ROWS * ln_k

    def pair(x, y):
        ln, other = F.log_softmax(x, -1), F.log_softmax(y, -1)
        return (ln.exp() * (ln - other)).sum()

    by_kl_div = lambda target, x: F.kl_div(target, F.log_softmax(x, -1), reduction="sum", log_target=True)
    found["PyTorch"] = {"W1": by_torch(uniform), "W2": by_torch(pair)}
    found["compile"] = {"W1": by_torch(torch.compile(uniform)), "W2": by_torch(torch.compile(pair))}
    found["F.kl_div"] = {
        "W1": by_torch(lambda x, _: by_kl_div(torch.log(torch.full((1,), 1.0 / K)), x)),
        "W2": by_torch(lambda x, y: by_kl_div(F.log_softmax(y, -1), x)),
    }

    def by_jax(term):
        value, grad = jax.jit(jax.value_and_grad(term))(jnp.asarray(q), jnp.asarray(p))
        return float(value), np.asarray(grad, np.float64)

    def jax_pair(x, y):
        ln = jax.nn.log_softmax(x)
        return (jnp.exp(ln) * (ln - jax.nn.log_softmax(y))).sum()

    def jax_uniform(x, _):
        ln = jax.nn.log_softmax(x)
        return (jnp.exp(ln) * ln).sum() + ROWS * ln_k

    of = lambda x: nd.Categorical(probs=jax.nn.softmax(x))
    found["JAX"] = {"W1": by_jax(jax_uniform), "W2": by_jax(jax_pair)}
    found["NumPyro"] = {
        "W1": by_jax(lambda x, _: kl_divergence(of(x), nd.Categorical(probs=jnp.full((K,), 1.0 / K))).sum()),
        "W2": by_jax(lambda x, y: kl_divergence(of(x), of(y)).sum()),
    }
    return found


def verdict(value, grad, expected, slopes):
    """The relative error of the value, and of the gradient relative to its largest entry; in bold what is wrong."""
    expected = 0.0 if abs(expected) <= 1e-12 else float(expected)
    if np.isnan(expected):
        return "NaN (right)" if np.isnan(value) else f"**{value:.2g}**"
    if np.isinf(expected):
        return "inf (right)" if value == expected else f"**{value:.2g}**"
    if np.isnan(value):
        text = "**NaN**"
    elif expected == 0:
        text = "0" if value == 0 else f"**{value:.0e} for 0**"
    else:
        error = abs(value - expected) / expected
        text = f"{error:.0e}" if error <= 1e-4 else f"**{error:.0e}{', negative' if value < 0 else ''}**"
    finite = np.isfinite(slopes)
    lost = int((~np.isfinite(grad) & finite).sum())
    if lost:
        return f"{text}; gradient **NaN**"
    size = float(np.abs(slopes[finite]).max())
    error = float(np.abs(grad - slopes)[finite].max())
    if size < 1e-18:
        return f"{text}; gradient {'0' if error < 1e-18 else f'{error:.0e} for 0' if error < 1e-7 else f'**{error:.0e} for 0**'}"
    return f"{text}; {error / size:.0e}" if error <= 1e-4 * size else f"{text}; gradient **{error / size:.0e}**"


def write(data, rust, out):
    folder = data / "accuracy"
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"W1": [], "W2": []}
    for number, (name, (q, p)) in enumerate(cases().items()):
        q.tofile(folder / f"{number}.q.bin"), p.tofile(folder / f"{number}.p.bin")
        command = [str(rust), "accuracy", str(number), "--data", str(folder)]
        values = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        expected = reference(q, p)
        everyone = peers(q, p)
        everyone["ours"] = {item: (float(values[item]), np.fromfile(folder / f"{number}.{item}.grad", np.float32).reshape(ROWS, K)) for item in tables}
        for item, rows in tables.items():
            value, slopes = expected[item]
            slopes = slopes.astype(np.float64)
            cells = [verdict(*found[item], value, slopes) for found in everyone.values()]
            rows.append(f"| {name} | {0.0 if abs(value) <= 1e-12 else float(value):.3g} | " + " | ".join(cells) + " |")
        print(name, flush=True)
    head = f"| input | value | {' | '.join(everyone)} |\n|---|---|{'---|' * len(everyone)}"
    wrong = {item: sum(row.rsplit("|", 2)[1].count("**") // 2 for row in rows) for item, rows in tables.items()}
    out.write_text(
        "# Hard inputs\n\nWritten by `benches/peers/peers.py accuracy`: 64 rows of 8192 logits in f32, against 80-bit arithmetic. A cell is the relative error of the value and of the\n"
        "gradient (of its largest entry); bold where it is wrong: NaN, or off by more than 1e-4 (where 0 is right: by more than 0, a gradient by more than 1e-7).\n"
        f"Wrong in our column: {wrong['W1']} inputs of the first table, {wrong['W2']} of the second.\n\n"
        f"## Divergence from the uniform distribution\n\n{head}\n" + "\n".join(tables["W1"]) + f"\n\n## Divergence of two tables\n\n{head}\n" + "\n".join(tables["W2"]) + "\n"
    )
