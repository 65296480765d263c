#!/usr/bin/env python3
"""Times the first answer and the tests from clean clones, this commit beside another one, and writes benches/BUILD.md.

usage: build.py BASELINE            the first answer: `make check`, and what a change in the judge compiles
       build.py BASELINE --test     `make test` too: half an hour more

Crates are fetched before the clock starts. Both are built in the same run, one after the other, so that their ratio is the machine's as little as it can be.
"""

import argparse
import os
import pathlib
import platform
import resource
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
OUT = ROOT / "benches" / "BUILD.md"


def run(command, folder):
    """Seconds to the first line of output that is no command of make's, seconds to the end, seconds of CPU."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("CARGO_PROFILE", "CARGO_TARGET", "CARGO_INCREMENTAL"))} | {"CARGO_TERM_COLOR": "never"}
    log = folder.parent / f"{folder.name}.log"
    with open(log, "w") as errors:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)
        first = None
        for line in process.stdout:
            if first is None and line.strip() and not line.startswith((".ci/", "cargo ")):
                first = time.monotonic() - begun
        code = process.wait()
    if code != 0:
        sys.exit(f"{' '.join(command)} in {folder} ended with {code}:\n{log.read_text()[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return first, time.monotonic() - begun, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compiled(folder, command):
    """The crates that a command compiles."""
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return [line.split()[1] for line in built.stderr.splitlines() if line.strip().startswith("Compiling")]


def clone(commit, folder):
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    subprocess.run(["git", "checkout", "--quiet", commit], cwd=folder, check=True)
    subprocess.run(["cargo", "fetch", "--quiet"], cwd=folder, check=True)


def row(what, old, new):
    return f"| {what} | {old:.0f} s | {new:.0f} s | {old / new:.2f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("baseline")
    parser.add_argument("--test", action="store_true")
    asked = parser.parse_args()
    names = [subprocess.check_output(["git", "rev-parse", "--short", name], cwd=ROOT, text=True).strip() for name in (asked.baseline, "HEAD")]
    rows = []
    with tempfile.TemporaryDirectory() as parent:
        folders = [pathlib.Path(parent) / name for name in ("baseline", "this")]
        for name, folder in zip(names, folders):
            clone(name, folder)
        checks = [run(["make", "check"], folder) for folder in folders]
        for what, place in (("`make check`: to the first line", 0), ("to the end", 1), ("CPU", 2)):
            rows.append(row(what, checks[0][place], checks[1][place]))
        judge = ["cargo", "test", "--release", "--no-run", "--package", "elbo-judge"]
        compiled(folders[1], judge)
        (folders[1] / "derivations/judge/src/lib.rs").touch()
        again = compiled(folders[1], judge)
        if asked.test:
            for folder in folders:
                subprocess.run(["cargo", "clean", "--quiet"], cwd=folder, check=True)
            tests = [run(["make", "test"], folder) for folder in folders]
            rows += [row("`make test`", tests[0][1], tests[1][1]), row("CPU", tests[0][2], tests[1][2])]
    processor = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    rust = subprocess.check_output(["rustc", "--version"], text=True).split()[1]
    OUT.write_text(
        f"""# From a clean clone

Written by `benches/build.py {asked.baseline}{' --test' if asked.test else ''}`: clean clones of both commits, crates fetched before, one after the other in one run.
{os.cpu_count()} cores of {processor}, Rust {rust}.

| | {names[0]} | {names[1]} | ratio |
|---|---|---|---|
"""
        + "\n".join(rows)
        + f"\n\nAfter a change of one file of the judge, `cargo test --package elbo-judge` compiles: {', '.join(f'`{crate}`' for crate in again)}.\n"
    )
    print(OUT.read_text())


if __name__ == "__main__":
    main()
