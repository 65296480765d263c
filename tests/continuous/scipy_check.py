#!/usr/bin/env python3
"""Fifty linear-Gaussian worlds, made and solved here with NumPy and SciPy, against `elbo ledger`: twelve digits, and no code in common.

usage: scipy_check.py PATH/TO/elbo
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

import numpy as np
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

MODELS, PAIRS = 10, 5
READINGS = ["observed", "pointwise", "joint", "expected"]
DIGITS = 1e-12


def covariance(rng, n):
    a = rng.normal(size=(n, n + 2))
    return a @ a.T / (n + 2) + 0.1 * np.eye(n)


def model(rng):
    """Parameters with pairwise distinct sizes, and `PAIRS` observed pairs."""
    captions, d, pixels = rng.permutation([2, 3, 4, 5, 6])[:3]
    ln_q = rng.normal(size=(PAIRS, captions))
    ln_p = rng.normal(size=captions)
    return {
        "ln_p_y": ln_p - logsumexp(ln_p),
        "prior_mean": rng.normal(size=(captions, d)),
        "prior_covariance": np.stack([covariance(rng, d) for _ in range(captions)]),
        "decoder_weight": rng.normal(size=(pixels, d)),
        "decoder_offset": rng.normal(size=(captions, pixels)),
        "decoder_covariance": covariance(rng, pixels),
        "encoder_weight": 0.5 * rng.normal(size=(d, pixels)),
        "encoder_offset": rng.normal(size=d),
        "encoder_covariance": covariance(rng, d),
        "ln_q_y_given_x": ln_q - logsumexp(ln_q, axis=1, keepdims=True),
        "x": rng.normal(size=(PAIRS, pixels)),
        "y": rng.integers(captions, size=PAIRS),
        "beta": np.array(rng.uniform(0.2, 7.0)),
    }


def save(path, tensors):
    """A safetensors file, written from its specification."""
    header, data = {"__metadata__": {"format": "elbo-gaussian/1"}}, b""
    for name, array in tensors.items():
        raw = np.ascontiguousarray(array).tobytes()
        kind = "I64" if array.dtype.kind == "i" else "F64"
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def kl(mean, cov, other_mean, other_cov):
    inverse = np.linalg.inv(other_cov)
    shift = mean - other_mean
    dets = np.linalg.slogdet(other_cov)[1] - np.linalg.slogdet(cov)[1]
    return 0.5 * (np.trace(inverse @ cov) + shift @ inverse @ shift - len(mean) + dets)


def ledger(m, pair, reading):
    """The entries of the ledger by textbook formulas."""
    x, y, beta = m["x"][pair], m["y"][pair], float(m["beta"])
    captions = range(len(m["ln_p_y"]))
    w, noise, v = m["decoder_weight"], m["decoder_covariance"], m["encoder_covariance"]
    mean = m["encoder_weight"] @ x + m["encoder_offset"]
    prior = [(m["prior_mean"][c], m["prior_covariance"][c]) for c in captions]
    evidence, posterior, reconstruction = [], [], []
    for c in captions:
        prior_mean, s = prior[c]
        offset = m["decoder_offset"][c]
        seen = w @ s @ w.T + noise
        evidence.append(m["ln_p_y"][c] + multivariate_normal(w @ prior_mean + offset, seen).logpdf(x))
        gain = s @ w.T @ np.linalg.inv(seen)
        posterior.append((prior_mean + gain @ (x - offset - w @ prior_mean), s - gain @ w @ s))
        spread = np.trace(np.linalg.solve(noise, w @ v @ w.T))
        reconstruction.append(multivariate_normal(w @ mean + offset, noise).logpdf(x) - 0.5 * spread)
    ln_q = m["ln_q_y_given_x"][pair]
    if reading == "observed":
        ln_q = np.where(np.arange(len(captions)) == y, 0.0, -np.inf)
    q = np.exp(ln_q)
    ratio = [ln_q[c] - m["ln_p_y"][c] + kl(mean, v, *prior[c]) for c in captions]
    joint = sum(q[c] * ratio[c] for c in captions if q[c] > 0)
    divergence = ratio[y] if reading in ("observed", "pointwise") else joint
    if reading == "expected":
        target = logsumexp(evidence)
        r = float(q @ reconstruction)
        gap = sum(q[c] * (ln_q[c] - evidence[c] + target + kl(mean, v, *posterior[c])) for c in captions)
        dropped, extra = 0.0, 0.0
    else:
        target, r, gap = evidence[y], reconstruction[y], kl(mean, v, *posterior[y])
        dropped = ln_q[y]
        extra = joint - ratio[y] if reading == "joint" else 0.0
    return {
        "evidence": target,
        "objective": r - beta * divergence,
        "gap": gap,
        "reading: divergence": extra,
        "dropped": dropped,
        "reweighting": (beta - 1) * divergence,
        "reconstruction": r,
        "divergence": divergence,
    }


def main():
    program = sys.argv[1]
    rng = np.random.default_rng(20)
    worst, compared = 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "worlds.safetensors"
        for _ in range(MODELS):
            m = model(rng)
            save(path, m)
            for pair in range(PAIRS):
                for reading in READINGS:
                    command = [program, "ledger", str(path), "--row", str(pair), "--reading", reading, "--format", "json"]
                    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["ledger"]
                    theirs = {entry["name"]: entry["nats"] for entry in [found["evidence"], *found["entries"], *found["parts"]]}
                    ours = ledger(m, pair, reading)
                    scale = max(1.0, *(abs(value) for value in ours.values()))
                    for name, value in ours.items():
                        error = abs(theirs[name] - value) / scale
                        compared += 1
                        worst = max(worst, error)
                        if not error <= DIGITS:
                            sys.exit(f"{reading}, pair {pair}, {name}: elbo {theirs[name]!r}, SciPy {value!r}")
    print(f"{MODELS * PAIRS} worlds, {compared} numbers: elbo and SciPy agree to {worst:.1e} of the largest entry")


if __name__ == "__main__":
    main()
