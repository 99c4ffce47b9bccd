"""How the rules come to the decision on one sample."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import Bunch
from sklearn.utils._param_validation import validate_params

from .._core.parameters import Interval
from ._rule_table import RuleTable, readout, rule_table
from ._rules import fixed, grid, if_part, plural


@validate_params(
    {
        "max_rules": [Interval(Integral, 1, None, closed="left"), None],
        "decimals": [Interval(Integral, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def explain_sample(
    estimator: Any,
    x: Any,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    terms: Sequence[str] | None = None,
    max_rules: int | None = None,
    decimals: int = 4,
    scaler: Any = None,
) -> Bunch:
    """Explain the decision on one sample, exactly, as a sum over rules and features.

    Parameters
    ----------
    estimator : TSKClassifier, SDASSLTSKClassifier or Pipeline that ends in one
        Fitted. As by `export_rules`, scalers of a Pipeline are undone.
    x : array-like, shape (n_features,) or (1, n_features), or one window
        One sample as ``estimator`` takes it: a row of a table or, for a Pipeline that computes
        features, one raw window (a `Windows` of length one).
    feature_names : sequence of str, default=None
        One name for each feature of the classifier. None: those it knows, else x0, x1, ...
    class_names : sequence of str, default=None
        One name for each class, in the order of ``classes_``. None: the classes.
    terms : sequence of str, default=None
        Linguistic terms from low to high, see `export_rules`.
    max_rules : int, default=None
        Write only so many rules into ``text``, those that fire most. None: all.
    decimals : int, default=4
        Decimals of the numbers in ``text`` without unit; values, centres and widths have as many
        in units of the feature's smallest width, so that a reader can do the sums again.
    scaler : transformer, default=None
        Fitted scaler that was applied before ``estimator`` and is not part of it; ``x`` then has
        the units before it.

    Returns
    -------
    Bunch
        feature_values : ndarray, shape (n_features,)
            The sample's features in readable units.
        firing : ndarray, shape (n_rules,)
            Firing strengths, which sum to one.
        memberships : ndarray, shape (n_rules, n_features)
            Membership of each feature in each rule's fuzzy set.
        rule_outputs : ndarray, shape (n_rules, n_classes)
            What each rule says of the sample.
        contributions : ndarray, shape (n_rules, n_classes)
            ``firing * rule_outputs``; they sum to ``outputs`` over rules.
        base : ndarray, shape (n_rules, n_classes)
            ``firing`` times the rule's output at its centre.
        feature_contributions : ndarray, shape (n_rules, n_features, n_classes)
            ``firing`` times slope times the distance from the centre. With ``base`` they sum to
            ``contributions`` over features.
        outputs : ndarray, shape (n_classes,)
            Output for each class; the largest wins.
        decision : float or ndarray, shape (n_classes,)
            What ``decision_function`` gives: the second output less the first for two classes, else
            ``outputs``.
        prediction : object
            The class predicted.
        feature_names, class_names : list of str
            Names.
        text : str
            The decision step by step, in numbers that can be followed with a calculator.

    Raises
    ------
    TypeError
        If ``estimator`` is no fuzzy classifier, ``scaler`` is not an affine one, or names or terms
        are no sequence.
    ValueError
        If ``x`` is not one sample, names or terms do not fit, or ``scaler`` was fitted on other
        columns.
    sklearn.exceptions.NotFittedError
        If ``estimator`` or ``scaler`` is not fitted.

    See Also
    --------
    export_rules : All rules as text.
    skseizure.inspection.SampleExplanationDisplay : This as a figure.

    Notes
    -----
    The output for class c is ``f_c(x) = sum_r mu_r(x) [f_rc(v_r) + sum_j p_rjc (x_j - v_rj)]``,
    with firing strengths mu, centres v and slopes p: the explanation is no approximation. Slopes
    act on the distance from the centre, so that no part depends on where a feature's zero lies.

    A feature also acts through the firing strengths; that part stands in ``memberships``, not in
    ``feature_contributions``.

    The cost is linear in the numbers of rules, features and classes.

    References
    ----------
    .. [1] SDA-SSL-TSK-FS: subdomain adaptation, semi-supervised learning and a TSK fuzzy system for
       epileptic EEG ("the TSK paper"), analysis of the interpretability, Fig. 5.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skseizure.fuzzy import TSKClassifier, explain_sample
    >>> X, y = load_iris(return_X_y=True)
    >>> pipe = make_pipeline(StandardScaler(), TSKClassifier(n_rules=3, random_state=0)).fit(X, y)
    >>> why = explain_sample(pipe, X[100])
    >>> bool(abs(why.contributions.sum(axis=0) - pipe.decision_function(X[[100]])).max() < 1e-12)
    True
    >>> print(why.text.splitlines()[-1])
    Decision: 2.
    """
    path = readout(estimator, scaler)
    table = rule_table(
        estimator, feature_names=feature_names, class_names=class_names, terms=terms, scaler=scaler
    )
    sample = _one_sample(x, raw=bool(path.before))
    inputs, model = path.inputs(sample), path.model
    z = np.asarray(inputs, dtype=float)[0]
    firing = model.firing_strengths(inputs)[0]
    rule_outputs = model.rule_outputs(inputs)[0]
    away = z - model.centers_
    why = Bunch(
        feature_values=path.features(sample)[0],
        firing=firing,
        memberships=np.exp(-((away / model.sigmas_) ** 2) / 2),
        rule_outputs=rule_outputs,
        contributions=firing[:, np.newaxis] * rule_outputs,
        base=firing[:, np.newaxis] * table.levels,
        feature_contributions=np.einsum("r,rjc,rj->rjc", firing, model.slopes_, away),
        feature_names=table.feature_names,
        class_names=table.class_names,
    )
    why.outputs = why.contributions.sum(axis=0)
    two = len(model.classes_) == 2
    why.decision = float(why.outputs[1] - why.outputs[0]) if two else why.outputs
    why.prediction = model.classes_[int(np.argmax(why.outputs))]
    why.text = _text(table, why, max_rules, decimals)
    return why


def _one_sample(x: Any, raw: bool) -> Any:
    if hasattr(x, "to_frame"):
        x = x.to_frame().T
    elif np.ndim(x) == 1:
        x = np.asarray(x)[np.newaxis]
    shape = np.shape(x)
    if len(shape) < 2 or (len(shape) > 2 and not raw):
        raise ValueError(
            f"x has shape {shape}; one row of a table is needed, for instance X[[0]], or one raw "
            "window where estimator is a Pipeline that computes the features."
        )
    if shape[0] != 1:
        raise ValueError(f"x holds {shape[0]} samples; one is needed, for instance X[[0]].")
    return x


def _text(table: RuleTable, why: Bunch, max_rules: int | None, decimals: int) -> str:
    order = np.argsort(-why.firing, kind="stable")[:max_rules]
    places = [
        max(0, decimals - int(np.floor(np.log10(width)))) for width in table.sigmas.min(axis=0)
    ]
    distance = (((why.feature_values - table.centers) / table.sigmas) ** 2).sum(axis=1)
    parts = [
        "Each rule: distance = sum of ((value - centre) / width)^2;\n"
        "output = level at the centre + sum of slope * (value - centre).",
        *(_rule_text(table, why, int(r), places, decimals) for r in order),
        _vote_text(table, why, order, distance, decimals),
    ]
    return "\n\n".join(parts)


def _rule_text(table: RuleTable, why: Bunch, r: int, places: list[int], decimals: int) -> str:
    names = table.class_names
    x, center, width = why.feature_values, table.centers[r], table.sigmas[r]
    square = ((x - center) / width) ** 2
    head = ["feature", "value", "centre", "width", "square", *(f"slope {name}" for name in names)]
    rows = [
        [
            table.feature_names[j],
            *(
                fixed(v[j], places[j])
                for v in (why.feature_values, table.centers[r], table.sigmas[r])
            ),
            fixed(square[j], decimals),
            # A slope has the inverse unit: as many digits count after those of the width.
            *(fixed(v, max(0, 2 * decimals + 1 - places[j])) for v in table.coef[r, j]),
        ]
        for j in range(len(x))
    ]
    empty = [""] * 3
    rows += [
        ["distance", *empty, fixed(square.sum(), decimals), *[""] * len(names)],
        ["level at the centre", *empty, "", *(fixed(v, decimals) for v in table.levels[r])],
        ["output", *empty, "", *(fixed(v, decimals) for v in why.rule_outputs[r])],
    ]
    title = f"Rule {r}: IF {if_part(table.feature_names, table.terms[r].tolist())}"
    return "\n".join([title, *grid([head, *rows], indent=2)])


def _vote_text(
    table: RuleTable,
    why: Bunch,
    order: NDArray[np.intp],
    distance: NDArray[np.float64],
    decimals: int,
) -> str:
    nearest = distance.min()
    weight = np.exp(-(distance - nearest) / 2)
    rows = [
        [
            f"rule {r}",
            *(fixed(v[r], decimals) for v in (distance, weight, why.firing)),
            *(fixed(v, decimals) for v in why.contributions[r]),
        ]
        for r in order
    ]
    rest = np.setdiff1d(np.arange(len(weight)), order)
    if len(rest):
        rows.append(
            [
                plural(len(rest), "more rule"),
                "",
                *(fixed(v[rest].sum(), decimals) for v in (weight, why.firing)),
                *(fixed(v, decimals) for v in why.contributions[rest].sum(axis=0)),
            ]
        )
    total = ["sum", "", fixed(weight.sum(), decimals), fixed(1.0, decimals)]
    total += [fixed(v, decimals) for v in why.outputs]
    head = ["", "distance", "weight", "firing", *table.class_names]
    return "\n".join(
        [
            f"Together: weight = exp(-(distance - {fixed(nearest, decimals)}) / 2), firing = "
            "weight / sum of weights;",
            "a rule adds firing * output to each class.",
            *grid([head, *rows, total], indent=2),
            f"Decision: {table.class_names[int(np.argmax(why.outputs))]}.",
        ]
    )
