"""A peer's `oddspot detect`: python judge.py RUNTIME FOLDER IMAGES OUTPUT THREADS

Judges IMAGES, a file or a folder of files, with FOLDER/model.oddspot, and writes what
`oddspot detect --maps --no-pictures` writes: OUTPUT/results.jsonl and three maps of every image as
32-bit TIFF. It looks for no regions, which oddspot does.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from model_file import read_header
from runtimes import RUNTIMES
from scoring import KINDS, Scoring, resize

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"}
MEAN = np.float32([0.485, 0.456, 0.406])
STD = np.float32([0.229, 0.224, 0.225])
SCALE, SHIFT = 1 / (255 * STD), -MEAN / STD


def images_under(path):
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)


def read_image(path):
    """8-bit RGB, upright, alpha composited on black."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image)
    return image.convert("RGB")


def prepare(image, size):
    """Resized with antialiasing, to the height first, and normalised: [1, 3, height, width]."""
    for shape in ((image.width, size["height"]), (size["width"], size["height"])):
        if image.size != shape:
            image = image.resize(shape, Image.Resampling.BILINEAR)
    x = np.asarray(image) * SCALE + SHIFT
    return x.transpose(2, 0, 1)[None]


def judge(runtime, folder, images, output, threads):
    header = read_header(folder / "model.oddspot")
    network, scoring = runtime(folder, threads), Scoring(header)
    output.mkdir(parents=True, exist_ok=True)
    with open(output / "results.jsonl", "w") as results:
        for path in images_under(images):
            image = read_image(path)
            x = prepare(image, header["settings"]["image_size"])
            maps = scoring.maps(*network(network.place(x)))
            line = {"image": str(path), **scoring.verdict(maps)}
            name = path.name if path == images else path.relative_to(images)
            for kind, values in maps.items():
                file = (output / kind / name).with_suffix(".tiff")
                file.parent.mkdir(parents=True, exist_ok=True)
                resized = resize(values, image.height, image.width)
                Image.fromarray(resized).save(file)
            print(json.dumps(line), file=results, flush=True)


if __name__ == "__main__":
    runtime, folder, images, output, threads = sys.argv[1:]
    _, _, runtime = RUNTIMES[runtime]
    judge(runtime, Path(folder), Path(images), Path(output), int(threads))
