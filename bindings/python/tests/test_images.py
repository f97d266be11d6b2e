"""Every form of the same image is the same image, and what is none is refused by name."""

from __future__ import annotations

import errno
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import oddspot
import pytest
from conftest import QUICK, Array, board
from PIL import Image

IMAGE = board(200, lacks=True)


def same(one: oddspot.Result, other: oddspot.Result) -> bool:
    maps = all(np.array_equal(one.maps[name], other.maps[name]) for name in one.maps)
    return one.finding == other.finding and maps


def in_a_larger_one(image: Array) -> Any:
    larger = np.zeros((180, 240, 3), dtype=np.uint8)
    larger[::2, ::2] = image
    return larger[::2, ::2]


@pytest.mark.parametrize(
    "form",
    [
        np.asfortranarray,
        lambda image: image[::-1, ::-1].copy()[::-1, ::-1],
        lambda image: image[:, :, ::-1].copy()[:, :, ::-1],
        lambda image: image.transpose(1, 0, 2).copy().transpose(1, 0, 2),
        in_a_larger_one,
        lambda image: np.dstack([image, np.full(image.shape[:2], 255, np.uint8)]),
        lambda image: image.astype(np.uint16) * 257,
        lambda image: (image.astype(np.uint16) * 257).astype(">u2"),
        Image.fromarray,
        lambda image: Image.fromarray(image).convert("RGBA"),
    ],
    ids=["columns", "turned", "bgr", "transposed", "strided", "rgba", "deep", "big-endian", "pil", "pil-rgba"],
)
def test_every_form_of_an_image_is_judged_alike(detector: oddspot.Detector, form: Callable[[Array], Any]) -> None:
    assert same(detector.inspect(form(IMAGE), bit_depth=16), detector.inspect(IMAGE))


def test_files_and_their_bytes_are_judged_alike(detector: oddspot.Detector, tmp_path: Path) -> None:
    path = tmp_path / "board.png"
    Image.fromarray(IMAGE).save(path)
    expected = detector.inspect(IMAGE)
    content = path.read_bytes()
    for image in (path, str(path), content, bytearray(content), memoryview(content), io.BytesIO(content)):
        assert same(detector.inspect(image), expected)
    with Image.open(path) as opened:
        assert same(detector.inspect(opened), expected)


def test_grey_images_have_two_axes_or_three(detector: oddspot.Detector) -> None:
    grey = IMAGE[:, :, 0]
    as_colours = detector.inspect(np.dstack([grey] * 3))
    for image in (grey, grey[:, :, None], Image.fromarray(grey), grey.T.copy().T):
        assert same(detector.inspect(image), as_colours)


def test_a_turned_photo_is_judged_as_its_file(detector: oddspot.Detector, tmp_path: Path) -> None:
    path = tmp_path / "turned.png"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(IMAGE).save(path, exif=exif)
    of_file = detector.inspect(path)
    assert (of_file.width, of_file.height) == (90, 120)
    with Image.open(path) as opened:
        assert same(detector.inspect(opened), of_file)


def test_bits_that_nobody_told_are_guessed_with_a_warning(model: Path, refused: Callable[..., str]) -> None:
    # A camera of 12 bits, at a quarter of its light: as bright as the 10 bits that its samples seem to be.
    dark = IMAGE.astype(np.uint16) * 4
    own = oddspot.Detector.load(model, threads=2)
    with pytest.warns(oddspot.OddspotWarning, match="bit_depth=12") as warned:
        guessed = own.inspect(dark)
    assert warned[0].filename == __file__
    assert guessed.health.measures["brightness"] > 50
    # Once is enough.
    assert list(own.inspect_all([dark, dark])) == [guessed, guessed]
    told = own.inspect(dark, bit_depth=12)
    assert told.verdict == "untrusted" and told.health.measures["brightness"] < guessed.health.measures["brightness"] / 3
    assert own.settings["bit_depth"] == "auto"
    fresh = oddspot.Detector.load(model, threads=2)
    assert list(fresh.inspect_all([dark], bit_depth="12")) == [told]
    with pytest.warns(oddspot.OddspotWarning, match="guessed"):
        list(fresh.inspect_all([dark]))


def test_bits_that_are_told_stay_with_the_model(model: Path, tmp_path: Path, refused: Callable[..., str]) -> None:
    dark = IMAGE.astype(np.uint16) * 4
    told = oddspot.Detector.load(model, threads=2, bit_depth=12)
    assert told.settings["bit_depth"] == "12"
    result = told.inspect(dark)
    assert result.verdict == "untrusted"
    # Files of 8 bits stay what they were.
    assert told.inspect(IMAGE).finding == oddspot.Detector.load(model, threads=2).inspect(IMAGE).finding
    assert pickle.loads(pickle.dumps(told)).inspect(dark) == result
    told.save(tmp_path / "part.oddspot")
    assert oddspot.Detector.load(tmp_path / "part.oddspot").inspect(dark) == result
    assert oddspot.Detector.load(model, bit_depth="auto").inspect(dark).health != result.health
    for wrong in (7, 17, True, "deep", 2.5):
        said = refused(oddspot.InvalidError, oddspot.Detector.load, model, bit_depth=wrong)
        assert "bit_depth" in said, said
        assert "bit_depth" in refused(oddspot.InvalidError, told.inspect, dark, bit_depth=wrong)


def test_a_training_may_be_told_the_bits(good: list[Array]) -> None:
    settings = {**QUICK, "bit_depth": 12}
    own = oddspot.train([image.astype(np.uint16) * 4 for image in good], preset="instant", settings=settings)
    assert own.settings["bit_depth"] == "12"
    assert own.inspect(good[0].astype(np.uint16) * 16).verdict == "untrusted"


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "I;16", "I"])
def test_modes_of_pillow_are_judged_as_their_files(
    detector: oddspot.Detector, tmp_path: Path, mode: str
) -> None:
    path = tmp_path / "board.png"
    deep = IMAGE[:, :, 0].astype(np.uint16) * 16
    made = Image.fromarray(deep) if mode.startswith("I") else Image.fromarray(IMAGE).convert(mode)
    made.save(path)
    # Of 32 bits it is written as 16.
    given = made.convert("I") if mode == "I" else made
    bits = 12 if mode.startswith("I") else None
    assert same(detector.inspect(given, bit_depth=bits), detector.inspect(path, bit_depth=bits))


@pytest.mark.parametrize(
    ("mode", "clear"),
    [("1", 1), ("L", None), ("RGB", None), ("P", None), ("P", bytes(range(256))), ("I;16", 1600)],
)
def test_a_transparent_colour_is_judged_as_in_its_file(
    detector: oddspot.Detector, tmp_path: Path, mode: str, clear: Any
) -> None:
    deep = IMAGE[:, :, 0].astype(np.uint16) * 16
    deep[20:60, 20:60] = 1600
    made = Image.fromarray(deep) if mode == "I;16" else Image.fromarray(IMAGE // 64 * 64).convert(mode)
    path, opaque = tmp_path / "clear.png", tmp_path / "opaque.png"
    made.save(path, transparency=made.getpixel((0, 0)) if clear is None else clear)
    made.save(opaque)
    bits = 12 if mode == "I;16" else None
    of_file = detector.inspect(path, bit_depth=bits)
    assert not same(of_file, detector.inspect(opaque, bit_depth=bits))
    with Image.open(path) as opened:
        assert same(detector.inspect(opened, bit_depth=bits), of_file)


def test_a_pil_image_that_cannot_be_read_is_an_error_of_the_package(
    detector: oddspot.Detector, tmp_path: Path, refused: Callable[..., str]
) -> None:
    path = tmp_path / "half.png"
    Image.fromarray(IMAGE).save(path)
    closed = Image.open(path)
    closed.close()
    assert "half.png cannot be read: " in refused(oddspot.InvalidError, detector.inspect, closed)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Image.open(path) as half:
        assert "half.png cannot be read: " in refused(oddspot.InvalidError, detector.inspect, half)


def test_an_image_may_change_after_it_was_given(detector: oddspot.Detector) -> None:
    image = IMAGE.copy()
    found = detector.inspect(image)
    image[:] = 0
    assert same(found, detector.inspect(IMAGE))


FLOATS = IMAGE / 255.0
HOLES = np.where(FLOATS > 0.5, np.nan, FLOATS)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (IMAGE.transpose(2, 0, 1), ["[3, 90, 120]", "channels first", "transpose(1, 2, 0)"]),
        (IMAGE[None], ["[1, 90, 120, 3]", "batch", "inspect_all"]),
        (IMAGE[:, :, :2], ["[90, 120, 2]", "2 channels", "[h, w, 3]"]),
        (IMAGE[0, 0], ["[3]", "no image", "array.tobytes()"]),
        (np.ma.masked_array(IMAGE, IMAGE > 50), ["masked array", "image.filled(0)"]),
        ("", ["path is empty"]),
        (np.uint8(3)[...], ["[]", "no image"]),
        (IMAGE[:0], ["[0, 120, 3]", "no pixels"]),
        (FLOATS, ["float64", "from 0", "(image * 255).round().astype('uint8')"]),
        (FLOATS.astype(np.float32) * 255, ["float32", "image.round().astype('uint8')"]),
        (FLOATS - 1, ["float64", "0 to 255"]),
        (HOLES, ["float64", "NaN"]),
        (IMAGE > 9, ["bool", "astype('uint8') * 255"]),
        (IMAGE.astype(np.int64), ["int64", "astype('uint8')"]),
        (IMAGE.astype(np.int32) * 100000, ["int32", "0 to 65535"]),
        (IMAGE.astype(np.int16) - 300, ["int16", "from -"]),
        (IMAGE.astype(complex), ["complex128", "uint8 or uint16"]),
        (Image.fromarray(IMAGE).convert("CMYK"), ["mode CMYK", "convert('RGB')"]),
        (Image.fromarray(IMAGE[:, :, 0].astype(np.float32)), ["mode F"]),
        (Image.fromarray(IMAGE[:, :, 0].astype(np.int32) - 300), ["mode I", "from -"]),
    ],
)
def test_an_array_that_is_no_image_is_refused_with_what_to_do(
    detector: oddspot.Detector, refused: Callable[..., str], image: Any, said: list[str]
) -> None:
    text = refused(oddspot.InvalidError, detector.inspect, image)
    assert all(part in text for part in said), text


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (None, "imread gives None"),
        (7, "not a int"),
        ([[1, 2], [3, 4]], "numpy.asarray"),
        ({"a": 1}, "not a dict"),
    ],
)
def test_what_is_no_image_at_all_is_a_type_error(
    detector: oddspot.Detector, refused: Callable[..., str], image: Any, said: str
) -> None:
    assert said in refused(TypeError, detector.inspect, image)


def test_files_that_cannot_be_used_raise_by_their_kind(
    detector: oddspot.Detector, tmp_path: Path, refused: Callable[..., str]
) -> None:
    missing = tmp_path / "missing.png"
    with pytest.raises(oddspot.NotFoundError) as raised:
        detector.inspect(missing)
    assert raised.value.path == missing
    again = pickle.loads(pickle.dumps(raised.value))
    for error in (raised.value, again):
        assert (error.errno, error.filename) == (errno.ENOENT, str(missing)) and str(missing) in str(error)
    assert isinstance(raised.value, (oddspot.OddspotError, FileNotFoundError))
    path = tmp_path / "text.png"
    path.write_text("no image")
    assert "text.png" in refused(oddspot.OddspotError, detector.inspect, path)
    assert "(memory)" in refused(oddspot.OddspotError, detector.inspect, b"no image")
    assert "folder" in refused(oddspot.OddspotError, detector.inspect, tmp_path)
    large = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (2, 40_000), (0, 0))
    assert "30000 on a side" in refused(oddspot.TooLargeError, detector.inspect, large)
    assert "30000 on a side" in refused(oddspot.TooLargeError, oddspot.train, [large, IMAGE], preset="instant")
    # More than there is memory for: it is refused before it is copied.
    huge = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint16), (2_000_000, 2_000_000, 3), (0, 0, 0))
    assert "2000000x2000000" in refused(oddspot.TooLargeError, detector.inspect, huge)
