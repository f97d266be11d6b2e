"""What maps and scores are worth, beside labels and masks. AU-PRO is anomalib's, held to oddspot's by works/pro.py."""

import numpy as np
import torch
from anomalib.metrics.aupro import _AUPRO
from sklearn.metrics import precision_recall_curve, roc_auc_score

MAX_FPR = 0.3


# Good test images that may be called odd where models are compared at the same false alarms.
ALLOWED = 0.03


def measure(scores, maps, masks, odd):
    """Of all test images: `scores` [n], `maps` and `masks` [n, side, side], `odd` [n] of booleans."""
    return {
        "image_auc": roc_auc_score(odd, scores),
        "pixel_auc": roc_auc_score(masks.ravel(), maps.ravel()),
        "au_pro": au_pro(maps, masks),
        "own": at_best_f1(scores, odd),
    } | missed(scores, odd)


def au_pro(maps, masks):
    metric = _AUPRO(fpr_limit=MAX_FPR)
    metric.update(torch.from_numpy(maps), torch.from_numpy(masks).int())
    return float(metric.compute())


def missed(scores, odd):
    """How many odd images no score tells from good ones, where a few good ones may be called odd: a threshold
    that knows the test images."""
    alarms = int(ALLOWED * (~odd).sum() + 0.5)
    highest = np.sort(scores[~odd])[::-1][alarms]
    count = int((scores[odd] <= highest).sum())
    return {"missed": count, "alarms": alarms, "odd": int(odd.sum()), "good": int((~odd).sum())}


def at_best_f1(scores, odd):
    """Missed and false alarms at the threshold that anomalib takes by default: that of the best F1 of the test
    images themselves."""
    precision, recall, thresholds = precision_recall_curve(odd, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    best = thresholds[np.argmax(f1[:-1])]
    return int((scores[odd] < best).sum()), int((scores[~odd] >= best).sum())
