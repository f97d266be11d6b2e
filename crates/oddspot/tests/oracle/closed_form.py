"""Writes ../fixtures/closed_form.safetensors: features of made-up images, and what the closed-form terms
(e_G, a Gaussian at each place; e_K, the nearest good feature) say of them, in double precision.

Run from the root of the repository:

    pip install numpy==2.4.6 scipy==1.17.1 safetensors==0.8.0
    python3 crates/oddspot/tests/oracle/closed_form.py

Plain loops and SciPy, from the definitions of the terms. Tensors:

- `maps/<stride>`: the teacher's levels of the good images, then of the unseen ones, f16.
- `maps/features`: of these, the features at the places of the grid, f32; the first channels are the finest level's.
- `<set>/good`, `<set>/unseen`: features that terms are fitted to, f16, and that they judge, f32.
- `<case>/<term>/left_out`, `<case>/<term>/unseen`: the errors at the places. The metadata's `cases` has
  each case's settings. Of a single image e_G leaves nothing out, and e_K's left-out errors mean nothing.

Also prints how far the 8 bits of e_K's rows move its maps.
"""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from scipy.linalg import cholesky, eigh, inv
from scipy.ndimage import gaussian_filter, uniform_filter
from scipy.spatial.distance import cdist, mahalanobis

WIDTH, HEIGHT = 48, 40
LEVELS = {2: 3, 4: 5, 8: 7}  # channels by stride; the finest is looked at by the cases of three levels alone
STRIDE = 8
ROWS, COLUMNS = HEIGHT // STRIDE, WIDTH // STRIDE
GOOD, UNSEEN = 9, 3
CASES = [
    {"name": "plain"},
    {"name": "single_places", "block": 1, "parts": 3, "components": 12, "remembered": 4},
    {"name": "wide_blocks", "block": 4, "parts": 4, "components": 3, "remembered": 7, "shrinkage": 0.1},
    {"name": "one_block", "block": 64, "parts": 2, "components": 64, "remembered": 2},
    {"name": "one_image", "images": 1},
    {"name": "two_images", "images": 2, "block": 4},
    {"name": "dead_channels", "features": "dead"},
    {"name": "far_off", "features": "far"},
    {"name": "one_level", "features": "coarse", "components": 5},
    {"name": "no_window", "window": 1},
    {"name": "wide_window", "window": 9, "block": 1},
    {"name": "scaled", "memory_scale": "image"},
    {"name": "scaled_dead_channels", "features": "dead", "memory_scale": "image"},
    {"name": "three_levels", "features": "fine"},
    {"name": "three_levels_scaled", "features": "fine", "memory_scale": "image", "window": 1, "components": 9},
]
USUAL = {
    "features": "plain",
    "images": GOOD,
    "block": 2,
    "window": 5,
    "parts": 10,
    "memory_scale": "none",
    "components": 6,
    "remembered": 400,
}


# --- features ----------------------------------------------------------------------------------------


def smooth(rng, height, width, channels, reach):
    """Noise that changes over `reach` of a map's sides, of spread 1."""
    noise = rng.standard_normal((height, width, channels))
    noise = gaussian_filter(noise, (reach * height, reach * width, 0), mode="nearest")
    return noise / noise.std()


def level_maps(rng, stride, channels):
    """Maps of all images: a pattern that they share, and correlated channels that vary from image to image."""
    height, width = HEIGHT // stride, WIDTH // stride
    pattern = 2 + smooth(rng, height, width, channels, 0.3)
    mixture = rng.standard_normal((channels, channels)) * np.geomspace(0.5, 0.1, channels)
    maps = []
    for _ in range(GOOD + UNSEEN):
        varying = smooth(rng, height, width, channels, 0.1) @ mixture.T
        maps.append(pattern + varying + 0.05 * rng.standard_normal(pattern.shape))
    maps = np.array(maps)
    # Of the unseen images one is good, one has a spot, and one is another pattern on the right.
    spot = np.zeros((height, width))
    spot[height // 2, width // 3] = 1
    spot = gaussian_filter(spot, height / 12, mode="nearest")
    maps[GOOD + 1] += spot[..., None] / spot.max() * rng.standard_normal(channels)
    maps[GOOD + 2, :, width * 2 // 3 :] = maps[GOOD + 2, ::-1, width * 2 // 3 :]
    return np.maximum(maps, 0).astype(np.float16)


def place_features(maps):
    """[images, places, channels] of the levels' maps, fine to coarse."""
    images = []
    for image in range(GOOD + UNSEEN):
        levels = []
        for stride, of_level in maps.items():
            level = of_level[image].astype(np.float64)
            means = np.stack(
                [uniform_filter(level[..., c], size=3, mode="nearest") for c in range(level.shape[-1])], -1
            )
            ratio = STRIDE // stride
            cells = means.reshape(ROWS, ratio, COLUMNS, ratio, -1)
            levels.append(cells.mean((1, 3)).reshape(ROWS * COLUMNS, -1))
        images.append(np.concatenate(levels, -1))
    return np.array(images)


def level_parts(channels):
    """The slices of the levels among a place's channels."""
    starts, end = [], channels
    for of_level in sorted(LEVELS.items(), reverse=True):
        if end > 0:
            end -= of_level[1]
            starts.insert(0, end)
    return [slice(start, end) for start, end in zip(starts, starts[1:] + [channels])]


# --- the Gaussian ------------------------------------------------------------------------------------


def window(place):
    """The 3x3 places around one, clipped at the edges."""
    row, column = divmod(place, COLUMNS)
    return [
        r * COLUMNS + c
        for r in range(max(row - 1, 0), min(row + 2, ROWS))
        for c in range(max(column - 1, 0), min(column + 2, COLUMNS))
    ]


def block_places(side):
    """The places of each block."""
    blocks = {}
    for place in range(ROWS * COLUMNS):
        row, column = divmod(place, COLUMNS)
        blocks.setdefault((row // side, column // side), []).append(place)
    return blocks.values()


def gaussians(x, side, shrinkage):
    """Of images [images, places, channels]: each place's mean, and the inverse of its block's covariance."""
    images, places, channels = x.shape
    means = np.array([np.mean([x[i, window(p)].mean(0) for i in range(images)], 0) for p in range(places)])
    inverses = [None] * places
    for block in block_places(side):
        covariance = np.zeros((channels, channels))
        for p in block:
            products = [np.outer(x[i, q], x[i, q]) for i in range(images) for q in window(p)]
            covariance += (np.mean(products, 0) - np.outer(means[p], means[p])) / len(block)
        covariance += shrinkage * np.trace(covariance) / channels * np.eye(channels)
        for p in block:
            inverses[p] = inv(covariance)
    return means, inverses


def gaussian_distances(image, means, inverses):
    return np.array([mahalanobis(x, m, inverse) for x, m, inverse in zip(image, means, inverses)])


def wide(x, side):
    """Means of images [images, places, channels] over `side` x `side` places, the nearest beyond the edges."""
    maps = x.reshape(len(x), ROWS, COLUMNS, -1)
    means = uniform_filter(maps, size=(1, side, side, 1), mode="nearest").reshape(x.shape)
    # A sum of few halves is exact in single precision: so rounded, good features are the program's.
    return (means * side**2).astype(np.float32) * np.float32(1 / side**2)


def gaussian_errors(good, unseen, case):
    """Left-out errors of the good images and errors of the unseen ones, [images, places]."""
    images = len(good)
    parts = min(case["parts"], images)
    how = (case["block"], case["shrinkage"])
    slices = level_parts(good.shape[-1])
    scales = [(good[..., s], unseen[..., s], 0.5 ** (len(slices) - 1 - at)) for at, s in enumerate(slices)]
    if case["window"] > 1:
        of_good, of_unseen = (wide(x[..., slices[-1]], case["window"]) for x in (good, unseen))
        scales.append((of_good.astype(np.float16).astype(np.float64), of_unseen.astype(np.float64), 0.25))
    of_good, of_unseen = 0, 0
    for level, of_others, weight in scales:
        left_out = np.zeros(level.shape[:2])
        for fold in range(parts):
            others = [i for i in range(images) if i % parts != fold] or list(range(images))
            fitted = gaussians(level[others], *how)
            for i in range(fold, images, parts):
                left_out[i] = gaussian_distances(level[i], *fitted)
        fitted = gaussians(level, *how)
        distances = np.array([gaussian_distances(image, *fitted) for image in of_others])
        mean, std = left_out.mean(), left_out.std()
        of_good = of_good + weight * (left_out - mean) / std
        of_unseen = of_unseen + weight * (distances - mean) / std
    return of_good, of_unseen


# --- the memory --------------------------------------------------------------------------------------


def of_middle_length_1(image):
    """An image's features [places, channels], each level's divided by their middle length (of two the greater)."""
    image = image.copy()
    for part in level_parts(image.shape[-1]):
        lengths = np.sort(np.linalg.norm(image[:, part], axis=-1))
        image[:, part] /= lengths[len(lengths) // 2]
    return image


def whitening_of(x):
    """What makes the channels of features [rows, channels] uncorrelated, of unit length in all."""
    channels = x.shape[-1]
    std = x.std(0)
    std = np.maximum(std, max(0.01 * std.mean(), 1e-6))
    centred = (x - x.mean(0)) / std
    correlations = centred.T @ centred / len(x)
    lower = cholesky(0.9 * correlations + 0.1 * np.eye(channels), lower=True)
    return inv(lower) @ np.diag(1 / std) / np.sqrt(channels)


def memory_errors(good, unseen, case):
    """Left-out errors, those of unseen images, and the latter had nothing been rounded."""
    if case["memory_scale"] == "image":
        good, unseen = (np.array([of_middle_length_1(image) for image in x]) for x in (good, unseen))
    images, places, channels = good.shape
    rows = good.reshape(-1, channels)
    whitening = np.zeros((channels, channels))
    parts = level_parts(channels)
    for at, part in enumerate(parts):
        # Levels finer than the two coarsest count half of the next coarser one, in squares.
        whitening[part, part] = np.sqrt(0.5 ** max(len(parts) - 2 - at, 0)) * whitening_of(rows[:, part])
    whitened = (rows - rows.mean(0)) @ whitening.T
    values, vectors = eigh(whitened.T @ whitened / len(rows))
    values, axes = values[::-1], vectors[:, ::-1].T[: min(case["components"], channels)]
    step = 6 * np.sqrt(values[0]) / 127
    project = lambda x: (x - rows.mean(0)) @ whitening.T @ axes.T / step
    exact_rows, exact = project(good), project(unseen)
    assert np.abs(exact_rows).max() < 127, "a row is clipped"
    inner = np.concatenate([exact_rows.ravel(), exact.ravel()])
    inner = inner[np.abs(inner) < 127]
    # So that single precision rounds as double does.
    assert np.abs(np.abs(inner - np.floor(inner)) - 0.5).min() > 1e-4, "draw other features"
    kept = min(case["remembered"], images)
    kept = [k * images // kept for k in range(kept)]
    steps, queries = np.round(exact_rows), np.clip(np.round(exact), -1270, 1270)

    left_out = np.zeros((images, places))
    for i in range(images):
        others = [k for k in kept if k != i]
        for p in range(places):
            near = cdist(steps[[i], p], steps[others, p]) if others else [[np.nan]]
            left_out[i, p] = step * np.min(near)
    nearest = lambda x, of: np.array(
        [[step * cdist(image[[p]], of[kept, p]).min() for p in range(places)] for image in x]
    )
    return left_out, nearest(queries, steps), nearest(exact, exact_rows)


def main():
    rng = np.random.default_rng(20261110)
    maps = {stride: level_maps(rng, stride, LEVELS[stride]) for stride in (4, 8)}
    maps = {2: level_maps(np.random.default_rng(20261205), 2, LEVELS[2])} | maps
    fine = place_features(maps)
    features = fine[..., LEVELS[2] :]
    tensors = {f"maps/{stride}": level for stride, level in maps.items()}
    tensors["maps/features"] = fine.astype(np.float32)
    dead = features.copy()
    dead[..., 1], dead[..., 8] = 0.75, 0
    far = features.copy()
    far[GOOD:] = features[GOOD:] * 40
    for name, of_set in {
        "plain": features,
        "dead": dead,
        "far": far,
        "coarse": features[..., LEVELS[4] :],
        "fine": fine,
    }.items():
        tensors[f"{name}/good"] = np.ascontiguousarray(of_set[:GOOD]).astype(np.float16)
        tensors[f"{name}/unseen"] = np.ascontiguousarray(of_set[GOOD:]).astype(np.float32)
    cases = [{"shrinkage": 0.01} | USUAL | case for case in CASES]
    for case in cases:
        good = tensors[f"{case['features']}/good"][: case["images"]].astype(np.float64)
        unseen = tensors[f"{case['features']}/unseen"].astype(np.float64)
        found = {"gaussian": gaussian_errors(good, unseen, case)}
        *found["memory"], exact = memory_errors(good, unseen, case)
        for term, (left_out, of_unseen) in found.items():
            if term == "gaussian" or case["images"] > 1:
                tensors[f"{case['name']}/{term}/left_out"] = left_out.astype(np.float32)
            tensors[f"{case['name']}/{term}/unseen"] = of_unseen.astype(np.float32)
        moved = np.abs(found["memory"][1] - exact).max(1) / np.ptp(exact, axis=1)
        print(case["name"], "e_K's rows in 8 bits, shares of the maps' ranges:", np.round(moved, 4))
    file = Path(__file__).parents[1] / "fixtures/closed_form.safetensors"
    save_file(tensors, file, metadata={"cases": json.dumps(cases)})
    print(file.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
