"""Training."""

from __future__ import annotations

import os
from collections.abc import Mapping

from . import _oddspot
from ._images import Images
from ._oddspot import Detector
from ._progress import Tell
from ._settings import Preset, Setting, count_of_threads, path_of, texts


def train(
    good: Images,
    output: str | os.PathLike[str] | None = None,
    *,
    preset: Preset | None = None,
    settings: Mapping[str, Setting] | None = None,
    mask: str | os.PathLike[str] | None = None,
    region: str | os.PathLike[str] | None = None,
    threads: int = 0,
    resume: bool = False,
    restart: bool = False,
    replace: bool = False,
    teacher_inside: bool = True,
    progress: Tell | None = None,
) -> Detector:
    """Learns from good images, writes the model, and gives it ready to judge.

    - `good`: a folder, a data set of which the good training images are taken, or images one by one: paths, bytes, PIL
      images, arrays `[h, w]` or `[h, w, 3]`. Images that show the same pixels count once.
    - `output`: the model's file. Without it the model is in memory alone, and a training that is stopped is lost.
    - `preset`: "default", "instant" (seconds), "compact" or "paper".
    - `settings`: others by their names, as `{"training.iterations": 500, "image_size": "320x256"}`.
    - `mask`, `region`: which part of images is inspected, as files of `oddspot train --mask` and `--region`.
    - `threads`: 0 for as many as there are cores.
    - `resume`: goes on from the checkpoint `OUTPUT.checkpoint` of a training that was stopped, begins where there is none,
      and gives the finished model if it is of the same images and settings: the same call can be repeated. `restart` starts
      again.
    - `replace`: puts the new model in the place of one that is there, which is kept as `OUTPUT.bak`.
    - `progress`: is told how far it is some times a second, as `print`. What it raises stops the training.

    A first model, of the closed-form terms alone, lies at `output` within seconds. Ctrl-C raises `KeyboardInterrupt` once
    the checkpoint is written. Nothing is ever half-written. What somebody should know of the images or of the thresholds is
    an `OddspotWarning`. Raises `InvalidError` for settings and images that cannot be used, `MismatchError` where a file would
    be lost or a checkpoint or a finished model is another training's, `DivergedError` at a loss that is not finite.
    """
    if not isinstance(preset, (str, type(None))):
        raise TypeError(f"a preset is a name, as 'instant', not a {type(preset).__name__}")
    asked = {
        "preset": preset,
        "settings": texts(settings),
        "output": path_of("output", output),
        "mask": path_of("mask", mask),
        "region": path_of("region", region),
        "resume": resume,
        "restart": restart,
        "replace": replace,
        "teacher_inside": teacher_inside,
        "threads": count_of_threads(threads),
    }
    return _oddspot.train(good, asked, progress)
