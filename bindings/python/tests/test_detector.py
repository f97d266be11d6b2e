"""A detector: what it says, of one image and of many, in threads, in forked processes and out of pickles."""

from __future__ import annotations

import copy
import gc
import json
import multiprocessing
import os
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import oddspot
import pytest
from conftest import Array, board
from PIL import Image

ODD = board(300, lacks=True)
USUAL = board(301)


def test_a_result_says_what_is_odd_and_where(detector: oddspot.Detector) -> None:
    found = detector.inspect(ODD)
    assert found.verdict == "anomalous" and found.is_anomalous and not found.is_good
    assert found.score > found.thresholds.anomalous >= found.thresholds.check
    assert found.thresholds == detector.thresholds
    assert found.reason is not None and "%" in found.reason
    assert (found.width, found.height) == (120, 90)
    first = found.regions[0]
    # The part that is missing has its middle at column 68 and row 53.
    assert first.left < 68 < first.left + first.width and first.top < 53 < first.top + first.height
    assert first.peak == pytest.approx(found.score)
    assert found.health.is_trusted and found.health.measures["light"] == pytest.approx(0, abs=20)
    assert sum(found.shares.values()) == pytest.approx(1)
    assert "ANOMALOUS" in repr(found) and json.loads(found.json())["verdict"] == "anomalous"
    usual = detector.inspect(USUAL)
    assert usual.verdict == "good" and usual.is_good and usual.reason is None and not usual.regions


def test_maps_are_arrays_whose_sum_is_the_map(detector: oddspot.Detector) -> None:
    found = detector.inspect(ODD)
    total = found.maps["total"]
    assert total.dtype == np.float32 and total.shape == (104, 104)
    terms = [map for name, map in found.maps.items() if name != "total"]
    assert len(terms) >= 1
    np.testing.assert_allclose(sum(terms), total, rtol=1e-4, atol=1e-4)
    assert float(total.max()) == found.score
    assert found.mask is None
    full = detector.inspect(ODD, full_size=True)
    assert full.maps["total"].shape == (90, 120) and full.mask is not None
    assert full.mask.dtype == np.bool_ and full.mask[53, 68] and not full.mask[5, 5]


@pytest.mark.parametrize("side", [(90, 120), (333, 500), (31, 40)])
def test_a_mask_has_as_many_pixels_as_the_regions(detector: oddspot.Detector, side: tuple[int, int]) -> None:
    odd = board(200, lacks=True)
    odd[10:14, 80:110] = 250
    image = np.asarray(Image.fromarray(odd).resize(side[::-1]))
    full = detector.inspect(image, full_size=True)
    assert full.mask is not None and full.mask.shape == side and full.regions
    assert full.mask.sum() == sum(region.area for region in full.regions)
    left = full.mask.copy()
    for region in full.regions:
        left[region.top : region.top + region.height, region.left : region.left + region.width] = False
    assert not left.any()


def test_a_folder_without_images_is_no_quiet_shift(
    detector: oddspot.Detector, tmp_path: Path, refused: Callable[..., str]
) -> None:
    (tmp_path / "camera").mkdir()
    (tmp_path / "camera" / "notes.txt").write_text("nothing to see")
    for folder in (tmp_path / "camera", str(tmp_path / "camera")):
        assert "there is no image to judge in it" in refused(oddspot.NotFoundError, detector.inspect_all, folder)
    assert refused(oddspot.NotFoundError, detector.inspect_all, tmp_path / "unmounted")
    assert list(detector.inspect_all([])) == []


def test_maps_outlive_what_they_came_from(model: Path) -> None:
    detector = oddspot.Detector.load(model, threads=1)
    total = detector.inspect(ODD).maps["total"]
    before = total.copy()
    del detector
    gc.collect()
    total += 0  # It may be written to.
    assert np.array_equal(total, before)


def test_a_model_is_loaded_from_its_path_or_its_bytes(
    detector: oddspot.Detector, model: Path, refused: Callable[..., str], tmp_path: Path
) -> None:
    expected = detector.inspect(ODD).finding
    content = model.read_bytes()
    for given in (model, str(model), content, bytearray(content), memoryview(content)):
        assert oddspot.Detector.load(given, threads=1).inspect(ODD).finding == expected
    assert detector.to_bytes() == content
    assert refused(oddspot.NotFoundError, oddspot.Detector.load, tmp_path / "none.oddspot")
    assert "(from memory)" in refused(oddspot.OddspotError, oddspot.Detector.load, content[:-9])
    assert refused(oddspot.OddspotError, oddspot.Detector.load, b"")
    assert "not a int" in refused(TypeError, oddspot.Detector.load, 3)
    with pytest.raises(oddspot.InvalidError, match="threads=-1: give a whole number"):
        oddspot.Detector.load(model, threads=-1)
    for threads in (2.5, True, "2", 2**40):
        with pytest.raises(oddspot.InvalidError, match="give a whole number, 0 for as many as there are cores"):
            oddspot.Detector.load(model, threads=threads)  # type: ignore[arg-type]


def test_a_model_of_another_version_is_refused_with_that(model: Path, refused: Callable[..., str]) -> None:
    content = model.read_bytes()
    # The version stands in the header as text; one that is not written yet.
    later = content.replace(b'"format\\":6', b'"format\\":7')
    if later == content:
        later = content.replace(b'"version\\":6', b'"version\\":7')
    assert later != content
    assert refused(oddspot.MismatchError, oddspot.Detector.load, later)


def test_what_it_is_can_be_asked(detector: oddspot.Detector) -> None:
    assert detector.threads == 2
    assert detector.settings["image_size"] == "104" and detector.settings["method"] == "instant"
    assert len(detector.good_images) == 16
    assert "16 good images" in repr(detector)


def test_many_images_are_told_of_in_their_order(detector: oddspot.Detector) -> None:
    images = [board(seed, lacks=seed % 3 == 0) for seed in range(400, 425)]
    found = list(detector.inspect_all(images))
    assert [one.finding for one in found] == [detector.inspect(image).finding for image in images]
    assert list(detector.inspect_all([])) == []
    whole = np.stack(images[:3])
    assert len(list(detector.inspect_all(whole))) == 3


def test_images_are_taken_as_they_are_needed(detector: oddspot.Detector) -> None:
    taken = 0

    def images() -> Iterator[Array]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield USUAL

    for told, _ in enumerate(detector.inspect_all(images()), start=1):
        assert taken - told < 4 * detector.threads
        if told == 40:
            break
    assert taken < 60


def test_an_image_that_cannot_be_used_ends_nothing(detector: oddspot.Detector) -> None:
    images = [USUAL, "no/such.png", ODD, 3, USUAL.astype(float), USUAL]
    found = list(detector.inspect_all(images, return_exceptions=True))
    kinds = [type(one) for one in found]
    assert kinds == [
        oddspot.Result,
        oddspot.NotFoundError,
        oddspot.Result,
        TypeError,
        oddspot.InvalidError,
        oddspot.Result,
    ]
    inspections = detector.inspect_all(images)
    assert next(inspections).verdict == "good"
    with pytest.raises(oddspot.NotFoundError):
        next(inspections)
    assert next(inspections).verdict == "anomalous"


def test_what_the_images_own_iterator_raises_comes_in_its_turn(detector: oddspot.Detector) -> None:
    def images() -> Iterator[Array]:
        yield USUAL
        yield ODD
        raise KeyError("camera")

    found = []
    with pytest.raises(KeyError, match="camera"):
        for one in detector.inspect_all(images()):
            found.append(one.verdict)
    assert found == ["good", "anomalous"]


def test_one_may_judge_while_others_are_judged(detector: oddspot.Detector) -> None:
    for one in detector.inspect_all([USUAL] * 12):
        assert detector.inspect(ODD).verdict == "anomalous" and one.verdict == "good"
    both = zip(detector.inspect_all([USUAL] * 9), detector.inspect_all([ODD] * 9))
    assert [(one.verdict, other.verdict) for one, other in both] == [("good", "anomalous")] * 9


def test_an_iterator_that_takes_from_itself_is_refused(detector: oddspot.Detector) -> None:
    def images() -> Iterator[Array]:
        next(inspections)
        yield USUAL

    inspections = detector.inspect_all(images())
    with pytest.raises(oddspot.MismatchError, match="inspect_all of its own"):
        next(inspections)


def test_a_folder_is_judged_image_by_image(detector: oddspot.Detector, folder: Path) -> None:
    verdicts = [one.verdict for one in detector.inspect_all(folder / "test")]
    assert len(verdicts) == 12 and verdicts[6:] == ["anomalous"] * 6
    paths = sorted(str(path) for path in (folder / "test").rglob("*.png"))
    for given in (np.array(paths), np.array(paths, dtype=object)):
        assert [one.verdict for one in detector.inspect_all(given)] == verdicts
    with pytest.raises(TypeError, match="one image was given"):
        detector.inspect_all(b"bytes")
    with pytest.raises(oddspot.InvalidError, match="one image where several"):
        detector.inspect_all(USUAL)


def test_threads_share_a_detector_and_the_lock_is_let_go(detector: oddspot.Detector) -> None:
    expected = detector.inspect(ODD).finding
    found: list[object] = []

    def judge() -> None:
        found.extend(detector.inspect(ODD).finding for _ in range(5))

    threads = [threading.Thread(target=judge) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 20
    # While one thread judges large images, this one goes on.
    large = np.tile(USUAL, (30, 30, 1))
    thread = threading.Thread(target=lambda: [detector.inspect(large) for _ in range(4)])
    thread.start()
    turns = 0
    while thread.is_alive():
        turns += 1
        time.sleep(0.001)
    assert turns > 20


def test_a_pickle_is_the_same_detector(detector: oddspot.Detector) -> None:
    for again in (pickle.loads(pickle.dumps(detector)), copy.deepcopy(detector)):
        assert again.threads == detector.threads
        assert again.inspect(ODD).finding == detector.inspect(ODD).finding
    found = detector.inspect(ODD)
    again = pickle.loads(pickle.dumps(found))
    assert again == found and again.finding == found.finding


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_judges_on_threads_of_its_own(detector: oddspot.Detector) -> None:
    expected = detector.inspect(ODD).finding
    inspections = detector.inspect_all([USUAL] * 20)
    next(inspections)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        # The detector is in the memory that was forked, not in a pickle.
        global HELD
        HELD = (detector, inspections)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(judge_held, [ODD] * 6).get(120) == [expected] * 6
        assert "call inspect_all here" in pool.apply_async(go_on_held).get(120)
    # And here all goes on.
    assert next(inspections).verdict == "good"
    assert detector.inspect(ODD).finding == expected


HELD: tuple[oddspot.Detector, Iterator[oddspot.Result]]


def judge_held(image: Array) -> object:
    return HELD[0].inspect(image).finding


def go_on_held() -> str:
    try:
        next(HELD[1])
    except oddspot.MismatchError as refusal:
        return str(refusal)
    return "it went on"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_model_is_saved_once_and_kept_when_it_is_replaced(
    own: oddspot.Detector, tmp_path: Path, refused: Callable[..., str]
) -> None:
    path = tmp_path / "part.oddspot"
    assert own.save(path) is None
    content = path.read_bytes()
    assert "replace=True" in refused(oddspot.MismatchError, own.save, path)
    assert own.save(path, replace=True) is None  # The same, so nothing is to be kept.
    own.extend([board(seed) for seed in range(20, 24)])
    assert own.save(path, replace=True) == tmp_path / "part.oddspot.bak"
    assert (tmp_path / "part.oddspot.bak").read_bytes() == content
    assert path.read_bytes() != content
    assert refused(oddspot.OddspotError, own.save, tmp_path / "none" / "part.oddspot")
    assert sorted(os.listdir(tmp_path)) == ["part.oddspot", "part.oddspot.bak"]
