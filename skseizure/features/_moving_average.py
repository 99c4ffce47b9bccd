"""MovingAverage: any transformer's table, smoothed in time."""

from __future__ import annotations

from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import MetaEstimatorMixin, _fit_context

from .._core.horizon import Span, average_span
from .._core.parameters import HasMethods, Interval
from .._core.timeline import smooth, timeline_of
from ._wrapper import TransformerWrapper


class MovingAverage(MetaEstimatorMixin, TransformerWrapper):
    """Smooth in time what a transformer gives.

    Each column of the inner transformer's table is averaged over the windows of the last seconds,
    never across the end of a record or a gap above 1.5 steps. It stands first in a pipeline, where
    `Windows` is still to be seen. The smoothing is that of the CNBC paper [1]_, 20 frames of one
    second.

    Parameters
    ----------
    transformer : transformer or Pipeline
        Any transformer; X reaches it as it is given.
    seconds : float, default=20.0
        Length of the average. It covers as many windows as there are steps in it, rounded, and at
        least one: 20 windows at a step of 1 s, 10 at a step of 2 s. Near the start of a stretch,
        and near its end with ``center``, there are fewer. ``smoothing`` of the feature transformers
        and of `SeizureDetector` follows the same rule.
    center : bool, default=False
        If False, the average ends with its window, so that no window depends on a later one. If
        True, it lies around its window, with one window more before than after where their number
        is even.

    Attributes
    ----------
    transformer_ : transformer
        The fitted clone of ``transformer``.
    n_features_in_ : int
        As the inner transformer's, if it has it.
    feature_names_in_ : ndarray of str, shape (`n_features_in_`,)
        As the inner transformer's, if it has it.

    Raises
    ------
    ValueError
        If the inner transformer does not give one row of finite numbers a window, or as it raises.
    TypeError
        If the inner transformer gives a sparse table.

    See Also
    --------
    BandFeatures : Has the same average as its parameters ``smoothing`` and ``center``; of a bare
        array it knows how long the windows are, which `MovingAverage` does not.

    Notes
    -----
    Onset decides what is next to what, never the order of rows; so shuffled folds are smoothed over
    the windows that they hold. Rows with the same record and onset, as oversampling and the
    bootstrap make them, are copies of one window: they share its place in time and its average. An
    array that is not a `Windows` is one record in row order, one window a second.

    To the inner transformer's cost is added that of ``log2`` of the number of windows in an average
    passes over its table.

    References
    ----------
    .. [1] S. Kiranyaz, T. Ince, M. Zabihi, D. Ince. Automated patient-specific classification of
       long-term electroencephalography. Journal of Biomedical Informatics 49:16-31, 2014: "20 s
       window with 1 s overlap", read as 20 frames of one second; whether causal or centred is not
       said.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import BandFeatures, MovingAverage
    >>> from skseizure.signals import Windows
    >>> signal = np.random.default_rng(0).normal(size=(1, 2560))
    >>> X = Windows.from_array(signal, 256, window=2, step=1)
    >>> inner = BandFeatures(["line_length"], ["alpha"])
    >>> smooth = MovingAverage(inner, seconds=3).fit_transform(X)
    >>> bool(np.isclose(smooth[4], inner.fit_transform(X)[2:5].mean(axis=0)))
    True
    """

    _parameter_constraints: dict = {
        "transformer": [HasMethods(["fit", "transform"])],
        "seconds": [Interval(Real, 0, None, closed="neither")],
        "center": ["boolean"],
    }

    def __init__(self, transformer: Any, seconds: float = 20.0, *, center: bool = False) -> None:
        self.transformer = transformer
        self.seconds = seconds
        self.center = center

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: ArrayLike | None = None, **fit_params: Any) -> Self:
        """Fit the inner transformer.

        Parameters
        ----------
        X : Windows or whatever the inner transformer takes
            Training windows.
        y : array-like, shape (n_windows,), default=None
            What the inner transformer takes.
        **fit_params : dict
            To the inner transformer's ``fit``; by metadata routing where that is enabled.

        Returns
        -------
        self : MovingAverage
            Fitted.
        """
        self._fit_inner(X, y, "fit", fit_params)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_transform(
        self, X: Any, y: ArrayLike | None = None, **fit_params: Any
    ) -> NDArray[np.floating]:
        """Fit the inner transformer and return the smoothed table, computed once.

        Parameters
        ----------
        X : Windows or whatever the inner transformer takes
            Training windows.
        y : array-like, shape (n_windows,), default=None
            What the inner transformer takes.
        **fit_params : dict
            To the inner transformer; by metadata routing where that is enabled.

        Returns
        -------
        ndarray of float, shape (n_windows, n_features_out)
            The averages.
        """
        table = self._fit_inner(X, y, "fit_transform", fit_params)
        return self._smooth(self._inner_table(X) if table is None else table, X)

    def transform(self, X: Any) -> NDArray[np.floating]:
        """Compute the smoothed table.

        Parameters
        ----------
        X : Windows or whatever the inner transformer takes
            Windows in any order; anything but `Windows` is one record in row order.

        Returns
        -------
        ndarray of float, shape (n_windows, n_features_out)
            The averages, in the order of X.
        """
        return self._smooth(self._inner_table(X), X)

    def _smooth(self, table: NDArray[np.floating], X: Any) -> NDArray[np.floating]:
        return smooth(table, timeline_of(X, len(table)), self.seconds, center=self.center)

    def __window_span__(self) -> Span:
        """Tell how far the average looks, see `skseizure._core.horizon`."""
        return average_span(self.seconds, center=self.center)
