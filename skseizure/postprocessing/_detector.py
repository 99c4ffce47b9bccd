"""The seizure detector: probabilities smoothed in time, thresholded and joined to events."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context

from .._core.horizon import Span, looks_ahead, looks_back_without_limit, spans_of_tables
from .._core.labels import POS_LABEL, assumed_seizure_column, seizure_column, two_columns
from .._core.parameters import HasMethods, Interval
from .._core.timeline import Timeline, is_windows, smooth, timeline_of, windows_in
from ._alarms import Settings, hold_and_confirm, hysteresis, merge_and_drop
from ._base import ROUNDING, MetaClassifier
from ._calibration import quietest_threshold
from ._stream import DetectorStream

if TYPE_CHECKING:
    from ..signals import Events, Windows

_SECONDS = [Interval(Real, 0, None, closed="left")]


class SeizureDetector(MetaClassifier):
    """Detect seizures with any binary classifier of windows.

    The classifier's probability of a seizure is averaged in time, thresholded with hysteresis, and
    what is on is joined to events and cleared of short ones; never across the end of a record or a
    gap above 1.5 steps. It stands outermost, where `Windows` is still to be seen.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Any binary classifier with ``predict_proba``; X reaches it as it is given.
    smoothing : float, default=10.0
        Length of the moving average in seconds, by the same rule as in `MovingAverage`: at a step
        of 1 s the default averages 10 windows, 5 before the current one and 4 after it, or 9 before
        it if ``causal``. 0 turns it off. The default is the duration of the shortest electrographic
        seizure [1]_: at a threshold of 0.5 a centred average of that length keeps the length of
        such a seizure, to within a step, and removes what is shorter than half of it.
    threshold : float, default=0.5
        Smoothed probability in [0, 1] that starts an event.
    low_threshold : float, default=None
        An event goes on while the smoothed probability is not below this, at most ``threshold``.
        None: ``threshold``.
    min_duration : float, default=5.0
        Shortest event in seconds; shorter ones are dropped. 0 keeps all. The default is half the
        shortest seizure, because a classifier rarely finds a seizure's first and last windows.
    merge_gap : float, default=10.0
        Two events less than this many seconds apart become one. 0 merges none. The default is the
        duration of the shortest seizure: a pause that could not be a seizure does not part two.
        SzCORE scoring merges below 90 s by itself, see `skseizure.metrics`.
    pos_label : label, default=None
        The class of the seizure. If None, the labels must tell, or ``estimator`` has a
        ``pos_label``: see :ref:`seizure-class`.
    causal : bool, default=False
        Let no later window count in smoothing, merging and dropping, for online use. This covers
        what the detector itself does: ``estimator`` must not look ahead either, which
        ``BandFeatures(filtering="window")`` does not; see Notes.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone of ``estimator``.
    classes_ : ndarray, shape (2,)
        The classes, sorted.
    patient_thresholds_ : dict of str to float
        Thresholds of single patients, after `calibrate` alone; they go before ``threshold``.
    n_features_in_ : int
        As the inner estimator's, if it has it.
    feature_names_in_ : ndarray of str, shape (`n_features_in_`,)
        As the inner estimator's, if it has it.
    windows_in_ : dict
        Sampling rate, length and step in seconds, and channels of the windows that it was fitted
        on, as `stream` takes them. Only if these were `Windows`.

    See Also
    --------
    MorphologicalFilterClassifier : Filters labels, for classifiers without probabilities.
    DetectorStream : Detects in windows that arrive chunk by chunk.

    Notes
    -----
    Seconds become whole windows by ``X.step``: an event of n windows lasts n steps, a gap of n
    windows n steps. An array that is not a `Windows` is one record in row order, one window a
    second. Rows of a `Windows` with the same record and onset, as oversampling and the bootstrap
    make them, are copies of one window: they share its place in time and get the same result.

    With ``causal=True`` the label of a window depends on the probabilities of the windows up to it
    in its stretch alone. Where these depend on nothing but their window, labels never change as
    more arrive, and `stream` gives the same events to windows that arrive chunk by chunk. They do
    change around `BandFeatures` with its default ``filtering="recording"``, whose filter runs over
    the whole recording both ways. `fit` warns of every part that declares to look ahead, see the
    user guide; a part that declares nothing is taken to see its own window alone.

    The same events as without ``causal`` are found in the same smoothed probability, but an alarm
    begins only when its event has lasted ``min_duration``, and outlasts it by up to ``merge_gap``
    (the last whole number of steps below it) to join what may follow. The trailing average lags the
    centred one by half its span.

    What is added to the inner estimator's cost is linear in the windows. To try several settings on
    one fitted classifier, pass it as ``sklearn.frozen.FrozenEstimator(classifier)``.

    References
    ----------
    .. [1] L. J. Hirsch et al. American Clinical Neurophysiology Society's Standardized Critical
       Care EEG Terminology: 2021 Version. Journal of Clinical Neurophysiology 38:1-29, 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from skseizure.postprocessing import SeizureDetector
    >>> from skseizure.signals import Events, Windows
    >>> signal = np.random.default_rng(0).normal(scale=20, size=(2, 120 * 64))
    >>> signal[:, 40 * 64 : 70 * 64] *= 4
    >>> X = Windows.from_array(signal, sfreq=64, window=2)
    >>> y = X.labels(Events([40], [30], recordings={"0": 120}))
    >>> amplitude = FunctionTransformer(lambda X: np.asarray(X).std(axis=2))
    >>> detector = SeizureDetector(make_pipeline(amplitude, LogisticRegression())).fit(X, y)
    >>> found = detector.predict_events(X)
    >>> found.onset.tolist(), found.offset.tolist()
    ([40.0], [70.0])
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "smoothing": _SECONDS,
        "threshold": [Interval(Real, 0, 1, closed="both")],
        "low_threshold": [Interval(Real, 0, 1, closed="both"), None],
        "min_duration": _SECONDS,
        "merge_gap": _SECONDS,
        "pos_label": POS_LABEL,
        "causal": ["boolean"],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        smoothing: float = 10.0,
        threshold: float = 0.5,
        low_threshold: float | None = None,
        min_duration: float = 5.0,
        merge_gap: float = 10.0,
        pos_label: Any = None,
        causal: bool = False,
    ) -> None:
        self.estimator = estimator
        self.smoothing = smoothing
        self.threshold = threshold
        self.low_threshold = low_threshold
        self.min_duration = min_duration
        self.merge_gap = merge_gap
        self.pos_label = pos_label
        self.causal = causal

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: ArrayLike, **fit_params: Any) -> Self:
        """Fit the inner estimator.

        Parameters
        ----------
        X : Windows or whatever the inner estimator takes
            Training windows.
        y : array-like, shape (n_windows,)
            Two classes; the inner estimator's mark of unlabelled windows, -1, may be a third.
        **fit_params : dict
            To the inner estimator's ``fit``, such as ``sample_weight`` and ``groups``; by metadata
            routing where that is enabled.

        Returns
        -------
        self : SeizureDetector
            Fitted.

        Raises
        ------
        ValueError
            If the estimator is not a classifier with ``predict_proba``, there are not two classes,
            or ``low_threshold`` is above ``threshold``; or as the inner estimator's ``fit``.

        Warns
        -----
        UserWarning
            If ``causal`` is set and a part inside declares that it looks at later windows, such as
            ``filtering="recording"``, ``center=True`` and the slopes of `FrameFeatures`; or one
            that looks over time stands behind features in a pipeline, where it does not see the
            windows. If nothing tells which class is the seizure.
        """
        if not hasattr(self.estimator, "predict_proba"):
            raise ValueError(
                f"estimator is {self.estimator!r}, which has no predict_proba; SeizureDetector "
                "smooths probabilities. Wrap it in sklearn.calibration.CalibratedClassifierCV."
            )
        self._low_threshold()
        if hasattr(self, "patient_thresholds_"):
            del self.patient_thresholds_  # another classifier, another scale of probabilities
        found = (
            *looks_ahead("estimator", self.estimator),
            *spans_of_tables("estimator", self.estimator),
        )
        for message in found if self.causal else ():
            warnings.warn(f"causal is True, but {message}.", UserWarning, stacklevel=3)
        self._fit_around(X, y, fit_params)
        if is_windows(X):
            self.windows_in_ = {
                "sfreq": X.sfreq,
                "window": X.duration,
                "step": X.step,
                "ch_names": tuple(X.ch_names),
            }
        elif hasattr(self, "windows_in_"):
            del self.windows_in_
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the smoothed probabilities.

        Parameters
        ----------
        X : Windows or whatever the inner estimator takes
            Windows in any order; anything but `Windows` is one record in row order.

        Returns
        -------
        ndarray of float, shape (n_windows, 2)
            Smoothed probability of each class, in the order of X.

        Raises
        ------
        ValueError
            If a parameter is out of range, or as the inner estimator.

        Warns
        -----
        UserWarning
            If gaps leave most windows less than half of ``smoothing`` to be averaged over, as rows
            that were shuffled or drawn do.
        """
        seizure, _ = self._smoothed(X)
        return two_columns(seizure, assumed_seizure_column(self))

    def predict(self, X: Any) -> NDArray:
        """Label each window.

        Parameters
        ----------
        X : Windows or whatever the inner estimator takes
            Windows in any order; anything but `Windows` is one record in row order.

        Returns
        -------
        ndarray, shape (n_windows,)
            Labels out of `classes_`, in the order of X.

        Raises
        ------
        ValueError
            As `predict_proba`, or if ``low_threshold`` is above ``threshold``.
        """
        return self._label(self._alarms(X, *self._smoothed(X)))

    @overload
    def predict_events(self, X: Windows, *, return_proba: Literal[False] = False) -> Events: ...

    @overload
    def predict_events(
        self, X: Windows, *, return_proba: Literal[True]
    ) -> tuple[Events, NDArray[np.float64]]: ...

    def predict_events(
        self, X: Windows, *, return_proba: bool = False
    ) -> Events | tuple[Events, NDArray[np.float64]]:
        """Detect seizures as intervals on the time axis of their records.

        Parameters
        ----------
        X : Windows
            Windows in any order.
        return_proba : bool, default=False
            Return the probabilities behind the events, too, without running the inner estimator a
            second time.

        Returns
        -------
        events : Events
            One event a run of positive windows; its confidence is the largest smoothed probability
            among them. Its ``recordings`` tell which time was looked at, and which could not be
            judged, see `Windows.recordings`.
        proba : ndarray of float, shape (n_windows, 2)
            As `predict_proba`. Only with ``return_proba=True``.

        Raises
        ------
        TypeError
            If X is not a `Windows`.
        ValueError
            As `predict`, or if nothing tells which class is the seizure.

        Notes
        -----
        An event starts where the cell of its first window does (`Windows.cells`). With ``causal``
        an alarm can sound only when that window has ended: (window + step) / 2 later, 3 s for
        windows of 4 s every 2 s; a whole window later where it does not overlap the one before, as
        at the start of a record.
        """
        self._check_windows(X, "predict_events")
        column = seizure_column(self)
        seizure, time = self._smoothed(X)
        events = X.to_events(self._alarms(X, seizure, time), confidence=seizure)
        proba = two_columns(seizure, column)
        return (events, proba) if return_proba else events

    def calibrate(
        self,
        X: Windows,
        *,
        max_false_alarms_per_24h: float,
        by: Literal["patient"] | None = "patient",
    ) -> Self:
        """Suit the threshold to a new site or patient, from hours that are free of seizures.

        Parameters
        ----------
        X : Windows
            Windows of whole stretches without a seizure: every alarm among them is false.
        max_false_alarms_per_24h : float
            The rate to keep. The lowest threshold is taken above which no threshold exceeds it: by
            the one-sided 95 % upper bound of a Poisson rate if X holds enough hours for one, else
            by the rate itself.
        by : {"patient"} or None, default="patient"
            With "patient", each patient of X gets a threshold, and all others keep the common one.
            If None, or if X does not know its patients, the common threshold is changed.

        Returns
        -------
        SeizureDetector
            A copy with the fitted classifier of this detector, and ``threshold`` or
            ``patient_thresholds_`` set anew. A ``low_threshold`` moves in proportion.

        Raises
        ------
        TypeError
            If X is not a `Windows`.
        ValueError
            If the rate is not above 0, or as `predict_events`.

        Warns
        -----
        UserWarning
            If X holds fewer hours than the bound needs: 72 hours without an alarm to bound the rate
            by one in 24 h. If not even the highest threshold keeps the rate.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.linear_model import LogisticRegression
        >>> from sklearn.pipeline import make_pipeline
        >>> from skseizure.features import BandFeatures
        >>> from skseizure.postprocessing import SeizureDetector
        >>> from skseizure.signals import Events, Windows
        >>> signal = np.random.default_rng(0).normal(scale=20, size=(1, 600 * 64))
        >>> signal[:, 100 * 64 : 130 * 64] *= 4
        >>> X = Windows.from_array(signal, sfreq=64, window=4)
        >>> y = X.labels(Events([100], [30], recordings={"0": 600}))
        >>> classifier = make_pipeline(BandFeatures(["std"], ["alpha"]), LogisticRegression())
        >>> detector = SeizureDetector(classifier).fit(X, y)
        >>> quiet = X[X.onset >= 200]
        >>> suited = detector.calibrate(quiet, max_false_alarms_per_24h=1000)
        >>> suited.threshold < detector.threshold, len(suited.predict_events(X))
        (True, 1)
        """
        self._check_windows(X, "calibrate")
        cap = max_false_alarms_per_24h
        if not isinstance(cap, Real) or not 0 < cap < math.inf:
            raise ValueError(
                f"max_false_alarms_per_24h is {max_false_alarms_per_24h!r}; a rate above 0 is "
                "needed."
            )
        if by not in ("patient", None):
            raise ValueError(f"by is {by!r}; 'patient' or None is needed.")
        seizure_column(self)
        proba = self._inner_scores("predict_proba", X)[:, seizure_column(self)]
        suited = copy(self)
        if by is None or X.patient is None:
            suited.threshold = quietest_threshold(self, X, proba, max_false_alarms_per_24h)
            suited.low_threshold = None
            if self.low_threshold is not None:
                suited.low_threshold = self._low_threshold() * suited.threshold / self.threshold
            return suited
        suited.patient_thresholds_ = dict(getattr(self, "patient_thresholds_", {}))
        for patient in np.unique(X.patient):
            rows = np.flatnonzero(X.patient == patient)
            threshold = quietest_threshold(self, X[rows], proba[rows], max_false_alarms_per_24h)
            suited.patient_thresholds_[str(patient)] = threshold
        return suited

    def stream(
        self,
        *,
        quality: bool | Sequence[str] = False,
        sfreq: float | None = None,
        window: float | None = None,
        step: float | None = None,
        ch_names: Sequence[str] | None = None,
    ) -> DetectorStream:
        """Start to detect seizures in samples or windows that arrive bit by bit.

        Parameters
        ----------
        quality : bool or sequence of str, default=False
            Checks of the quality of samples, see `check_quality`. Seconds that they find fault with
            in more than a quarter of the channels are unjudged, and no window touches one. If True,
            all but ``"muscle"``.
        sfreq, window, step : float, default=None
            Sampling rate in Hz, and length and step of the windows that samples are cut into, in
            seconds. If None, those that the detector was fitted on.
        ch_names : sequence of str, default=None
            The channels, in the order of the samples' rows. If None, those that the detector was
            fitted on.

        Returns
        -------
        DetectorStream
            Takes samples with `DetectorStream.push`, or windows with `DetectorStream.send`.

        Raises
        ------
        ValueError
            If ``causal`` is False, a part inside looks at later windows or over time in the table
            that features give (`fit` warns of both), a part looks back without limit, as another
            detector does, ``low_threshold`` is above ``threshold``, nothing tells which class is
            the seizure, or a check is unknown.

        Examples
        --------
        See `DetectorStream`.
        """
        self._check_ready()
        self._low_threshold()
        seizure_column(self)
        if not self.causal:
            raise ValueError(
                "causal is False, so that alarms depend on later windows; a stream needs "
                "SeizureDetector(causal=True)."
            )
        for message in looks_ahead("estimator", self.estimator_):
            raise ValueError(f"a stream has no later windows, but {message}.")
        for message in spans_of_tables("estimator", self.estimator_):
            raise ValueError(f"{message}.")
        for message in looks_back_without_limit("estimator", self.estimator_):
            raise ValueError(f"a stream keeps a limited past, but {message}.")
        return DetectorStream(
            self, quality=quality, sfreq=sfreq, window=window, step=step, ch_names=ch_names
        )

    def __window_span__(self) -> Span:
        """Tell how far the detector looks, see `skseizure._core.horizon`."""
        # An event goes on as long as the probability stays above the lower threshold, and one that
        # is joined to the next as long as that.
        if self.causal:
            return Span(math.inf, why="its events may have begun at any time before; leave it out")
        why = "it smooths, joins and drops by later windows; set causal=True"
        return Span(math.inf, math.inf, why)

    def _check_windows(self, X: Any, method: str) -> None:
        if not is_windows(X):
            raise TypeError(
                f"X is {type(X).__name__}; {method} needs Windows, which know the time and record "
                "of each window."
            )
        self._check_ready()

    def _settings(self, step: float, patient: str | None = None) -> Settings:
        high, low = self.threshold, self._low_threshold()
        own = getattr(self, "patient_thresholds_", {}).get(patient)
        if own is not None:
            high, low = own, own if self.low_threshold is None else own * low / high
        return Settings(
            average=windows_in(self.smoothing, step),
            high=high,
            low=low,
            gap=max(int(np.ceil(_steps(self.merge_gap, step) - ROUNDING)) - 1, 0),
            shortest=int(np.ceil(_steps(self.min_duration, step) - ROUNDING)),
        )

    def _at_thresholds(self, thresholds: NDArray[np.float64], step: float) -> list[Settings]:
        """Return the settings at other common thresholds, the lower one in proportion."""
        own = self._settings(step)
        ratio = own.low / own.high if own.high > 0 else 1.0
        return [replace(own, high=high, low=high * ratio) for high in thresholds.tolist()]

    def _smoothed(self, X: Any) -> tuple[NDArray[np.float64], Timeline]:
        """Return the smoothed probability of a seizure, and which windows follow one another."""
        self._check_ready()
        seizure = self._inner_scores("predict_proba", X)[:, assumed_seizure_column(self)]
        time = timeline_of(X, len(seizure))
        return smooth(seizure, time, self.smoothing, center=not self.causal), time

    def _alarms(self, X: Any, seizure: NDArray, time: Timeline) -> NDArray[np.bool_]:
        patient = X.patient if is_windows(X) else None
        join = hold_and_confirm if self.causal else merge_and_drop
        alarms = np.empty(len(seizure), dtype=bool)
        for rows in time.stretches:
            settings = self._settings(time.step, None if patient is None else str(patient[rows[0]]))
            on = hysteresis(seizure[rows], settings.high, settings.low)
            alarms[rows] = join(on, settings.gap, settings.shortest)
        return time.share(alarms)

    def _low_threshold(self) -> float:
        if self.low_threshold is None:
            return self.threshold
        if self.low_threshold > self.threshold:
            raise ValueError(
                f"low_threshold is {self.low_threshold!r}, above threshold={self.threshold!r}; it "
                "must be at most that."
            )
        return self.low_threshold

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def _steps(seconds: float, step: float) -> float:
    # No record has as many windows as the largest seconds ask for.
    return min(float(seconds) / step, 1e15)
