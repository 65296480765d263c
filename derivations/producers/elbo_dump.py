"""Dumps for `elbo judge`, and case files for `elbo check`, from NumPy, PyTorch or JAX.

A dump holds the inputs of an objective and what your code claims for them; `elbo judge` computes every claim again and says
whether it is right. NumPy is all that this module needs. Copy it into your tests, or put its folder on the path.

    from elbo_dump import Dump

    dump = Dump("tokens", dtype="f32", layout="BKHW", prior="uniform", framework="torch 2.9")
    dump.input("encoder_logits", logits)                      # [B, K, H, W]
    dump.claim("kl", kl, sum=["position", "code"], mean=["batch"])
    dump.save("kl.safetensors")                               # then: elbo judge kl.safetensors

Arrays are written in the type that they have, bfloat16 and float16 too: a claim is held to the precision that it is stored in.
Hand over what your code computed, before anything is converted for printing or logging.

`dump-format.md` beside this folder says what every name means.
"""

import json
import os
import struct
import sys
import tempfile
from typing import NamedTuple

import numpy as np

FORMAT = "elbo-dump/1"
CASE = "elbo-case/1"

# The types of a safetensors file that `elbo` reads, by NumPy's name.
TYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8",
}


class Stored(NamedTuple):
    """An array as it lies in a file."""

    dtype: str
    shape: tuple
    data: bytes


def stored(array):
    """An array in the type that it has: nothing is widened, nothing rounded."""
    name = None
    if hasattr(array, "detach"):  # PyTorch
        array = array.detach().cpu().resolve_conj().resolve_neg().contiguous()
        if str(array.dtype) == "torch.bfloat16":  # NumPy has no such type: the bits are taken
            name, array = "bfloat16", array.view(sys.modules["torch"].int16)
        array = array.numpy()
    array = np.asarray(array)  # JAX has bfloat16 through ml_dtypes
    name = name or array.dtype.name
    if name not in TYPES:
        raise TypeError(f"an array of {name}, expected one of {', '.join(TYPES)}")
    return Stored(TYPES[name], array.shape, array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())


def plain(value):
    """A number, or a list of them, of NumPy, PyTorch or JAX for JSON: integers and booleans stay what they are."""
    if hasattr(value, "detach"):  # PyTorch
        return value.tolist()
    array = np.asarray(value)
    if array.dtype.kind in "biu":
        return array.tolist()
    return array.astype(np.float64).tolist()


def _write(path, tensors, metadata):
    """Writes a safetensors file beside the target, at the end of links, and renames: a reader sees the old file or the new one."""
    header, begin = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        end = begin + len(tensor.data)
        header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [begin, end]}
        begin = end
    header = json.dumps(header).encode()
    header += b" " * (-len(header) % 8)
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.stat(path).st_mode & 0o222:
        raise PermissionError(f"{path} exists and is read-only")
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), suffix=".partial")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(struct.pack("<Q", len(header)) + header)
            for tensor in tensors.values():
                file.write(tensor.data)
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)  # a temporary file is private, a dump is as readable as any other
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def load(path):
    """The tensors of a safetensors file by name, as NumPy's arrays. NumPy has no bfloat16: it becomes float32, which holds it exactly."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), file.read()
    header.pop("__metadata__", None)
    types, arrays = {stored: name for name, stored in TYPES.items()}, {}
    for name, tensor in header.items():
        begin, end = tensor["data_offsets"]
        kind = np.dtype("uint16" if tensor["dtype"] == "BF16" else types[tensor["dtype"]]).newbyteorder("<")
        array = np.frombuffer(data[begin:end], kind).reshape(tensor["shape"])
        if tensor["dtype"] == "BF16":
            array = (array.astype(np.uint32) << 16).view(np.float32)
        arrays[name] = array.astype(array.dtype.newbyteorder("="), copy=False)
    return arrays


def save(path, arrays):
    """Writes arrays as a safetensors file, such as a child's answer to `elbo probe`."""
    _write(path, {name: stored(array) for name, array in arrays.items()}, {})


class Dump:
    """Inputs and claims, collected, then saved.

    `inputs` is "tokens", "sequence" or "gaussian". `dtype` is the type that your code rounds results to ("f64", "f32", "f16",
    "bf16"), `accumulation` the one that it adds up in where that differs. `summation` is the order, where you know it: "pairwise" for
    XLA on a CPU, for `sum` of PyTorch, and for NumPy and softmaxes of PyTorch along the last axis of a contiguous array; "tree" for a
    GPU. What adds along another axis (codes in BKHW), and `einsum`, `bmm` and `matmul`, adds in turn: state nothing there. All other
    keys of the statement
    (`layout`, `prior`, `decoder`, `parameter`, `temperature`, `beta`, `step`, `text`, `device`, ...) are keyword arguments.
    """

    def __init__(self, inputs, dtype, **statement):
        self.statement = {"inputs": inputs, "dtype": dtype, **statement, "claims": {}}
        self.tensors = {}

    def input(self, name, array):
        """Adds an input, such as `encoder_logits`."""
        self.tensors[name] = stored(array)
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
        self.tensors["claim." + name] = stored(array)
        return self

    def save(self, path):
        """Writes the dump, whole or not at all."""
        statement = json.dumps(self.statement, default=plain, allow_nan=False)
        _write(path, self.tensors, {"format": FORMAT, "dump": statement})


def write_case(path, *, ln_p_x_given_yz, ln_p_yz, ln_q_z_given_x, y, ln_q_y_given_x=None, ln_q_yz_given_x=None, beta=1.0, title=""):
    """Writes a case file: worlds for `elbo check`, `elbo ledger` and the like. Shapes as in `case-format.md`; tables keep their type."""
    captions = np.asarray(plain(y))
    if captions.dtype.kind not in "iu":
        raise TypeError(f"y of {captions.dtype.name}, expected integers: the captions' numbers")
    tensors = {
        "ln_p_x_given_yz": ln_p_x_given_yz,
        "ln_p_yz": ln_p_yz,
        "ln_q_z_given_x": ln_q_z_given_x,
        "y": captions.astype(np.int64),
        "beta": np.asarray(plain(beta), dtype=np.float64),
    }
    for name, table in (("ln_q_y_given_x", ln_q_y_given_x), ("ln_q_yz_given_x", ln_q_yz_given_x)):
        if table is not None:
            tensors[name] = table
    _write(path, {name: stored(table) for name, table in tensors.items()}, {"format": CASE, "title": title})
