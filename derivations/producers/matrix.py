"""Correct programs, judged: sizes by types by frameworks. Writes `matrix.md` beside itself.

    python derivations/producers/matrix.py target/release/elbo [target/release/examples/candle]

No order of summation is stated. A cell is `a / b / c`: how many times wider than the worst error of the program its bound is, for
the divergence of positions, for its gradient, and for the divergence of an image. What is not `ok` says so in its place. A framework that is not installed is
left out, and named. Below each table stands which error of all numbers together is out of bound there.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np

from elbo_dump import Dump

CODES, SIDES = (16, 512, 8192), (1, 8, 32)
IMAGES = {1: 16, 8: 8, 32: 2}  # the worst error of a number or two is luck
TYPES = {
    "f64": ("f64", 1e-9, "double precision"),
    "f32": ("f32", 1e-3, "single precision"),
    "mixed": ("f32", 0.05, "bfloat16 logits, computed in single precision"),
    "bf16": ("bf16", 0.25, "bfloat16, operation by operation"),
    "f16": ("f16", 0.05, "half precision, operation by operation"),
}
KINDS = {"f64": "float64", "f32": "float32", "mixed": "bfloat16", "bf16": "bfloat16", "f16": "float16"}


def drawn(codes, side):
    """Logits of images, [B, S, K], with an outlier in each."""
    logits = 2.0 * np.random.default_rng(codes + side).normal(size=(IMAGES[side], side * side, codes))
    logits[:, 0, 0] = 9.0
    return logits


def torch_planes(logits, side, kind):
    """A softmax over the first of three axes, as convolutions lay codes out."""
    import torch

    planes = logits.transpose(0, 2, 1).reshape(len(logits), -1, side, side)
    x = torch.tensor(planes).to(getattr(torch, KINDS[kind])).requires_grad_()
    leaf = x
    x = x.float() if kind == "mixed" else x
    ln_q = torch.log_softmax(x, 1)
    kl = (torch.softmax(x, 1) * (ln_q + float(np.log(x.shape[1])))).sum(1)
    (slope,) = torch.autograd.grad(kl.sum(), leaf)
    return "BKHW", leaf, kl, slope, kl.sum((1, 2))


def torch_rows(logits, side, kind, compiled=False):
    """The divergence of the documentation of `kl_div`, code by code, along the last axis."""
    import torch

    def objective(x):
        x = x.float() if kind == "mixed" else x
        ln_q = torch.log_softmax(x, -1)
        return (torch.exp(ln_q) * (ln_q + float(np.log(x.shape[-1])))).sum(-1)

    x = torch.tensor(logits).to(getattr(torch, KINDS[kind])).requires_grad_()
    kl = (torch.compile(objective) if compiled else objective)(x)
    (slope,) = torch.autograd.grad(kl.sum(), x)
    return "BSK", x, kl, slope, kl.sum(-1)


def torch_compiled(logits, side, kind):
    return torch_rows(logits, side, kind, compiled=True)


def jax_jit(logits, side, kind):
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def objective(x):
        x = x.astype(jnp.float32) if kind == "mixed" else x
        ln_q = jax.nn.log_softmax(x)
        return (jnp.exp(ln_q) * (ln_q + float(np.log(x.shape[-1])))).sum(-1)

    x = jnp.asarray(logits).astype(KINDS[kind])
    kl = jax.jit(objective)(x)
    slope = jax.jit(jax.grad(lambda x: objective(x).sum()))(x)
    return "BSK", x, kl, slope, jax.jit(lambda x: objective(x).sum(-1))(x)


def numpy_rows(logits, side, kind):
    import ml_dtypes

    kinds = {"bfloat16": ml_dtypes.bfloat16}
    x = logits.astype(kinds.get(KINDS[kind], KINDS[kind]))
    stored, x = x, x.astype(np.float32) if kind == "mixed" else x
    shifted = x - x.max(-1, keepdims=True)
    ln_q = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    f = ln_q + x.dtype.type(np.log(x.shape[-1]))
    q = np.exp(ln_q)
    kl = (q * f).sum(-1)
    return "BSK", stored, kl, q * (f - kl[..., None]), kl.sum(-1)


FRAMEWORKS = {
    "torch BKHW": torch_planes,
    "torch BSK": torch_rows,
    "torch.compile": torch_compiled,
    "jax.jit": jax_jit,
    "NumPy": numpy_rows,
}


def statement(layout, kind, name):
    stated = {"dtype": TYPES[kind][0], "layout": layout, "prior": "uniform", "framework": name}
    if name == "NumPy" and kind == "bf16":
        stated["accumulation"] = "bf16"  # ml_dtypes adds up in bfloat16, the others in single precision
    return stated


def judge(elbo, write):
    """The claims of the dump that a function writes, judged."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "dump.safetensors")
        write(path)
        run = subprocess.run([elbo, "judge", path, "--format", "json", "--no-explanations"], capture_output=True, text=True)
    if not run.stdout:
        raise RuntimeError(run.stderr)
    return {claim["name"]: claim for claim in json.loads(run.stdout)["dumps"][0]["claims"]}


def told(claim):
    if claim["verdict"] != "ok":
        return claim["verdict"]
    return f"{1 / claim['used']:.0f}" if claim["used"] else "exact"


def scaled(array, share):
    """All numbers wrong by a share, in the type that they have."""
    if hasattr(array, "detach"):
        return array.detach() * (1 + share)
    return (np.asarray(array).astype(np.float64) * (1 + share)).astype(np.asarray(array).dtype)


def cell(elbo, run, codes, side, kind, name):
    """What is told of the correct program, and of one whose numbers are all wrong by a share."""
    layout, x, kl, slope, total = run(drawn(codes, side), side, kind)

    def positions(share):
        made = Dump("tokens", **statement(layout, kind, name)).input("encoder_logits", x)
        made.claim("kl", scaled(kl, share), sum="code")
        return judge(elbo, made.claim("grad.encoder_logits", scaled(slope, share), of="kl").save)

    def image(share):
        made = Dump("tokens", **statement(layout, kind, name)).input("encoder_logits", x)
        return judge(elbo, made.claim("kl", scaled(total, share), sum=["position", "code"]).save)

    share = TYPES[kind][1]
    right = [positions(0), image(0)]
    wrong = [positions(share), image(share)]
    three = lambda pair: [pair[0]["kl"], pair[0]["grad.encoder_logits"], pair[1]["kl"]]
    return [told(claim) for claim in three(right)], [claim["verdict"] for claim in three(wrong)]


def candle_cell(elbo, candle, codes, side, kind):
    """The same by candle's operations, in `candle.rs`; it writes dumps itself."""
    shape = f"{IMAGES[side]}x{side * side}x{codes}"
    found = []
    for image in ("", "image"):
        for share in (0.0, TYPES[kind][1]):
            asked = [shape, TYPES[kind][0], str(share), image]
            found.append(judge(elbo, lambda path: subprocess.run([candle, path, *asked], check=True)))
    three = lambda at: [found[at]["kl"], found[at]["grad.encoder_logits"], found[2 + at]["kl"]]
    return [told(claim) for claim in three(0)], [claim["verdict"] for claim in three(1)]


def installed():
    found, missing = {}, []
    for name, run in FRAMEWORKS.items():
        module = {"j": "jax", "N": "ml_dtypes"}.get(name[0], "torch")
        try:
            __import__(module)
            found[name] = run
        except ImportError:
            missing.append(name)
    return found, missing


def table(elbo, candle, found, kind):
    names = [*found, *(["candle"] if candle and kind in ("f64", "f32") else [])]
    lines = [f"| codes x positions | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    unnoticed, wrong = [], []
    for codes in CODES:
        for side in SIDES:
            row = []
            for name in names:
                print(f"{kind} {codes} {side * side} {name}", file=sys.stderr, flush=True)
                if name == "candle":
                    right, planted = candle_cell(elbo, candle, codes, side, kind)
                else:
                    right, planted = cell(elbo, found[name], codes, side, kind, name)
                row.append(" / ".join(right))
                wrong += [(codes, side, name, verdict) for verdict in right if verdict in ("OUT", "follows")]
                for what, verdict in zip(("position", "gradient", "image"), planted):
                    if verdict == "ok":
                        unnoticed.append(f"{what} of {codes} x {side * side}, {name}")
            lines.append(f"| {codes} x {side * side} | {' | '.join(row)} |")
    share = TYPES[kind][1]
    lines.append("")
    if unnoticed:
        lines.append(f"All numbers wrong by {share:g}: not noticed in {'; '.join(unnoticed)}. Elsewhere out of bound, or undecided.")
    else:
        lines.append(f"All numbers wrong by {share:g}: out of bound in every cell, or undecided.")
    return lines, wrong


def main():
    elbo = sys.argv[1] if len(sys.argv) > 1 else "target/release/elbo"
    candle = sys.argv[2] if len(sys.argv) > 2 else None
    found, missing = installed()
    out = [
        "# Correct programs, judged",
        "",
        "The divergence of discrete codes from uniform and its gradient, as frameworks compute them, judged with no order of summation stated.",
        "A cell is `position / gradient / image`: how many times wider the bound is than the worst error. `undecided` stands where a half type's",
        "roundings may put a number far off. Logits are drawn from N(0, 2^2), with an outlier, for 16 images of one position, 8 of 64, or 2 of 1024.",
        "",
    ]
    versions = [f"{name} {__import__(name).__version__}" for name in ("numpy", "torch", "jax") if name in sys.modules or not missing]
    out.append(f"Versions: {', '.join(versions)}. Not run: {', '.join(missing + ([] if candle else ['candle'])) or 'nothing'}.")
    alarms = []
    for kind, (_, _, words) in TYPES.items():
        lines, wrong = table(elbo, candle, found, kind)
        out += ["", f"## {kind}: {words}", "", *lines]
        alarms += wrong
    out += ["", "Written by `make matrix`.", ""]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "matrix.md"), "w") as page:
        page.write("\n".join(out))
    for alarm in alarms:
        print("a correct program is out of bound:", alarm)
    return int(bool(alarms))


if __name__ == "__main__":
    sys.exit(main())
