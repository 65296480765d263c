"""Dumps for `elbo judge`, and case files for `elbo check`, from NumPy, PyTorch or JAX.

A dump holds the inputs of an objective and what your code claims for them; `elbo judge` computes every claim again and says
whether it is right. NumPy and safetensors are all that this module needs: tensors of PyTorch and arrays of JAX are
converted through NumPy. Copy it into your tests, or put its folder on the path.

    from elbo_dump import Dump

    dump = Dump("tokens", dtype="f32", layout="BKHW", prior="uniform", summation="pairwise", framework="torch 2.9")
    dump.input("encoder_logits", logits)                      # [B, K, H, W]
    dump.claim("kl", kl, sum=["position", "code"], mean=["batch"])
    dump.save("kl.safetensors")                               # then: elbo judge kl.safetensors

`dump-format.md` beside this folder says what every name means.
"""

import json
import os
import tempfile

import numpy as np
from safetensors.numpy import save

FORMAT = "elbo-dump/1"
CASE = "elbo-case/1"


def to_numpy(array):
    """A NumPy array of the same numbers; what NumPy has no type for (bfloat16) becomes float32, which holds them exactly."""
    if hasattr(array, "detach"):  # PyTorch
        array = array.detach().cpu()
        if str(array.dtype) == "torch.bfloat16":
            array = array.float()
        array = array.numpy()
    array = np.asarray(array)
    if array.dtype.name == "bfloat16":  # JAX, through ml_dtypes
        array = array.astype(np.float32)
    return np.array(array, order="C")


def _write(path, tensors, metadata):
    """Writes beside the target and renames: a reader sees the old file or the new one."""
    data = save(tensors, metadata=metadata)
    folder = os.path.dirname(os.path.abspath(path))
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        umask = os.umask(0)  # a temporary file is private, a dump is as readable as any other
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


class Dump:
    """Inputs and claims, collected, then saved.

    `inputs` is "tokens", "sequence" or "gaussian". `dtype` is the type that your code rounds results to ("f64", "f32", "f16",
    "bf16"), `accumulation` the one that it adds up in where that differs, `summation` the order ("pairwise" for
    PyTorch and JAX on a CPU and for NumPy along the last axis, "tree" for a GPU, "sequential" for a loop). All other keys of the statement
    (`layout`, `prior`, `decoder`, `parameter`, `temperature`, `beta`, `step`, `text`, `device`, ...) are keyword arguments.
    """

    def __init__(self, inputs, dtype, **statement):
        self.statement = {"inputs": inputs, "dtype": dtype, **statement, "claims": {}}
        self.tensors = {}

    def input(self, name, array):
        """Adds an input, such as `encoder_logits`."""
        self.tensors[name] = to_numpy(array)
        return self

    def claim(self, name, array, *, sum=None, mean=None, sign=1, unit="nats", normaliser=1.0, of=None):
        """Adds what your code computed: `sum` and `mean` name the axes that it reduced, the others are kept."""
        made = {"sign": sign, "unit": unit, "normaliser": float(normaliser)}
        for key, axes in (("sum", sum), ("mean", mean)):
            if axes is not None:
                made[key] = [axes] if isinstance(axes, str) else list(axes)
        if of is not None:
            made["of"] = of
        self.statement["claims"][name] = made
        self.tensors["claim." + name] = to_numpy(array)
        return self

    def save(self, path):
        """Writes the dump, whole or not at all."""
        _write(path, self.tensors, {"format": FORMAT, "dump": json.dumps(self.statement, default=float)})


def write_case(path, *, ln_p_x_given_yz, ln_p_yz, ln_q_z_given_x, y, ln_q_y_given_x=None, ln_q_yz_given_x=None, beta=1.0, title=""):
    """Writes a case file: worlds for `elbo check`, `elbo ledger` and the like. Shapes as in `case-format.md`."""
    tensors = {
        "ln_p_x_given_yz": ln_p_x_given_yz,
        "ln_p_yz": ln_p_yz,
        "ln_q_z_given_x": ln_q_z_given_x,
        "y": np.asarray(y, dtype=np.int64),
        "beta": np.asarray(beta, dtype=np.float64),
    }
    for name, table in (("ln_q_y_given_x", ln_q_y_given_x), ("ln_q_yz_given_x", ln_q_yz_given_x)):
        if table is not None:
            tensors[name] = table
    _write(path, {name: to_numpy(table) for name, table in tensors.items()}, {"format": CASE, "title": title})
