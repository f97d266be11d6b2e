"""oddspot's model file, and where pairs of patches lie; see docs/model-file.md."""

import json
import math

from safetensors import safe_open

# (row, column) from the centre patch to its neighbour, for the classes 0 to 7.
DIRECTIONS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
PATCH_RADIUS = 32


def read_header(path):
    with safe_open(path, "np") as file:
        return json.loads(file.metadata()["oddspot.model"])["header"]


def read_tensors(path):
    """By name, for PyTorch."""
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def inside(size, stride):
    """Grid positions of one axis whose patch lies inside the image."""
    return range(math.ceil(PATCH_RADIUS / stride), math.ceil((size - PATCH_RADIUS) / stride))


def pairs(settings):
    """Class, centres and neighbours of each direction in which some pair fits; positions as
    (rows, columns) of the grid, both slices."""
    size, stride = settings["image_size"], settings["student"]["output_stride"]
    steps = settings["position"]["offset"] // stride
    found = []
    for k, direction in enumerate(DIRECTIONS):
        centre, neighbour = [], []
        for side, way in zip((size["height"], size["width"]), direction):
            valid = inside(side, stride)
            first, end = valid.start + max(0, -way * steps), valid.stop - max(0, way * steps)
            centre.append(slice(first, end))
            neighbour.append(slice(first + way * steps, end + way * steps))
        if all(axis.start < axis.stop for axis in centre):
            found.append((k, tuple(centre), tuple(neighbour)))
    return found
