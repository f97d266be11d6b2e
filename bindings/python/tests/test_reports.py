"""Models measured, calibrated and extended, and good images looked through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import oddspot
import pytest
from conftest import Array, board


def test_a_model_is_measured_on_labelled_images(model: Path, folder: Path) -> None:
    # It has learned from arrays: those of train/good.
    told: list[str] = []
    found = oddspot.evaluate(model, folder, progress=lambda progress: told.append(progress.phase))
    assert found.image_auc == 1.0 and found.pixel_auc is not None and found.pixel_auc > 0.9
    assert found.verdicts.missed == oddspot.Count(0, 6) and found.verdicts.missed.share == 0
    assert found.verdicts.false_alarms.of == 6
    assert len(found.report["images"]) == 12 and not found.left_out
    assert "judging" in told and "measuring" in told
    assert "image AUC 100.0 %" in repr(found) and "missing" in str(found)


def test_an_image_that_cannot_be_read_is_left_out_with_a_warning(
    detector: oddspot.Detector, folder: Path, tmp_path: Path
) -> None:
    rows = ["path,split,label"]
    for path in sorted((folder / "test").rglob("*.png")):
        rows.append(f"{path},test,{path.parent.name}")
    (tmp_path / "broken.png").write_bytes(b"no image")
    rows.append("broken.png,test,good")
    manifest = tmp_path / "parts.csv"
    manifest.write_text("\n".join(rows) + "\n")
    with pytest.warns(UserWarning, match="broken.png"):
        found = oddspot.evaluate(detector, manifest)
    assert len(found.left_out) == 1 and len(found.report["images"]) == 12


def test_what_cannot_be_measured_is_refused(
    detector: oddspot.Detector, folder: Path, refused: Callable[..., str]
) -> None:
    assert "test images" in refused(oddspot.OddspotError, oddspot.evaluate, detector, folder / "train" / "good")
    own = oddspot.train(folder / "test" / "good", preset="instant", settings={"image_size": 104})
    assert "seen" in refused(oddspot.OddspotError, oddspot.evaluate, own, folder)
    # The same pictures as arrays, known by their pixels.
    arrays = [board(seed) for seed in range(100, 106)]
    own = oddspot.train(arrays, preset="instant", settings={"image_size": 104})
    said = refused(oddspot.OddspotError, oddspot.evaluate, own, folder)
    assert "seen" in said and "100.png" in said and "missing" not in said


def test_files_of_arrays_that_were_learned_from_are_left_out(own: oddspot.Detector, folder: Path) -> None:
    learned = sorted((folder / "train/good").iterdir())
    with pytest.raises(oddspot.OddspotError, match="two are the least"):
        own.calibrate(learned)
    new = [board(seed) for seed in range(600, 603)]
    found = own.extend([*learned, *new])
    assert (found.new, found.known) == (3, 16)


def test_thresholds_are_set_anew_by_good_images(own: oddspot.Detector, tmp_path: Path) -> None:
    before = own.thresholds
    good = [board(seed) for seed in range(500, 512)]
    bad = [board(seed, lacks=True) for seed in range(520, 525)]
    found = own.calibrate(good, bad, false_alarm_rate=0.2)
    assert found.before == before and found.thresholds == own.thresholds != before
    assert found.verdicts.missed == oddspot.Count(0, 5) and found.verdicts.false_alarms.of == 12
    assert own.inspect(bad[0]).thresholds == own.thresholds
    path = tmp_path / "part.oddspot"
    own.save(path)
    assert oddspot.Detector.load(path).thresholds == own.thresholds


def test_the_rates_that_were_set_stay_in_force(own: oddspot.Detector, tmp_path: Path) -> None:
    assert own.rates == (0.03, 0.05) == (float(own.settings["detection.false_alarm_rate"]), 0.05)
    good = [board(seed) for seed in range(500, 540)]
    found = own.calibrate(good, false_alarm_rate=0.1)
    assert found.before_rates == (0.03, 0.05)
    # More may be anomalous than was to be looked at: that follows.
    assert found.rates == own.rates and found.rates.false_alarm == 0.1 and found.rates.check == pytest.approx(1 / 6)
    assert found.thresholds.check < found.thresholds.anomalous
    assert own.settings["detection.false_alarm_rate"] == "0.1"
    own.save(tmp_path / "part.oddspot")
    again = oddspot.Detector.load(tmp_path / "part.oddspot")
    assert again.rates == own.rates and again.settings == own.settings
    extended = again.extend([board(seed) for seed in range(600, 606)])
    assert extended.rates == again.rates == own.rates
    assert extended.before == own.thresholds and extended.thresholds == again.thresholds
    assert own.calibrate(good, false_alarm_rate=0.1, check_rate=0.1).rates == (0.1, 0.1)
    for rates in ({"false_alarm_rate": 0.1, "check_rate": 0.05}, {"check_rate": 0.05}):
        with pytest.raises(oddspot.InvalidError, match="below their rate of 0.1"):
            own.calibrate(good, **rates)


def test_bad_images_are_given_as_good_ones_are(own: oddspot.Detector, folder: Path) -> None:
    good = [board(seed) for seed in range(500, 512)]
    bad = [board(seed, lacks=True) for seed in range(520, 525)]
    for given in (bad, np.stack(bad), [folder / "test/missing"], folder, folder / "test/missing"):
        missed = own.calibrate(good, given, false_alarm_rate=0.2).verdicts.missed
        assert missed.of == (6 if given is not bad and not isinstance(given, np.ndarray) else 5)
    before = own.to_bytes()
    with pytest.raises(oddspot.InvalidError, match="one image where several"):
        own.calibrate(good, bad[0])
    with pytest.raises(TypeError, match="one image was given"):
        own.calibrate(good, b"bytes")
    assert own.to_bytes() == before


def test_good_images_of_another_part_are_refused(own: oddspot.Detector) -> None:
    before = own.to_bytes()
    others = [255 - board(seed) for seed in range(6)]
    for change in (own.calibrate, own.extend):
        with pytest.raises(oddspot.MismatchError, match="force=True"):
            change(others)
        assert own.to_bytes() == before
    with pytest.raises(oddspot.InvalidError, match="0.03"):
        own.calibrate(others, false_alarm_rate=3)
    with pytest.raises(oddspot.OddspotError, match="two are the least"):
        own.calibrate([board(900)])
    with pytest.warns(UserWarning):
        own.calibrate(others, force=True)
    assert own.to_bytes() != before


def test_more_good_images_are_learned_in_seconds(own: oddspot.Detector, good: list[Array]) -> None:
    found = own.extend([*(board(seed) for seed in range(600, 606)), good[0]])
    assert (found.new, found.known) == (6, 1)
    assert found.thresholds == own.thresholds
    assert len(own.good_images) == 22
    assert own.inspect(board(610, lacks=True)).is_anomalous
    with pytest.raises(oddspot.OddspotError, match="does not know already"):
        own.extend(good)


def test_good_images_are_looked_through(good: list[Array]) -> None:
    images = [*good, board(700, lacks=True), good[3].copy()]
    found = oddspot.audit(images, settings={"image_size": 104})
    assert found.suspicious[0].name == "000016"
    assert found.images[0].name == "000016" and found.images[0].peak is not None
    exact = [twins for twins in found.twins if twins.are_exact]
    assert [set(twins.names) for twins in exact] == [{"000003", "000017"}]
    assert "18 images" in repr(found)


def test_an_audit_names_what_cannot_be_used(good: list[Array], tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    found = oddspot.audit([*good, broken], settings={"image_size": 104})
    assert list(found.unusable) == [str(broken)] and len(found.images) == 16
    missing = tmp_path / "missing.png"
    found = oddspot.audit([*good, missing], settings={"image_size": 104})
    assert list(found.unusable) == [str(missing)] and "o such file" in found.unusable[str(missing)]
