"""The same results under the names of anomalib, for programs that were written for it.

anomalib itself is not needed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._images import Image, Images
from ._oddspot import Detector
from ._result import Result


@dataclass(frozen=True, eq=False)
class Prediction:
    """What is said of an image, as anomalib's `NumpyImageItem` names it."""

    pred_score: float
    """The image's score, in the model's own units: anomalib's lies in [0, 1], with the threshold at 0.5."""
    pred_label: bool
    """Whether it does not pass: it is anomalous, or untrusted."""
    anomaly_map: npt.NDArray[np.float32]
    """`[height, width]` of the image."""
    pred_mask: npt.NDArray[np.bool_]
    """The pixels that are odd, `[height, width]` of the image."""

    @classmethod
    def of(cls, result: Result) -> Prediction:
        """Of a result that has maps of the image's own size (`full_size=True`)."""
        if result.mask is None:
            raise ValueError("a prediction has a map of the image's size: give detector.inspect(image, full_size=True)")
        is_stopped = result.verdict in ("anomalous", "untrusted")
        return cls(result.score, is_stopped, result.maps["total"], result.mask)


class Inferencer:
    """A model that predicts, as anomalib's inferencers do."""

    def __init__(self, path: str | os.PathLike[str] | bytes | Detector, *, threads: int = 0) -> None:
        """`path` is a model's file, the bytes of it, or a detector that is loaded already, with its own threads."""
        self.detector = path if isinstance(path, Detector) else Detector.load(path, threads=threads)

    def predict(self, image: Image) -> Prediction:
        """Judges one image: as `oddspot.Detector.inspect` takes it."""
        return Prediction.of(self.detector.inspect(image, full_size=True))

    def predict_all(self, images: Images) -> Iterator[Prediction]:
        """Judges many images, in their order."""
        return map(Prediction.of, self.detector.inspect_all(images, full_size=True))
