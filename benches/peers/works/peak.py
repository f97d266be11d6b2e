"""How much of the processor is used: VGG16's forward pass against the multiply-adds that the
same process makes on registers alone, in turn."""

from statistics import median

from timing import ratio, turn


def tables(bench):
    settings = {"work": "teacher", "teacher": bench.teacher("vgg16"), "size": SIZE}
    oddspot = bench.oddspot("teacher", bench.folder("peak", settings))
    peaks, rates = [], []
    for _ in range(bench.options.rounds):
        peaks.append(float(oddspot.ask("peak")))
        rates.append(operations() / turn(oddspot) / 1e6)
    oddspot.close()
    yield {
        "title": f"VGG16 to relu4_3, {SIZE}×{SIZE}, against the peak of multiply-adds",
        "note": "GFLOP/s; the network's are those of direct convolutions, two a multiply-add.",
        "kind": "efficiency",
        "rounds": bench.options.rounds,
        "rows": [
            {
                "name": "oddspot",
                "peak": median(peaks),
                "rate": median(rates),
                "ratio": ratio(rates, peaks),
            }
        ],
    }


SIZE = 256
# Channels of each stage's convolutions, and how much smaller than the image its maps are.
STAGES = [(1, [3, 64, 64]), (2, [64, 128, 128]), (4, [128] + 3 * [256]), (8, [256] + 3 * [512])]


def operations():
    """Of all convolutions, done directly."""
    return sum(
        2 * 9 * inputs * outputs * (SIZE // smaller) ** 2
        for smaller, channels in STAGES
        for inputs, outputs in zip(channels, channels[1:])
    )
