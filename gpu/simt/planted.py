#!/usr/bin/env python3
"""Plants faults in the Rust that launches kernels and expects each to be noticed on the emulated device.

usage: planted.py FOLDER [CARGO'S OPTIONS...]      FOLDER was filled by driver/build.sh; built as `cargo build --release --features cuda,lapack` is

All faults of planted.toml go into one program, built from a copy of the project; a run makes one of them, or none. Without any, every run agrees;
with one, a run does not, and says why. Exit code 1 when a fault survives, is given away by something else, or does not apply exactly once.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
SHAPE = "--shape 6x17"
MAKES = """
/// Whether this run makes a fault.
fn planted(name: &str) -> bool {
    std::env::var("ELBO_PLANTED").is_ok_and(|planted| planted == name)
}
"""


def plant(source, faults):
    """Writes every fault into the sources, beside what is right."""
    for fault in faults:
        file = source / fault["file"]
        text = file.read_text()
        count = text.count(fault["find"])
        if count != 1:
            sys.exit(f"{fault['name']}: its place stands {count} times in {fault['file']}, expected once")
        file.write_text(text.replace(fault["find"], fault["replace"].replace("PLANTED", f'crate::planted("{fault["name"]}")')))
    with (source / "lib.rs").open("a") as lib:
        lib.write(MAKES)


def build(copy, options):
    """The program with the faults in it; the one without, which others look for in its place, goes back there."""
    built, kept, program = TARGET / "release" / "elbo", copy / "without", copy / "planted"
    if built.exists():
        shutil.copy2(built, kept)
    command = ["cargo", "build", "--release", *options, "--package", "elbo", "--features", "cuda,lapack"]
    try:
        subprocess.run(command, cwd=copy, env=dict(os.environ, CARGO_TARGET_DIR=str(TARGET)), check=True)
        shutil.copy2(built, program)
    finally:
        built.unlink(missing_ok=True)
        if kept.exists():
            shutil.copy2(kept, built)
    return program


def run(program, folder, arguments, fault=""):
    """Exit code and all that was said."""
    environment = dict(os.environ, LD_LIBRARY_PATH=folder, ELBO_PLANTED=fault)
    shape = "" if "--shape" in arguments else SHAPE
    command = [program, "agree", "--device", "emulated", *arguments.split(), *shape.split()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        sys.exit(2)
    if not (pathlib.Path(sys.argv[1]) / "libcuda.so.1").exists():
        print(f"{sys.argv[1]} has no libcuda.so.1, expected a folder that driver/build.sh has filled", file=sys.stderr)
        sys.exit(2)
    folder, options = str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:]
    faults = tomllib.loads((HERE / "planted.toml").read_text())["fault"]
    start, failed = time.monotonic(), 0
    copy = TARGET / "planted"  # the same place every time: cargo's outputs are named after it
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("target", ".git", "mutants.out*"))
    plant(copy / "gpu" / "src", faults)
    program = build(copy, options)
    print(f"built with {len(faults)} faults in {time.monotonic() - start:.0f} s", flush=True)
    healthy = {}
    for arguments in sorted({fault["run"] for fault in faults}):
        status, healthy[arguments] = run(program, folder, arguments)
        if status != 0:
            sys.exit(f"without a fault, elbo agree {arguments} exits with {status}:\n{healthy[arguments][-2000:]}")
    for fault in faults:
        if fault["words"] in healthy[fault["run"]]:
            sys.exit(f"{fault['name']}: {fault['words']!r} is said without it, too")
        status, said = run(program, folder, fault["run"], fault["name"])
        line = next((line for line in said.splitlines() if fault["words"] in line), None)
        caught = status > 0 and line is not None  # below 0: a signal
        failed += not caught
        print(f"{'ok ' if caught else 'BAD'} {fault['name']}: {line.strip() if caught else f'exit code {status}: {said[-1500:]}'}", flush=True)
    shutil.rmtree(copy)
    print(f"{len(faults) - failed} of {len(faults)} faults of launch code caught in {time.monotonic() - start:.0f} s")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
