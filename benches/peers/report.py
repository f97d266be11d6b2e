"""Tables in Markdown."""


def machine(facts):
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    return (
        f"{facts['cpu']}, {facts['cores']} cores, {facts['threads']} threads used, "
        f"load before the run {facts['load_before']:.1f}; "
        f"{facts['system']}; {facts['rust']}; Python {facts['python']}; {packages}\n"
    )


def table(result):
    lines = [f"## {result['title']}", ""]
    if "note" in result:
        lines += [result["note"], ""]
    lines += KINDS[result["kind"]](result["rows"])
    return "\n".join(lines) + "\n"


def grid(columns, rows):
    """The first column holds names, all others numbers."""
    line = lambda cells: "| " + " | ".join(cells) + " |"
    return [line(columns), line(["---"] + ["---:"] * (len(columns) - 1)), *map(line, rows)]


def comparison(rows):
    cells = [
        [
            row["name"],
            number(row.get("milliseconds")),
            ratio(row),
            f"{row['difference']:.0e}" if "difference" in row else "",
        ]
        for row in rows
    ]
    return grid(["", "ms", "oddspot ÷ peer (quartiles)", "difference"], cells)


def detection(rows):
    cells = [
        [
            row["name"],
            number(row.get("milliseconds")),
            ratio(row),
            number(row.get("first_verdict_milliseconds")),
            number(row.get("peak_mib")),
            str(row.get("other_verdicts", "")),
            f"{row['difference']:.0e}" if "difference" in row else "",
        ]
        for row in rows
    ]
    columns = ["", "ms an image", "oddspot ÷ peer (quartiles)", "start to first verdict, ms"]
    columns += ["peak MiB", "other verdicts", "difference"]
    return grid(columns, cells)


def scaling(rows):
    cells = [
        [row["name"], number(row["before"]), number(row["after"]), spread(row["ratio"])]
        for row in rows
    ]
    return grid(["", "before, ms", "after, ms", "before ÷ after (quartiles)"], cells)


def efficiency(rows):
    cells = [
        [row["name"], number(row["peak"]), number(row["rate"]), spread(row["ratio"])]
        for row in rows
    ]
    return grid(["", "peak", "network", "network ÷ peak (quartiles)"], cells)


KINDS = {
    "comparison": comparison,
    "detection": detection,
    "efficiency": efficiency,
    "scaling": scaling,
}


def number(value):
    """Three digits that count."""
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def spread(value):
    return f"{number(value['median'])} ({number(value['low'])}–{number(value['high'])})"


def ratio(row):
    if "refused" in row:
        return row["refused"]
    if "ratio" not in row:
        return ""
    text = spread(row["ratio"])
    return f"**{text}**" if row["fastest_of_family"] else text
