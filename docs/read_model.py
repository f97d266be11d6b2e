"""Judges an image with an oddspot model, in plain PyTorch: docs/model-file.md as a program.

    python docs/read_model.py MODEL IMAGE [--compare FOLDER]

prints the score, the verdict and what the peak and what stands out with it are owed to. --compare tells how far the maps
lie from those that `oddspot detect MODEL IMAGE --maps -o FOLDER` wrote. Reads models of format 6 with any of the teachers.

Needs torch, numpy, scipy, pillow and safetensors, and read_closed_form.py beside it. Features are [channels, height, width],
scores [height, width].
"""

import argparse
import hashlib
import itertools
import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from safetensors import safe_open
from scipy.ndimage import gaussian_filter

from read_closed_form import around_peak, e_gaussian, e_memory, novelty, places, shares

FORMAT = 6
PATCH_RADIUS = 32
# (row, column) from the centre patch to its neighbour, for the classes 0 to 7.
DIRECTIONS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
VGG_STAGES = [[0, 2], [5, 7], [10, 12, 14], [17, 19, 21]]
SQUEEZENET_FIRES = [[3, 4, 5], [7, 8, 9, 10]]
STATISTICS = re.compile(r"(mean|std|whitening)\d+")


def read_model(path):
    """The header, and the tensors by network and name: networks["student"]["conv0.weight"]."""
    networks = {}
    with safe_open(path, "pt") as file:
        text = (file.metadata() or {}).get("oddspot.model")
        if text is None:
            sys.exit(f"{path} is not an oddspot model")
        seal = json.loads(text)
        if seal["format"] != FORMAT:
            sys.exit(f"{path} is of format {seal['format']}; this script reads {FORMAT}")
        sha256 = start_of_seal(text)
        for name in sorted(file.keys()):
            tensor = file.get_tensor(name)
            add_to_seal(sha256, name, file.get_slice(name).get_dtype(), tensor)
            network, _, layer = name.partition(".")
            networks.setdefault(network, {})[layer] = tensor if tensor.dtype == torch.int8 else tensor.float()
    if sha256.hexdigest() != seal["sha256"]:
        sys.exit(f"{path} is not as it was written")
    header = seal["header"]
    if "alignment" in header:
        sys.exit(f"{path} aligns images, which this script does not")
    weights = {n: t for n, t in networks.get("teacher", {}).items() if not STATISTICS.fullmatch(n)}
    if teacher_hash(weights) != header["teacher"]["sha256"]:
        sys.exit(f"{path} lacks the weights of its teacher, or holds another's")
    return header, networks


def start_of_seal(text):
    """SHA-256 over the header's text, byte for byte as it stands in the file."""
    start = text.index('"header":') + len('"header":')
    _, end = json.JSONDecoder().raw_decode(text, start)
    header = text[start:end].encode()
    return hashlib.sha256(number(len(header)) + header)


def add_to_seal(sha256, name, dtype, tensor):
    sha256.update(name.encode() + b"\0" + dtype.encode() + number(tensor.dim()))
    for size in tensor.shape:
        sha256.update(number(size))
    sha256.update(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes())


def number(value):
    """An unsigned 64-bit integer, little-endian."""
    return value.to_bytes(8, "little")


def teacher_hash(weights):
    """SHA-256 over name, shape and values of each tensor in the order of their names."""
    sha256 = hashlib.sha256()
    for name in sorted(weights):
        sha256.update(name.encode())
        for size in weights[name].shape:
            sha256.update(number(size))
        sha256.update(weights[name].numpy().astype("<f4").tobytes())
    return sha256.hexdigest()


def read_image(path, bit_depth="auto"):
    """8-bit RGB, upright, alpha composited on black. What a file says of its bits in use is not looked at."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):  # 16-bit grey
        grey = np.asarray(image).astype(np.int64)
        bits = max(8, (int(grey.max()).bit_length() + 1) // 2 * 2) if bit_depth == "auto" else bit_depth
        image = Image.fromarray((np.minimum(grey * 510 // (2**bits - 1) + 1, 511) // 2).astype(np.uint8))
    rgba = np.array(image.convert("RGBA")).astype(np.int64)
    rgba[..., 3] |= 0 if np.ptp(rgba[..., 3]) and (rgba[..., 3] > 15).mean() > 1e-4 else 255
    rgb = (rgba[..., :3] * rgba[..., 3:] + 127) // 255
    return Image.fromarray(rgb.astype(np.uint8))


def prepare(image, size):
    """Resized with antialiasing, to the height first, and normalised: [3, height, width]."""
    image = image.resize((image.width, size["height"]), Image.Resampling.BILINEAR)
    image = image.resize((size["width"], size["height"]), Image.Resampling.BILINEAR)
    x = np.asarray(image).astype(np.float32) / 255
    x = (x - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    return torch.from_numpy(x).permute(2, 0, 1)


def conv(x, weights, name, dilation=1, stride=1):
    """A convolution with zero padding of half its kernel times the dilation."""
    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    if weight.dim() == 2:  # 1×1: a linear layer at every position
        weight = weight[:, :, None, None]
    padding = weight.shape[2] // 2 * dilation
    return F.conv2d(x, weight, bias, stride=stride, padding=padding, dilation=dilation)


def conv_relu(*args, **options):
    return F.relu(conv(*args, **options))


def teacher_maps(x, architecture, weights):
    """T¹, T², T³ at the strides of the header's `teacher_levels`."""
    if architecture == "vgg16":
        return vgg_maps(x, weights)
    if architecture == "squeezenet":
        return squeezenet_maps(x, weights)
    return residual_maps(x, weights)


def vgg_maps(x, weights):
    levels = []
    for stage, indices in enumerate(VGG_STAGES):
        if stage > 0:
            x = F.max_pool2d(x, 2)
        for index in indices:
            x = conv_relu(x, weights, f"features.{index}")
        levels.append(x)
    return levels[1:]


def squeezenet_maps(x, weights):
    levels = [conv_relu(x, weights, "features.0", stride=2)]
    for fires in SQUEEZENET_FIRES:
        x = F.max_pool2d(levels[-1], 3, stride=2, ceil_mode=True)
        for index in fires:
            x = conv_relu(x, weights, f"features.{index}.squeeze")
            sides = ("expand1x1", "expand3x3")
            x = torch.cat([conv_relu(x, weights, f"features.{index}.{side}") for side in sides])
        levels.append(x)
    return levels


def residual_maps(x, weights):
    """ResNet-18 and WideResNet-50-2: of which kind a block is, and of how many a stage, its tensors tell."""
    x = conv_relu(x, weights, "conv1", stride=2)
    x = F.max_pool2d(x, 3, stride=2, padding=1)
    levels = []
    for stage in (1, 2, 3):
        for index in itertools.count():
            name = f"layer{stage}.{index}"
            if f"{name}.conv1.weight" not in weights:
                break
            x = block(x, weights, name, stride=2 if stage > 1 and index == 0 else 1)
        levels.append(x)
    return levels


def block(x, weights, name, stride):
    if f"{name}.conv3.weight" in weights:  # a bottleneck
        inner = conv_relu(x, weights, f"{name}.conv1")
        inner = conv_relu(inner, weights, f"{name}.conv2", stride=stride)
        inner = conv(inner, weights, f"{name}.conv3")
    else:
        inner = conv_relu(x, weights, f"{name}.conv1", stride=stride)
        inner = conv(inner, weights, f"{name}.conv2")
    if f"{name}.downsample.0.weight" in weights:
        x = conv(x, weights, f"{name}.downsample.0", stride=stride)
    return F.relu(inner + x)


def student_maps(x, weights, output_stride, strides):
    """S¹, S², S³ at the teacher's `strides`, and S³ at every `output_stride` pixels."""
    x, levels = conv_relu(x, weights, "conv0"), []
    for level, names in enumerate([["conv1", "conv2"], ["conv3"], ["conv4", "conv5"]], start=1):
        stride = 2 if 2**level <= output_stride else 1
        before, after = (max(1, 2**n // output_stride) for n in (level - 1, level))
        x = F.pad(x, [before] * 4, value=-math.inf)
        x = F.max_pool2d(x, 3, stride=stride, dilation=before)
        for name in names:
            x = conv_relu(x, weights, name, dilation=after)
        side = strides[level - 1] // min(2**level, output_stride)
        levels.append(conv(F.avg_pool2d(x, side), weights, f"head{level}"))
    return levels, conv(x, weights, "head3")


def resize(values, height, width):
    """Bilinear, half-pixel centres, no antialiasing."""
    return F.interpolate(values[None, None], size=(height, width), mode="bilinear")[0, 0]


def e_rec(teacher, student, statistics, local, settings):
    """Squared distances, normalised as set, their weighted sum over the levels at every pixel."""
    feature_norm, weights = settings["training"]["feature_norm"], settings["training"]["level_weights"]
    width, height = settings["image_size"]["width"], settings["image_size"]["height"]
    total = 0
    for level, (t, s) in enumerate(zip(teacher, student), start=1):
        if feature_norm == "l2":
            t, s = (x / (x.square().sum(0) + 1e-24).sqrt() for x in (t, s))
        elif feature_norm in ("standardize", "whiten"):
            mean, std = (statistics[f"{x}{level}"][:, None, None] for x in ("mean", "std"))
            t = (t - mean) / std
            if feature_norm == "whiten":
                t = torch.einsum("oc,chw->ohw", statistics[f"whitening{level}"], t)
        distance = (t - s).square().sum(0)
        if local:  # measured against what is usual at each place
            distance = (distance - local[f"level{level}.mean"]) / local[f"level{level}.std"]
        total = total + weights[level - 1] * resize(distance, height, width)
    return total.numpy()


def inside(size, stride):
    """Grid positions of one axis whose patch lies inside the image."""
    return range(math.ceil(PATCH_RADIUS / stride), math.ceil((size - PATCH_RADIUS) / stride))


def centres(size, stride, steps, direction):
    """First and last + 1 of the positions whose neighbour in a direction is inside too."""
    valid = inside(size, stride)
    return valid.start + max(0, -direction * steps), valid.stop - max(0, direction * steps)


def e_pos(s3, weights, settings):
    """At every pixel, NaN without evidence. `s3` [D, height/stride, width/stride]."""
    width, height = settings["image_size"]["width"], settings["image_size"]["height"]
    stride, slope = settings["student"]["output_stride"], settings["position"]["negative_slope"]
    steps = settings["position"]["offset"] // stride
    errors = torch.full((len(DIRECTIONS), *s3.shape[1:]), math.nan)
    places = []  # of the pairs: their centres and their neighbours
    for k, (down, across) in enumerate(DIRECTIONS):
        top, bottom = centres(height, stride, steps, down)
        left, right = centres(width, stride, steps, across)
        if top >= bottom or left >= right:
            continue  # no pair fits
        dy, dx = down * steps, across * steps
        centre = s3[:, top:bottom, left:right]
        x = centre - s3[:, top + dy : bottom + dy, left + dx : right + dx]
        x = F.leaky_relu(conv(x, weights, "fc1"), slope)
        x = F.leaky_relu(conv(x, weights, "fc2"), slope)
        p = conv(x, weights, "fc3").softmax(0)[k]
        errors[k, top:bottom, left:right] = 1 - p
        at_centre = k, slice(top, bottom), slice(left, right)
        places.append((at_centre, (slice(top + dy, bottom + dy), slice(left + dx, right + dx))))
    mean = errors.nanmean(0)
    grid = mean
    if settings["detection"]["pair_weights"] == "trusted":
        trust = torch.full_like(errors, math.nan)
        for at_centre, at_neighbour in places:
            trust[at_centre] = (1 - mean[at_neighbour]).clamp(min=0.02)
        grid = (trust * errors).nansum(0) / trust.nansum(0)
    known = (~grid.isnan()).double().numpy()
    grid = grid.nan_to_num(0).double().numpy()
    rows, columns = interpolation(height, stride), interpolation(width, stride)
    with np.errstate(invalid="ignore"):  # 0 / 0: no evidence
        return (rows @ grid @ columns.T) / (rows @ known @ columns.T)


def interpolation(size, stride):
    """Weights [pixels, grid positions] of one axis; 0 where the patch leaves the image."""
    valid = inside(size, stride)
    matrix = np.zeros((size, size // stride))
    for pixel in range(PATCH_RADIUS, size - PATCH_RADIUS):
        first = min(max(pixel // stride, valid.start), valid.stop - 1)
        second = min(first + 1, valid.stop - 1)
        fraction = min(max(pixel / stride - first, 0), 1)
        matrix[pixel, first] += 1 - fraction
        matrix[pixel, second] += fraction
    return matrix


def normalise(error, moments, smoothing, weight, floor):
    """In standard deviations of the training images' pixels, smoothed; 0 without evidence."""
    values = weight * np.maximum((error.astype(np.float64) - moments["mean"]) / moments["std"], floor)
    values = np.nan_to_num(values).astype(np.float32)
    sigma = [smoothing * side / 256 for side in values.shape]
    return gaussian_filter(values, sigma, mode="reflect", truncate=4.0)


def usual_difference(rec, usual):
    """How far an image's level, that of the quietest of 4x4 parts, lies from the usual one, where good images lie too."""
    height, width = rec.shape
    level = rec.astype(np.float64).reshape(4, height // 4, 4, width // 4).mean((1, 3)).min()
    difference = level - usual["mean"]
    far = difference / usual["std"] / 12
    return np.float32(difference * max(0, 1 - far**2) ** 2)


def at_pixels(error, settings):
    return resize(error, settings["image_size"]["height"], settings["image_size"]["width"]).numpy()


@torch.inference_mode()
def errors_of(image, header, networks):
    """The error of each of the model's terms at every pixel, in the header's order."""
    settings = header["settings"]
    x = prepare(image, settings["image_size"])
    levels = header["teacher_levels"]
    teacher = teacher_maps(x, header["teacher"]["architecture"], networks["teacher"])
    if "student" in networks:
        strides = [level["stride"] for level in levels]
        student, s3 = student_maps(x, networks["student"], settings["student"]["output_stride"], strides)
    for term in header["terms"]:
        name = term["term"]
        if name == "reconstruction":
            local = networks[name] if settings["detection"]["moments"] == "local" else None
            yield e_rec(teacher, student, networks["teacher"], local, settings)
        elif name == "position":
            yield e_pos(s3, networks[name], settings)
        elif name == "gaussian":
            features = places(teacher, levels, settings)
            yield at_pixels(e_gaussian(features, networks[name], settings), settings)
        elif name == "memory":
            yield at_pixels(e_memory(places(teacher, levels, settings), networks[name], settings), settings)


def anomaly_maps(image, header, networks):
    """`looks_wrong`, `wrong_place` if a term says so, and `total`, at the model's size; and each term's part."""
    settings, detection = header["settings"], header["settings"]["detection"]
    weights = {
        "reconstruction": detection["reconstruction_weight"],
        "position": detection["pos_weight"],
        "gaussian": settings["closed_form"]["gaussian_weight"],
        "memory": settings["closed_form"]["memory_weight"],
    }
    maps, total, parts = {}, 0, {}
    for term, error in zip(header["terms"], errors_of(image, header, networks)):
        if usual := term.get("image_level"):
            error = error - usual_difference(error, usual)
        side, smoothing, floor = "looks_wrong", detection["smoothing"], -np.inf
        if term["term"] == "position":
            side, smoothing = "wrong_place", detection["pos_smoothing"]
            floor = {"none": -np.inf, "mean": 0.0}[detection["pos_floor"]]
        weight = weights[term["term"]] / term.get("unit", 1.0)
        part = normalise(error, term["moments"], smoothing, weight, floor)
        maps[side] = maps.get(side, 0) + part
        total = total + part
        parts[term["term"]] = part
    maps["total"] = total
    return maps, parts


@torch.inference_mode()
def novelty_of(image, header, networks, total):
    """Section 7: how new to good images what stands out around the peak is; 1 without `memory`."""
    if "memory" not in networks:
        return 1.0
    settings, levels = header["settings"], header["teacher_levels"]
    x = prepare(image, settings["image_size"])
    teacher = teacher_maps(x, header["teacher"]["architecture"], networks["teacher"])
    features = places(teacher, levels, settings)
    return novelty(features, networks["memory"], settings, around_peak(total), total.shape[0] // features[0].shape[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("image", type=Path)
    parser.add_argument("--compare", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    header, networks = read_model(args.model)
    image = read_image(args.image, header["settings"].get("bit_depth", "auto"))
    maps, parts = anomaly_maps(image, header, networks)
    score = float(maps["total"].max())
    thresholds = header["thresholds"]
    anomalous, check = thresholds["image"], thresholds["check"]
    verdict = "anomalous" if score > anomalous else "check" if score > check else "good"
    print(f"score {score:.4f}, {verdict} (thresholds {anomalous:.4f} and {check:.4f})")
    new = novelty_of(image, header, networks, maps["total"])
    for kind, share in shares(maps["total"], parts, new).items():
        print(f"{kind:12} {100 * share:.1f} % of what stands out around the peak")
    if args.compare:
        for kind, values in maps.items():
            theirs = np.asarray(Image.open(args.compare / kind / f"{args.image.stem}.tiff"))
            ours = resize(torch.from_numpy(values), image.height, image.width).numpy()
            share = np.abs(ours - theirs).max() / np.ptp(theirs)
            print(f"{kind:12} differs by at most {share:.1e} of its range")


if __name__ == "__main__":
    main()
