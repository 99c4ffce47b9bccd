"""One decision, taken apart."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skseizure.features import STFTFeatures, WaveletPacketFeatures
from skseizure.fuzzy import SDASSLTSKClassifier, TSKClassifier, explain_sample


def classes(n_classes, d=4, seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(n_classes), 30)
    X = rng.normal(size=(len(y), d)) + rng.normal(size=(n_classes, d))[y] * 2
    return X * 10.0 ** rng.integers(-3, 4, d) + rng.normal(size=d), y


# Some of the drawn classes lie on one another; the explanation must be exact there, too.
@pytest.mark.filterwarnings("ignore:The centres of the rules all but coincide")
@settings(deadline=None, max_examples=25)
@given(st.integers(2, 4), st.integers(1, 6), st.integers(0, 89), st.integers(0, 1000))
def test_contributions_sum_to_the_decision(n_classes, n_rules, row, seed):
    X, y = classes(n_classes, seed=seed)
    X, row = StandardScaler().fit_transform(X), row % len(X)
    model = TSKClassifier(n_rules, random_state=0).fit(X, y)
    why = explain_sample(model, X[row])
    expected = model.decision_function(X[[row]])[0]
    outputs = why.contributions.sum(axis=0)
    margin = outputs[1] - outputs[0] if n_classes == 2 else outputs
    np.testing.assert_allclose(margin, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(why.decision, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(why.outputs, outputs, rtol=0, atol=1e-15)
    assert why.prediction == model.predict(X[[row]])[0]
    # Each rule's part falls into that of its centre and one for each feature.
    parts = why.base + why.feature_contributions.sum(axis=1)
    np.testing.assert_allclose(parts, why.contributions, rtol=0, atol=1e-12)
    assert why.feature_contributions.shape == (n_rules, 4, n_classes)


def test_parts_are_those_of_the_classifier():
    X, y = classes(3)
    model = TSKClassifier(3, random_state=0).fit(X, y)
    why = explain_sample(model, X[7])
    np.testing.assert_array_equal(why.firing, model.firing_strengths(X[[7]])[0])
    np.testing.assert_array_equal(why.rule_outputs, model.rule_outputs(X[[7]])[0])
    np.testing.assert_array_equal(why.feature_values, X[7])
    for r in range(3):
        for j in range(4):
            z = (X[7, j] - model.centers_[r, j]) / model.sigmas_[r, j]
            assert why.memberships[r, j] == pytest.approx(np.exp(-z * z / 2), rel=1e-12)
            slope = model.slopes_[r, j] * (X[7, j] - model.centers_[r, j])
            np.testing.assert_allclose(why.feature_contributions[r, j], why.firing[r] * slope)
    # Firing strengths are the normalised products of the memberships.
    product = why.memberships.prod(axis=1)
    np.testing.assert_allclose(why.firing, product / product.sum(), rtol=1e-9)


def test_a_feature_at_the_centre_of_every_rule_adds_nothing():
    X, y = classes(2)
    model = TSKClassifier(3, random_state=0).fit(X, y)
    model.centers_[:, 1] = 0.25
    x = X[0].copy()
    x[1] = 0.25
    why = explain_sample(model, x)
    assert (why.feature_contributions[:, 1] == 0).all() and (why.memberships[:, 1] == 1).all()


def test_units_do_not_change_the_explanation():
    X, y = classes(2)
    pipe = make_pipeline(MinMaxScaler(), StandardScaler(), TSKClassifier(3, random_state=0))
    why = explain_sample(pipe.fit(X, y), X[3])
    inner = explain_sample(pipe[-1], pipe[:-1].transform(X[[3]]))
    for name in ("firing", "memberships", "contributions", "base", "feature_contributions"):
        np.testing.assert_allclose(why[name], inner[name], rtol=0, atol=1e-12)
    np.testing.assert_allclose(why.feature_values, X[3], rtol=1e-12)
    assert why.prediction == pipe.predict(X[[3]])[0]
    scaler = make_pipeline(*pipe[:-1])
    assert explain_sample(pipe[-1], X[3], scaler=scaler).text == why.text


# A calculator: all that it knows is what the text says.

NUMBER = r"-?\d+\.\d+"


def block(text, title):
    """Return the lines of a part of the text, each as its cells."""
    lines = text.split(title, 1)[1].split("\n\n", 1)[0].splitlines()
    return [re.split(r"  +", line.strip()) for line in lines[1:]]


def follow(text, n_rules, n_classes):
    """Do the sums again from the printed numbers alone; return outputs and check each step."""
    outputs, distances = np.empty((n_rules, n_classes)), np.empty(n_rules)
    for r in range(n_rules):
        rows = block(text, f"\nRule {r}: IF")
        head, values = rows[0], {row[0]: row[1:] for row in rows[1:]}
        assert head[:5] == ["feature", "value", "centre", "width", "square"]
        outputs[r] = [float(v) for v in values.pop("level at the centre")]
        printed_output = [float(v) for v in values.pop("output")]
        printed_distance = float(values.pop("distance")[0])
        distances[r] = 0
        for value, center, width, square, *slopes in values.values():
            away = float(value) - float(center)
            assert (away / float(width)) ** 2 == pytest.approx(float(square), rel=2e-3, abs=2e-3)
            distances[r] += float(square)
            outputs[r] += away * np.array([float(s) for s in slopes])
        assert distances[r] == pytest.approx(printed_distance, abs=1e-3)
        np.testing.assert_allclose(outputs[r], printed_output, atol=2e-3)
    nearest = float(re.search(rf"weight = exp\(-\(distance - ({NUMBER})\) / 2\)", text)[1])
    weight = np.exp(-(distances - nearest) / 2)
    firing = weight / weight.sum()
    votes = {row[0]: row[1:] for row in block(text, "\na rule adds") if len(row) > 2}
    for r in range(n_rules):
        _, printed_weight, printed_firing, *adds = (float(v) for v in votes[f"rule {r}"])
        assert (weight[r], firing[r]) == pytest.approx((printed_weight, printed_firing), abs=1e-3)
        np.testing.assert_allclose(firing[r] * outputs[r], adds, atol=2e-3)
    return firing @ outputs


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("row", [0, 31, 45])
def test_a_reader_can_follow_the_text_with_a_calculator(n_classes, row):
    # Units differ by six orders of magnitude.
    X, y = classes(n_classes)
    pipe = make_pipeline(StandardScaler(), TSKClassifier(3, random_state=0)).fit(X, y)
    why = explain_sample(pipe, X[row], feature_names=["p", "q", "r", "s"])
    outputs = follow(why.text, 3, n_classes)
    np.testing.assert_allclose(outputs, why.outputs, rtol=0, atol=2e-3)
    assert why.text.splitlines()[-1] == f"Decision: {outputs.argmax()}."


def test_a_sample_far_from_all_rules_can_be_followed():
    X, y = classes(2)
    pipe = make_pipeline(StandardScaler(), TSKClassifier(3, random_state=0)).fit(X, y)
    x = X.mean(axis=0) + 60 * X.std(axis=0)
    why = explain_sample(pipe, x)
    assert (why.memberships.prod(axis=1) == 0).all() and why.firing.sum() == pytest.approx(1)
    follow(why.text, 3, 2)


def test_text_of_some_rules():
    X, y = classes(2)
    model = TSKClassifier(5, random_state=0).fit(X, y)
    why = explain_sample(model, X[0], max_rules=2, class_names=["no", "yes"])
    best = np.argsort(-why.firing)[:2]
    assert re.findall(r"^Rule (\d):", why.text, re.M) == [str(r) for r in best]
    votes = {row[0]: row[1:] for row in block(why.text, "\na rule adds") if len(row) > 2}
    assert list(votes)[1:] == [f"rule {r}" for r in best] + ["3 more rules", "sum"]
    for k in (-1, -2):
        whole = sum(float(votes[name][k]) for name in list(votes)[1:-1])
        assert whole == pytest.approx(float(votes["sum"][k]), abs=1e-3)
    assert why.text.endswith("no.") or why.text.endswith("yes.")


@pytest.mark.parametrize("decimals", [1, 6])
def test_decimals(decimals):
    X, y = classes(2)
    why = explain_sample(TSKClassifier(3, random_state=0).fit(X, y), X[0], decimals=decimals)
    share = re.search(r"rule \d +\S+ +\S+ +(\S+)", why.text)[1]
    assert len(share.split(".")[1]) == decimals


def test_raw_windows(toy):
    X, y, _ = toy
    pipe = make_pipeline(
        WaveletPacketFeatures({"low": (0, 8), "high": (8, np.inf)}, level=3),
        StandardScaler(),
        TSKClassifier(2, random_state=0),
    ).fit(X, y)
    why = explain_sample(pipe, X[[5]], class_names=["background", "seizure"])
    np.testing.assert_allclose(why.feature_values, pipe[0].transform(X[[5]])[0])
    assert why.decision == pytest.approx(pipe.decision_function(X[[5]])[0], abs=1e-12)
    assert "F3-C3__low__wpd_log_energy" in why.text
    with pytest.raises(ValueError, match="x holds 2 samples; one is needed"):
        explain_sample(pipe, X[:2])


def test_rows_of_a_data_frame():
    pandas = pytest.importorskip("pandas")
    X, y = classes(2)
    frame = pandas.DataFrame(X, columns=list("abcd"))
    pipe = make_pipeline(StandardScaler(), TSKClassifier(3, random_state=0)).fit(frame, y)
    row, series = explain_sample(pipe, frame.iloc[[4]]), explain_sample(pipe, frame.iloc[4])
    assert row.text == series.text and row.feature_names == list("abcd")


def test_components_are_explained_in_their_own_units():
    X, y = classes(2)
    pipe = make_pipeline(StandardScaler(), PCA(2), TSKClassifier(3, random_state=0)).fit(X, y)
    why = explain_sample(pipe, X[0])
    np.testing.assert_allclose(why.feature_values, pipe[:2].transform(X[[0]])[0])
    assert why.feature_names == ["pca0", "pca1"]


def test_a_seizure_of_bonn(data_path):
    from skseizure.datasets import load_bonn

    X, y = load_bonn(data_path / "bonn", sets="ZOS")
    # Source: closed eyes against half the seizures; target without labels: open eyes, the others.
    labels = np.where(np.char.startswith(X.record, "Z"), -1, y)
    labels[-50:] = -1
    model = SDASSLTSKClassifier(5, random_state=0)
    pipe = make_pipeline(STFTFeatures(), StandardScaler(), model)
    pipe.fit(X, labels)
    predicted = pipe.predict(X)
    assert (predicted == y).mean() > 0.95
    for row in (0, 150, 260):
        why = explain_sample(pipe, X[[row]], class_names=["healthy", "seizure"])
        assert why.decision == pytest.approx(pipe.decision_function(X[[row]])[0], abs=1e-12)
        np.testing.assert_allclose(follow(why.text, 5, 2), why.outputs, atol=2e-3)
        assert why.text.endswith(f"Decision: {['healthy', 'seizure'][predicted[row]]}.")


def test_bad_input_is_refused():
    X, y = classes(2)
    model = TSKClassifier(2, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"x holds 60 samples; one is needed, for instance X\[\[0"):
        explain_sample(model, X)
    for x in (X[np.newaxis, :1], np.zeros((1, 2, 256)), 3.0, None):
        with pytest.raises(ValueError, match=r"x has shape \(.*one row of a table is needed"):
            explain_sample(model, x)
    with pytest.raises(ValueError, match="X has 3 features"):
        explain_sample(model, X[0, :3])
    with pytest.raises(ValueError, match="contains NaN"):
        explain_sample(model, [np.nan, 0, 0, 0])
    with pytest.raises(ValueError, match="The 'max_rules' parameter"):
        explain_sample(model, X[0], max_rules=0)
    with pytest.raises(TypeError, match="estimator is LogisticRegression"):
        explain_sample(LogisticRegression().fit(X, y), X[0])
