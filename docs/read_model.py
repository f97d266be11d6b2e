"""Judges an image with an oddspot model, in plain PyTorch: docs/model-file.md as a program.

    python docs/read_model.py MODEL IMAGE [--compare FOLDER]

prints the score, the verdict and what the peak and what stands out with it are owed to. --compare tells how far the maps
lie from those that `oddspot detect MODEL IMAGE --maps -o FOLDER` wrote.

Needs torch, numpy, scipy, pillow and safetensors. Features are [channels, height, width],
scores [height, width].
"""

import argparse
import hashlib
import json
import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from safetensors import safe_open
from scipy.ndimage import gaussian_filter, label

FORMAT = 3
PATCH_RADIUS = 32
# (row, column) from the centre patch to its neighbour, for the classes 0 to 7.
DIRECTIONS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
VGG_STAGES = [[0, 2], [5, 7], [10, 12, 14], [17, 19, 21]]
SQUEEZENET_FIRES = [[3, 4, 5], [7, 8, 9, 10]]


def read_model(path):
    """The header, and the tensors by network and name: networks["student"]["conv0.weight"]."""
    networks = {}
    with safe_open(path, "pt") as file:
        text = (file.metadata() or {}).get("oddspot.model")
        if text is None:
            sys.exit(f"{path} is not an oddspot model")
        header = json.loads(text)
        if header["format"] > FORMAT:
            sys.exit(f"{path} is of format {header['format']}; this script reads up to {FORMAT}")
        for name in file.keys():
            network, _, layer = name.partition(".")
            networks.setdefault(network, {})[layer] = file.get_tensor(name).float()
    weights = {n: t for n, t in networks["teacher"].items() if n.startswith("features.")}
    if teacher_hash(weights) != header["teacher"]["sha256"]:
        sys.exit(f"{path} lacks the weights of its teacher, or holds another's")
    return header, networks


def teacher_hash(weights):
    """SHA-256 over name, shape and values of each tensor in the order of their names."""
    sha256 = hashlib.sha256()
    for name in sorted(weights):
        sha256.update(name.encode())
        sha256.update(np.array(weights[name].shape, "<u8").tobytes())
        sha256.update(weights[name].numpy().astype("<f4").tobytes())
    return sha256.hexdigest()


def read_image(path):
    """8-bit RGB, upright, alpha composited on black."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):  # 16-bit grey
        grey = (np.asarray(image).astype(np.int64) * 255 + 32767) // 65535
        image = Image.fromarray(grey.astype(np.uint8))
    rgba = np.asarray(image.convert("RGBA")).astype(np.int64)
    rgb = (rgba[..., :3] * rgba[..., 3:] + 127) // 255
    return Image.fromarray(rgb.astype(np.uint8))


def prepare(image, size):
    """Resized with antialiasing, to the height first, and normalised: [3, height, width]."""
    image = image.resize((image.width, size["height"]), Image.Resampling.BILINEAR)
    image = image.resize((size["width"], size["height"]), Image.Resampling.BILINEAR)
    x = np.asarray(image).astype(np.float32) / 255
    x = (x - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    return torch.from_numpy(x).permute(2, 0, 1)


def conv(x, weights, name, dilation=1):
    """3×3 convolution, zero padding that keeps the size, ReLU."""
    layer = weights[f"{name}.weight"], weights[f"{name}.bias"]
    return F.relu(F.conv2d(x, *layer, padding=dilation, dilation=dilation))


def linear(x, weights, name):
    """A linear layer at every position of a map, that is, a 1×1 convolution."""
    weight = weights[f"{name}.weight"][:, :, None, None]
    return F.conv2d(x, weight, weights[f"{name}.bias"])


def teacher_maps(x, architecture, weights):
    """T¹, T², T³ at 1/2, 1/4 and 1/8 of the image."""
    levels = []
    if architecture == "vgg16":
        for stage, indices in enumerate(VGG_STAGES):
            if stage > 0:
                x = F.max_pool2d(x, 2)
            for index in indices:
                x = conv(x, weights, f"features.{index}")
            levels.append(x)
        return levels[1:]
    layer = weights["features.0.weight"], weights["features.0.bias"]
    levels.append(F.relu(F.conv2d(x, *layer, stride=2, padding=3)))
    for fires in SQUEEZENET_FIRES:
        x = F.max_pool2d(levels[-1], 3, stride=2, ceil_mode=True)
        for index in fires:
            x = F.relu(linear(x, weights, f"features.{index}.squeeze"))
            narrow = F.relu(linear(x, weights, f"features.{index}.expand1x1"))
            x = torch.cat([narrow, conv(x, weights, f"features.{index}.expand3x3")])
        levels.append(x)
    return levels


def student_maps(x, weights, output_stride):
    """S¹, S², S³ at the teacher's sizes, and S³ at every `output_stride` pixels."""
    x, levels = conv(x, weights, "conv0"), []
    for level, names in enumerate([["conv1", "conv2"], ["conv3"], ["conv4", "conv5"]], start=1):
        stride = 2 if 2**level <= output_stride else 1
        before, after = (max(1, 2**n // output_stride) for n in (level - 1, level))
        x = F.pad(x, [before] * 4, value=-math.inf)
        x = F.max_pool2d(x, 3, stride=stride, dilation=before)
        for name in names:
            x = conv(x, weights, name, dilation=after)
        levels.append(linear(F.avg_pool2d(x, after), weights, f"head{level}"))
    return levels, linear(x, weights, "head3")


def resize(values, height, width):
    """Bilinear, half-pixel centres, no antialiasing."""
    return F.interpolate(values[None, None], size=(height, width), mode="bilinear")[0, 0]


def e_rec(teacher, student, statistics, local, training, size):
    """Squared distances, normalised as configured, their weighted sum over the levels at every pixel."""
    feature_norm, weights = training["feature_norm"], training.get("level_weights", [1, 1, 1])
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
        total = total + weights[level - 1] * resize(distance, size["height"], size["width"])
    return total.numpy()


def inside(size, stride):
    """Grid positions of one axis whose patch lies inside the image."""
    return range(math.ceil(PATCH_RADIUS / stride), math.ceil((size - PATCH_RADIUS) / stride))


def centres(size, stride, steps, direction):
    """First and last + 1 of the positions whose neighbour in a direction is inside too."""
    valid = inside(size, stride)
    return valid.start + max(0, -direction * steps), valid.stop - max(0, direction * steps)


def e_pos(s3, weights, config):
    """At every pixel, NaN without evidence. `s3` [D, height/stride, width/stride]."""
    width, height = config["image_size"]["width"], config["image_size"]["height"]
    stride, slope = config["student"]["output_stride"], config["position"]["negative_slope"]
    steps = config["position"].get("offset", 64) // stride
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
        x = F.leaky_relu(linear(x, weights, "fc1"), slope)
        x = F.leaky_relu(linear(x, weights, "fc2"), slope)
        p = linear(x, weights, "fc3").softmax(0)[k]
        errors[k, top:bottom, left:right] = 1 - p
        at_centre = k, slice(top, bottom), slice(left, right)
        places.append((at_centre, (slice(top + dy, bottom + dy), slice(left + dx, right + dx))))
    mean = errors.nanmean(0)
    grid = mean
    if config["detection"].get("pair_weights", "equal") == "trusted":
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


def normalise(error, moments, smoothing, weight=1.0, floor=-np.inf):
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


@torch.inference_mode()
def anomaly_maps(image, header, networks):
    """`total`, `looks_wrong` and, unless a baseline, `wrong_place` at the model's size."""
    config = header["config"]
    x = prepare(image, config["image_size"])
    teacher = teacher_maps(x, header["teacher"]["architecture"], networks["teacher"])
    student, s3 = student_maps(x, networks["student"], config["student"]["output_stride"])
    smoothing = config["detection"]["smoothing"]
    pos_smoothing = config["detection"].get("pos_smoothing", smoothing)
    local = networks["local"] if config["detection"].get("moments", "global") == "local" else None
    rec = e_rec(teacher, student, networks["teacher"], local, config["training"], config["image_size"])
    if usual := header["normalisation"].get("image_level"):
        rec = rec - usual_difference(rec, usual)
    maps = {"looks_wrong": normalise(rec, header["normalisation"]["rec"], smoothing)}
    if config["method"] == "full":
        pos = e_pos(s3, networks["position"], config)
        weight = config["detection"].get("pos_weight", 1.0)
        floor = {"none": -np.inf, "mean": 0.0}[config["detection"].get("pos_floor", "none")]
        maps["wrong_place"] = normalise(pos, header["normalisation"]["pos"], pos_smoothing, weight, floor)
    maps["total"] = sum(maps.values())
    return maps


def shares(maps):
    """Section 6: what each part has to do with what stands out around the peak of the whole."""
    total = maps["total"]
    peak = total.argmax()
    labels, _ = label(total > total.max() / 2, np.ones((3, 3)))
    own = labels.flat[peak]
    around = labels.ravel() == own if own else np.arange(total.size) == peak
    parts = {kind: max(0.0, float(maps[kind].flat[around].mean())) for kind in maps if kind != "total"}
    return {kind: value / (sum(parts.values()) or 1) for kind, value in parts.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("image", type=Path)
    parser.add_argument("--compare", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    header, networks = read_model(args.model)
    image = read_image(args.image)
    maps = anomaly_maps(image, header, networks)
    score = float(maps["total"].max())
    threshold = header["thresholds"]["image"]
    verdict = "anomalous" if score > threshold else "good"
    print(f"score {score:.4f}, {verdict} (threshold {threshold:.4f})")
    for kind, share in shares(maps).items():
        print(f"{kind:12} {100 * share:.1f} % of what stands out around the peak")
    if args.compare:
        for kind, values in maps.items():
            theirs = np.asarray(Image.open(args.compare / kind / f"{args.image.stem}.tiff"))
            ours = resize(torch.from_numpy(values), image.height, image.width).numpy()
            share = np.abs(ours - theirs).max() / np.ptp(theirs)
            print(f"{kind:12} differs by at most {share:.1e} of its range")


if __name__ == "__main__":
    main()
