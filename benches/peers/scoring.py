"""From a network's two outputs (networks.Judge) to maps and a verdict, in NumPy and SciPy.

All that depends on sizes alone is computed once.
"""

from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter, label

from model_file import PATCH_RADIUS, inside, pairs

KINDS = ["total", "looks_wrong", "wrong_place"]


class Scoring:
    def __init__(self, header):
        settings = header["settings"]
        self.moments = {term["term"]: term["moments"] for term in header["terms"]}
        size, stride = settings["image_size"], settings["student"]["output_stride"]
        self.threshold = header["thresholds"]["image"]
        smoothing = settings["detection"]["smoothing"]
        self.sigma = [smoothing * size[side] / 256 for side in ("height", "width")]

        self.centres = [centre for _, centre, _ in pairs(settings)]
        self.counts = np.zeros((size["height"] // stride, size["width"] // stride), np.float32)
        for centre in self.centres:
            self.counts[centre] += 1
        self.rows = interpolation(size["height"], stride)
        self.columns = interpolation(size["width"], stride)
        # Positions without evidence get no weight; pixels without any evidence get no value.
        weights = self.rows @ (self.counts > 0).astype(np.float32) @ self.columns.T
        self.known = weights > 0
        self.weights = np.where(self.known, weights, 1)

    def maps(self, e_rec, errors):
        """The anomaly map and its parts, at the model's size, by kind."""
        looks_wrong = self.smooth(standardise(e_rec, self.moments["reconstruction"]))
        pos = standardise(self.e_pos(errors), self.moments["position"])
        wrong_place = self.smooth(np.where(self.known, pos, np.float32(0)))
        return dict(zip(KINDS, (looks_wrong + wrong_place, looks_wrong, wrong_place)))

    def e_pos(self, errors):
        """At every pixel, from the errors of the pairs."""
        sums, first = np.zeros_like(self.counts), 0
        for rows, columns in self.centres:
            at = sums[rows, columns]
            at += errors[first : first + at.size].reshape(at.shape)
            first += at.size
        grid = sums / np.maximum(self.counts, 1)
        return self.rows @ grid @ self.columns.T / self.weights

    def smooth(self, values):
        return gaussian_filter(values, self.sigma, mode="reflect", truncate=4)

    def verdict(self, maps):
        """Score, verdict, and what the peak and what stands out with it are owed to."""
        total = maps["total"]
        peak, score = total.argmax(), float(total.max())
        labels, _ = label(total > score / 2, np.ones((3, 3)))
        own = labels.flat[peak]
        around = labels == own if own else np.arange(total.size).reshape(total.shape) == peak
        rec, pos = (max(0.0, float(maps[kind][around].mean())) for kind in KINDS[1:])
        sum_of_parts = (rec + pos) or 1
        return {
            "verdict": "anomalous" if score > self.threshold else "good",
            "score": score,
            "threshold": self.threshold,
            "looks_wrong_share": rec / sum_of_parts,
            "wrong_place_share": pos / sum_of_parts,
        }


def standardise(values, moments):
    scale = 1 / moments["std"]
    return values * np.float32(scale) - np.float32(moments["mean"] * scale)


def interpolation(size, stride):
    """Weights [pixels, grid positions] of one axis; 0 where the patch leaves the image."""
    valid = inside(size, stride)
    matrix = np.zeros((size, size // stride), np.float32)
    for pixel in range(PATCH_RADIUS, size - PATCH_RADIUS):
        first = min(max(pixel // stride, valid.start), valid.stop - 1)
        second = min(first + 1, valid.stop - 1)
        fraction = min(max(pixel / stride - first, 0), 1)
        matrix[pixel, first] += 1 - fraction
        matrix[pixel, second] += fraction
    return matrix


def resize(values, height, width):
    """Bilinear, half-pixel centres, no antialiasing."""
    if values.shape == (height, width):
        return values
    rows, columns = values.shape
    return resizing(rows, height) @ values @ resizing(columns, width).T


@cache
def resizing(source, target):
    """Weights [target, source] of one axis."""
    at = np.maximum((np.arange(target) + 0.5) * source / target - 0.5, 0)
    first = np.minimum(at.astype(int), source - 1)
    second = np.minimum(first + 1, source - 1)
    matrix = np.zeros((target, source), np.float32)
    matrix[np.arange(target), first] += 1 - (at - first)
    matrix[np.arange(target), second] += at - first
    return matrix
