"""Few steps, odd arguments and odd labels: what a first user runs into."""

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from skseizure.features import BandFeatures
from skseizure.moe import MixMoEClassifier, SeizureMoEClassifier

SMALL = dict(n_experts=2, hidden=8, max_epochs=3, random_state=0)


def _log_std(X):
    return np.log(np.asarray(X).std(axis=2))


POWER = FunctionTransformer(_log_std)


def loud_and_quiet(n, seed):
    """Two classes, one of twice the amplitude."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    return 20 * rng.normal(size=(n, 4, 256)) * np.where(y, 2, 1)[:, None, None], y


@pytest.mark.parametrize("seed", [0, 1])
def test_few_steps_are_enough_for_an_obvious_problem(seed):
    # Batch norms whose running statistics still held their first values gave chance level here.
    model = SeizureMoEClassifier(sfreq=128, random_state=seed).fit(*loud_and_quiet(40, seed + 5))
    assert model.score(*loud_and_quiet(200, seed)) > 0.97


def test_running_statistics_are_means_of_the_batches():
    X, y = loud_and_quiet(32, 0)
    model = SeizureMoEClassifier(
        sfreq=128, augment=False, batch_size=32, **{**SMALL, "max_epochs": 1}
    ).fit(X, y)
    means = [v for k, v in model.state_.items() if k.endswith("running_var")]
    steps = [v for k, v in model.state_.items() if k.endswith("num_batches_tracked")]
    assert min(steps) >= 1
    # After one step, a hundredth part of the batch and 0.99 of 1 would be near 1 everywhere.
    assert any(abs(v - 1).max() > 0.2 for v in means)


def test_whole_numbers_of_numpy_keep_patients_together(monkeypatch):
    X, y = loud_and_quiet(40, 0)
    groups = np.repeat(np.arange(10), 4)
    seen = []

    class Spy(LogisticRegression):
        def fit(self, X, y):
            seen.append(X)
            return super().fit(X, y)

    for cv in (5, np.int64(5)):
        MixMoEClassifier(POWER, Spy(), cv=cv, **SMALL).fit(X, y, groups)
    half = len(seen) // 2
    assert half >= 5
    for mine, theirs in zip(seen[:half], seen[half:], strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_split_of_as_many_rows_as_windows_takes_these_rows():
    X, y = loud_and_quiet(40, 0)

    class Reorder:
        def split(self, X, y=None, groups=None):
            rows = np.r_[np.arange(0, 40, 2), np.arange(1, 40, 2)][::-1]
            yield np.r_[rows[:36], rows[:4]], rows[36:]

    rows, held_out = next(Reorder().split(X))
    model = SeizureMoEClassifier(train_split=Reorder(), sfreq=128, augment=False, **SMALL)
    by_splitter = model.fit(X, y).predict_proba(X)
    taken = np.r_[rows, held_out]

    class Plain:
        def split(self, X, y=None, groups=None):
            yield np.arange(40), np.arange(40, 44)

    again = SeizureMoEClassifier(train_split=Plain(), sfreq=128, augment=False, **SMALL)
    expected = again.fit(X[taken], y[taken]).predict_proba(X)
    np.testing.assert_allclose(by_splitter, expected, atol=1e-6)


def test_labels_of_dtype_object():
    X, y = loud_and_quiet(20, 0)
    names = np.array(["calm", "ictal"], dtype=object)[y]
    model = MixMoEClassifier(POWER, **SMALL).fit(X, pd.Series(names))
    assert set(model.predict(X)) <= {"calm", "ictal"}
    with pytest.raises(ValueError, match="y holds one class, 'calm'"):
        model.fit(X, np.full(20, "calm", dtype=object))
    lonely = names.copy()
    lonely[0] = "rare"
    with pytest.raises(ValueError, match="y has 1 window of class 'rare'"):
        model.fit(X, lonely)
    with pytest.raises(ValueError, match="groups holds one group, 'p'"):
        model.fit(X, names, np.full(20, "p", dtype=object))
    with pytest.raises(ValueError, match=r"groups holds one group, .p.; train_split=0\.2"):
        SeizureMoEClassifier(train_split=0.2, **SMALL).fit(X, names, np.full(20, "p", dtype=object))


def test_training_that_diverges_is_told():
    X, y = loud_and_quiet(20, 0)
    with pytest.raises(ValueError, match=r"Training diverged: .* is not finite.*smaller lr"):
        SeizureMoEClassifier(lr=1e12, schedule="constant", **{**SMALL, "max_epochs": 20}).fit(X, y)


def test_tables_of_pandas_on_request():
    X, y = loud_and_quiet(20, 0)
    with sklearn.config_context(transform_output="pandas"):
        MixMoEClassifier("bands", sfreq=128, **SMALL).fit(X, y).predict(X)
        MixMoEClassifier(BandFeatures(["std"], sfreq=128), **SMALL).fit(X, y).predict(X)


def test_threads_of_joblib_take_turns():
    X, y = loud_and_quiet(20, 0)

    def fit(seed):
        return SeizureMoEClassifier(**{**SMALL, "random_state": seed}).fit(X, y).predict_proba(X)

    seeds = [0, 1, 2, 0]
    alone = [fit(seed) for seed in seeds]
    together = joblib.Parallel(n_jobs=2, backend="threading")(joblib.delayed(fit)(s) for s in seeds)
    for mine, theirs in zip(alone, together, strict=True):
        np.testing.assert_array_equal(mine, theirs)
