"""What is compiled: the detector, and the calls that the package's modules stand on."""

from collections.abc import Iterator
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, final, overload

from ._images import BitDepth, Image, Images
from ._progress import Tell
from ._reports import Calibrated, Extended
from ._result import Rates, Result, Thresholds

__all__ = ["VERSION", "Detector", "Inspections", "audit", "evaluate", "listed", "settings", "train"]

VERSION: Final[str]

@final
class Detector:
    """A model ready to judge images, on threads of its own.

    Threads may share it: the interpreter's lock is let go while it works. A forked process may go on with it; there it
    begins threads anew. A pickle holds the bytes of the model's file.
    """

    @classmethod
    def load(
        cls,
        model: str | PathLike[str] | bytes | bytearray | memoryview | BytesIO,
        *,
        threads: int = 0,
        bit_depth: BitDepth | None = None,
    ) -> Detector:
        """Makes a model ready, from its file or from the bytes of it.

        `threads` is how many it may compute with: 0 for as many as there are cores. `bit_depth` says which bits are in use
        of images with 16 bits a sample, 8 to 16, in the place of what the model has from its training: `save` keeps it.
        "auto" guesses them from each image without a warning. Raises `NotFoundError`, `DamagedError` for a file that was
        whole once, `InvalidError` for another file, and `MismatchError` for a model of another version.
        """

    def inspect(self, image: Image, *, full_size: bool = False, bit_depth: BitDepth | None = None) -> Result:
        """Judges one image of any size: a path, the bytes of a file, a PIL image, or an array `[h, w]`, `[h, w, 3]` (RGB)
        or `[h, w, 4]` (RGBA) of uint8 or uint16, of any strides.

        Maps are at the model's size, or with `full_size=True` at the image's own; then there is a mask of the regions
        too. An array or a PNG gives to the bit what `oddspot detect` says of the same pixels. Of OpenCV's images the
        channels must be turned: `image[:, :, ::-1]`. `bit_depth` says which bits of 16 a sample are in use, 8 to 16; without
        it those of the model. Raises `InvalidError`, `NotFoundError`, `TooLargeError`, and `TypeError` for what is no image.
        """

    @overload
    def inspect_all(
        self,
        images: Images,
        *,
        full_size: bool = False,
        bit_depth: BitDepth | None = None,
        return_exceptions: Literal[False] = False,
    ) -> Iterator[Result]: ...
    @overload
    def inspect_all(
        self,
        images: Images,
        *,
        full_size: bool = False,
        bit_depth: BitDepth | None = None,
        return_exceptions: Literal[True],
    ) -> Iterator[Result | Exception]: ...
    @overload
    def inspect_all(
        self,
        images: Images,
        *,
        full_size: bool = False,
        bit_depth: BitDepth | None = None,
        return_exceptions: bool,
    ) -> Iterator[Result | Exception]:
        """Judges many images on all threads, in their order: a folder, or any iterable of images.

        Images are taken as they are needed: at most four for each thread are in memory. What is found comes once there
        are enough images for all threads, or no more: judge those of a live camera by `inspect`. An image that cannot be
        used raises when its turn comes, and the next call goes on; with `return_exceptions=True` the exception is given
        in its place. `bit_depth` is as of `inspect`. Raises `NotFoundError` for a folder that is not there, or has no image.
        """

    def calibrate(
        self,
        good: Images,
        bad: Images | None = None,
        *,
        false_alarm_rate: float | None = None,
        check_rate: float | None = None,
        force: bool = False,
        progress: Tell | None = None,
    ) -> Calibrated:
        """Sets the thresholds anew by good images that the model has not learned from; bad ones tell what is missed.

        Images that it has learned from are left out: those of the same file, and those of the same pixels where it
        learned from arrays or PIL images. A model of files does not know them as arrays.

        The rates are shares of good images, in (0, 0.5]: those that are called anomalous, and those that are called
        anomalous or are to be checked; without them the model's. Where the first alone is given and reaches the second,
        that one follows in the proportion of before. It changes this detector: `save` keeps it, and `extend` keeps to the
        rates. Raises `InvalidError` for a check rate below the other, and `MismatchError` where the images seem to be of
        another part, unless `force`.
        """

    def extend(self, good: Images, *, force: bool = False, progress: Tell | None = None) -> Extended:
        """Learns more good images, in the time that it takes to look at them. Networks stay as they are, and so do the rates
        that the thresholds aim at.

        Images that it knows are left out, as `calibrate` does. It changes this detector: `save` keeps it. Raises
        `MismatchError` where most images are not good by the model as it is, unless `force`.
        """

    def save(self, path: str | PathLike[str], *, replace: bool = False) -> Path | None:
        """Writes the model's file, whole or not at all; gives where a file is kept that lay there, if one did.

        Raises `MismatchError` where a file is there already, unless `replace`.
        """

    def to_bytes(self) -> bytes:
        """The bytes of the model's file."""

    @property
    def threads(self) -> int:
        """Threads that it was asked to have; 0 for as many as there are cores."""

    @property
    def thresholds(self) -> Thresholds:
        """The scores above which an image is anomalous, and to be checked."""

    @property
    def rates(self) -> Rates:
        """The shares of good images that the thresholds aim at: those of the training, or of the last `calibrate`."""

    @property
    def settings(self) -> dict[str, str]:
        """What it was trained with, but the rates, which are those in force: every setting by its name, as text."""

    @property
    def good_images(self) -> list[str]:
        """Names of the good images that it comes from."""

    def __reduce__(self) -> tuple[Any, tuple[bytes, int]]: ...

@final
class Inspections:
    """What is found in images that are taken from an iterable as they are needed."""

    def __iter__(self) -> Inspections: ...
    def __next__(self) -> Result | Exception: ...

def train(good: Any, asked: dict[str, Any], progress: Tell | None) -> Detector:
    """Trains on good images, and gives the detector."""

def evaluate(
    detector: Detector, data: str, progress: Tell | None
) -> tuple[dict[str, Any], str, list[str]]:
    """Measures a detector: everything that was measured, the tables, and what could not be read."""

def audit(
    good: Any, settings: list[tuple[str, str]], threads: int, progress: Tell | None
) -> tuple[dict[str, Any], list[list[str]], list[tuple[str, str]]]:
    """Looks through good images."""

def settings(preset: str) -> list[tuple[str, str]]:
    """Every setting of a preset by its name, as text."""

def listed(folder: str) -> list[Path]:
    """The images of a folder, at any depth, in their order. Raises `NotFoundError` where there are none."""
