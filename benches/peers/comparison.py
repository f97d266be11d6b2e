"""A table: oddspot and its peers at one work, their outputs compared, then their times."""

from statistics import median

from agreement import refusal
from timing import race, ratio


def compare(title, oddspot, peers, rounds, runs_before=1, seen=lambda outcome: outcome):
    """Lets oddspot and its peers do the work `runs_before` times, compares what `seen` picks of
    their outcomes, and times those that agree."""
    contestants = [oddspot, *peers]
    for contestant in contestants:
        for _ in range(runs_before):
            contestant.run()
    ours = seen(oddspot.outcome())
    verdicts = {peer.name: refusal(ours, seen(peer.outcome())) for peer in peers}
    agreeing = [peer for peer in peers if verdicts[peer.name][1] is None]
    times = race([oddspot, *agreeing], rounds)

    fastest = {}
    for peer in agreeing:
        best = fastest.get(peer.family)
        if best is None or median(times[peer.name]) < median(times[best]):
            fastest[peer.family] = peer.name
    rows = [{"name": oddspot.name, "milliseconds": median(times[oddspot.name])}]
    for peer in peers:
        largest, refused = verdicts[peer.name]
        row = {"name": peer.name, "family": peer.family, "difference": largest}
        if refused:
            row["refused"] = refused
        else:
            row["milliseconds"] = median(times[peer.name])
            row["ratio"] = ratio(times[oddspot.name], times[peer.name])
            row["fastest_of_family"] = fastest[peer.family] == peer.name
        rows.append(row)
    for row, contestant in zip(rows, contestants):
        row["peak_mib"] = contestant.memory()
        contestant.close()
    return {"title": title, "kind": "comparison", "rounds": rounds, "rows": rows}
