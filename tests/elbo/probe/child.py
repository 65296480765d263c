"""A subject for `elbo probe`, in the standard library alone: right, or wrong as its argument says."""

import json
import math
import struct
import sys
import time

MODE = sys.argv[1]
MODELS = ("causal", "leak", "rows", "own", "statistic", "single", "single-leak", "negative", "one-leak", "unmasked")
TOKENS = {
    "statement": {
        "inputs": "tokens", "dtype": "f64", "layout": "BSK", "prior": "uniform", "temperature": 1.0,
        "claims": {"kl": {"sum": ["code"]}},
    }
}
SEQUENCE = {
    "statement": {"inputs": "sequence", "dtype": "f64", "claims": {"token_nll": {}}},
    "sizes": {"entry": 9, "token": 61 if MODE == "one-leak" else 6} | ({"batch": 1} if MODE.startswith("single") else {}),
}
if MODE == "unmasked":  # bfloat16, and no mask at all; what other tokens do is small
    SEQUENCE["statement"]["dtype"] = "bf16"


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header, data = json.loads(data[8 : 8 + length]), data[8 + length :]
    tensors = {}
    for name, info in header.items():
        if name != "__metadata__":
            begin, end = info["data_offsets"]
            kind, size = {"F64": ("d", 8), "U64": ("Q", 8), "BF16": ("H", 2)}[info["dtype"]]
            tensors[name] = (info["shape"], struct.unpack(f"<{(end - begin) // size}{kind}", data[begin:end]))
    return tensors


def write(path, name, shape, values):
    data = struct.pack(f"<{len(values)}d", *values)
    header = json.dumps({name: {"dtype": "F64", "shape": shape, "data_offsets": [0, len(data)]}}).encode()
    header += b" " * (-len(header) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header + data)


def kl(shape, logits):
    batch, positions, codes = shape
    if MODE == "batch":  # normalised by the batch: an item's answer depends on the others
        for i in range(positions * codes):
            column = [logits[b * positions * codes + i] for b in range(batch)]
            mean = sum(column) / batch
            for b in range(batch):
                logits[b * positions * codes + i] -= 0.1 * mean if batch > 1 else 0.0
    out = []
    for row in range(batch * positions):
        x = logits[row * codes : (row + 1) * codes]
        top = max(x)
        weights = [math.exp(v - top) for v in x]
        total = sum(weights)
        terms = [w / total * (v - top - math.log(total) + math.log(codes)) for w, v in zip(weights, x) if w > 0]
        out.append(sum(terms))
    if MODE == "nan":
        out[0] = math.nan
    return [batch, positions], out


def nll(shape, tokens):
    rows, length = shape
    if MODE.startswith("single") and rows != 1:
        sys.exit("one row at a time")
    shared = 0.01 * sum(tokens) / len(tokens) if MODE == "statistic" else 0.0
    out = []
    for row in range(rows):
        ids = tokens[row * length : (row + 1) * length]
        for t, token in enumerate(ids):
            seen = ids[:t] if not MODE.endswith("leak") else ids[:t] + ids[t + 1 : t + 2]
            if MODE == "one-leak" and t != 37:  # only one token sees its successor
                seen = ids[:t]
            moved = 0.1 * row if MODE == "rows" else shared
            scores = [math.sin(moved + 1.0 + entry + sum((k + 1) * (1 + s) for k, s in enumerate(seen))) for entry in range(9)]
            if MODE == "unmasked":
                scores[(token + sum(ids[t + 1 :])) % 9] += 0.6
            if MODE == "own":
                scores[token] += 2.0
            sign = -1.0 if MODE == "negative" else 1.0
            out.append(sign * (math.log(sum(map(math.exp, scores))) - scores[token]))
    return shape, out


# Nothing decides what these answer: sums in bfloat16 of so many codes, a sequence that is not told apart by token.
UNBOUNDED = {"statement": TOKENS["statement"] | {"dtype": "bf16", "accumulation": "bf16"}, "sizes": {"batch": 1, "position": 1, "code": 1024}}
SUMMED = {"statement": SEQUENCE["statement"] | {"claims": {"token_nll": {"sum": ["token"]}}}, "sizes": {"entry": 9, "token": 6}}
UNDECIDED = {"unbounded": (UNBOUNDED, "claim.kl"), "summed": (SUMMED, "claim.token_nll")}

print(json.dumps(UNDECIDED[MODE][0] if MODE in UNDECIDED else SEQUENCE if MODE in MODELS else TOKENS), flush=True) if sys.stdin.readline() else None
for line in sys.stdin:
    ask = json.loads(line)
    if MODE == "hang" and ask["question"] == 3:
        time.sleep(3600)
    if MODE == "crash" and ask["question"] == 3:
        sys.exit(7)
    if MODE == "garbage":
        print("Traceback (most recent call last): \x1b[31m", flush=True)
        continue
    if MODE == "lie":
        ask["question"] += 1
    tensors = read(ask["inputs"])
    if MODE == "unbounded":
        write(ask["answer"], "claim.kl", [1, 1], [3.0])
    elif MODE == "summed":
        rows = tensors["tokens"][0][0]
        write(ask["answer"], "claim.token_nll", [rows], [-777.0] * rows)
    elif MODE in MODELS:
        write(ask["answer"], "claim.token_nll", *nll(tensors["tokens"][0], list(tensors["tokens"][1])))
    elif MODE != "nothing":
        write(ask["answer"], "claim.kl", *kl(tensors["encoder_logits"][0], list(tensors["encoder_logits"][1])))
    print(json.dumps({"question": ask["question"]}), flush=True)
