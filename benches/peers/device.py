#!/usr/bin/env python3
"""PyTorch and JAX on a CUDA device, at the sizes of benches/cuda.rs: microseconds a run, as JSON, for benches/cuda.py.

usage: device.py torch.compile,torch,jax OUT.json        needs numpy, torch and jax that see the device

What the items are stands in peers.py; W1, W1n, W2, W3 and W4 have four images (eight in bf16), W5 has 64, W6 has 128.
"""

import json
import pathlib
import sys
import time

from frameworks import GRADS, K, S, T, V, D, WEIGHTS, Z6, Y6, jax_term, np, torch_term

ITEMS = ["W1", "W1n", "W2", "W3", "W4", "W5", "W6"]
QUEUED, REPEATS = 20, 5


def table(shape, scale=1.0, seed=1, dtype=np.float32):
    """64 rows of normal numbers again and again."""
    count, k = int(np.prod(shape)), shape[-1]
    some = np.random.default_rng(seed).standard_normal(64 * k).astype(dtype) * scale
    return np.resize(some, count).reshape(shape).astype(dtype)


def drawn(item, bf16):
    b = 8 if bf16 else 4
    logits = lambda seed: table((b, S, K), seed=seed)
    pixels = lambda seed, scale=1.0: table((64, 3, 256, 256), scale, seed)
    return {
        "W1": lambda: {"q": logits(1)},
        "W1n": lambda: {"q": table((b, K, 32, 32))},
        "W2": lambda: {"q": logits(1), "p": logits(2)},
        "W3": lambda: {"q": logits(1), "g": logits(2), "c": table((K, D), seed=3), "w": table((b, S, D), seed=4)},
        "W4": lambda: {"x": table((4, T, V)), "t": np.arange(4 * T).reshape(4, T) * 7919 % V},
        "W5": lambda: {"x": 1 / (1 + np.exp(-pixels(1))), "m": pixels(2), "b": pixels(3)},
        "W6": lambda: {"a": table((128, Y6, Z6), 1, 1, np.float64) - 10, "p": table((Y6, Z6), 1, 2, np.float64) - 10, "q": table((128, Z6), 1, 3, np.float64) - 10},
    }[item]()


def timed(run, wait):
    """Median microseconds of runs that are queued one behind the other."""
    for _ in range(3):
        wait(run())
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(QUEUED):
            last = run()
        wait(last)
        times.append((time.perf_counter() - start) / QUEUED * 1e6)
    return sorted(times)[REPEATS // 2]


def in_torch(item, bf16, compiled):
    import torch

    kept = lambda t: t.bfloat16() if bf16 and t.dtype == torch.float32 else t
    tensors = {name: kept(torch.from_numpy(t).cuda()) for name, t in drawn(item, bf16).items()}
    for name in GRADS[item]:
        tensors[name].requires_grad_(True)
    term, weights = torch_term(torch, item), torch.from_numpy(WEIGHTS).cuda()
    loss = lambda d: (term(d) * weights).sum() if item == "W4" else term(d).sum()
    if compiled:
        term_run, loss_run = torch.compile(term), torch.compile(loss)
    else:
        term_run, loss_run = term, loss
    wait = lambda _: torch.cuda.synchronize()

    def forward():
        with torch.no_grad():
            return term_run(tensors)

    found = {"forward": timed(forward, wait)}
    if GRADS[item]:
        found["gradient"] = timed(lambda: torch.autograd.grad(loss_run(tensors), [tensors[name] for name in GRADS[item]]), wait)
    return found


def in_jax(item, bf16):
    import jax

    jax.config.update("jax_enable_x64", item == "W6")
    jnp = jax.numpy
    place = lambda t: jnp.asarray(t.astype(np.int32) if t.dtype == np.int64 else t, jnp.bfloat16 if bf16 and t.dtype == np.float32 else None)
    tables = {name: place(t) for name, t in drawn(item, bf16).items()}
    term, to = jax_term(jax, item, False), {name: tables.pop(name) for name in GRADS[item]}
    loss = lambda to, rest: ((term({**to, **rest}) * WEIGHTS).sum() if item == "W4" else term({**to, **rest}).sum())
    run, grad = jax.jit(lambda to, rest: term({**to, **rest})), jax.jit(jax.grad(loss))
    found = {"forward": timed(lambda: run(to, tables), jax.block_until_ready)}
    if to:
        found["gradient"] = timed(lambda: grad(to, tables), jax.block_until_ready)
    return found


def main():
    peers, out = sys.argv[1].split(","), pathlib.Path(sys.argv[2])
    results = json.loads(out.read_text()) if out.exists() else {}
    for peer in peers:
        versions = __import__("importlib.metadata").metadata
        name = peer.split(".")[0]
        found = results[peer] = {"version": f"{peer} {versions.version(name)}"}
        for item, bf16 in [(item, False) for item in ITEMS] + [("W1", True), ("W4", True)]:
            key = f"{item}{' bf16' * bf16}"
            try:
                found[key] = in_jax(item, bf16) if peer == "jax" else in_torch(item, bf16, peer == "torch.compile")
            except Exception as error:  # a peer that cannot is left out, and says why
                print(f"{peer} {key}: {str(error)[:200]}", file=sys.stderr)
            print(peer, key, found.get(key), flush=True)
            out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
