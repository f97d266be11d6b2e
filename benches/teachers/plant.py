"""Plants defects in held-out good images, to compare teachers without looking at a test set.

    python plant.py CATEGORY OUTPUT [--held-out 60] [--train 120] [--seed 0]

CATEGORY is a data set in MVTec AD's layout, of which only train/good is read. OUTPUT becomes one
in the same layout: train/good, test/good and test/{scratch,blob,paste,bend,erase} with masks.
Needs numpy, Pillow and scipy.
"""

import argparse
import pathlib

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage


def blob(rng, shape, size):
    """A smooth blob of about `size` pixels across, as a share in [0, 1] of each pixel."""
    height, width = shape
    y, x = np.mgrid[:height, :width]
    cy, cx = rng.uniform(0.15, 0.85) * height, rng.uniform(0.15, 0.85) * width
    angle = np.arctan2(y - cy, x - cx)
    radius = size / 2 * (1 + 0.25 * np.sin(2 * angle + rng.uniform(0, 6)) + 0.15 * np.sin(3 * angle + rng.uniform(0, 6)))
    return np.clip(radius - np.hypot(y - cy, x - cx) + 0.5, 0, 1)


def scratch(rng, image):
    height, width, _ = image.shape
    size = min(height, width)
    layer = Image.new("L", (width, height))
    at = rng.uniform(0.15, 0.85, 2) * (width, height)
    angle = rng.uniform(0, 2 * np.pi)
    points = [tuple(at)]
    for _ in range(rng.integers(3, 8)):
        angle += rng.uniform(-0.4, 0.4)
        at = at + size * rng.uniform(0.02, 0.05) * np.array([np.cos(angle), np.sin(angle)])
        points.append(tuple(at))
    ImageDraw.Draw(layer).line(points, fill=255, width=max(1, round(size * rng.uniform(0.006, 0.014))))
    share = ndimage.gaussian_filter(np.asarray(layer) / 255.0, 0.6)
    change = rng.choice([-1, 1]) * rng.uniform(35, 90)
    return image + change * share[..., None], share > 0.3


def spot(rng, image):
    share = blob(rng, image.shape[:2], min(image.shape[:2]) * rng.uniform(0.03, 0.12))
    change = rng.choice([-1, 1]) * rng.uniform(25, 70)
    return image + change * ndimage.gaussian_filter(share, 1)[..., None], share > 0.3


def paste(rng, image):
    height, width, _ = image.shape
    share = blob(rng, (height, width), min(height, width) * rng.uniform(0.08, 0.2))
    shift = rng.integers(width // 5, 4 * width // 5), rng.integers(height // 5, 4 * height // 5)
    other = np.roll(image, shift, axis=(1, 0))[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])]
    return image + share[..., None] * (other - image), share > 0.3


def bend(rng, image):
    height, width, _ = image.shape
    size = min(height, width)
    share = ndimage.gaussian_filter(blob(rng, (height, width), size * rng.uniform(0.1, 0.2)), size * 0.02)
    angle, far = rng.uniform(0, 2 * np.pi), size * rng.uniform(0.02, 0.05)
    y, x = np.mgrid[:height, :width].astype(float)
    where = [y + far * np.sin(angle) * share, x + far * np.cos(angle) * share]
    bent = np.stack([ndimage.map_coordinates(image[..., c], where, order=1, mode="reflect") for c in range(3)], -1)
    return bent, share > 0.3


def erase(rng, image):
    size = min(image.shape[:2])
    share = blob(rng, image.shape[:2], size * rng.uniform(0.06, 0.16))
    smooth = np.stack([ndimage.gaussian_filter(image[..., c], size * 0.05) for c in range(3)], -1)
    return image + share[..., None] * (smooth - image), share > 0.3


DEFECTS = {"scratch": scratch, "blob": spot, "paste": paste, "bend": bend, "erase": erase}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("category", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--held-out", type=int, default=60)
    parser.add_argument("--train", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    files = sorted((args.category / "train" / "good").iterdir())
    rng.shuffle(files)
    held_out, train = files[: args.held_out], files[args.held_out :][: args.train]

    def save(folder, name, pixels):
        (args.output / folder).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(args.output / folder / name)

    def load(path):
        return np.asarray(Image.open(path).convert("RGB"))

    for i, path in enumerate(train):
        save("train/good", f"{i:03}.png", load(path))
    good = len(held_out) // 2
    for i, path in enumerate(held_out[:good]):
        save("test/good", f"{i:03}.png", load(path))
    for i, path in enumerate(held_out[good:]):
        name = list(DEFECTS)[i % len(DEFECTS)]
        image = load(path).astype(float)
        best = -1.0
        # A place where the defect can hardly be seen will not do; on a smooth picture all are such.
        for _ in range(50):
            drawn, place = DEFECTS[name](rng, image)
            drawn = np.clip(drawn, 0, 255)
            visible = np.abs(drawn - image)[place].mean() if place.any() else 0.0
            if visible > best:
                best, changed, mask = visible, drawn, place
            if visible > 8:
                break
        save(f"test/{name}", f"{i:03}.png", changed.round().astype(np.uint8))
        save(f"ground_truth/{name}", f"{i:03}_mask.png", (mask * 255).astype(np.uint8))


if __name__ == "__main__":
    main()
