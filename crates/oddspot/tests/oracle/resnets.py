"""Reference values for the residual teachers, from PyTorch in float64.

    python3 crates/oddspot/tests/oracle/resnets.py    # writes resnets.safetensors and resnet18.pth beside itself

Made with torch 2.15.0, torchvision 0.29.2, numpy 2.4.6, safetensors 0.8.0; names also held to timm 1.0.31's,
which are the same, where that is installed. Maps are [height, width, channels].

- `resnet18/...`, `wide_resnet50_2/...`: few channels, which the graph below takes from the weights. It is
  held to torchvision's own modules at their full width first. Weights are drawn as float32, with statistics of
  the batch normalisations that are not 0 and 1, and with tensors that torchvision's files have beside those
  that are needed. The input is stored as u8 and means x = (u8 - 128) / 64. `resnet18.pth` has the weights of
  `resnet18` once more, as `torch.save` writes them.
- `full/...`: every 61st value of WideResNet-50-2's maps at its full width, on weights without batch
  normalisation that `hashed` gives, which the test writes down again. The input is `hashed` too.
"""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from safetensors.torch import save_file

BLOCKS = {"resnet18": (2, 2, 2), "wide_resnet50_2": (3, 4, 6)}
STEM = 7  # as wide as the first plain blocks, which have no convolution beside them
WIDTHS = {"resnet18": (7, 9, 11), "wide_resnet50_2": (8, 9, 16)}  # inside each stage's blocks
SIZE = (48, 80)
FULL_SIZE, SAMPLED = 64, 61
EPSILON = 1e-5


# --- the graph ---------------------------------------------------------------------------------------


def normalised(w, x, conv, norm, stride=1):
    """A convolution and its batch normalisation, or its bias where it has none."""
    weight = w[f"{conv}.weight"]
    how = {"stride": stride, "padding": weight.shape[-1] // 2}
    if f"{norm}.running_var" not in w:
        return F.conv2d(x, weight, w[f"{conv}.bias"], **how)
    mean, variance, gamma, beta = (w[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(F.conv2d(x, weight, **how), mean, variance, gamma, beta, eps=EPSILON)


def block(w, x, name, stride):
    if f"{name}.conv3.weight" in w:
        y = F.relu(normalised(w, x, f"{name}.conv1", f"{name}.bn1"))
        y = F.relu(normalised(w, y, f"{name}.conv2", f"{name}.bn2", stride))
        y = normalised(w, y, f"{name}.conv3", f"{name}.bn3")
    else:
        y = F.relu(normalised(w, x, f"{name}.conv1", f"{name}.bn1", stride))
        y = normalised(w, y, f"{name}.conv2", f"{name}.bn2")
    if f"{name}.downsample.0.weight" in w:
        x = normalised(w, x, f"{name}.downsample.0", f"{name}.downsample.1", stride)
    return F.relu(y + x)


def maps(w, x, architecture):
    """What layer1, layer2 and layer3 give."""
    x = F.max_pool2d(F.relu(normalised(w, x, "conv1", "bn1", 2)), 3, 2, padding=1)
    levels = []
    for stage, blocks in enumerate(BLOCKS[architecture]):
        for index in range(blocks):
            x = block(w, x, f"layer{stage + 1}.{index}", 2 if stage > 0 and index == 0 else 1)
        levels.append(x)
    return levels


def convolutions(architecture, widths, stem):
    """(name, its normalisation, inputs, outputs, kernel) of every convolution."""
    bottleneck = architecture == "wide_resnet50_2"
    yield "conv1", "bn1", 3, stem, 7
    inputs = stem
    for stage, (blocks, width) in enumerate(zip(BLOCKS[architecture], widths)):
        outputs = 2 * width if bottleneck else width
        for index in range(blocks):
            name, step = f"layer{stage + 1}.{index}", stage > 0 and index == 0
            if bottleneck:
                yield f"{name}.conv1", f"{name}.bn1", inputs, width, 1
                yield f"{name}.conv2", f"{name}.bn2", width, width, 3
                yield f"{name}.conv3", f"{name}.bn3", width, outputs, 1
            else:
                yield f"{name}.conv1", f"{name}.bn1", inputs, width, 3
                yield f"{name}.conv2", f"{name}.bn2", width, width, 3
            if step or (bottleneck and index == 0):
                yield f"{name}.downsample.0", f"{name}.downsample.1", inputs, outputs, 1
            inputs = outputs


# --- held to torchvision and timm --------------------------------------------------------------------


def stir(module):
    """Statistics and factors that are not 0 and 1."""
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.2)
            part.running_var.uniform_(0.5, 2)
            part.weight.data.uniform_(0.5, 1.5)
            part.bias.data.normal_(0, 0.2)


def outputs_of(module, x):
    """What its layer1, layer2 and layer3 give."""
    found = []
    hooks = [
        getattr(module, f"layer{stage}").register_forward_hook(lambda _m, _x, y: found.append(y)) for stage in (1, 2, 3)
    ]
    module(x)
    for hook in hooks:
        hook.remove()
    return found


@torch.no_grad()
def check_graph(architecture):
    module = getattr(torchvision.models, architecture)(weights=None).double().eval()
    stir(module)
    weights, x = module.state_dict(), torch.randn(1, 3, 48, 80, dtype=torch.float64)
    expected = outputs_of(module, x)
    for mine, theirs in zip(maps(weights, x, architecture), expected, strict=True):
        assert mine.shape == theirs.shape and (mine - theirs).abs().max() <= 1e-12 * theirs.abs().max()

    width = 128 if architecture == "wide_resnet50_2" else 64
    for conv, norm, inputs, outputs, kernel in convolutions(architecture, (width, 2 * width, 4 * width), 64):
        assert weights[f"{conv}.weight"].shape == (outputs, inputs, kernel, kernel), conv
        assert weights[f"{norm}.running_var"].shape == (outputs,), norm

    try:
        import timm
    except ImportError:
        print("timm is not installed: its names were not compared")
        return
    other = timm.create_model(architecture, pretrained=False).double().eval()
    other.load_state_dict(weights, strict=True)
    for mine, theirs in zip(outputs_of(other, x), expected, strict=True):
        assert (mine - theirs).abs().max() <= 1e-12 * theirs.abs().max()


# --- few channels ------------------------------------------------------------------------------------


def drawn(architecture):
    """Weights under torchvision's names, and tensors of its files that no level needs."""

    def normal(*shape, scale=1.0, offset=0.0):
        return torch.from_numpy((offset + scale * rng.standard_normal(shape)).astype(np.float32))

    def uniform(count, low, high):
        return torch.from_numpy(rng.uniform(low, high, count).astype(np.float32))

    weights = {}
    for conv, norm, inputs, outputs, kernel in convolutions(architecture, WIDTHS[architecture], STEM):
        weights[f"{conv}.weight"] = normal(outputs, inputs, kernel, kernel, scale=(2 / (inputs * kernel**2)) ** 0.5)
        weights[f"{norm}.weight"] = uniform(outputs, 0.5, 1.5)
        weights[f"{norm}.bias"] = normal(outputs, scale=0.2)
        weights[f"{norm}.running_mean"] = normal(outputs, scale=0.3)
        weights[f"{norm}.running_var"] = uniform(outputs, 0.3, 3)
        weights[f"{norm}.num_batches_tracked"] = torch.tensor(7)
    last = outputs
    weights["layer4.0.conv1.weight"] = normal(2, last, 1, 1)
    return weights | {"fc.weight": normal(5, 2), "fc.bias": normal(5)}


@torch.no_grad()
def narrow(architecture):
    weights = drawn(architecture)
    pixels = torch.from_numpy(rng.integers(0, 256, (*SIZE, 3)).astype(np.uint8))
    x = ((pixels.double() - 128) / 64).permute(2, 0, 1)[None]
    out = {f"input": pixels} | {f"weights/{name}": tensor for name, tensor in weights.items()}
    in_double = {name: tensor.double() for name, tensor in weights.items()}
    for level, y in enumerate(maps(in_double, x, architecture), start=1):
        assert y.shape[2:] == (SIZE[0] >> (level + 1), SIZE[1] >> (level + 1))
        assert 0.2 < (y > 0).double().mean() < 0.98
        out[f"level{level}"] = y[0].permute(1, 2, 0).float()
    return weights, {f"{architecture}/{name}": tensor for name, tensor in out.items()}


# --- full width --------------------------------------------------------------------------------------


def hashed(name, shape, largest):
    """Numbers evenly from -largest to largest that any language can make again."""
    seed = np.uint32(2166136261)
    for byte in name.encode():
        seed = np.uint32((int(seed) ^ byte) * 16777619 & 0xFFFFFFFF)
    h = np.arange(int(np.prod(shape)), dtype=np.uint32) * np.uint32(2654435761) + seed
    h = (h ^ (h >> np.uint32(15))) * np.uint32(2246822519)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(3266489917)
    h ^= h >> np.uint32(16)
    unit = (h >> np.uint32(8)).astype(np.float64) / (1 << 24)
    values = ((2 * unit - 1) * largest).astype(np.float32)
    return torch.from_numpy(values.reshape(shape)).double()


@torch.no_grad()
def full():
    weights = {}
    for conv, _, inputs, outputs, kernel in convolutions("wide_resnet50_2", (128, 256, 512), 64):
        largest = (6 / (inputs * kernel**2)) ** 0.5
        weights[f"{conv}.weight"] = hashed(f"{conv}.weight", (outputs, inputs, kernel, kernel), largest)
        weights[f"{conv}.bias"] = hashed(f"{conv}.bias", (outputs,), 0.1)
    x = hashed("input", (FULL_SIZE, FULL_SIZE, 3), 2.0).permute(2, 0, 1)[None]
    levels = maps(weights, x, "wide_resnet50_2")
    sampled = [y[0].permute(1, 2, 0).reshape(-1)[::SAMPLED].float() for y in levels]
    return {f"full/level{level}": y for level, y in enumerate(sampled, start=1)}


def main():
    torch.manual_seed(0)
    out = {}
    for architecture in BLOCKS:
        check_graph(architecture)
        weights, tensors = narrow(architecture)
        out |= tensors
        if architecture == "resnet18":
            torch.save(weights, Path(__file__).with_name("resnet18.pth"))
    out |= full()
    path = Path(__file__).with_suffix(".safetensors")
    save_file({name: tensor.contiguous() for name, tensor in out.items()}, path)
    for written in (path, path.with_name("resnet18.pth")):
        print(f"{written.name}: {written.stat().st_size} bytes")


rng = np.random.default_rng(18)

if __name__ == "__main__":
    main()
