"""AU-PRO up to a false positive rate of 0.3 of made-up maps, against anomalib's."""

import numpy as np
from safetensors.numpy import save_file
from scipy.ndimage import gaussian_filter

from comparison import compare

MAPS, SIZE = 100, 256


def tables(bench):
    folder = bench.folder("pro", {"work": "pro"})
    save_file(made_up_maps(bench.options.seed), folder / "given.safetensors")
    oddspot = bench.oddspot("pro", folder)
    peers = [bench.peer("pro", "anomalib", "anomalib", "anomalib", folder)]
    title = f"AU-PRO of {MAPS} maps of {SIZE}×{SIZE}"
    yield compare(title, oddspot, peers, bench.options.rounds)


def made_up_maps(seed):
    """Blobs as defects, and scores that find them with some noise; a fifth of the maps is good."""
    random = np.random.default_rng(seed)
    noise = lambda sigma: smooth_noise(random, sigma)
    scores, masks = [], []
    for index in range(MAPS):
        mask = noise(12) > 2 if index % 5 else np.zeros((SIZE, SIZE), bool)
        hint = gaussian_filter(mask.astype(np.float32), 6)
        scores.append(2 * hint + noise(8) + 0.1 * noise(0))
        masks.append(mask)
    return {
        "scores": np.stack(scores).astype(np.float32),
        "masks": np.stack(masks).astype(np.float32),
    }


def smooth_noise(random, sigma):
    """Of deviation 1."""
    values = gaussian_filter(random.standard_normal((SIZE, SIZE)), sigma)
    return values / values.std()
