"""oddspot at a data set: its models, what they reach, and how long that takes."""

import json
import os
import shutil
import subprocess
import time

import numpy as np

from contestant import Failure, thread_limits
from judge import images_under
from methods.measures import missed

# By the preset: its name for people, and the maps of its model that are measured.
MODELS = {
    "instant": {"oddspot, `--preset instant`": "total", "… `e_G` alone": "gaussian", "… `e_K` alone": "memory"},
    "default": {"oddspot, default": "total"},
}


class Oddspot:
    """One preset at one data set, its files in a folder."""

    def __init__(self, program, preset, data, folder, threads):
        self.program, self.preset, self.data, self.folder, self.threads = program, preset, data, folder, threads
        self.model = folder / f"{preset}.oddspot"

    def train(self):
        """Seconds from the folder to the model."""
        self.model.unlink(missing_ok=True)
        return self.run("train", self.data, "-o", self.model, "--preset", self.preset, "--restart", "--no-audit")

    def detect(self):
        """Milliseconds of an image, from its file to map and verdict: (all − one) ÷ (images − 1)."""
        images, found = images_under(self.data / "test"), self.folder / "found"
        times = []
        for given in (images[0], self.data / "test"):
            shutil.rmtree(found, ignore_errors=True)
            times.append(self.run("detect", self.model, given, "-o", found, "--no-pictures"))
        return 1e3 * (times[1] - times[0]) / (len(images) - 1)

    def rows(self):
        """Trains, judges, and measures by `oddspot evaluate`, protocol `paper`: a row for the model, and for each of
        its maps alone that is asked for."""
        times = {"seconds": self.train(), "milliseconds": self.detect()}
        file = self.folder / f"{self.preset}.json"
        self.run("evaluate", self.model, self.data, "--json", file, "--replace")
        said = json.loads(file.read_text())
        scores = np.array([image["score"] for image in said["images"]], np.float32)
        odd = np.array([image["label"] != "good" for image in said["images"]])
        verdicts = said["verdicts"]
        misses = sum(defect["count"] for defect in verdicts["misses"].values())
        own = {"own": (misses, verdicts["false_alarms"]["count"])} | missed(scores, odd) | times
        for name, kind in MODELS[self.preset].items():
            overall = said["protocols"]["paper"]["maps"][kind]["overall"]
            row = {"name": name} | {measure: overall[measure] for measure in ("image_auc", "pixel_auc", "au_pro")}
            yield row | (own if kind == "total" else {})

    def run(self, *arguments):
        """Seconds of a command."""
        command = [str(part) for part in (self.program, *arguments, "--threads", self.threads)]
        started = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ | thread_limits(self.threads))
        if done.returncode != 0:
            raise Failure(f"oddspot {arguments[0]} failed:\n{done.stdout}{done.stderr}")
        return time.perf_counter() - started
