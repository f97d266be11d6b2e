"""Makes the tiny teacher files of `tests/fixtures`: the same weights in several formats and names.

Run from the repository's root with torch 2.15 and safetensors 0.8:

    python3 crates/oddspot-cli/tests/oracle/teacher_files.py
"""

from pathlib import Path

import torch
from safetensors.torch import save_file

FIXTURES = Path(__file__).parent.parent / "fixtures"
VGG = [[0, 2], [5, 7], [10, 12, 14], [17, 19, 21]]
FIRES = [[3, 4, 5], [7, 8, 9, 10]]


def conv(out, inputs, kernel):
    return {"weight": torch.randn(out, inputs, kernel, kernel), "bias": torch.randn(out)}


def vgg16():
    """Layers by their torchvision and pytorchcv names."""
    inputs, layers = 3, []
    for stage, indices in enumerate(VGG):
        for unit, index in enumerate(indices):
            names = (f"features.{index}", f"features.stage{stage + 1}.unit{unit + 1}.conv")
            layers.append((names, conv(2 + stage, inputs, 3)))
            inputs = 2 + stage
    return layers


def squeezenet():
    layers = [(("features.0", "features.init_block.conv"), conv(4, 3, 7))]
    inputs = 4
    for stage, indices in enumerate(FIRES):
        for unit, index in enumerate(indices):
            parts = [("squeeze", 2, inputs, 1), ("expand1x1", 3, 2, 1), ("expand3x3", 3, 2, 3)]
            for part, out, channels, kernel in parts:
                other = f"features.stage{stage + 1}.unit{unit + 1}.{part}.conv"
                layers.append(((f"features.{index}.{part}", other), conv(out, channels, kernel)))
            inputs = 6
    return layers


def state(layers, naming):
    tensors = {}
    for names, parts in layers:
        for part, tensor in parts.items():
            tensors[f"{names[naming]}.{part}"] = tensor
    # A head that the teacher does not need.
    tensors["classifier.weight"] = torch.zeros(2, 2)
    return tensors


torch.manual_seed(0)
for name, layers in {"vgg16": vgg16(), "squeezenet": squeezenet()}.items():
    torch.save(state(layers, 0), FIXTURES / f"{name}_torchvision.pth")
    torch.save(state(layers, 1), FIXTURES / f"{name}_pytorchcv.pth")
    save_file(state(layers, 0), FIXTURES / f"{name}_torchvision.safetensors")
