"""How an ensemble was sampled: the action and the errors from member to member."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from ._inner import inner_part

if TYPE_CHECKING:
    from ..ensemble import MetaSamplerClassifier

# Okabe and Ito's colours, told apart with any colour vision.
_ORANGE = "#D55E00"


class SamplingCurveDisplay:
    """Picture of an ensemble's growth: errors of the majority, and which the sampler preferred.

    One column a member, one row a bin of the error; the darker, the more majority rows have such an
    error. The line is the action: the error that the next member's rows should have. Training rows
    are on the left, validation rows on the right.

    Make one with `from_estimator`.

    Parameters
    ----------
    states : ndarray of float, shape (n_estimators, 2 * n_bins)
        Meta-state after each member: error histograms in training and validation. The second is NaN
        if there were no validation rows.
    actions : ndarray of float, shape (n_estimators - 1,)
        Action that each further member was sampled with.
    name : str, default=None
        Title of the picture.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Left axes, of the training rows and the action; set by `plot`.
    validation_ax_ : matplotlib Axes
        Right axes, of the validation rows; set by `plot`.
    line_ : matplotlib Line2D
        The action; set by `plot`.
    figure_ : matplotlib Figure
        The figure; set by `plot`.

    Raises
    ------
    ValueError
        If states and actions do not belong together.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skseizure.ensemble import MetaSamplerClassifier
    >>> from skseizure.inspection import SamplingCurveDisplay
    >>> X, y = make_classification(500, weights=[0.9], random_state=0)
    >>> model = MetaSamplerClassifier(sampler=0.9, validation=0.2, random_state=0).fit(X, y)
    >>> display = SamplingCurveDisplay.from_estimator(model)
    >>> display.ax_.get_ylabel()
    'error'
    """

    def __init__(self, states: ArrayLike, actions: ArrayLike, *, name: str | None = None) -> None:
        self.states: NDArray[np.float64] = np.asarray(states, dtype=float)
        self.actions: NDArray[np.float64] = np.asarray(actions, dtype=float)
        self.name = name
        shape = self.states.shape
        if len(shape) != 2 or shape[1] % 2 or self.actions.shape != (shape[0] - 1,):
            raise ValueError(
                f"states has shape {shape} and actions {self.actions.shape}; (n_estimators, "
                "2 * n_bins) and (n_estimators - 1,) are needed."
            )

    @classmethod
    def from_estimator(
        cls,
        estimator: MetaSamplerClassifier | BaseEstimator,
        *,
        target: Any = None,
        name: str | None = None,
        axes: Any = None,
    ) -> SamplingCurveDisplay:
        """Draw how a fitted ensemble grew.

        Parameters
        ----------
        estimator : MetaSamplerClassifier
            Fitted; also at the end of a Pipeline, or within a meta-estimator or search.
        target : label, default=None
            With more than two classes: the class whose ensemble against the rest is drawn.
        name : str, default=None
            Title. None: the class's name, or none with two classes.
        axes : pair of matplotlib Axes, default=None
            Left and right axes to draw on. None: a new figure.

        Returns
        -------
        SamplingCurveDisplay
            Drawn.

        Raises
        ------
        TypeError
            If there is no MetaSamplerClassifier.
        ValueError
            If ``target`` is not one of more than two classes, or is not given for these.
        """
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(estimator)
        ensemble, _ = inner_part(estimator, "states_", "a MetaSamplerClassifier")
        states, actions = ensemble.states_, ensemble.actions_
        if states.ndim == 3:
            classes = ensemble.classes_.tolist()
            if target not in classes:
                raise ValueError(f"target is {target!r}; one of the classes {classes} is needed.")
            which = classes.index(target)
            states, actions = states[which], actions[which]
            name = f"{target} against the rest" if name is None else name
        elif target is not None:
            raise ValueError(f"target is {target!r}, but two classes make one ensemble: leave it.")
        return cls(states, actions, name=name).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> SamplingCurveDisplay:
        """Draw.

        Parameters
        ----------
        axes : pair of matplotlib Axes, default=None
            Left and right axes to draw on. None: a new figure.

        Returns
        -------
        SamplingCurveDisplay
            Itself.
        """
        from matplotlib.colors import PowerNorm

        if axes is None:
            from matplotlib import pyplot as plt

            _, axes = plt.subplots(1, 2, sharey=True, figsize=(9, 3.4), layout="constrained")
        self.ax_, self.validation_ax_ = axes
        self.figure_ = self.ax_.figure
        n_members, n_bins = len(self.states), self.states.shape[1] // 2
        halves = self.states[:, :n_bins].T / n_bins, self.states[:, n_bins:].T / n_bins
        # Few rows are hard, and they are the ones to see.
        norm = PowerNorm(0.4, vmin=0, vmax=np.nanmax(self.states) / n_bins)
        validated = not np.isnan(halves[1]).all()
        titles = "training", "validation" if validated else "no validation rows"
        for ax, half, title in zip((self.ax_, self.validation_ax_), halves, titles, strict=True):
            mesh = ax.pcolormesh(
                np.arange(n_members + 1) + 0.5,
                np.linspace(0, 1, n_bins + 1),
                half,
                cmap="Blues",
                norm=norm,
            )
            ax.set(xlabel="member", ylim=(0, 1), title=title)
            ax.xaxis.get_major_locator().set_params(integer=True)
        self.figure_.colorbar(mesh, ax=self.validation_ax_, label="share of majority rows")
        (self.line_,) = self.ax_.plot(
            np.arange(n_members - 1) + 2,
            self.actions,
            color=_ORANGE,
            marker="o",
            markersize=4,
            linewidth=1.5,
            clip_on=False,
            label="action for this member",
        )
        self.ax_.legend(
            loc="upper left", bbox_to_anchor=(-0.02, -0.15), fontsize="small", frameon=False
        )
        self.ax_.set_ylabel("error")
        if self.name is not None:
            self.figure_.suptitle(self.name)
        return self
