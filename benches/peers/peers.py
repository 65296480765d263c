#!/usr/bin/env python3
"""The ELBO's terms beside other libraries', on the same data in the same run; and what everyone makes of hard inputs.

usage: peers.py bench      writes benches/peers/RESULTS.md     peers.py accuracy      writes benches/peers/ACCURACY.md
       --items W1,W4  --peers torch,jax  --runs 9

Needs numpy, scipy, torch, jax and numpyro (a virtual environment below target/ will do) and `cargo build --release --package elbo-benches`. Every peer
runs alone in a process of its own, two threads, with the default allocator and (@huge) with one that keeps large blocks on huge pages.

  W1: KL(softmax(q) || uniform), q [4,1024,8192]
  W1n: the same on [4,8192,32,32]
  W2: KL(softmax(q) || softmax(p))
  W3: softmax((q + gumbel) / 0.9) @ codebook[8192,128]
  W4: token log-probabilities, [4,1280,24832]
  W5: logit-Laplace log-likelihood, [8,3,256,256]
  W6: ln p(x,y), reconstruction, KL, bound, gap for X=64, Y=32, Z=4096 in float64
  W7: W5 - 6.6 W1, one image
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

from frameworks import BATCH, DATA, TARGET, generate, load, np, of_jax, of_torch

HERE = pathlib.Path(__file__).resolve().parent
RUST = TARGET / "release/peers"
HUGE = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=8589934592:glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=67108864"}
RUST_SIDES = {"ours": "ours", "ours, AVX2": "ours-avx2", "ours in candle's graph": "autograd", "candle": "candle"}
PEERS = ["torch", "torch.compile", "jax", "numpyro"]
# The best peer's time over ours, forward, with gradients in kept buffers, in new ones: asked for at least (what a hand-written prototype reached
# on an AVX-512 Xeon, less a tenth), and wished for.
ASKED = {
    "W1": ((2.5, 8.4, None), (3, 6, 2)),
    "W1n": ((6.8, 8.9, None), (7, 6, 2)),
    "W2": ((2.2, 5.4, None), (3, 5, 2)),
    "W3": ((2.2, 1.2, None), (2.5, 1.4, None)),
    "W4": ((1.6, 5.2, None), (2, 5, 1.5)),
    "W5": ((1.7, 3.8, None), (2, 4, None)),
    "W6": ((None, None, None), (4, None, None)),
    "W7": ((4.0, 6.5, None), (3, 6, None)),
    "W1 in bf16": ((3.1, 15.3, None), (2.5, 6, None)),
    "W4 in bf16": ((1.9, 6.3, None), (2.5, 6, None)),
}

ABOUT = [
    "The peers of this run: {peers}. *Asked* is what a hand-written prototype reached on an AVX-512 Xeon, less a tenth; *wished* is the goal. *@huge*: the same",
    "three ratios with large blocks kept on huge pages. What bounds the misses is said under [the targets of our own limits](../RESULTS.md#targets): a ratio cannot",
    "exceed the peer's time over the machine's own. W5 and W7 are a millisecond or two: a peer whose tables lie in the caches has no page faults to pay for. W6 is",
    "bound by one f64 exponential a state, W3 by its product.",
]
# What is said of our terms inside candle's graph, where a peer's forward and backward is faster.
GRAPH = "Inside candle's graph, whose backward pass adds every gradient to zeros in new memory, ours is slower than the best peer on {items}: a training loop that can call the kernels should."


def timed(run, runs):
    run(), run()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1e3)
    return {"median": statistics.median(times), "min": min(times), "max": max(times)}


def one(peer, item, bf16, runs):
    """A peer on an item, in this process."""
    made = of_torch(item, load(item), peer == "torch.compile", bf16) if peer.startswith("torch") else of_jax(item, load(item), peer == "numpyro", bf16)
    if made is None:
        return {}
    forward, backward, numbers = made
    found = {"fwd": timed(forward, runs), "value": numbers(forward()).ravel().tolist()}
    if backward:
        found["bwd"] = timed(backward, runs)
    return found


def run(side, item, bf16, runs):
    """A side on an item, in a process of its own."""
    name, _, huge = side.partition("@")
    if name in RUST_SIDES:
        command = [str(RUST), RUST_SIDES[name], item, "--data", str(DATA), "--batch", str(BATCH.get(item, 4)), "--runs", str(runs)] + ["--bf16"] * bf16
    else:
        command = [sys.executable, __file__, "one", "--peers", name, "--items", item, "--runs", str(runs)] + ["--bf16"] * bf16
    done = subprocess.run(command, env={**os.environ, **(HUGE if huge else {})}, capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr[-600:], file=sys.stderr)
        return {}
    return json.loads(done.stdout.splitlines()[-1])


def machine():
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.processor())
    versions = ", ".join(f"{name} {__import__('importlib.metadata').metadata.version(name)}" for name in ("torch", "jax", "numpyro", "numpy"))
    return f"{cpu}, 2 threads, {platform.system()} {platform.machine()}; {versions}"


def ratios(found, peers, ours="ours", huge=""):
    """The best peer's time over ours, both with one allocator: forward, with our gradients in kept buffers, and in new ones as the others' are."""
    if ours + huge not in found:
        return
    for part, own in (("fwd", "fwd"), ("bwd", "bwd"), ("bwd", "fresh")):
        times = [found[peer + huge][part]["median"] for peer in peers if part in found[peer + huge]]
        yield min(times) / found[ours + huge][own]["median"] if times and own in found[ours + huge] else None


def targets(everything, peers):
    """A row an item: what is asked and wished for, and reached."""
    yield "| item | forward | asked, wished | kept buffers | asked, wished | new buffers | wished | @huge | AVX2 forward | |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    word = lambda ratio: f"{ratio:.1f}x" if ratio else ""
    for item, found in everything.items():
        (asked, wished), reached = ASKED[item], list(ratios(found, peers))
        huge = ", ".join(word(ratio) for ratio in ratios(found, peers, huge="@huge") if ratio)
        avx2 = next(ratios(found, peers, "ours, AVX2")) if "ours, AVX2" in found else None
        short = [f"{name} by {least - got:.2f}" for name, least, got in zip(("forward", "kept"), asked, reached) if least and got and got < least]
        unmet = [f"{name} by {least - got:.2f}" for name, least, got in zip(("forward", "kept", "new"), wished, reached) if least and got and got < least]
        verdict = "; ".join([f"asked missed: {', '.join(short)}"] * bool(short) + [f"wished missed: {', '.join(unmet)}"] * bool(unmet)) or "met"
        pairs = [", ".join(word(ratio) or "-" for ratio in pair) for pair in zip(asked[:2], wished)] + [word(wished[2]) or "-"]
        yield f"| {item} | {word(reached[0])} | {pairs[0]} | {word(reached[1])} | {pairs[1]} | {word(reached[2])} | {pairs[2]} | {huge} | {word(avx2)} | {verdict} |"


def bench(args):
    generate()
    lines = [
        "# Beside other libraries",
        "",
        "Written by `benches/peers/peers.py bench`: the same data, one run, every side alone in its process.",
        "",
        *(f"- {' '.join(line.split())}" for line in __doc__.splitlines() if line.startswith("  W")),
        "",
        "Milliseconds, medians; in brackets how many times longer than ours with the same allocator. *fresh*: forward and backward into new buffers",
        "(the others always make them). *@huge*: large blocks are kept and lie on huge pages. Values differ from ours by at most what is said in the last column.",
        "",
        f"Machine: {machine()}.",
    ]
    everything, sections = {}, []
    cases = [(item, False) for item in args.items] + [(item, True) for item in ("W1", "W4") if item in args.items]
    for item, bf16 in cases:
        sides = ["ours", "ours@huge"] if bf16 else ["ours", "ours@huge", "ours, AVX2", "ours in candle's graph", "candle"]
        sides += [peer + huge for huge in ("", "@huge") for peer in args.peers]
        found = {}
        for side in sides:
            runs = min(args.runs, 3) if side == "candle" else args.runs
            found[side] = run(side, item, bf16, runs)
            print(item, "bf16" if bf16 else "", side, {k: round(v["median"], 2) for k, v in found[side].items() if isinstance(v, dict)}, flush=True)
        title = f"{item}{' in bf16' if bf16 else ''}"
        everything[title] = found
        sections += ["", f"## {title}", "", "| side | forward | forward and backward | fresh | value |", "|---|---|---|---|---|"]
        for side, result in found.items():
            base = found["ours@huge" if "@" in side else "ours"]
            cell = lambda part, own: f"{result[part]['median']:.3g}" + ("" if side.startswith("ours") or own not in base else f" ({result[part]['median'] / base[own]['median']:.1f}x)") if part in result else ""
            fresh = cell("fresh", "fresh") if "fresh" in result else (cell("bwd", "fresh") if "fresh" in base else "")
            values, ours = np.array(result.get("value", [])), np.array(found["ours"].get("value", []))
            off = f"{np.abs(values - ours).max() / np.abs(ours).max():.0e}" if values.size == ours.size > 0 and side != "ours" else ""
            sections.append(f"| {side} | {cell('fwd', 'fwd')} | {cell('bwd', 'bwd')} | {fresh} | {off} |")
        about = [line.format(peers=", ".join(args.peers)) for line in ABOUT]
        graph = "ours in candle's graph"
        slower = [item for item, found in everything.items() if any(ratio and ratio < 1 for ratio in list(ratios(found, args.peers, graph))[1:2])]
        about += [GRAPH.format(items=", ".join(slower))] if slower else []
        head = lines + ["", "## The best peer's time over ours", "", *about, "", *targets(everything, args.peers)]
        (HERE / "RESULTS.md").write_text("\n".join(head + sections) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["bench", "accuracy", "one"])
    parser.add_argument("--items", type=lambda text: text.split(","), default=["W1", "W1n", "W2", "W3", "W4", "W5", "W6", "W7"])
    parser.add_argument("--peers", type=lambda text: text.split(","), default=PEERS)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--bf16", action="store_true")
    args = parser.parse_args()
    if args.command == "bench":
        bench(args)
    elif args.command == "accuracy":
        import accuracy

        accuracy.write(DATA, RUST, HERE / "ACCURACY.md")
    else:
        print(json.dumps(one(args.peers[0], args.items[0], args.bf16, args.runs)))
