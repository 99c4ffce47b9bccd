"""What each rule and each feature adds to the decision on one sample."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_scalar

from ..fuzzy import explain_sample
from ._fuzzy_rules import check_axes

# Okabe and Ito's colours, told apart with any colour vision.
_BLUE, _ORANGE, _GREY = "#0072B2", "#D55E00", "#666666"


class SampleExplanationDisplay:
    """Picture of one decision: what each rule and each feature adds to it.

    Make one with `from_estimator`.

    Parameters
    ----------
    explanation : Bunch
        What `explain_sample` returns.
    max_rules, max_features : int, default=10
        Rows of the two axes; what is left is one row more.

    Attributes
    ----------
    rules_ax_ : matplotlib Axes
        Left axes: contribution of each rule to the outputs for the two leading classes; set by
        `plot`.
    features_ax_ : matplotlib Axes
        Right axes: parts of the difference of these outputs; set by `plot`.
    figure_ : matplotlib Figure
        The figure; set by `plot`.

    See Also
    --------
    skseizure.fuzzy.explain_sample : The numbers, and as text.

    Notes
    -----
    Bars of one colour sum to the class's output on the left. On the right all bars sum to the
    output for the class predicted less that for the runner-up. "Rules at their centres" is the part
    that does not depend on where in the rules' reach the sample lies.

    References
    ----------
    .. [1] SDA-SSL-TSK-FS: subdomain adaptation, semi-supervised learning and a TSK fuzzy system for
       epileptic EEG ("the TSK paper"), Fig. 5.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skseizure.fuzzy import TSKClassifier
    >>> from skseizure.inspection import SampleExplanationDisplay
    >>> iris = load_iris(as_frame=True)
    >>> model = TSKClassifier(n_rules=3, random_state=0).fit(iris.data, iris.target)
    >>> display = SampleExplanationDisplay.from_estimator(
    ...     model, iris.data.iloc[[70]], class_names=iris.target_names
    ... )
    >>> display.features_ax_.get_xlabel()
    'adds to virginica less versicolor'
    """

    def __init__(self, explanation: Any, *, max_rules: int = 10, max_features: int = 10) -> None:
        self.explanation = explanation
        self.max_rules = max_rules
        self.max_features = max_features

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        x: Any,
        *,
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        max_rules: int = 10,
        max_features: int = 10,
        scaler: Any = None,
        axes: Any = None,
    ) -> SampleExplanationDisplay:
        """Explain the decision on one sample and draw it.

        Parameters
        ----------
        estimator : TSKClassifier, SDASSLTSKClassifier or Pipeline that ends in one
            Fitted.
        x : array-like, shape (n_features,) or (1, n_features), or one window
            One sample as ``estimator`` takes it.
        feature_names, class_names : sequence of str, default=None
            Names, as in `explain_sample`.
        max_rules, max_features : int, default=10
            Rows of the two axes; what is left is one row more.
        scaler : transformer, default=None
            Fitted scaler that was applied before ``estimator`` and is not part of it.
        axes : pair of matplotlib Axes, default=None
            Left and right axes to draw on. None: a new figure.

        Returns
        -------
        SampleExplanationDisplay
            Drawn.

        Raises
        ------
        TypeError, ValueError
            As by `explain_sample` and `plot`.
        """
        explanation = explain_sample(
            estimator, x, feature_names=feature_names, class_names=class_names, scaler=scaler
        )
        display = cls(explanation, max_rules=max_rules, max_features=max_features)
        return display.plot(axes=axes)

    def plot(self, *, axes: Any = None) -> SampleExplanationDisplay:
        """Draw.

        Parameters
        ----------
        axes : pair of matplotlib Axes, default=None
            Left and right axes to draw on. None: a new figure.

        Returns
        -------
        SampleExplanationDisplay
            Itself.

        Raises
        ------
        TypeError
            If ``axes`` holds anything but Axes, or ``max_rules`` or ``max_features`` is no integer.
        ValueError
            If ``axes`` are not two, or ``max_rules`` or ``max_features`` is below 1.
        """
        for argument in ("max_rules", "max_features"):
            check_scalar(getattr(self, argument), argument, Integral, min_val=1)
        why = self.explanation
        rules, features = self._rule_rows(), self._feature_rows()
        if axes is None:
            from matplotlib import pyplot as plt

            height = 1.3 + 0.3 * max(len(rules[0]), len(features[0]))
            _, axes = plt.subplots(1, 2, figsize=(9, height), layout="constrained")
        self.rules_ax_, self.features_ax_ = check_axes(
            "axes", axes, 2, "a left and a right one are needed"
        )
        self.figure_ = self.rules_ax_.figure
        first, second = (why.class_names[c] for c in self._leaders())
        self._bars(self.rules_ax_, rules, [_ORANGE, _BLUE], [first, second])
        self._bars(self.features_ax_, features, [_GREY], [None])
        self.rules_ax_.set(xlabel="adds to the output", title=f"decision: {first}")
        self.rules_ax_.legend(fontsize="small", frameon=False)
        self.features_ax_.set(xlabel=f"adds to {first} less {second}")
        return self

    def _leaders(self) -> NDArray[np.intp]:
        return np.argsort(-self.explanation.outputs, kind="stable")[:2]

    def _rule_rows(self) -> tuple[list[str], NDArray[np.float64]]:
        why = self.explanation
        order = np.argsort(-why.firing, kind="stable")
        labels = [f"rule {r} (fires {100 * why.firing[r]:.0f} %)" for r in order]
        return _shorten(
            labels, why.contributions[order][:, self._leaders()], self.max_rules, "rules"
        )

    def _feature_rows(self) -> tuple[list[str], NDArray[np.float64]]:
        why = self.explanation
        first, second = self._leaders()
        parts = why.feature_contributions.sum(axis=0)
        parts = parts[:, first] - parts[:, second]
        base = (why.base[:, first] - why.base[:, second]).sum()
        order = np.argsort(-np.abs(parts), kind="stable")
        labels = [f"{why.feature_names[j]} = {why.feature_values[j]:.4g}" for j in order]
        labels, values = _shorten(labels, parts[order, np.newaxis], self.max_features, "features")
        return ["rules at their centres", *labels], np.vstack([[[base]], values])

    @staticmethod
    def _bars(
        axes: Any,
        rows: tuple[list[str], NDArray[np.float64]],
        colours: list[str],
        names: list[str | None],
    ) -> None:
        labels, values = rows
        place, total = np.arange(len(labels) + 1), np.vstack([values, values.sum(axis=0)])
        thickness = 0.8 / len(colours)
        for k, (colour, name) in enumerate(zip(colours, names, strict=True)):
            offset = (k - (len(colours) - 1) / 2) * thickness
            axes.barh(place + offset, total[:, k], thickness, color=colour, label=name)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.axhline(len(labels) - 0.5, color=_GREY, linewidth=0.8, linestyle="--")
        axes.set(yticks=place, yticklabels=[*labels, "sum"], ylim=(len(labels) + 0.5, -0.5))
        axes.spines[["top", "right"]].set_visible(False)


def _shorten(
    labels: list[str], values: NDArray[np.float64], n: int, noun: str
) -> tuple[list[str], NDArray[np.float64]]:
    """Sum the rows after the first n into one."""
    if len(labels) <= n:
        return labels, values
    rest = values[n:].sum(axis=0, keepdims=True)
    return [*labels[:n], f"{len(labels) - n} other {noun}"], np.vstack([values[:n], rest])
