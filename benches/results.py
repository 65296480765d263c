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


def table(rows, limits):
    """One group: a row a bench, its speed over the inputs, its share of what the machine can do, candle's time over its own."""
    composed = [seconds[1] for _, name, _, seconds in rows if "candle" in name]
    yield "| bench | ms: median (95 % interval) | GB/s of input | of the limit | candle composed / this |"
    yield "|---|---|---|---|---|"
    for _, name, size, seconds in rows:
        speed = size and size / seconds[1] / 1e9
        # A forward pass reads; one with a gradient reads and writes as much.
        limit = limits.get({"forward": "read", "gradient": "copy"}.get(name.split("/")[0].removesuffix("-fresh")))
        share = f"{100 * speed / limit:.0f} %" if speed and limit and "bf16" not in name else ""
        ratio = f"{composed[0] / seconds[1]:.0f}x" if composed and name.startswith("forward") and "bf16" not in name else ""
        yield f"| {name} | {milliseconds(seconds)} | {speed and f'{speed:.1f}' or ''} | {share} | {ratio} |"


def main():
    rows = list(measured())
    limits = {name: size / seconds[1] / 1e9 for group, name, size, seconds in rows if group == "limit"}
    lines = [
        "# Results",
        "",
        "Written by `make bench`; every function agreed with the reference before its clock started. Compare within this page only.",
        "",
        f"Machine: {machine()}.",
        "",
        "The limits are measured in the same run: *read* sums the numbers of a table larger than the caches, *copy* copies it with plain stores.",
        "A forward pass is held against *read*, one with a gradient against *copy* (streamed stores may exceed it). bf16 moves half the bytes and has no limit of its own here;",
        "a function of several tables writes fewer numbers than it reads, so its share of *copy* flatters it.",
    ]
    for group in sorted({group for group, *_ in rows}, key=lambda group: (group != "limit", group)):
        lines += ["", f"## {group}", "", *table([row for row in rows if row[0] == group], limits)]
    OUT.write_text("\n".join(lines) + "\n")
    print(f"{OUT.relative_to(ROOT)}: {len(rows)} benches")


if __name__ == "__main__":
    main()
