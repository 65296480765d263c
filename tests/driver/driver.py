#!/usr/bin/env python3
"""Runs `elbo` on broken input, thousands of times, and holds every run to the same promises.

usage: driver.py ELBO [--runs N] [--seed S]     N runs from number 0 on; goes on where it stopped (--state)
       driver.py ELBO --only S:N --keep FOLDER  one run again, its files kept
       driver.py --self-test                    wrong programs, each of which has to be noticed

What is broken: dumps, cases, worlds, models, configurations, greetings and answers of a probed child, command lines. A run is a
function of seed and number. Promised, for every run under 6 GB of address space:

- it ends by itself within 30 s, with exit code 0, 1 or 2, and took at most 10 s of CPU and 2 GB of memory, its children's included;
- exit code 2 says why on the error stream; JSON is JSON, without NaN;
- no process that it started is left, no file but the ones it was asked for, nothing in the folder for temporary files;
- what it read is as it was.

Linux and Python's standard library are all that is needed.
"""

import argparse
import collections
import ctypes
import hashlib
import json
import os
import pathlib
import random
import re
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
GIB = 1 << 30
ENDING = 2.0  # seconds that a killed process may take to be gone
LISTENS_BY = 0.1  # seconds after which a program that is asked to end must end in its own way


class Limits:
    """What a run may take."""

    def __init__(self, address_space=6 * GIB, wall=30.0, cpu=10.0, memory=2 * GIB):
        self.address_space, self.wall, self.cpu, self.memory = address_space, wall, cpu, memory


# --- Files ---------------------------------------------------------------------------------------------------------------------

BYTES = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "U64": "Q", "I32": "i", "U8": "B"}


def safetensors(tensors, metadata):
    """A file of `{name: (dtype, shape, values)}`; what does not fit the type is its infinity."""
    header, data = {"__metadata__": metadata}, b""
    for name, (dtype, shape, values) in tensors.items():
        packed = b"".join(number(dtype, value) for value in values)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    return framed(json.dumps(header).encode(), data)


def number(dtype, value):
    try:
        return struct.pack("<" + BYTES[dtype], value)
    except OverflowError:
        return struct.pack("<" + BYTES[dtype], float("inf") if value > 0 else float("-inf"))


def framed(header, data):
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + data


def parts(data):
    """Header and data of a safetensors file."""
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8 : 8 + length]), data[8 + length :]


# --- What is right, or could be ------------------------------------------------------------------------------------------------


def product(shape):
    count = 1
    for length in shape:
        count *= length
    return count


def dump(rng):
    """Inputs and claims of some form; the claims are rarely right."""
    form = rng.choice(["tokens", "tokens", "tokens", "sequence", "model", "gaussian", "worlds"])
    dtype = rng.choice(["f64", "f32", "f32", "f16", "bf16", "tf32"])
    stored = {"f64": "F64", "f16": "F16"}.get(dtype, "F32")
    batch, tensors = rng.randint(1, 3), {}
    statement = {"inputs": "sequence" if form == "model" else form, "dtype": dtype}
    if rng.random() < 0.3:
        statement["accumulation"] = rng.choice(["f64", "f32", "f16", "bf16"])
    if rng.random() < 0.5:
        statement["summation"] = rng.choice(["sequential", "pairwise", "tree"])

    def floats(name, shape, scale=2.0):
        tensors[name] = (stored, shape, [round(rng.gauss(0, scale), 3) for _ in range(product(shape))])

    def positive(name, shape):
        tensors[name] = (stored, shape, [rng.uniform(0.05, 0.95) for _ in range(product(shape))])

    claims, axes = {}, {}
    if form == "tokens":
        codes = rng.choice([1, 2, 3, 5, 17])
        if rng.random() < 0.5:
            statement["layout"], shape = "BKHW", [batch, codes, rng.randint(1, 3), rng.randint(1, 3)]
        else:
            statement["layout"], shape = "BSK", [batch, rng.randint(1, 6), codes]
        statement["prior"] = rng.choice(["uniform", "uniform", "logits"])
        statement["temperature"] = rng.choice([1.0, 0.5, 0.0625])
        for name in ["encoder_logits", "gumbel_noise", "sample_gradient"]:
            floats(name, shape)
        if statement["prior"] == "logits":
            floats("prior_logits", shape)
        kept = [batch]
        axes = {"kl": ("position", "code"), "entropy": ("position", "code"), "cross_entropy": ("position", "code")}
        whole = {"relaxed_sample": shape, "grad.encoder_logits": shape}
    elif form == "gaussian":
        shape = [batch, rng.randint(1, 6)]
        statement["prior"] = rng.choice(["standard_normal", "normal"])
        statement["parameter"] = rng.choice(["ln_variance", "ln_std", "variance", "std"])
        for name in ["q", "prior"][: 2 if statement["prior"] == "normal" else 1]:
            floats(name + "_mean", shape)
            (positive if statement["parameter"] in ("variance", "std") else floats)(name + "_spread", shape)
        floats("noise", shape)
        floats("sample_gradient", shape)
        axes = {"kl": ("coordinate",), "entropy": ("coordinate",), "cross_entropy": ("coordinate",)}
        whole = {"relaxed_sample": shape, "grad.q_mean": shape, "grad.q_spread": shape}
        kept = [batch]
    elif form in ("sequence", "model"):
        length, entries, vocabulary = rng.randint(2, 6), rng.randint(5, 9), rng.randint(1, 4)
        text = rng.randint(0, length)
        drawn = [rng.randrange(vocabulary) if t < text else rng.randrange(vocabulary, entries) for _ in range(batch) for t in range(length)]
        tensors["tokens"] = (rng.choice(["I64", "U64"]), [batch, length], drawn)
        if form == "sequence":
            softmax = rng.choice(["joint", "split"])
            statement["text"] = {"tokens": text, "vocabulary": vocabulary, "softmax": softmax, "weights": [0.125, 0.875], "padding": [0]}
            floats("token_logits", [batch, length, entries])
        else:
            statement["entries"] = entries
        axes, whole, kept = {}, {"token_nll": [batch, length]}, [batch]
    else:
        captions, codes = rng.randint(1, 3), rng.randint(1, 4)
        tables(rng, tensors, batch, captions, codes)
        axes, whole, kept = {}, {"kl": [batch], "elbo": [batch], "log_evidence": [batch]}, [batch]
    if form in ("tokens", "gaussian") and rng.random() < 0.4:
        image = [batch, rng.randint(1, 3), 2]
        statement["decoder"] = rng.choice(["logit_laplace", "normal", "bernoulli"])
        positive("x", image)
        floats("mu", image)
        if statement["decoder"] != "bernoulli":
            floats("ln_b", image, 0.5)
        axes["reconstruction"] = ("pixel",)
        whole |= {"elbo": [batch], "loss": [batch], "grad.mu": image}
    statement["beta"] = rng.choice([1.0, 6.6, 0.0])
    if form == "worlds":
        del statement["beta"]
    for name, reduced in axes.items():
        if rng.random() < 0.7:
            claims[name] = {rng.choice(["sum", "sum", "mean"]): list(reduced)} | ({"unit": "bits"} if rng.random() < 0.1 else {})
            floats("claim." + name, kept, rng.choice([0.0, 1.0, 100.0]))
    for name, shape in whole.items():
        objective = "reconstruction" if name == "grad.mu" else "kl"
        needed = objective if name.startswith("grad.") and "loss" not in claims else None
        if needed in (None, *claims) and (rng.random() < 0.7 or not claims):
            claims[name] = {"of": needed} if needed else {}
            floats("claim." + name, shape, 0.1)
    if rng.random() < 0.1:
        schedule = {"from": 1.0, "to": 0.0625, "steps": rng.choice([0, 1, 150000]), "shape": rng.choice(["cosine", "linear", "exponential"])}
        statement |= {"step": rng.choice([0, 100, 1 << 40]), "temperature_schedule": schedule}
        claims["temperature_at"] = {}
        floats("claim.temperature_at", [], 1.0)
    statement["claims"] = claims
    if rng.random() < 0.1:
        statement |= {"device": "cuda", "device_name": "H100", "driver": "580", "framework": "numpy\n::error::x"}
    return safetensors(tensors, {"format": "elbo-dump/1", "dump": json.dumps(statement)})


def tables(rng, tensors, batch, captions, codes):
    """The tables of finite worlds."""
    import math

    def distribution(count):
        weights = [rng.random() + 0.01 for _ in range(count)]
        return [math.log(w / sum(weights)) for w in weights]

    def each(count):
        return [value for _ in range(batch) for value in distribution(count)]

    tensors["ln_p_x_given_yz"] = ("F64", [batch, captions, codes], [-rng.random() * 5 for _ in range(batch * captions * codes)])
    tensors["ln_p_yz"] = ("F64", [captions, codes], distribution(captions * codes))
    tensors["ln_q_z_given_x"] = ("F64", [batch, codes], each(codes))
    tensors["ln_q_y_given_x"] = ("F64", [batch, captions], each(captions))
    tensors["y"] = ("I64", [batch], [rng.randrange(captions) for _ in range(batch)])
    tensors["beta"] = ("F64", [], [rng.choice([0.0, 0.5, 1.0, 6.6])])


def case(rng):
    tensors = {}
    tables(rng, tensors, rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 4))
    return safetensors(tensors, {"format": "elbo-case/1", "title": "worlds"})


# --- What is broken ------------------------------------------------------------------------------------------------------------

NUMBERS = [
    0.0, -0.0, 1.0, -1.0, 5e-324, 1e-45, 1e-8, 88.9, -745.2, 65504.0, 1e9, 1e12, 1e15, 1e30, 3.4e38, 1e150, 1e308, -1e308,
    float("inf"), float("-inf"), float("nan"),
]
INTEGERS = [0, 1, 2, 3, 7, 8, 255, 256, 8192, 65535, 65536, 1 << 24, (1 << 31) - 1, 1 << 31, 1 << 32, 1 << 53, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, -1]
WORDS = [
    "", " ", "nan", "-inf", "1e400", "1/0", "0/0", "1/3", "-1/2", "99999999999999999999999999999999/3", "0x10", "é", "\u202e", "\x00", "\x1b[31m", "\n",
    "x" * 300, "tokens", "kl", "f32", "bits", "position", "../../etc/passwd", "true", "{", "[]", "{}", "%s",
]
TYPES = ["F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL", "F8_E4M3", "F8_E5M2", "F4", "C64", "f32", ""]


def odd(rng):
    """Any JSON value."""
    return rng.choice([
        lambda: rng.choice(INTEGERS), lambda: rng.choice([n for n in NUMBERS if n == n and abs(n) != float("inf")]), lambda: rng.choice(WORDS),
        lambda: None, lambda: rng.random() < 0.5, lambda: [], lambda: {}, lambda: [rng.choice(INTEGERS)] * rng.randint(1, 3), lambda: {rng.choice(WORDS): 1},
    ])()


def places(value, path=()):
    """Every place in a JSON document."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, path + (key,))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:8]):
            yield from places(inner, path + (index,))


def break_json(rng, document):
    """One place of a document changed, added to or taken away."""
    document = json.loads(json.dumps(document))
    path = rng.choice(list(places(document)))
    if not path:
        return odd(rng) if rng.random() < 0.1 else document
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    choice = rng.random()
    if choice < 0.2:
        del holder[path[-1]]
    elif choice < 0.3 and isinstance(holder, dict):
        holder[rng.choice(WORDS + ["sum", "mean", "sizes", "batch", "x_own"])] = odd(rng)
    elif choice < 0.45 and isinstance(holder[path[-1]], (int, float)):
        holder[path[-1]] = rng.choice(INTEGERS if isinstance(holder[path[-1]], int) else [n for n in NUMBERS if abs(n) < 1e309])
    else:
        holder[path[-1]] = odd(rng)
    return document


def break_bytes(rng, data, times=None):
    data = bytearray(data)
    for _ in range(times or rng.choice([1, 1, 2, 5, 20])):
        at = rng.randrange(len(data) + 1)
        choice = rng.random()
        if choice < 0.4 and at < len(data):
            data[at] ^= 1 << rng.randrange(8)
        elif choice < 0.6:
            del data[at : at + rng.choice([1, 1, 4, 100])]
        elif choice < 0.8:
            data[at:at] = rng.choice([b"\x00", b"\xff", b'"', b"{", b"\n", bytes(rng.randrange(256) for _ in range(8))])
        elif choice < 0.9:
            del data[at:]
        else:
            data[at:at] = data[max(0, at - rng.choice([8, 64])) : at]
    return bytes(data)


def lies(entry, body):
    """Whether a header's entry still says where its numbers are."""
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    return isinstance(offsets, list) and len(offsets) == 2 and all(type(at) is int for at in offsets) and 0 <= offsets[0] <= offsets[1] <= len(body)


def break_tensors(rng, data):
    """A safetensors file with other numbers, types, shapes, names, metadata or a statement that says something else."""
    try:
        header, body = parts(data)
    except (ValueError, struct.error):
        return break_bytes(rng, data)
    body, names = bytearray(body), [name for name in header if name != "__metadata__"]
    for _ in range(rng.choice([1, 1, 1, 1, 2, 4])):
        name = rng.choice(names) if names else None
        choice = rng.random()
        metadata = header.get("__metadata__")
        if name is None:
            break
        entry = header[name]
        if choice < 0.3 and isinstance(metadata, dict) and "dump" in metadata:
            try:
                metadata["dump"] = json.dumps(break_json(rng, json.loads(metadata["dump"])))
            except ValueError:
                pass
            if rng.random() < 0.05:  # a key that stands twice
                metadata["dump"] = metadata["dump"].replace('"', '"dtype": "f64", "', 1)
        elif choice < 0.7 and lies(entry, body):
            begin, end = entry["data_offsets"]
            kind = {"F64": "d", "F32": "f", "F16": "e", "I64": "q", "U64": "Q"}.get(str(entry.get("dtype")))
            size = struct.calcsize("<" + kind) if kind else 1
            for _ in range(rng.choice([1, 1, 3])):
                at = begin + size * rng.randrange(max(1, (end - begin) // size))
                if kind in ("d", "f", "e") and at + size <= len(body):
                    body[at : at + size] = number(entry["dtype"], rng.choice(NUMBERS))
                elif kind and at + size <= len(body):
                    body[at : at + size] = struct.pack("<q", rng.choice([n for n in INTEGERS if n < 1 << 63]))
            if rng.random() < 0.1:  # the same everywhere
                value = rng.choice(NUMBERS)
                if kind in ("d", "f", "e"):
                    body[begin:end] = number(entry["dtype"], value) * ((end - begin) // size)
        elif choice < 0.75:
            header[name] = break_json(rng, entry)
        elif choice < 0.8 and isinstance(entry, dict):
            entry["dtype"] = rng.choice(TYPES)
        elif choice < 0.85 and isinstance(entry, dict) and isinstance(entry.get("shape"), list) and entry["shape"]:
            shape = entry["shape"]
            rng.choice([shape.reverse, lambda: shape.append(1), lambda: shape.insert(0, 0), lambda: shape.__setitem__(0, rng.choice(INTEGERS))])()
        elif choice < 0.9:
            header[rng.choice(WORDS + names + ["claim.kl", "claim.loss", "x", "claim.grad.mu"])] = header.pop(name)
            names = [name for name in header if name != "__metadata__"]
        elif choice < 0.95 and isinstance(metadata, dict):
            key = rng.choice(list(metadata) + ["title"])
            metadata[key] = rng.choice(WORDS + ["elbo-dump/1", "elbo-case/1", "elbo-gaussian/1", '"' * 9])
        else:
            header["__metadata__"] = odd(rng)
    text = json.dumps(header)
    if rng.random() < 0.03 and names:  # a key that stands twice
        text = text[:-1] + ", " + json.dumps(names[0]) + ": " + json.dumps(header[names[0]]) + "}"
    data = framed(text.encode(), bytes(body))
    if rng.random() < 0.05:
        data = struct.pack("<Q", rng.choice([n for n in INTEGERS if n >= 0])) + data[8:]
    return break_bytes(rng, data, 1) if rng.random() < 0.1 else data


def break_text(rng, text):
    """TOML with other numbers, keys and brackets."""
    for _ in range(rng.choice([1, 1, 1, 1, 2, 4])):
        choice, found = rng.random(), list(re.finditer(r'"[^"\n]*"|[0-9.e-]+|[a-z_]+', text))
        if choice < 0.6 and found:
            where = rng.choice(found)
            quoted, whole = where.group().startswith('"'), where.group().isdigit()
            others = [str(rng.choice(INTEGERS))] if whole else [repr(rng.choice(NUMBERS)), str(rng.choice(INTEGERS))]
            others += ["1/" + str(rng.choice(INTEGERS)), rng.choice(WORDS)] if quoted or rng.random() < 0.1 else []
            other = rng.choice(others)
            other = json.dumps(other) if quoted else other
            text = text[: where.start()] + other + text[where.end() :]
        elif choice < 0.7:
            lines = text.splitlines(keepends=True) or [""]
            lines.insert(rng.randrange(len(lines)), rng.choice(lines))
            text = "".join(lines)
        elif choice < 0.8:
            lines = text.splitlines(keepends=True) or [""]
            del lines[rng.randrange(len(lines))]
            text = "".join(lines)
        elif choice < 0.83:
            text += rng.choice(["a = " + "[" * 5000, "a" * 100_000, "a." * 5000 + "b = 1", "x = [" + "1," * 20_000 + "]", "[[a]]\n" * 3000])
        else:
            text = break_bytes(rng, text.encode("utf-8", "replace"), 1).decode("utf-8", "replace")
    return text


# --- Runs ----------------------------------------------------------------------------------------------------------------------


class Run:
    """Files, arguments and what may be written."""

    def __init__(self, kind):
        self.kind, self.files, self.args, self.outputs, self.interrupt, self.json = kind, {}, [], [], None, False
        self.threads_given = False  # to OpenBLAS; where they are not, the program starts itself once more, which doubles a short run

    def file(self, name, data, mode=0o644):
        self.files[name] = (data if isinstance(data, bytes) else data.encode("utf-8", "surrogateescape"), mode)
        return name

    def output(self, name):
        self.outputs.append(name)
        return name


class Maker:
    """Makes the run of a number."""

    def __init__(self, has_twin):
        data = ROOT / "derivations" / "data"
        self.dumps = [path.read_bytes() for path in sorted((data / "dumps").glob("*.safetensors"))]
        self.worlds = [path.read_text() for path in sorted(data.glob("w*/**/*.toml"))]
        self.cases = [(data / "emoji-factors.safetensors").read_bytes()]
        self.model = (data / "tiny.safetensors").read_bytes()
        self.configuration = (ROOT / "derivations" / "dalle" / "configurations" / "tiny.toml").read_text()
        for large, small in (("updates = 1000", "updates = 2"), ("updates = 600", "updates = 2"), ("hidden = 8", "hidden = 4")):
            self.configuration = self.configuration.replace(large, small)
        kinds = [(self.a_dump, 80), (self.a_case, 36), (self.a_world, 28), (self.a_probe, 32), (self.a_line, 20)]
        if has_twin:
            kinds += [(self.a_model, 1), (self.a_configuration, 1)]
        self.kinds = kinds

    def make(self, seed, number):
        rng = random.Random(f"{seed}:{number}")
        (kind,) = rng.choices([kind for kind, _ in self.kinds], [weight for _, weight in self.kinds])
        run = kind(rng)
        run.threads_given = rng.random() < 0.875
        return run

    def a_dump(self, rng):
        run = Run("dump")
        names = []
        for index in range(rng.choice([1, 1, 1, 1, 2, 3])):
            data = rng.choice(self.dumps) if rng.random() < 0.1 else dump(rng)
            if rng.random() < 0.7:
                data = rng.choices([break_tensors, break_bytes], [12, 1])[0](rng, data)
            names.append(run.file(rng.choice(["d.safetensors", "x", "é b.safetensors", "-d"]) + str(index), data))
        run.args = ["judge", *self.reports(run, rng), "--", *names]
        return run

    def reports(self, run, rng):
        args = []
        if rng.random() < 0.2:
            args += ["--junit", run.output("out.xml")]
        if rng.random() < 0.2:
            args += ["--markdown", run.output("out.md")]
        if rng.random() < 0.4:
            run.json = True
            args += ["--format", "json"]
        return args

    def about(self, run, rng, name, may_check=True):
        """A command on a case file."""
        reading = ["--reading", rng.choice(["observed", "pointwise", "joint", "footnote", "expected"])]
        beta = rng.choice([[], [], ["--beta", rng.choice(["0", "1", "6.6", "1e6", "0.999999999999999", "1e-300"])]])
        row = rng.choice([[], [], [], ["--row", rng.choice(["0", "1", "2", "18446744073709551615"])]])
        json_format = rng.random() < 0.4
        # A check that comes to its end looks for counterexamples too, a hundred times the work of a ledger.
        command = rng.choices(["ledger", "check", "show", "step"], [20, may_check, 4, 2])[0]
        if command in ("ledger", "check"):
            run.json = json_format
            extra = ["--format", "json"] if json_format else []
            extra += beta + (row if command == "ledger" else ["--worlds", rng.choice(["0", "1"])])
            run.args = [command, name, *extra, *reading]
        elif command == "show":
            line = rng.choice(["2", "3", "5", "9", "13", "14", "14b", "1", "12-13", "3-13", "99", "", "13-"])
            run.args = ["show", line, "--world", name, *row, *reading]
        else:
            run.args = ["step", "--world", name, "--all", *row, *reading, *(["--format", "html"] if json_format else [])]
        return run

    def a_case(self, rng):
        run = Run("case")
        large = rng.random() < 0.03
        data = rng.choice(self.cases) if large else case(rng)
        if rng.random() < 0.7:
            data = rng.choices([break_tensors, break_bytes], [12, 1])[0](rng, data)
        name = run.file(rng.choices(["case.safetensors", "case", "case.toml"], [20, 10, 1])[0], data)
        return self.about(run, rng, name, may_check=not large)  # the built-in files are ten seconds' work

    def a_world(self, rng):
        run = Run("world")
        text = rng.choice(self.worlds)
        return self.about(run, rng, run.file(rng.choice(["world.toml", "world"]), break_text(rng, text) if rng.random() < 0.7 else text))

    def a_line(self, rng):
        """A command line: options and values of which some belong together. Nothing in it may be dear."""
        run = Run("line")
        words = ["--format", "json", "text", "html", "--row", "--beta", "--reading", "joint", "--world", "fig3", "teaching", "curves", "--help", "--", "-"]
        words += ["13", "14", "13-14", "3-13", "joint-factorises", "beta-one", "no/such/file", ".", "/dev/null", "/dev/full", "--save", "--all", "-V", "--version"]
        words += ["--out", "out/none.safetensors", "--junit", "--markdown", "--samples", "--images", "--n", "--layers", "--model", "--config"]
        words += WORDS + [str(n) for n in INTEGERS] + [repr(n) for n in NUMBERS]
        words = [word for word in words if "\x00" not in word]
        command = rng.choice(["check", "lines", "show", "ledger", "refute", "break", "step", "judge", "probe", "fit", "sample", "agree", "help", "", "chekc"])
        args = [command] + [rng.choice(words) for _ in range(rng.choice([0, 1, 1, 2, 3, 5]))]
        if command == "check":  # the built-in files are ten seconds' work
            args[1:1] = [run.file("w.toml", self.worlds[-1])]
        if command in ("check", "refute"):
            args[1:1] = ["--worlds", rng.choice(["0", "1", "-1", "1e3", "99999999999"])]
        if command in ("agree", "sample", "probe", "fit"):  # not what they do, but how they refuse
            args[1:1] = ["--no-such-option"]
        run.args = args
        run.outputs = args  # of what is written anywhere, the name stands there
        return run

    def a_model(self, rng):
        run = Run("model")
        data = self.model if rng.random() < 0.1 else break_tensors(rng, self.model)
        if rng.random() < 0.3:
            header, body = parts(self.model)
            key = "elbo-model/1"
            about = json.loads(header["__metadata__"][key])
            if rng.random() < 0.5:
                about["config"] = break_text(rng, about["config"])
            else:
                about = break_json(rng, about)
            header["__metadata__"][key] = json.dumps(about)
            data = framed(json.dumps(header).encode(), body)
        name = run.file("m.safetensors", data)
        few = ["--samples", "1", "--images", "2", "--bound-images", "1", "--bound-samples", "2", "--layers", "1"]
        run.json = rng.random() < 0.3
        run.args = rng.choice([
            ["evaluate", name, *few, *(["--format", "json"] if run.json else [])],
            ["sample", "red heart", "--n", "1", "--model", name, "--out", run.output("out.png")],
            ["reconstruct", "--n", "1", "--model", name, "--out", run.output("out.png")],
            ["world", name, "--images", "1", "--out", run.output("out.safetensors")],
        ])
        run.json = run.json and run.args[0] == "evaluate"
        return run

    def a_configuration(self, rng):
        run = Run("configuration")
        name = run.file("c.toml", break_text(rng, self.configuration))
        run.args = ["train", rng.choice(["dvae", "prior", "all"]), "--config", name, "--out", run.output("out")]
        run.interrupt = (3.0, signal.SIGTERM)  # what asks for a million steps may have them, another day
        return run

    def a_probe(self, rng):
        """A child of the shell: a greeting, then answers to some questions, or something else."""
        run = Run("probe")
        statement = rng.choice([
            {"inputs": "tokens", "dtype": "f32", "layout": "BSK", "prior": "uniform", "claims": {"kl": {}}},
            {"inputs": "tokens", "dtype": "bf16", "layout": "BKHW", "prior": "logits", "claims": {"kl": {"sum": ["code"]}}},
            {"inputs": "gaussian", "dtype": "f32", "parameter": "std", "prior": "standard_normal", "claims": {"kl": {}}},
            {"inputs": "sequence", "dtype": "f64", "claims": {"token_nll": {}}},
            {"inputs": "sequence", "dtype": "f32", "claims": {"token_nll": {}},
             "text": {"tokens": 2, "vocabulary": 5, "softmax": "joint", "weights": [1, 1]}},
        ])
        axes = {"tokens": ["batch", "position", "code"], "gaussian": ["batch", "coordinate"]}.get(statement["inputs"], ["batch", "token", "entry"])
        chosen = [axis for axis in axes if rng.random() < 0.7]
        greeting = {"statement": statement, "sizes": {axis: rng.choice([1, 2, 3, 4, 5, 6, 9, 64, 1024, 8192, 65536]) if rng.random() < 0.4 else 2 for axis in chosen}}
        for _ in range(rng.choice([0, 1, 1, 2])):
            greeting = break_json(rng, greeting)
        text = json.dumps(greeting)
        run.file("hello", (break_bytes(rng, text.encode(), 1) if rng.random() < 0.1 else text.encode()) + b"\n")
        shape = rng.choice([[2, 2], [1, 2], [3, 2], [2], [3, 4], [3, 6], [3], [1]])
        claim = rng.choice(["kl", "token_nll", "loss"])
        answer = safetensors({"claim." + claim: ("F32", shape, [rng.choice([0.0, 0.5, -777.0, 1e30, float("nan")])] * product(shape))}, {})
        run.file("answer", break_tensors(rng, answer) if rng.random() < 0.4 else answer)
        act = rng.choice([
            'cp answer "$a"', 'cp answer "$a"', 'cp answer "$a"', 'cp answer "$a"', ":", 'mkfifo "$a"', 'mkdir "$a"', 'ln -s /dev/zero "$a"', 'ln -s "$a" "$a"',
            'truncate -s 9G "$a"', 'cp answer "$a"; sleep 60 & :', "sleep 60", "(sleep 60; sleep 60) & sleep 60", "yes", "exit 7", "kill -9 $$", "exec >&-; sleep 60",
            'rm -rf "${a%/*}"', 'cp "$i" "$a"', 'head -c 3000000 /dev/zero', 'chmod 0 "${a%/*}"', 'exec <&-; cp answer "$a"', "trap '' TERM HUP INT; sleep 60",
        ])
        reply = rng.choice(['{"question":\'"$n"\'}'] * 6 + ['{"question":1}', "{}", "[]", "nonsense", '{"question":1,"error":"no \\u001b[31m memory"}', ""])
        first = rng.choice(["cat hello"] * 12 + ["yes", "sleep 60", "cat hello hello hello", "head -c 3000000 /dev/zero", "cat hello; exec >&-", "exit 1"])
        script = f"""read -r line
{first}
n=0
while read -r q; do
  n=$((n + 1)); a=${{q#*\\"answer\\":\\"}}; a=${{a%%\\"*}}; i=${{q#*\\"inputs\\":\\"}}; i=${{i%%\\"*}}
  {act}
  echo '{reply}'
done
"""
        run.file("child.sh", script)
        save = run.output("out.safetensors")
        run.json = rng.random() < 0.4
        run.args = ["probe", "--rounds", rng.choice(["1", "2"]), "--timeout", rng.choice(["0.2", "0.4"]), "--start-timeout", "0.4", "--seed", str(rng.choice([1, -1, 1 << 63]))]
        run.args += ["--save", save, *(["--format", "json"] if run.json else []), "--", "sh", "child.sh"]
        if rng.random() < 0.15:
            run.interrupt = (rng.choice([0.02, 0.25]), rng.choice([signal.SIGTERM, signal.SIGHUP, signal.SIGINT]))
        return run


# --- The promises --------------------------------------------------------------------------------------------------------------


class Outcome:
    """What a run came to."""

    def __init__(self):
        self.code, self.cpu, self.memory, self.wall, self.wrong = None, 0.0, 0, 0.0, []


def children():
    """The processes that have this one as their parent; orphans come here, since it is a subreaper."""
    found = []
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children") as file:
                found += [int(pid) for pid in file.read().split()]
        except OSError:
            pass
    return found


def reap():
    """Waits for children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def subreaper():
    PR_SET_CHILD_SUBREAPER = 36
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def listens(pid, what):
    """Whether a process has a handler of its own for a signal."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return bool(caught and int(caught[1], 16) >> (what - 1) & 1)


def perform(program, run, limits, folder):
    """Carries a run out in a folder and holds it to the promises."""
    outcome = Outcome()
    work, temporary, told = folder / "work", folder / "tmp", folder / "told"
    for place in (work, temporary, told):
        place.mkdir(parents=True)
    for name, (data, mode) in run.files.items():
        (work / name).write_bytes(data)
        (work / name).chmod(mode)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ELBO", "OPENBLAS"))} | {"TMPDIR": str(temporary)}
    if run.threads_given:
        environment["OPENBLAS_NUM_THREADS"] = "1"
    begun = time.monotonic()
    with open(told / "out", "wb") as out, open(told / "err", "wb") as err:
        process = subprocess.Popen(
            [*program, *run.args], cwd=work, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        )
    descriptor = os.pidfd_open(process.pid)
    try:
        ready = select.poll()
        ready.register(descriptor, select.POLLIN)
        ended = False
        if run.interrupt:
            after, what = run.interrupt
            ended = bool(ready.poll(after * 1000))
            # A machine with more to do may not have let it come so far that it listens.
            patience = time.monotonic() + 3.0
            while after >= LISTENS_BY and not ended and not listens(process.pid, what) and time.monotonic() < patience:
                ended = bool(ready.poll(10))
            if not ended:
                # Popen's own way of sending waits for a process that has just ended, and what it used is lost.
                signal.pidfd_send_signal(descriptor, what)
        ended = ended or bool(ready.poll(max(0.0, limits.wall - (time.monotonic() - begun)) * 1000))
        if not ended:
            outcome.wrong.append(f"it did not end within {limits.wall:g} s")
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        os.close(descriptor)
    outcome.wall, outcome.code = time.monotonic() - begun, process.returncode
    outcome.cpu, outcome.memory = used.ru_utime + used.ru_stime, used.ru_maxrss * 1024
    by_signal = run.interrupt and outcome.code == -run.interrupt[1]
    # A program that has not come so far that it could listen ends as any other.
    if ended and outcome.code not in (0, 1, 2) and not (by_signal and run.interrupt[0] < LISTENS_BY):
        outcome.wrong.append(f"exit code {outcome.code}")
    if outcome.cpu > limits.cpu:
        outcome.wrong.append(f"{outcome.cpu:.1f} s of CPU")
    if outcome.memory > limits.memory:
        outcome.wrong.append(f"{outcome.memory / GIB:.2f} GB of memory")
    outcome.wrong += left_running()
    outcome.wrong += said(run, outcome.code, (told / "out"), (told / "err"))
    if not by_signal:
        outcome.wrong += left_lying(run, work, temporary)
    return outcome


def left_running():
    deadline = time.monotonic() + ENDING
    while True:
        reap()
        left = children()
        if not left:
            return []
        if time.monotonic() > deadline:
            break
        time.sleep(0.005)
    names = []
    for pid in left:
        try:
            names.append(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip())
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    time.sleep(0.05)
    reap()
    return [f"left running: {', '.join(names)}"]


def said(run, code, out, err):
    wrong = []
    words = err.read_bytes()[:1 << 20]
    if b"panicked at" in words or b"RUST_BACKTRACE" in words:
        wrong.append("a panic")
    if code == 2 and not words.strip():
        wrong.append("exit code 2 without a word")
    if run.json and code in (0, 1):
        def refuse(name):
            raise ValueError(name)

        try:
            json.loads(out.read_bytes(), parse_constant=refuse)
        except ValueError as error:
            wrong.append(f"JSON that is none: {error}")
    return wrong


def left_lying(run, work, temporary):
    wrong = []
    for name in run.files:
        if not os.path.isfile(work / name) or (work / name).read_bytes() != run.files[name][0]:
            wrong.append(f"{name} was changed")
    strange = [entry.name for entry in work.iterdir() if entry.name not in run.files and entry.name not in run.outputs]
    strange += [f"tmp/{entry.name}" for entry in temporary.iterdir()]
    for output in run.outputs:
        if os.path.isdir(work / output):
            strange += [f"{output}/{entry.name}" for entry in (work / output).iterdir() if entry.name.startswith(".tmp") or entry.name.endswith(".partial")]
    return wrong + [f"left lying: {', '.join(strange)}"] * bool(strange)


def erase(folder):
    if folder.exists():
        subprocess.run(["chmod", "-R", "u+rwx", str(folder)], stderr=subprocess.DEVNULL) if os.getuid() else None
        shutil.rmtree(folder, ignore_errors=True)


# --- Many --------------------------------------------------------------------------------------------------------------------

CHUNK = 25


def work(program, maker, seed, limits, base, only_kind, numbers, answers):
    """A worker: takes numbers, tells outcomes, a line of JSON each."""
    subreaper()
    resource.setrlimit(resource.RLIMIT_AS, (limits.address_space, limits.address_space))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with os.fdopen(numbers, "r") as numbers, os.fdopen(answers, "w") as answers:
        for line in numbers:
            for number_ in range(int(line), int(line) + CHUNK):
                run = maker.make(seed, number_)
                if only_kind not in (None, run.kind):
                    continue
                folder = base / str(number_)
                outcome = perform(program, run, limits, folder)
                erase(folder)
                answers.write(json.dumps([number_, run.kind, outcome.code, outcome.cpu, outcome.memory, outcome.wall, outcome.wrong]) + "\n")
            answers.write("next\n")
            answers.flush()


class Tally:
    """What came so far, as the state file has it."""

    def __init__(self, path, key):
        self.path, self.key = path, key
        self.done, self.failures, self.kinds = [], [], {}
        if path and path.exists():
            known = json.loads(path.read_text())
            if known["key"] == key:
                self.done, self.failures, self.kinds = known["done"], known["failures"], known["kinds"]

    def add(self, number_, kind, code, cpu, memory, wall, wrong):
        known = self.kinds.setdefault(kind, {"runs": 0, "codes": {}, "cpu": 0.0, "most_cpu": 0.0, "memory": 0, "wall": 0.0})
        known["runs"] += 1
        known["codes"][str(code)] = known["codes"].get(str(code), 0) + 1
        known["cpu"] += cpu
        known["most_cpu"], known["memory"], known["wall"] = max(known["most_cpu"], cpu), max(known["memory"], memory), max(known["wall"], wall)
        if wrong:
            self.failures.append([number_, kind, wrong])

    def save(self):
        if self.path:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial = self.path.with_suffix(".partial")
            partial.write_text(json.dumps({"key": self.key, "done": sorted(self.done), "failures": self.failures, "kinds": self.kinds}))
            partial.replace(self.path)

    def runs(self):
        return sum(known["runs"] for known in self.kinds.values())

    def table(self):
        lines = [f"{'':15} {'runs':>8} {'exit 0':>8} {'1':>8} {'2':>8} {'other':>6} {'CPU s':>8} {'most':>6} {'GB':>6} {'wall':>6}"]
        for kind, known in sorted(self.kinds.items()):
            codes = dict(known["codes"])
            each = [codes.pop(code, 0) for code in ("0", "1", "2")]
            lines.append(
                f"{kind:15} {known['runs']:8} {each[0]:8} {each[1]:8} {each[2]:8} {sum(codes.values()):6} {known['cpu']:8.1f} {known['most_cpu']:6.2f} "
                f"{known['memory'] / GIB:6.2f} {known['wall']:6.1f}"
            )
        return "\n".join(lines)


def drive(program, runs, seed, limits, state, workers, only_kind):
    """All runs; the number of failures."""
    digest = hashlib.sha256(pathlib.Path(program[0]).read_bytes() + pathlib.Path(__file__).read_bytes()).hexdigest()
    help_text = subprocess.run([*program, "--help"], capture_output=True, text=True).stdout
    maker = Maker(has_twin="evaluate" in help_text)
    tally = Tally(state, f"{seed} {only_kind} {digest}")
    print(f"seed {seed}, {runs} runs, {tally.runs()} of them before", flush=True)
    open_chunks = [first for first in range(0, runs, CHUNK) if first not in set(tally.done)]
    open_chunks.reverse()
    base = pathlib.Path(tempfile.mkdtemp(prefix="elbo-driver-"))
    begun = told = time.monotonic()
    try:
        pool, ready = {}, select.poll()
        for _ in range(workers):
            to_read, to_write = os.pipe()
            from_read, from_write = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(to_write), os.close(from_read)
                for _, (_, other, source) in pool.items():
                    other.close(), source.close()
                try:
                    work(program, maker, seed, limits, base, only_kind, to_read, from_write)
                except BaseException:  # a fault of the driver's own
                    import traceback

                    traceback.print_exc()
                    os._exit(3)
                os._exit(0)
            os.close(to_read), os.close(from_write)
            pool[from_read] = (pid, os.fdopen(to_write, "w"), os.fdopen(from_read, "r"))
            ready.register(from_read, select.POLLIN | select.POLLHUP)
        now, lost = {}, False

        def feed(descriptor):
            _, numbers, _ = pool[descriptor]
            if open_chunks:
                now[descriptor] = open_chunks.pop()
                numbers.write(f"{now[descriptor]}\n")
                numbers.flush()
            else:
                numbers.close()

        for descriptor in list(pool):
            feed(descriptor)
        while pool:
            for descriptor, _ in ready.poll():
                pid, numbers, answers = pool[descriptor]
                line = answers.readline()
                while line and line != "next\n":
                    found = json.loads(line)
                    tally.add(*found)
                    if found[-1]:
                        print(f"run {seed}:{found[0]} ({found[1]}): {'; '.join(found[-1])}", flush=True)
                    line = answers.readline()
                if line:
                    tally.done.append(now.pop(descriptor))
                    tally.save()
                    feed(descriptor)
                else:
                    ready.unregister(descriptor)
                    _, status = os.waitpid(pid, 0)
                    lost |= status != 0
                    del pool[descriptor]
            if time.monotonic() - told > 10:
                told = time.monotonic()
                print(f"  {tally.runs()} runs, {len(tally.failures)} failures, {told - begun:.0f} s", flush=True)
        if lost:
            raise SystemExit("driver: a worker ended before its time")
    finally:
        erase(base)
    print(tally.table())
    for number_, kind, wrong in tally.failures:
        print(f"FAILED {seed}:{number_} ({kind}): {'; '.join(wrong)}\n  again: tests/driver/driver.py {program[0]} --only {seed}:{number_} --keep /tmp/run")
    print(f"{tally.runs()} runs of seed {seed}, {len(tally.failures)} failures, {time.monotonic() - begun:.0f} s")
    return len(tally.failures)


def once(program, seed, number_, limits, keep):
    """One run again; its files stay in a folder."""
    subreaper()
    help_text = subprocess.run([*program, "--help"], capture_output=True, text=True).stdout
    run = Maker(has_twin="evaluate" in help_text).make(seed, number_)
    folder = pathlib.Path(keep or tempfile.mkdtemp(prefix="elbo-driver-")) / f"{seed}-{number_}"
    erase(folder)
    resource.setrlimit(resource.RLIMIT_AS, (limits.address_space, limits.address_space))
    outcome = perform(program, run, limits, folder)
    print(f"cd {folder / 'work'} && {' '.join(map(repr, [*program, *run.args]))}")
    print(f"exit code {outcome.code}, {outcome.cpu:.2f} s of CPU, {outcome.memory / GIB:.2f} GB, {outcome.wall:.2f} s")
    print((folder / "told" / "err").read_bytes()[-3000:].decode("utf-8", "replace"))
    print("; ".join(outcome.wrong) or "as promised")
    if not keep:
        erase(folder.parent)
    return len(outcome.wrong)


# --- Does it notice? -----------------------------------------------------------------------------------------------------------

# What a wrong program does, and what has to be said of it.
WRONG = [
    ("exit 0", None),
    ("exit 1", None),
    ("echo 'elbo: x' >&2; exit 2", None),
    ("sleep 60 & kill $!; exit 0", None),
    ("exit 101", "exit code 101"),
    ("kill -ABRT $$", "exit code -6"),
    ("kill -KILL $$", "exit code -9"),
    ("echo \"thread 'main' panicked at src\" >&2; exit 1", "a panic"),
    ("exit 2", "exit code 2 without a word"),
    ("touch left; exit 0", "left lying: left"),
    ('touch "$TMPDIR/.tmpX"; exit 1', "left lying: tmp/.tmpX"),
    ("mkdir out; touch out/.tmpY; exit 0", "left lying: out/.tmpY"),
    ("echo x > input; exit 0", "input was changed"),
    ("rm input; exit 0", "input was changed"),
    ("sleep 60 & exit 0", "left running: sleep 60"),
    ("setsid sleep 60 & exit 1", "left running: sleep 60"),
    ("sleep 60", "it did not end within"),
    ("while :; do :; done", "it did not end within"),
    ("i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done; exit 0", "s of CPU"),
    (f"exec {sys.executable} -c 'x = b\"x\" * (200 << 20)'", "GB of memory"),
    ("trap '' TERM; sleep 60", "it did not end within"),
    ("echo '{\"a\": NaN}'; exit 0", "JSON that is none: NaN"),
    ("echo nonsense; exit 1", "JSON that is none"),
]


def self_test():
    """Every wrong program is noticed, no right one is; a run is a function of its number, and every kind of run has more than one."""
    subreaper()
    limits, failed = Limits(wall=1.0, cpu=0.2, memory=100 << 20), 0
    base = pathlib.Path(tempfile.mkdtemp(prefix="elbo-driver-"))
    for index, (script, expected) in enumerate(WRONG):
        run = Run("line")
        run.file("input", "as it was")
        run.output("out")
        run.json = "NaN" in script or "nonsense" in script
        if "trap" in script:
            run.interrupt = (0.1, signal.SIGTERM)
        outcome = perform(["sh", "-c", script], run, limits, base / str(index))
        told = "; ".join(outcome.wrong)
        if (expected is None and told) or (expected is not None and expected not in told):
            print(f"NOT NOTICED: {script!r}: {told or 'nothing'}, expected {expected or 'nothing'}")
            failed += 1
    erase(base)
    maker, kinds = Maker(has_twin=True), collections.defaultdict(set)
    for number_ in range(1500):
        run, again = maker.make(7, number_), maker.make(7, number_)
        if (run.args, run.files) != (again.args, again.files):
            print(f"NOT NOTICED: run 7:{number_} is another each time")
            failed += 1
        kinds[run.kind].add(hashlib.sha256(repr((run.args, run.files)).encode()).digest())
    if sorted(kinds) != ["case", "configuration", "dump", "line", "model", "probe", "world"] or min(map(len, kinds.values())) < 5:
        print(f"NOT NOTICED: the runs are of few kinds, {[(kind, len(each)) for kind, each in kinds.items()]}")
        failed += 1
    print(f"self-test: {len(WRONG) + 2 - failed} passed, {failed} failed")
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", nargs="?", help="the program elbo")
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--state", type=pathlib.Path, help="where it goes on from; of another program or seed it is not taken")
    parser.add_argument("--kind", help="of the runs only those of a kind (dump, case, world, probe, line, model, configuration)")
    parser.add_argument("--only", help="SEED:NUMBER")
    parser.add_argument("--keep", help="where the files of --only stay")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return min(self_test(), 1)
    if not args.program:
        parser.error("expected the program elbo")
    program, limits = [str(pathlib.Path(args.program).resolve())], Limits()
    if args.only:
        seed, number_ = map(int, args.only.split(":"))
        return min(once(program, seed, number_, limits, args.keep), 1)
    return min(drive(program, args.runs, args.seed, limits, args.state, args.workers, args.kind), 1)


if __name__ == "__main__":
    sys.exit(main())
