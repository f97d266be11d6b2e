"""The closed-form terms of an oddspot model, `gaussian` and `memory`: section 6 of docs/model-file.md.

read_model.py calls it. Features are [channels, height, width], errors [rows, columns] of the grid of places.
"""

import hashlib

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import label

COARSEST = 8
LEVELS_BEFORE = 2  # of files that do not say it
FINER = 0.5
WIDE = 0.25
FARTHEST = 1270


def places(teacher, levels, settings):
    """Of each level that is looked at, fine to coarse: its chosen channels at the places of the grid."""
    end = max(1, sum(level["stride"] <= COARSEST for level in levels))
    used = range(max(0, end - settings["closed_form"].get("place_levels", LEVELS_BEFORE)), end)
    stride = levels[end - 1]["stride"]
    features = []
    for at in used:
        x = F.pad(teacher[at][None], [1] * 4, mode="replicate")
        x = F.avg_pool2d(x, 3, stride=1)  # 3×3 means, with the nearest position beyond the edge
        x = F.avg_pool2d(x, stride // levels[at]["stride"])[0]
        features.append(x[chosen(at, len(x), settings)])
    return features


def e_gaussian(features, tensors, settings):
    side, window = settings["closed_form"]["block"], settings["closed_form"]["window"]
    scales = [(x, FINER ** (len(features) - level)) for level, x in enumerate(features, start=1)]
    if window > 1:
        x = F.pad(features[-1][None], [window // 2] * 4, mode="replicate")
        scales.append((F.avg_pool2d(x, window, stride=1)[0], WIDE))
    total = 0
    for level, (x, weight) in enumerate(scales, start=1):
        mean, rows, scales, moments = (tensors[f"{part}{level}"] for part in ("mean", "rows", "scales", "moments"))
        x = x.permute(1, 2, 0) - mean  # [rows, columns, channels]
        height, width, channels = x.shape
        lower = torch.tril_indices(channels, channels)
        distance = torch.zeros(height, width)
        across = -(-width // side)
        for block, (triangle, scale) in enumerate(zip(rows, scales)):
            factor = torch.zeros(channels, channels)
            factor[lower[0], lower[1]] = triangle.float()
            row, column = block // across * side, block % across * side
            part = slice(row, row + side), slice(column, column + side)
            distance[part] = (x[part] @ factor.T * scale).square().sum(-1).sqrt()
        total = total + weight * (distance - moments[0]) / moments[1]
    return by_place(total, tensors)


KNOWN = 0.8
MOST_PLACES = 8


def memory_steps(features, tensors, settings):
    """Components of all places in steps, [places, components]."""
    if settings["closed_form"].get("memory_scale") == "image":
        features = [x / (middle_length(x) or 1) for x in features]
    x = torch.cat(features).permute(1, 2, 0)
    x = F.linear(x.reshape(-1, x.shape[-1]), tensors["projection.weight"], tensors["projection.bias"])
    steps = x / tensors["step"]
    steps = steps.sign() * (steps.abs() + 0.5).floor()  # halves away from 0
    return steps.clamp(-FARTHEST, FARTHEST)


def middle_length(x):
    """The middle of a level's lengths over the image, of two the greater."""
    lengths = x.double().square().sum(0).sqrt().flatten().sort().values
    return float(lengths[len(lengths) // 2])


def squares_here(steps, tensors):
    """Least squared steps from the rows of the same place."""
    return torch.stack([(rows.float() - own).square().sum(-1).min() for rows, own in zip(tensors["rows"], steps)])


def e_memory(features, tensors, settings):
    squares = squares_here(memory_steps(features, tensors, settings), tensors)
    return by_place((tensors["step"] * squares.sqrt()).reshape(features[0].shape[1:]), tensors)


def by_place(error, tensors):
    """Less what is usual at each place, as far as the model keeps it."""
    error = error - tensors.get("place.mean", 0)
    return error / tensors.get("place.std", 1)


def novelty(features, tensors, settings, around, stride):
    """How new to good images is what lies at the pixels `around`, [height, width] of booleans: 0 to 1."""
    steps = memory_steps(features, tensors, settings)
    here = squares_here(steps, tensors)
    rows, columns = np.nonzero(around)
    places = np.unique(rows // stride * features[0].shape[2] + columns // stride)
    places = sorted((place for place in places if here[place] > 0), key=lambda place: -here[place])[:MOST_PLACES]
    all_rows = tensors["rows"].float().reshape(-1, steps.shape[1])
    anywhere = sum((all_rows - steps[place]).square().sum(-1).min().sqrt() for place in places)
    left = anywhere / sum(here[place].sqrt() for place in places) / tensors["elsewhere"]
    return float(((left - KNOWN) / (1 - KNOWN)).clamp(0, 1))


def around_peak(total):
    """The pixels that stand out with the peak, [height, width] of booleans."""
    labels, _ = label(total > total.max() / 2, np.ones((3, 3)))
    own = labels.flat[total.argmax()]
    return labels == own if own else np.arange(total.size).reshape(total.shape) == total.argmax()


def shares(total, parts, new):
    """Section 7: what each side has to do with what stands out around the peak of the whole."""
    around = around_peak(total)
    looks_wrong = {"reconstruction": 1.0, "position": 0.0, "gaussian": new, "memory": new}
    sides = {"looks_wrong": 0.0, "wrong_place": 0.0}
    for term, part in parts.items():
        value = max(0.0, float(part[around].mean()))
        sides["looks_wrong"] += looks_wrong[term] * value
        sides["wrong_place"] += (1 - looks_wrong[term]) * value
    return {kind: value / (sum(sides.values()) or 1) for kind, value in sides.items()}


def chosen(at, channels, settings):
    """The channels of the teacher's level `at`, counted from 0, that are looked at."""
    most, seed = settings["closed_form"]["channels"], settings["training"]["seed"]
    order = list(range(channels))
    if channels <= most:
        return order
    words = chacha8(hashlib.sha256(seed.to_bytes(8, "little") + b"channels %d" % at).digest())
    keys = [next(words) + (next(words) << 32) for _ in range(channels)]
    return sorted(sorted(order, key=keys.__getitem__)[:most])


def chacha8(key):
    """The words of ChaCha with 8 rounds, its counter from 0 and no nonce."""
    start = np.zeros(16, np.uint32)
    start[:4] = np.frombuffer(b"expand 32-byte k", "<u4")
    start[4:12] = np.frombuffer(key, "<u4")
    for counter in range(2**32):
        start[12] = counter
        x = start.copy()
        for _ in range(4):
            for turn in (0, 1):  # columns, then diagonals
                quarter_rounds(x, *([4 * row + (column + turn * row) % 4 for column in range(4)] for row in range(4)))
        yield from (x + start).tolist()


def quarter_rounds(x, a, b, c, d):
    for to, plus, other, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        x[to] += x[plus]
        x[other] ^= x[to]
        x[other] = x[other] << bits | x[other] >> 32 - bits
