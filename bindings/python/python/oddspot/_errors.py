"""What can go wrong: an exception for each kind of trouble."""

from __future__ import annotations

from pathlib import Path


class OddspotError(Exception):
    """Something went wrong. Its text says what, with what, and what to do."""

    path: Path | None = None
    """The file or folder at fault."""
    line: int | None = None
    """The line of that file, counted from 1."""
    reason: str | None = None
    """What is wrong, without the subject and the path."""


class OddspotWarning(UserWarning):
    """Something that works, and that somebody should know of. Its text says what to do."""


class NotFoundError(OddspotError, FileNotFoundError):
    """What was asked for is not there."""


class InvalidError(OddspotError, ValueError):
    """What was given cannot be used as it is: a value out of range, an array of another shape or type."""


class TooLargeError(OddspotError, ValueError):
    """It claims more than is accepted: pixels, bytes, memory."""


class DamagedError(OddspotError, ValueError):
    """A file that was whole once, and is not any more."""


class MismatchError(OddspotError, ValueError):
    """Two things that do not belong together, or a file that would be lost."""


class CancelledError(OddspotError):
    """Work that was asked to stop."""


class SystemRefusedError(OddspotError, OSError):
    """The operating system refused: no permission, a full disk."""


class DivergedError(OddspotError, ArithmeticError):
    """A training whose loss is not a finite number any more."""


class InternalError(OddspotError, RuntimeError):
    """A fault of oddspot."""
