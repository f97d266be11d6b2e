"""How much `oddspot audit` finds of defective images that were planted among good ones.

    python3 benches/sets/audit.py oddspot SET [--draws 1-12] [-- --place-levels 2]

SET is a folder in MVTec AD's layout. For each draw so many of its defective test images as make up the share are
drawn at random and put among its good training images; what is counted is how many of them are among the first
tenth of the list. What follows `--` is for `oddspot audit`.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

KINDS = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"}


def all_images(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in KINDS)


def draws(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


def planted(good: list[Path], bad: list[Path], count: int, draw: int, to: Path) -> set[str]:
    """Links the good images and some bad ones into a folder; the names of the bad ones there."""
    for file in good:
        (to / f"g_{file.name}").symlink_to(file.resolve())
    # No name tells where an image lies in the list.
    names = set()
    for file in random.Random(draw).sample(bad, count):
        name = f"g_{file.parent.name}_{file.name}"
        (to / name).symlink_to(file.resolve())
        names.add(name)
    return names


def audited(program: str, folder: Path, options: list[str]) -> list[dict]:
    """What is said of each image, the most suspicious first."""
    report = folder.parent / "audit.json"
    command = [program, "audit", str(folder), "--json", str(report), "--preset", "instant", *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(report.read_text())["images"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("set", type=Path)
    parser.add_argument("--draws", type=draws, default=draws("1-12"))
    parser.add_argument("--share", type=float, default=0.05, help="of all images, that are planted")
    arguments, options = parser.parse_known_args()
    options = [option for option in options if option != "--"]
    good = all_images(arguments.set / "train" / "good")
    bad = [file for file in all_images(arguments.set / "test") if file.parent.name != "good"]
    count = round(len(good) * arguments.share / (1 - arguments.share))
    total, called, rightly = 0, 0, 0
    for draw in arguments.draws:
        with tempfile.TemporaryDirectory() as folder:
            among = Path(folder) / "good"
            among.mkdir()
            names = planted(good, bad, count, draw, among)
            images = audited(arguments.program, among, options)
        first = images[: len(images) // 10]
        found = sum(Path(image["name"]).name in names for image in first)
        total += found
        suspicious = [Path(image["name"]).name in names for image in images if image["suspicious"]]
        called, rightly = called + len(suspicious), rightly + sum(suspicious)
        print(f"draw {draw}: {found} of {count}", flush=True)
    of = count * len(arguments.draws)
    print(f"all: {total} of {of}, {100 * total / of:.0f} %; called suspicious: {called}, of them planted: {rightly}")


if __name__ == "__main__":
    main()
