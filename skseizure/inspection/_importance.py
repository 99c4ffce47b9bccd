"""What each channel and group of features contributes to the decision of a CNBC."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ._inner import inner_part

if TYPE_CHECKING:
    from ..evolution import CNBCClassifier, CNBCEnsembleClassifier

# One hue from light to dark: more is darker, also in print and with any colour vision.
_MAP, _BLUE = "Blues", "#0072B2"


class ChannelImportanceDisplay:
    """Picture of importances: a field for each channel and group, and their sums beside it.

    Make one with `from_estimator`.

    Parameters
    ----------
    importances : array-like, shape (n_channels, n_groups)
        Contribution of each group of features on each channel, not negative.
    channel_names : sequence of str
        Names of the channels.
    group_names : sequence of str
        Names of the groups.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the fields; set by `plot`.
    channel_ax_ : matplotlib Axes
        Bars of the channels, on the right; set by `plot`.
    group_ax_ : matplotlib Axes
        Bars of the groups, above; set by `plot`.
    figure_ : matplotlib Figure
        The figure; set by `plot`.

    Raises
    ------
    ValueError
        If the names are not as many as rows and columns.

    See Also
    --------
    skseizure.evolution.CNBCClassifier : How the importances are computed.

    Examples
    --------
    >>> from skseizure.inspection import ChannelImportanceDisplay
    >>> display = ChannelImportanceDisplay([[0.1, 0.2], [0.7, 0.0]], ["F3-C3", "C3-P3"], ["a", "b"])
    >>> display.plot().channel_ax_.get_xlabel()
    'sum'
    """

    def __init__(
        self, importances: ArrayLike, channel_names: Sequence[str], group_names: Sequence[str]
    ) -> None:
        self.importances: NDArray[np.float64] = np.asarray(importances, dtype=float)
        self.channel_names = list(channel_names)
        self.group_names = list(group_names)
        if self.importances.shape != (len(self.channel_names), len(self.group_names)):
            raise ValueError(
                f"importances has shape {self.importances.shape}, but "
                f"{len(self.channel_names)} channels and {len(self.group_names)} groups are named."
            )

    @classmethod
    def from_estimator(
        cls,
        estimator: CNBCClassifier | CNBCEnsembleClassifier | BaseEstimator,
        *,
        axes: Any = None,
    ) -> ChannelImportanceDisplay:
        """Draw what a fitted CNBC uses.

        Parameters
        ----------
        estimator : CNBCClassifier or CNBCEnsembleClassifier
            Fitted; also at the end of a Pipeline, or within a meta-estimator or search.
        axes : three matplotlib Axes, default=None
            For the fields, the channels' bars and the groups' bars. None: a new figure.

        Returns
        -------
        ChannelImportanceDisplay
            Drawn.

        Raises
        ------
        TypeError
            If there is no CNBC.
        """
        needed = "a CNBCClassifier or CNBCEnsembleClassifier"
        cnbc, _ = inner_part(estimator, "add_feature_group", needed)
        check_is_fitted(cnbc, "importances_")
        return cls(cnbc.importances_, cnbc.channel_names_, cnbc.group_names_).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> ChannelImportanceDisplay:
        """Draw.

        Parameters
        ----------
        axes : three matplotlib Axes, default=None
            For the fields, the channels' bars and the groups' bars. None: a new figure.

        Returns
        -------
        ChannelImportanceDisplay
            Itself.
        """
        new = axes is None
        self.ax_, self.channel_ax_, self.group_ax_ = self._new_axes() if new else axes
        self.figure_ = self.ax_.figure
        n_channels, n_groups = self.importances.shape
        image = self.ax_.imshow(self.importances, cmap=_MAP, vmin=0, aspect="auto")
        self.ax_.set(xticks=range(n_groups), yticks=range(n_channels))
        self.ax_.set_xticklabels(self.group_names, rotation=90)
        self.ax_.set_yticklabels(self.channel_names)
        self.ax_.set(xlabel="group of features", ylabel="channel")
        self.channel_ax_.barh(range(n_channels), self.importances.sum(axis=1), color=_BLUE)
        self.channel_ax_.set(xlabel="sum", ylim=(n_channels - 0.5, -0.5))
        self.group_ax_.bar(range(n_groups), self.importances.sum(axis=0), color=_BLUE)
        self.group_ax_.set(ylabel="sum", xlim=(-0.5, n_groups - 0.5))
        if new:
            for side, hidden in ((self.channel_ax_, "left"), (self.group_ax_, "bottom")):
                side.tick_params(**{hidden: False, f"label{hidden}": False})
                side.spines[["top", "right"]].set_visible(False)
            self.figure_.colorbar(
                image, ax=[self.group_ax_, self.ax_, self.channel_ax_], label="importance"
            )
        return self

    def _new_axes(self) -> tuple[Any, Any, Any]:
        from matplotlib import pyplot as plt

        n_channels, n_groups = self.importances.shape
        figure, grid = plt.subplots(
            2,
            2,
            figsize=(4 + 0.32 * n_groups, 2.6 + 0.24 * n_channels),
            width_ratios=[3, 1],
            height_ratios=[1, 3],
            layout="constrained",
        )
        figure.delaxes(grid[0, 1])
        return grid[1, 0], grid[1, 1], grid[0, 0]
