"""Every parameter of what is public, set to anything: a result, or a refusal that names it."""

import datetime
import fractions
import inspect
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, clone
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils._param_validation import Interval, StrOptions

from skseizure.datasets import make_recordings
from skseizure.metrics import (
    bootstrap_scores,
    event_scores,
    make_event_scorer,
    operating_curve,
    refit_pooled,
    sample_scores,
)
from skseizure.model_selection import (
    EarlyTrainSplit,
    LabelledTestSplit,
    RecordKFold,
    StratifiedPatientKFold,
)
from skseizure.signals import Events, Windows

from ._inputs import Cut, Table
from ._property import attempt, explore, fits_or_says_why, small
from .test_any_input import NUMBERED, every, number_of

Y = np.arange(30) % 2

# ---------------------------------------------------------------------- what may be handed over

NUMBERS = [
    *(0, 1, 2, 3, 7, 30, 64, -1, -2, 0.0, -0.0, 0.5, 1.0, 1.5, 2.0, 30.0, -0.5, 0.1, 0.99),
    *(5e-324, 1e-300, 1e-9, 1e9, 1e300, np.finfo(float).max, np.nan, np.inf, -np.inf),
    *(10**6, 2**31, 2**63, 10**400, -(10**400)),
]
OTHERS = [
    *(None, True, False, np.True_, "", "seizure", "0.5", "all", b"std", 1j, Ellipsis, object()),
    *(np.int8(2), np.uint64(3), np.int64(-1), np.float16(0.5), np.longdouble(0.5)),
    *(fractions.Fraction(1, 2), pd.NA, np.datetime64("NaT"), datetime.timedelta(1)),
    *([], (), {}, set(), [0], [1, 2], (2, 1), (0.9, 0.4), [0.5, np.nan], [None], ["a", "a"]),
    *([[1, 4]], [(4, 1)], [(1.0, np.inf)], ((0, 5), (5, 9)), [["std"]], ["std", 3], ["F3", "C3"]),
    *(np.zeros(0), np.array(2), np.eye(2), np.array(["std"]), np.array([None]), pd.Series([0, 1])),
    *({"a": (1, 4)}, {"a": (4, 1)}, {"a": 1}, {"a": "bc"}, {"a": (np.nan, 4)}, {1: (1, 4)}),
    *({"": (1, 4)}, {"a": (-1, 4)}, {"a": (1, 4, 7)}, {"a": (1, 1e300)}, {"a": [0, 1, 2]}),
    *({0: 1, 1: 2}, {0: 1}, {0: -1, 1: np.nan}, {0: 0, 1: 0}, {"overlap": 0.5}, {"min_gap": "a"}),
    *(len, lambda *_: 1.0, lambda *_: None, int, np.random.RandomState(0), range(3), slice(3)),
    *(LogisticRegression(), LogisticRegression, DecisionTreeRegressor(), KMeans(2, n_init=1)),
    *(DecisionTreeClassifier().fit([[0], [1]], [0, 1]), StandardScaler()),
]

# A larger number may be legal and mean years of work or all memory; that of workers starts as many.
LONG = {
    **dict.fromkeys(("max_iter", "n_estimators", "swarm_size", "hidden_size", "hidden"), 64),
    **dict.fromkeys(("n_episodes", "start_steps", "update_steps", "updates_per_step"), 7),
    **dict.fromkeys(("max_epochs", "n_experts", "vd_max", "n_bins", "pnr", "n_init", "order"), 7),
    **dict.fromkeys(("replay_size", "batch_size", "cv", "level"), 64),
    **{"n_patients": 3, "n_records": 3, "duration": 64, "sfreq": 256, "artefact_rate": 30},
    "n_jobs": 2,
    "n_resamples": 64,
}


def survives(name, value):
    """Leave out what a run of the tests has no time for."""
    if name == "compile":  # with a compiler of C++
        return not isinstance(value, bool | np.bool_) or not value
    if isinstance(value, str) and value == "learned":  # a sampler at its default, of many steps
        return False
    is_real = isinstance(value, int | float | np.integer | np.floating)
    return not (is_real and LONG.get(name, np.inf) < abs(value) < np.inf)


def values(name, constraints=()):
    """Draw what a parameter may be, and what it may not: ends of ranges above all."""
    known = []
    for constraint in constraints:
        if isinstance(constraint, StrOptions):
            known += sorted(constraint.options)
        if isinstance(constraint, Interval):
            for end in (constraint.left, constraint.right):
                known += [] if end is None else [end, end + 1, end - 1, float(end)]
    drawn = [*known, *NUMBERS, *OTHERS]
    indices = [i for i, value in enumerate(drawn) if survives(name, value)]
    near = st.sampled_from([i for i in indices if i < len(known) + len(NUMBERS)])
    return (near | st.sampled_from(indices)).map(lambda i: drawn[i])


# Of two that do not go together, a refusal may name the other.
PARTNERS = {
    "data": ["window"],
    "sfreq": ["window"],
    "duration": ["ictal_fraction"],
    "n_records": ["ictal_fraction"],
}


def state(value):
    return repr(vars(value)) if isinstance(value, BaseEstimator) else repr(value)


# ---------------------------------------------------------------------- estimators


@every(NUMBERED)
def test_parameters_of_estimators(numbered, request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a memory is a folder
    sound = small(numbered[1])
    X, own = Table().build(), sound.get_params(deep=False)
    if not own:
        return
    constraints = sound._parameter_constraints

    def holds(case):
        name, value = case
        before = state(value)
        estimator = type(sound)(**{**own, name: value})
        assert estimator.get_params(deep=False)[name] is value
        clone(estimator)
        fits_or_says_why(estimator, X, Y, about=[name])
        assert getattr(estimator, name) is value and state(value) == before

    cases = st.sampled_from(sorted(own)).flatmap(
        lambda name: st.tuples(st.just(name), values(name, constraints[name]))
    )
    explore(holds, cases, examples=number_of(sound, 60), key=request.node.nodeid)


# ---------------------------------------------------------------------- everything else


@cache
def cut():
    return Cut(records=3).build()


@cache
def events():
    recordings = {name: 60.0 for name in ("r0", "r1", "r2")}
    return Events([3.0, 20.0], [5.0, 9.0], record=["r0", "r1"], recordings=recordings)


def nine():
    """Events of as many records as intervals ask for."""
    names = [f"r{i}" for i in range(9)]
    return Events([3.0] * 9, [5.0] * 9, record=names, recordings=dict.fromkeys(names, 60.0))


def splits(splitter):
    X = cut()
    out = list(splitter.split(X, np.arange(len(X)) % 2))
    assert splitter.get_n_splits(X, np.arange(len(X)) % 2) == len(out)
    for train, test in out:
        assert len(train) and len(test) and not np.intersect1d(train, test).size


def scored(scorer):
    X = cut()
    out = scorer(Said().fit(X), X, np.arange(len(X)) % 5 == 0)
    assert isinstance(out, float)


def chosen(refit):
    """Of two candidates with the same counts, whatever is asked for."""
    X, y = cut(), np.arange(len(cut())) % 5 == 0
    counts = make_event_scorer("counts")(Said().fit(X), X, y)
    columns = {f"split{i}_test_{k}": [v, v] for k, v in counts.items() for i in range(2)}
    assert refit(columns | {"params": [{"a": 1}, {"a": 1}]}) == 0


class Said(BaseEstimator):
    """A classifier that predicts what there is no doubt about."""

    def fit(self, X, y=None):
        self.classes_ = np.array([False, True])
        return self

    def predict(self, X):
        return np.arange(len(X)) % 5 == 0


def finite(scores):
    parts = scores.values() if isinstance(scores, dict) else [scores]
    for part in parts:
        assert part.hours > 0


SIDES = ("reference", "hypothesis")

# What is called, a call that is sound, and what must hold of what comes out.
CALLS = {
    RecordKFold: ({"n_splits": 2, "shuffle": True, "random_state": 0}, splits),
    StratifiedPatientKFold: ({"n_splits": 2, "shuffle": True, "random_state": 0}, splits),
    EarlyTrainSplit: ({"train_size": 0.5, "unit": "frame"}, splits),
    LabelledTestSplit: ({"cv": 2}, splits),
    event_scores: ({"rules": "szcore", "by": None, "windows": None}, finite),
    sample_scores: ({"sfreq": 1.0, "by": None, "windows": None}, finite),
    bootstrap_scores: (
        {"rules": "szcore", "sfreq": 1.0, "windows": None, "groups": None, "pos_label": None}
        | {"resample": "record", "n_resamples": 9, "confidence_level": 0.9, "method": "BCa"}
        | {"random_state": 0, "score": None, "other": None, **dict.fromkeys(SIDES, nine())},
        lambda scores: [str(scores), scores.to_frame()],
    ),
    operating_curve: (
        {"reference": [0, 1] * 15, "probabilities": [0.1, 0.8] * 15, "thresholds": [0.5]}
        | {"windows": Windows(np.zeros((30, 1, 1)), sfreq=1), "detector": None, "rules": "szcore"},
        lambda curve: [str(curve), curve.to_frame()],
    ),
    make_event_scorer: (
        {"score": "f1", "rules": "szcore", "max_false_alarms_per_24h": None, "zero_division": 0.0}
        | {"miss_cost": 1.0},
        scored,
    ),
    refit_pooled: (
        {"score": "f1", "max_false_alarms_per_24h": None, "one_standard_error": False}
        | {"complexity": None},
        chosen,
    ),
    Windows.from_array: (
        {"data": np.ones((2, 640)), "sfreq": 64.0, "window": 1.0, "step": 1.0, "ch_names": None}
        | {"record": "a", "patient": None},
        lambda X: np.testing.assert_array_equal(X.data, 1),
    ),
    make_recordings: (
        {"n_patients": 1, "n_records": 1, "duration": 60.0, "n_channels": 1, "sfreq": 64.0}
        | {"ictal_fraction": 0.4, "artefact_rate": 1.0, "random_state": 0},
        lambda made: [np.testing.assert_equal(np.isfinite(r.data).all(), True) for r in made[0]],
    ),
}


@pytest.mark.parametrize("called", CALLS, ids=lambda f: f.__name__)
def test_parameters_of_the_rest(called, request):
    sound, holds_of = CALLS[called]
    first = (events(), events()) if called in (event_scores, sample_scores) else ()
    assert set(inspect.signature(called).parameters) >= set(sound)

    def holds(case):
        name, value = case
        before = state(value)
        attempt(
            lambda: holds_of(called(*first, **{**sound, name: value})),
            about=[name, *PARTNERS.get(name, [])],
        )
        assert state(value) == before

    cases = st.sampled_from(sorted(sound)).flatmap(
        lambda name: st.tuples(st.just(name), values(name))
    )
    examples = 30 if called is make_recordings else 100
    explore(holds, cases, examples=examples, key=request.node.nodeid)
