"""The package and the command say the same, to the bit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import oddspot
import pytest
from conftest import board
from PIL import Image


def command() -> str:
    """The command that the wheel brings, or the one that is named."""
    beside = Path(sys.executable).with_name("oddspot")
    found = os.environ.get("ODDSPOT_COMMAND") or (str(beside) if beside.is_file() else shutil.which("oddspot"))
    assert found, "there is no command oddspot: install the wheel, or name one in ODDSPOT_COMMAND"
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same kinds of files that cameras and programs write."""
    folder = tmp_path_factory.mktemp("files")
    for seed, lacks in ((301, False), (300, True)):
        image = board(seed, lacks=lacks)
        picture = Image.fromarray(image)
        deep = image[:, :, 1].astype(np.uint16) * 16
        for name in ("colours.png", "colours.bmp", "colours.tif", "colours.webp", "photo.jpg"):
            picture.save(folder / f"{seed}-{name}", **({"lossless": True} if "webp" in name else {}))
        picture.convert("L").save(folder / f"{seed}-grey.png")
        picture.convert("P").save(folder / f"{seed}-palette.png")
        picture.convert("RGBA").save(folder / f"{seed}-alpha.png")
        picture.resize((333, 251)).save(folder / f"{seed}-larger.png")
        Image.fromarray(deep).save(folder / f"{seed}-deep.png")
        Image.fromarray(deep).save(folder / f"{seed}-deep.tif")
    return folder


@pytest.fixture(scope="module")
def lines(files: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, dict[str, Any]]:
    output = tmp_path_factory.mktemp("found")
    subprocess.run(
        [command(), "detect", str(model), str(files), "-o", str(output), "--no-pictures", "--quiet", "--append"],
        check=True,
    )
    written = (output / "results.jsonl").read_text().splitlines()
    return {Path(line["image"]): line for line in map(json.loads, written)}


def same(said: Any, found: Any) -> bool:
    """Whether a value is the same to the bit, as a 32-bit number where it was one."""
    if isinstance(found, dict):
        return all(same(said[name], value) for name, value in found.items())
    if isinstance(found, (list, tuple)):
        return len(said) == len(found) and all(map(same, said, found))
    if isinstance(found, float):
        return said == found or np.float32(said) == np.float32(found) == found
    return bool(said == found)


# Of deep ones the bits are guessed by both.
@pytest.mark.filterwarnings("ignore:the image has 16 bits a sample:UserWarning")
def test_every_file_is_said_the_same_of(
    files: Path, lines: dict[Path, dict[str, Any]], detector: oddspot.Detector
) -> None:
    paths = sorted(files.iterdir())
    assert len(paths) == len(lines) == 22
    verdicts = set()
    for path, found in zip(paths, detector.inspect_all(paths)):
        assert same(lines[path], found.finding), (path, lines[path], found.finding)
        assert np.float32(lines[path]["score"]).tobytes() == np.float32(found.score).tobytes()
        verdicts.add(found.verdict)
    assert {"good", "anomalous"} <= verdicts


def test_arrays_of_their_pixels_are_said_the_same_of(
    files: Path, lines: dict[Path, dict[str, Any]], detector: oddspot.Detector
) -> None:
    for path, line in lines.items():
        if path.suffix != ".jpg":  # Pillow rounds colours otherwise.
            with Image.open(path) as picture:
                assert same(line, detector.inspect(picture).finding), path


def test_the_command_reads_what_the_package_writes(model: Path) -> None:
    told = subprocess.run([command(), "inspect", str(model)], check=True, capture_output=True, text=True)
    assert "16" in told.stdout
    version = subprocess.run([command(), "--version"], check=True, capture_output=True, text=True)
    assert version.stdout.split() == ["oddspot", oddspot.__version__]


def test_warnings_have_the_words_of_the_command(tmp_path: Path) -> None:
    images = [np.hstack([board(seed)] * 4) for seed in range(5)] + [np.zeros((90, 480, 3), np.uint8)]
    for seed, image in enumerate(images):
        Image.fromarray(image).save(tmp_path / f"{seed}.png")
    words = ["train", str(tmp_path), "-o", str(tmp_path / "part.oddspot"), "--preset", "instant", "--image-size", "104"]
    ended = subprocess.run([command(), *words, "--no-audit"], capture_output=True, text=True, check=True)
    with pytest.warns(oddspot.OddspotWarning) as warned:
        oddspot.train(tmp_path, preset="instant", settings={"image_size": 104})
    assert len(warned) >= 4
    for one in warned:
        # Settings are spelled otherwise.
        said = str(one.message).partition("settings=")[0]
        assert said in ended.stdout + ended.stderr, said
