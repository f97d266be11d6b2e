"""Settings by their names, as `docs/settings.md` lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Union

from . import _oddspot

Preset = Literal["default", "instant", "compact", "paper"]
"""Settings to start from: the program's best; its closed-form part, in seconds; the default in a small file; the
paper's."""

Setting = Union[str, bool, int, float, Sequence[Union[int, float]]]
"""A value of a setting."""


def texts(settings: Mapping[str, Setting] | None) -> list[tuple[str, str]]:
    """Settings as the table of settings spells them."""
    return [(name, _text(value)) for name, value in (settings or {}).items()]


def _text(value: Setting) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    return ",".join(str(one) for one in value)


def settings(preset: Preset = "default") -> dict[str, str]:
    """Every setting of a preset by its name, as text."""
    return dict(_oddspot.settings(preset))
