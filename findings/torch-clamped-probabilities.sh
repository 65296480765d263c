#!/usr/bin/env bash
# PyTorch 2.15.0 (CPU): in half types `torch.distributions` clamps probabilities and uniform draws to [eps, 1 - eps].
#
# The guess: 8192 equal codes have an entropy of ln 8192 = 9.01 nats in every type, to its precision, and a relaxed
# one-hot sample prefers no code.
# What happens: `clamp_probs` keeps numbers between eps and 1 - eps of their type, and eps is 2^-7 in bfloat16 and
# 2^-10 in float16. So
# - `Categorical(probs=p).entropy()` of 8192 equal codes is -ln eps: 4.84 in bfloat16, 6.93 in float16, though 1/8192
#   is a number of both types; `Categorical(logits=zeros)` gives 9.0.
# - `RelaxedOneHotCategorical.rsample()` has Gumbel noise that ends at -ln(-ln(1 - eps)), 4.84 in bfloat16: the largest
#   entry is nearly always among the first codes (the median of 8192 is code 91 or so, where it should be 4096).
#   `torch.nn.functional.gumbel_softmax` draws its noise in another way and has no such preference.
# For an oracle: a claimed entropy of 6.93 in float16 is wrong, and noise in half types is not Gumbel noise.
#
# usage: findings/torch-clamped-probabilities.sh    downloads 3 GB; exit code 1 when the behaviour has changed
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/python"
"$place/python/bin/pip" install --quiet torch==2.15.0 numpy==2.4.6
"$place/python/bin/python" - <<'PYTHON'
import math
import torch
from torch.distributions import Categorical, RelaxedOneHotCategorical

codes, rows = 8192, 400
entropy, middle, other = {}, {}, {}
for dtype in (torch.bfloat16, torch.float16, torch.float32):
    torch.manual_seed(0)
    entropy[dtype] = Categorical(probs=torch.full((codes,), 1 / codes, dtype=dtype)).entropy().item()
    by_logits = Categorical(logits=torch.zeros(codes, dtype=dtype)).entropy().item()
    relaxed = RelaxedOneHotCategorical(torch.tensor(1 / 16, dtype=dtype), logits=torch.zeros(codes, dtype=dtype))
    middle[dtype] = relaxed.rsample((rows,)).argmax(-1).float().median().item()
    noise = torch.nn.functional.gumbel_softmax(torch.zeros(rows, codes, dtype=dtype), tau=1 / 16)
    other[dtype] = noise.argmax(-1).float().median().item()
    print(f"{dtype}: entropy {entropy[dtype]:.4f} by probs, {by_logits:.4f} by logits; "
          f"median code {middle[dtype]:.0f} of a relaxed one-hot, {other[dtype]:.0f} of gumbel_softmax")

expected = (
    abs(entropy[torch.bfloat16] + math.log(2**-7)) < 0.02
    and abs(entropy[torch.float16] + math.log(2**-10)) < 0.01
    and abs(entropy[torch.float32] - math.log(codes)) < 1e-5
    and middle[torch.bfloat16] < 300
    and middle[torch.float16] < 1_500
    and 3_000 < middle[torch.float32] < 5_200
    and all(3_000 < m < 5_200 for m in other.values())
)
raise SystemExit(0 if expected else "the behaviour has changed")
PYTHON
