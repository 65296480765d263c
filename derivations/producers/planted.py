"""Mistakes in PyTorch, JAX and NumPy, each under the name that `elbo judge` should give it first.

Every mistake is planted in every type: f64, f32, bfloat16 inputs with float32 arithmetic ("mixed"), bfloat16 and float16.
`python planted.py [ELBO]` prints what was noticed and named. A mistake that passes as ok, or under a wrong name, is printed and
counted.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np

from elbo_dump import Dump

TYPES = ("f64", "f32", "mixed", "bf16", "f16")
BATCH, POSITIONS, CODES = 3, 5, 16
TAU = 0.625

# What gives the same numbers as another mistake, and is named beside it: half of a normal divergence is half of it.
TIED = ("half-missing", "doubled")


class NumPy:
    """The operations of an objective, in NumPy; the other libraries have the same ones."""

    name = "numpy"
    exp, log = staticmethod(np.exp), staticmethod(np.log)
    minimum, maximum = staticmethod(np.minimum), staticmethod(np.maximum)

    def array(self, values, dtype):
        if dtype in ("bf16", "mixed"):
            import ml_dtypes

            stored = np.asarray(values).astype(ml_dtypes.bfloat16)
            return stored.astype(np.float32) if dtype == "mixed" else stored
        return np.asarray(values).astype({"f64": np.float64, "f32": np.float32, "f16": np.float16}[dtype])

    def softmax(self, x, axis=-1):
        weights = np.exp(x - x.max(axis, keepdims=True))
        return weights / weights.sum(axis, keepdims=True)

    def log_softmax(self, x, axis=-1):
        shifted = x - x.max(axis, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis, keepdims=True))

    def flip(self, x, axis):
        return np.flip(x, axis)


class Jax(NumPy):
    name = "jax"

    def __init__(self):
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        self.jax, self.jnp = jax, jnp
        self.exp, self.log, self.minimum, self.maximum = jnp.exp, jnp.log, jnp.minimum, jnp.maximum

    def array(self, values, dtype):
        kinds = {"f64": "float64", "f32": "float32", "mixed": "bfloat16", "bf16": "bfloat16", "f16": "float16"}
        stored = self.jnp.asarray(values).astype(kinds[dtype])
        return stored.astype("float32") if dtype == "mixed" else stored

    def softmax(self, x, axis=-1):
        return self.jax.nn.softmax(x, axis)

    def log_softmax(self, x, axis=-1):
        return self.jax.nn.log_softmax(x, axis)

    def flip(self, x, axis):
        return self.jnp.flip(x, axis)


class Torch(NumPy):
    name = "torch"

    def __init__(self):
        import torch

        self.torch = torch
        self.exp, self.log = torch.exp, torch.log

    def minimum(self, x, number):
        return x.clamp(max=number)

    def maximum(self, x, number):
        return x.clamp(min=number)

    def array(self, values, dtype):
        kinds = {"f64": "float64", "f32": "float32", "mixed": "bfloat16", "bf16": "bfloat16", "f16": "float16"}
        stored = self.torch.tensor(np.asarray(values)).to(getattr(self.torch, kinds[dtype]))
        return stored.float() if dtype == "mixed" else stored

    def softmax(self, x, axis=-1):
        return self.torch.softmax(x, axis)

    def log_softmax(self, x, axis=-1):
        return self.torch.log_softmax(x, axis)

    def flip(self, x, axis):
        return self.torch.flip(x, (axis,))


def libraries():
    """The libraries that are installed, and the names of those that are not."""
    found, missing = [NumPy()], []
    for library in (Torch, Jax):
        try:
            found.append(library())
        except ImportError:
            missing.append(library.name)
    return found, missing


# Codes: q(z|x) of 3 x 5 positions of 16 codes, with a prior of logits. A mistake is a function of the library, ln q, ln p
# and the logits of both, to the divergences of positions, [B, S].

LN2 = float(np.log(2.0))
TINY = {"f64": 1e-6, "f32": 1e-4, "mixed": 1e-3, "bf16": 2e-2, "f16": 2e-3}


def kl(lib, ln_q, ln_p):
    return (lib.exp(ln_q) * (ln_q - ln_p)).sum(-1)


def mixture(lib, ln_q, ln_p, axis):
    mean = lib.exp(ln_q).mean(axis)
    mean = mean[:, None] if axis == 1 else mean[None]
    return (mean * (lib.log(mean) - ln_p)).sum(-1)


def across(lib, x, b, axis):
    return kl(lib, lib.log_softmax(x, axis), lib.log_softmax(b))


def flattened(lib, x, b):
    ln_q = lib.log_softmax(x.reshape(BATCH, -1)).reshape(x.shape)
    return kl(lib, ln_q, lib.log_softmax(b))


KL = {
    "sign": lambda l, q, p, x, b, e: -kl(l, q, p),
    "base-two": lambda l, q, p, x, b, e: kl(l, q, p) / LN2,
    "arguments-swapped": lambda l, q, p, x, b, e: kl(l, p, q),
    "entropy-halved": lambda l, q, p, x, b, e: (l.exp(q) * (q / 2 - p)).sum(-1),
    "entropy-missing": lambda l, q, p, x, b, e: -(l.exp(q) * p).sum(-1),
    "prior-missing": lambda l, q, p, x, b, e: (l.exp(q) * q).sum(-1),
    "prior-added": lambda l, q, p, x, b, e: (l.exp(q) * (q + p)).sum(-1),
    "not-weighted": lambda l, q, p, x, b, e: (q - p).sum(-1),
    "not-logged": lambda l, q, p, x, b, e: (l.exp(q) * (l.exp(q) - p)).sum(-1),
    "logits-not-normalised": lambda l, q, p, x, b, e: (l.exp(q) * (x - p)).sum(-1),
    "prior-not-normalised": lambda l, q, p, x, b, e: (l.exp(q) * (q - b)).sum(-1),
    "softmax-twice": lambda l, q, p, x, b, e: kl(l, l.log_softmax(l.softmax(x)), p),
    "softmax-over-positions": lambda l, q, p, x, b, e: across(l, x, b, 1),
    "softmax-over-batch": lambda l, q, p, x, b, e: across(l, x, b, 0),
    "softmax-flattened": lambda l, q, p, x, b, e: flattened(l, x, b),
    "prior-of-first-item": lambda l, q, p, x, b, e: kl(l, q, p[:1]),
    "averaged-over-batch": lambda l, q, p, x, b, e: mixture(l, q, p, 0),
    "tempered-in-divergence": lambda l, q, p, x, b, e: kl(l, l.log_softmax(x / TAU), p),
    "mean-over-codes": lambda l, q, p, x, b, e: kl(l, q, p) / CODES,
    "sum-over-codes": lambda l, q, p, x, b, e: kl(l, q, p) * CODES,
    "doubled": lambda l, q, p, x, b, e: 2 * kl(l, q, p),
    "halved": lambda l, q, p, x, b, e: kl(l, q, p) / 2,
    "factor": lambda l, q, p, x, b, e: kl(l, q, p) * 0.8,
    "offset": lambda l, q, p, x, b, e: kl(l, q, p) + 3.0,
    "constant-in-both-logarithms": lambda l, q, p, x, b, e: (l.exp(q) * (l.log(l.exp(q) + e) - l.log(l.exp(p) + e))).sum(-1),
    "floor-in-ln-p": lambda l, q, p, x, b, e: kl(l, q, l.maximum(p, float(np.log(0.02)))),
    "items-permuted": lambda l, q, p, x, b, e: l.flip(kl(l, q, p), 0),
    "positions-permuted": lambda l, q, p, x, b, e: l.flip(kl(l, q, p), 1),
    "one-sample-k1": lambda l, q, p, x, b, e: (q - p)[:, :, 3],
    "one-sample-k3": lambda l, q, p, x, b, e: (l.exp(p - q) - 1 - (p - q))[:, :, 3],
}

# One sum an item, [B].
KL_OF_ITEMS = {
    "mean-over-positions": lambda l, q, p, x, b, e: kl(l, q, p).mean(-1),
    "positions-missing": lambda l, q, p, x, b, e: kl(l, q, p)[:, 1:].sum(-1),
    "averaged-over-positions": lambda l, q, p, x, b, e: mixture(l, q, p, 1).mean(-1),
}

SAMPLE = {
    "noise-negated": lambda l, x, g: l.softmax((x - g) / TAU),
    "noise-doubled": lambda l, x, g: l.softmax((x + 2 * g) / TAU),
    "noise-after-temperature": lambda l, x, g: l.softmax(x / TAU + g),
    "not-sampled": lambda l, x, g: l.softmax(x / TAU),
    "temperature-missing": lambda l, x, g: l.softmax(x + g),
    "temperature-twice": lambda l, x, g: l.softmax((x + g) / TAU / TAU),
    "temperature-inverted": lambda l, x, g: l.softmax((x + g) * TAU),
    "temperature-after-softmax": lambda l, x, g: l.softmax(x + g) / TAU,
    "softmax-over-positions": lambda l, x, g: l.softmax((x + g) / TAU, 1),
}


def normal_kl(lib, m, s, pm, ps):
    """Of log-variances, coordinate by coordinate."""
    return 0.5 * (ps - s + lib.exp(s - ps) + (m - pm) * (m - pm) * lib.exp(-ps) - 1)


NORMAL = {
    "half-missing": lambda l, m, s, pm, ps: 2 * normal_kl(l, m, s, pm, ps),
    "one-missing": lambda l, m, s, pm, ps: normal_kl(l, m, s, pm, ps) + 0.5,
    "log-variance-added": lambda l, m, s, pm, ps: normal_kl(l, m, s, pm, ps) + s - ps,
    "log-variance-missing": lambda l, m, s, pm, ps: normal_kl(l, m, s, pm, ps) + 0.5 * (s - ps),
    "mean-missing": lambda l, m, s, pm, ps: normal_kl(l, m, s, pm, ps) - 0.5 * (m - pm) * (m - pm) * l.exp(-ps),
    "prior-mean-missing": lambda l, m, s, pm, ps: normal_kl(l, m, s, 0 * pm, ps),
    "from-standard-normal": lambda l, m, s, pm, ps: normal_kl(l, m, s, 0 * pm, 0 * ps),
    "arguments-swapped": lambda l, m, s, pm, ps: normal_kl(l, pm, ps, m, s),
    "log-variance-limited-above": lambda l, m, s, pm, ps: normal_kl(l, m, l.minimum(s, 0.5), pm, ps),
    "constant-added-to-variance": lambda l, m, s, pm, ps: normal_kl(l, m, l.log(l.exp(s) + 0.125), pm, ps),
    "prior-of-first-item": lambda l, m, s, pm, ps: normal_kl(l, m, s, pm[:1], ps[:1]),
}


def nll(lib, ln_p, tokens):
    rows = [[ln_p[b, t, int(tokens[b, t])] for t in range(tokens.shape[1])] for b in range(tokens.shape[0])]
    if lib.name == "torch":
        return -lib.torch.stack([lib.torch.stack(row) for row in rows])
    if lib.name == "jax":
        return -lib.jnp.stack([lib.jnp.stack(row) for row in rows])
    return -np.stack([np.stack(row) for row in rows])


SEQUENCE = {
    "label-previous": lambda l, x, t: nll(l, l.log_softmax(x), np.concatenate([t[:, :1], t[:, :-1]], 1)),
    "label-next": lambda l, x, t: nll(l, l.log_softmax(x), np.concatenate([t[:, 1:], t[:, -1:]], 1)),
    "softmax-twice": lambda l, x, t: nll(l, l.log_softmax(l.softmax(x)), t),
    "labels-smoothed": lambda l, x, t: 0.9 * nll(l, l.log_softmax(x), t) - 0.1 * l.log_softmax(x).mean(-1),
    "base-two": lambda l, x, t: nll(l, l.log_softmax(x), t) / LN2,
    "sign": lambda l, x, t: -nll(l, l.log_softmax(x), t),
    "floor-in-likelihood": lambda l, x, t: l.minimum(nll(l, l.log_softmax(x), t), 2.0),
}


def statement(lib, dtype):
    stated = {"dtype": "f32" if dtype == "mixed" else dtype, "framework": lib.name}
    return {**stated, "accumulation": "f32"} if dtype in ("bf16", "f16") else stated


def as_input(lib, values, dtype):
    """What is stored as an input: of mixed precision the bfloat16 that it came from."""
    return lib.array(values, "bf16" if dtype == "mixed" else dtype)


def cases(lib, dtype):
    """Every mistake: its form, its name, the claim, and a dump with the mistake in it."""
    rng = np.random.default_rng(11)
    logits, prior = (1.5 * rng.normal(size=(BATCH, POSITIONS, CODES)) for _ in range(2))
    noise = rng.gumbel(size=logits.shape)
    x, b, g = (lib.array(values, dtype) for values in (logits, prior, noise))
    q, p = lib.log_softmax(x), lib.log_softmax(b)

    def codes():
        made = Dump("tokens", layout="BSK", prior="logits", temperature=TAU, **statement(lib, dtype))
        return made.input("encoder_logits", as_input(lib, logits, dtype)).input("prior_logits", as_input(lib, prior, dtype))

    for name, mistake in KL.items():
        yield "tokens", name, "kl", codes().claim("kl", mistake(lib, q, p, x, b, TINY[dtype]), sum="code")
    for name, mistake in KL_OF_ITEMS.items():
        yield "items", name, "kl", codes().claim("kl", mistake(lib, q, p, x, b, TINY[dtype]), sum=["position", "code"])
    for name, mistake in SAMPLE.items():
        made = codes().input("gumbel_noise", as_input(lib, noise, dtype))
        yield "sample", name, "relaxed_sample", made.claim("relaxed_sample", mistake(lib, x, g))
    means = [rng.normal(size=(4, 7)) for _ in range(2)]
    spreads = [0.6 * rng.normal(size=(4, 7)) for _ in range(2)]
    (m, pm), (s, ps) = ([lib.array(values, dtype) for values in pair] for pair in (means, spreads))
    for name, mistake in NORMAL.items():
        made = Dump("gaussian", prior="normal", parameter="ln_variance", **statement(lib, dtype))
        for tensor, values in zip(("q_mean", "prior_mean", "q_spread", "prior_spread"), (*means, *spreads)):
            made.input(tensor, as_input(lib, values, dtype))
        yield "gaussian", name, "kl", made.claim("kl", mistake(lib, m, s, pm, ps), sum=[])
    rows, tokens = 1.5 * rng.normal(size=(2, 6, 11)), rng.integers(1, 11, size=(2, 6))
    scores = lib.array(rows, dtype)
    for name, mistake in SEQUENCE.items():
        text = {"tokens": 6, "vocabulary": 11, "softmax": "joint", "padding": [], "weights": [1.0, 0.0]}
        made = Dump("sequence", text=text, **statement(lib, dtype))
        made.input("token_logits", as_input(lib, rows, dtype)).input("tokens", tokens)
        yield "sequence", name, "token_nll", made.claim("token_nll", mistake(lib, scores, tokens), sum=[])


def judged(elbo, made, claim):
    """The verdict on a claim and the first name of its explanation."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "dump.safetensors")
        made.save(path)
        run = subprocess.run([elbo, "judge", path, "--format", "json"], capture_output=True, text=True)
    if not run.stdout:
        raise RuntimeError(run.stderr)
    found = next(c for c in json.loads(run.stdout)["dumps"][0]["claims"] if c["name"] == claim)
    names = [explanation["name"] for explanation in found["explanations"]]
    return found["verdict"], names


def planted(elbo):
    """What became of every mistake in every type; each library in turn has the next one."""
    found, missing = libraries()
    every = [(dtype, [list(cases(lib, dtype)) for lib in found]) for dtype in TYPES]
    for dtype, by_library in every:
        for at, same in enumerate(zip(*by_library)):
            form, name, claim, made = same[at % len(found)]
            verdict, names = judged(elbo, made, claim)
            yield dtype, found[at % len(found)].name, form, name, verdict, names
    for library in missing:
        print(f"{library} is not installed: nothing is planted in it")


def main():
    elbo = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ELBO", "target/release/elbo")
    count, passed, undecided, named, wrong = 0, [], 0, 0, []
    for dtype, library, form, name, verdict, names in planted(elbo):
        count += 1
        where = f"{dtype:<6}{library:<7}{form:<9}{name}"
        if verdict == "ok":
            passed.append(where)
        elif verdict == "undecided":
            undecided += 1
        elif name in names[: 2 if name in TIED else 1]:
            named += 1
        else:
            wrong.append(f"{where}: {', '.join(names[:3]) or 'no name'}")
    out = count - undecided - len(passed)
    print(f"{count} planted: {out} out of bound, {undecided} undecided, {len(passed)} ok; {named} of {out} named first")
    for line in [f"passed: {line}" for line in passed] + [f"not named first: {line}" for line in wrong]:
        print(line)
    return int(bool(passed))


if __name__ == "__main__":
    sys.exit(main())
