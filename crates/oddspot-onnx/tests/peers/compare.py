"""Holds exports, run by ONNX Runtime and by OpenVINO, to what `oddspot detect` says.

    python compare.py PROGRAM BOARDS FOLDER [NAME …]

Trains small models of every preset and every kind of teacher in FOLDER, on the demonstration's BOARDS; or those that are named. Scores must agree to
1e-4 of the range of the maps, maps to 1e-4 of it in the mean and to 5e-3 at any pixel, and no verdict may be another. The resizing is that of docs/onnx.md.
"""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
from PIL import Image

import teachers

DOCS = Path(__file__).parents[4] / "docs/onnx.md"
# 32-bit floats are asked for by name: else OpenVINO takes shorter ones where the processor has them.
PRECISE = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 2}
# Folders of `oddspot detect --maps`, and the outputs that make each: it counts what is unusual at its place with what looks wrong.
MAPS = {"total": ["map"], "looks_wrong": ["looks_wrong", "unusual_here"], "wrong_place": ["wrong_place"]}

FEW = ["--iterations", "20", "--widths", "8,8,16,16"]
SMALL = [*FEW, "--image-size", "112", "--offset", "32"]
AT_EVERY_PIXEL = [*FEW, "--teacher", "vgg16.safetensors", "--image-size", "136"]
# Images that are compared.
COUNT = 200
# Name, arguments of `train`, and of `export`.
MODELS = [
    ("default", FEW, ["--batch", "dynamic"]),
    ("instant", ["--preset", "instant"], []),
    ("compact", ["--preset", "compact", *FEW], ["--input", "f32-nchw"]),
    ("paper", ["--preset", "paper", *AT_EVERY_PIXEL], ["--batch", "2"]),
    *[(kind, ["--teacher", f"{kind}.safetensors", *SMALL], []) for kind in teachers.KINDS],
]


def documented():
    """The resizing as docs/onnx.md has it."""
    code = re.search(r"```python\n(import numpy.*?)```", DOCS.read_text(), re.DOTALL).group(1)
    names = {}
    exec(code, names)
    return names["resize"]


class World:
    def __init__(self, program, boards, folder):
        self.program, self.folder = program, folder
        good = sorted((boards / "train/good").glob("*.png"))
        self.good = good[:40]
        self.images = sorted((boards / "test").rglob("*.png")) + good[40:]
        for kind in teachers.KINDS:
            teachers.write(kind, folder / f"{kind}.safetensors")

    def oddspot(self, *arguments):
        run = subprocess.run([self.program, *map(str, arguments)], cwd=self.folder, capture_output=True, text=True)
        assert run.returncode == 0, f"{arguments}\n{run.stdout}{run.stderr}"
        return run

    def pictures(self, name, images):
        """A folder of pictures that are there already."""
        folder = self.folder / name
        folder.mkdir()
        for number, image in enumerate(images):
            Image.fromarray(image).save(folder / f"{number:03}.png")
        return folder

    def detect(self, model, pictures, *arguments):
        """Results of `detect`, in the order of the pictures, and their folder."""
        found = self.folder / f"{pictures.name}-found"
        self.oddspot("detect", model, pictures, "-o", found, "--quiet", "--replace", *arguments)
        results = map(json.loads, (found / "results.jsonl").read_text().splitlines())
        return sorted(results, key=lambda result: result["image"]), found


def ready(file, card):
    """The export in both engines: from an image to its outputs by name."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    compiled = openvino.Core().compile_model(file, "CPU", PRECISE)
    names = [output.name for output in session.get_outputs()]
    batch = card["input"]["batch"]
    count = 1 if batch == "dynamic" else int(batch)

    def image(pixels):
        x = np.repeat(pixels[None], count, 0)
        if card["input"]["layout"] == "f32-nchw":
            x = (x.astype(np.float32) / 255).transpose(0, 3, 1, 2)
        return np.ascontiguousarray(x)

    def runtime(pixels):
        return {name: value[-1] for name, value in zip(names, session.run(None, {"image": image(pixels)}))}

    def vino(pixels):
        found = compiled(image(pixels))
        return {name: found[name][-1] for name in names}

    return {"ONNX Runtime": runtime, "OpenVINO": vino}


def verdict(score, thresholds):
    return "anomalous" if score > thresholds["image"] else "check" if score > thresholds["check"] else "good"


def compare(world, resize, name, training, exporting):
    started = time.time()
    model, file = f"{name}.oddspot", f"{name}.onnx"
    world.oddspot("train", world.folder / "good", "-o", model, "--no-audit", *training)
    world.oddspot("export", model, "-o", file, *exporting)
    graph = onnx.load(world.folder / file)
    onnx.checker.check_model(graph, full_check=True)
    card = json.loads({entry.key: entry.value for entry in graph.metadata_props}["oddspot"])
    beside = json.loads((world.folder / f"{file}.json").read_text())
    assert card == beside, name
    size = card["resize"]["width"], card["resize"]["height"]
    images = [np.asarray(Image.open(path).convert("RGB")) for path in world.images[:COUNT]]
    images = [resize(image, *size) for image in images]
    results, found = world.detect(model, world.pictures(name, images), "--maps", "--no-pictures")
    assert len(images) == len(results) == COUNT, name
    totals = [np.asarray(Image.open(found / "total" / f"{at:03}.tiff")) for at in range(COUNT)]
    width = max(map(np.max, totals)) - min(map(np.min, totals))
    for engine, run in ready(world.folder / file, card).items():
        worst, worst_mean, of_map = 0.0, 0.0, {}
        for at, (image, result) in enumerate(zip(images, results)):
            said = run(image)
            worst = max(worst, abs(float(said["score"]) - result["score"]))
            verdicts = [verdict(score, card["thresholds"]) for score in (float(said["score"]), result["score"])]
            assert verdicts[0] == verdicts[1], f"{name}: {engine}: image {at}: {verdicts}"
            for folder, outputs in MAPS.items():
                maps = [said[output] for output in outputs if output in said]
                if maps:
                    expected = np.asarray(Image.open(found / folder / f"{at:03}.tiff"))
                    apart = np.abs(sum(maps) - expected)
                    of_map[folder] = max(of_map.get(folder, 0.0), float(apart.max()))
                    worst_mean = max(worst_mean, float(apart.mean()))
        shares = {folder: f"{value / width:.1e}" for folder, value in of_map.items()}
        print(f"{name}: {engine}: {COUNT} images, score {worst / width:.1e} of the range, {shares}", flush=True)
        assert worst <= 1e-4 * width, f"{name}: {engine}: scores differ by {worst} of {width}"
        assert max(of_map.values()) <= 5e-3 * width, f"{name}: {engine}: maps differ: {of_map}"
        assert worst_mean <= 1e-4 * width, f"{name}: {engine}: maps differ by {worst_mean} in the mean"
    print(f"{name}: {time.time() - started:.1f} s", flush=True)


def check_resizing(world, resize, name):
    """The resizing of the page gives what the program sees, to the bit: both images score the same."""
    random = np.random.default_rng(1)
    raw = [random.integers(0, 256, (height, width, 3), np.uint8) for height, width in [(333, 517), (64, 1000), (256, 90)]]
    boards = [np.asarray(Image.open(path).convert("RGB").resize((611, 433))) for path in world.images[:5]]
    raw += boards
    card = json.loads((world.folder / f"{name}.onnx.json").read_text())
    size = card["resize"]["width"], card["resize"]["height"]
    theirs, _ = world.detect(f"{name}.oddspot", world.pictures("raw", raw), "--no-pictures")
    small = [resize(image, *size) for image in raw]
    ours, _ = world.detect(f"{name}.oddspot", world.pictures("resized", small), "--no-pictures")
    for at, (one, other) in enumerate(zip(theirs, ours)):
        assert one["score"] == other["score"], f"image {at} is resized otherwise: {one['score']}, {other['score']}"
    print(f"resizing: {len(raw)} images, the same to the bit", flush=True)


def main():
    program, boards, folder = (Path(argument).resolve() for argument in sys.argv[1:4])
    chosen = sys.argv[4:]
    world = World(program, boards, folder)
    world.pictures("good", [np.asarray(Image.open(path).convert("RGB")) for path in world.good])
    resize = documented()
    models = [model for model in MODELS if not chosen or model[0] in chosen]
    for model in models:
        compare(world, resize, *model)
    check_resizing(world, resize, models[0][0])


if __name__ == "__main__":
    main()
