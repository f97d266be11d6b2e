"""Times oddspot in turn with PyTorch, ONNX Runtime, OpenVINO and anomalib, at the same work:

    benches/peers/run.sh [--works teacher,step] [--rounds 15] [--threads 2] [--json FILE]

Weights, inputs and everything else that decides the outcome come from oddspot's own process, and
outputs have to agree before times are compared. The table of contents:

| file | |
|---|---|
| works/ | what is compared, one work a file |
| comparison.py | a table: outputs compared, then times |
| timing.py | turns, rounds and ratios |
| agreement.py | when outputs count as the same |
| contestant.py, bench.py | processes, and what they are given |
| peer.py | the peers' processes; oddspot's is crates/oddspot-measure/examples/peer |
| networks.py, training.py | the networks and the training step in PyTorch |
| runtimes.py, export.py | the libraries that run networks, and the graph for those that need one |
| judge.py, scoring.py, model_file.py | the peers' `oddspot detect` |
| launch.py | a program's time and peak memory |
| machine.py, report.py | the machine; tables in Markdown |
"""

import argparse
import json
import sys
from pathlib import Path

import machine
import report
from bench import RELEASE, Bench
from contestant import Failure
from works import WORKS


def main():
    options = arguments()
    bench = Bench(options)
    facts = machine.describe(options.threads)
    print("# oddspot and its peers\n")
    print(report.machine(facts), flush=True)
    results = []
    for name in options.works:
        for result in WORKS[name].tables(bench):
            print(report.table(result), flush=True)
            results.append(result | {"work": name})
    if options.json:
        text = json.dumps({"machine": facts, "tables": results}, indent=2, ensure_ascii=False)
        options.json.write_text(text + "\n")
    if any("refused" in row for result in results for row in result["rows"]):
        raise Failure("some outputs do not agree; see the tables")


def arguments():
    parser = argparse.ArgumentParser(
        prog="benches/peers/run.sh", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("--works", type=works, default=list(WORKS), help=f"some of {','.join(WORKS)}")
    add("--rounds", type=positive, default=15, help="turns of each contestant")
    add("--threads", type=positive, default=2)
    add("--json", type=Path, metavar="FILE", help="also write all figures there")
    add("--seed", type=int, default=0, help="of weights, images and maps")
    add("--size", type=side, nargs="+", default=[256], help="of images: 256, 512, 1024")
    add("--squeezenet", type=Path, metavar="FILE", help="its weights; random ones without")
    add("--data", type=Path, metavar="FOLDER", help="images for detect, not made-up boards")
    add("--picture", type=side, default=256, help="side of the boards that detect judges")
    add("--images", type=positive, default=100, help="images that detect judges")
    add("--detect-rounds", type=positive, default=3, help="turns of each program in detect")
    folder = RELEASE.parent / "peers"
    add("--work-folder", type=Path, default=folder, help="for weights, graphs and images")
    options = parser.parse_args()
    for path in (options.squeezenet, options.data):
        if path and not path.exists():
            parser.error(f"{path} does not exist")
    return options


def works(text):
    names = text.split(",")
    for name in names:
        if name not in WORKS:
            raise argparse.ArgumentTypeError(f"there is no work '{name}', only {', '.join(WORKS)}")
    return names


def positive(text):
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number above 0")
    return int(text)


def side(text):
    if positive(text) % 8 != 0:
        raise argparse.ArgumentTypeError(f"{text} is not a multiple of 8")
    return int(text)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"error: {failure}")
