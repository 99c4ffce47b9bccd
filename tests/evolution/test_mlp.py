import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_iris, make_moons
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import StandardScaler
from skops.io import dumps, loads

from skseizure.datasets import load_bonn
from skseizure.evolution import EvolvedMLPClassifier, MultiDimensionalPSO
from skseizure.evolution import _kernels as kernels
from skseizure.evolution._mlp import network_sizes, pack, unpack
from skseizure.features import BandFeatures, FeatureNormalizer

from . import _naive


def imbalanced(n=1300, n_inputs=5, seed=0):
    """One row in 13 positive."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 13 == 0
    return rng.normal(scale=0.25, size=(n, n_inputs)) + 0.3 * y[:, None], y.astype(int)


def layers(model):
    return [*model.coefs_, *model.intercepts_]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 21), st.sampled_from([0, 1, 2, 3, 4, 7, 8, 24]),
    st.sampled_from([1, 2, 15, 16, 17, 543, 544, 545, 1100]), st.sampled_from([0.3, 1.0, 10.0]),
)  # fmt: skip
def test_network_equals_matrices_in_double_precision(seed, n_inputs, n_hidden, n, scale):
    rng = np.random.default_rng(seed)
    size = network_sizes(n_inputs, np.array([n_hidden]))[0]
    position = rng.uniform(-scale, scale, size).astype(np.float32)
    X = rng.normal(size=(n, n_inputs)).astype(np.float32)
    coefs, intercepts = unpack(position, n_inputs, n_hidden)
    np.testing.assert_array_equal(pack(coefs, intercepts), position)
    out = kernels.outputs(np.ascontiguousarray(X.T), position, n_hidden)
    expected = _naive.network_outputs(coefs, intercepts, X).T
    # Sums of numbers of this size lose as much in single precision.
    np.testing.assert_allclose(out, expected, atol=1e-5 * max(scale, 1) ** 2)
    positive, weights = rng.random(n) < 0.5, rng.random(n) + 0.1
    w, bias, a, o = kernels._buffers(n_inputs, n_hidden)
    loss = kernels._loss(
        np.ascontiguousarray(X.T), np.where(positive, 1, -1).astype(np.float32),
        weights / weights.sum(), position, n_hidden, w, bias, a, o,
    )  # fmt: skip
    expected = _naive.network_loss(coefs, intercepts, X, positive, weights)
    # The tanh is off by up to 5e-7 (see below), so the square of a small distance d by 1e-6 d.
    np.testing.assert_allclose(loss, expected, rtol=2e-5, atol=7e-7 * expected**0.5 + 5e-7**2)


def test_tanh_of_the_kernel():
    x = np.concatenate([np.linspace(-20, 20, 400_001), [0.0, 1e30, -1e30]]).astype(np.float32)
    y = x.copy()
    kernels._tanh(y)
    assert np.abs(y - np.tanh(x.astype(float))).max() < 5e-7
    assert np.abs(y).max() <= 1 and y[-3] == 0


def test_sizes_of_the_networks_of_the_paper():
    hidden = np.array([0, *range(8, 25)])
    assert network_sizes(10, hidden).sum() == 3592
    assert network_sizes(10, hidden)[[0, 1]].tolist() == [22, 106]
    assert tuple(EvolvedMLPClassifier().hidden_units) == tuple(hidden)


def test_constant_answer_at_twelve_to_one():
    # the best constant output is the mean of the targets, 11/13
    y = np.arange(13) == 0
    answer = np.arctanh(11 / 13)
    loss = _naive.network_loss(
        [np.zeros((1, 2))], [np.array([answer, -answer])], np.ones((13, 1)), y
    )
    assert loss == pytest.approx(0.5 * (1 - (11 / 13) ** 2)) == pytest.approx(0.1420, abs=5e-5)
    model = EvolvedMLPClassifier(max_iter=300, random_state=0).fit(
        np.zeros((1300, 3)), np.tile(y, 100)
    )
    assert model.loss_ == pytest.approx(0.1420, abs=5e-5)  # constant features: nothing to learn
    assert not model.predict(np.zeros((2, 3))).any()


def test_what_is_learned_fits_together():
    X, y = imbalanced()
    model = EvolvedMLPClassifier(random_state=0).fit(X, y)
    recomputed = _naive.network_loss(model.coefs_, model.intercepts_, X.astype(np.float32), y == 1)
    assert model.loss_ == pytest.approx(recomputed, abs=1e-6)
    assert model.loss_ < 0.1  # well below the constant answer
    assert np.all(np.diff(model.loss_curve_) <= 0) and model.loss_curve_[-1] == model.loss_
    assert len(model.loss_curve_) == model.n_iter_ == 100
    losses = list(model.architecture_losses_.values())
    assert losses == sorted(losses) and len(losses) > 5
    assert next(iter(model.architecture_losses_.items())) == (model.n_hidden_, model.loss_)
    np.testing.assert_allclose(
        model.class_vectors(X),
        _naive.network_outputs(model.coefs_, model.intercepts_, X),
        atol=1e-5,
    )
    first, second = model.class_vectors(X).T.astype(float)
    np.testing.assert_array_equal(model.decision_function(X), second - first)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], (2 + second - first) / 4)
    np.testing.assert_array_equal(model.predict(X), (second > first).astype(int))


def test_the_compiled_evolution_is_that_of_the_optimiser():
    X, y = imbalanced(n=260, n_inputs=2)
    model = EvolvedMLPClassifier((0, 3, 5), swarm_size=10, max_iter=6, random_state=3).fit(X, y)
    sizes = network_sizes(2, np.array([0, 3, 5])).tolist()

    def loss(position):
        n_hidden = [0, 3, 5][sizes.index(len(position))]
        return _naive.network_loss(*unpack(position, 2, n_hidden), X, y == 1)

    swarm = MultiDimensionalPSO(swarm_size=10, max_iter=6, clip=False, random_state=3)
    # Positions are rounded to single precision in one and not in the other.
    np.testing.assert_allclose(swarm.minimize(loss, sizes).history, model.loss_curve_, rtol=1e-4)


def test_xor_is_learned_and_spirals_are_not():
    X, y = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]), [0, 1, 1, 0]
    losses = [
        EvolvedMLPClassifier(max_iter=500, random_state=seed).fit(X, y).loss_ for seed in range(20)
    ]
    assert max(losses) <= 1e-4
    angle = np.linspace(0.5, 3.5 * np.pi, 97)
    arm = np.column_stack([angle * np.cos(angle), angle * np.sin(angle)]) / 11
    spirals = EvolvedMLPClassifier(max_iter=300, random_state=0)
    assert spirals.fit(np.vstack([arm, -arm]), np.repeat([0, 1], 97)).loss_ > 0.35


def test_two_moons():
    X, y = make_moons(400, noise=0.15, random_state=0)
    scores = [EvolvedMLPClassifier(random_state=seed).fit(X, y).score(X, y) for seed in range(8)]
    assert min(scores) >= 0.88


def test_weights_are_repetitions():
    X, y = imbalanced(n=200)
    weights = np.random.default_rng(1).integers(0, 4, 200)
    options = {"max_iter": 30, "random_state": 0}
    weighted = EvolvedMLPClassifier(**options).fit(X, y, sample_weight=2.5 * weights)
    repeated = EvolvedMLPClassifier(**options).fit(np.repeat(X, weights, 0), np.repeat(y, weights))
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-12)
    plain = EvolvedMLPClassifier(**options).fit(X, y)
    assert plain.loss_ != weighted.loss_
    recomputed = _naive.network_loss(
        weighted.coefs_, weighted.intercepts_, X.astype(np.float32), y == 1, weights
    )
    assert weighted.loss_ == pytest.approx(recomputed, abs=1e-6)


def test_warm_start_never_loses():
    X, y = imbalanced(n=390)
    model = EvolvedMLPClassifier(max_iter=15, warm_start=True, random_state=0).fit(X, y)
    losses = [model.loss_]
    for _ in range(3):
        first = layers(model)
        model.fit(X, y)
        assert model.loss_curve_[0] <= losses[-1]
        losses.append(model.loss_)
    assert losses[-1] < losses[0]
    model.set_params(max_iter=1, swarm_size=1).fit(X, y)  # nothing but the old network is tried
    assert model.loss_ == losses[-1] and len(first) == len(layers(model))
    fresh = clone(model).set_params(warm_start=False, max_iter=1, swarm_size=1).fit(X, y)
    assert fresh.loss_ > model.loss_
    before = model.decision_function(X)
    with pytest.raises(ValueError, match=r"X has 4 features, but .* is expecting 5 features"):
        model.fit(X[:, :4], y)
    with pytest.raises(ValueError, match=r"y holds the classes \[5, 6\], .* fit had \[0, 1\]"):
        model.fit(X, y + 5)
    model.set_params(clip=True, x_max=0.01)
    with pytest.raises(ValueError, match=r"within x_max=0.01, but the previous .* weights up to"):
        model.fit(X, y)
    model.set_params(clip=False).fit(X, y)  # they limit the start alone
    # what is refused changes nothing
    assert model.n_features_in_ == 5 and model.classes_.tolist() == [0, 1]
    np.testing.assert_array_equal(model.decision_function(X), before)
    with pytest.raises(ValueError, match="hidden_units no longer holds"):
        EvolvedMLPClassifier((5,), max_iter=2, warm_start=True).fit(X, y).set_params(
            hidden_units=(6,)
        ).fit(X, y)


def test_options_of_the_swarm_reach_the_kernel():
    X, y = imbalanced(n=260)
    model = EvolvedMLPClassifier((4,), clip=True, x_max=0.5, max_iter=50, random_state=0).fit(X, y)
    assert max(np.abs(part).max() for part in layers(model)) == 0.5
    model.set_params(warm_start=True).fit(X, y)  # weights on the limit are within it
    wide = clone(model).set_params(clip=False).fit(X, y)
    assert max(np.abs(part).max() for part in layers(wide)) > 0.6
    still = EvolvedMLPClassifier((0, 4, 6), vd_max=0, random_state=0, tol=0.0)
    assert set(still.fit(X, y).architecture_losses_) == {0, 4, 6}
    stopped = EvolvedMLPClassifier(tol=0.05, random_state=0).fit(X, y)
    assert stopped.n_iter_ < 100 and stopped.loss_ <= 0.05 < stopped.loss_curve_[-2]
    others = [{"inertia": (0.5, 0.5)}, {"cognitive": 0.5}, {"social": 0.5}, {"v_max": 0.05},
              {"vd_max": 1}, {"max_crowd": 5}, {"swarm_size": 9}]  # fmt: skip
    base = EvolvedMLPClassifier(max_iter=20, random_state=0).fit(X, y).loss_
    assert all(
        EvolvedMLPClassifier(max_iter=20, random_state=0, **other).fit(X, y).loss_ != base
        for other in others
    )


def test_copies_are_the_same():
    X, y = imbalanced(n=260)
    model = EvolvedMLPClassifier(max_iter=10, random_state=0).fit(X, y)
    again = pickle.loads(pickle.dumps(model))
    trusted = ["skseizure.evolution.EvolvedMLPClassifier"]
    for other in (clone(model).fit(X, y), again, loads(dumps(model), trusted=trusted)):
        for mine, theirs in zip(layers(model), layers(other), strict=True):
            np.testing.assert_array_equal(mine, theirs)
        np.testing.assert_array_equal(other.decision_function(X), model.decision_function(X))
        assert other.architecture_losses_ == model.architecture_losses_


def test_labels_of_any_kind_and_several_classes():
    X, y = imbalanced(n=260)
    names = np.where(y == 1, "seizure", "calm")
    model = EvolvedMLPClassifier(max_iter=20, random_state=0).fit(X, names)
    assert model.classes_.tolist() == ["calm", "seizure"] and set(model.predict(X)) <= set(names)
    iris = load_iris()
    table = StandardScaler().fit_transform(iris.data) / 2
    several = OneVsRestClassifier(EvolvedMLPClassifier(random_state=0)).fit(table, iris.target)
    assert several.score(table, iris.target) > 0.9


def test_real_eeg(data_path):
    X, y = load_bonn(data_path / "bonn", window=23.6)
    table = BandFeatures(["std", "line_length"], {"all": (0.5, 30)}).fit_transform(X)
    log = FeatureNormalizer().fit_transform(np.log(table))
    even = np.arange(len(y)) % 2 == 0
    model = EvolvedMLPClassifier(random_state=0).fit(log[even], y[even])
    assert roc_auc_score(y[~even], model.decision_function(log[~even])) > 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_units": []}, "hidden_units is"),
        ({"hidden_units": (8, 8)}, "none twice"),
        ({"hidden_units": (-1, 8)}, "from 0 on"),
        ({"hidden_units": (0.5,)}, "whole numbers"),
        ({"inertia": (0.9, 0.5, 0.4)}, "inertia is"),
        ({"tol": -1.0}, "tol"),
        ({"x_max": 0.0}, "x_max"),
        ({"max_iter": 0}, "max_iter"),
        ({"vd_max": 2**63}, "vd_max"),
        ({"max_crowd": 2**64}, "max_crowd"),
        ({"x_max": 1e300}, "no network has a finite loss: x_max=1e\\+300"),
    ],
)
def test_bad_parameters_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        EvolvedMLPClassifier(**options).fit([[0.0], [1.0]], [0, 1])


def test_bad_data_are_refused():
    X, y = imbalanced(n=26)
    model = EvolvedMLPClassifier(max_iter=2)
    with pytest.raises(ValueError, match=r"y holds one class, 0; two classes are needed"):
        model.fit(X, np.zeros(26, dtype=int))
    with pytest.raises(ValueError, match=r"Only binary classification is supported.*OneVsRest"):
        model.fit(X, np.arange(26) % 3)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(np.where(X[3, 2] == X, np.nan, X), y)
    with pytest.raises(ValueError, match=r"X holds -?1e\+35; values up to 1e\+30 are needed"):
        model.fit(np.where(X[3, 2] == X, -1e35, X), y)
    with pytest.raises(ValueError, match="infinity or a value too large"):
        model.fit(np.where(X[3, 2] == X, 1e40, X), y)
    with pytest.raises(ValueError, match="sample_weight has the sum 0 over the positive class"):
        model.fit(X, y, sample_weight=1 - y)
    with pytest.raises(ValueError, match="Negative values"):
        model.fit(X, y, sample_weight=y - 0.5)
    model.fit(X, y)
    with pytest.raises(ValueError, match="values up to"):
        model.predict(X * 1e35)
    far = model.decision_function(np.full((2, 5), 1e30))
    assert np.isfinite(far).all()


def test_numpy_integers_are_compiled_for_no_second_time():
    X, y = np.random.default_rng(0).normal(size=(12, 3)), np.arange(12) % 2
    params = {"swarm_size": 5, "max_iter": 4, "vd_max": 2, "max_crowd": 3}
    fitted = EvolvedMLPClassifier((0, 2), **params, random_state=0).fit(X, y)
    compiled = len(kernels.evolve.signatures)
    other = {name: np.uint8(value) for name, value in params.items()}
    again = EvolvedMLPClassifier((0, 2), **other, random_state=0).fit(X, y)
    assert len(kernels.evolve.signatures) == compiled
    np.testing.assert_array_equal(again.coefs_[0], fitted.coefs_[0])
