"""A child for `elbo probe`: the divergence of discrete codes from the uniform distribution, in NumPy.

    elbo probe -- python derivations/producers/subject.py

Put your own code where `kl` is, and its types in the statement: logits come in `dtype`, bfloat16 as float32. `probe-protocol.md` beside this folder describes the lines.
"""

import json
import sys

import numpy as np

from elbo_dump import load, save

HELLO = {
    "statement": {
        "inputs": "tokens",
        "dtype": "f32",
        "summation": "pairwise",
        "layout": "BSK",
        "prior": "uniform",
        "claims": {"kl": {"sum": ["code"]}},
    }
}


def kl(logits):
    """`sum_k q_k (ln q_k + ln K)`, position by position; a masked code adds nothing."""
    centred = logits - logits.max(-1, keepdims=True)
    ln_q = centred - np.log(np.exp(centred).sum(-1, keepdims=True))
    ln_k = np.log(np.float32(logits.shape[-1]))
    return (np.exp(ln_q) * np.where(np.isinf(ln_q), 0, ln_q + ln_k)).sum(-1)


def main():
    """Answers until there are no more questions."""
    sys.stdin.readline()
    print(json.dumps(HELLO), flush=True)
    for line in sys.stdin:
        question = json.loads(line)
        inputs = load(question["inputs"])
        save(question["answer"], {"claim.kl": kl(inputs["encoder_logits"])})
        print(json.dumps({"question": question["question"]}), flush=True)


if __name__ == "__main__":
    main()
