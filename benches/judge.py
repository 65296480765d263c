#!/usr/bin/env python3
"""Times `elbo judge` on dumps of the note's own size, beside PyTorch in f64 with `assert_close` on the same file, and writes benches/JUDGE.md.

usage: judge.py target/release/elbo [RUNS]

Needs numpy, safetensors and torch. Both must agree that the file is right before anything is timed. Each run is a process of its own, one after the other in
turn: what is timed of PyTorch is from after its import, and the first check of a process and the best of five are told apart.
"""

import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "derivations" / "producers"))

FILES = {
    "BSK": "1 x 1024 x 8192, codes last",
    "BKHW": "1 x 8192 x 32 x 32, codes in planes",
    "batch": "ten files of 1 x 1024 x 8192, codes last",
    "total": "one image total of 1 x 1024 x 8192, added up in turn: its order is found by replaying",
}


def write(path, layout, seed=1):
    import math

    import torch
    from elbo_dump import Dump

    torch.manual_seed(seed)
    axis = 1 if layout == "BKHW" else -1
    shape = (1, 8192, 32, 32) if layout == "BKHW" else (1, 1024, 8192)
    logits = (2 * torch.randn(shape)).requires_grad_(True)
    log_q = torch.log_softmax(logits, axis)
    kl = (log_q.exp() * (log_q + math.log(8192))).sum(axis)
    kl.sum().backward()
    dump = Dump("tokens", dtype="f32", layout=layout, prior="uniform", framework=f"torch {torch.__version__}")
    dump.input("encoder_logits", logits.detach())
    dump.claim("kl", kl.detach(), sum=["code"])
    dump.claim("grad.encoder_logits", logits.grad, of="kl")
    dump.save(path)


def write_total(path):
    """A total that a single accumulator adds up: no bound tells about it."""
    import numpy as np
    from elbo_dump import Dump

    logits = (4 * np.random.default_rng(1).standard_normal((1, 1024, 8192))).astype(np.float32)
    shifted = logits - logits.max(-1, keepdims=True)
    log_q = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    kl = np.cumsum((np.exp(log_q) * (log_q + np.float32(np.log(8192)))).ravel(), dtype=np.float32)[-1:]
    dump = Dump("tokens", dtype="f32", layout="BSK", prior="uniform", framework=f"numpy {np.__version__}")
    dump.input("encoder_logits", logits)
    dump.claim("kl", kl, sum=["position", "code"])
    dump.save(path)


def peer(path, layout):
    """The check of a test that has no oracle: the same terms in f64, and assert_close. Prints its times and its memory."""
    import math

    import torch
    from safetensors.torch import load_file

    times = []
    axis = 1 if layout == "BKHW" else -1
    for _ in range(5):
        begun = time.monotonic()
        tensors = load_file(path)
        logits = tensors["encoder_logits"].double().requires_grad_(True)
        log_q = torch.log_softmax(logits, axis)
        kl = (log_q.exp() * (log_q + math.log(8192))).sum(axis)
        kl.sum().backward()
        # With the tolerances that assert_close has for f32, rtol = 1.3e-6 and atol = 1e-5, correct sums over planes are refused.
        torch.testing.assert_close(tensors["claim.kl"].double(), kl.detach(), rtol=2e-5, atol=1e-5)
        torch.testing.assert_close(tensors["claim.grad.encoder_logits"].double(), logits.grad, rtol=2e-5, atol=1e-5)
        times.append(time.monotonic() - begun)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"first": times[0], "best": min(times), "memory": memory, "version": torch.__version__}))


def judged(elbo, files):
    """The seconds and the MiB of a judgement, which has to stand."""
    begun = time.monotonic()
    process = subprocess.Popen([elbo, "judge", *files], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"elbo judge {files} ended with {process.returncode}: nothing is timed that does not agree")
    return seconds, used.ru_maxrss / 1024


def main():
    if sys.argv[1] == "--peer":
        return peer(*sys.argv[2:])
    elbo, runs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    rows, version = [], None
    with tempfile.TemporaryDirectory() as folder:
        for kind, about in FILES.items():
            files = [os.path.join(folder, f"{kind}{k}.safetensors") for k in range(10 if kind == "batch" else 1)]
            for seed, path in enumerate(files, 1):
                write_total(path) if kind == "total" else write(path, "BKHW" if kind == "BKHW" else "BSK", seed)
            ours, theirs = [], []
            for _ in range(runs):
                ours.append(judged(elbo, files))
                if kind in ("BSK", "BKHW"):
                    theirs.append(json.loads(subprocess.check_output([sys.executable, __file__, "--peer", files[0], kind])))
            seconds, memory = statistics.median(time for time, _ in ours), max(memory for _, memory in ours)
            size = os.path.getsize(files[0]) / 2**20
            row = f"| {about} | {size:.0f} MiB | {seconds / len(files):.2f} s | {memory:.0f} MiB |"
            if theirs:
                version = theirs[0]["version"]
                first, best = (statistics.median(one[key] for one in theirs) for key in ("first", "best"))
                row += f" {first:.2f} s ({first / seconds:.2f}) | {best:.2f} s ({best / seconds:.2f}) | {max(one['memory'] for one in theirs):.0f} MiB |"
            else:
                row += " | | |"
            rows.append(row)
            print(row, flush=True)
            for path in files:
                os.remove(path)
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    (HERE / "JUDGE.md").write_text(
        f"""# How long a verdict takes

Written by `benches/judge.py`: medians of {runs} runs, each a process of its own, in turn. {os.cpu_count()} cores of {processor}.
A dump has the logits, the divergence of each position and its gradient in f32; `elbo judge` holds each of its 8,389,632 numbers against a proven and an
expected bound. Its time is that of the whole process. PyTorch {version} computes the same in f64 and calls `assert_close`; its time leaves out its import,
which takes three seconds more. In brackets: PyTorch's time over ours.

| dump | a file | `elbo judge`, a file | its memory | PyTorch, the first check of a process | PyTorch, the best of five in one process | its memory |
|---|---|---|---|---|---|---|
"""
        + "\n".join(rows)
        + "\n"
    )


if __name__ == "__main__":
    main()
