"""The networks of docs/model-file.md as PyTorch modules, as one writes them in PyTorch.

Each is built straight from tensors in the names that oddspot gives them, so that there is no
second initialisation to keep in step. Activations are [batch, channels, height, width].
"""

import json

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from model_file import pairs, read_header, read_tensors


def convolution(weights, name, stride=1, dilation=1):
    """A convolution that keeps the size (but for its stride). `[out, in]` is a 1×1 kernel."""
    weight = weights[f"{name}.weight"]
    if weight.ndim == 2:
        weight = weight[:, :, None, None]
    outputs, inputs, size, _ = weight.shape
    padding = dilation * (size // 2)
    layer = nn.Conv2d(inputs, outputs, size, stride, padding, dilation)
    return filled(layer, weight, weights[f"{name}.bias"])


def linear(weights, name):
    weight = weights[f"{name}.weight"]
    return filled(nn.Linear(weight.shape[1], weight.shape[0]), weight, weights[f"{name}.bias"])


def filled(layer, weight, bias):
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer


def relu():
    return nn.ReLU(inplace=True)


class Vgg16(nn.Module):
    """Up to relu4_3; the levels are relu2_2, relu3_3 and relu4_3."""

    STAGES = [[0, 2], [5, 7], [10, 12, 14], [17, 19, 21]]

    def __init__(self, weights):
        super().__init__()
        self.stages = nn.ModuleList()
        for indices in self.STAGES:
            layers = [(convolution(weights, f"features.{i}"), relu()) for i in indices]
            self.stages.append(nn.Sequential(*sum(layers, ())))

    def forward(self, x):
        levels = [self.stages[0](x)]
        for stage in self.stages[1:]:
            levels.append(stage(F.max_pool2d(levels[-1], 2)))
        return levels[1:]


class Fire(nn.Module):
    """Squeeze to few channels, expand by 1×1 and by 3×3 convolutions side by side."""

    def __init__(self, weights, name):
        super().__init__()
        self.squeeze = nn.Sequential(convolution(weights, f"{name}.squeeze"), relu())
        self.narrow = nn.Sequential(convolution(weights, f"{name}.expand1x1"), relu())
        self.wide = nn.Sequential(convolution(weights, f"{name}.expand3x3"), relu())

    def forward(self, x):
        x = self.squeeze(x)
        return torch.cat([self.narrow(x), self.wide(x)], 1)


class SqueezeNet(nn.Module):
    """SqueezeNet 1.0 up to fire8, its first convolution padded by 3."""

    FIRES = [[3, 4, 5], [7, 8, 9, 10]]

    def __init__(self, weights):
        super().__init__()
        self.first = nn.Sequential(convolution(weights, "features.0", stride=2), relu())
        self.stages = nn.ModuleList()
        for indices in self.FIRES:
            self.stages.append(nn.Sequential(*(Fire(weights, f"features.{i}") for i in indices)))

    def forward(self, x):
        levels = [self.first(x)]
        for stage in self.stages:
            pooled = F.max_pool2d(levels[-1], 3, stride=2, ceil_mode=True)
            levels.append(stage(pooled))
        return levels


TEACHERS = {"vgg16": Vgg16, "squeezenet": SqueezeNet}


class Student(nn.Module):
    """The student: maps at the teacher's sizes, and its trunk at every `output_stride` pixels."""

    LEVELS = [["conv1", "conv2"], ["conv3"], ["conv4", "conv5"]]

    def __init__(self, weights, output_stride):
        super().__init__()
        self.first = nn.Sequential(convolution(weights, "conv0"), relu())
        self.pools, self.stages = nn.ModuleList(), nn.ModuleList()
        self.averages, self.heads = nn.ModuleList(), nn.ModuleList()
        for level, names in enumerate(self.LEVELS, start=1):
            # Strides are real until their product reaches the output stride, dilations after.
            before, after = (max(1, 2**n // output_stride) for n in (level - 1, level))
            stride = 2 if 2**level <= output_stride else 1
            self.pools.append(nn.MaxPool2d(3, stride, padding=before, dilation=before))
            layers = [(convolution(weights, name, dilation=after), relu()) for name in names]
            self.stages.append(nn.Sequential(*sum(layers, ())))
            self.averages.append(nn.AvgPool2d(after) if after > 1 else nn.Identity())
            self.heads.append(convolution(weights, f"head{level}"))

    def forward(self, x):
        x, levels = self.first(x), []
        for pool, stage, average, head in zip(self.pools, self.stages, self.averages, self.heads):
            x = stage(pool(x))
            levels.append(head(average(x)))
        return levels, x

    def level3(self, levels, trunk):
        """S³ at every position of the grid: where that is the teacher's, it is there already."""
        return levels[2] if isinstance(self.averages[2], nn.Identity) else self.heads[2](trunk)


class StudentMaps(Student):
    """The student with its outputs side by side."""

    def forward(self, x):
        levels, _ = super().forward(x)
        return levels


class Classifier(nn.Module):
    """The position classifier. Its first layer is linear, so `project` comes before differences."""

    def __init__(self, weights, negative_slope):
        super().__init__()
        self.layers = nn.ModuleList(linear(weights, f"fc{i}") for i in (1, 2, 3))
        self.negative_slope = negative_slope

    def project(self, features):
        """`[…, D]` to `[…, hidden]`, without the bias, which a difference would cancel."""
        return F.linear(features, self.layers[0].weight)

    def forward(self, projected_difference):
        """Logits `[rows, 8]`."""
        x = F.leaky_relu(projected_difference + self.layers[0].bias, self.negative_slope)
        x = F.leaky_relu(self.layers[1](x), self.negative_slope)
        return self.layers[2](x)


class Judge(nn.Module):
    """All that a model file's networks say of an image: `e_rec` `[height, width]`, and of each
    pair of patches the probability of another class than its own, direction by direction, each
    row by row `[pairs]`."""

    def __init__(self, header, tensors):
        super().__init__()
        settings, size = header["settings"], header["settings"]["image_size"]
        teacher, stride = part(tensors, "teacher."), settings["student"]["output_stride"]
        slope = settings["position"]["negative_slope"]
        self.size = size["height"], size["width"]
        self.teacher = TEACHERS[header["teacher"]["architecture"]](teacher)
        self.student = Student(part(tensors, "student."), stride)
        self.classifier = Classifier(part(tensors, "position."), slope)
        for level in (1, 2, 3):
            mean, std = (teacher[f"{name}{level}"][:, None, None] for name in ("mean", "std"))
            self.register_buffer(f"scale{level}", 1 / std)
            self.register_buffer(f"shift{level}", -mean / std)
        self.pairs = pairs(settings)
        counts = [(c[0].stop - c[0].start) * (c[1].stop - c[1].start) for _, c, _ in self.pairs]
        own = [k for (k, _, _), count in zip(self.pairs, counts) for _ in range(count)]
        self.register_buffer("own_class", torch.tensor(own)[:, None])

    def forward(self, image):
        levels, trunk = self.student(image)
        features = self.student.level3(levels, trunk)[0].permute(1, 2, 0)
        return self.e_rec(self.teacher(image), levels), self.misplacement(features)

    def e_rec(self, teacher, student):
        total = 0
        for level, (t, s) in enumerate(zip(teacher, student), start=1):
            scale, shift = getattr(self, f"scale{level}"), getattr(self, f"shift{level}")
            distance = (torch.addcmul(shift, t, scale) - s).square().sum(1, keepdim=True)
            total = total + F.interpolate(distance, self.size, mode="bilinear")
        return total[0, 0]

    def misplacement(self, features):
        """All directions in one batch, from features that are projected once."""
        projected = self.classifier.project(features)
        differences = [
            (projected[centre] - projected[neighbour]).flatten(0, 1)
            for _, centre, neighbour in self.pairs
        ]
        probabilities = self.classifier(torch.cat(differences)).softmax(1)
        return 1 - probabilities.gather(1, self.own_class)[:, 0]


def part(tensors, prefix):
    """The tensors under a prefix, by the rest of their names."""
    named = tensors.items()
    return {name.removeprefix(prefix): t for name, t in named if name.startswith(prefix)}


def build(folder):
    """The network that a folder's options name."""
    options = json.loads((folder / "options.json").read_text())
    if options["work"] == "detect":
        model = folder / "model.oddspot"
        return Judge(read_header(model), read_tensors(model))
    given = load_file(folder / "given.safetensors")
    if options["work"] == "teacher":
        return TEACHERS[options["teacher"]["architecture"]](given)
    return StudentMaps(part(given, "student."), options["student"]["output_stride"])


def image_shape(folder):
    """Of the images that the network takes."""
    options = json.loads((folder / "options.json").read_text())
    if options["work"] != "detect":
        return 1, 3, options["size"], options["size"]
    size = read_header(folder / "model.oddspot")["settings"]["image_size"]
    return 1, 3, size["height"], size["width"]
