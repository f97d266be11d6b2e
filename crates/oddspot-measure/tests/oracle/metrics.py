"""Writes metrics.json: scores, labels and the measures that oddspot_measure::metrics must give for them.

Run from the root of the repository:

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    python3 crates/oddspot-measure/tests/oracle/metrics.py

ROC curve, ROC AUC, average precision and F1 are scikit-learn's. PRO is its definition taken
literally, threshold by threshold over every distinct score, in exact fractions; components are
scipy's with a full 3x3 structure. All scores are exact in float32.
"""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
from scipy import ndimage
from sklearn import metrics

rng = np.random.default_rng(20240607)


def exact(scores):
    """Multiples of 1/1024, which float32 holds exactly and JSON writes shortly."""
    return np.round(np.asarray(scores, np.float64) * 1024) / 1024


# ---- measures of a ranking -------------------------------------------------------------------


def digits(mask):
    return "".join("1" if inside else "0" for inside in np.ravel(mask))


def ranking_case(name, scores, anomalous):
    scores, anomalous = exact(scores), np.asarray(anomalous, bool)
    assert (scores == scores.astype(np.float32)).all()
    fpr, tpr, _ = metrics.roc_curve(anomalous, scores, drop_intermediate=False)
    thresholds = np.unique(scores)
    f1 = [metrics.f1_score(anomalous, scores >= threshold) for threshold in thresholds]
    best = len(f1) - 1 - int(np.argmax(f1[::-1]))  # the largest threshold among equals
    called = scores >= thresholds[best]
    return {
        "name": name,
        "scores": scores.tolist(),
        "anomalous": digits(anomalous),
        "roc": {"x": fpr.tolist(), "y": tpr.tolist()} if len(fpr) < 60 else None,
        "roc_auc": metrics.roc_auc_score(anomalous, scores),
        "average_precision": metrics.average_precision_score(anomalous, scores),
        "f1": f1[best],
        "threshold": float(thresholds[best]),
        "precision": metrics.precision_score(anomalous, called),
        "recall": metrics.recall_score(anomalous, called),
    }


def ranking_cases():
    def shifted(n, share, shift):
        anomalous = rng.random(n) < share
        return rng.normal(size=n) + shift * anomalous, anomalous

    scores, anomalous = shifted(300, 0.3, 1.0)
    yield ranking_case("random", scores, anomalous)
    scores, anomalous = shifted(400, 0.1, 1.5)
    yield ranking_case("heavy ties", np.round(scores * 2) / 2, anomalous)
    yield ranking_case("two values", rng.integers(0, 2, 50), rng.random(50) < 0.4)
    yield ranking_case("all equal", np.full(30, -2.5), np.arange(30) % 3 == 0)
    yield ranking_case("perfect", np.arange(20), np.arange(20) >= 14)
    yield ranking_case("inverted", -np.arange(20), np.arange(20) >= 14)
    yield ranking_case("one anomalous, tied at the top", [3, 1, 3, 0, 3], [1, 0, 0, 0, 0])
    yield ranking_case("one normal", [0.5, -1, 0.25, 0.25], [1, 1, 0, 1])
    scores, anomalous = shifted(40, 0.5, -0.5)
    yield ranking_case("worse than chance", np.round(scores * 8) / 8, anomalous)
    yield ranking_case("far apart", [-1e9, 1e9, 0, 2**-10, -(2**-10), 1e9], [0, 1, 0, 1, 0, 0])


# ---- PRO -------------------------------------------------------------------------------------


def pro_points(maps):
    """(FPR, PRO) at no threshold and at every distinct score, descending; Fractions."""
    normal, regions = [], []
    for scores, mask in maps:
        mask = np.zeros(scores.shape, bool) if mask is None else mask
        labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
        normal.append(scores[~mask])
        regions += [scores[labels == k + 1] for k in range(count)]
    normal = np.concatenate(normal)

    def share(of, threshold):
        return Fraction(int((of >= threshold).sum()), of.size)

    points = [(Fraction(0), Fraction(0))]
    for threshold in sorted({s for scores, _ in maps for s in scores.ravel()}, reverse=True):
        overlap = sum((share(r, threshold) for r in regions), Fraction(0)) / len(regions)
        points.append((share(normal, threshold), overlap))
    return points


def au_pro(points, max_fpr):
    """The area under PRO over FPR in [0, max_fpr], divided by max_fpr; a Fraction."""
    max_fpr, area = Fraction(str(max_fpr)), Fraction(0)
    for (x0, y0), (x1, y1) in zip(points, points[1:]):
        if x0 >= max_fpr or x0 == x1:
            continue
        end = min(x1, max_fpr)
        y_end = y0 + (y1 - y0) * (end - x0) / (x1 - x0)
        area += (end - x0) * (y0 + y_end) / 2
    return area / max_fpr


def pro_case(name, maps, limits=(0.3, 0.05, 1.0)):
    maps = [(exact(scores), mask) for scores, mask in maps]
    points = pro_points(maps)
    return {
        "name": name,
        "maps": [
            {
                "height": scores.shape[0],
                "width": scores.shape[1],
                "scores": scores.ravel().tolist(),
                "anomalous": None if mask is None else digits(mask),
            }
            for scores, mask in maps
        ],
        "au_pro": [[limit, float(au_pro(points, limit))] for limit in limits],
    }


def picture(rows):
    return np.array([[c == "#" for c in row] for row in rows.split()])


def scored(mask, shift):
    return mask * shift + ndimage.gaussian_filter(rng.normal(size=mask.shape), 0.8)


def pro_cases():
    blobs = [ndimage.gaussian_filter(rng.normal(size=(14, 17)), 1.5) > 0.18 for _ in range(3)]
    yield pro_case("random", [(scored(m, 0.5), m) for m in blobs])
    yield pro_case("heavy ties", [(np.round(scored(m, 0.5) * 3), m) for m in blobs])

    points = picture("#......... ...#.....# .......... .#...#...# .......... #..#..#..#")
    yield pro_case("single-pixel regions", [(scored(points, 0.7), points)])

    diagonals = picture("#....#.. .#..#... ..##.... ........ #.#....# .#....#. #.#..#..")
    four = ndimage.label(diagonals)[1]
    eight = ndimage.label(diagonals, structure=np.ones((3, 3)))[1]
    assert (four, eight) == (13, 3), (four, eight)
    yield pro_case("diagonal regions", [(scored(diagonals, 0.6), diagonals)])

    yield pro_case("all equal", [(np.full((6, 8), 1.25), blobs[0][:6, :8] | points[:6, :8])])

    good = [(scored(np.zeros((9, 12), bool), 0), None) for _ in range(3)]
    empty = (scored(np.zeros((5, 5), bool), 0), np.zeros((5, 5), bool))
    defect = (scored(blobs[1], 0.8), blobs[1])
    yield pro_case("good images included", [good[0], defect, good[1], empty, good[2]])

    sizes = [(7, 20), (16, 5), (1, 13), (11, 11)]
    masks = [rng.random(size) < 0.15 for size in sizes]
    yield pro_case("different map sizes", [(scored(m, 0.4), m) for m in masks])

    # 10 normal pixels in a row, one defect of 4: FPR moves in tenths.
    row = picture("####..........")
    between = np.array([[20, 12, 7.5, 6.5, *range(14, 4, -1)]])
    yield pro_case("limit between points", [(between, row)], (0.25, 0.33, 0.999))
    assert Fraction(3, 10) in [x for x, _ in pro_points([(between, row)])]
    yield pro_case("limit exactly on a point", [(between, row)], (0.3, 0.5, 1.0))
    # Scores 9, 9, then seven at 5 together with two defect pixels: from FPR 0.2 to 0.9 at once.
    jump = np.array([[9, 5, 5, 1, 9, 9, 5, 5, 5, 5, 5, 5, 5, 0]])
    xs = [x for x, _ in pro_points([(jump, row)])]
    assert xs == [0, Fraction(2, 10), Fraction(9, 10), Fraction(9, 10), 1], xs
    yield pro_case("tied step past the limit", [(jump, row)])


def main():
    cases = {"ranking": list(ranking_cases()), "pro": list(pro_cases())}
    lines = [
        f'"{kind}": [\n' + ",\n".join(json.dumps(c, separators=(",", ":")) for c in of_kind) + "\n]"
        for kind, of_kind in cases.items()
    ]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    Path(__file__).with_suffix(".json").write_text(text)


if __name__ == "__main__":
    main()
