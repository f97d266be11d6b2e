"""oddspot's built-in teacher in PyTorch, and a student of the same shape that has learned nothing."""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from methods.folder import read
from networks import Vgg16

WEIGHTS = Path(__file__).parents[3] / "crates" / "oddspot" / "weights" / "builtin.safetensors"
# Names under which anomalib finds the levels, fine to coarse.
LEVELS = ["stages.1", "stages.2", "stages.3"]


def teacher():
    weights = {name: tensor.float() for name, tensor in load_file(WEIGHTS).items()}
    return Vgg16(weights).eval().requires_grad_(False)


class Student(Vgg16):
    """With the batch normalisation that the teacher had before it was folded into the convolutions."""

    def __init__(self, like):
        nn.Module.__init__(self)
        self.stages = nn.ModuleList()
        for stage in like.stages:
            layers = [fresh(layer) for layer in stage if isinstance(layer, nn.Conv2d)]
            self.stages.append(nn.Sequential(*sum(layers, ())))


def fresh(convolution):
    """A convolution of the same shape with He weights, its normalisation and ReLU."""
    layer = nn.Conv2d(convolution.in_channels, convolution.out_channels, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    return layer, nn.BatchNorm2d(layer.out_channels), nn.ReLU(inplace=True)


def difference(model, files):
    """How far the teacher's mean features of good images lie from those that an oddspot model of the closed-form
    terms keeps, as a share of the largest. Files, sizes, colours and networks have to agree for it."""
    network, sums = teacher(), [0] * len(LEVELS)
    with torch.inference_mode():
        for file in files:
            sums = [total + level for total, level in zip(sums, network(read(file)))]
    kept = load_file(model)
    return max(apart(total / len(files), kept[f"gaussian.mean{at}"]) for at, total in enumerate(sums, start=1))


def apart(mean, kept):
    """The places at the border, where windows end, are left out."""
    mean = F.avg_pool2d(F.pad(mean, [1] * 4, mode="replicate"), 3, stride=1)
    mean = F.avg_pool2d(mean, mean.shape[-1] // kept.shape[1])
    windows = F.avg_pool2d(mean, 3, stride=1)[0]
    kept = kept.permute(2, 0, 1)[:, 1:-1, 1:-1]
    return float((windows - kept).abs().max() / kept.abs().max())
