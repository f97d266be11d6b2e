"""The teacher: VGG16 to relu4_3 and SqueezeNet to fire8, all three levels of one image."""

from comparison import compare
from runtimes import RUNTIMES

ARCHITECTURES = {"vgg16": "VGG16", "squeezenet": "SqueezeNet 1.0"}


def tables(bench):
    for size in bench.options.size:
        for architecture, title in ARCHITECTURES.items():
            settings = {"work": "teacher", "teacher": bench.teacher(architecture), "size": size}
            title = f"Teacher: {title}, one image of {size}×{size}"
            yield forward(bench, f"teacher-{architecture}-{size}", settings, title)


def forward(bench, name, settings, title):
    """A network's outputs for one image, by every library."""
    work, folder = settings["work"], bench.folder(name, settings)
    oddspot = bench.oddspot(work, folder)
    bench.export(folder)
    peers = [
        bench.peer(work, name, family, variant, folder)
        for variant, (name, family, _) in RUNTIMES.items()
    ]
    return compare(title, oddspot, peers, bench.options.rounds)
