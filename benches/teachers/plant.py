"""Plants defects in held-out good images, to compare teachers without looking at a test set.

    python plant.py CATEGORY OUTPUT [--held-out 60] [--train 120] [--each 3] [--foreign FOLDER] [--seed 0]
        [--contextual | --wide]

CATEGORY is a data set in MVTec AD's layout, of which only train/good is read. OUTPUT becomes one
in the same layout: train/good, test/good and test/KIND with masks, where KIND is one of scratch,
blob, paste, bend, erase, shade, crack, chip, turn, grow and, with a folder of other photographs,
foreign. With --contextual, KIND is one of shift, tilt, swap,
lack instead, with --wide one of veil, stretch, soften, roughen, all of a quarter to three quarters of
the picture. Every held-out image is in test/good as it is, and --each times with a defect.
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


def shade(rng, image):
    """A wide soft change of brightness, and of contrast with it."""
    size = min(image.shape[:2])
    share = ndimage.gaussian_filter(blob(rng, image.shape[:2], size * rng.uniform(0.2, 0.5)), size * 0.03)
    gain = rng.choice([rng.uniform(0.45, 0.8), rng.uniform(1.25, 1.7)])
    return image * (1 + share[..., None] * (gain - 1)), share > 0.3


def crack(rng, image):
    """A thin dark jagged line with branches."""
    height, width, _ = image.shape
    size = min(height, width)
    layer = Image.new("L", (width, height))
    draw = ImageDraw.Draw(layer)
    ends = [(rng.uniform(0.15, 0.85, 2) * (width, height), rng.uniform(0, 2 * np.pi), rng.integers(8, 20))]
    while ends:
        at, angle, left = ends.pop()
        heading = angle
        for i in range(left):
            angle = heading + rng.uniform(-0.9, 0.9)
            to = at + size * rng.uniform(0.015, 0.04) * np.array([np.cos(angle), np.sin(angle)])
            draw.line([tuple(at), tuple(to)], fill=255, width=max(1, round(size * rng.uniform(0.003, 0.009))))
            at = to
            if left > 6 and rng.uniform() < 0.1:
                ends.append((at, heading + rng.choice([-1, 1]) * rng.uniform(0.5, 1.2), left // 3))
    share = ndimage.gaussian_filter(np.asarray(layer) / 255.0, 0.6)
    return image * (1 - rng.uniform(0.3, 0.7) * share[..., None]), share > 0.3


def chip(rng, image):
    """A piece broken off: another, rougher surface within a ragged outline."""
    height, width, _ = image.shape
    size = min(height, width)
    ragged = ndimage.gaussian_filter(rng.normal(size=(height, width)), size * 0.015)
    soft = ndimage.gaussian_filter(blob(rng, (height, width), size * rng.uniform(0.12, 0.35)), size * 0.02)
    share = ndimage.gaussian_filter((soft + 0.25 * ragged / ragged.std() * (soft * (1 - soft) * 4) > 0.5).astype(float), 0.7)
    rough = ndimage.gaussian_filter(rng.normal(size=(height, width)), size * rng.uniform(0.004, 0.02))
    surface = image.mean((0, 1)) * rng.uniform(0.4, 1.5) + rng.uniform(5, 20) * (rough / rough.std())[..., None]
    return image + share[..., None] * (surface - image), share > 0.3


def soft_blob(rng, shape, low, high):
    """A blob whose outline fades over a few pixels."""
    size = min(shape)
    return ndimage.gaussian_filter(blob(rng, shape, size * rng.uniform(low, high)), size * rng.uniform(0.003, 0.02))


def turn(rng, image):
    """A piece of the same surface that runs the other way, within a soft outline."""
    height, width, _ = image.shape
    side = min(height, width)
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    piece = np.rot90(image[top : top + side, left : left + side])
    other = np.asarray(Image.fromarray(piece.round().astype(np.uint8)).resize((width, height), Image.BILINEAR), float)
    share = soft_blob(rng, (height, width), 0.12, 0.4)
    change = other - ndimage.gaussian_filter(other, (side * 0.1, side * 0.1, 0))
    smooth = ndimage.gaussian_filter(image, (side * 0.1, side * 0.1, 0))
    return image + share[..., None] * (smooth + change - image), share > 0.3


def grow(rng, image):
    """The surface itself, but coarser, within a soft outline."""
    height, width, _ = image.shape
    share, scale = soft_blob(rng, (height, width), 0.12, 0.4), rng.uniform(1.8, 3.5)
    high, wide = int(height / scale), int(width / scale)
    top, left = rng.integers(0, height - high + 1), rng.integers(0, width - wide + 1)
    piece = Image.fromarray(image[top : top + high, left : left + wide].round().astype(np.uint8))
    other = np.asarray(piece.resize((width, height), Image.BILINEAR), float)
    other += image.mean((0, 1)) - other.mean((0, 1))
    return image + share[..., None] * (other - image), share > 0.3


def foreign(rng, image, path):
    """A piece of a photograph of something else, of the same brightness and often faint."""
    height, width, _ = image.shape
    other = Image.open(path).convert("RGB")
    if np.ptp(image, axis=2).max() == 0:
        other = other.convert("L").convert("RGB")
    side = rng.integers(min(other.size) // 4, min(other.size) + 1)
    left, top = (rng.integers(0, length - side + 1) for length in other.size)
    other = np.asarray(other.crop((left, top, left + side, top + side)).resize((width, height), Image.BILINEAR), float)
    other = image.mean((0, 1)) + (other - other.mean((0, 1))) * rng.uniform(0.5, 1.5) * image.std() / max(other.std(), 1)
    share = soft_blob(rng, (height, width), 0.12, 0.4)
    return image + rng.uniform(0.5, 1.0) * share[..., None] * (other - image), share > 0.3


def changed(image, other):
    """Where another picture differs clearly, its holes filled."""
    size = min(image.shape[:2])
    difference = ndimage.gaussian_filter(np.abs(other - image).max(2), size * 0.01)
    mask = ndimage.binary_closing(difference > max(12, 0.3 * difference.max()), iterations=max(1, size // 60))
    return ndimage.binary_fill_holes(mask)


def shift(rng, image):
    """All of it off its place, the border repeated."""
    size = min(image.shape[:2])
    angle, far = rng.uniform(0, 2 * np.pi), size * rng.uniform(0.08, 0.25)
    by = (round(far * np.sin(angle)), round(far * np.cos(angle)), 0)
    other = ndimage.shift(image, by, order=0, mode="nearest")
    return other, changed(image, other)


def tilt(rng, image):
    """All of it turned."""
    angle = rng.choice([-1, 1]) * rng.choice([rng.uniform(8, 30), 90, 180])
    other = ndimage.rotate(image, angle, reshape=False, order=1, mode="nearest")
    return other, changed(image, other)


def swap(rng, image):
    """Two pieces in each other's place."""
    height, width, _ = image.shape
    side = round(min(height, width) * rng.uniform(0.15, 0.3))
    other = image.copy()
    while True:
        (top, below), (left, right) = (rng.integers(0, length - side + 1, 2) for length in (height, width))
        if abs(top - below) >= side or abs(left - right) >= side:
            break
    first, second = (slice(y, y + side) for y in (top, below)), (slice(x, x + side) for x in (left, right))
    (rows, other_rows), (columns, other_columns) = first, second
    other[rows, columns], other[other_rows, other_columns] = image[other_rows, other_columns], image[rows, columns]
    return other, changed(image, other)


def lack(rng, image):
    """A large piece gone, the surroundings drawn in over it."""
    height, width, _ = image.shape
    size = min(height, width)
    share = ndimage.gaussian_filter(blob(rng, (height, width), size * rng.uniform(0.25, 0.5)), size * 0.01)[..., None]
    y, x = np.mgrid[:height, :width]
    left, right = image[:, : width // 20].mean(1, keepdims=True), image[:, -(width // 20) :].mean(1, keepdims=True)
    ground = left + (right - left) * (x / width)[..., None] + rng.normal(0, 2, (height, width, 1))
    other = image + share * (ground - image)
    return other, changed(image, other)


def wide(rng, shape):
    """A quarter to three quarters of a picture, on one side of a soft wavy line or within a large blob."""
    height, width = shape
    size = min(shape)
    soft = size * rng.uniform(0.01, 0.06)
    wanted = rng.uniform(0.25, 0.75)
    waves = ndimage.gaussian_filter(rng.normal(size=shape), size * 0.12)
    y, x = np.mgrid[:height, :width] / size
    angle = rng.uniform(0, 2 * np.pi)
    line = np.cos(angle) * x + np.sin(angle) * y
    centre = -np.hypot(x - x.max() * rng.uniform(0.2, 0.8), y - y.max() * rng.uniform(0.2, 0.8))
    height_map = (line if rng.uniform() < 0.5 else centre) + 0.1 * waves / waves.std()
    return ndimage.gaussian_filter((height_map > np.quantile(height_map, 1 - wanted)).astype(float), soft)


def veil(rng, image):
    """Darker or brighter over a wide part."""
    share = wide(rng, image.shape[:2])
    gain = rng.choice([rng.uniform(0.6, 0.85), rng.uniform(1.18, 1.6)])
    return image * (1 + share[..., None] * (gain - 1)), share > 0.5


def stretch(rng, image):
    """More or less contrast over a wide part."""
    share, smooth = wide(rng, image.shape[:2]), ndimage.gaussian_filter(image, (12, 12, 0))
    gain = rng.choice([rng.uniform(0.2, 0.5), rng.uniform(1.8, 3.0)])
    return image + share[..., None] * (gain - 1) * (image - smooth), share > 0.5


def soften(rng, image):
    """Blurred over a wide part."""
    share, sigma = wide(rng, image.shape[:2]), min(image.shape[:2]) * rng.uniform(0.006, 0.02)
    return image + share[..., None] * (ndimage.gaussian_filter(image, (sigma, sigma, 0)) - image), share > 0.5


def roughen(rng, image):
    """Stained all over a wide part, finely or coarsely."""
    share = wide(rng, image.shape[:2])
    grain = ndimage.gaussian_filter(rng.normal(size=image.shape[:2]), min(image.shape[:2]) * rng.uniform(0.004, 0.03))
    return image + (share * rng.uniform(8, 25) * grain / grain.std())[..., None], share > 0.5


WIDE = {"veil": veil, "stretch": stretch, "soften": soften, "roughen": roughen}
CONTEXTUAL = {"shift": shift, "tilt": tilt, "swap": swap, "lack": lack}
DEFECTS = {
    "scratch": scratch,
    "blob": spot,
    "paste": paste,
    "bend": bend,
    "erase": erase,
    "shade": shade,
    "crack": crack,
    "chip": chip,
    "turn": turn,
    "grow": grow,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("category", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--held-out", type=int, default=60)
    parser.add_argument("--train", type=int, default=120)
    parser.add_argument("--foreign", type=pathlib.Path)
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    other_kinds = parser.add_mutually_exclusive_group()
    other_kinds.add_argument("--contextual", action="store_const", dest="kinds", const=CONTEXTUAL, default=DEFECTS)
    other_kinds.add_argument("--wide", action="store_const", dest="kinds", const=WIDE)
    args = parser.parse_args()
    kinds = dict(args.kinds)
    if args.foreign:
        others = sorted(args.foreign.iterdir())
        kinds["foreign"] = lambda rng, image: foreign(rng, image, others[rng.integers(len(others))])
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
    for i, path in enumerate(held_out):
        save("test/good", f"{i:03}.png", load(path))
    for i, path in enumerate(held_out * args.each):
        # Each round begins one kind further than the images alone would have it.
        name = list(kinds)[(i + i // len(held_out)) % len(kinds)]
        image = load(path).astype(float)
        best = -1.0
        # A place where the defect can hardly be seen will not do; on a smooth picture all are such.
        for _ in range(50):
            drawn, place = kinds[name](rng, image)
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
