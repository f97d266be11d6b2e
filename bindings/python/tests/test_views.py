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
    assert np.array_equal(said.anomaly_map, found.maps["total"]) and said.pred_mask[53, 68]
    assert [one.pred_label for one in inferencer.predict_all([USUAL, ODD])] == [False, True]
    assert Inferencer(detector).predict(ODD).pred_score == inferencer.predict(ODD).pred_score
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
    own = OddspotDetector(preset="instant", settings=QUICK)
    found = own.fit_predict(np.stack(good))
    assert list(found).count(-1) <= 1
    np.testing.assert_array_equal(own.fit_predict(iter(good)), found)


#: Of scikit-learn's checks those that need no data, by name, so that none is left out unseen. All others give rows of random
#: floats, which are no images: `check_estimator` leaves them out of every estimator whose tags say that it takes no rows.
WITHOUT_DATA = (
    "check_do_not_raise_errors_in_init_or_set_param",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_scikit_learn_accepts_it_as_an_estimator() -> None:
    from oddspot.sklearn import OddspotDetector
    from sklearn.utils import estimator_checks

    def made() -> OddspotDetector:
        return OddspotDetector(preset="instant", settings=QUICK)

    results = estimator_checks.check_estimator(made(), on_fail=None)
    assert {one["check_name"]: one["status"] for one in results if one["status"] not in ("passed", "skipped")} == {}
    # As docs/python.md says: hardly any is run on what takes no rows.
    assert "check_estimator_cloneable" in [one["check_name"] for one in results if one["status"] == "passed"]
    # Names come and go between versions.
    known = [name for name in WITHOUT_DATA if hasattr(estimator_checks, name)]
    assert len(known) > 7
    for name in known:
        getattr(estimator_checks, name)("OddspotDetector", made())
