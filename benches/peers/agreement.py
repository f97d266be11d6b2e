"""Whether two contestants compute the same: a ratio of times means nothing otherwise."""

import numpy as np

TOLERANCE = 1e-3


def difference(found, reference):
    """The largest difference of any value, relative to the largest value of the same tensor of
    the reference. Infinite where tensors are missing, have other shapes or are not finite."""
    if found.keys() != reference.keys():
        return float("inf")
    return max(tensor_difference(found[name], reference[name]) for name in reference)


def tensor_difference(found, reference):
    if found.shape != reference.shape or not np.isfinite(found).all():
        return float("inf")
    largest = np.abs(reference).max()
    if not np.isfinite(largest) or largest == 0:
        return float("inf")
    return float(np.abs(found - reference).max() / largest)


def refusal(found, reference):
    """The difference, and a sentence if it is too large to compare times."""
    largest = difference(found, reference)
    if largest <= TOLERANCE:
        return largest, None
    share = f"{largest:.1e} of their largest value, more than {TOLERANCE:g}"
    return largest, f"not compared: outputs differ by {share}"
