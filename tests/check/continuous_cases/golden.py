#!/usr/bin/env python3
"""Linear-Gaussian worlds of every condition number, solved here by textbook formulas in 60 digits, against `elbo ledger`: no number may be off
by more than the bound that stands beside it. Nothing is shared with the program, not even the precision.

usage: golden.py PATH/TO/elbo [WORLDS]     compare, 1000 worlds unless told otherwise
       golden.py --write                   print golden.json, which the tests read
"""

import json
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

from mpmath import mp, mpf

mp.dps = 60
READINGS = ["observed", "pointwise", "joint", "expected"]
PAIRS = 4
GOLDEN = 32


def stored(matrix):
    """Rounded to f64, as a list of rows."""
    return [[float(matrix[i, j]) for j in range(matrix.cols)] for i in range(matrix.rows)]


def covariance(rng, n, decades):
    """Eigenvalues over so many decades on axes turned at random; symmetric to the bit."""
    values = [mpf(10) ** -rng.uniform(0, decades) for _ in range(n)]
    values[0], values[-1] = mpf(1), mpf(10) ** -decades
    scale = mpf(2) ** rng.randint(-3, 3)
    root = mp.diag([mp.sqrt(scale * value) for value in values])
    for _ in range(2):
        v = mp.matrix([rng.gauss(0, 1) for _ in range(n)])
        root = root - v * (v.T * root) * (2 / (v.T * v)[0])
    matrix = root * root.T
    return stored((matrix + matrix.T) / 2)


def table(rng, n):
    logits = [mpf(rng.gauss(0, 2)) for _ in range(n)]
    total = mp.log(sum(mp.exp(logit) for logit in logits))
    return [float(logit - total) for logit in logits]


def short(rng, scale):
    """A normal number of few digits, which keeps the file small."""
    return round(rng.gauss(0, scale) * 256) / 256


def world(rng, most):
    """A model and an observed pair: every parameter an f64."""
    captions, d, pixels = rng.randint(1, 3), rng.randint(1, most), rng.randint(1, most)
    decades, far = rng.uniform(0, 10), 10 ** rng.uniform(0, 4)

    def rows(n, m, scale):
        return [[short(rng, scale) for _ in range(m)] for _ in range(n)]

    w = {
        "ln_p_y": table(rng, captions),
        "prior_mean": rows(captions, d, 1),
        "prior_covariance": [covariance(rng, d, decades) for _ in range(captions)],
        "decoder_weight": rows(pixels, d, 1),
        "decoder_offset": rows(captions, pixels, 1),
        "decoder_covariance": covariance(rng, pixels, rng.uniform(0, decades)),
        "encoder_weight": rows(d, pixels, 0.5),
        "encoder_offset": [short(rng, far) for _ in range(d)],
        "encoder_covariance": covariance(rng, d, rng.uniform(0, decades)),
        "ln_q_y_given_x": table(rng, captions),
        "x": [short(rng, far) for _ in range(pixels)],
        "y": rng.randrange(captions),
        "beta": rng.choice([0.0, 0.25, 0.5, 1.0, 1.0, 2.0, 6.5]),
    }
    if rng.random() < 0.5:
        plant(w)
    return w


def plant(w):
    """Makes the encoder the posterior of the observed caption, but for rounding: what the bound loses is then next to nothing."""
    mean, cov = posterior(w, w["y"])
    w["encoder_weight"] = [[0.0] * len(w["x"]) for _ in range(len(mean))]
    w["encoder_offset"] = [float(entry) for entry in mean]
    w["encoder_covariance"] = stored((cov + cov.T) / 2)


def posterior(w, c):
    """Mean and covariance of `p(z|x,y)`."""
    s, weight = mp.matrix(w["prior_covariance"][c]), mp.matrix(w["decoder_weight"])
    pull = weight.T * mp.matrix(w["decoder_covariance"]) ** -1
    cov = (s**-1 + pull * weight) ** -1
    missed = mp.matrix(w["x"]) - mp.matrix(w["decoder_offset"][c])
    return cov * (s**-1 * mp.matrix(w["prior_mean"][c]) + pull * missed), cov


def shape(array):
    return [] if not isinstance(array, list) else [len(array), *shape(array[0])]


def flat(array):
    return [array] if not isinstance(array, list) else [entry for part in array for entry in flat(part)]


def save(path, w):
    """A safetensors file of one world, written from its specification."""
    header, data = {"__metadata__": {"format": "elbo-gaussian/1"}}, b""
    for name, array in w.items():
        array = [array] if name in ("x", "y", "ln_q_y_given_x") else array
        kind, letter = ("I64", "q") if name == "y" else ("F64", "d")
        raw = b"".join(struct.pack("<" + letter, entry) for entry in flat(array))
        header[name] = {"dtype": kind, "shape": shape(array), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def normalised(logs):
    if len(logs) == 1:
        return [mpf(0)]
    total = mp.log(sum(mp.exp(mpf(log)) for log in logs))
    return [mpf(log) - total for log in logs]


def quadratic(v, inverse):
    return (v.T * inverse * v)[0]


def trace(a):
    return sum(a[i, i] for i in range(a.rows))


def log_density(v, cov):
    return -(quadratic(v, cov**-1) + mp.log(mp.det(cov)) + len(v) * mp.log(2 * mp.pi)) / 2


def kl(mean, cov, other_mean, other_cov):
    inverse = other_cov**-1
    logs = mp.log(mp.det(other_cov)) - mp.log(mp.det(cov))
    return (trace(inverse * cov) + quadratic(mean - other_mean, inverse) - len(mean) + logs) / 2


def solved(w):
    """Everything that no reading changes."""
    captions = range(len(w["ln_p_y"]))
    a = {name: mp.matrix(w[name]) for name in w if name.startswith(("encoder", "decoder"))}
    x, ln_p = mp.matrix(w["x"]), normalised(w["ln_p_y"])
    weight, noise, v = a["decoder_weight"], a["decoder_covariance"], a["encoder_covariance"]
    mean = a["encoder_weight"] * x + a["encoder_offset"]
    noise_inverse = noise**-1
    evidence, gap, reconstruction, divergence = [], [], [], []
    for c in captions:
        prior_mean, s = mp.matrix(w["prior_mean"][c]), mp.matrix(w["prior_covariance"][c])
        offset = mp.matrix(w["decoder_offset"][c])
        evidence.append(ln_p[c] + log_density(x - offset - weight * prior_mean, noise + weight * s * weight.T))
        gap.append(kl(mean, v, *posterior(w, c)))
        spread = trace(noise_inverse * weight * v * weight.T)
        reconstruction.append(log_density(x - offset - weight * mean, noise) - spread / 2)
        divergence.append(kl(mean, v, prior_mean, s) - ln_p[c])
    return evidence, gap, reconstruction, divergence


def ledger(w, reading, known):
    """The entries of the ledger, and the critical beta."""
    evidence, gaps, reconstructions, divergences = known
    y, beta, captions = w["y"], mpf(w["beta"]), range(len(evidence))
    ln_q = normalised(w["ln_q_y_given_x"])
    q = [mp.exp(log) for log in ln_q]
    if reading == "observed":
        ln_q, q = [mpf(0)] * len(q), [mpf(c == y) for c in captions]
    ratio = [ln_q[c] + divergences[c] for c in captions]
    joint = sum(q[c] * ratio[c] for c in captions)
    divergence = ratio[y] if reading in ("observed", "pointwise") else joint
    if reading == "expected":
        target = mp.log(sum(mp.exp(log) for log in evidence))
        r = sum(q[c] * reconstructions[c] for c in captions)
        gap = sum(q[c] * (ln_q[c] - evidence[c] + target + gaps[c]) for c in captions)
        dropped, extra = mpf(0), mpf(0)
    else:
        target, r, gap, dropped = evidence[y], reconstructions[y], gaps[y], ln_q[y]
        extra = joint - ratio[y] if reading == "joint" else mpf(0)
    return {
        "evidence": target,
        "objective": r - beta * divergence,
        "gap": gap,
        "reading: divergence": extra,
        "dropped": dropped,
        "reweighting": (beta - 1) * divergence,
        "reconstruction": r,
        "divergence": divergence,
        "beta*": (r - target) / divergence,
        "room": target - (r - beta * divergence),
    }


def written(array):
    return [written(part) for part in array] if isinstance(array, list) else repr(array)


def write(count):
    rng, worlds = random.Random(24), []
    for _ in range(count):
        w = world(rng, 3)
        known = solved(w)
        values = {reading: ledger(w, reading, known) for reading in READINGS}
        text = {reading: {name: mp.nstr(value, 30) for name, value in of.items()} for reading, of in values.items()}
        # As text, which every reader rounds to the same number.
        worlds.append({"world": {name: written(array) for name, array in w.items()}, "ledger": text})
    print("[\n" + ",\n".join(json.dumps(w) for w in worlds) + "\n]")


def compare(program, count):
    rng, worst, compared, refused = random.Random(25), {}, 0, 0
    verdicts = {True: 0, False: 0, None: 0}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "world.safetensors"
        for number in range(count):
            w = world(rng, 6)
            save(path, w)
            known = solved(w)
            for reading in READINGS:
                command = [program, "ledger", str(path), "--reading", reading, "--format", "json"]
                run = subprocess.run(command, capture_output=True, text=True)
                if run.returncode == 2 and "singular to working precision" in run.stderr:
                    refused += 1
                    break
                if run.returncode != 0:
                    sys.exit(f"world {number}, {reading}: exit {run.returncode}: {run.stderr}{run.stdout}")
                found = json.loads(run.stdout)["ledger"]
                theirs = {e["name"]: (e["nats"], e["within"]) for e in [found["evidence"], *found["entries"], *found["parts"]]}
                critical = found["critical_beta"]
                if "beta" in critical:
                    theirs["beta*"] = (critical["beta"], critical["within"])
                ours = ledger(w, reading, known)
                for name, (value, within) in theirs.items():
                    if name not in ours:
                        continue
                    compared += 1
                    error = abs(mpf(value) - ours[name])
                    worst[name] = max(worst.get(name, 0), error / mpf(within) if error else 0)
                    if not error <= mpf(within):
                        sys.exit(f"world {number}, {reading}, {name}: elbo {value!r} within {within!r}, here {mp.nstr(ours[name], 25)}")
                verdicts[found["bound_holds"]] += 1
                if found["bound_holds"] not in (None, ours["room"] >= 0):
                    sys.exit(f"world {number}, {reading}: elbo says {found['bound_holds']}, here {mp.nstr(ours['room'], 20)}")
    share = max(worst.values())
    print(f"{count} worlds ({refused} refused), {compared} numbers: none is off by more than {float(share):.2f} of its bound")
    print(f"the bound holds {verdicts[True]} times, fails {verdicts[False]} times, is not decided {verdicts[None]} times")
    for name, of in worst.items():
        print(f"  {name:<22} {float(of):.3f}")


if __name__ == "__main__":
    if sys.argv[1] == "--write":
        write(GOLDEN)
    else:
        compare(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
