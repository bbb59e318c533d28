"""The Classifier among scikit-learn's own estimators: every check that it has for them, and its tools."""

import copy
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator

from tui_trainer import Classifier

IRIS = load_iris(return_X_y=True)


@pytest.mark.filterwarnings("ignore:Estimator Classifier does not inherit")
@pytest.mark.parametrize("options", [{}, {"hidden": "16", "learning_rate": 0.02, "epochs": 20, "batch_size": 16}], ids=["default", "own"])
def test_every_check_of_an_estimator_passes(options: dict[str, Any]) -> None:
    names = []
    for estimator, check in estimator_checks_generator(Classifier(**options), legacy=True, mark="skip"):
        name = getattr(check, "func", check).__name__
        if "array_api" in name:  # for arrays of other libraries
            continue
        check(estimator)
        names.append(name)
    assert len(names) > 50


@pytest.mark.parametrize(("load", "least"), [(load_iris, 0.92), (load_wine, 0.96), (load_breast_cancer, 0.96)])
def test_standardized_tables_are_learned_as_well_as_elsewhere(load: Any, least: float) -> None:
    model = make_pipeline(StandardScaler(), Classifier(hidden="100", epochs=100, batch_size=20))
    assert cross_val_score(model, *load(return_X_y=True), cv=5).mean() > least


def test_a_grid_is_searched() -> None:
    search = GridSearchCV(Classifier(epochs=40), {"hidden": ["2", "16"], "learning_rate": [0.0001, 0.01]}, cv=3).fit(*IRIS)
    assert search.best_params_ == {"hidden": "16", "learning_rate": 0.01}


def test_what_was_learned_can_be_copied() -> None:
    model = Classifier(hidden="8", epochs=60, learning_rate=0.01, normalization="batch").fit(*IRIS)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(twin.predict_proba(IRIS[0]), model.predict_proba(IRIS[0]))
        assert twin.get_params() == model.get_params()
        # It has a memory of its own.
        twin.network_.parameters[:] = 0
    assert model.score(*IRIS) > 0.5
    with pytest.raises(NotFittedError):
        copy.deepcopy(Classifier()).predict(IRIS[0])


def test_the_program_does_not_need_it() -> None:
    told = "import sys; sys.modules['sklearn'] = None; from tui_trainer import Classifier; import numpy as np; "
    told += "x = np.eye(4); print(Classifier(epochs=1, hidden='3').fit(x, [0, 1, 0, 1]).predict(x).shape)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout == "(4,)\n"
