"""How much each expert of a mixture counts, by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from ._inner import inner_part

if TYPE_CHECKING:
    from ..moe import MixMoEClassifier, SeizureMoEClassifier

# Okabe and Ito's orange stands out from the shades of blue in any colour vision.
_TRADITIONAL = "#D55E00"
_TRADITIONAL_NAME = "traditional"


class ExpertUsageDisplay:
    """Picture of a mixture's gate: the mean share of each expert in the windows of each class.

    Make one with `from_estimator` or `from_predictions`.

    Parameters
    ----------
    usage : ndarray, shape (n_classes, n_experts)
        Mean share of each expert in each class; a row sums to 1.
    classes : ndarray, shape (n_classes,)
        Labels.
    counts : ndarray of int, shape (n_classes,)
        Windows of each class.
    expert_names : sequence of str
        Names of the experts.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes; set by `plot`.
    figure_ : matplotlib Figure
        The figure; set by `plot`.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.inspection import ExpertUsageDisplay
    >>> gates = np.array([[0.7, 0.3], [0.5, 0.5], [0.1, 0.9]])
    >>> y = ["absence", "absence", "tonic"]
    >>> display = ExpertUsageDisplay.from_predictions(gates, y)
    >>> display.usage
    array([[0.6, 0.4],
           [0.1, 0.9]])
    >>> display.ax_.get_xlabel()
    'mean share of the gate'
    """

    def __init__(
        self,
        usage: NDArray[np.float64],
        classes: NDArray,
        counts: NDArray[np.intp],
        expert_names: Sequence[str],
    ) -> None:
        self.usage = usage
        self.classes = classes
        self.counts = counts
        self.expert_names = expert_names

    @classmethod
    def from_estimator(
        cls,
        estimator: SeizureMoEClassifier | MixMoEClassifier | BaseEstimator,
        X: Any,
        y: ArrayLike,
        *,
        ax: Any = None,
    ) -> ExpertUsageDisplay:
        """Run a fitted mixture's gate and draw it.

        Parameters
        ----------
        estimator : SeizureMoEClassifier or MixMoEClassifier
            Fitted; also at the end of a Pipeline, or within a meta-estimator or search.
        X : Windows or array-like, shape (n_windows, n_channels, n_times) or (n_windows, n_times)
            Windows as ``estimator`` takes them.
        y : array-like, shape (n_windows,)
            Their labels, the true ones or predicted ones.
        ax : matplotlib Axes, default=None
            Axes to draw on. None: a new figure.

        Returns
        -------
        ExpertUsageDisplay
            Drawn.

        Raises
        ------
        TypeError
            If the estimator has no gate.
        ValueError
            If there is not one label a window.
        """
        needed = "a SeizureMoEClassifier or MixMoEClassifier, which have a gate,"
        mixture, X = inner_part(estimator, "gates", needed, X)
        gates = mixture.gates(X)
        names = [f"expert {i + 1}" for i in range(gates.shape[1])]
        if hasattr(mixture, "traditional_expert_"):
            names[-1] = _TRADITIONAL_NAME
        return cls.from_predictions(gates, y, expert_names=names, ax=ax)

    @classmethod
    def from_predictions(
        cls,
        gates: ArrayLike,
        y: ArrayLike,
        *,
        expert_names: Sequence[str] | None = None,
        ax: Any = None,
    ) -> ExpertUsageDisplay:
        """Draw shares that a gate gave.

        Parameters
        ----------
        gates : array-like, shape (n_windows, n_experts)
            Share of each expert in each window.
        y : array-like, shape (n_windows,)
            Labels of the windows.
        expert_names : sequence of str, default=None
            Names of the experts. None: "expert 1", "expert 2", ...
        ax : matplotlib Axes, default=None
            Axes to draw on. None: a new figure.

        Returns
        -------
        ExpertUsageDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is not one label a window or one name an expert, or a share is not finite.
        """
        shares = np.asarray(gates, dtype=np.float64)
        labels = np.asarray(y)
        if shares.ndim != 2 or not shares.size or not np.isfinite(shares).all():
            raise ValueError(
                f"gates has shape {shares.shape}; finite shares of (n_windows, n_experts) are "
                "needed."
            )
        if labels.shape != (len(shares),):
            raise ValueError(
                f"y has shape {labels.shape}; one label for each of {len(shares)} windows is "
                "needed."
            )
        names = [f"expert {i + 1}" for i in range(shares.shape[1])]
        if expert_names is not None:
            names = list(expert_names)
        if len(names) != shares.shape[1]:
            raise ValueError(
                f"expert_names has {len(names)} names; one for each of {shares.shape[1]} experts "
                "is needed."
            )
        classes, code, counts = np.unique(labels, return_inverse=True, return_counts=True)
        total = np.zeros((len(classes), shares.shape[1]))
        np.add.at(total, code, shares)
        return cls(total / counts[:, None], classes, counts, names).plot(ax=ax)

    def plot(self, *, ax: Any = None) -> ExpertUsageDisplay:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None: a new figure.

        Returns
        -------
        ExpertUsageDisplay
            Itself.
        """
        from matplotlib import colormaps
        from matplotlib import pyplot as plt

        if ax is None:
            height = max(1.2 + 0.45 * len(self.classes), 0.6 + 0.25 * len(self.expert_names))
            _, ax = plt.subplots(figsize=(7, height), layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        shades = colormaps["Blues"](np.linspace(0.85, 0.3, len(self.expert_names)))
        rows = np.arange(len(self.classes))
        start = np.zeros(len(rows))
        for name, shade, width in zip(self.expert_names, shades, self.usage.T, strict=True):
            colour = _TRADITIONAL if name == _TRADITIONAL_NAME else shade
            ax.barh(rows, width, left=start, height=0.7, color=colour, edgecolor="w", label=name)
            start = start + width
        labels = [f"{c} (n = {n})" for c, n in zip(self.classes, self.counts, strict=True)]
        ax.set(
            yticks=rows, yticklabels=labels, ylim=(len(rows) - 0.5, -0.5), ylabel="class",
            xlim=(0, 1), xlabel="mean share of the gate",
        )  # fmt: skip
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
        return self
