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


ROWS, K = 4096, 8192  # of the limits
NUMBERS = ROWS * K

# Exponentials (a logarithm counts as one) that a number of the inputs asks for, 1 where nothing is said; those that are taken twice count once.
EXPONENTIALS = {"gumbel_softmax": 0.5, "codebook_mix": 0.5}
# What has a gradient, among the inputs: a codebook's noise and an image's pixels have none.
WITH_GRADIENT = {"codebook_mix": 0.5, "logit_laplace": 2 / 3, "gumbel_softmax": 0.5}


def needed(group, name, size, limits):
    """What the machine needs at least, in seconds, and what for: its memory, or its arithmetic where that takes longer."""
    side = name.split("/")[0]
    if not size or side not in ("forward", "gradient") or "candle" in name:
        return None
    table, written = 4 * NUMBERS, WITH_GRADIENT.get(group, 1.0)
    writes = side == "gradient" or group == "gumbel_softmax"
    read, copy = limits["read"] / table, min(limits["copy"], limits["copy-streamed"]) / table
    memory = size * (written * copy + (1 - written) * read) if writes else size * read
    exponential, width = (limits.get("exp-f64", 0), 8) if group == "exact" else (limits.get("exp", 0), 2 if "bf16" in name else 4)
    arithmetic = size / width * EXPONENTIALS.get(group, 1) * exponential / NUMBERS
    if group == "codebook_mix":
        arithmetic += limits["fma"] * (3 if side == "gradient" else 1)
    return max((memory, "memory"), (arithmetic, "arithmetic"))


def table(group, rows, limits, memory):
    """One group: a row a bench, its speed over the inputs, its share of what the machine can do, candle's time over its own, its memory."""
    composed = {name.split("/")[0]: seconds[1] for _, name, _, seconds in rows if "candle-composed" in name}
    yield "| bench | ms: median (95 % interval) | GB/s of input | of the limit | candle composed / this | MiB beside its tables |"
    yield "|---|---|---|---|---|---|"
    for _, name, size, seconds in rows:
        speed = size and size / seconds[1] / 1e9
        side = name.split("/")[0]
        against = composed.get("forward" if side == "forward" else "gradient-in-graph")
        ratio = f"{against / seconds[1]:.0f}x" if against and "bf16" not in name and "composed" not in name else ""
        least = needed(group, name, size, limits)
        share = f"{100 * least[0] / seconds[1]:.0f} %, {least[1]}" if least else ""
        taken = memory.get(f"{group}/{name}")
        mebibytes = f"{taken / 2**20:.2f}" if taken is not None and size else ""
        yield f"| {name} | {milliseconds(seconds)} | {speed and f'{speed:.1f}' or ''} | {share} | {ratio} | {mebibytes} |"


# What is asked of the widest instructions: share of the limit in per cent, candle's composed operations over ours, MiB beside the tables.
TARGETS = [
    ("kl_to_uniform", "", 60, 20),
    ("planes::kl_to_uniform", "", 60, 20),
    ("kl_divergence", "", 55, 20),
    ("token_log_prob", "", 60, 20),
    ("logit_laplace", "", 50, 20),
    ("codebook_mix", "", 50, 6),
    ("exact", "", 50, 20),
    ("elbo-first-stage", "", 60, 20),
    ("kl_to_uniform", "bf16", 45, None),
    ("token_log_prob", "bf16", 45, None),
]
MOST_MEBIBYTES = 4


def targets(rows, limits, memory):
    """A row a function and direction: what is asked, what was reached, by how much it is missed and what the limit is made of."""
    yield "| function | direction | of the limit | asked | what limits | candle / ours | new buffers | asked | MiB | |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for group, kind, asked, ratio in TARGETS:
        of_group = [row for row in rows if row[0] == group]
        median = lambda start: next((seconds[1] for _, name, _, seconds in of_group if name.startswith(start) and "bf16" not in name), None)
        for side in ("forward", "gradient"):
            # The last of the instructions is the widest.
            found = [row for row in of_group if row[1].startswith(f"{side}/") and "candle" not in row[1] and ("bf16" in row[1]) == (kind == "bf16")]
            if not found:
                continue
            _, name, size, seconds = found[-1]
            least, limited = needed(group, name, size, limits)
            share, missed = 100 * least / seconds[1], []
            if share < asked:
                missed.append(f"the limit by {asked - share:.1f} points ({1e3 * (seconds[1] - 100 * least / asked):.2f} ms)")
            candle = median("forward/candle" if side == "forward" else "gradient-in-graph/candle")
            fresh = median("gradient-fresh/") if side == "gradient" else None
            over, new = "", ""
            if ratio:
                over = f"{candle / seconds[1]:.0f}x" if candle else "not measured"
                new = f"{candle / fresh:.0f}x" if candle and fresh else ""
                if candle and candle / seconds[1] < ratio:
                    missed.append(f"candle's ratio by {ratio - candle / seconds[1]:.2f}")
            taken = memory[f"{group}/{name}"] / 2**20
            if taken > MOST_MEBIBYTES:
                missed.append(f"memory by {taken - MOST_MEBIBYTES:.2f} MiB")
            word = f"missed: {', '.join(missed)}" if missed else "met"
            yield f"| {group} {kind} | {side} | {share:.0f} % | {asked} % | {limited} | {over} | {new} | {f'{ratio}x' if ratio else ''} | {taken:.2f} | {word} |"


def noted():
    """Bytes that a bench's run takes beside what is there already."""
    lines = (CRITERION / "memory.tsv").read_text().splitlines()
    return {name: int(taken) for name, taken in (line.split("\t") for line in lines)}


def main():
    rows = [row for row in measured() if not row[0].startswith("network-")]  # those have a page of their own
    memory = noted()
    limits = {name: seconds[1] for group, name, _, seconds in rows if group == "limit"}
    lines = [
        "# Results",
        "",
        "Written by `make bench`; every function agreed with the reference before its clock started. Compare within this page only.",
        "",
        f"Machine: {machine()}.",
        "",
        "The limits are measured in the same run, on a table of 4096 x 8192 `f32` that the caches do not hold: *read* sums its numbers, *copy* and",
        "*copy-streamed* copy it with plain stores and with stores past the caches, *fma* makes as many multiply-adds as a codebook of 128 numbers asks for,",
        "*exp* and *exp-f64* take as many exponentials of numbers that stay in registers, with AVX-512 (without it they count for nothing).",
        "*Of the limit*: the time of reading (with gradients: of the faster copy, for what has one), or of the exponentials and a product's multiply-adds",
        "where they take longer, over the time taken; a table that lies in a cache may exceed it. *gradient* writes into a buffer that is kept,",
        "*gradient-fresh* into a new one, *gradient-in-graph* goes through candle's backward pass, which fills a table with zeros and adds to it: three",
        "trips to memory more, whatever the operation does.",
        "",
        "## Targets",
        "",
        "*candle / ours*: candle's composed operations, with gradients its whole backward pass, over ours; gradients of ours go into kept buffers, and",
        "under *new buffers* into new ones, as candle's do; the last column judges kept buffers, and memory by 4 MiB.",
        "",
        *targets(rows, limits, memory),
        "",
        (ROOT / "benches" / "misses.md").read_text().strip(),
    ]
    for group in sorted({group for group, *_ in rows}, key=lambda group: (group != "limit", group)):
        title = "growth: kl_to_uniform with its gradient, by images, positions, codes and threads" if group == "growth" else group
        lines += ["", f"## {title}", "", *table(group, [row for row in rows if row[0] == group], limits, memory)]
    OUT.write_text("\n".join(lines) + "\n")
    print(f"{OUT.relative_to(ROOT)}: {len(rows)} benches")


if __name__ == "__main__":
    main()
