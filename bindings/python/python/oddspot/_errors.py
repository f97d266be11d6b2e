"""What can go wrong: an exception for each kind of trouble."""

from __future__ import annotations

import errno
from pathlib import Path


class OddspotError(Exception):
    """Something went wrong. Its text says what, with what, and what to do."""

    path: Path | None = None
    """The file or folder at fault."""
    line: int | None = None
    """The line of that file, counted from 1."""
    reason: str | None = None
    """What is wrong, without the subject and the path."""
    _number: int | None = None


class _OfSystem(OddspotError, OSError):
    """One that Python knows as the operating system's: with its number and the file's name, which the text has already."""

    @property
    def errno(self) -> int | None:  # type: ignore[override]
        """The operating system's number; None where it gave none."""
        return self._number

    @property
    def filename(self) -> str | None:
        """The file or folder at fault."""
        return None if self.path is None else str(self.path)


class OddspotWarning(UserWarning):
    """Something that works, and that somebody should know of. Its text says what to do."""


class NotFoundError(_OfSystem, FileNotFoundError):
    """What was asked for is not there."""

    _number = errno.ENOENT


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


class SystemRefusedError(_OfSystem):
    """The operating system refused: no permission, a full disk."""


class DivergedError(OddspotError, ArithmeticError):
    """A training whose loss is not a finite number any more."""


class InternalError(OddspotError, RuntimeError):
    """A fault of oddspot."""
