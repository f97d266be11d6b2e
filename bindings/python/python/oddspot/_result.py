"""What is said of an image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from ._oddspot import Detector

Verdict = Literal["good", "check", "anomalous", "untrusted"]
"""What is said of an image: good; somebody must look; anomalous; of another light, focus, colour or place than all
good ones, so that its score says nothing."""

Map = npt.NDArray[np.float32]
"""Scores by place, `[height, width]`."""


class Thresholds(NamedTuple):
    """The scores above which an image is not good, in the units of the score."""

    anomalous: float
    """An image is anomalous above it."""
    check: float
    """An image is to be checked above it; never above `anomalous`."""


class Rates(NamedTuple):
    """The shares of good images that thresholds aim at, in [0, 1]."""

    false_alarm: float
    """Of images that are called anomalous."""
    check: float
    """Of images that are called anomalous or are to be checked; never below `false_alarm`."""


class Point(NamedTuple):
    """A pixel of the image."""

    x: int
    """Column, from 0 at the left."""
    y: int
    """Row, from 0 at the top."""


@dataclass(frozen=True)
class Region:
    """A part of the image that is odd, in pixels of the image."""

    left: int
    """First column of its box."""
    top: int
    """First row of its box."""
    width: int
    """Columns of its box."""
    height: int
    """Rows of its box."""
    area: int
    """Pixels of the region itself, one at least."""
    peak: float
    """Its highest score."""


@dataclass(frozen=True)
class Beyond:
    """A measure of the image that lies beyond all good ones."""

    measure: str
    """Its name."""
    value: float
    """Of this image."""
    usual: tuple[float, float]
    """What good images reach, with a margin."""
    words: str
    """What that means, and what to check."""


@dataclass(frozen=True)
class Health:
    """The image as a whole: its light, focus, colours and place against those of good images."""

    measures: Mapping[str, float]
    """Every measure by its name."""
    beyond: tuple[Beyond, ...]
    """What lies beyond all good images, the farthest first."""

    @property
    def is_trusted(self) -> bool:
        """Whether nothing does."""
        return not self.beyond


@dataclass(frozen=True, repr=False, eq=False)
class Result:
    """What is said of one image. All places are in pixels of the image itself."""

    verdict: Verdict
    """"good", "check", "anomalous" or "untrusted"."""
    score: float
    """The maximum of the map, in the model's units: `numpy.float32(score)` is to the bit what `oddspot detect` writes."""
    thresholds: Thresholds
    """The scores above which an image is anomalous, and to be checked."""
    reason: str | None
    """Why it is not good, in words; None of a good one."""
    regions: tuple[Region, ...]
    """What is odd, the highest peak first; nothing of a good image."""
    health: Health
    """Its light, focus, colours and place."""
    maps: Mapping[str, Map]
    """The anomaly map, "total", and the terms that it is the sum of, by their names: `[height, width]` float32, over the
    whole image, at the model's `image_size` (of an image in pieces, at a quarter of their scale), or at the image's own
    size with `full_size=True`."""
    width: int
    """Columns of the image."""
    height: int
    """Rows of the image."""
    peak: Point
    """Where the map has its maximum."""
    shares: Mapping[str, float]
    """What stands out around the peak is owed to: "looks_wrong" and "wrong_place", in [0, 1]."""
    mask: npt.NDArray[np.bool_] | None
    """The pixels of the regions, `[height, width]` of the image, as many as their areas say; None without
    `full_size=True`."""
    inspected: npt.NDArray[np.bool_] | None
    """Which pixels of the maps are inspected; None where all are."""
    heading: str
    """Verdict, score and reason in a line."""
    finding: Mapping[str, Any]
    """All that is said of the image itself, as a line of `results.jsonl` has it: without its file, the time, the model's
    hash, and what follows from other files."""

    @property
    def is_good(self) -> bool:
        """Whether the verdict is "good"."""
        return self.verdict == "good"

    @property
    def is_anomalous(self) -> bool:
        """Whether the verdict is "anomalous"."""
        return self.verdict == "anomalous"

    def json(self) -> str:
        """Everything that is said but the maps, as JSON."""
        return json.dumps(self.finding)

    def __eq__(self, other: object) -> bool:
        # Maps say nothing that the finding does not follow from.
        return isinstance(other, Result) and self.finding == other.finding

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<oddspot.Result {self.heading}>"


def made(
    finding: Mapping[str, Any],
    maps: Mapping[str, Map],
    mask: npt.NDArray[np.bool_] | None,
    inspected: npt.NDArray[np.bool_] | None,
    words: tuple[str | None, str],
) -> Result:
    """A result of what the library found."""
    health = dict(finding["health"])
    beyond = tuple(
        Beyond(one["measure"], one["value"], tuple(one["usual"]), one["words"]) for one in health.pop("beyond")
    )
    reason, heading = words
    return Result(
        verdict=finding["verdict"],
        score=finding["score"],
        thresholds=Thresholds(finding["threshold"], finding["check_threshold"]),
        reason=reason,
        regions=tuple(Region(**region) for region in finding["regions"]),
        health=Health(health, beyond),
        maps=maps,
        width=finding["width"],
        height=finding["height"],
        peak=Point(**finding["peak"]),
        shares={"looks_wrong": finding["looks_wrong_share"], "wrong_place": finding["wrong_place_share"]},
        mask=mask,
        inspected=inspected,
        heading=heading,
        finding=finding,
    )


def detector_again(model: bytes, threads: int) -> Detector:
    """A detector of a pickle."""
    return Detector.load(model, threads=threads)
