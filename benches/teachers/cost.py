"""Times a teacher's forward pass in turn with VGG16's and SqueezeNet 1.0's, both of random weights.

    cargo build --release -p oddspot-measure --example peer
    python3 benches/teachers/cost.py WEIGHTS [ROUNDS]

WEIGHTS is a file of VGG16's shape, such as crates/oddspot/weights/builtin.safetensors. Prints each
network's median milliseconds on a picture of 256x256 and the median ratio to VGG16's, paired by round.
RAYON_NUM_THREADS decides the threads.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

peer = pathlib.Path(__file__).parents[2] / "target/release/examples/peer"
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 40
contestants = {
    "vgg16": {"architecture": "vgg16", "weights": None, "seed": 0},
    "squeezenet1_0": {"architecture": "squeezenet", "weights": None, "seed": 0},
    pathlib.Path(sys.argv[1]).stem: {"architecture": "vgg16", "weights": str(pathlib.Path(sys.argv[1]).resolve()), "seed": 0},
}

with tempfile.TemporaryDirectory() as folder:
    processes = {}
    for name, teacher in contestants.items():
        own = pathlib.Path(folder) / name
        own.mkdir()
        (own / "options.json").write_text(json.dumps({"teacher": teacher, "size": 256}))
        process = subprocess.Popen([peer, "teacher", own], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if process.stdout.readline().strip() != "ready":
            sys.exit(f"{name} did not start")
        processes[name] = process
    times = {name: [] for name in contestants}
    for turn in range(rounds + 3):
        for name, process in processes.items():
            process.stdin.write("run\n")
            process.stdin.flush()
            milliseconds = float(process.stdout.readline())
            if turn >= 3:
                times[name].append(milliseconds)
    for process in processes.values():
        process.stdin.close()
        process.wait()

print("| teacher | ms | ratio to VGG16 |\n|---|---:|---:|")
for name, own in times.items():
    ratios = [a / b for a, b in zip(own, times["vgg16"])]
    print(f"| {name} | {statistics.median(own):.1f} | {statistics.median(ratios):.3f} |")
