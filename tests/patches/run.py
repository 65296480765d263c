#!/usr/bin/env python3
"""Applies each one-line fault of patches.toml to a copy of the project and expects the tests to fail.

usage: run.py [NAME,NAME...]      without names: all of them
PATCHES_TARGET: where to build (target/patches); PATCHES_PROFILE: dev, quick to rebuild, or release, to share what is built

A fault is caught when the patched project compiles and a test of its list fails: of the list of the place that it lies in, or of the fault's own `tests`.
They run in the order of their cost; the first that fails ends it. Exit code 1 when a fault survives, does not apply exactly once or does not compile.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
TARGET = pathlib.Path(os.environ.get("PATCHES_TARGET", ROOT / "target" / "patches"))
PROFILE = os.environ.get("PATCHES_PROFILE", "dev")
# A test is `package:lib`, or `package/module` of the package's test binary, or the whole of that.
CHECKER = ["reference", "check"]
CONTINUOUS = ["check/continuous"]
TWIN = ["agree/terms", "agree/agreement"]
JUDGE = ["bounds:lib", "typeset:lib", "judge:lib", "judge"]
# By where a fault lies, the first that fits; a fault's own `tests` stand above these.
LISTS = [
    (("derivations/dalle", "derivations/files"), ["dalle:lib", "dalle"]),
    (("derivations/judge/src/probe",), ["elbo/probe"]),
    (("derivations/judge", "derivations/bounds", "derivations/elbo/src/commands/judge", "derivations/typeset/src/words"), JUDGE),
    (("derivations/elbo/src/commands/probe",), ["elbo/probe"]),
]
LAYERS = {"attention", "convolution", "linear", "norm", "curve", "gelu", "resize"}
WITH_LAPACK = {"reference", "check", "walkthrough", "agree", "elbo", "worlds", "note"}


def tests_of(patch, within, stem):
    """Which tests must notice a fault, in the order of their cost."""
    if "tests" in patch:
        return patch["tests"]
    for folders, tests in LISTS:
        if within.startswith(folders):
            return tests
    if "network" in within or stem in LAYERS:
        return ["agree/network"]
    if within.startswith("gpu"):
        return ["agree/agreement"] if "gaussian" in within else TWIN
    return CONTINUOUS if "gaussian" in within else CHECKER


# Quick to build, where what is built is not shared anyway: a fault is not there to be fast.
QUICK = [f"--config=profile.{PROFILE}.package.{package}.opt-level=1" for package in ("elbo", "elbo-check", "elbo-reference")]


def cargo(copy, *args):
    environment = dict(os.environ, CARGO_TARGET_DIR=str(TARGET), INSTA_UPDATE="no", CARGO_PROFILE_DEV_DEBUG="0")
    return subprocess.run(["cargo", *QUICK, *args], cwd=copy, env=environment, capture_output=True, text=True)


def place(copy, patch):
    """The one file below `patch["in"]` that holds the text, or a sentence."""
    files = [f for f in sorted((copy / patch["in"]).rglob("*.rs")) if patch["find"] in f.read_text()]
    count = sum(f.read_text().count(patch["find"]) for f in files)
    return files[0] if count == 1 else f"{patch['find']!r} stands {count} times below {patch['in']}, expected once"


def judge(copy, patch):
    """What became of one fault: (caught, what to print)."""
    file = place(copy, patch)
    if isinstance(file, str):
        return False, file
    healthy = file.read_text()
    file.write_text(healthy.replace(patch["find"], patch["replace"]))
    try:
        within = str(file.relative_to(copy))
        for test in tests_of(patch, within, file.stem):
            package, library, module = re.fullmatch(r"(\w+)(:lib)?(?:/(\w+))?", test).groups()
            features = ["--features", "lapack"] if package in WITH_LAPACK else []
            features += ["--no-default-features", "--features", "judge,walkthrough"] if package == "elbo" else []
            name = package if package == "elbo" else f"elbo-{package}"
            which = ["--lib"] if library else ["--test", package]
            command = ["test", "-p", name, "--profile", PROFILE, *features, *which]
            built = cargo(copy, *command, "--no-run")
            if built.returncode != 0:
                return False, "does not compile:\n" + built.stderr[-2000:]
            if cargo(copy, *command, *([module] if module else [])).returncode != 0:
                return True, f"caught by {test}"
        return False, "SURVIVED"
    finally:
        file.write_text(healthy)
        # The target may be shared: what was built from the fault must look older than the project's own source.
        os.utime(ROOT / file.relative_to(copy))


def main():
    wanted = set(filter(None, ",".join(sys.argv[1:]).split(",")))
    patches = tomllib.loads((HERE / "patches.toml").read_text())["patch"]
    chosen = [p for p in patches if not wanted or p["name"] in wanted]
    if not chosen or wanted - {p["name"] for p in chosen}:
        sys.exit(f"no such patch: {', '.join(sorted(wanted - {p['name'] for p in chosen})) or 'the list is empty'}")
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "elbo"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("target", ".git", "mutants.out*"))
        for patch in chosen:
            start = time.monotonic()
            caught, words = judge(copy, patch)
            print(f"{'ok ' if caught else 'BAD'} {patch['name']:<34} {words} ({time.monotonic() - start:.0f} s)", flush=True)
            if not caught:
                survivors.append(patch["name"])
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} one-line faults caught")
    sys.exit(1 if survivors else 0)


if __name__ == "__main__":
    main()
