"""The command of this package, in a process of its own."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ._errors import InvalidError, NotFoundError

KEPT = 20
"""Lines that are kept of what a process says."""
PATIENCE = 120
"""Seconds that a process may take to write its checkpoint."""


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    status: int
    """Its exit status."""
    error: str
    """Its last error, or the last of what it said."""


def find() -> str:
    """Where the command is."""
    beside = Path(sysconfig.get_path("scripts")) / ("oddspot.exe" if sys.platform == "win32" else "oddspot")
    found = str(beside) if beside.is_file() else shutil.which("oddspot")
    if found is None:
        raise NotFoundError("this machine has no command oddspot: pip install oddspot on every node")
    return found


def lines(words: Sequence[str]) -> list[str]:
    """What the command prints. Raises `InvalidError` with what it says where it fails."""
    ended = subprocess.run([find(), *words], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise InvalidError(_error(ended.stderr.splitlines()))
    return ended.stdout.splitlines()


def run(words: Sequence[str]) -> Ended:
    """Runs the command, and hands on what it says. An interrupt stops it, once its checkpoint is written."""
    said: list[str] = []
    with subprocess.Popen(
        [find(), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
    ) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                said = [*said[1 - KEPT :], line.rstrip()]
                print(line.rstrip(), file=sys.stderr)
            status = process.wait()
        except BaseException:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)
            raise
    return Ended(status, _error(said))


def _error(said: Sequence[str]) -> str:
    """The last error with the lines that belong to it."""
    errors = [at for at, line in enumerate(said) if line.startswith("error: ")]
    if not errors:
        return said[-1] if said else "it said nothing"
    first = errors[-1]
    more = [line for line in said[first + 1 :] if line.startswith("  ")]
    return "\n".join([said[first].removeprefix("error: "), *more])


def _die_with_parent() -> None:
    """A worker that is killed takes its process along, which else would hold the part."""
    import ctypes

    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
