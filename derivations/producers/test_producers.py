"""What the producers write is judged as it should be: `ELBO=target/release/elbo python -m unittest discover derivations/producers`.

Frameworks that are not installed are skipped, and counted as skipped.
"""

import importlib.util
import json
import os
import struct
import subprocess
import sys
import tempfile
import types
import unittest

import numpy as np

import elbo_dump
import planted
import vae

ELBO = os.path.abspath(os.environ.get("ELBO", "target/release/elbo"))


def judge(path):
    """Exit code and report."""
    run = subprocess.run([ELBO, "judge", path, "--format", "json"], capture_output=True, text=True)
    return run.returncode, json.loads(run.stdout) if run.stdout else {"error": run.stderr}


class Framework:
    """Tests of a framework; `write` makes a dump."""

    write = None

    def judged(self, dtype, fault, seed=0):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "dump.safetensors")
            type(self).write(path, dtype, fault, seed)
            return judge(path)

    def test_a_correct_implementation_is_silent(self):
        for dtype in ("f64", "f32", "mixed", "bf16"):
            for seed in range(5):
                code, report = self.judged(dtype, None, seed)
                verdicts = {claim["verdict"] for claim in report["dumps"][0]["claims"]}
                # The bounds of a half type may tell too little: undecided, which is no pass, and no blame either.
                allowed = {"ok"} if dtype in ("f64", "f32") else {"ok", "undecided"}
                self.assertLessEqual(verdicts, allowed, (dtype, seed, report))
                self.assertEqual(code, int(verdicts != {"ok"}), (dtype, seed, report))

    def test_a_planted_fault_is_named_first(self):
        for dtype in ("f64", "f32", "mixed"):
            for fault in vae.FAULTS:
                with self.subTest(dtype=dtype, fault=fault):
                    code, report = self.judged(dtype, fault)
                    self.assertEqual(code, 1, report)
                    dump = report["dumps"][0]
                    if dtype == "mixed" and dump["first_divergence"] is None:
                        continue  # undecided
                    first = next(c for c in dump["claims"] if c["name"] == dump["first_divergence"])
                    names = [e["name"] for e in first["explanations"]]
                    self.assertEqual(names[:1], [fault], (first["name"], names))


@unittest.skipUnless(importlib.util.find_spec("torch"), "PyTorch is not installed")
class Torch(Framework, unittest.TestCase):
    write = staticmethod(vae.torch_dump)


@unittest.skipUnless(importlib.util.find_spec("jax"), "JAX is not installed")
class Jax(Framework, unittest.TestCase):
    write = staticmethod(vae.jax_dump)


class Planted(unittest.TestCase):
    def test_no_mistake_passes_and_most_are_named_first(self):
        counts = {}
        for dtype, library, form, name, verdict, names in planted.planted(ELBO):
            self.assertNotEqual(verdict, "ok", (dtype, library, form, name))
            count = counts.setdefault(dtype, [0, 0])
            count[0] += 1
            count[1] += name in names[: 2 if name in planted.TIED else 1]
        print(", ".join(f"{dtype}: {named} of {of} named first" for dtype, (of, named) in counts.items()))
        for dtype in ("f64", "f32", "mixed"):
            of, named = counts[dtype]
            self.assertGreaterEqual(named, 0.95 * of, (dtype, counts))


class Probe(unittest.TestCase):
    def test_the_example_subject_obeys_every_law(self):
        subject = os.path.join(os.path.dirname(os.path.abspath(vae.__file__)), "subject.py")
        with tempfile.TemporaryDirectory() as folder:
            save = os.path.join(folder, "failure.safetensors")
            run = subprocess.run([ELBO, "probe", "--save", save, "--", sys.executable, subject], capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)


def tensors(path):
    """Statement and tensors of a dump or case, as they are stored."""
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header, data = json.loads(data[8 : 8 + length]), data[8 + length :]
    metadata = header.pop("__metadata__")
    stored = {name: (info["dtype"], info["shape"], data[slice(*info["data_offsets"])]) for name, info in header.items()}
    return json.loads(metadata.get("dump", "{}")), stored


def log_softmax(a, axes):
    a = a - a.max(axis=axes, keepdims=True)
    return a - np.log(np.exp(a).sum(axis=axes, keepdims=True))


def each_library():
    """By name: what makes an array of a type from NumPy's numbers."""
    libraries = {"numpy": lambda array, dtype: array.astype(dtype)}
    if importlib.util.find_spec("ml_dtypes"):
        import ml_dtypes

        libraries["ml_dtypes"] = lambda array, dtype: array.astype(getattr(ml_dtypes, dtype, dtype))
        del libraries["numpy"]  # the same, without bfloat16
    if importlib.util.find_spec("torch"):
        import torch

        libraries["torch"] = lambda array, dtype: torch.tensor(array).to(getattr(torch, dtype))
    if importlib.util.find_spec("jax"):
        import jax
        import jax.numpy as jnp

        jax.config.update("jax_enable_x64", True)
        libraries["jax"] = lambda array, dtype: jnp.asarray(array).astype(dtype)
    return libraries


# What an array's bytes must be: bfloat16 is the upper half of a float32.
TYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64"}


def check_types(module):
    """Every library's arrays keep type, shape and bits, scalars and transposed ones among them."""
    numbers = np.array([[1.0, -2.5, 0.375], [100.0, 3.0, -0.0]])
    for library, convert in each_library().items():
        for name, stored in TYPES.items():
            if name == "bfloat16" and library == "numpy":
                continue
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "dump.safetensors")
                dump = module.Dump("tokens", dtype="f32")
                dump.input("encoder_logits", convert(numbers, name).T).claim("kl", convert(numbers, name)[0, 1])
                dump.save(path)
                found = tensors(path)[1]
            for tensor, expected in (("encoder_logits", numbers.T), ("claim.kl", numbers[0, 1])):
                bits = expected.astype("<f4").tobytes() if name == "bfloat16" else expected.astype(name).tobytes()
                if name == "bfloat16":
                    bits = b"".join(bits[at + 2 : at + 4] for at in range(0, len(bits), 4))
                assert found[tensor] == (stored, list(expected.shape), bits), (library, name, tensor, found[tensor])


def check_statement(module):
    """Integers and booleans of every library are JSON's."""
    for library, convert in each_library().items():
        scalar = {name: convert(np.array(value), name) for name, value in (("int64", 100), ("bool", True), ("float32", 0.5))}
        if library in ("numpy", "ml_dtypes"):
            scalar = {name: array[()] for name, array in scalar.items()}
        dump = module.Dump("tokens", dtype="f32", step=scalar["int64"], straight_through=scalar["bool"], temperature=scalar["float32"])
        dump.statement["text"] = {"padding": convert(np.array([0, 7]), "int64"), "tokens": scalar["int64"]}
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "dump.safetensors")
            dump.save(path)
            found = tensors(path)[0]
        assert (found["step"], type(found["step"])) == (100, int), (library, found)
        assert found["straight_through"] is True and found["temperature"] == 0.5, (library, found)
        assert found["text"] == {"padding": [0, 7], "tokens": 100} and type(found["text"]["tokens"]) is int, (library, found)


class Types(unittest.TestCase):
    def test_arrays_keep_their_type(self):
        check_types(elbo_dump)

    def test_integers_and_booleans_stay_what_they_are(self):
        check_statement(elbo_dump)

    def test_what_is_planted_in_the_module_is_noticed(self):
        """One-line faults: the module with each of them fails one of the two checks."""
        with open(elbo_dump.__file__) as file:
            source = file.read()
        faults = [
            ('    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16"', '    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "F16"'),
            ("    array = np.asarray(array)  # JAX", "    array = np.asarray(array, dtype=np.float32)  # JAX"),
            ("copy=False).tobytes())", 'copy=False).tobytes("F"))'),
            ('    if array.dtype.kind in "biu":', '    if array.dtype.kind in "b":'),
            ('    if array.dtype.kind in "biu":', '    if array.dtype.kind in "iu":'),
            ("default=plain, allow_nan=False)", "default=float, allow_nan=False)"),
        ]
        for healthy, faulty in faults:
            self.assertEqual(source.count(healthy), 1, healthy)
            module = types.ModuleType("elbo_dump_with_a_fault")
            exec(compile(source.replace(healthy, faulty), "elbo_dump.py", "exec"), module.__dict__)
            noticed = False
            for check in (check_types, check_statement):
                try:
                    check(module)
                except Exception:
                    noticed = True
            self.assertTrue(noticed, faulty)

    def test_what_json_has_no_number_for_is_refused(self):
        for value in (float("nan"), np.float32("inf"), object()):
            dump = elbo_dump.Dump("tokens", dtype="f32", beta=value)
            with tempfile.TemporaryDirectory() as folder, self.assertRaises((TypeError, ValueError)):
                dump.save(os.path.join(folder, "dump.safetensors"))
        for array in (np.zeros(2, np.complex64), np.zeros(2, np.longdouble), ["a"], np.zeros(2, bool)):
            with self.assertRaisesRegex(TypeError, "expected one of float64"):
                elbo_dump.stored(array)

    def test_a_step_of_any_library_is_a_step(self):
        for library, convert in each_library().items():
            step = convert(np.array(100), "int64")
            schedule = {"from": 1.0, "to": 0.5, "steps": step, "shape": "linear"}
            dump = elbo_dump.Dump("tokens", dtype="f64", layout="BSK", prior="uniform", step=step, beta_schedule=schedule)
            dump.input("encoder_logits", np.array([[[0.0, 1.0]]])).claim("beta_at", np.array(0.5))
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "dump.safetensors")
                dump.save(path)
                code, report = judge(path)
            self.assertEqual(code, 0, (library, report))

    def test_losses_in_bfloat16_are_held_to_bfloat16(self):
        """A loss that is computed in float32 from bfloat16 logits and rounded to bfloat16, as `F.cross_entropy` of PyTorch does."""
        numbers = np.random.default_rng(5).normal(size=(2, 4, 11)) * 3.0
        tokens = np.arange(8).reshape(2, 4) % 11
        text = {"tokens": 0, "vocabulary": 0, "softmax": "joint", "weights": [0.0, 1.0]}
        for library, convert in each_library().items():
            if library == "numpy":
                continue
            logits = convert(numbers, "bfloat16")
            single = np.asarray(logits.float() if library == "torch" else logits.astype("float32"))
            nll = -np.take_along_axis(log_softmax(single, -1), tokens[..., None], -1)[..., 0]
            claimed = convert(nll, "bfloat16")
            if library == "torch":
                import torch.nn.functional

                labels = convert(tokens, "int64")
                claimed = torch.nn.functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
                self.assertEqual(str(claimed.dtype), "torch.bfloat16")
            dump = elbo_dump.Dump("sequence", dtype="f32", text=text)
            dump.input("token_logits", logits).input("tokens", tokens).claim("token_nll", claimed)
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "dump.safetensors")
                dump.save(path)
                code, report = judge(path)
            self.assertEqual(code, 0, (library, report))


class Files(unittest.TestCase):
    def test_what_is_saved_is_loaded(self):
        numbers = np.array([[0.0, -1.5, 3.0], [float("-inf"), 2.0**-14, 65280.0]])
        for library, convert in each_library().items():
            for dtype in ("float64", "float32", "float16", "bfloat16", "int64"):
                if (library, dtype) == ("numpy", "bfloat16"):
                    continue
                given = convert(np.abs(np.where(np.isinf(numbers), 1, numbers)) if dtype == "int64" else numbers, dtype)
                with tempfile.TemporaryDirectory() as folder:
                    path = os.path.join(folder, "arrays.safetensors")
                    elbo_dump.save(path, {"b": given, "a": given[:, :1]})
                    loaded = elbo_dump.load(path)
                self.assertEqual(sorted(loaded), ["a", "b"])
                self.assertEqual(loaded["b"].dtype, np.dtype("float32" if dtype == "bfloat16" else dtype))
                self.assertEqual(loaded["b"].tolist(), elbo_dump.plain(given))
                self.assertEqual(loaded["a"].tolist(), elbo_dump.plain(given[:, :1]))

    def test_a_case_is_read_back(self):
        rng = np.random.default_rng(3)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "case.safetensors")
            elbo_dump.write_case(
                path,
                ln_p_x_given_yz=np.log(rng.uniform(size=(4, 3, 5))),
                ln_p_yz=log_softmax(rng.normal(size=(3, 5)), (0, 1)),
                ln_q_z_given_x=log_softmax(rng.normal(size=(4, 5)), 1),
                y=rng.integers(3, size=4),
                title="four random worlds",
            )
            run = subprocess.run([ELBO, "ledger", path, "--row", "3"], capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stderr)

    def test_tables_of_half_types_are_read_back(self):
        rng = np.random.default_rng(4)
        logits = {"ln_p_x_given_yz": (4, 3, 5), "ln_p_yz": (3, 5), "ln_q_z_given_x": (4, 5)}
        for library, convert in each_library().items():
            for dtype in ("float16", "bfloat16"):
                if (library, dtype) == ("numpy", "bfloat16"):
                    continue
                tables = {}
                for name, shape in logits.items():
                    axes = (0, 1) if name == "ln_p_yz" else -1
                    tables[name] = convert(log_softmax(rng.normal(size=shape) * 3.0, axes), dtype)
                with tempfile.TemporaryDirectory() as folder:
                    path = os.path.join(folder, "case.safetensors")
                    elbo_dump.write_case(path, **tables, y=convert(np.array([0, 1, 2, 0]), "int64"), beta=convert(np.array(1.0), dtype))
                    self.assertEqual(tensors(path)[1]["ln_p_yz"][0], TYPES[dtype])
                    run = subprocess.run([ELBO, "ledger", path, "--row", "3"], capture_output=True, text=True)
                    self.assertEqual(run.returncode, 0, (library, dtype, run.stderr))

    def test_captions_are_integers(self):
        tables = {"ln_p_x_given_yz": np.zeros((1, 1, 1)), "ln_p_yz": np.zeros((1, 1)), "ln_q_z_given_x": np.zeros((1, 1))}
        with tempfile.TemporaryDirectory() as folder, self.assertRaisesRegex(TypeError, "expected integers"):
            elbo_dump.write_case(os.path.join(folder, "case.safetensors"), **tables, y=np.array([0.5]))

    def test_what_cannot_be_written_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            dump = elbo_dump.Dump("tokens", dtype="f32")
            dump.tensors["encoder_logits"] = object()
            with self.assertRaises(Exception):
                dump.save(os.path.join(folder, "dump.safetensors"))
            self.assertEqual(os.listdir(folder), [])

    def test_a_link_is_followed_and_what_is_read_only_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            target, link = (os.path.join(folder, name) for name in ("target.safetensors", "link.safetensors"))
            os.symlink("target.safetensors", link)
            dump = elbo_dump.Dump("tokens", dtype="f32")
            for _ in range(2):  # there is nothing yet, then something
                dump.save(link)
                self.assertTrue(os.path.islink(link) and not os.path.islink(target))
            os.chmod(target, 0o444)
            with self.assertRaises(PermissionError):
                dump.save(link)
            self.assertEqual(sorted(os.listdir(folder)), ["link.safetensors", "target.safetensors"])


if __name__ == "__main__":
    unittest.main()
