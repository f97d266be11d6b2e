"""A training step: the default student and the position classifier, the teacher's maps at hand,
one image, 64 pairs; forward, losses, backward, Adam."""

from comparison import compare
from works.teacher import ARCHITECTURES

SIZE = 256
# Steps whose losses are compared before any is timed.
COMPARED_STEPS = 5
# Not the 1e-3 of a real training, which costs the same. Adam's first steps go by the gradients'
# signs; at 1e-3 rounding errors then grow so fast that after 5 steps PyTorch's losses in 32 and in
# 64 bits, or in its two layouts, lie up to 1e-2 apart. At 1e-4 they agree to 1e-4, while the loss
# still halves.
LEARNING_RATE = 1e-4
VARIANTS = {
    f"{layout}+{adam}": f"PyTorch, {layout.removesuffix('_format').replace('_', ' ')}, {adam} Adam"
    for layout in ("contiguous_format", "channels_last")
    for adam in ("foreach", "fused")
}


def settings(bench, architecture):
    return {
        "work": "step",
        "teacher": bench.teacher(architecture),
        "size": SIZE,
        "given_steps": COMPARED_STEPS,
        "learning_rate": LEARNING_RATE,
        "weight_decay": 1e-5,
        "output_stride": 8,
        "negative_slope": 0.1,
    }


def tables(bench):
    for architecture, title in ARCHITECTURES.items():
        folder = bench.folder(f"step-{architecture}", settings(bench, architecture))
        oddspot = bench.oddspot("step", folder)
        peers = [
            bench.peer("step", name, "PyTorch", variant, folder)
            for variant, name in VARIANTS.items()
        ]
        title = f"Training step: student and classifier, maps of {title}, {SIZE}×{SIZE}"
        rounds = bench.options.rounds
        yield compare(title, oddspot, peers, rounds, COMPARED_STEPS, first_losses)


def first_losses(outcome):
    """Each loss by itself, so that every one has to agree."""
    return {
        f"{name} {step}": losses[step : step + 1]
        for name, losses in outcome.items()
        for step in range(COMPARED_STEPS)
    }
