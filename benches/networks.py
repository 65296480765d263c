#!/usr/bin/env python3
"""Writes benches/NETWORKS.md from what criterion measured in the last `make bench`: layers and training steps, ours beside candle's operations."""

import pathlib

from results import machine, measured, milliseconds, noted

OUT = pathlib.Path(__file__).resolve().parent / "NETWORKS.md"
ABOUT = """# Networks

Written by `make bench`; ours and candle's agreed before the clock started (layers to four digits of the largest number, gradients of a whole step to
three, of the largest of each tensor or of a thousandth of the largest of all). Compare within this page only.

Machine: {machine}.

Layers at the shipped model's sizes and batches, in `f32`, their gradients with respect to everything; then a training step's loss on a batch of images
(*forward*), and with all gradients. *composed*: the same layers of candle's operations, as they run on a device; the terms of the loss are ours on both
sides. *MiB*: what a run takes beside what is there, at its most. Images a second count a step's gradients without the optimiser.
"""


def main():
    memory = noted()
    networks = [(group.removeprefix("network-"), *rest) for group, *rest in measured() if group.startswith("network-")]
    found = {(group, name): seconds for group, name, _, seconds in networks}
    images = {group: size / (4 * 3 * 32 * 32) for group, _, size, _ in networks}
    lines = [ABOUT.format(machine=machine()).strip(), ""]
    lines += ["| layer | direction | ours, ms: median (95 % interval) | composed | composed / ours | MiB | composed |", "|---|---|---|---|---|---|---|"]
    mib = lambda group, name: f"{memory[f'network-{group}/{name}'] / 2**20:.1f}"
    steps = []
    for (group, name), ours in found.items():
        side, _, kind = name.partition("/")
        if kind != "ours":
            continue
        composed = found[group, f"{side}/candle-composed"]
        row = [milliseconds(ours), milliseconds(composed), f"{composed[1] / ours[1]:.1f}x", mib(group, name), mib(group, f"{side}/candle-composed")]
        if group.startswith("step-"):
            steps.append((group.removeprefix("step-"), side, ours[1], row, found[group, f"{side}/bf16"]))
        else:
            lines.append(f"| {' | '.join([group, side, *row])} |")
    lines += ["", "| stage | direction | ours, ms: median (95 % interval) | composed | composed / ours | MiB | composed | images a second | bf16, ms |", "|---|---|---|---|---|---|---|---|---|"]
    for stage, side, seconds, row, half in steps:
        speed = f"{images[f'step-{stage}'] / seconds:.0f}"
        lines.append(f"| {' | '.join([stage, side, *row, speed, milliseconds(half)])} |")
    OUT.write_text("\n".join(lines) + "\n")
    print(f"benches/{OUT.name}: {len(found)} benches")


if __name__ == "__main__":
    main()
