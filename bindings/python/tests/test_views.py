"""The detector as other libraries know one."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import oddspot
import pytest
from conftest import QUICK, Array, board
from oddspot.anomalib import Inferencer, Prediction

ODD = board(300, lacks=True)
USUAL = board(301)


def test_anomalibs_names_are_those_of_the_result(model: Path, detector: oddspot.Detector) -> None:
    inferencer = Inferencer(model, threads=1)
    said = inferencer.predict(ODD)
    found = detector.inspect(ODD, full_size=True)
    assert said.pred_score == found.score and said.pred_label is True
    assert said.anomaly_map.shape == said.pred_mask.shape == (90, 120)
    assert np.array_equal(said.anomaly_map, found.maps["total"]) and said.pred_mask[64, 59]
    assert [one.pred_label for one in inferencer.predict_all([USUAL, ODD])] == [False, True]
    with pytest.raises(ValueError, match="full_size=True"):
        Prediction.of(detector.inspect(ODD))


sklearn = pytest.importorskip("sklearn")


def test_scikit_learn_fits_and_predicts(good: list[Array]) -> None:
    from oddspot.sklearn import OddspotDetector
    from sklearn.base import clone
    from sklearn.exceptions import NotFittedError

    asked = clone(OddspotDetector(preset="instant", settings=QUICK, threads=2))
    with pytest.raises(NotFittedError):
        asked.predict([USUAL])
    fitted = asked.fit(np.stack(good))
    assert fitted is asked
    images = [USUAL, ODD]
    np.testing.assert_array_equal(fitted.predict(images), [1, -1])
    decisions = fitted.decision_function(np.stack(images))
    assert decisions.shape == (2,) and decisions[0] >= 0 > decisions[1]
    np.testing.assert_array_equal(decisions, fitted.score_samples(images) - fitted.offset_)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(images), [1, -1])
    assert list(OddspotDetector(preset="instant", settings=QUICK).fit_predict(np.stack(good))).count(-1) <= 1


#: Checks of scikit-learn that give rows of random numbers: those are no images.
OF_ROWS = "check_estimator leaves out checks of rows of numbers, as it does for every estimator that takes no such rows"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learn_accepts_it_as_an_estimator() -> None:
    from oddspot.sklearn import OddspotDetector
    from sklearn.utils import estimator_checks as checks

    made = OddspotDetector(preset="instant", settings=QUICK)
    # Of an estimator that takes no rows it runs what needs no data, and nothing may fail.
    results = checks.check_estimator(made, on_fail=None)
    failed = [one["check_name"] for one in results if one["status"] not in ("passed", "skipped")]
    assert failed == [], OF_ROWS
    # The same by name, so that none is left out unseen.
    name = "OddspotDetector"
    for check in (
        "check_estimator_cloneable",
        "check_estimator_repr",
        "check_estimator_tags_renamed",
        "check_valid_tag_types",
        "check_mixin_order",
        "check_no_attributes_set_in_init",
        "check_do_not_raise_errors_in_init_or_set_param",
        "check_get_params_invariance",
        "check_set_params",
        "check_parameters_default_constructible",
    ):
        getattr(checks, check)(name, OddspotDetector(preset="instant", settings=QUICK))
