"""The whole way from files to verdicts and maps: the oddspot command against programs that do the
same in Python (judge.py).

All are started anew each time, on one image and on all. The first tells the time from the start
of a process to its first verdict. An image's own time is (time of all − time of one) ÷
(images − 1): it counts whatever a program does or overlaps, and needs no program's word for it.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from statistics import median

import numpy as np
from PIL import Image

from agreement import refusal
from bench import HERE, ODDSPOT
from contestant import Failure, thread_limits
from judge import images_under
from model_file import read_header
from runtimes import RUNTIMES
from scoring import KINDS
from timing import PAUSE_SECONDS, ratio
from works.teacher import ARCHITECTURES

TRAINING_IMAGES, TRAINING_STEPS = 24, 20
# What the peers compute too: the paper's scores, smoothed.
SETTINGS = (
    "--feature-norm standardize --level-weights 1,1,1 --moments global --pair-weights equal "
    "--pos-floor none --image-level kept --pos-weight 1 --smoothing 8 --pos-smoothing 8"
).split()
COMPARED_IMAGES = 4
NOTE = (
    "On Linux PyPI's PyTorch brings CUDA libraries, which count into its start and its memory."
)


def tables(bench):
    check_flags(bench)
    for architecture, title in ARCHITECTURES.items():
        yield table(bench, architecture, title)


def check_flags(bench):
    usage = subprocess.run([ODDSPOT, "detect", "--help"], capture_output=True, text=True).stdout
    if "--no-pictures" not in usage:
        raise Failure("this oddspot has no `detect --no-pictures`, without which it draws figures")


def table(bench, architecture, title):
    options = bench.options
    settings = {
        "work": "detect",
        "teacher": bench.teacher(architecture),
        "size": options.picture,
        "train": TRAINING_IMAGES,
        "test": options.images,
    }
    folder = bench.folder(f"detect-{architecture}", settings)
    images = prepare(bench, folder)
    programs = [Program("oddspot", "oddspot", oddspot_command(folder, options.threads), folder)]
    for variant, (name, family, _) in RUNTIMES.items():
        command = judge_command(variant, folder, options.threads)
        programs.append(Program(name, family, command, folder / variant))
    verdicts = compare_maps(programs, folder / "check", options.threads)
    agreeing = [program for program in programs if verdicts[program.name][1] is None]
    race(agreeing, images, options)
    count = len(images_under(images))
    return {
        "title": f"Detection: {title} teacher, {count} images, files to verdicts and maps",
        "note": NOTE,
        "kind": "detection",
        "rounds": options.detect_rounds,
        "rows": rows(programs, verdicts),
    }


def prepare(bench, folder):
    """Model and graph in the folder; the folder of the images to judge."""
    bench.material(folder)
    data = bench.options.data or folder / "boards"
    model = folder / "model.oddspot"
    train = [ODDSPOT, "train", data, "-o", model, "--teacher", folder / "teacher.safetensors"]
    train += ["--iterations", TRAINING_STEPS, "--threads", bench.options.threads, "--restart", "--replace"]
    train += SETTINGS
    bench.call(train, "oddspot train")
    bench.export(folder)

    test = data / "test" if (data / "test").is_dir() else data
    images, check = fresh(folder / "images"), fresh(folder / "check")
    size = read_header(model)["settings"]["image_size"]
    for index, path in enumerate(images_under(test)[: bench.options.images]):
        shutil.copy(path, images / f"{index:04}{path.suffix}")
        if index < COMPARED_IMAGES:
            # At the model's own size: oddspot and Pillow round differently when they resize,
            # and JPEG decoders differ among themselves.
            picture = Image.open(path).convert("RGB").resize((size["width"], size["height"]))
            picture.save(check / f"{index:04}.png")
    if len(images_under(images)) < 2:
        raise Failure(f"{test} holds fewer than 2 images; give a folder with more")
    return images


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def oddspot_command(folder, threads):
    flags = ["--maps", "--no-pictures", "--threads", threads]
    model = folder / "model.oddspot"
    return lambda images, output: [ODDSPOT, "detect", model, images, "-o", output, *flags]


def judge_command(variant, folder, threads):
    program = [sys.executable, HERE / "judge.py", variant, folder]
    return lambda images, output: [*program, images, output, threads]


class Program:
    """Something that judges images from the command line."""

    def __init__(self, name, family, command, folder):
        self.name, self.family, self.command = name, family, command
        self.output = folder / "found"
        self.first, self.each, self.peak_mib = [], [], 0.0

    def judge(self, images, threads):
        """Seconds from start to end."""
        fresh(self.output)
        time.sleep(PAUSE_SECONDS)
        command = [sys.executable, HERE / "launch.py", *self.command(images, self.output)]
        command = [str(part) for part in command]
        environment = os.environ | thread_limits(threads)
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        told = json.loads(done.stdout) if done.returncode == 0 else {"status": "unknown"}
        if told["status"] != 0:
            raise Failure(f"{self.name} ended with status {told['status']}:\n{done.stderr}")
        self.peak_mib = max(self.peak_mib, told["peak_mib"])
        return told["seconds"]

    def maps(self):
        files = sorted(file for kind in KINDS for file in (self.output / kind).rglob("*.tiff"))
        return {str(file.relative_to(self.output)): np.asarray(Image.open(file)) for file in files}

    def verdicts(self):
        lines = (self.output / "results.jsonl").read_text().splitlines()
        return {line["image"]: line["verdict"] for line in map(json.loads, lines)}


def compare_maps(programs, images, threads):
    """By the programs' names: how far their maps lie from oddspot's, and a sentence if too far."""
    oddspot, *peers = programs
    oddspot.judge(images, threads)
    ours, verdicts = oddspot.maps(), {oddspot.name: (0.0, None)}
    for peer in peers:
        peer.judge(images, threads)
        verdicts[peer.name] = refusal(ours, peer.maps())
    return verdicts


def race(programs, images, options):
    all_images = images_under(images)
    for _ in range(options.detect_rounds):
        for program in programs:
            first = program.judge(all_images[0], options.threads)
            whole = program.judge(images, options.threads)
            program.first.append(1e3 * first)
            program.each.append(1e3 * (whole - first) / (len(all_images) - 1))


def rows(programs, verdicts):
    oddspot, *peers = programs
    found = [row(oddspot)]
    for peer in peers:
        difference, refused = verdicts[peer.name]
        if refused:
            found.append({"name": peer.name, "difference": difference, "refused": refused})
            continue
        siblings = [p for p in peers if p.family == peer.family and p.each]
        fastest = min(siblings, key=lambda p: median(p.each))
        ours, theirs = oddspot.verdicts(), peer.verdicts()
        comparison = {
            "family": peer.family,
            "difference": difference,
            "ratio": ratio(oddspot.each, peer.each),
            "fastest_of_family": fastest is peer,
            "other_verdicts": sum(ours[image] != theirs[image] for image in ours),
        }
        found.append(row(peer) | comparison)
    return found


def row(program):
    return {
        "name": program.name,
        "milliseconds": median(program.each),
        "first_verdict_milliseconds": median(program.first),
        "peak_mib": program.peak_mib,
    }
