"""What all transformers of raw windows share: layout, batches, smoothing, names and tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context
from sklearn.utils import Tags, gen_batches
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted
from tqdm.auto import tqdm

from .._core.horizon import Span, average_span
from .._core.parallel import loop
from .._core.parameters import HasMethods, Interval
from .._core.persistence import get_state, set_state
from .._core.timeline import is_windows, smooth, timeline_of
from .._core.validation import check_samples, check_sfreq, check_windows

# Samples that one job works on: a few megabytes, so that temporaries stay in cache and memory does
# not grow with the number of windows.
BATCH_SAMPLES = 2**18

# Constraint of the parameter of those that can keep their tables.
MEMORY: dict = {"memory": [str, HasMethods(["cache"]), None]}


class WindowsTransformer(TransformerMixin, BaseEstimator):
    """A transformer that turns raw windows into a table of features of each channel.

    A subclass adds its own parameters and has three methods:

    - ``_fit_layout(sfreq)`` checks its parameters against the layout of the windows and sets its
      fitted attributes;
    - ``_transform_windows(X, sfreq)`` returns the features of checked windows, shape (n_windows,
      n_channels, n_columns);
    - ``_column_names()`` names the columns of a channel, ``"{band}__{feature}"``.
    """

    __getstate__, __setstate__ = get_state, set_state

    _parameter_constraints: dict = {
        "sfreq": [Interval(Real, 0, None, closed="neither"), None],
        "smoothing": [Interval(Real, 0, None, closed="neither"), None],
        "center": ["boolean"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        sfreq: float | None,
        smoothing: float | None,
        center: bool,
        n_jobs: int | None,
        verbose: bool | int,
    ) -> None:
        self.sfreq = sfreq
        self.smoothing = smoothing
        self.center = center
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: ArrayLike | None = None) -> Self:
        """Learn the layout of the windows and check the parameters against it.

        Parameters
        ----------
        X : Windows or array-like, shape (n_windows, n_channels, n_times) or (n_windows, n_times)
            Raw windows in microvolts.
        y : ignored
            Present for the interface.

        Returns
        -------
        self : object
            Fitted.
        """
        X = check_windows(self, X)
        self._fit_layout(check_sfreq(self, X))
        self._step = X.step if is_windows(X) else self._back_to_back
        return self

    def transform(self, X: Any) -> NDArray[np.floating]:
        """Compute the table of features.

        Parameters
        ----------
        X : Windows or array-like, shape (n_windows, n_channels, n_times) or (n_windows, n_times)
            Raw windows in microvolts, of the layout seen in `fit`.

        Returns
        -------
        ndarray of float, shape (n_windows, n_features_out)
            One row a window.
        """
        check_is_fitted(self)
        # First, for at another rate a window has another number of samples.
        sfreq = check_sfreq(self, X, reset=False)
        X = check_windows(self, X, reset=False, finite=False)
        features = self._transform_windows(X, sfreq)
        table: NDArray[np.floating] = features.reshape(len(X), -1)
        if self.smoothing is not None:
            time = timeline_of(X, len(X), step=self._back_to_back)
            table = smooth(table, time, self.smoothing, center=self.center)
        return table

    @property
    def _back_to_back(self) -> float:
        # Windows of a bare array are taken to follow one another without overlap.
        return self.n_times_in_ / self.sfreq_

    def __window_span__(self) -> Span:
        """Tell how far the average looks, see `skseizure._core.horizon`."""
        return (
            Span() if self.smoothing is None else average_span(self.smoothing, center=self.center)
        )

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Name the columns of the table.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Only checked against the names and number of columns seen in `fit`.

        Returns
        -------
        ndarray of str, shape (n_features_out,)
            ``"{channel}__{band}__{feature}"``; channels without a name are ``ch0``, ``ch1``, ...
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features)
        channels = self.ch_names_in_ or [f"ch{i}" for i in range(self.n_channels_in_)]
        return np.array([f"{c}__{f}" for c in channels for f in self._column_names()], dtype=object)

    def _fit_layout(self, sfreq: float) -> None:
        raise NotImplementedError

    def _transform_windows(self, X: Any, sfreq: float) -> NDArray[np.float64]:
        raise NotImplementedError

    def _column_names(self) -> list[str]:
        raise NotImplementedError

    def _in_batches(
        self,
        function: Callable[[NDArray[np.float64]], NDArray[np.float64]],
        X: Any,
        *,
        scale: int = 1,
    ) -> NDArray[np.float64]:
        """Apply a function of single-channel windows to all of them, in threads.

        Parameters
        ----------
        function : callable
            Takes (n, n_times) and returns (n, n_columns), or raises a ValueError for samples that
            are not finite; a partial of a module's function, so that it can be sent to other
            processes.
        X : Windows or ndarray, shape (n_windows, n_channels, n_times)
            Checked windows.
        scale : int, default=1
            How many times the usual samples a batch has: more where the function takes microseconds
            a window, so that threads compute instead of waiting for one another.

        Returns
        -------
        ndarray of float, shape (n_windows, n_channels, n_columns)
            The function's values. The cut into batches does not depend on ``n_jobs``.
        """
        n_windows, n_channels, n_times = X.shape
        order = np.arange(n_windows)
        if is_windows(X):
            # Shuffled windows, too, are taken recording by recording.
            order = X.storage_order()
            X = X[order]
        size = max(1, scale * BATCH_SAMPLES // (n_channels * n_times))
        batches = list(gen_batches(n_windows, size))
        out = np.empty((n_windows, n_channels, len(self._column_names())))
        # The samples alone: a `Windows` would take its recording along to other processes.
        tables = loop(self.n_jobs)(
            partial(_on_channels, function, np.asarray(X[batch])) for batch in batches
        )
        show = tqdm(
            zip(batches, tables, strict=True),
            total=len(batches),
            desc=type(self).__name__,
            unit="batch",
            disable=not self.verbose,
        )
        with name_bad_windows(X):
            for batch, table in show:
                out[order[batch]] = table
        return out

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = tags.input_tags.three_d_array = True
        return tags


def check_names(argument: str, names: Any) -> None:
    """Raise a ValueError if an argument is one name instead of a list: its letters are no names."""
    if isinstance(names, str):
        raise ValueError(
            f"{argument} is {names!r}; a list of names is needed: {argument}=[{names!r}]."
        )


@contextmanager
def name_bad_windows(X: Any) -> Iterator[None]:
    """Refuse bad samples by their window, of which a batch does not know the record and channel."""
    try:
        yield
    except ValueError:
        check_samples(X)
        raise


def _on_channels(
    function: Callable[[NDArray[np.float64]], NDArray[np.float64]], part: Any
) -> NDArray[np.float64]:
    x = np.ascontiguousarray(part, dtype=np.float64)
    return function(x.reshape(-1, x.shape[-1])).reshape(*x.shape[:2], -1)
