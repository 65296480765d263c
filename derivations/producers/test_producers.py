"""What the producers write is judged as it should be: `ELBO=target/release/elbo python -m unittest discover derivations/producers`.

Frameworks that are not installed are skipped, and counted as skipped.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

import elbo_dump
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


class Probe(unittest.TestCase):
    def test_the_example_subject_obeys_every_law(self):
        subject = os.path.join(os.path.dirname(os.path.abspath(vae.__file__)), "subject.py")
        with tempfile.TemporaryDirectory() as folder:
            save = os.path.join(folder, "failure.safetensors")
            run = subprocess.run([ELBO, "probe", "--save", save, "--", sys.executable, subject], capture_output=True, text=True)
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)


class Files(unittest.TestCase):
    def test_a_case_is_read_back(self):
        rng = np.random.default_rng(3)

        def log_softmax(a, axes):
            a = a - a.max(axis=axes, keepdims=True)
            return a - np.log(np.exp(a).sum(axis=axes, keepdims=True))

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

    def test_what_cannot_be_written_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            dump = elbo_dump.Dump("tokens", dtype="f32")
            dump.tensors["encoder_logits"] = object()
            with self.assertRaises(Exception):
                dump.save(os.path.join(folder, "dump.safetensors"))
            self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    unittest.main()
