"""One decision a window out of one decision a channel."""

from __future__ import annotations

import warnings
from numbers import Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.utils._param_validation import StrOptions

from .._core.labels import POS_LABEL, assumed_seizure_column, warn_if_seizure_unknown
from .._core.parameters import HasMethods, Interval
from .._core.timeline import is_windows
from .._core.validation import check_rows, check_windows
from ._base import ROUNDING, MetaClassifier, in_chunks


class ChannelFusionClassifier(MetaClassifier):
    """Classify each channel of a window by itself and fuse the channels' decisions.

    In `fit` every channel of every window is a sample of its own with the window's label. In
    `predict` the channels vote: with C channels a window is ictal if at least ``threshold * C`` of
    them say so.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Classifier of single-channel windows. From a `Windows` it gets a `Windows` of one channel
        (see `Windows.split_channels`), from an array one of shape (n_windows * n_channels,
        n_times).
    threshold : float, default=0.5
        Share of the channels, in (0, 1], that makes a window ictal; a share equal to it does. The
        paper searches 0.25 to 0.75 for each data set. Not used with more than two classes.
    voting : {"hard", "soft"}, default="hard"
        ``"hard"``, the paper's: the channels' labels vote. ``"soft"``: the channels' mean
        probability is compared with ``threshold``.
    pos_label : label, default=None
        The class of the seizure, of two classes. If None, the labels must tell, or ``estimator``
        has a ``pos_label``: see :ref:`seizure-class`.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone of ``estimator``.
    classes_ : ndarray, shape (n_classes,)
        The classes, sorted.
    n_channels_in_, n_times_in_ : int
        Channels, and samples per channel, of a window.
    ch_names_in_ : tuple of str or None
        Channel names, from a `Windows`.
    n_features_in_ : int
        ``n_channels_in_ * n_times_in_``.
    feature_names_in_ : ndarray of str, shape (`n_features_in_`,)
        Column names, from a table whose columns are all named by strings.

    See Also
    --------
    SeizureDetector : Smooths the fused probability in time.

    Notes
    -----
    "Channel decision fusion" of [1]_, with the sum of votes "greater than or equal to the
    threshold" and thresholds from C/4 to 3C/4. With more than two classes the largest share of
    votes wins, or the largest mean probability; the first in `classes_` among equals.

    Channels must be the same ones in the same order in `fit` and `predict`.

    References
    ----------
    .. [1] M. Liu, J. Liu, M. Xu, Y. Liu, J. Li, W. Nie, Q. Yuan. Combining meta and ensemble
       learning to classify EEG for seizure detection. Scientific Reports 15:10755, 2025.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skseizure.postprocessing import ChannelFusionClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(40) % 2
    >>> X = rng.normal(size=(40, 4, 8)) + 5 * y[:, None, None]
    >>> fusion = ChannelFusionClassifier(DecisionTreeClassifier(), threshold=0.25).fit(X, y)
    >>> X[0, 0] += 5  # one channel of four looks ictal
    >>> fusion.predict_proba(X[:2]).tolist(), fusion.predict(X[:2]).tolist()
    ([[0.75, 0.25], [0.0, 1.0]], [1, 1])
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "threshold": [Interval(Real, 0, 1, closed="right")],
        "voting": [StrOptions({"hard", "soft"})],
        "pos_label": POS_LABEL,
    }

    def __init__(
        self,
        estimator: Any,
        threshold: float = 0.5,
        voting: Literal["hard", "soft"] = "hard",
        *,
        pos_label: Any = None,
    ) -> None:
        self.estimator = estimator
        self.threshold = threshold
        self.voting = voting
        self.pos_label = pos_label

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: ArrayLike, **fit_params: Any) -> Self:
        """Fit the inner estimator on all channels of all windows.

        Parameters
        ----------
        X : Windows or array-like, shape (n_windows, n_channels, n_times) or (n_windows, n_times)
            Training windows; two dimensions mean one channel.
        y : array-like, shape (n_windows,)
            Label of each window.
        **fit_params : dict
            To the inner estimator's ``fit``, by metadata routing where that is enabled. What holds
            one value a window, such as ``sample_weight`` and ``groups``, is repeated for each
            channel.

        Returns
        -------
        self : ChannelFusionClassifier
            Fitted.

        Raises
        ------
        ValueError
            If X or y is not valid, the estimator is not a classifier or, with soft voting, has no
            ``predict_proba``.

        Warns
        -----
        UserWarning
            If ``threshold`` is outside the range that the paper searches, 0.25 to 0.75, and there
            are two classes; or if nothing tells which of two classes is the seizure.
        """
        if self.voting == "soft" and not hasattr(self.estimator, "predict_proba"):
            raise ValueError(
                f"voting='soft' needs probabilities, but estimator={self.estimator!r} has no "
                "predict_proba; use voting='hard' or wrap it in "
                "sklearn.calibration.CalibratedClassifierCV."
            )
        X = check_windows(self, X)
        y = self._check_y(y)
        check_rows(X=X, y=y)
        n, n_channels, _ = X.shape
        params = {
            name: np.repeat(value, n_channels, axis=0)
            if np.ndim(value) and len(value) == n
            else value
            for name, value in self._route(fit_params).items()
        }
        self._fit_inner(_single_channels(X), np.repeat(y, n_channels), params)
        if len(self.classes_) == 2:
            warn_if_seizure_unknown(self, stacklevel=3)
        if len(self.classes_) == 2 and not 0.25 <= self.threshold <= 0.75:
            warnings.warn(
                f"threshold is {self.threshold!r}; the paper searches 0.25 to 0.75. With fewer "
                "channels a bad one decides alone, with more a focal seizure is missed.",
                UserWarning,
                stacklevel=3,
            )
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the share of votes, or the mean probability, of each class.

        Parameters
        ----------
        X : Windows or array-like, shape (n_windows, n_channels, n_times) or (n_windows, n_times)
            Windows with the channels of `fit`.

        Returns
        -------
        ndarray of float, shape (n_windows, n_classes)
            Share of the channels that vote for each class; with soft voting their mean
            probability.

        Raises
        ------
        ValueError
            If a parameter is out of range, or X is not valid or differs from the X of `fit` in its
            channels or samples.
        """
        self._check_ready()
        X = check_windows(self, X, reset=False)
        return np.asarray(in_chunks(self._share, X, self.estimator_))

    def _share(self, X: Any) -> NDArray[np.float64]:
        channels = _single_channels(X)
        if self.voting == "soft":
            votes = self._inner_scores("predict_proba", channels)
        else:
            votes = self.estimator_.predict(channels)[:, np.newaxis] == self.classes_
        return votes.reshape(len(X), self.n_channels_in_, -1).mean(axis=1)

    def predict(self, X: Any) -> NDArray:
        """Predict the label of each window.

        Parameters
        ----------
        X : Windows or array-like, shape (n_windows, n_channels, n_times) or (n_windows, n_times)
            Windows with the channels of `fit`.

        Returns
        -------
        ndarray, shape (n_windows,)
            Labels out of `classes_`.

        Raises
        ------
        ValueError
            As `predict_proba`.
        """
        share = self.predict_proba(X)
        if len(self.classes_) > 2:
            return self.classes_[share.argmax(axis=1)]
        seizure = share[:, assumed_seizure_column(self)]
        return self._label(seizure >= self.threshold - ROUNDING)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = tags.input_tags.allow_nan = False
        return tags


def _single_channels(X: Any) -> Any:
    return X.split_channels() if is_windows(X) else X.reshape(-1, X.shape[2])
