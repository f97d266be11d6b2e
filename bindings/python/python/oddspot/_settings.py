"""Settings by their names, as `docs/settings.md` lists them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, SupportsFloat, SupportsIndex, Union

from . import _oddspot
from ._errors import InvalidError

Preset = Literal["default", "instant", "compact", "paper"]
"""Settings to start from: the program's best; its closed-form part, in seconds; the default in a small file; the
paper's."""

Setting = Union[str, bool, int, float, "os.PathLike[str]", Sequence[Union[int, float]]]
"""A value of a setting."""


_SIZES = ("image_size", "tile")
"""Settings that are a width and a height."""


def texts(settings: Mapping[str, Setting] | None) -> list[tuple[str, str]]:
    """Settings as the table of settings spells them. Raises `TypeError` for what is none."""
    if not isinstance(settings, (Mapping, type(None))):
        raise TypeError(f"settings are a mapping from names to values, not a {type(settings).__name__}")
    return [(str(name), _text(name, value)) for name, value in (settings or {}).items()]


def count_of_threads(threads: int) -> int:
    """So many threads, if that is a number of them. Raises `InvalidError` for what is none."""
    if isinstance(threads, bool) or not isinstance(threads, SupportsIndex) or not 0 <= int(threads) < 2**31:
        raise InvalidError(f"threads={threads!r}: give a whole number, 0 for as many as there are cores")
    return int(threads)


def path_of(name: str, value: str | os.PathLike[str] | None) -> str | None:
    """A path as text. Raises `TypeError` for what is none."""
    if value is None:
        return None
    path = os.fspath(value) if isinstance(value, (str, os.PathLike)) else value
    if not isinstance(path, str):
        raise TypeError(f"{name} is the path of a file, as 'part.oddspot', not a {type(path).__name__}")
    return path


def _text(name: str, value: Setting) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    if isinstance(value, Iterable):
        return ("x" if name in _SIZES else ",").join(str(one) for one in value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, SupportsIndex):
        return str(int(value))
    if isinstance(value, SupportsFloat):
        return str(float(value))
    raise TypeError(f"the setting {name} is a text, a number or a list of numbers, not a {type(value).__name__}")


def settings(preset: Preset = "default") -> dict[str, str]:
    """Every setting of a preset by its name, as text."""
    return dict(_oddspot.settings(preset))
