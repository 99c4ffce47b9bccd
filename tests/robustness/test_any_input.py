"""Every public estimator, on whatever it is handed: a result that can be used, or a reason."""

from functools import cache

import numpy as np
import pytest
from hypothesis import strategies as st
from sklearn.utils.validation import has_fit_parameter

from skseizure.postprocessing import (
    MorphologicalFilterClassifier,
    PersonalizedClassifier,
    SeizureDetector,
    TunedSeizureDetectorCV,
)

from .._instances import INSTANCES, for_windows
from ._inputs import CUTS, LABELS, ROW_VALUES, TABLES, VALUES, Cut, Table, mostly
from ._property import answers_or_says_why, attempt, explore, fits_or_says_why, small

# Windows whose samples are tiny, too.
pytestmark = pytest.mark.filterwarnings("ignore:data typically deviates")

NUMBERED = list(enumerate(INSTANCES))


def named(numbered):
    number, estimator = numbered
    return f"{type(estimator).__name__}{number}"


def every(instances):
    return pytest.mark.parametrize("numbered", instances, ids=named)


def trains(estimator):
    """Tell whether it trains a network, which takes a hundred times as long as the rest."""
    steps = ("max_epochs", "start_steps", "sampler__start_steps")
    return any(name in estimator.get_params() for name in steps)


def number_of(estimator, usual):
    return usual // 4 if trains(estimator) else usual


def parameters(estimator):
    """Return what a refusal may name beside X where X has too few rows, or too low a rate."""
    return [name.split("__")[-1] for name in estimator.get_params()]


def n_rows(X):
    return X.shape[0] if getattr(X, "shape", ()) else 30


@every(NUMBERED)
def test_fit_on_any_table(numbered, request):
    estimator = small(numbered[1])

    def holds(case):
        X = case.build()
        about = ["X"] if case.rows == Table.rows else ["X", "y", *parameters(estimator)]
        fits_or_says_why(estimator, X, np.arange(n_rows(X)) % 2, about=about)

    explore(holds, TABLES, examples=number_of(estimator, 24), key=request.node.nodeid)


@cache
def fitted(number, values):
    """Return an estimator fitted on a sound table, None if it refuses its values."""
    estimator = small(INSTANCES[number])
    X = Table(values=values).build()
    refused = isinstance(attempt(estimator.fit, X, np.arange(len(X)) % 2, about="X"), Exception)
    return None if refused else estimator


@every(NUMBERED)
def test_use_on_any_table(numbered, request):
    def holds(case):
        values, table = case
        if (estimator := fitted(numbered[0], values)) is not None:
            answers_or_says_why(estimator, table.build(), about="X")

    explore(
        holds,
        st.tuples(mostly("normal", VALUES), TABLES),
        examples=number_of(numbered[1], 32),
        key=request.node.nodeid,
    )


@every([(i, e) for i, e in NUMBERED if for_windows(e) is not None])
def test_any_windows(numbered, request):
    estimator = small(for_windows(numbered[1]))

    def holds(case):
        first, second = (cut.build() for cut in case)
        fits_or_says_why(
            estimator, first, np.arange(len(first)) % 2, about=["X", "y", *parameters(estimator)]
        )
        if hasattr(estimator, "n_features_in_"):
            answers_or_says_why(estimator, second, about="X")

    explore(
        holds,
        st.tuples(CUTS, mostly(Cut(), [Cut(times=32), Cut(channels=1)]) | CUTS),
        examples=number_of(estimator, 24),
        key=request.node.nodeid,
    )


@every(NUMBERED)
def test_any_labels(numbered, request):
    estimator = small(numbered[1])

    def holds(case):
        kind, rows, seed = case
        y = np.random.default_rng(seed).permutation(np.arange(rows) % 3)
        about = ["y"] if rows == Table.rows else ["X", "y", *parameters(estimator)]
        X = Table(rows=rows, seed=seed).build()
        fits_or_says_why(estimator, X, LABELS[kind](y), about=about)

    explore(
        holds,
        st.tuples(st.sampled_from(list(LABELS)), mostly(30, (1, 2, 3, 64)), st.integers(0, 99)),
        examples=number_of(estimator, 32),
        key=request.node.nodeid,
    )


OF_ROWS = ("sample_weight", "groups", "sample_domain")


@every([(i, e) for i, e in NUMBERED if any(has_fit_parameter(e, name) for name in OF_ROWS)])
def test_anything_that_goes_with_rows(numbered, request):
    estimator = small(numbered[1])
    names = [name for name in OF_ROWS if has_fit_parameter(estimator, name)]

    def holds(case):
        name, kind, rows, values = case
        X, y = Table(rows=rows, values=values).build(), np.arange(rows) % 2
        if name == "sample_domain":
            y = np.where(np.arange(rows) % 3, y, -1)
        about = [name] if rows == Table.rows else [name, "X", "y", *parameters(estimator)]
        about += ["X"] if values == "large" else []
        fits_or_says_why(estimator, X, y, about=about, **{name: ROW_VALUES[kind](rows)})

    explore(
        holds,
        st.tuples(
            st.sampled_from(names),
            st.sampled_from(list(ROW_VALUES)),
            mostly(30, (2, 5)),
            st.sampled_from(["normal", "bits", "large"]),
        ),
        examples=number_of(estimator, 32),
        key=request.node.nodeid,
    )


INNER_DECIDES = (
    MorphologicalFilterClassifier,
    PersonalizedClassifier,
    SeizureDetector,
    TunedSeizureDetectorCV,
)


@every([(i, e) for i, e in NUMBERED if not isinstance(e, INNER_DECIDES)])
def test_no_gap_becomes_a_number(numbered):
    """Masked values and missing dates: numpy would turn them into numbers."""
    estimator = small(numbered[1])
    y = np.arange(30) % 2
    for form, message in (("masked", "masked array"), ("as datetime64[s]", "datetime64")):
        with pytest.raises(ValueError, match=f"X .*{message}"):
            estimator.fit(Table(form=form).build(), y)
