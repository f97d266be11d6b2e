"""Writes whitening.json: features and their distances once whitened, as scikit-learn has them, which
oddspot::train::whiten must give.

Run from the root of the repository:

    pip install numpy==2.4.6 scikit-learn==1.9.1
    python3 crates/oddspot/tests/oracle/whitening.py

The maps of two images with 8, 4 and 2 by 16, 8 and 4 places; eighths are exact in half precision. The
distance of whitened features is Mahalanobis' in the shrunk correlations of the standardised ones.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.covariance import ShrunkCovariance

rng = np.random.default_rng(20261126)
levels = []
for level, channels in enumerate([2, 3, 5]):
    places = (8 >> level) * (16 >> level)
    mixture = rng.normal(size=(channels, channels)) * np.geomspace(4, 0.5, channels)
    features = np.maximum(rng.normal(size=(2 * places, channels)) @ mixture.T, 0)
    features = np.round(features * 8) / 8
    standardised = (features - features.mean(0)) / features.std(0)
    spread = ShrunkCovariance(shrinkage=0.1, assume_centered=True).fit(standardised)
    levels.append(
        {
            "channels": channels,
            "images": [half.ravel().tolist() for half in np.split(features, 2)],
            "squared_norms": spread.mahalanobis(standardised).tolist(),
        }
    )
Path(__file__).with_suffix(".json").write_text(json.dumps(levels) + "\n")
