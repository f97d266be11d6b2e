"""A peer's process: python peer.py WORK VARIANT FOLDER THREADS

Prepares the work from the files that oddspot's process wrote into the folder, prints `ready`,
and answers the same lines as crates/oddspot-measure/examples/peer.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from runtimes import RUNTIMES

GIVEN = "given.safetensors"


class Forward:
    """A network's outputs for one image."""

    def __init__(self, variant, folder, threads):
        _, _, runtime = RUNTIMES[variant]
        self.network = runtime(folder, threads)
        image = load_file(folder / GIVEN)["image"]
        self.image = self.network.place(image.transpose(0, 3, 1, 2))

    def run(self):
        self.outputs = self.network(self.image)

    def outcome(self):
        channels_last = (output.transpose(0, 2, 3, 1) for output in self.outputs)
        return dict(zip(["level1", "level2", "level3"], channels_last, strict=True))


class Step:
    """A step of the training in PyTorch. The variant names a layout and an Adam."""

    def __init__(self, variant, folder, threads):
        import torch
        from safetensors.torch import load_file

        from training import Training

        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        layout, adam = variant.split("+")
        options = json.loads((folder / "options.json").read_text())
        given = load_file(folder / GIVEN)
        self.training = Training(given, options, getattr(torch, layout), adam == "fused")

    def run(self):
        self.training.step()

    def outcome(self):
        rec, pos = np.array(self.training.losses, np.float32).T
        return {"rec": rec, "pos": pos}


class AuPro:
    """anomalib's AU-PRO of all maps."""

    def __init__(self, variant, folder, threads):
        import torch
        from anomalib.metrics.aupro import _AUPRO

        torch.set_num_threads(threads)
        given = load_file(folder / GIVEN)
        self.scores = torch.from_numpy(given["scores"])
        self.masks = torch.from_numpy(given["masks"]).int()
        # The measure itself; AUPRO, which is public, picks its arguments out of a batch first.
        self.measure = _AUPRO

    def run(self):
        metric = self.measure(fpr_limit=0.3)
        metric.update(self.scores, self.masks)
        self.au_pro = metric.compute()

    def outcome(self):
        return {"au_pro": np.array([float(self.au_pro)], np.float32)}


WORKS = {"teacher": Forward, "student": Forward, "step": Step, "pro": AuPro}


def peak_memory():
    """The process's largest resident set, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def serve(work):
    for line in sys.stdin:
        match line.split():
            case ["run"]:
                started = time.perf_counter()
                work.run()
                print(1e3 * (time.perf_counter() - started), flush=True)
            case ["dump", file]:
                arrays = {name: np.ascontiguousarray(x) for name, x in work.outcome().items()}
                save_file(arrays, file)
                print("ok", flush=True)
            case ["memory"]:
                print(peak_memory(), flush=True)
            case _:
                sys.exit(f"the line {line!r} is not understood")


if __name__ == "__main__":
    name, variant, folder, threads = sys.argv[1:]
    work = WORKS[name](variant, Path(folder), int(threads))
    print("ready", flush=True)
    serve(work)
