#!/usr/bin/env python3
"""Writes benches/RESULTS.md from what criterion measured in the last `make bench`.

Only ratios within one run mean anything: every row stands beside the machine's own limits, measured in the same run.
"""

import json
import os
import pathlib
import platform
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
CRITERION = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "criterion"
OUT = ROOT / "benches" / "RESULTS.md"


def measured():
    """`(group, id, bytes or None, (low, median, high) in seconds)` of every bench."""
    for path in sorted(CRITERION.rglob("new/benchmark.json")):
        about = json.loads(path.read_text())
        median = json.loads((path.parent / "estimates.json").read_text())["median"]
        bounds = median["confidence_interval"]
        seconds = [t / 1e9 for t in (bounds["lower_bound"], median["point_estimate"], bounds["upper_bound"])]
        group, _, name = about["full_id"].partition("/")
        size = (about["throughput"] or {}).get("Bytes")  # the group's, of f32
        yield group, name, size and (size // 2 if "bf16" in name else size), seconds


def machine():
    cpu = next(
        (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    return f"{cpu}, {len(os.sched_getaffinity(0))} threads, {platform.system()} {platform.machine()}, {rustc}"


def milliseconds(seconds):
    low, median, high = (f"{1e3 * t:.3g}" for t in seconds)
    return f"{median} ({low} to {high})"


ROWS, K, D = 4096, 8192, 128  # of the limits, and of the codebook


def share(group, name, size, seconds, limits):
    """How much of what the machine can do: of its memory, or of its arithmetic where that takes longer."""
    side = name.split("/")[0]
    if not size or side not in ("forward", "gradient") or "candle" in name:
        return ""
    table = ROWS * K * 4
    # A forward pass reads; one with a gradient writes as much as has one: a codebook's noise, an image's pixels have none.
    written = {"codebook_mix": 0.5, "logit_laplace": 2 / 3, "gumbel_softmax": 0.5}.get(group, 1.0)
    writes = side == "gradient" or group == "gumbel_softmax"
    read, copy = limits["read"] / table, min(limits["copy"], limits["copy-streamed"]) / table
    memory = size * (written * copy + (1 - written) * read) if writes else size * read
    arithmetic = 0.0
    if group == "codebook_mix":
        arithmetic = limits["fma"] * (3 if writes else 1)
    return f"{100 * max(memory, arithmetic) / seconds:.0f} %"


def table(group, rows, limits):
    """One group: a row a bench, its speed over the inputs, its share of what the machine can do, candle's time over its own."""
    composed = {name.split("/")[0]: seconds[1] for _, name, _, seconds in rows if "candle-composed" in name}
    yield "| bench | ms: median (95 % interval) | GB/s of input | of the limit | candle composed / this |"
    yield "|---|---|---|---|---|"
    for _, name, size, seconds in rows:
        speed = size and size / seconds[1] / 1e9
        side = name.split("/")[0]
        against = composed.get("forward" if side == "forward" else "gradient-in-graph")
        ratio = f"{against / seconds[1]:.0f}x" if against and "bf16" not in name and "composed" not in name else ""
        yield f"| {name} | {milliseconds(seconds)} | {speed and f'{speed:.1f}' or ''} | {share(group, name, size, seconds[1], limits)} | {ratio} |"


def main():
    rows = list(measured())
    limits = {name: seconds[1] for group, name, _, seconds in rows if group == "limit"}
    lines = [
        "# Results",
        "",
        "Written by `make bench`; every function agreed with the reference before its clock started. Compare within this page only.",
        "",
        f"Machine: {machine()}.",
        "",
        "The limits are measured in the same run, on a table of 4096 x 8192 `f32` that the caches do not hold: *read* sums its numbers, *copy* and",
        "*copy-streamed* copy it with plain stores and with stores past the caches, *fma* makes as many multiply-adds as a codebook of 128 numbers asks for.",
        "*Of the limit*: the time of reading (with gradients: of the faster copy, for what has one), or of a product's multiply-adds where they take longer,",
        "over the time taken; what exponentials take is not in it, and a table that lies in a cache may exceed it. *gradient* writes into a buffer that is kept, *gradient-fresh* into a new one, *gradient-in-graph* goes through candle's backward pass, which fills a table with",
        "zeros and adds to it: three trips to memory more, whatever the operation does.",
    ]
    for group in sorted({group for group, *_ in rows}, key=lambda group: (group != "limit", group)):
        lines += ["", f"## {group}", "", *table(group, [row for row in rows if row[0] == group], limits)]
    OUT.write_text("\n".join(lines) + "\n")
    print(f"{OUT.relative_to(ROOT)}: {len(rows)} benches")


if __name__ == "__main__":
    main()
