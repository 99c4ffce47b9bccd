"""Rules as objects and as text."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from skseizure.features import FeatureNormalizer, WaveletPacketFeatures
from skseizure.fuzzy import SDASSLTSKClassifier, TSKClassifier, explain_sample, export_rules
from skseizure.fuzzy._rule_table import linguistic_terms, rule_table
from skseizure.fuzzy._rules import if_part, rules_of, widest_apart
from skseizure.postprocessing import SeizureDetector

NUMBER = r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?"

PAPER = ["Low", "Slightly low", "Medium", "Slightly high", "High"]


@pytest.fixture
def table():
    """Three classes of four features in raw units that differ by orders of magnitude."""
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 40)
    X = rng.normal(size=(120, 4)) + np.column_stack([y, 2 * y, -y, np.zeros(120)])
    return X * [1.0, 50.0, 1e-3, 7.0] + [0.0, 300.0, 1.0, -20.0], y


@pytest.fixture
def by_hand():
    """Two rules on three features, every number chosen."""
    model = TSKClassifier(2, random_state=0)
    model.fit(np.arange(24.0).reshape(8, 3) % 5, [0, 1] * 4)
    model.centers_ = np.array([[1.0, 5.0, 2.0], [3.0, 4.0, 6.0]])
    model.sigmas_ = np.array([[0.5, 1.0, 2.0], [1.5, 1.0, 2.0]])
    model.intercept_ = np.array([[1.0, 0.0], [0.25, 0.5]])
    model.slopes_ = np.array(
        [[[0.0, 0.1], [0.0, 0.0], [-0.2, 0.0]], [[0.0, 0.004], [0, 0], [0, 0.1]]]
    )
    model.rule_support_ = {"training": np.array([0.25, 0.75])}
    return model


def reconstruct(rules, X):
    """Evaluate rules as a reader would: loops over plain numbers."""
    out = []
    for x in X:
        weights, outputs = [], []
        for rule in rules:
            distance = sum(
                ((value - set_.center) / set_.sigma) ** 2
                for value, set_ in zip(x, rule.antecedent, strict=True)
            )
            weights.append(-distance / 2)
            outputs.append(rule.consequent.intercept + x @ rule.consequent.coef)
        firing = np.exp(np.array(weights) - max(weights))
        out.append(firing / firing.sum() @ np.array(outputs))
    return np.array(out)


SCALERS = [
    StandardScaler(),
    StandardScaler(with_mean=False),
    StandardScaler(with_std=False),
    MinMaxScaler((-1, 3)),
    MaxAbsScaler(),
    RobustScaler(),
    RobustScaler(with_centering=False),
    RobustScaler(with_scaling=False),
    FeatureNormalizer(),
    make_pipeline(MaxAbsScaler(), "passthrough", make_pipeline(StandardScaler())),
]


@pytest.mark.parametrize("scaler", SCALERS, ids=str)
def test_rules_in_raw_units_reproduce_the_decision(scaler, table):
    X, y = table
    pipe = make_pipeline(scaler, TSKClassifier(4, random_state=0)).fit(X, y)
    expected = pipe.decision_function(X)
    found = reconstruct(rules_of(pipe), X)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_scaler_beside_the_classifier_is_undone_too(table):
    X, y = table
    scaler = StandardScaler().fit(X)
    model = TSKClassifier(3, random_state=0).fit(scaler.transform(X), y)
    pipe = make_pipeline(StandardScaler(), TSKClassifier(3, random_state=0)).fit(X, y)
    assert export_rules(model, scaler=scaler) == export_rules(pipe)
    assert export_rules(model, scaler=make_pipeline(scaler)) == export_rules(pipe)
    assert export_rules(model) != export_rules(pipe)
    # One inside, one beside.
    outer = RobustScaler().fit(X)
    inner = make_pipeline(StandardScaler(), TSKClassifier(3, random_state=0))
    inner.fit(outer.transform(X), y)
    raw = rule_table(inner, scaler=outer)
    np.testing.assert_allclose(
        outer.transform(raw.centers), rule_table(inner).centers, rtol=1e-10, atol=1e-12
    )


def test_selectors_pass_names_and_units_on(table):
    X, y = table
    pipe = make_pipeline(StandardScaler(), SelectKBest(k=2), TSKClassifier(3, random_state=0))
    pipe.fit(X, y)
    assert pipe[1].get_support(indices=True).tolist() == [0, 1]
    found = rule_table(pipe)
    assert found.feature_names == ["x0", "x1"]
    np.testing.assert_allclose(reconstruct(rules_of(pipe), X[:, :2]), pipe.decision_function(X))
    # Before the scaler: the columns are those that are left.
    first = make_pipeline(SelectKBest(k=2), StandardScaler(), TSKClassifier(3, random_state=0))
    np.testing.assert_allclose(rule_table(first.fit(X, y)).centers, found.centers, rtol=1e-9)


def test_another_step_ends_the_way_back(table):
    X, y = table
    pipe = make_pipeline(StandardScaler(), PCA(2), MinMaxScaler(), TSKClassifier(3, random_state=0))
    found = rule_table(pipe.fit(X, y))
    assert found.feature_names == ["pca0", "pca1"]
    scores = pipe[:2].transform(X)
    np.testing.assert_allclose(reconstruct(rules_of(pipe), scores), pipe.decision_function(X))
    # What clips is no affine map, nor is what bends.
    for step in (MinMaxScaler(clip=True), PowerTransformer()):
        pipe = make_pipeline(step, TSKClassifier(3, random_state=0)).fit(X, y)
        np.testing.assert_array_equal(rule_table(pipe).centers, pipe[-1].centers_)


def test_names_come_from_the_pipeline(toy, table):
    X, y, _ = toy
    bands = {"low": (0, 8), "high": (8, np.inf)}
    pipe = make_pipeline(
        WaveletPacketFeatures(bands, level=3), StandardScaler(), TSKClassifier(2, random_state=0)
    ).fit(X, y)
    assert rules_of(pipe)[0].antecedent[1].feature == "F3-C3__high__wpd_log_energy"
    X, y = table
    nameless = make_pipeline(FunctionTransformer(np.abs), TSKClassifier(2, random_state=0))
    assert rule_table(nameless.fit(X, y)).feature_names == ["x0", "x1", "x2", "x3"]
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    pipe = make_pipeline(StandardScaler(), TSKClassifier(2, random_state=0)).fit(frame, y)
    assert rule_table(pipe).feature_names == list("abcd")
    assert rule_table(pipe[-1]).feature_names == ["x0", "x1", "x2", "x3"]
    pipe.set_output(transform="pandas").fit(frame, y)
    assert rule_table(pipe[-1]).feature_names == list("abcd")
    assert rule_table(pipe, feature_names=list("pqrs")).feature_names == list("pqrs")


def test_rules_are_the_fitted_ones(table):
    X, y = table
    model = TSKClassifier(3, random_state=0).fit(X, y)
    rules = model.rules_
    assert len(rules) == 3
    for r, rule in enumerate(rules):
        assert [c.center for c in rule.antecedent] == model.centers_[r].tolist()
        assert [c.sigma for c in rule.antecedent] == model.sigmas_[r].tolist()
        np.testing.assert_array_equal(rule.consequent.coef, model.slopes_[r])
        np.testing.assert_array_equal(rule.consequent.intercept, model.intercept_[r])
        expected = model.rule_outputs(model.centers_[[r]])[0, r]
        np.testing.assert_allclose(rule.levels, expected)
        assert rule.conclusion == str(expected.argmax())
        firing = model.firing_strengths(X)[:, r].mean()
        assert rule.support == {"training": pytest.approx(firing, abs=1e-12)}
    assert sum(rule.support["training"] for rule in rules) == pytest.approx(1)


def test_support_of_both_domains(table):
    X, y = table
    partial = np.where(np.arange(len(y)) % 2, y, -1)
    model = SDASSLTSKClassifier(3, random_state=0).fit(X, partial)
    firing = model.firing_strengths(X)
    for r, rule in enumerate(model.rules_):
        assert rule.support == {
            "source": pytest.approx(firing[partial >= 0, r].mean()),
            "target": pytest.approx(firing[partial < 0, r].mean()),
        }
    assert re.search(r"mean firing: source \d+ %, target \d+ %", export_rules(model))


@pytest.mark.parametrize(
    ("n_rules", "terms", "expected"),
    [
        (1, PAPER, [2]),
        (2, ["Low", "High"], [0, 1]),
        (3, PAPER, [0, 2, 4]),
        (4, PAPER, [0, 1, 3, 4]),
        (5, PAPER, [0, 1, 2, 3, 4]),
        (6, PAPER, [0, 1, 2, 2, 3, 4]),
        (10, PAPER, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]),
        (30, PAPER, np.repeat(range(5), 6)),
        (4, ["a", "b"], [0, 0, 1, 1]),
    ],
)
def test_terms_by_rank(n_rules, terms, expected, rng):
    order = rng.permutation(n_rules)
    centers = np.exp(order.astype(float))[:, np.newaxis]
    found = linguistic_terms(centers, np.ones_like(centers), terms)
    assert found[:, 0].tolist() == [terms[expected[rank]] for rank in order]


def test_terms_of_centres_that_coincide():
    centers = np.array([[1.0, 7.0], [1.0 + 1e-9, 7.0], [5.0, 7.0], [0.0, 7.0]])
    found = linguistic_terms(centers, np.ones_like(centers), PAPER)
    # Ranks 1, 1 (mean of two), 3, 0 of four; and all in the middle.
    assert found[:, 0].tolist() == ["Medium", "Medium", "High", "Low"]
    assert set(found[:, 1]) == {"Medium"}


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=30),
    st.integers(2, 7),
    st.floats(1e-3, 1e3),
)
def test_terms_follow_the_order_of_the_centres(values, n_terms, factor):
    centers = np.array(values, dtype=float)[:, np.newaxis]
    names = [f"t{k}" for k in range(n_terms)]
    terms = linguistic_terms(centers * factor, np.full_like(centers, factor), names)[:, 0]
    level = np.array([names.index(term) for term in terms])
    order = np.argsort(centers[:, 0], kind="stable")
    assert (np.diff(level[order]) >= 0).all()
    assert all(len(set(level[centers[:, 0] == v])) == 1 for v in set(values))
    # Turned round, low is high.
    mirrored = linguistic_terms(-centers, np.ones_like(centers), names)[:, 0]
    other = np.array([names.index(term) for term in mirrored])
    exact = [  # ranks that a border of the terms cuts through go up on both sides
        (((np.sum(values < v) + np.sum(values <= v)) / 2) * n_terms) % len(values) != 0
        for v in np.array(values)
    ]
    assert (level + other == n_terms - 1)[exact].all()


@pytest.mark.parametrize(
    ("terms", "shown", "expected"),
    [
        (["High"] * 6, None, "all 6 features are High"),
        (["High"] * 2, None, "both features are High"),
        (["High"], None, "a is High"),
        (["Low", "High"], None, "a is Low AND b is High"),
        (["Low", "Low", "High"], None, "a is Low AND b is Low AND c is High"),
        (["Low", "High", "Low", "Low"], None, "b is High AND the other 3 features are Low"),
        (["Low", "High", "Low", "Low"], [0, 1], "b is High AND the other 3 features are Low"),
        (["Low", "High", "Low", "Low"], [0], "3 features are Low AND 1 more condition not shown"),
        (
            ["Low", "High", "Low", "Low", "Medium", "High"],
            [4],
            "e is Medium AND 3 features are Low AND 2 more conditions not shown",
        ),
        (["Low", "High", "Medium"], [1], "b is High AND 2 more conditions not shown"),
    ],
)
def test_repeated_terms_are_written_once(terms, shown, expected):
    shown = None if shown is None else np.array(shown)
    assert if_part("abcdef"[: len(terms)], terms, shown) == expected


def test_text_by_hand(by_hand):
    assert export_rules(by_hand, feature_names=["a", "b", "c"], class_names=["no", "yes"]) == (
        "2 rules on 3 features; classes: no, yes.\n"
        "The output is the mean of the rules' outputs, weighted by how strongly each rule fires.\n"
        "\n"
        "Rule 1, mean firing: training 75 %\n"
        "  IF   a is High AND b is Low AND c is High\n"
        "  THEN yes   (output at the centre: no 0.25, yes 1.11)\n"
        "       feature   centre  width  slope no  slope yes\n"
        "       a           3.00   1.50      0.00   4.00e-03\n"
        "       b           4.00   1.00      0.00       0.00\n"
        "       c           6.00   2.00      0.00       0.10\n"
        "       constant                     0.25       0.50\n"
        "\n"
        "Rule 0, mean firing: training 25 %\n"
        "  IF   a is Low AND b is High AND c is Low\n"
        "  THEN no   (output at the centre: no 0.60, yes 0.10)\n"
        "       feature   centre  width  slope no  slope yes\n"
        "       a           1.00   0.50      0.00       0.10\n"
        "       b           5.00   1.00      0.00       0.00\n"
        "       c           2.00   2.00     -0.20       0.00\n"
        "       constant                     1.00       0.00"
    )
    assert str(by_hand.rules_[0]) == "IF x0 is Low AND x1 is High AND x2 is Low THEN 0"


def test_shorter_text(by_hand):
    # Distances of the centres in widths: a 1/1.12, b 0.5, c 1.
    assert widest_apart(rule_table(by_hand)).tolist() == [2, 0, 1]
    text = export_rules(by_hand, max_rules=1, max_features=1, decimals=1, terms=["small", "big"])
    assert text.splitlines()[3:] == [
        "Rule 1, mean firing: training 75 %",
        "  IF   x2 is big AND 2 more conditions not shown",
        "  THEN 1   (output at the centre: 0 0.2, 1 1.1)",
        "       feature   centre  width  slope 0  slope 1",
        "       x2           6.0    2.0      0.0      0.1",
        "       constant                     0.2      0.5",
        "       2 more features not shown",
        "",
        "1 more rule not shown.",
    ]
    text = export_rules(by_hand, show_weights=False)
    assert "slope" not in text and text.count("\n") == 9


def test_small_numbers_do_not_become_zero(by_hand):
    by_hand.slopes_[0, 0] = [3e-7, -3e-7]
    text = export_rules(by_hand)
    assert "3.00e-07  -3.00e-07" in text
    assert "-0.00" not in text


def test_rules_of_one_rule_and_one_feature(rng):
    X, y = rng.normal(size=(20, 1)), np.arange(20) % 2
    text = export_rules(TSKClassifier(1, random_state=0).fit(X, y))
    assert text.startswith("1 rule on 1 feature; classes: 0, 1.")
    assert "IF   x0 is Medium" in text and "training 100 %" in text


def test_text_has_all_rules_of_a_model_on_real_eeg(data_path):
    from skseizure.datasets import load_bonn

    X, y = load_bonn(data_path / "bonn", sets="ZS")
    pipe = make_pipeline(
        WaveletPacketFeatures(), StandardScaler(), TSKClassifier(5, random_state=0)
    ).fit(X, y)
    text = export_rules(pipe, class_names=["healthy", "seizure"])
    assert sorted(re.findall(r"^Rule (\d),", text, re.M)) == list("01234")
    # Seizures are the strong segments: so says the rule with the highest centres.
    rules = rules_of(pipe)
    strongest = max(rules, key=lambda rule: sum(c.center for c in rule.antecedent))
    weakest = min(rules, key=lambda rule: sum(c.center for c in rule.antecedent))
    assert (strongest.conclusion, weakest.conclusion) == ("1", "0")
    assert {c.term for c in strongest.antecedent} == {"High"}


def test_listings_of_the_guide(data_path):
    """The rules and the decision that the guide shows are what its code gives."""
    from skseizure.datasets import load_bonn

    X, y = load_bonn(data_path / "bonn", sets="ZOS")
    partial = y.copy()
    partial[100:200] = partial[250:] = -1
    model = make_pipeline(
        WaveletPacketFeatures(), StandardScaler(), SDASSLTSKClassifier(3, random_state=0)
    ).fit(X, partial)
    names = {
        "feature_names": ["0-2 Hz", "2-4 Hz", "4-8 Hz", "8-15 Hz", "15-30 Hz", "> 30 Hz"],
        "class_names": ["healthy", "seizure"],
    }
    hidden = partial < 0
    assert ((model.predict(X) == y)[hidden].sum(), hidden.sum()) == (149, 150)
    assert X.record[281] == "S082"
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "fuzzy.rst").read_text()
    listings = [
        textwrap.dedent(block.split("\n\n", 1)[1])
        for block in re.findall(r"\.\. code-block:: none\n\n(?: .*\n|\n)+", guide)
    ]
    rules, decision = (listing.strip().splitlines() for listing in listings)
    skipped = decision.index("(rules 2 and 0, in the same way)")
    why = explain_sample(model, X[[281]], **names).text.splitlines()
    same_lines(rules, export_rules(model, **names).splitlines())
    same_lines(decision[:skipped], why[:skipped])
    same_lines(decision[skipped + 2 :], why[-(len(decision) - skipped - 2) :])
    # The steps below the decision quote its numbers.
    steps = guide.split("Step by step:")[1].split("``contributions``")[0]
    for digits in re.findall(r"\d+\.\d{4}", steps):
        assert digits in "\n".join(decision) or digits in ("0.7505", "0.9634", "0.0081")


def same_lines(printed, found):
    """Words equal; numbers within one and a half units of the last digit printed."""
    assert len(printed) == len(found) > 5
    for a, b in zip(printed, found, strict=True):
        if re.sub(NUMBER, "#", a).split() != re.sub(NUMBER, "#", b).split():
            assert a == b
        for x, y in zip(re.findall(NUMBER, a), re.findall(NUMBER, b), strict=True):
            mantissa, _, exponent = x.partition("e")
            unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
            assert float(x) == pytest.approx(float(y), abs=1.5 * unit), (a, b)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"feature_names": ["a"]}, "feature_names has 1 names; one for each of the .* 4 features"),
        ({"class_names": ["a"]}, "class_names has 1 names; one for each of the .* 3 classes"),
        ({"terms": ["a"]}, r"terms is \['a'\]; at least two different terms"),
        ({"terms": ["a", "a"]}, "at least two different terms"),
        ({"terms": "ab"}, "terms is 'ab'; a list of names is needed"),
        ({"feature_names": "abcd"}, "feature_names is 'abcd'; a list of names is needed"),
        ({"feature_names": 4}, "feature_names is 4; a list of names is needed"),
        ({"class_names": {0: "a", 1: "b", 2: "c"}}, "class_names is {.*}; a list of names"),
        ({"class_names": {"a", "b", "c"}}, "class_names is {.*}; a list of names"),
        ({"class_names": [["a", "b", "c"]]}, r"class_names is \[\[.*; a list of names"),
        ({"scaler": StandardScaler()}, "scaler is a StandardScaler that is not fitted"),
        ({"scaler": FeatureNormalizer()}, "scaler is a FeatureNormalizer that is not fitted"),
        (
            {"scaler": StandardScaler().fit([[0.0] * 3, [1.0] * 3])},
            "scaler was fitted on 3 features, but the estimator takes 4",
        ),
        ({"max_rules": 0}, "The 'max_rules' parameter"),
        ({"max_features": 0}, "The 'max_features' parameter"),
        ({"decimals": -1}, "The 'decimals' parameter"),
    ],
)
def test_bad_arguments_are_refused(kwargs, message, table):
    model = TSKClassifier(2, random_state=0).fit(*table)
    with pytest.raises((ValueError, TypeError), match=message):
        export_rules(model, **kwargs)


def test_a_scaler_of_other_columns_is_refused(table):
    X, y = table
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = TSKClassifier(2, random_state=0).fit(frame, y)
    assert "a " in export_rules(model, scaler=StandardScaler().fit(frame))
    other = StandardScaler().fit(frame[list("dcba")])
    with pytest.raises(ValueError, match=r"scaler was fitted on \['d', 'c'.*takes \['a', 'b'"):
        export_rules(model, scaler=other)


def test_other_estimators_are_refused(table):
    X, y = table
    with pytest.raises(TypeError, match="estimator is LogisticRegression; a fitted TSKClassifier"):
        export_rules(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y))
    detector = SeizureDetector(TSKClassifier(2, random_state=0))
    with pytest.raises(
        TypeError, match=r"estimator is SeizureDetector; a fitted TSKClass.*ends in o"
    ):
        export_rules(detector)
    detector.estimator_ = TSKClassifier(2, random_state=0)
    with pytest.raises(TypeError, match=r"SeizureDetector; .* Pass the estimator_ of this one"):
        export_rules(detector)
    search = GridSearchCV(TSKClassifier(2, random_state=0), {"alpha": [1.0]}, cv=2).fit(X, y)
    with pytest.raises(TypeError, match=r"GridSearchCV; .* Pass the best_estimator_ of this one"):
        export_rules(search)
    with pytest.raises(NotFittedError):
        export_rules(TSKClassifier())
    model = TSKClassifier(2, random_state=0).fit(X, y)
    for scaler in (PCA(4).fit(X), MinMaxScaler(clip=True).fit(X)):
        name = type(scaler).__name__
        with pytest.raises(TypeError, match=f"scaler is {name}; a fitted StandardScaler"):
            export_rules(model, scaler=scaler)
