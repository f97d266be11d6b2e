"""What counts as an image, and the refusal of all else, by name."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from ._errors import InvalidError, OddspotError

Image = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, npt.NDArray[Any], Any]
"""An image: its path, the bytes of its file (`io.BytesIO` too), a `PIL.Image.Image`, or an array `[h, w]`, `[h, w, 1]`, `[h, w, 3]` (RGB)
or `[h, w, 4]` (RGBA) of `uint8` or `uint16`, of any strides."""

BitDepth = Union[int, str]
"""Bits in use of images with 16 bits a sample, 8 to 16, as 12; or "auto": as each image shows."""

Images = Union[str, "os.PathLike[str]", Iterable[Image]]
"""The path of a folder or of a data set, or images one by one: a list, an array of paths, an array `[n, h, w]` …"""

_SHAPES = "[h, w], [h, w, 3] (RGB) or [h, w, 4] (RGBA)"
_ORIENTATION = 0x0112
_CHANNELS = (1, 3, 4)


def samples(image: Any) -> npt.NDArray[Any]:
    """The samples of a picture or an array: `[h, w]` or `[h, w, 1 | 3 | 4]`, `uint8` or `uint16` of this machine.

    Raises `TypeError` for what is no image, and `InvalidError` for an array that is none.
    """
    pillow = sys.modules.get("PIL.Image")
    if pillow is not None and isinstance(image, pillow.Image):
        image = _read(image)
    if not isinstance(image, np.ndarray):
        raise TypeError(
            f"an image is a path, the bytes of a file, a PIL image or a numpy array, not a {type(image).__name__}"
            + _advice(image)
        )
    if isinstance(image, np.ma.MaskedArray):
        raise InvalidError("a masked array has no value where it is masked: give image.filled(0), or image.data")
    _check_shape(image.shape, image.dtype)
    _check_type(image)
    if image.dtype.byteorder not in "=|" and not image.dtype.isnative:
        return image.astype(image.dtype.newbyteorder("="))
    # A subclass may index otherwise: matrices have two axes whatever is done.
    return np.asarray(image)


def several(images: Any) -> Iterator[Any]:
    """One image after the other; raises `TypeError` for what is one image, or none."""
    if isinstance(images, (str, os.PathLike)):
        return _of_folder(os.fspath(images))
    if isinstance(images, (bytes, bytearray, memoryview, io.BytesIO)) or _is_pillow(images):
        raise TypeError("one image was given where several are expected: give a list of images")
    if hasattr(images, "columns"):
        raise TypeError(f"a {type(images).__name__} has several columns: give the one with the images, as frame['path']")
    if isinstance(images, np.ndarray) and not (images.ndim == 1 and images.dtype.kind in "OUT"):
        if images.ndim < 3 or (images.ndim == 3 and images.shape[2] in _CHANNELS):
            raise InvalidError(
                f"an array of shape {_shape(images.shape)} is one image where several are expected: give a list of "
                "images, or an array [n, h, w] or [n, h, w, 3]"
            )
        return iter(images)
    try:
        return iter(images)
    except TypeError:
        raise TypeError(
            f"images are a list of images, or the path of a folder, not a {type(images).__name__}"
        ) from None


def _of_folder(path: str) -> Iterator[Any]:
    from ._oddspot import listed

    return iter(listed(path))


def _is_pillow(image: Any) -> bool:
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(image, pillow.Image)


def _read(image: Any) -> npt.NDArray[Any]:
    """The samples of a PIL image, which may be read from its file only now."""
    try:
        return _of_pillow(image)
    except (OddspotError, MemoryError):
        raise
    except Exception as error:  # What Pillow raises of broken files has no common kind.
        name = getattr(image, "filename", "")
        named = f"the PIL image of {name}" if name else "the PIL image"
        raise InvalidError(f"{named} cannot be read: {error}") from error


def _of_pillow(image: Any) -> npt.NDArray[Any]:
    """As the command reads the file: turned as it says, a palette as its colours, a transparent colour as such."""
    if image.getexif().get(_ORIENTATION, 1) != 1:
        from PIL import ImageOps

        image = ImageOps.exif_transpose(image)
    mode = image.mode
    has_clear = image.info.get("transparency") is not None
    if mode in ("1", "L", "RGB") and has_clear:
        image = image.convert("RGBA")
    elif mode == "1":
        image = image.convert("L")
    elif mode in ("P", "PA"):
        image = image.convert("RGBA" if mode == "PA" or has_clear else "RGB")
    elif mode == "LA":
        image = image.convert("RGBA")
    elif mode == "I":
        values = np.asarray(image)
        if values.size and (values.min() < 0 or values.max() > 65535):
            raise InvalidError(
                f"a PIL image of mode I has values from {values.min()} to {values.max()}: bring them to 0 to 65535, "
                "as numpy.uint16"
            )
        return values.astype(np.uint16)
    elif mode not in ("L", "RGB", "RGBA", "I;16", "I;16L", "I;16B"):
        raise InvalidError(
            f"a PIL image of mode {mode}: give the path of its file, or image.convert('RGB') if that is what you mean"
        )
    elif has_clear and mode.startswith("I;16"):
        # Pillow has no such mode with alpha: what is clear is black.
        values = np.asarray(image)
        return np.where(values == image.info["transparency"], 0, values).astype(values.dtype)
    return np.asarray(image)


def _check_shape(shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    if 0 in shape:
        raise InvalidError(f"an array of shape {_shape(shape)} has no pixels: give an image")
    if len(shape) == 2:
        return
    if len(shape) == 3:
        if shape[2] in _CHANNELS:
            return
        if shape[0] in _CHANNELS:
            raise InvalidError(
                f"an array of shape {_shape(shape)} has its channels first: give image.transpose(1, 2, 0)"
            )
        raise InvalidError(f"an array of shape {_shape(shape)} has {shape[2]} channels: give {_SHAPES}")
    if len(shape) == 4:
        raise InvalidError(
            f"an array of shape {_shape(shape)} is a batch: give its images one by one, as by inspect_all(batch)"
        )
    # As cv2.imencode gives it.
    is_file = ", or array.tobytes() if it is the content of a file" if len(shape) == 1 and dtype == np.uint8 else ""
    raise InvalidError(f"an array of shape {_shape(shape)} is no image: give {_SHAPES}{is_file}")


def _check_type(image: npt.NDArray[Any]) -> None:
    dtype = image.dtype
    if dtype.kind == "u" and dtype.itemsize in (1, 2):
        return
    if dtype.kind == "b":
        raise InvalidError("an array of bool: give image.astype('uint8') * 255")
    if dtype.kind == "f":
        raise InvalidError(f"an array of {dtype}{_range(image)}: {_whole(image)}")
    if dtype.kind in "iu":
        low, high = image.min(), image.max()
        if low < 0 or high > 65535:
            raise InvalidError(
                f"an array of {dtype} from {low} to {high}: bring its values to 0 to 255 (uint8) or 0 to 65535 (uint16)"
            )
        kind = "uint8" if high <= 255 else "uint16"
        raise InvalidError(
            f"an array of {dtype} from {low} to {high}: give image.astype('{kind}'), if that is the camera's range"
        )
    raise InvalidError(f"an array of {dtype} is no image: give uint8 or uint16")


def _range(image: npt.NDArray[Any]) -> str:
    not_finite = int((~np.isfinite(image)).sum())
    if not_finite:
        return f" of which {not_finite} values are NaN or infinite"
    return f" from {image.min():.6g} to {image.max():.6g}"


def _whole(image: npt.NDArray[Any]) -> str:
    if not np.isfinite(image).all():
        return "put numbers in their place, then bring it to uint8 or uint16"
    if image.min() < 0:
        return "bring its values to 0 to 255, then give it as uint8"
    if image.max() <= 1:
        return "give (image * 255).round().astype('uint8')"
    if image.max() <= 255:
        return "give image.round().astype('uint8')"
    return "bring its values to 0 to 65535, then give it as uint16"


def _shape(shape: tuple[int, ...]) -> str:
    return "[" + ", ".join(map(str, shape)) + "]"


def _advice(image: Any) -> str:
    if isinstance(image, (list, tuple)):
        return ": give numpy.asarray(image, dtype='uint8'), or several images to inspect_all"
    if type(image).__module__.partition(".")[0] == "torch":
        return ": give tensor.permute(1, 2, 0).cpu().numpy(), as uint8"
    if image is None:
        return ": OpenCV's imread gives None for a file that it cannot read"
    return ""
