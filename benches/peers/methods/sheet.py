"""One rival at one data set, in a process of its own: python -m methods.sheet RIVAL DATA FILE THREADS

Learns from the good images, judges the test images one after another, and writes into FILE their scores and maps,
the seconds of learning and the milliseconds of each image, from its file to score and map.
"""

import sys
import time
from pathlib import Path

import numpy as np
import torch

from methods.folder import good_images, read, test_images
from methods.rivals import RIVALS

SEED = 0


def fill(rival, data, file):
    torch.manual_seed(SEED)
    started = time.perf_counter()
    rival = RIVALS[rival][1]()
    rival.learn(good_images(data))
    seconds = time.perf_counter() - started
    samples = test_images(data)
    # Not counted: the first image, for which memory is still to be found.
    rival.judge(read(samples[0].path))
    found, milliseconds = [], []
    for sample in samples:
        started = time.perf_counter()
        found.append(rival.judge(read(sample.path)))
        milliseconds.append(1e3 * (time.perf_counter() - started))
    scores, maps = zip(*found)
    np.savez(
        file,
        scores=np.array(scores, np.float32),
        maps=np.stack(maps),
        seconds=seconds,
        milliseconds=milliseconds,
    )


if __name__ == "__main__":
    rival, data, file, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    fill(rival, Path(data), Path(file))
