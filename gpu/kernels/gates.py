#!/usr/bin/env python3
"""Compiles every kernel with the real nvcc and holds the machine code against the gates; needs no GPU.

usage: gates.py            installs nvcc from PyPI below target/cuda where it is not there yet; NVCC=... takes another

For sm_80 and sm_90, of every kernel: no spill, no local memory (LDL, STL), at least one 128-bit load (LDG.E.128), and so few registers that
as many of its largest blocks as it is compiled for fit a multiprocessor. add_parts, which adds up a few numbers, and products, which go through shared memory in any layout, are
not asked for wide loads. Exit code 1 when a gate is missed.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PREFIX = HERE.parents[1] / "target" / "cuda"
TOOLKIT = ["nvidia-cuda-nvcc==13.0.88", "nvidia-cuda-crt==13.0.88", "nvidia-nvvm==13.0.88", "nvidia-cuda-runtime==13.0.96", "nvidia-cuda-cccl==13.0.85"]
# Disassemblers are on PyPI from 13.2 on; they read what 13.0 compiles.
READERS = ["nvidia-cuda-cuobjdump==13.2.78", "nvidia-cuda-nvdisasm==13.2.78"]
FLAGS = ["-O3", "-std=c++17", "-fmad=false"]
NARROW = ("add_parts", "product_")
REGISTERS = 65536  # of a multiprocessor, sm_80 and sm_90


def install():
    """The compiler and the disassembler, from PyPI, without root."""
    done = PREFIX / ".installed-13.0.88"
    if not done.exists():
        for packages, target in ((TOOLKIT, PREFIX), (READERS, PREFIX / "tools")):
            command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-compile", "--target", str(target), *packages]
            subprocess.run(command, check=True)
        done.touch()
    nvcc = os.environ.get("NVCC", str(PREFIX / "nvidia/cu13/bin/nvcc"))
    tools = PREFIX / "tools/nvidia/cu13/bin"
    os.environ["PATH"] = f"{PREFIX / 'nvidia/cu13/bin'}:{tools}:{os.environ['PATH']}"
    return nvcc


def compiled(nvcc, source, arch, cubin):
    """Registers and spilled bytes of every kernel, as ptxas reports them; threads of its largest block, and how many of these fit at once."""
    kept = PREFIX / "kept" / arch
    kept.mkdir(parents=True, exist_ok=True)
    command = [nvcc, "-cubin", f"-arch={arch}", *FLAGS, "-Xptxas", "-v", "--keep", "--keep-dir", str(kept), str(source), "-o", str(cubin)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{source.name} does not compile for {arch}:\n{done.stderr}")
    entry = re.compile(
        r"Compiling entry function '(\w+)'.*?(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads.*?Used (\d+) registers", re.S
    )
    found = {m[1]: (int(m[5]), int(m[2]) + int(m[3]) + int(m[4])) for m in entry.finditer(done.stderr)}
    ptx = (kept / f"{source.stem}.ptx").read_text()
    bounds = {m[1]: (int(m[2]), int(m[3])) for m in re.finditer(r"\.entry (\w+)\(.*?\.maxntid (\d+).*?\.minnctapersm (\d+)", ptx, re.S)}
    return {kernel: (*numbers, *bounds[kernel]) for kernel, numbers in found.items()}


def instructions(cubin):
    """The machine code of every kernel."""
    text = subprocess.run(["cuobjdump", "-sass", str(cubin)], check=True, capture_output=True, text=True).stdout
    parts = re.split(r"Function : (\w+)", text)[1:]
    return dict(zip(parts[::2], parts[1::2]))


def read(nvcc, source, arch):
    """What ptxas reports of a source's kernels, and their machine code."""
    cubin = PREFIX / f"{source.stem}.{arch}.cubin"
    return compiled(nvcc, source, arch, cubin), instructions(cubin)


def main():
    nvcc = install()
    missed = 0
    print(f"{'kernel':<30} {'arch':<6} {'block':>5} {'at once':>7} {'registers':>9} {'of':>4} {'spilled':>8} {'LDG.128':>8} {'STG.128':>8} {'local':>6}")
    pairs = [(source, arch) for source in sorted(HERE.glob("*.cu")) for arch in ("sm_80", "sm_90")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for (source, arch), (report, code) in zip(pairs, pool.map(lambda pair: read(nvcc, *pair), pairs)):
            if not report or set(report) != set(code):
                sys.exit(f"{source.name}: ptxas reports {sorted(report)}, the code has {sorted(code)}")
            for kernel, (registers, spilled, threads, blocks) in sorted(report.items()):
                most = REGISTERS // (threads * blocks) // 8 * 8  # registers come in eights
                sass = code[kernel]
                wide, stored = len(re.findall(r"\bLDG\.E\.128", sass)), len(re.findall(r"\bSTG\.E\.128", sass))
                local = len(re.findall(r"\b(?:LDL|STL)\b", sass))
                good = spilled == 0 and local == 0 and registers <= most and (wide > 0 or kernel.startswith(NARROW))
                missed += not good
                print(
                    f"{kernel:<30} {arch:<6} {threads:>5} {blocks:>7} {registers:>9} {most:>4} {spilled:>8} {wide:>8} {stored:>8} {local:>6}{'' if good else '  MISSED'}"
                )
    print(f"{'every gate passed' if not missed else f'{missed} kernels miss a gate'}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
