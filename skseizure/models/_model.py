"""A trained detector, with all that is needed to feed it a new recording."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from .._core.channels import required_channels
from .._core.labels import seizure_column
from ..signals import (
    Events,
    MissingChannelsError,
    RecordInfo,
    Recording,
    SignalProfile,
    Windows,
    check_quality,
    filter_recording,
    get_montage,
    mark_quality,
    read_recording,
    resample_recording,
    to_bipolar,
)
from ._fitted_parts import estimators, threads

MUSCLE = 30.0  # seconds; seizures rarely bring more


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted estimator and how recordings are prepared for it.

    Parameters
    ----------
    estimator : estimator
        Fitted. To detect, it takes `Windows`: a detector such as `SeizureDetector`, any other
        classifier of windows, or a Pipeline of such.
    sfreq : float
        Sampling rate in Hz that recordings are brought to.
    window, step : float
        Length of a window and distance of two in seconds.
    montage : str, sequence of str or None, default=None
        Montage that recordings are brought to, see `to_bipolar`. If None, channels are taken as
        they are recorded.
    ch_names : sequence of str, default=None
        Channels of the windows, in this order. If None, those that a part of the estimator was
        fitted on, or else those of the montage.
    preprocessing : mapping, default=None
        Arguments of `filter_recording`, such as ``{"low": 0.5, "high": 40.0}``, that recordings are
        filtered with before they are cut. If None, they are not.
    profile : SignalProfile, default=None
        Amplitudes and spectra of the training data. `detect` compares recordings with it. If None,
        it does not.
    trained_on : mapping, default=None
        What it was trained on, in numbers and text. It goes into the file and no further.

    Raises
    ------
    ValueError
        If a field is of another type, a number is not finite and above zero, or the estimator is
        not fitted.

    See Also
    --------
    save_model : Write it to a file.
    load_model : Read it from a file.
    make_model : Unfitted detectors by name.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skseizure.datasets import make_recordings
    >>> from skseizure.features import BandFeatures
    >>> from skseizure.models import Model, load_model, save_model
    >>> from skseizure.postprocessing import SeizureDetector
    >>> from skseizure.signals import Windows
    >>> recordings, events = make_recordings(
    ...     2, 1, 300, n_channels=2, ictal_fraction=0.2, random_state=0
    ... )
    >>> X = Windows.from_recording(recordings[0], window=4, step=2)
    >>> features = BandFeatures(["std", "line_length"])
    >>> pipeline = make_pipeline(features, StandardScaler(), LogisticRegression())
    >>> detector = SeizureDetector(pipeline).fit(X, X.labels(events))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "model.skops"
    ...     save_model(Model(detector, X.sfreq, window=4, step=2), file)
    ...     model = load_model(file)
    >>> model.ch_names == X.ch_names, model.bands["theta"]
    (True, (4.0, 8.0))
    >>> len(model.detect(recordings[1]))
    1
    """

    estimator: Any
    sfreq: float
    window: float
    step: float
    montage: str | Sequence[str] | None = None
    ch_names: Sequence[str] | None = None
    preprocessing: Mapping[str, Any] | None = None
    profile: SignalProfile | None = None
    trained_on: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.estimator, BaseEstimator):
            raise ValueError(
                f"estimator is a {type(self.estimator).__name__}; a fitted estimator is needed."
            )
        check_is_fitted(self.estimator)
        for name in ("sfreq", "window", "step"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not 0 < value < math.inf:
                raise ValueError(f"{name} is {value!r}; a finite number above zero is needed.")
        montage = self.montage
        if isinstance(montage, str):
            get_montage(montage)
        elif montage is not None:
            object.__setattr__(self, "montage", _names("montage", montage))
        names = self.ch_names
        if names is None:
            fitted_on = (getattr(part, "ch_names_in_", None) for part in estimators(self.estimator))
            names = next((found for found in fitted_on if found is not None), None)
        if names is None and self.montage is not None:
            chosen = get_montage(montage) if isinstance(montage, str) else montage
            names = [name.partition("=")[0] for name in chosen or ()]
        object.__setattr__(self, "ch_names", None if names is None else _names("ch_names", names))
        for name in ("preprocessing", "trained_on"):
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
                raise ValueError(f"{name} is {value!r}; a mapping of names to values is needed.")
            object.__setattr__(self, name, dict(value))
        if self.profile is not None and not isinstance(self.profile, SignalProfile):
            raise ValueError(f"profile is {self.profile!r}; a SignalProfile is needed.")

    @property
    def bands(self) -> dict[str, tuple[float, float]]:
        """Frequency bands of the features in Hz, by name; empty if no part tells.

        A recording must have been sampled at more than twice the highest of these frequencies.
        """
        for part in estimators(self.estimator):
            bands = getattr(part, "bands_", None)
            if isinstance(bands, dict):
                return {name: (float(low), float(high)) for name, (low, high) in bands.items()}
        return {}

    @property
    def needs(self) -> tuple[str, ...]:
        """Packages that the model needs, beside those of every detector."""
        found = []
        for part in estimators(self.estimator):
            if type(part).__module__ == "skseizure.moe":
                found += ["torch", "skorch"]
            if getattr(part, "_sklearn_output_config", {}).get("transform") in ("pandas", "polars"):
                found.append(part._sklearn_output_config["transform"])
        return tuple(dict.fromkeys(found))

    @property
    def patients(self) -> list[str]:
        """Names of the patients that it treats in their own way, by threshold or local model."""
        own = set()
        for part in estimators(self.estimator):
            own |= {
                *getattr(part, "patient_thresholds_", ()),
                *getattr(part, "local_estimators_", ()),
            }
        return sorted(own)

    def read(self, path: str | os.PathLike[str], **options: Any) -> Recording:
        """Read a recording of any format as the model needs it; its samples stay in the file.

        Parameters
        ----------
        path : str or path-like
            The file.
        **options
            Of `read_recording`, such as ``units`` and ``on_gap``.

        Returns
        -------
        Recording
            In the model's montage and at its sampling rate.

        Raises
        ------
        ValueError
            As `read_recording`; if a channel is missing that the estimator cannot do without, a
            `MissingChannelsError`.
        """
        options = {"types": {"*": "other"}, "resample_to": self.sfreq, "lazy": True, **options}
        if self.montage is None:
            return read_recording(path, **options)[0]
        return self._with_present(
            lambda montage: read_recording(path, montage=montage, **options)[0], self.montage
        )

    def prepare(self, recording: Recording) -> Recording:
        """Bring a recording to the model's montage, channels and sampling rate, and filter it.

        Parameters
        ----------
        recording : Recording
            As it was recorded, or as `read` returns it.

        Returns
        -------
        Recording
            What the model's windows are cut from.

        Raises
        ------
        ValueError
            If it was sampled too slowly for the bands of the model; if a channel is missing that
            the estimator cannot do without, a `MissingChannelsError`.

        Warns
        -----
        UserWarning
            If channels are missing that the estimator can do without, as `ChannelPooling` can. If
            it was sampled more slowly than the model's rate and nothing tells whether that
            suffices.
        """
        return self._filtered(self._derived(recording))

    def windows(self, recording: Recording, *, quality: bool = False) -> Windows:
        """Cut a recording into the windows that the estimator takes.

        Parameters
        ----------
        recording : Recording
            As `prepare` takes it.
        quality : bool, default=False
            Leave out time that is too poor to judge, as `detect` does.

        Returns
        -------
        Windows
            One record, in order of time.

        Raises
        ------
        ValueError
            As `prepare` and `Windows.from_recording`.
        """
        recording = self._derived(recording)
        if quality:
            recording, _ = _marked(recording)
        return self._cut(self._filtered(recording))

    def detect(
        self,
        recording: Recording | str | os.PathLike[str],
        *,
        quality: bool = True,
        check_profile: bool = True,
        n_jobs: int | None = None,
        return_unjudged: bool = False,
    ) -> Any:
        """Detect the seizures of a recording.

        Parameters
        ----------
        recording : Recording, str or path-like
            As `prepare` takes it, or a file for `read`.
        quality : bool, default=True
            Take time that is too poor to judge, such as flat, clipped and calibration signals, as
            unjudged; see `check_quality`.
        check_profile : bool, default=True
            Refuse a recording whose scale is far from that of the training data, and warn if it
            differs otherwise; see `SignalProfile`.
        n_jobs : int, default=None
            Threads.
        return_unjudged : bool, default=False
            Also return why time was not judged.

        Returns
        -------
        events : Events
            The seizures, and in ``recordings`` the record's length and the time that was not
            judged.
        unjudged : dict of str to float
            Seconds by reason: ``"gap"`` in the file, ``"marked"`` in it as bad, or a check of
            `check_quality`. Only with ``return_unjudged=True``.

        Raises
        ------
        ValueError
            As `prepare`; if the estimator has no ``predict``; or if the scale is another one.

        Warns
        -----
        UserWarning
            If channels are bad throughout; if there is muscle activity for half a minute or more;
            if amplitudes or spectra are unlike those of training; if the recording is shorter than
            a window, so that nothing can be found; or as `prepare`.
        """
        if not isinstance(recording, Recording):
            recording = self.read(recording)
        if not hasattr(self.estimator, "predict"):
            raise ValueError(
                f"the estimator is a {type(self.estimator).__name__}, which has no predict; a "
                "detector is needed."
            )
        recording = self._derived(recording)
        reasons = _reasons(recording)
        if quality:
            recording, found = _marked(recording)
            reasons |= found
        info = {recording.record: recording.info()}
        events = self._detect(recording, info, check_profile, n_jobs)
        return (events, reasons) if return_unjudged else events

    def _detect(
        self,
        recording: Recording,
        info: dict[str, RecordInfo],
        check_profile: bool,
        n_jobs: int | None,
    ) -> Events:
        longest = max(length for _, length in recording.stretches)
        if round(longest * self.sfreq) < round(self.window * self.sfreq):
            warnings.warn(
                f"record {recording.record!r} lasts {longest:g} s, less than the model's window of "
                f"{self.window:g} s: nothing can be found.",
                stacklevel=3,
            )
            return Events([], [], recordings=info)
        try:
            X = self._cut(self._filtered(recording))
        except ValueError as error:
            if not recording.unjudged:
                raise
            warnings.warn(f"{error} Nothing can be found.", stacklevel=3)
            return Events([], [], recordings=info)
        if check_profile and self.profile is not None:
            _compare(self.profile, X)
        with threads(self.estimator, n_jobs):
            found = _events(self.estimator, X)
        return Events(
            found.onset,
            found.duration,
            record=recording.record,
            confidence=found.confidence,
            recordings=info,
        )

    def _derived(self, recording: Recording) -> Recording:
        if self.montage is not None and tuple(recording.ch_names) != self.ch_names:
            recording = self._with_present(partial(to_bipolar, recording), self.montage)
        if self.ch_names is not None and tuple(recording.ch_names) != self.ch_names:
            recording = self._with_present(partial(_pick, recording), self.ch_names)
        if missing := [name for name in self.ch_names or () if name not in recording.ch_names]:
            warnings.warn(
                f"record {recording.record!r} has no channels for {', '.join(missing)}; the model "
                f"makes do with the other {len(recording.ch_names)}.",
                stacklevel=3,
            )
        self._check_rate(recording)
        if recording.sfreq != self.sfreq:
            recording = recording.apply(partial(resample_recording, sfreq=self.sfreq))
        return recording

    def _with_present(
        self, derive: Callable[[Any], Recording], montage: str | Sequence[str]
    ) -> Recording:
        """Derive channels, without the missing ones if the estimator can do without them."""
        try:
            return derive(montage)
        except MissingChannelsError as error:
            known = self.ch_names or ()
            optional = set(known) - set(required_channels(self.estimator, known))
            wanted = get_montage(montage) if isinstance(montage, str) else montage
            left = [name for name in wanted if name.partition("=")[0].strip() not in error.missing]
            if not left or not set(error.missing) <= optional:
                raise
            return derive(left)

    def _filtered(self, recording: Recording) -> Recording:
        if not self.preprocessing:
            return recording
        return recording.apply(partial(filter_recording, **self.preprocessing))

    def _cut(self, recording: Recording) -> Windows:
        return Windows.from_recording(recording, window=self.window, step=self.step)

    def _check_rate(self, recording: Recording) -> None:
        sfreq, bands = recording.original_sfreq or recording.sfreq, self.bands
        if bands:
            name, (_, high) = max(bands.items(), key=lambda item: item[1][1])
            if sfreq <= 2 * high:
                raise ValueError(
                    f"record {recording.record!r} is sampled at {sfreq:g} Hz, too low for band "
                    f"{name!r} of the model (up to {high:g} Hz); more than {2 * high:g} Hz is "
                    "needed."
                )
        elif sfreq < self.sfreq:
            warnings.warn(
                f"record {recording.record!r} is sampled at {sfreq:g} Hz and the model takes "
                f"{self.sfreq:g} Hz: what it may have learned of frequencies above {sfreq / 2:g} "
                "Hz is not there.",
                stacklevel=4,
            )


def _names(field: str, names: Any) -> tuple[str, ...]:
    found = () if isinstance(names, str) else tuple(names)
    if not found or not all(isinstance(name, str) for name in found):
        raise ValueError(f"{field} is {names!r}; names of channels are needed.")
    return tuple(str(name) for name in found)


def _pick(recording: Recording, names: Sequence[str]) -> Recording:
    """Take channels by their name, whatever its spelling."""
    places = {name: i for i, name in enumerate(recording.ch_names)}
    if set(names) <= set(places):
        rows = [places[name] for name in names]
        return recording.replace(data=recording.data[rows], ch_names=names)
    if any(mark in name for name in names for mark in "=|"):
        missing = [name for name in names if name not in places]
        raise MissingChannelsError(
            f"record {recording.record!r} has no channels {', '.join(missing)}; "
            f"present are {', '.join(recording.ch_names)}.",
            missing,
        )
    return to_bipolar(recording, [f"{name}={name}" for name in names])


def _reasons(recording: Recording) -> dict[str, float]:
    """Return the seconds of gaps, and of what is marked as unjudged beside them."""
    whole, unmarked = recording.info(), recording.replace(unjudged=()).info()
    gaps = unmarked.duration - (unmarked.observed or 0.0)
    marked = (unmarked.observed or 0.0) - (whole.observed or 0.0)
    return {name: s for name, s in {"gap": gaps, "marked": marked}.items() if s > 0}


def _marked(recording: Recording) -> tuple[Recording, dict[str, float]]:
    """Mark time that cannot be judged, with its reasons; name channels that never can."""
    quality = check_quality(recording)
    bad = quality.bad_channels()
    if bad:
        warnings.warn(
            f"record {recording.record!r} is flat, clipped or otherwise bad for most of the time "
            f"in {', '.join(bad)}: little can be found there.",
            stacklevel=3,
        )
    muscle = sum(high - low for low, high in quality.spans(("muscle",), max_bad=0.5))
    if muscle >= MUSCLE:
        warnings.warn(
            f"record {recording.record!r} has {muscle:.0f} s of muscle activity in most channels. "
            "It is judged, because seizures come with it, but may be taken for one.",
            stacklevel=3,
        )
    spans = quality.spans()
    if quality.seconds().get("nan"):  # where samples are NaN, a stretch ends
        marked = mark_quality(recording, bad_channels="keep")
        spans += quality.spans(("nan",), max_bad=0.0)
    else:
        inside = [(low, min(high, recording.duration)) for low, high in spans]
        marked = recording.replace(unjudged=(*recording.unjudged, *inside))
    reasons: dict[str, float] = {}
    # A cell counts for the check that finds fault with most of its channels.
    for onset, length, shares in zip(
        quality.onset, quality.duration, quality.bad.mean(axis=1).T, strict=True
    ):
        known = any(low <= onset < high for low, high in recording.unjudged)
        if not known and any(low <= onset < high for low, high in spans):
            name = quality.checks[int(np.argmax(shares))]
            reasons[name] = reasons.get(name, 0.0) + float(length)
    return marked, reasons


def _compare(profile: SignalProfile, X: Windows) -> None:
    """Refuse or warn of what is unlike the training data, in the channels that are there."""
    there = [i for i, name in enumerate(profile.ch_names) if name in X.ch_names]
    if len(there) < len(profile.ch_names):
        profile = replace(
            profile,
            ch_names=tuple(profile.ch_names[i] for i in there),
            amplitude=tuple(profile.amplitude[i] for i in there),
            power={band: tuple(levels[i] for i in there) for band, levels in profile.power.items()},
        )
    for problem in profile.compare(X):
        if problem.refuse:
            raise ValueError(f"{problem} check_profile=False detects all the same.")
        warnings.warn(str(problem), stacklevel=4)


def _events(estimator: Any, X: Windows) -> Events:
    if hasattr(estimator, "predict_events"):
        return estimator.predict_events(X)
    column = seizure_column(estimator)
    sure = estimator.predict_proba(X)[:, column] if hasattr(estimator, "predict_proba") else None
    return X.to_events(estimator.predict(X) == estimator.classes_[column], confidence=sure)
