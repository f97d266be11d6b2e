"""Prints the reports that run.sh has written as tables: mean and standard deviation over seeds.

    python3 table.py FOLDER [PROTOCOL]     # PROTOCOL: paper (default) or official
"""

import collections
import json
import pathlib
import statistics
import sys

folder = pathlib.Path(sys.argv[1])
protocol = sys.argv[2] if len(sys.argv) > 2 else "paper"
# What a baseline has of maps is e_rec, its whole.
MAPS = {
    "e_rec alone": {"full": "reconstruction"},
    "full": {"full": "total"},
    "baseline": {"baseline": "total"},
}
MEASURES = {"image AUC": "image_auc", "pixel AUC": "pixel_auc", "PRO": "au_pro"}

# (teacher, set) -> map -> measure -> values of the seeds
found = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(list)))
for path in sorted(folder.glob("*.json")):
    report = json.loads(path.read_text())
    key = report["model"]["teacher"]["name"].removesuffix(".safetensors"), report["data"]["name"]
    method = report["model"]["settings"]["method"]
    for name, fields in MAPS.items():
        if method not in fields:
            continue
        field = fields[method]
        measured = report["protocols"][protocol]["maps"][field]["overall"]
        for measure, value in MEASURES.items():
            found[key][name][measure].append(100 * measured[value])

teachers = sorted({teacher for teacher, _ in found})
sets = sorted({data for _, data in found})
for name in MAPS:
    if not any(name in maps for maps in found.values()):
        continue
    print(f"\n{name}, protocol `{protocol}`, in percent ({' / '.join(MEASURES)}; mean ± deviation over seeds)\n")
    print("| teacher | seeds |" + "".join(f" {data} |" for data in sets) + " average |")
    print("|---|---:|" + "---|" * (len(sets) + 1))
    for teacher in teachers:
        cells, means = [], collections.defaultdict(list)
        seeds = set()
        for data in sets:
            values = found.get((teacher, data), {}).get(name)
            if not values:
                cells.append("")
                continue
            parts = []
            for measure in MEASURES:
                numbers = values[measure]
                seeds.add(len(numbers))
                mean = statistics.fmean(numbers)
                means[measure].append(mean)
                spread = f" ± {statistics.stdev(numbers):.1f}" if len(numbers) > 1 else ""
                parts.append(f"{mean:.1f}{spread}")
            cells.append(" / ".join(parts))
        average = ""
        if all(len(means[measure]) == len(sets) for measure in MEASURES):
            average = " / ".join(f"{statistics.fmean(means[measure]):.1f}" for measure in MEASURES)
        number = "–".join(str(n) for n in sorted({min(seeds), max(seeds)}))
        print(f"| {teacher} | {number} | " + " | ".join(cells) + f" | {average} |")
