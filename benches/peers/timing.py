"""Interleaved timing: every round gives each contestant one turn, so that whatever else the
machine does, and however its clock drifts, falls on all of them alike; only times of the same
round are divided by each other."""

import time
from statistics import median, quantiles

# The threads of a pool go on spinning for some milliseconds after its work: the next contestant
# must not have to share the cores with them.
PAUSE_SECONDS = 0.05
# A turn repeats short work for about so long, at most so often.
TURN_MILLISECONDS = 200
MOST_REPEATS = 10


def race(contestants, rounds):
    """Milliseconds of each contestant, by name, one a round."""
    times = {contestant.name: [] for contestant in contestants}
    for _ in range(rounds):
        for contestant in contestants:
            times[contestant.name].append(turn(contestant))
    return times


def turn(contestant):
    time.sleep(PAUSE_SECONDS)
    # Not counted: it brings weights back into caches that the others have used meanwhile.
    first = contestant.run()
    repeats = min(MOST_REPEATS, max(1, round(TURN_MILLISECONDS / first)))
    return median(contestant.run() for _ in range(repeats))


def ratio(times, others):
    """Median and quartiles of the ratios of times of the same round."""
    ratios = [a / b for a, b in zip(times, others, strict=True)]
    if len(ratios) < 2:
        return {"median": ratios[0], "low": ratios[0], "high": ratios[0]}
    low, middle, high = quantiles(ratios, n=4, method="inclusive")
    return {"median": middle, "low": low, "high": high}
