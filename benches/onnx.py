"""Milliseconds an image: `oddspot detect`, and the export of the same model in ONNX Runtime and in OpenVINO.

    python benches/onnx.py PROGRAM MODEL IMAGE… [--rounds 7] [--threads 2]

Needs numpy, pillow, onnxruntime and openvino. Images must have the model's size: nothing is resized. In each round every
engine judges all images, one after the other; oddspot's own time is (time of all − time of one) ÷ (images − 1), from file to
verdict. The peers' is that of the graph alone, on pixels in memory. Ratios are of the same round.
"""

import argparse
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


def timed(work):
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def own(program, model, images, threads):
    def judge(some):
        command = [program, "detect", model, *some, "--quiet", "--threads", str(threads)]
        subprocess.run(command, check=True, capture_output=True)

    return lambda: (timed(lambda: judge(images)) - timed(lambda: judge(images[:1]))) / (len(images) - 1)


def peers(file, pixels, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
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
        rounds = []
        for _ in range(args.rounds):
            turn = {name: run() for name, run in engines.items()}
            rounds.append(turn)
    print("|  | ms | oddspot ÷ peer (quartiles) |\n| --- | ---: | ---: |")
    for name in engines:
        ratios = [turn["oddspot"] / turn[name] for turn in rounds]
        low, _, high = quantiles(ratios, n=4)
        told = "" if name == "oddspot" else f"{median(ratios):.2f} ({low:.2f}–{high:.2f})"
        print(f"| {name} | {median(turn[name] for turn in rounds):.0f} | {told} |")


if __name__ == "__main__":
    main()
