"""Rules that people can read: objects and text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils._param_validation import validate_params

from .._core.parameters import Interval
from ._rule_table import RuleTable, rule_table


class Condition(NamedTuple):
    """One fuzzy set of a rule's IF part: ``exp(-((x - center) / sigma)**2 / 2)``."""

    feature: str
    term: str
    center: float
    sigma: float


class Consequent(NamedTuple):
    """The THEN part of a rule: the outputs ``intercept + x @ coef``, one for each class."""

    intercept: NDArray[np.float64]
    coef: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rule:
    """One fuzzy rule: IF the features are near its centre THEN the outputs are linear in them.

    Attributes
    ----------
    antecedent : tuple of Condition
        For each feature its name, the linguistic term (rank of the centre among the rules), the
        centre and the width that counts, after ``width_scale``.
    consequent : Consequent
        ``intercept``, shape (n_classes,), and ``coef``, shape (n_features, n_classes).
    support : dict of str to float
        Mean firing strength over the training rows of each domain.
    class_names : tuple of str
        The classes.
    """

    antecedent: tuple[Condition, ...]
    consequent: Consequent
    support: dict[str, float]
    class_names: tuple[str, ...]

    @property
    def levels(self) -> NDArray[np.float64]:
        """Outputs at the rule's centre, shape (n_classes,)."""
        center = np.array([condition.center for condition in self.antecedent])
        return self.consequent.intercept + center @ self.consequent.coef

    @property
    def conclusion(self) -> str:
        """The class with the largest output at the rule's centre."""
        return self.class_names[int(np.argmax(self.levels))]

    def __str__(self) -> str:
        names = [condition.feature for condition in self.antecedent]
        terms = [condition.term for condition in self.antecedent]
        return f"IF {if_part(names, terms)} THEN {self.conclusion}"


def rules_of(estimator: Any) -> list[Rule]:
    """Return the rules of a fitted fuzzy classifier, or of a Pipeline that ends in one.

    Parameters
    ----------
    estimator : TSKClassifier, SDASSLTSKClassifier or Pipeline
        Fitted. Scalers of a Pipeline are undone, as by `export_rules`.

    Returns
    -------
    list of Rule
        In the order of ``centers_``.
    """
    table = rule_table(estimator)
    return [_rule(table, r) for r in range(len(table.centers))]


def _rule(table: RuleTable, r: int) -> Rule:
    conditions = zip(
        table.feature_names,
        table.terms[r].tolist(),
        table.centers[r].tolist(),
        table.sigmas[r].tolist(),
        strict=True,
    )
    return Rule(
        antecedent=tuple(Condition(*values) for values in conditions),
        consequent=Consequent(table.intercept[r], table.coef[r]),
        support={domain: float(firing[r]) for domain, firing in table.support.items()},
        class_names=tuple(table.class_names),
    )


@validate_params(
    {
        "max_rules": [Interval(Integral, 1, None, closed="left"), None],
        "max_features": [Interval(Integral, 1, None, closed="left"), None],
        "decimals": [Interval(Integral, 0, None, closed="left")],
        "show_weights": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def export_rules(
    estimator: Any,
    *,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    terms: Sequence[str] | None = None,
    max_rules: int | None = None,
    max_features: int | None = None,
    decimals: int = 2,
    show_weights: bool = True,
    scaler: Any = None,
) -> str:
    """Write the rules of a fitted fuzzy classifier as text.

    Parameters
    ----------
    estimator : TSKClassifier, SDASSLTSKClassifier or Pipeline that ends in one
        Fitted. Scalers of a Pipeline (`StandardScaler`, `MinMaxScaler`, `MaxAbsScaler`,
        `RobustScaler`, each without ``clip``, and `FeatureNormalizer`) are undone, so that centres,
        widths and slopes are in the units of the features before them; selectors pass the names
        on. Any other step ends the way back: the rules then speak of its output.
    feature_names : sequence of str, default=None
        One name for each feature of the classifier. None: the names seen in `fit` or given by the
        Pipeline's steps, else x0, x1, ...
    class_names : sequence of str, default=None
        One name for each class, in the order of ``classes_``. None: the classes.
    terms : sequence of str, default=None
        Linguistic terms from low to high. A feature's centres are ranked, and the ranks cut into as
        many equal parts. None: the five of [1]_, Low, Slightly low, Medium, Slightly high and High;
        of two rules Low and High.
    max_rules : int, default=None
        Write only so many rules, those that fire most. None: all.
    max_features : int, default=None
        Name only so many features, those whose centres lie furthest apart between the rules,
        measured in widths. None: all.
    decimals : int, default=2
        Decimals of the numbers; a number that they would turn into 0 is written with an exponent.
    show_weights : bool, default=True
        Whether to write the table of centres, widths and slopes below each rule.
    scaler : transformer, default=None
        Fitted scaler (or Pipeline of scalers) that was applied before ``estimator`` and is not part
        of it; undone like those of a Pipeline.

    Returns
    -------
    str
        The rules, those that fire most first, numbered by their place in ``centers_``.

    Raises
    ------
    TypeError
        If ``estimator`` is no fuzzy classifier, ``scaler`` is not one of the above, or names or
        terms are no sequence.
    ValueError
        If names or terms do not fit, ``scaler`` was fitted on other columns, or a number is out of
        its range.
    sklearn.exceptions.NotFittedError
        If ``estimator`` or ``scaler`` is not fitted.

    See Also
    --------
    explain_sample : How the rules come to one decision.
    skseizure.inspection.FuzzyRuleDisplay : The memberships as a figure.

    Notes
    -----
    The class after THEN is the one with the largest output at the rule's centre. Outputs are linear
    in the features, and rules overlap: a rule is to be read near its centre only. The width is the
    one that counts, after ``width_scale``.

    Terms that all features, or more than two of them, share are written once.

    The cost is linear in the numbers of rules, features and classes.

    References
    ----------
    .. [1] SDA-SSL-TSK-FS: subdomain adaptation, semi-supervised learning and a TSK fuzzy system for
       epileptic EEG ("the TSK paper"), analysis of the interpretability, Table 8 and Fig. 4.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skseizure.fuzzy import TSKClassifier, export_rules
    >>> iris = load_iris(as_frame=True)
    >>> X = iris.data[["petal length (cm)", "petal width (cm)"]]
    >>> pipe = make_pipeline(StandardScaler(), TSKClassifier(n_rules=3, random_state=0))
    >>> pipe = pipe.fit(X, iris.target)
    >>> print(export_rules(pipe, class_names=iris.target_names, show_weights=False))
    3 rules on 2 features; classes: setosa, versicolor, virginica.
    The output is the mean of the rules' outputs, weighted by how strongly each rule fires.
    <BLANKLINE>
    Rule 2, mean firing: training 34 %
      IF   both features are High
      THEN virginica   (output at the centre: setosa 0.00, versicolor -0.02, virginica 0.99)
    <BLANKLINE>
    Rule 1, mean firing: training 33 %
      IF   both features are Low
      THEN setosa   (output at the centre: setosa 0.99, versicolor 0.00, virginica 0.00)
    <BLANKLINE>
    Rule 0, mean firing: training 33 %
      IF   both features are Medium
      THEN versicolor   (output at the centre: setosa 0.00, versicolor 1.01, virginica -0.01)
    """
    table = rule_table(
        estimator, feature_names=feature_names, class_names=class_names, terms=terms, scaler=scaler
    )
    n_rules, d = table.centers.shape
    order = np.argsort(-sum(table.support.values()), kind="stable")[:max_rules]
    shown = widest_apart(table)[:max_features]
    blocks = [
        f"{plural(n_rules, 'rule')} on {plural(d, 'feature')}; classes: "
        f"{', '.join(table.class_names)}.\n"
        "The output is the mean of the rules' outputs, weighted by how strongly each rule fires."
    ]
    for r in order:
        firing = ", ".join(f"{name} {100 * f[r]:.0f} %" for name, f in table.support.items())
        levels = zip(table.class_names, table.levels[r], strict=True)
        at_center = ", ".join(f"{name} {fixed(v, decimals)}" for name, v in levels)
        lines = [
            f"Rule {r}, mean firing: {firing}",
            f"  IF   {if_part(table.feature_names, table.terms[r].tolist(), shown)}",
            f"  THEN {table.class_names[int(np.argmax(table.levels[r]))]}"
            f"   (output at the centre: {at_center})",
        ]
        if show_weights:
            lines += _weights(table, int(r), shown, decimals)
        blocks.append("\n".join(lines))
    if len(order) < n_rules:
        blocks.append(f"{plural(n_rules - len(order), 'more rule')} not shown.")
    return "\n\n".join(blocks)


def _weights(table: RuleTable, r: int, shown: NDArray[np.intp], decimals: int) -> list[str]:
    head = ["feature", "centre", "width", *(f"slope {name}" for name in table.class_names)]
    rows = [
        [
            table.feature_names[j],
            *(number(v, decimals) for v in (table.centers[r, j], table.sigmas[r, j])),
            *(number(v, decimals) for v in table.coef[r, j]),
        ]
        for j in np.sort(shown)
    ]
    constant = ["constant", "", "", *(number(v, decimals) for v in table.intercept[r])]
    lines = grid([head, *rows, constant], indent=7)
    if left_out := len(table.feature_names) - len(shown):
        lines.append(f"       {plural(left_out, 'more feature')} not shown")
    return lines


def if_part(
    names: Sequence[str], terms: Sequence[str], shown: NDArray[np.intp] | None = None
) -> str:
    """Write conditions, a term that many features share only once.

    Parameters
    ----------
    names, terms : sequence of str
        Feature and term of each condition.
    shown : ndarray of int, default=None
        Conditions that may be written out. None: all.

    Returns
    -------
    str
        For instance ``"a is High AND the other 3 features are Low"``.
    """
    d = len(names)
    common = max(dict.fromkeys(terms), key=list(terms).count)
    alike = {j for j in range(d) if terms[j] == common}
    if len(alike) == d > 1:
        return f"all {d} features are {common}" if d > 2 else f"both features are {common}"
    if len(alike) < 3:
        alike = set()
    single = [j for j in range(d) if j not in alike]
    written = single if shown is None else [j for j in single if j in set(shown.tolist())]
    parts = [f"{names[j]} is {terms[j]}" for j in written]
    left_out = len(single) - len(written)
    if alike:
        which = "the other " if written and not left_out else ""
        parts.append(f"{which}{len(alike)} features are {common}")
    if left_out:
        parts.append(f"{plural(left_out, 'more condition')} not shown")
    return " AND ".join(parts)


def widest_apart(table: RuleTable) -> NDArray[np.intp]:
    """Return the features, those first whose centres differ most between rules, in widths."""
    width = np.sqrt(np.mean(table.sigmas**2, axis=0))
    return np.argsort(-table.centers.std(axis=0) / width, kind="stable")


def number(value: float, decimals: int) -> str:
    """Write a number with fixed decimals; with an exponent where nothing else would be left."""
    text = fixed(value, decimals)
    return f"{value:.{max(decimals, 1)}e}" if value and not float(text) else text


def fixed(value: float, decimals: int) -> str:
    """Write a number with fixed decimals, and no minus before a zero."""
    return f"{round(value, decimals) + 0.0:.{decimals}f}"


def plural(n: int, noun: str) -> str:
    """Count things: ``1 rule``, ``2 rules``."""
    return f"{n} {noun}{'s' * (n != 1)}"


def grid(rows: Sequence[Sequence[str]], indent: int = 0) -> list[str]:
    """Align columns, the first to the left and all others to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    return [
        (
            " " * indent
            + row[0].ljust(widths[0])
            + "".join("  " + cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))
        ).rstrip()
        for row in rows
    ]
