"""MovingAverage: any transformer's table, smoothed in time."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.base import (
    BaseEstimator,
    MetaEstimatorMixin,
    TransformerMixin,
    _fit_context,
    clone,
)
from sklearn.utils import Tags, check_array, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _num_samples, check_is_fitted

from .._core.horizon import Span, average_span
from .._core.parameters import HasMethods, Interval
from .._core.persistence import get_state, set_state
from .._core.timeline import smooth, timeline_of
from .._core.validation import returns_numpy


def _inner_has(method: str) -> Callable[[MovingAverage], bool]:
    def check(self: MovingAverage) -> bool:
        return hasattr(getattr(self, "transformer_", self.transformer), method)

    return check


class MovingAverage(MetaEstimatorMixin, TransformerMixin, BaseEstimator):
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

    __getstate__, __setstate__ = get_state, set_state

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
        inner = clone(self.transformer)
        return self._keep(inner.fit(X, y, **self._route("fit", "fit", fit_params)))

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
        inner = clone(self.transformer)
        if not hasattr(inner, "fit_transform"):
            return self.fit(X, y, **fit_params).transform(X)
        params = self._route("fit_transform", "fit_transform", fit_params)
        table = inner.fit_transform(X, y, **params)
        return self._keep(inner)._smooth(table, X)

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
        check_is_fitted(self, "transformer_")
        return self._smooth(self.transformer_.transform(X), X)

    @available_if(_inner_has("get_feature_names_out"))
    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the inner transformer's columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Passed on.

        Returns
        -------
        ndarray of str, shape (n_features_out,)
            The names.
        """
        check_is_fitted(self, "transformer_")
        return self.transformer_.get_feature_names_out(input_features)

    def get_metadata_routing(self) -> MetadataRouter:
        """Tell scikit-learn that parameters of ``fit`` go to the inner transformer's ``fit``.

        Returns
        -------
        MetadataRouter
            The routing.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        whole = hasattr(self.transformer, "fit_transform")
        mapping.add(caller="fit_transform", callee="fit_transform" if whole else "fit")
        return MetadataRouter(owner=self).add(transformer=self.transformer, method_mapping=mapping)

    def _route(self, caller: str, callee: str, params: dict[str, Any]) -> dict[str, Any]:
        if get_config()["enable_metadata_routing"]:
            return dict(process_routing(self, caller, **params).transformer[callee])
        return params

    def _keep(self, fitted: Any) -> Self:
        self.transformer_ = fitted
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(fitted, name):
                setattr(self, name, getattr(fitted, name))
            elif hasattr(self, name):
                delattr(self, name)
        return self

    @returns_numpy
    def _smooth(self, table: Any, X: Any) -> NDArray[np.floating]:
        inner = type(self.transformer_).__name__
        table = check_array(
            table,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan" if get_tags(self).input_tags.allow_nan else True,
            input_name=f"the table of {inner}",
        )
        if len(table) != (n_windows := _num_samples(X)):
            raise ValueError(
                f"{inner} gives {len(table)} rows for {n_windows} windows; one a window is needed."
            )
        return smooth(table, timeline_of(X, n_windows), self.seconds, center=self.center)

    def __window_span__(self) -> Span:
        """Tell how far the average looks, see `skseizure._core.horizon`."""
        return average_span(self.seconds, center=self.center)

    def __sklearn_tags__(self) -> Tags:
        tags, inner = super().__sklearn_tags__(), get_tags(self.transformer)
        tags.input_tags = inner.input_tags
        tags.target_tags = inner.target_tags
        tags.transformer_tags = inner.transformer_tags
        tags.non_deterministic = inner.non_deterministic
        return tags
