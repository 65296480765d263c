#!/usr/bin/env python3
"""Writes benches/CUDA.md from what criterion measured in `make bench-cuda`, and, where it is there, from
peers-cuda.json beside it (benches/peers/device.py). The device's name comes from nvidia-smi, or from the argument.
"""

import json
import pathlib
import subprocess
import sys

from results import CRITERION

OUT = pathlib.Path(__file__).resolve().parent / "CUDA.md"
ROWS, K, D, TOKENS, PIXELS = 4096, 8192, 128, 5120 * 24832, 64 * 3 * 256 * 256
LOGITS = ROWS * K

# What has to be moved, in bytes of f32 (f64 for exact tables): forward, and with gradients; and the peers' item.
MOVED = {
    "kl_to_uniform": (4 * LOGITS, 8 * LOGITS, "W1"),
    "entropy": (4 * LOGITS, 8 * LOGITS, None),
    "log_mean_exp": (4 * LOGITS, 8 * LOGITS, None),
    "planes::kl_to_uniform": (4 * LOGITS, 8 * LOGITS, "W1n"),
    "kl_divergence": (8 * LOGITS, 16 * LOGITS, "W2"),
    "planes::kl_divergence": (8 * LOGITS, 16 * LOGITS, None),
    "token_log_prob": (4 * TOKENS, 8 * TOKENS, "W4"),
    "logit_laplace": (12 * PIXELS, 20 * PIXELS, "W5"),
    "gumbel_softmax": (12 * LOGITS, 16 * LOGITS, None),
    "codebook_mix": (None, None, "W3"),
    "exact": (8 * 128 * 32 * 4096, None, "W6"),
}
ABOUT = """# On a CUDA device

Written by `benches/cuda.py` after `make bench-cuda`; every function agreed with the reference, on the device, before its clock started.
Compare within this page only.

Device: {device}. A gigabyte is copied at {copy:.0f} GB/s, read and written counted: *of the copy* is what a kernel has to move at least (its tables once, its
gradients once) at that rate, over the time taken; half types are not bound by memory: about as many
logits a second as in f32. Three reads a write go a little faster than a copy. Runs are queued one behind the other; tables lie on the device, larger than its second-level cache
but for pixels in bf16. A function agreed on shapes of a few rows, of the timed length but for exact tables and codebooks.
*candle*, *torch.compile*, *torch*, *jax*: their time over ours for the same work on the same device{peers}, with what Python and new results cost them; with gradients, ours writes into kept buffers, and
*in candle's graph* is ours as candle's backward pass runs it, which fills a table with zeros and adds to it. Half types have twice as many images, but for tokens
and pixels.
"""


def measured():
    for path in sorted(CRITERION.rglob("new/benchmark.json")):
        name = json.loads(path.read_text())["full_id"]
        if name.startswith("cuda-"):
            group, _, rest = name[5:].partition("/")
            yield group, rest, json.loads((path.parent / "estimates.json").read_text())["median"]["point_estimate"] / 1e3


def main():
    found = {(group, rest): us for group, rest, us in measured()}
    one = lambda group, start: next((us for (g, rest), us in found.items() if g == group and rest.startswith(start)), None)
    device = sys.argv[1] if len(sys.argv) > 1 else subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, check=True).stdout.strip()
    peers_at = CRITERION / "peers-cuda.json"
    peers = json.loads(peers_at.read_text()) if peers_at.exists() else {}
    rate = 2 * 2**30 / one("limit", "copy") * 1e-3  # GB/s
    versions = ", ".join(peer["version"] for peer in peers.values())
    lines = [ABOUT.format(device=device, copy=rate, peers=f" ({versions})" if versions else "").strip(), ""]
    lines += [f"| kernel | type | direction | us | of the copy | candle | {' | '.join(peers)} | in candle's graph |".replace("|  |", "|")]
    lines += ["|" + "---|" * (7 + len(peers))]
    over = lambda theirs, ours: f"{theirs / ours:.1f}x" if theirs else ""
    for group, (*moved, item) in MOVED.items():
        for stored in ("f64",) if group == "exact" else ("f32", "bf16"):
            for side, size in zip(("forward", "gradient"), moved):
                us = one(group, f"{side}/{stored}/")
                if us is None:
                    continue
                narrow = stored == "bf16" and group in ("token_log_prob", "logit_laplace")
                share = f"{100 * size / (2 if narrow else 1) / rate / 1e3 / us:.0f} %" if size else ""
                composed = one(group, "forward/candle-composed" if side == "forward" else "gradient-in-graph/candle-composed")
                graph = one(group, "gradient-in-graph/fused") if side == "gradient" and stored == "f32" else None
                candle = over(composed, us) if stored != "bf16" else ""
                others = [over(peer.get(f"{item}{' bf16' * (stored == 'bf16')}", {}).get(side), us) for peer in peers.values()]
                cells = [group, stored, side, f"{us:.1f}", share, candle, *others, f"{graph:.0f} us ({over(composed, graph)} of candle)" if graph else ""]
                lines.append("| " + " | ".join(cells) + " |")
    sgemm, product = one("limit", "sgemm"), one("codebook_mix", "forward/f32")
    if sgemm:
        flops = 2 * ROWS * K * D
        lines += [
            "",
            f"A codebook's products: cuBLAS takes {sgemm:.0f} us for one of {flops / 1e9:.1f} GFLOP in f32 ({flops / sgemm / 1e6:.1f} TFLOP/s), the samples and",
            f"their product take ours {product:.0f} us, {product - one('gumbel_softmax', 'forward/f32'):.0f} of them the product. JAX multiplies f32 in tf32 unless told otherwise, 11 binary digits in place of 24: another result, sooner.",
        ]
    slower = []
    for group, (*_, item) in MOVED.items():
        graph, theirs = one(group, "gradient-in-graph/fused"), [peer[item]["gradient"] for peer in peers.values() if "gradient" in peer.get(item, {})]
        slower += [f"{group} ({graph / min(theirs):.1f}x)"] if graph and theirs and graph > min(theirs) else []
    if slower:
        lines += ["", f"Inside candle's graph ours takes longer than the best peer's gradient: {', '.join(slower)}."]
    OUT.write_text("\n".join(lines) + "\n")
    print(f"benches/{OUT.name}: {len(found)} benches")


if __name__ == "__main__":
    main()
