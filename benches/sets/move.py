"""Copies an image data set whose parts lie anyhow: each image moved, and turned about its middle, by chance.

    python benches/sets/move.py SET OUTPUT [--shift 40] [--turn 15] [--seed 0]

SET is a folder in MVTec AD's layout. Masks lie as their images do. What comes in at the ends is the image's last row or
column, or, where images are turned, its mirror image; masks have nothing there. The same seed makes the same files.
Needs numpy and Pillow.
"""

import argparse
import pathlib

import numpy as np
from PIL import Image


def moved(image: Image.Image, angle: float, by: tuple[int, int], margin: int, mode: str) -> Image.Image:
    """The image turned by degrees and moved by pixels; `mode` is how its ends go on."""
    width, height = image.size
    pixels = np.asarray(image)
    ends = ((margin, margin), (margin, margin), (0, 0))[: pixels.ndim]
    wide = Image.fromarray(np.pad(pixels, ends, mode=mode))
    if angle:
        wide = wide.rotate(angle, Image.NEAREST if image.mode == "L" else Image.BICUBIC)
    left, top = margin + by[0], margin + by[1]
    return wide.crop((left, top, left + width, top + height))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--shift", type=int, default=40, help="pixels along each axis, at most")
    parser.add_argument("--turn", type=float, default=0.0, help="degrees to either side, at most")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    for path in sorted([*args.set.glob("train/good/*"), *args.set.glob("test/*/*")], key=str):
        image = Image.open(path).convert("RGB")
        margin = args.shift + (int(0.22 * image.width) if args.turn else 0) + 4
        angle = rng.uniform(-args.turn, args.turn)
        by = tuple(int(one) for one in rng.integers(-args.shift, args.shift + 1, 2))
        name = path.relative_to(args.set).with_suffix(".png")
        files = [(moved(image, angle, by, margin, "reflect" if args.turn else "edge"), name)]
        kind = path.parent.name
        mask = args.set / "ground_truth" / kind / f"{path.stem}_mask.png"
        if name.parts[0] == "test" and mask.exists():
            grey = Image.open(mask).convert("L")
            files.append((moved(grey, angle, by, margin, "constant"), mask.relative_to(args.set)))
        for picture, place in files:
            file = args.output / place
            file.parent.mkdir(parents=True, exist_ok=True)
            picture.save(file, compress_level=1)


if __name__ == "__main__":
    main()
