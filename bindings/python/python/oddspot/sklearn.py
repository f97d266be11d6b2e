"""A detector as an outlier detector of scikit-learn: `pip install oddspot scikit-learn`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ._images import several
from ._oddspot import Detector
from ._settings import Preset, Setting
from ._training import train


class OddspotDetector(OutlierMixin, BaseEstimator):  # type: ignore[misc]
    """Learns from good images, and says which others are outliers.

    `X` is a list of images (paths, bytes, PIL images, arrays `[h, w]` or `[h, w, 3]`), an array `[n, h, w]` or
    `[n, h, w, 3]` of uint8 or uint16, or the path of a folder. `y` is left aside.

    Parameters
    ----------
    preset : "default", "instant", "compact" or "paper"
        Settings to start from.
    settings : mapping or None
        Others by their names.
    threads : int
        0 for as many as there are cores.

    Attributes
    ----------
    detector_ : oddspot.Detector
        What was learned.
    offset_ : float
        Minus the score above which an image is anomalous: `decision_function` is `score_samples` less it.
    """

    def __init__(
        self,
        preset: Preset = "default",
        settings: Mapping[str, Setting] | None = None,
        threads: int = 0,
    ) -> None:
        self.preset = preset
        self.settings = settings
        self.threads = threads

    def fit(self, X: Any, y: Any = None) -> OddspotDetector:
        """Learns from good images."""
        self.detector_ = train(X, preset=self.preset, settings=self.settings, threads=self.threads)
        self.offset_ = -self.detector_.thresholds.anomalous
        return self

    def fit_predict(self, X: Any, y: Any = None, **fit_params: Any) -> npt.NDArray[np.int64]:
        """Learns from images, and says which of them are outliers: `[n]`, as of `predict`."""
        # It is gone through twice.
        images = list(X) if isinstance(X, Iterator) else X
        found: npt.NDArray[np.int64] = super().fit_predict(images, y, **fit_params)
        return found

    def score_samples(self, X: Any) -> npt.NDArray[np.float64]:
        """Minus the score of each image, `[n]`: the lower, the odder."""
        check_is_fitted(self)
        return np.array([-one.score for one in self.detector_.inspect_all(several(X))], dtype=np.float64)

    def decision_function(self, X: Any) -> npt.NDArray[np.float64]:
        """`[n]`, below 0 for outliers."""
        scores = self.score_samples(X)
        return scores - self.offset_

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """`[n]`: -1 for images that are anomalous, 1 for the others."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        # Images: rows of numbers are none.
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.input_tags.positive_only = True
        return tags
