"""oddspot against itself: one thread and several, small images and large."""

from statistics import median

from timing import race, ratio
from works import step
from works.teacher import ARCHITECTURES

SIZES = [256, 512, 1024]


def tables(bench):
    threads = bench.options.threads
    if threads > 1:
        rows = [row for case in threaded_works(bench) for row in against(bench, *case)]
        yield {
            "title": f"oddspot: 1 thread and {threads}",
            "note": f"Before: 1 thread. After: {threads} threads.",
            "kind": "scaling",
            "rounds": bench.options.rounds,
            "rows": rows,
        }
    yield {
        "title": "oddspot: the size of the image, teacher VGG16",
        "note": f"Before: {SIZES[0]}×{SIZES[0]}. Linear in the pixels are ratios of 1/4 and 1/16.",
        "kind": "scaling",
        "rounds": bench.options.rounds,
        "rows": sizes(bench),
    }


def threaded_works(bench):
    """Work, folder and title of what is run with one thread and with several."""
    for architecture, title in ARCHITECTURES.items():
        settings = {"work": "teacher", "teacher": bench.teacher(architecture), "size": SIZES[0]}
        folder = bench.folder(f"scaling-teacher-{architecture}", settings)
        yield "teacher", folder, f"teacher {title}"
    folder = bench.folder("scaling-step", step.settings(bench, "squeezenet"))
    yield "step", folder, "training step, maps of SqueezeNet 1.0"


def against(bench, work, folder, title):
    one = bench.oddspot(work, folder, threads=1, name="one")
    several = bench.oddspot(work, folder, name="several")
    return compared(bench, one, {title: several})


def sizes(bench):
    contestants = {}
    for size in SIZES:
        settings = {"work": "teacher", "teacher": bench.teacher("vgg16"), "size": size}
        folder = bench.folder(f"scaling-{size}", settings)
        contestants[f"{size}×{size}"] = bench.oddspot("teacher", folder, name=str(size))
    (_, smallest), *larger = contestants.items()
    return compared(bench, smallest, dict(larger))


def compared(bench, before, others):
    """A row for each of the others, by title."""
    contestants = [before, *others.values()]
    times = race(contestants, bench.options.rounds)
    for contestant in contestants:
        contestant.close()
    return [
        {
            "name": title,
            "before": median(times[before.name]),
            "after": median(times[after.name]),
            "ratio": ratio(times[before.name], times[after.name]),
        }
        for title, after in others.items()
    ]
