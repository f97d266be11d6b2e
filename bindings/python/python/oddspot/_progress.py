"""How far long work is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Progress:
    """What work is busy with, and how far. Printed, it is a line."""

    phase: str
    """As "preparing", "training", "scoring good images"."""
    done: int
    """So many parts of it: of "training" images, of most others too."""
    total: int
    """Of so many."""
    numbers: Mapping[str, float] = field(default_factory=dict)
    """Beside it: of "training" the "loss" before the step."""

    def __str__(self) -> str:
        beside = "".join(f", {name} {number:.3f}" for name, number in self.numbers.items())
        return f"{self.phase}: {self.done} of {self.total}{beside}"


Tell = Callable[[Progress], Any]
"""Is told how far work is, some times a second, on the thread that waits. What it raises stops the work."""
