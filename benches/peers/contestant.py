"""What is timed: a process that does one work again and again, told by lines on its input.

oddspot's is crates/oddspot-measure/examples/peer, the others' is peer.py; both speak the same few lines.
Each contestant is a process of its own, so that no two share threads, memory or caches of one
library, and an idle one costs the others nothing.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from safetensors.numpy import load_file


class Failure(Exception):
    """A sentence for people."""


class Contestant:
    """A process that is ready for its work."""

    def __init__(self, name, family, command, threads):
        """Layouts and variants of one library are a family: its fastest counts."""
        self.name, self.family = name, family
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | thread_limits(threads),
        )
        if (line := self.answer()) != "ready":
            raise Failure(f"{name} said '{line}' instead of 'ready'")

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Failure(f"{self.name} ended with status {self.process.wait()}; see above")
        return line.strip()

    def ask(self, line):
        try:
            print(line, file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # It has ended; the missing answer will say so.
        return self.answer()

    def run(self):
        """Does the work once; its milliseconds."""
        return float(self.ask("run"))

    def outcome(self):
        """What came of it the last time, as arrays by name."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "outcome.safetensors"
            self.ask(f"dump {file}")
            return load_file(file)

    def memory(self):
        """The largest resident set of its process, its preparation included, in MiB."""
        return float(self.ask("memory"))

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def thread_limits(threads):
    """What makes every library that reads the environment keep to a number of threads."""
    libraries = ["RAYON", "OMP", "MKL", "OPENBLAS"]
    return {f"{library}_NUM_THREADS": str(threads) for library in libraries}
