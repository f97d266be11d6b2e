"""Milliseconds an image: `oddspot detect`, and the export of the same model in ONNX Runtime and in OpenVINO.

    python benches/onnx.py PROGRAM MODEL IMAGE… [--rounds 7] [--threads 2]

Needs numpy, pillow, onnxruntime and openvino. Images must have the model's size: nothing is resized. In each round every
engine judges all images, one after the other; oddspot's own time is (time of all − time of one) ÷ (images − 1), from file to
verdict. The peers' is that of the graph alone, on pixels in memory. Beside the time on the clock stands that of the
processor, which a machine in use moves less. Ratios are of the same round.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import onnxruntime
import openvino
from PIL import Image


def processor(who):
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def timed(work, who=resource.RUSAGE_SELF):
    """Milliseconds on the clock and of the processor."""
    before = time.perf_counter(), processor(who)
    work()
    return 1000 * np.array([time.perf_counter() - before[0], processor(who) - before[1]])


def own(program, model, images, threads):
    def judge(some):
        command = [program, "detect", model, *some, "--quiet", "--threads", str(threads)]
        return timed(
            lambda: subprocess.run(command, check=True, capture_output=True), resource.RUSAGE_CHILDREN
        )

    return lambda: (judge(images) - judge(images[:1])) / (len(images) - 1)


def peers(file, pixels, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait in a loop would count as work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    precise = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    compiled = openvino.Core().compile_model(file, "CPU", precise)
    request = compiled.create_infer_request()
    runs = {
        f"ONNX Runtime {onnxruntime.__version__}": lambda x: session.run(["score", "map"], {"image": x}),
        f"OpenVINO {openvino.__version__.split('-')[0]}": lambda x: request.infer({"image": x}),
    }

    def all_of(run):
        run(pixels[0])  # once to warm up
        return lambda: timed(lambda: [run(x) for x in pixels]) / len(pixels)

    return {name: all_of(run) for name, run in runs.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("images", nargs="+")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    if len(args.images) < 2:
        sys.exit("give two images or more")
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "part.onnx")
        subprocess.run([args.program, "export", args.model, "-o", file], check=True, capture_output=True)
        pixels = [np.asarray(Image.open(path).convert("RGB"))[None] for path in args.images]
        engines = {"oddspot": own(args.program, args.model, args.images, args.threads)}
        engines.update(peers(file, pixels, args.threads))
        rounds = [{name: run() for name, run in engines.items()} for _ in range(args.rounds)]
    print("|  | ms | of the processor | oddspot ÷ peer, of the processor (quartiles) |\n| --- | ---: | ---: | ---: |")
    for name in engines:
        ratios = [turn["oddspot"][1] / turn[name][1] for turn in rounds]
        low, _, high = quantiles(ratios, n=4)
        told = "" if name == "oddspot" else f"{median(ratios):.2f} ({low:.2f}–{high:.2f})"
        wall, used = (median(turn[name][at] for turn in rounds) for at in (0, 1))
        print(f"| {name} | {wall:.0f} | {used:.0f} | {told} |")


if __name__ == "__main__":
    main()
