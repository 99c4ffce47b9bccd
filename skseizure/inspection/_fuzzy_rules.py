"""The fuzzy sets of the rules of a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..fuzzy._rule_table import readout, rule_table

_GREY = "#666666"

# More numbers above the curves would lie on one another.
MOST_NUMBERS = 12


class FuzzyRuleDisplay:
    """Picture of the fuzzy sets: for each feature the membership curve of every rule.

    Make one with `from_estimator`.

    Parameters
    ----------
    centers, sigmas : ndarray of float, shape (n_rules, n_features)
        Middle and width of each curve in the units of the features.
    terms : ndarray of str, shape (n_rules, n_features)
        Linguistic term of each curve.
    feature_names : list of str
        One name for each feature.
    all_terms : list of str
        Terms from low to high, in the order of the legend.
    values : ndarray of float, shape (n_samples, n_features), default=None
        Samples to mark below the curves.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes, shape (n_features,)
        One below the other; set by `plot`.
    lines_ : ndarray of matplotlib Line2D, shape (n_features, n_rules)
        The curves; set by `plot`.
    figure_ : matplotlib Figure
        The figure; set by `plot`.

    See Also
    --------
    skseizure.fuzzy.export_rules : The rules as text.
    SampleExplanationDisplay : How the rules decide on one sample.

    Notes
    -----
    A curve is ``exp(-((x - center) / sigma)**2 / 2)``, before the product over features and the
    normalisation over rules. The number at its peak is that of the rule; its colour is the term. Of
    more than 12 rules only 12 have their number written, evenly chosen by the rank of the centre.

    References
    ----------
    .. [1] SDA-SSL-TSK-FS: subdomain adaptation, semi-supervised learning and a TSK fuzzy system for
       epileptic EEG ("the TSK paper"), Fig. 4.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skseizure.fuzzy import TSKClassifier
    >>> from skseizure.inspection import FuzzyRuleDisplay
    >>> iris = load_iris(as_frame=True)
    >>> model = TSKClassifier(n_rules=3, random_state=0).fit(iris.data, iris.target)
    >>> display = FuzzyRuleDisplay.from_estimator(model, features=["petal width (cm)"])
    >>> display.axes_[0].get_xlabel(), display.lines_.shape
    ('petal width (cm)', (1, 3))
    """

    def __init__(
        self,
        centers: NDArray[np.float64],
        sigmas: NDArray[np.float64],
        terms: NDArray[np.str_],
        *,
        feature_names: list[str],
        all_terms: list[str],
        values: NDArray[np.float64] | None = None,
    ) -> None:
        self.centers = centers
        self.sigmas = sigmas
        self.terms = terms
        self.feature_names = feature_names
        self.all_terms = all_terms
        self.values = values

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any = None,
        *,
        features: Sequence[int | str] | None = None,
        feature_names: Sequence[str] | None = None,
        terms: Sequence[str] | None = None,
        scaler: Any = None,
        ax: Any = None,
    ) -> FuzzyRuleDisplay:
        """Draw the fuzzy sets of a fitted classifier.

        Parameters
        ----------
        estimator : TSKClassifier, SDASSLTSKClassifier or Pipeline that ends in one
            Fitted. Scalers of a Pipeline are undone, as by `export_rules`.
        X : array-like or Windows, default=None
            Samples as ``estimator`` takes them, to mark below the curves.
        features : sequence of int or str, default=None
            Numbers or names of the features to draw. None: all.
        feature_names : sequence of str, default=None
            One name for each feature of the classifier. None: those it knows, else x0, x1, ...
        terms : sequence of str, default=None
            Linguistic terms from low to high, see `export_rules`.
        scaler : transformer, default=None
            Fitted scaler that was applied before ``estimator`` and is not part of it.
        ax : sequence of matplotlib Axes, default=None
            One for each feature drawn. None: a new figure.

        Returns
        -------
        FuzzyRuleDisplay
            Drawn.

        Raises
        ------
        TypeError
            If ``estimator`` is no fuzzy classifier, ``scaler`` is not an affine one, or
            ``features``, names, terms or ``ax`` are not of the kind above.
        ValueError
            If there is no such feature, names, terms or ``ax`` do not fit, or ``X`` has NaN or
            other columns than the estimator takes.
        """
        table = rule_table(estimator, feature_names=feature_names, terms=terms, scaler=scaler)
        chosen = _columns(features, table.feature_names)
        values = None if X is None else readout(estimator, scaler).features(X)[:, chosen]
        display = cls(
            table.centers[:, chosen],
            table.sigmas[:, chosen],
            table.terms[:, chosen],
            feature_names=[table.feature_names[j] for j in chosen],
            all_terms=table.all_terms,
            values=values,
        )
        return display.plot(ax=ax)

    def plot(self, *, ax: Any = None) -> FuzzyRuleDisplay:
        """Draw.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            One for each feature. None: a new figure.

        Returns
        -------
        FuzzyRuleDisplay
            Itself.

        Raises
        ------
        TypeError
            If ``ax`` holds anything but Axes.
        ValueError
            If there is not one of ``ax`` for each feature.
        """
        from matplotlib import colormaps
        from matplotlib import pyplot as plt

        n_rules, d = self.centers.shape
        if ax is None:
            _, ax = plt.subplots(
                d, squeeze=False, figsize=(7.5, 0.6 + 1.5 * d), layout="constrained"
            )
        self.axes_ = check_axes("ax", ax, d, f"one for each of {d} features is needed")
        self.figure_ = self.axes_[0].figure
        # Not to the end of the map: its yellow is lost on white.
        shades = colormaps["viridis"](np.linspace(0, 0.8, len(self.all_terms)))
        colours = dict(zip(self.all_terms, shades, strict=True))
        self.lines_ = np.empty((d, n_rules), dtype=object)
        for j, axes in enumerate(self.axes_):
            self._draw(axes, j, colours)
        self._legend(self.axes_[0], colours)
        return self

    def _draw(self, axes: Any, j: int, colours: dict[str, Any]) -> None:
        center, sigma = self.centers[:, j], self.sigmas[:, j]
        low, high = (center - 2.5 * sigma).min(), (center + 2.5 * sigma).max()
        x = np.linspace(low, high, 400)
        order = np.argsort(center, kind="stable")
        numbered = np.linspace(0, len(center) - 1, min(len(center), MOST_NUMBERS)).round()
        # Numbers of neighbours stand at different heights, so that they stay apart.
        height = {int(r): k % 3 for k, r in enumerate(order[numbered.astype(int)])}
        for r in range(len(center)):
            colour = colours[self.terms[r, j]]
            curve = np.exp(-(((x - center[r]) / sigma[r]) ** 2) / 2)
            (self.lines_[j, r],) = axes.plot(x, curve, color=colour, linewidth=1.5)
            if r in height:
                axes.annotate(
                    str(r), (center[r], 1), xytext=(0, 2 + 9 * height[r]), color=colour,
                    textcoords="offset points", ha="center", va="bottom", fontsize="small",
                )  # fmt: skip
        if self.values is not None:
            axes.plot(
                self.values[:, j], np.full(len(self.values), -0.06), "|", color=_GREY, alpha=0.5,
                markersize=5, markeredgewidth=0.8,
            )  # fmt: skip
        axes.set(
            xlabel=self.feature_names[j], ylabel="membership", yticks=[0, 0.5, 1],
            ylim=(-0.12, 1.5), xlim=(low, high),
        )  # fmt: skip
        axes.spines[["top", "right"]].set_visible(False)

    def _legend(self, axes: Any, colours: dict[str, Any]) -> None:
        from matplotlib.lines import Line2D

        handles = [
            Line2D([], [], color=colour, label=term)
            for term, colour in colours.items()
            if (self.terms == term).any()
        ]
        if self.values is not None:
            handles.append(Line2D([], [], color=_GREY, marker="|", linestyle="", label="samples"))
        axes.legend(
            handles=handles, title="term; numbers are rules", loc="upper left",
            bbox_to_anchor=(1.01, 1), frameon=False, fontsize="small", title_fontsize="small",
            alignment="left",
        )  # fmt: skip


def _columns(features: Sequence[int | str] | None, names: list[str]) -> list[int]:
    if features is None:
        return list(range(len(names)))
    if isinstance(features, (str, bytes)) or np.ndim(np.asarray(features, object)) != 1:
        raise TypeError(f"features is {features!r}; a list of numbers or names is needed.")
    columns = []
    for feature in features:
        if isinstance(feature, str):
            if feature not in names:
                raise ValueError(f"features holds {feature!r}, which is none of {names!r}.")
            columns.append(names.index(feature))
        elif isinstance(feature, (bool, np.bool_)) or not isinstance(feature, Integral):
            raise TypeError(f"features holds {feature!r}; numbers or names of columns are needed.")
        elif -len(names) <= feature < len(names):
            columns.append(int(feature) % len(names))
        else:
            raise ValueError(f"features holds {feature}; there are {len(names)} features.")
    if not columns:
        raise ValueError("features is empty; at least one feature is needed.")
    return columns


def check_axes(argument: str, given: Any, n: int, needed: str) -> NDArray[Any]:
    """Return n matplotlib Axes as an array; raise where they are not that."""
    axes = np.atleast_1d(np.asarray(given, dtype=object)).ravel()
    other = [type(part).__name__ for part in axes if not hasattr(part, "annotate")]
    if other:
        raise TypeError(f"{argument} holds {other[0]}; matplotlib Axes are needed.")
    if len(axes) != n:
        raise ValueError(f"{argument} holds {len(axes)} axes; {needed}.")
    return axes
