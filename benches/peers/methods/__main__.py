"""anomalib's methods given oddspot's teacher, beside oddspot's own models on the same data sets:

    benches/peers/run.sh --methods DATA… [--rivals patchcore,padim] [--presets instant,default] [--threads 2]

DATA is a folder in the layout of MVTec AD. All see images of 256×256, and are measured as oddspot's protocol
`paper` says. Times of oddspot's instant model are taken just before and after each rival's, and divided by.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import fmean

import numpy as np
import torch

import machine
import report
from bench import HERE, ODDSPOT, RELEASE
from contestant import Failure, thread_limits
from methods.folder import good_images, masks, test_images
from methods.measures import measure
from methods.ours import MODELS, Oddspot
from methods.rivals import RIVALS
from methods.teacher import difference

# JPEG files are decoded and images resized to whole numbers, which may differ by one.
AGREEMENT = 1e-3


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    facts = machine.describe(options.threads)
    print(report.machine(facts), flush=True)
    results = {}
    for data in options.data:
        rows = list(compare(data, options))
        results[data.name] = rows
        print(table(data, rows), flush=True)
    if options.json:
        options.json.write_text(json.dumps({"machine": facts, "sets": results}, indent=2) + "\n")


def arguments():
    parser = argparse.ArgumentParser(prog="benches/peers/run.sh --methods", description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("data", type=Path, nargs="+", metavar="DATA", help="a data set in the layout of MVTec AD")
    add("--rivals", type=some_of(RIVALS), default=list(RIVALS), help=f"some of {','.join(RIVALS)}")
    add("--presets", type=some_of(MODELS), default=list(MODELS), help=f"some of {','.join(MODELS)}")
    add("--threads", type=int, default=2)
    add("--json", type=Path, metavar="FILE", help="also write all figures there")
    add("--oddspot", type=Path, default=ODDSPOT, metavar="PROGRAM", help="another than the one that was built")
    add("--work-folder", type=Path, default=RELEASE.parent / "peers", help="for models and maps")
    options = parser.parse_args()
    for path in (options.oddspot, *(data / part for data in options.data for part in ("train/good", "test"))):
        if not path.exists():
            parser.error(f"{path} does not exist")
    return options


def some_of(known):
    def names(text):
        for name in text.split(","):
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no '{name}', only {', '.join(known)}")
        return text.split(",")

    return names


def compare(data, options):
    """A row for each model."""
    folder = options.work_folder / f"methods-{data.name}"
    folder.mkdir(parents=True, exist_ok=True)
    samples = test_images(data)
    odd = np.array([sample.mask is not None for sample in samples])
    truth = masks(samples)
    make = lambda preset: Oddspot(options.oddspot, preset, data, folder, options.threads)
    for preset in options.presets:
        yield from make(preset).rows()
    instant = make("instant")
    check_teacher(instant, data)
    for rival in options.rivals:
        learning, before = instant.train(), instant.detect()
        sheet = filled(rival, data, folder, options.threads)
        judging = fmean([before, instant.detect()])
        row = {"name": RIVALS[rival][0]} | measure(sheet["scores"], sheet["maps"], truth, odd)
        row |= {"seconds": float(sheet["seconds"]), "milliseconds": fmean(sheet["milliseconds"])}
        yield row | {
            "seconds_ratio": row["seconds"] / learning,
            "milliseconds_ratio": row["milliseconds"] / judging,
        }


def check_teacher(instant, data):
    """Both see the same features, or nothing is compared."""
    instant.train()
    far = difference(instant.model, good_images(data))
    if far > AGREEMENT:
        raise Failure(f"{data}: the teacher's features in PyTorch lie {far:.0e} of their range from oddspot's")
    print(f"{data.name}: features agree to {far:.0e} of the largest", flush=True)


def filled(rival, data, folder, threads):
    """What a rival's own process found."""
    file = folder / f"{rival}.npz"
    command = [sys.executable, "-m", "methods.sheet", rival, data.resolve(), file.resolve(), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE, env=os.environ | thread_limits(threads))
    if done.returncode != 0:
        raise Failure(f"{rival} failed:\n{done.stdout}{done.stderr}")
    return np.load(file)


def table(data, rows):
    """In Markdown."""
    columns = ["", "image AUC / pixel AUC / PRO", f"missed of {rows[0]['odd']}, {rows[0]['alarms']} of {rows[0]['good']} false alarms allowed"]
    columns += ["at its own threshold: missed, false alarms", "to learn, s", "÷ instant", "an image, ms", "÷ instant"]
    cells = [
        [
            row["name"],
            " / ".join(f"{100 * row[name]:.1f}" for name in ("image_auc", "pixel_auc", "au_pro")),
            str(row.get("missed", "")),
            ", ".join(map(str, row["own"])) if "own" in row else "",
            *(report.number(row.get(name)) for name in ("seconds", "seconds_ratio", "milliseconds", "milliseconds_ratio")),
        ]
        for row in rows
    ]
    return "\n".join([f"## {data.name}", "", *report.grid(columns, cells), ""])


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"error: {failure}")
