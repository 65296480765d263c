"""A child for `elbo probe`: the divergence of discrete codes from the uniform distribution, in NumPy.

    elbo probe -- python derivations/producers/subject.py

Put your own code where `kl` is. `probe-protocol.md` beside this folder describes the lines.
"""

import json
import sys

import numpy as np
from safetensors.numpy import load_file, save_file

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
        inputs = load_file(question["inputs"])
        save_file({"claim.kl": kl(inputs["encoder_logits"])}, question["answer"])
        print(json.dumps({"question": question["question"]}), flush=True)


if __name__ == "__main__":
    main()
