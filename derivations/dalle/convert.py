"""The released DALL-E weights as safetensors, under the same names.

usage: python convert.py encoder.pkl decoder.pkl out.safetensors

Needs torch, safetensors and the released package `dall_e`, whose modules the pickles hold. Half-precision numbers are widened. The result
holds `encoder.blocks.input.w` and so on; it is read by `model::checkpoint::tensors`, a part of `gpu::network::Parameters` is `.under("encoder.")`, and is
run by `gpu::network::encoder` with 4 groups of 2 blocks, on images of any size that is a multiple of 8.
"""

import sys

import torch
from safetensors.torch import save_file

EXPECTED = {"encoder": 53_786_240, "decoder": 43_829_766}


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    tensors = {}
    for part, path in zip(EXPECTED, sys.argv[1:3]):
        module = torch.load(path, map_location="cpu", weights_only=False)
        state = {name: tensor.float().contiguous() for name, tensor in module.state_dict().items()}
        count = sum(tensor.numel() for tensor in state.values())
        if count != EXPECTED[part]:
            sys.exit(f"{path}: {count} parameters, expected the {part}'s {EXPECTED[part]}")
        tensors |= {f"{part}.{name}": tensor for name, tensor in state.items()}
    save_file(tensors, sys.argv[3])


if __name__ == "__main__":
    main()
