"""One record's labels as a picture: rows of four minutes, seizures white."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.labels import refuse_unknown_labels, seizure_column
from ..signals import Windows
from ._records import one_record

_GREY = "#808080"


class ClassificationMapDisplay:
    """Picture of the labels of a record: time runs along rows of four minutes, like text.

    Make one with `from_estimator` or `from_predictions`. Seizure is white, the rest black, time
    without a window grey.

    Parameters
    ----------
    maps : dict of str to ndarray of float, shape (n_rows, n_columns)
        By title: 1 for a seizure, 0 for none, nan where the record has no window.
    record : str
        Name of the record.
    row : float
        Seconds a row lasts.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One for each map; set by `plot`.
    figure_ : matplotlib Figure
        The figure; set by `plot`.

    References
    ----------
    .. [1] S. Kiranyaz, T. Ince, M. Zabihi, D. Ince, "Automated patient-specific classification of
       long-term electroencephalography", J. Biomed. Inform. 49 (2014) 16-31, Fig. 7.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.inspection import ClassificationMapDisplay
    >>> from skseizure.signals import Windows
    >>> X = Windows(np.zeros((600, 1, 64)), sfreq=64)
    >>> truth = (X.onset >= 100) & (X.onset < 150)
    >>> display = ClassificationMapDisplay.from_predictions(X, truth=truth)
    >>> display.maps["truth"].shape
    (3, 240)
    """

    def __init__(
        self, maps: dict[str, NDArray[np.float64]], *, record: str, row: float = 240.0
    ) -> None:
        self.maps = maps
        self.record = record
        self.row = row

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Windows,
        y: ArrayLike | None = None,
        *,
        record: str | None = None,
        row: float = 240.0,
        pos_label: Any = None,
        axes: Any = None,
    ) -> ClassificationMapDisplay:
        """Run a fitted classifier on a record and draw its labels.

        Parameters
        ----------
        estimator : classifier
            Fitted, of two classes.
        X : Windows
            Windows of one or several records.
        y : array-like, shape (n_windows,), default=None
            True labels, drawn above the predicted ones.
        record : str, default=None
            Record to draw. None: the first of ``X``.
        row : float, default=240
            Seconds a row lasts (the CNBC paper's).
        pos_label : label, default=None
            The class of the seizure. If None, the estimator must tell: see :ref:`seizure-class`.
        axes : sequence of matplotlib Axes, default=None
            One for each map. None: a new figure.

        Returns
        -------
        ClassificationMapDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the estimator has not two classes, nothing tells which of them is the seizure, or
            the estimator does not know a label in ``y``; or as `from_predictions`.
        """
        ictal = estimator.classes_[seizure_column(estimator, pos_label)]
        mine, X = one_record(X, record)
        seizure = {}
        if y is not None:
            truth = np.asarray(y)
            if truth.shape != mine.shape:
                raise ValueError(
                    f"y has shape {truth.shape}; one label for each of {len(mine)} windows is "
                    "needed."
                )
            refuse_unknown_labels(estimator, truth)
            seizure["truth"] = (truth == ictal)[mine]
        seizure["predicted"] = estimator.predict(X) == ictal
        return cls.from_predictions(X, row=row, axes=axes, **seizure)

    @classmethod
    def from_predictions(
        cls,
        X: Windows,
        *,
        record: str | None = None,
        row: float = 240.0,
        axes: Any = None,
        **labels: ArrayLike,
    ) -> ClassificationMapDisplay:
        """Draw labels that are at hand.

        Parameters
        ----------
        X : Windows
            Windows of one or several records.
        record : str, default=None
            Record to draw. None: the first of ``X``.
        row : float, default=240
            Seconds a row lasts (the CNBC paper's).
        axes : sequence of matplotlib Axes, default=None
            One for each map. None: a new figure.
        **labels : array-like of bool, shape (n_windows,)
            Maps by title: whether each window is a seizure.

        Returns
        -------
        ClassificationMapDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is no such record, no map, not one label a window, a label is neither true
            nor false, or a row is shorter than the step of the windows.

        Notes
        -----
        A pixel lasts one step of the windows. A window colours the pixels that its cell covers
        (`Windows.cells`): overlapping windows never count time twice.
        """
        if not labels:
            raise ValueError("labels are missing; give at least one map, such as truth=y.")
        mine, X = one_record(X, record)
        step = X.step
        if not row >= step:
            raise ValueError(f"row is {row!r} s; at least one step of the windows ({step:g} s).")
        cells = X.cells()
        order = np.argsort(cells[:, 0], kind="stable")
        start, stop = cells[order].T
        n_columns = round(row / step)
        n_rows = int(np.ceil(stop.max() / (n_columns * step)))
        middle = (np.arange(n_rows * n_columns) + 0.5) * step
        place = np.searchsorted(start, middle, side="right") - 1
        covered = (place >= 0) & (middle < stop[place])
        maps = {}
        for title, given in labels.items():
            values = np.asarray(given)
            if values.shape != mine.shape:
                raise ValueError(
                    f"{title} has shape {values.shape}; one label for each of {len(mine)} windows "
                    "is needed."
                )
            strange = values[~np.isin(values, [0, 1])]
            if len(strange):
                raise ValueError(
                    f"{title} holds {strange[0].item()!r}; a map takes true or false. Compare "
                    "labels with the class first, as in y == 'seizure'."
                )
            seizure = values[mine][order].astype(float)
            maps[title] = np.where(covered, seizure[place], np.nan).reshape(n_rows, n_columns)
        return cls(maps, record=str(X.record[0]), row=row).plot(axes=axes)

    def plot(self, *, axes: Any = None) -> ClassificationMapDisplay:
        """Draw.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            One for each map. None: a new figure.

        Returns
        -------
        ClassificationMapDisplay
            Itself.

        Raises
        ------
        ValueError
            If there are not as many axes as maps.
        """
        from matplotlib import colormaps
        from matplotlib import pyplot as plt
        from matplotlib.patches import Patch

        n_rows = len(next(iter(self.maps.values())))
        if axes is None:
            height = max(1.0, min(4.0, 0.25 * n_rows)) + 0.6
            _, axes = plt.subplots(
                len(self.maps), sharex=True, squeeze=False, layout="constrained",
                figsize=(8, 0.7 + height * len(self.maps)),
            )  # fmt: skip
        self.axes_ = np.atleast_1d(axes).ravel()
        if len(self.axes_) != len(self.maps):
            raise ValueError(f"{len(self.axes_)} axes given; {len(self.maps)} maps need one each.")
        self.figure_ = self.axes_[0].figure
        colours = colormaps["gray"].with_extremes(bad=_GREY)
        for ax, (title, pixels) in zip(self.axes_, self.maps.items(), strict=True):
            ax.imshow(
                pixels, cmap=colours, vmin=0, vmax=1, aspect="auto", interpolation="nearest",
                extent=(0, self.row, n_rows * self.row / 60, 0),
            )  # fmt: skip
            ax.set_title(f"record {self.record}: {title}", loc="left")
            ax.set_ylabel("time (min)")
        self.axes_[-1].set_xlabel("time in the row (s)")
        kinds = [("seizure", "white"), ("no seizure", "black")]
        if any(np.isnan(pixels).any() for pixels in self.maps.values()):
            kinds.append(("no window", _GREY))
        handles = [Patch(facecolor=fill, edgecolor="black", label=name) for name, fill in kinds]
        self.axes_[0].legend(
            handles=handles, loc="lower right", bbox_to_anchor=(1, 0.98), ncols=3, frameon=False,
            fontsize="small",
        )  # fmt: skip
        return self
