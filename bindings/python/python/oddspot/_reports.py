"""What calibrating, extending, measuring and auditing found."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import _oddspot
from ._errors import OddspotWarning
from ._images import Images
from ._oddspot import Detector
from ._progress import Tell
from ._result import Point, Rates, Thresholds
from ._settings import Setting, count_of_threads, texts


_Numbers = tuple[tuple[float, float], tuple[float, float]]
"""Thresholds and rates."""


@dataclass(frozen=True)
class Count:
    """So many of so many."""

    count: int
    """So many."""
    of: int
    """Of so many."""

    @property
    def share(self) -> float | None:
        """In [0, 1]; None of none."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True)
class Verdicts:
    """What thresholds make of good and of bad images."""

    false_alarms: Count
    """Good images that are called anomalous."""
    good_to_check: Count
    """Good images that are to be checked."""
    missed: Count
    """Bad images that are called neither anomalous nor untrusted."""
    missed_to_check: Count
    """Of these, those to be checked."""

    @classmethod
    def _made(cls, found: Mapping[str, Any]) -> Verdicts:
        missed = found["misses"].values()
        return cls(
            false_alarms=Count(**found["false_alarms"]),
            good_to_check=Count(**found["good_to_check"]),
            missed=Count(sum(one["count"] for one in missed), sum(one["of"] for one in missed)),
            missed_to_check=Count(**found["misses_to_check"]),
        )


@dataclass(frozen=True)
class Calibrated:
    """Thresholds that were set anew, and what they cost."""

    before: Thresholds
    """Those before."""
    thresholds: Thresholds
    """Those now."""
    before_rates: Rates
    """The shares of good images that those before aimed at."""
    rates: Rates
    """The shares that those now aim at."""
    verdicts: Verdicts
    """What the thresholds now make of the images that were given."""

    @classmethod
    def _made(cls, before: _Numbers, now: _Numbers, verdicts: Mapping[str, Any]) -> Calibrated:
        of = (Thresholds(*before[0]), Thresholds(*now[0]), Rates(*before[1]), Rates(*now[1]))
        return cls(*of, Verdicts._made(verdicts))


@dataclass(frozen=True)
class Extended:
    """A model that learned more good images."""

    before: Thresholds
    """Its thresholds before."""
    thresholds: Thresholds
    """Its thresholds now."""
    rates: Rates
    """The shares of good images that they aim at, as before: those of the training, or of the last `calibrate`."""
    new: int
    """Images that it learned."""
    known: int
    """Images that it knew already, which were left out."""

    @classmethod
    def _made(cls, before: _Numbers, now: _Numbers, new: int, known: int) -> Extended:
        return cls(Thresholds(*before[0]), Thresholds(*now[0]), Rates(*now[1]), new, known)


@dataclass(frozen=True, repr=False)
class Evaluation:
    """What was measured on labelled images. Printed, it is the tables of `oddspot evaluate`.

    Measures are of the whole map, each image at its own size (protocol "official"), in [0, 1]; None where the images leave
    them undefined, as without masks.
    """

    image_auc: float | None
    """Area under the ROC curve of the images' scores."""
    image_ap: float | None
    """Average precision of the same."""
    pixel_auc: float | None
    """Area under the ROC curve of all pixels."""
    pixel_ap: float | None
    """Average precision of the same."""
    au_pro: float | None
    """Area under the per-region overlap, up to a false-positive rate of 0.3."""
    verdicts: Verdicts
    """What the thresholds make of the images."""
    left_out: tuple[str, ...]
    """Why some images could not be read, one by one."""
    report: Mapping[str, Any]
    """Everything, as `oddspot evaluate --json` writes it: "protocols", "verdicts", "images"."""
    text: str = field(repr=False)
    """The tables."""

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        def shown(value: float | None) -> str:
            return "–" if value is None else f"{100 * value:.1f} %"

        return (
            f"<oddspot.Evaluation image AUC {shown(self.image_auc)}, pixel AUC {shown(self.pixel_auc)}, "
            f"PRO {shown(self.au_pro)}>"
        )


def evaluate(
    detector: Detector | str | os.PathLike[str],
    data: str | os.PathLike[str],
    *,
    progress: Tell | None = None,
) -> Evaluation:
    """Measures a detector, or a model's file, on the labelled images of a data set.

    `data` is a folder in the layout of MVTec AD, MVTec LOCO or VisA, or a `.csv` or `.jsonl` file that lists images.
    Images that cannot be read are left out, with a warning. Raises `InvalidError` for a data set without labelled
    images, and for images that the model has learned from: those of the same file, and those of the same pixels where it
    learned from arrays or PIL images. Pillow decodes JPEG otherwise: such images are known as files alone.
    """
    if not isinstance(detector, Detector):
        detector = Detector.load(detector)
    report, text, left_out = _oddspot.evaluate(detector, os.fspath(data), progress)
    for reason in left_out:
        warnings.warn(f"left out: {reason}", OddspotWarning, stacklevel=2)
    whole = report["protocols"]["official"]["maps"]["total"]["overall"]
    return Evaluation(
        image_auc=whole["image_auc"],
        image_ap=whole["image_ap"],
        pixel_auc=whole["pixel_auc"],
        pixel_ap=whole["pixel_ap"],
        au_pro=whole["au_pro"],
        verdicts=Verdicts._made(report["verdicts"]),
        left_out=tuple(left_out),
        report=report,
        text=text,
    )


@dataclass(frozen=True)
class Audited:
    """What is known of a good image."""

    name: str
    """Its path below the folder, or its number among the images."""
    oddness: float | None
    """How odd it is among the others: 0 is usual, 1 what a tenth of them lies above."""
    is_suspicious: bool
    """Whether it lies far above all others: look whether it is good."""
    peak: Point | None
    """Where it is oddest, in its own pixels."""
    score: float | None
    """The model's score of it, as if it had been left out."""
    unlike: tuple[str, ...]
    """In what it is unlike the others: size, depth, colours."""


@dataclass(frozen=True)
class Twins:
    """Good images that are the same, or of the same part."""

    names: tuple[str, ...]
    """Their names."""
    are_exact: bool
    """Whether their pixels are the same."""
    correlation: float
    """How alike they are, at most 1."""


@dataclass(frozen=True, repr=False)
class Audit:
    """What should not be among good images."""

    images: tuple[Audited, ...]
    """The images, the most suspicious first."""
    twins: tuple[Twins, ...]
    """Groups of images that are the same."""
    unusable: Mapping[str, str]
    """Images that cannot be used, by their names, and why not."""
    report: Mapping[str, Any]
    """Everything, as `oddspot audit --json` writes it."""

    @property
    def suspicious(self) -> tuple[Audited, ...]:
        """The images that lie far above all others, the most suspicious first."""
        return tuple(image for image in self.images if image.is_suspicious)

    def __repr__(self) -> str:
        return (
            f"<oddspot.Audit of {len(self.images)} images: {len(self.suspicious)} suspicious, {len(self.twins)} groups "
            f"of the same, {len(self.unusable)} that cannot be used>"
        )


def audit(
    good: Images,
    *,
    settings: Mapping[str, Setting] | None = None,
    threads: int = 0,
    progress: Tell | None = None,
) -> Audit:
    """Looks through good images for what should not be among them: odd ones, the same part twice, other sizes and colours.

    `good` is a folder, a data set, or images one by one. It takes seconds: nothing is trained.
    """
    report, unlike, unusable = _oddspot.audit(_given(good), texts(settings), count_of_threads(threads), progress)
    return Audit(
        images=tuple(
            Audited(
                name=one["name"],
                oddness=one["oddness"],
                is_suspicious=one["suspicious"],
                peak=one["peak"] and Point(**one["peak"]),
                score=one["score"],
                unlike=tuple(words),
            )
            for one, words in zip(report["images"], unlike)
        ),
        twins=tuple(
            Twins(tuple(one["images"]), one["likeness"] == "exact", one["correlation"]) for one in report["twins"]
        ),
        unusable=dict(unusable),
        report=report,
    )


def _given(images: Any) -> Any:
    """A path as text; all else as it is."""
    return os.fspath(images) if isinstance(images, os.PathLike) else images


