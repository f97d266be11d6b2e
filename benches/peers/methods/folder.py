"""A data set in the layout of MVTec AD, at the size that networks see."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from judge import images_under, prepare, read_image

SIDE = 256


class Sample(NamedTuple):
    """A test image. A good one has no mask."""

    path: Path
    mask: Path | None


def good_images(data):
    return images_under(data / "train" / "good")


def test_images(data):
    samples = []
    for path in images_under(data / "test"):
        defect = path.relative_to(data / "test").parts[0]
        mask = data / "ground_truth" / defect / f"{path.stem}_mask.png"
        samples.append(Sample(path, None if defect == "good" else mask))
    return samples


def read(path):
    """As oddspot prepares an image: [1, 3, SIDE, SIDE]."""
    return torch.from_numpy(prepare(read_image(path), {"height": SIDE, "width": SIDE}))


def masks(samples):
    """[images, SIDE, SIDE] of booleans."""
    return np.stack([shrunk(sample.mask) for sample in samples])


def shrunk(path):
    """Odd where at least half of the area under a pixel is, as in oddspot's protocol `paper`."""
    if path is None:
        return np.zeros((SIDE, SIDE), bool)
    mask = np.asarray(Image.open(path).convert("L")) != 0
    height, width = mask.shape
    area = coverage(height) @ mask.astype(np.int64) @ coverage(width).T
    return 2 * area >= height * width


def coverage(length):
    """How much of each of `length` pixels lies under each of SIDE parts, in whole numbers."""
    starts, pixels = np.arange(SIDE)[:, None] * length, np.arange(length) * SIDE
    overlap = np.minimum(starts + length, pixels + SIDE) - np.maximum(starts, pixels)
    return np.maximum(overlap, 0)
