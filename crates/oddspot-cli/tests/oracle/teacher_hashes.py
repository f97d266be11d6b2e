"""Writes tests/fixtures/teachers: tiny teachers as PyTorch and safetensors save them.

    pip install torch==2.15.0 numpy==2.4.6 safetensors==0.8.0
    python3 crates/oddspot-cli/tests/oracle/teacher_hashes.py

Each network once, in the names of torchvision and of pytorchcv, in the formats that weights come
in: torch.save's ZIP archive, its older pickle (torchvision's vgg16-397923af.pth is one), and
safetensors. expected.json has the SHA-256 that each must be known by: over the tensors in the
order of torchvision's names, of the name, every axis as a little-endian u64, and the values as
little-endian float32; 1x1 convolutions count as [out, in].
"""

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "teachers"
VGG16 = {(0, 2): 2, (5, 7): 3, (10, 12, 14): 4, (17, 19, 21): 4}  # torchvision's indices: width
FIRES = ((3, 4, 5), (7, 8, 9, 10))
SQUEEZE, EXPAND = 2, 2
rng = np.random.default_rng(16)


def conv(weights, name, out, inputs, kernel):
    """He normal weights, and biases that are not zero so that a lost bias shows."""
    scale = (2 / (inputs * kernel**2)) ** 0.5
    draw = lambda *shape: torch.from_numpy(rng.standard_normal(shape).astype(np.float32))
    weights[f"{name}.weight"] = draw(out, inputs, kernel, kernel) * scale
    weights[f"{name}.bias"] = draw(out) * 0.1


def vgg16():
    """Torchvision's names, with a convolution of stage 5 and a classifier to be passed over."""
    weights, inputs = {}, 3
    for indices, width in VGG16.items():
        for index in indices:
            conv(weights, f"features.{index}", width, inputs, 3)
            inputs = width
    needed = list(weights)
    conv(weights, "features.24", 2, inputs, 3)
    weights["classifier.0.weight"] = torch.ones(2, 4)
    return weights, needed


def squeezenet():
    weights, inputs = {}, 3
    conv(weights, "features.0", 3, 3, 7)
    inputs = 3
    for index in sum(FIRES, ()):
        conv(weights, f"features.{index}.squeeze", SQUEEZE, inputs, 1)
        conv(weights, f"features.{index}.expand1x1", EXPAND, SQUEEZE, 1)
        conv(weights, f"features.{index}.expand3x3", EXPAND, SQUEEZE, 3)
        inputs = 2 * EXPAND
    needed = list(weights)
    conv(weights, "classifier.1", 2, inputs, 1)
    return weights, needed


def pytorchcv_vgg16(weights, needed):
    names = {
        index: f"features.stage{stage + 1}.unit{unit + 1}.conv"
        for stage, indices in enumerate(VGG16)
        for unit, index in enumerate(indices)
    }
    return {names[int(n.split(".")[1])] + "." + n.split(".")[2]: weights[n] for n in needed}


def pytorchcv_squeezenet(weights, needed):
    renamed = {}
    for name in needed:
        parts = name.split(".")  # features, index, [layer of the fire,] weight or bias
        layer = "features.init_block"
        for stage, indices in enumerate(FIRES):
            if int(parts[1]) in indices:
                layer = f"features.stage{stage + 1}.unit{indices.index(int(parts[1])) + 1}.{parts[2]}"
        renamed[f"{layer}.conv.{parts[-1]}"] = weights[name]
    return renamed


def sha256(weights, needed):
    digest = hashlib.sha256()
    for name in sorted(needed):
        tensor = weights[name]
        if tensor.dim() == 4 and tensor.shape[2:] == (1, 1):
            tensor = tensor.flatten(1)
        digest.update(name.encode())
        digest.update(struct.pack(f"<{tensor.dim()}Q", *tensor.shape))
        digest.update(tensor.numpy().astype("<f4").tobytes())
    return digest.hexdigest()


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    expected = {}
    for architecture, (weights, needed), pytorchcv in [
        ("vgg16", vgg16(), pytorchcv_vgg16),
        ("squeezenet", squeezenet(), pytorchcv_squeezenet),
    ]:
        renamed = pytorchcv(weights, needed)
        torch.save(weights, FOLDER / f"{architecture}_torchvision.pth")
        torch.save(renamed, FOLDER / f"{architecture}_pytorchcv.pth")
        older = FOLDER / f"{architecture}_torchvision_old.pth"
        torch.save(weights, older, _use_new_zipfile_serialization=False)
        save_file(weights, FOLDER / f"{architecture}_torchvision.safetensors")
        save_file(renamed, FOLDER / f"{architecture}_pytorchcv.safetensors")
        expected[architecture] = sha256(weights, needed)
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
