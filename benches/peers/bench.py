"""What the works share: options, folders, and how processes are started."""

import json
import os
import subprocess
import sys
from pathlib import Path

from contestant import Contestant, Failure, thread_limits

HERE = Path(__file__).parent
RELEASE = HERE.parents[1] / "target" / "release"
ODDSPOT = RELEASE / "oddspot"
DRIVER = RELEASE / "examples" / "peer"


class Bench:
    def __init__(self, options):
        """`options` are those of the command line."""
        self.options = options
        for program in (ODDSPOT, DRIVER):
            if not program.exists():
                raise Failure(f"{program} is missing: start this with benches/peers/run.sh")

    def folder(self, name, settings):
        """A folder for one comparison, with the settings that all its processes read."""
        folder = self.options.work_folder / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "options.json").write_text(json.dumps(settings, indent=2))
        return folder

    def teacher(self, architecture):
        """Settings that name a teacher."""
        file = self.options.squeezenet if architecture == "squeezenet" else None
        weights = str(file.resolve()) if file else None
        return {"architecture": architecture, "weights": weights, "seed": self.options.seed}

    def oddspot(self, work, folder, threads=None, name="oddspot"):
        threads = threads or self.options.threads
        return Contestant(name, "oddspot", [DRIVER, work, folder], threads)

    def peer(self, work, name, family, variant, folder):
        threads = self.options.threads
        command = [sys.executable, HERE / "peer.py", work, variant, folder, threads]
        return Contestant(name, family, command, threads)

    def export(self, folder):
        """The folder's network as an ONNX graph."""
        self.call([sys.executable, HERE / "export.py", folder], "the export to ONNX")

    def call(self, command, what):
        """Runs a program to its end; what it says is shown only if it fails."""
        command = [str(part) for part in command]
        limits = thread_limits(self.options.threads)
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | limits)
        if done.returncode != 0:
            raise Failure(f"{what} failed:\n{done.stdout}{done.stderr}")

    def material(self, folder):
        """Boards and a teacher's weights in the folder, as its options say."""
        self.call([DRIVER, "material", folder], "the drawing of boards")
