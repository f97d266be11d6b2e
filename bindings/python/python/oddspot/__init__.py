"""oddspot finds what is odd in pictures of parts, and learns that from pictures of good parts alone.

>>> import oddspot
>>> detector = oddspot.train("good_images", "part.oddspot")            # doctest: +SKIP
>>> result = detector.inspect("new.png")                               # doctest: +SKIP
>>> result.verdict, result.score, result.reason, result.regions        # doctest: +SKIP
"""

from ._errors import (
    CancelledError,
    DamagedError,
    DivergedError,
    InternalError,
    InvalidError,
    MismatchError,
    NotFoundError,
    OddspotError,
    OddspotWarning,
    SystemRefusedError,
    TooLargeError,
)
from ._images import Image, Images
from ._oddspot import VERSION as __version__
from ._oddspot import Detector
from ._progress import Progress
from ._reports import (
    Audit,
    Audited,
    Calibrated,
    Count,
    Evaluation,
    Extended,
    Twins,
    Verdicts,
    audit,
    evaluate,
)
from ._result import Beyond, Health, Point, Rates, Region, Result, Thresholds
from ._settings import settings
from ._training import train

__all__ = [
    "Audit",
    "Audited",
    "Beyond",
    "Calibrated",
    "CancelledError",
    "Count",
    "DamagedError",
    "Detector",
    "DivergedError",
    "Evaluation",
    "Extended",
    "Health",
    "Image",
    "Images",
    "InternalError",
    "InvalidError",
    "MismatchError",
    "NotFoundError",
    "OddspotError",
    "OddspotWarning",
    "Point",
    "Progress",
    "Rates",
    "Region",
    "Result",
    "SystemRefusedError",
    "Thresholds",
    "TooLargeError",
    "Twins",
    "Verdicts",
    "__version__",
    "audit",
    "evaluate",
    "settings",
    "train",
]
