"""Weights files of random numbers, in torchvision's names and shapes but narrow: one for each kind of teacher."""

import numpy as np
from safetensors.numpy import save_file

STAGES = [[0, 2], [5, 7], [10, 12, 14], [17, 19, 21]]
FIRES = [3, 4, 5, 7, 8, 9, 10]


class Weights:
    def __init__(self):
        self.random = np.random.default_rng(0)
        self.tensors = {}

    def conv(self, name, outputs, inputs, kernel, norm=None):
        """He-initialised, with a bias or, where a norm is named, with a batch normalisation behind it."""
        std = np.sqrt(2 / (inputs * kernel * kernel))
        values = self.random.normal(0, std, (outputs, inputs, kernel, kernel))
        self.tensors[f"{name}.weight"] = values.astype(np.float32)
        if norm is None:
            self.tensors[f"{name}.bias"] = np.zeros(outputs, np.float32)
            return
        for part, center in [("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)]:
            spread = self.random.uniform(-0.2, 0.2, outputs)
            self.tensors[f"{norm}.{part}"] = (center + spread).astype(np.float32)


def vgg16(weights):
    inputs = 3
    for indices, width in zip(STAGES, (8, 8, 12, 16)):
        for index in indices:
            weights.conv(f"features.{index}", width, inputs, 3)
            inputs = width


def squeezenet(weights):
    weights.conv("features.0", 12, 3, 7)
    inputs = 12
    for index in FIRES:
        weights.conv(f"features.{index}.squeeze", 4, inputs, 1)
        weights.conv(f"features.{index}.expand1x1", 6, 4, 1)
        weights.conv(f"features.{index}.expand3x3", 8, 4, 3)
        inputs = 14


def residual(weights, blocks, bottleneck):
    weights.conv("conv1", 8, 3, 7, "bn1")
    inputs = 8
    for stage, (count, width) in enumerate(zip(blocks, (8, 12, 16)), start=1):
        for index in range(count):
            name = f"layer{stage}.{index}"
            outputs = 2 * width if bottleneck else width
            kernels = [(1, width), (3, width), (1, outputs)] if bottleneck else [(3, width), (3, width)]
            before = inputs
            for at, (kernel, out) in enumerate(kernels, start=1):
                weights.conv(f"{name}.conv{at}", out, before, kernel, f"{name}.bn{at}")
                before = out
            if index == 0 and (stage > 1 or bottleneck):
                weights.conv(f"{name}.downsample.0", outputs, inputs, 1, f"{name}.downsample.1")
            inputs = outputs


KINDS = {
    "vgg16": vgg16,
    "squeezenet": squeezenet,
    "resnet18": lambda weights: residual(weights, (2, 2, 2), False),
    "wide_resnet50_2": lambda weights: residual(weights, (3, 4, 6), True),
}


def write(kind, path):
    weights = Weights()
    KINDS[kind](weights)
    save_file(weights.tensors, path)
