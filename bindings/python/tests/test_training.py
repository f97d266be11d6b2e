"""Training: from every form of images, told of as it goes on, stopped and gone on with, and never half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import oddspot
import pytest
from conftest import QUICK, Array, board
from PIL import Image

#: Networks that learn next to nothing, in seconds.
SMALL = {
    **QUICK,
    "training.iterations": 60,
    "training.checkpoint_every": 10,
    "student.widths": [8, 8, 8, 8],
    "training.folds": 1,
}


def test_images_of_every_form_make_the_same_model(good: list[Array], tmp_path: Path) -> None:
    paths = []
    for seed, image in enumerate(good):
        paths.append(tmp_path / f"{seed:06}.png")
        Image.fromarray(image).save(paths[-1])
    asked = {"preset": "instant", "settings": QUICK}
    models = [
        oddspot.train(images, **asked)
        for images in (tmp_path, paths, [path.read_bytes() for path in paths], np.stack(good), iter(good))
    ]
    expected = models[0].inspect(good[0])
    for model in models[1:]:
        # Which are held out follows from their names: those of the folder alone are others.
        assert len(model.good_images) == len(models[0].good_images)
    assert models[3].to_bytes() == models[4].to_bytes()
    assert models[0].inspect(good[0]).finding == expected.finding


def test_deep_images_are_read_by_the_bits_in_use(tmp_path: Path) -> None:
    deep = [board(seed)[:, :, 0].astype(np.uint16) * 16 for seed in range(8)]
    for seed, image in enumerate(deep):
        Image.fromarray(image).save(tmp_path / f"{seed:06}.png")
    of_arrays = oddspot.train(deep, preset="instant", settings=QUICK)
    of_files = oddspot.train(tmp_path, preset="instant", settings=QUICK)
    assert of_arrays.settings["bit_depth"] == of_files.settings["bit_depth"] == "12"


def test_progress_is_told_on_the_callers_thread(good: list[Array]) -> None:
    told: list[oddspot.Progress] = []

    def tell(progress: oddspot.Progress) -> None:
        assert threading.current_thread() is threading.main_thread()
        told.append(progress)

    oddspot.train(good, settings=SMALL, progress=tell)
    phases = [one.phase for one in told]
    assert "preparing" in phases and "training" in phases and "scoring good images" in phases
    last = [one for one in told if one.phase == "training"][-1]
    assert last.done == last.total == 60 and last.numbers["loss"] > 0
    assert str(last).startswith("training: 60 of 60, loss ")


def test_what_a_callback_raises_stops_it_and_its_checkpoint_goes_on(good: list[Array], tmp_path: Path) -> None:
    output = tmp_path / "part.oddspot"

    def stop(progress: oddspot.Progress) -> None:
        if progress.phase == "training":
            raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        oddspot.train(good, output, settings=SMALL, progress=stop)
    assert sorted(os.listdir(tmp_path)) == ["part.oddspot", "part.oddspot.checkpoint"]
    with pytest.raises(oddspot.MismatchError, match="resume=True"):
        oddspot.train(good, output, settings=SMALL)
    with pytest.raises(oddspot.MismatchError, match="belongs to another training"):
        oddspot.train(good, output, settings={**SMALL, "training.seed": 7}, resume=True)
    begins: list[int] = []

    def note(progress: oddspot.Progress) -> None:
        if progress.phase == "training":
            begins.append(progress.done)

    gone_on = oddspot.train(good, output, resume=True, progress=note)
    assert begins[0] > 1
    assert os.listdir(tmp_path) == ["part.oddspot"]
    whole = oddspot.train(good, settings=SMALL)
    assert gone_on.to_bytes() == whole.to_bytes() == output.read_bytes()


INTERRUPTED = """
import sys
sys.path.insert(0, {tests!r})
import oddspot
from conftest import board
def tell(progress):
    if progress.phase == "training":
        print("training", flush=True)
settings = {settings!r}
try:
    oddspot.train([board(seed) for seed in range(8)], {output!r}, settings=settings, progress=tell)
except KeyboardInterrupt as stopped:
    print(stopped, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are sent otherwise")
def test_ctrl_c_keeps_the_checkpoint(tmp_path: Path) -> None:
    output = str(tmp_path / "part.oddspot")
    settings = {**SMALL, "training.iterations": 100_000}
    tests = str(Path(__file__).parent)
    script = INTERRUPTED.format(tests=tests, output=output, settings=settings)
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "training\n"
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[0]
    assert "the checkpoint is" in said and "resume=True" in said, said
    assert "part.oddspot is the model that was written first" in said
    assert process.returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["part.oddspot", "part.oddspot.checkpoint"]
    # It has the closed-form terms, and judges.
    first = oddspot.Detector.load(output)
    assert first.settings["method"] == "instant" and first.inspect(board(300, lacks=True)).is_anomalous
    # Before there is a checkpoint, the same call replaces it.
    os.remove(output + ".checkpoint")
    images = [board(seed) for seed in range(8)]
    oddspot.train(images, output, settings=SMALL)
    assert os.listdir(tmp_path) == ["part.oddspot"]


def test_one_call_begins_goes_on_and_is_finished(good: list[Array], tmp_path: Path) -> None:
    output = tmp_path / "part.oddspot"
    phases: list[str] = []

    def call(images: object = good, **asked: object) -> oddspot.Detector:
        asked = {"settings": SMALL, "resume": True, "progress": lambda progress: phases.append(progress.phase), **asked}
        return oddspot.train(images, output, **asked)  # type: ignore[arg-type]

    first = call().to_bytes()
    assert "training" in phases and output.read_bytes() == first
    written = output.stat().st_mtime_ns
    phases.clear()
    assert call().to_bytes() == call(settings=None).to_bytes() == first
    assert "training" not in phases and output.stat().st_mtime_ns == written
    for asked, said in [
        ({"settings": {**SMALL, "training.seed": 7}}, "training.seed is 7, not 0"),
        ({"images": good[:-1]}, "the training images differ"),
        ({"images": [*good, board(77)]}, "the training images differ"),
    ]:
        with pytest.raises(oddspot.MismatchError, match=f"of another training: .*{said}"):
            call(**asked)
    mask = np.full((90, 120), 255, np.uint8)
    mask[:30] = 0
    Image.fromarray(mask).save(tmp_path / "mask.png")
    with pytest.raises(oddspot.MismatchError, match="the region that is inspected is another"):
        call(mask=tmp_path / "mask.png")
    assert output.stat().st_mtime_ns == written
    # What was set since is kept.
    own = oddspot.Detector.load(output)
    own.calibrate([board(seed) for seed in range(400, 410)], false_alarm_rate=0.1)
    own.save(output, replace=True)
    assert call().rates == own.rates
    assert call(good[:-1], replace=True).to_bytes() == output.read_bytes() != first


def test_what_somebody_should_know_is_a_warning() -> None:
    with pytest.warns(oddspot.OddspotWarning) as warned:
        oddspot.train([board(0), board(1), np.zeros((90, 120, 3), np.uint8)], preset="instant", settings=QUICK)
    said = [str(one.message) for one in warned]
    assert {one.filename for one in warned} == {__file__}
    for part in ("1 of 3 good images show a single colour", "from so few images that is a guess", "33 would do without"):
        assert any(part in one for one in said), said
    wide = [np.hstack([board(seed)] * 4) for seed in range(8)]
    with pytest.warns(oddspot.OddspotWarning, match=r"are resized from 480x90 .* settings=\{'image_size': '"):
        oddspot.train(wide, preset="instant", settings=QUICK)
    with pytest.raises(oddspot.OddspotWarning, match="single colour"), warnings.catch_warnings():
        warnings.simplefilter("error")
        oddspot.train([board(0), np.zeros((90, 120, 3), np.uint8)], preset="instant", settings=QUICK)


def test_a_model_that_is_there_is_not_lost(good: list[Array], tmp_path: Path) -> None:
    output = tmp_path / "part.oddspot"
    first = oddspot.train(good, output, preset="instant", settings=QUICK)
    assert output.read_bytes() == first.to_bytes()
    with pytest.raises(oddspot.MismatchError, match="replace=True"):
        oddspot.train(good, output, preset="instant", settings=QUICK)
    second = oddspot.train(good[:12], output, preset="instant", settings=QUICK, replace=True)
    assert output.read_bytes() == second.to_bytes() != first.to_bytes()
    assert (tmp_path / "part.oddspot.bak").read_bytes() == first.to_bytes()


def test_what_cannot_be_learned_from_is_refused(
    good: list[Array], tmp_path: Path, refused: Callable[..., str]
) -> None:
    quick = {"preset": "instant"}
    assert "no good image" in refused(oddspot.InvalidError, oddspot.train, [], **quick)
    assert refused(oddspot.OddspotError, oddspot.train, good[:1], **quick)
    assert refused(oddspot.NotFoundError, oddspot.train, tmp_path / "none", **quick)
    assert "one image where several" in refused(oddspot.InvalidError, oddspot.train, good[0], **quick)
    assert "channels first" in refused(
        oddspot.InvalidError, oddspot.train, [image.transpose(2, 0, 1) for image in good], **quick
    )
    assert "no/such.png" in refused(oddspot.OddspotError, oddspot.train, [good[0], "no/such.png"], **quick)
    # By its place, and all of them at once.
    said = refused(oddspot.InvalidError, oddspot.train, [*good[:5], good[5] / 255.0, good[6]], **quick)
    assert said.startswith("image 5: an array of float64"), said
    mixed = [good[0], "no/such.png", b"", good[1], None]
    for call in (oddspot.train, oddspot.audit):
        said = refused(oddspot.OddspotError, call, mixed)
        assert said.startswith("3 images cannot be used:\n  image 1: "), said
        assert all(one in said for one in ("no/such.png", "\n  image 2: ", "\n  image 4: an image is a path")), said
    said = refused(oddspot.InvalidError, oddspot.train, [good[0] / 255.0] * 12, **quick)
    assert "12 images cannot be used" in said and said.endswith("\n  and 2 more"), said
    assert "path is empty" in refused(oddspot.InvalidError, oddspot.train, "", **quick)
    # All of them at once.
    with tempfile.TemporaryDirectory() as folder:
        broken = [Path(folder) / f"{number}.png" for number in range(3)]
        for path in broken[:2]:
            path.write_bytes(b"no image")
        for images, named in (([*good, *broken], broken), ([*good, folder], broken[:2])):
            said = refused(oddspot.OddspotError, oddspot.train, images, **quick)
            assert all(path.name in said for path in named), said
        # Links to nowhere among them, whatever they are called, in a folder and one by one.
        links = [Path(folder) / "link.png", Path(folder) / "link"]
        for link in links:
            link.symlink_to("nowhere")
        for train in (oddspot.train, oddspot.audit):
            for images in (folder, [*broken[:2], *links]):
                said = refused(oddspot.OddspotError, train, images, **(quick if train is oddspot.train else {}))
                assert all(path.name in said for path in (*broken[:2], *links)), said
        named = [*broken, *links]
        said = refused(oddspot.OddspotError, oddspot.train, [*good, folder, broken[2]], **quick)
        assert "5 of its images cannot be used" in said and all(path.name in said for path in named), said
    said = refused(oddspot.InvalidError, oddspot.train, good, settings={"training.batch": 0})
    assert "training.batch" in said
    assert "no setting colour" in refused(oddspot.InvalidError, oddspot.train, good, settings={"colour": 1})
    said = refused(oddspot.InvalidError, oddspot.train, good, settings={"image_sise": 104})
    assert said == "bad settings: there is no setting image_sise; was image_size meant?"
    for wrong in (b"part.oddspot", 3):
        assert "output is the path of a file" in refused(TypeError, oddspot.train, good, wrong)
    assert "instant" in refused(oddspot.InvalidError, oddspot.train, good, preset="quick")
    assert "the setting tile is a text" in refused(TypeError, oddspot.train, good, settings={"tile": None})
    assert "mapping" in refused(TypeError, oddspot.train, good, settings=["tile"])
    assert "not a int" in refused(TypeError, oddspot.train, good, preset=3)
    assert "show the same pixels, all of them" in refused(oddspot.InvalidError, oddspot.train, good[:1] * 5, **quick)
    assert oddspot.train(good, **quick, settings={"image_size": (104, 96)}).settings["image_size"] == "104x96"
    for threads in (-1, 2.5, True):
        assert "whole number" in refused(oddspot.InvalidError, oddspot.train, good, threads=threads)
    assert "folder" in refused(oddspot.InvalidError, oddspot.train, good, tmp_path)
    assert refused(oddspot.OddspotError, oddspot.train, good, tmp_path / "none" / "a", **quick)
    assert os.listdir(tmp_path) == []


def test_settings_of_presets_are_told() -> None:
    assert oddspot.settings()["training.iterations"] == "2500"
    assert oddspot.settings("instant")["method"] == "instant"
    with pytest.raises(oddspot.InvalidError):
        oddspot.settings("none")  # type: ignore[arg-type]
