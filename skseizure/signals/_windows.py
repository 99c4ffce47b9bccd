"""The sample: windows that know their record, onset and patient, and index like an array."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._events import Events, RecordInfo
from ._recording import Recording
from ._timeline import cells, covered, runs, segments
from ._window_array import WindowArray


class Windows(WindowArray):
    """Windows of multi-channel EEG that know where and when they were recorded.

    An array-like of shape (n_windows, n_channels, n_times): scikit-learn indexes, splits, shuffles,
    pickles and hashes it as it does an array, and whoever needs time or identity finds it on the
    side. Windows cut from a continuous recording are views on it: overlap costs no memory, and
    neither does indexing.

    Parameters
    ----------
    data : array-like, shape (n_windows, n_channels, n_times) or (n_windows, n_times)
        Windows in microvolts; two dimensions mean one channel.
    sfreq : float
        Sampling rate in Hz.
    record : array-like of shape (n_windows,) or scalar, default="0"
        Record of each window.
    onset : array-like of float, shape (n_windows,), default=None
        Start of each window in seconds from its record's start. None: windows follow one another
        every ``step`` seconds in row order, from 0 within each record.
    step : float, default=None
        Seconds between successive windows. None: the window's length.
    ch_names : sequence of str, length n_channels, default=None
        Channel labels. None: ``"ch0"``, ``"ch1"``, ...
    patient : array-like of shape (n_windows,) or scalar, default=None
        Patient of each window.

    Attributes
    ----------
    data : ndarray, shape (n_windows, n_channels, n_times)
        The windows, read-only; a view where the windows lie evenly in one recording, else a copy
        made at each access.
    record : ndarray of str, shape (n_windows,)
    onset : ndarray of float, shape (n_windows,)
    patient : ndarray of str, shape (n_windows,), or None
    sfreq, step : float
    ch_names : tuple of str
    shape : tuple of int
    dtype : dtype
    ndim : int
        Always 3.

    Raises
    ------
    ValueError
        If shapes disagree, a window is empty, ``sfreq`` or ``step`` is not positive, or an onset is
        not finite.

    See Also
    --------
    Windows.from_array : Cut a continuous signal into windows.
    Windows.from_edf : The same from a file.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.signals import Windows
    >>> signal = np.random.default_rng(0).normal(size=(2, 2560))
    >>> X = Windows.from_array(signal, sfreq=256, window=2, step=1)
    >>> X.shape, X.onset[:3].tolist(), X[[4, 2]].onset.tolist()
    ((9, 2, 512), [0.0, 1.0, 2.0], [4.0, 2.0])
    >>> np.shares_memory(X.data, signal)
    True
    """

    def __init__(
        self,
        data: ArrayLike,
        *,
        sfreq: float,
        record: ArrayLike = "0",
        onset: ArrayLike | None = None,
        step: float | None = None,
        ch_names: Sequence[str] | None = None,
        patient: ArrayLike | None = None,
    ) -> None:
        block = np.asanyarray(data)
        if block.ndim == 2:
            block = block[:, np.newaxis, :]
        if block.ndim != 3 or 0 in block.shape[1:]:
            raise ValueError(
                f"data has shape {np.shape(data)}; windows need (n_windows, n_channels, n_times) "
                "or (n_windows, n_times)."
            )
        if block.dtype not in (np.float32, np.float64):
            block = block.astype(np.float64)
        n, n_channels, n_times = block.shape
        self._setup(
            signals=(block,),
            source=np.zeros(n, dtype=np.intp),
            start=np.arange(n),
            n_channels=n_channels,
            n_times=n_times,
            sfreq=sfreq,
            step=step,
            record=record,
            onset=onset,
            ch_names=ch_names,
            patient=patient,
        )

    # ------------------------------------------------------------------ construction

    @classmethod
    def from_recording(
        cls, recording: Recording, *, window: float, step: float | None = None
    ) -> Windows:
        """Cut a recording into windows, without copying it.

        Parameters
        ----------
        recording : Recording
            The continuous signal.
        window : float
            Length of a window in seconds, rounded to whole samples.
        step : float, default=None
            Seconds from one window to the next, rounded to whole samples; below ``window`` they
            overlap. None: ``window``. A rest at the end that is shorter than a window belongs to
            no window.

        Returns
        -------
        Windows
            One record, in order of time.

        Raises
        ------
        ValueError
            If the recording is shorter than a window, or ``window`` or ``step`` is below one
            sample.
        """
        lengths = {"window": window, "step": window if step is None else step}
        samples = {}
        for name, seconds in lengths.items():
            samples[name] = round(float(seconds) * recording.sfreq)
            if samples[name] < 1:
                raise ValueError(
                    f"{name} is {seconds!r} s; at {recording.sfreq:g} Hz at least one sample, "
                    f"{1 / recording.sfreq:.4g} s, is needed."
                )
        n_channels, n_samples = recording.data.shape
        if n_samples < samples["window"]:
            raise ValueError(
                f"record {recording.record!r} lasts {recording.duration:g} s; "
                f"at least one window of {window:g} s is needed."
            )
        start = np.arange(0, n_samples - samples["window"] + 1, samples["step"])
        self = cls.__new__(cls)
        self._setup(
            signals=(recording.data,),
            source=np.zeros(len(start), dtype=np.intp),
            start=start,
            n_channels=n_channels,
            n_times=samples["window"],
            sfreq=recording.sfreq,
            step=samples["step"] / recording.sfreq,
            record=recording.record,
            onset=recording.offset + start / recording.sfreq,
            ch_names=recording.ch_names,
            patient=recording.patient,
        )
        return self

    @classmethod
    def from_array(
        cls,
        data: ArrayLike,
        sfreq: float,
        *,
        window: float,
        step: float | None = None,
        ch_names: Sequence[str] | None = None,
        record: str = "0",
        patient: str | None = None,
    ) -> Windows:
        """Cut a continuous signal in microvolts into windows.

        Parameters
        ----------
        data : array-like, shape (n_channels, n_samples) or (n_samples,)
            Continuous signal in microvolts.
        sfreq : float
            Sampling rate in Hz.
        window, step : float
            Length of a window and distance of two in seconds; see `from_recording`.
        ch_names : sequence of str, default=None
            Channel labels. None: ``"ch0"``, ``"ch1"``, ...
        record : str, default="0"
            Name of the record.
        patient : str, default=None
            Name of the patient.

        Returns
        -------
        Windows
            Views on ``data``.

        Raises
        ------
        ValueError
            As `from_recording`, or if ``data`` has another shape.
        """
        data = np.asanyarray(data)
        data = data[np.newaxis] if data.ndim == 1 else data
        names = [f"ch{i}" for i in range(len(data))] if ch_names is None else ch_names
        recording = Recording(data, sfreq, names, record=record, patient=patient)
        return cls.from_recording(recording, window=window, step=step)

    @classmethod
    def from_edf(
        cls,
        path,
        *,
        window: float,
        step: float | None = None,
        preprocess: Callable[[Recording], Recording] | None = None,
        **read_options: Any,
    ) -> Windows:
        """Read an EDF or BDF file and cut it into windows.

        Parameters
        ----------
        path : str or path-like
            The file.
        window, step : float
            Length of a window and distance of two in seconds; see `from_recording`.
        preprocess : callable, default=None
            Called with the whole `Recording` before it is cut, for example to filter or to change
            the montage; returns a `Recording`.
        **read_options
            Passed on to `read_edf`.

        Returns
        -------
        Windows
            One record, named after the file unless ``record`` is given.

        Raises
        ------
        ValueError
            As `read_edf` and `from_recording`.

        See Also
        --------
        read_edf : Reads the whole recording.
        """
        from ._edf import read_edf

        recording = read_edf(path, **read_options)
        if preprocess is not None:
            recording = preprocess(recording)
        return cls.from_recording(recording, window=window, step=step)

    @classmethod
    def from_raw(
        cls,
        raw,
        *,
        window: float,
        step: float | None = None,
        picks: Any = ("eeg", "seeg", "ecog"),
        record: str | None = None,
        patient: str | None = None,
    ) -> Windows:
        """Cut an MNE ``Raw`` object into windows.

        Parameters
        ----------
        raw : mne.io.BaseRaw
            Continuous recording in volts, as MNE keeps it.
        window, step : float
            Length of a window and distance of two in seconds; see `from_recording`.
        picks : anything that MNE takes as picks, default=("eeg", "seeg", "ecog")
            Channels to take.
        record : str, default=None
            Name of the record. None: the stem of the raw object's file, or ``"0"``.
        patient : str, default=None
            Name of the patient.

        Returns
        -------
        Windows
            One record, in microvolts; onsets count from the measurement's start.

        Raises
        ------
        ValueError
            If no channel fits ``picks`` or one that does holds no voltage, or as `from_recording`.
        """
        from ._mne import recording_from_raw

        recording = recording_from_raw(raw, picks=picks, record=record, patient=patient)
        return cls.from_recording(recording, window=window, step=step)

    @classmethod
    def from_epochs(
        cls,
        epochs,
        *,
        picks: Any = ("eeg", "seeg", "ecog"),
        record: ArrayLike = "0",
        patient: ArrayLike | None = None,
    ) -> Windows:
        """Take each epoch of an MNE ``Epochs`` object as one window.

        Parameters
        ----------
        epochs : mne.BaseEpochs
            Epochs in volts, as MNE keeps them.
        picks : anything that MNE takes as picks, default=("eeg", "seeg", "ecog")
            Channels to take.
        record : str or array-like of shape (n_epochs,), default="0"
            Record of each epoch.
        patient : str or array-like of shape (n_epochs,), default=None
            Patient of each epoch.

        Returns
        -------
        Windows
            One window an epoch, in microvolts; ``onset`` from the sample numbers in
            ``epochs.events``, at the rate of the raw data, plus ``tmin``, and ``step`` their
            smallest distance.

        Raises
        ------
        ValueError
            If no channel fits ``picks`` or one that does holds no voltage.
        """
        from ._mne import fields_from_epochs

        return cls(**fields_from_epochs(epochs, picks=picks), record=record, patient=patient)

    @classmethod
    def concatenate(cls, parts: Iterable[Windows]) -> Windows:
        """Join windows of several records; the recordings themselves are not copied.

        Parameters
        ----------
        parts : iterable of Windows
            Windows of equal sampling rate, step, channels and length; all with patients or all
            without.

        Returns
        -------
        Windows
            All windows, in the order given.

        Raises
        ------
        ValueError
            If there is nothing to join, or the parts differ in one of these.
        """
        parts = list(parts)
        if not parts:
            raise ValueError("parts is empty; at least one Windows is needed.")
        first = parts[0]
        for i, part in enumerate(parts):
            for what, of in _ALIKE.items():
                if of(part) != of(first):
                    raise ValueError(
                        f"parts differ in {what}: {of(first)} in the first, "
                        f"{of(part)} in number {i}; all must agree."
                    )
        shift = np.cumsum([0] + [len(part._signals) for part in parts])
        self = cls.__new__(cls)
        self._setup(
            signals=[signal for part in parts for signal in part._signals],
            source=np.concatenate([p._source + s for p, s in zip(parts, shift, strict=False)]),
            start=np.concatenate([part._start for part in parts]),
            n_channels=first._n_channels,
            n_times=first._n_times,
            sfreq=first.sfreq,
            step=first.step,
            record=np.concatenate([part.record for part in parts]),
            onset=np.concatenate([part.onset for part in parts]),
            ch_names=first.ch_names,
            patient=(
                None
                if first.patient is None
                else np.concatenate([np.asarray(part.patient) for part in parts])
            ),
        )
        return self

    # ------------------------------------------------------------------ time

    def segments(self) -> list[NDArray[np.intp]]:
        """Find the stretches of windows without a gap.

        Returns
        -------
        list of ndarray of int
            Row numbers of each stretch in order of onset. A stretch ends with its record or where
            the next onset is more than 1.5 steps away; every window is in exactly one.
        """
        return segments(self.record, self.onset, self.step)

    def cells(self) -> NDArray[np.float64]:
        """Share out the covered time among the windows.

        Returns
        -------
        ndarray of float, shape (n_windows, 2)
            Start and end, in seconds of the record, of the time that a window's label speaks for:
            the ``step`` seconds around its middle, and up to the border at the first and the last
            window of a stretch. The cells of a stretch tile it without overlap.
        """
        return cells(self.segments(), self.onset, self.duration)

    def recordings(self) -> dict[str, RecordInfo]:
        """Describe the records that these windows come from.

        Returns
        -------
        dict of str to RecordInfo
            By record, in order of first appearance: the end of its last window, the seconds that
            its windows cover, its patient.
        """
        cells = self.cells()
        names, first, code = np.unique(self.record, return_index=True, return_inverse=True)
        covered = np.bincount(code, weights=cells[:, 1] - cells[:, 0], minlength=len(names))
        end = np.full(len(names), -np.inf)
        np.maximum.at(end, code, self.onset + self.duration)
        return {
            str(names[i]): RecordInfo(
                duration=float(end[i]),
                observed=float(covered[i]),
                patient=None if self.patient is None else str(self.patient[first[i]]),
            )
            for i in np.argsort(first)
        }

    def labels(self, events: Events, *, min_overlap: float = 0.5) -> NDArray[np.intp]:
        """Label each window by the events of its record.

        Parameters
        ----------
        events : Events
            Seizures of at least the records of these windows.
        min_overlap : float, default=0.5
            Share of the window that must lie inside events for it to be ictal; with 0 any overlap
            above zero is enough.

        Returns
        -------
        ndarray of int, shape (n_windows,)
            1 for ictal windows, else 0.

        Raises
        ------
        ValueError
            If ``events`` does not know a record, or ``min_overlap`` is outside [0, 1].
        """
        if not 0 <= min_overlap <= 1:
            raise ValueError(f"min_overlap is {min_overlap!r}; a share in [0, 1] is needed.")
        share = np.empty(len(self))
        for name in np.unique(self.record):
            rows = self.record == name
            intervals = events.intervals(str(name))
            share[rows] = covered(self.onset[rows], self.duration, intervals) / self.duration
        # A rounding error in the share must not decide.
        return ((share > 1e-9) & (share >= min_overlap - 1e-9)).astype(np.intp)

    def to_events(self, labels: ArrayLike, *, confidence: ArrayLike | None = None) -> Events:
        """Turn one label a window into events.

        Parameters
        ----------
        labels : array-like, shape (n_windows,)
            True or nonzero where a window is ictal.
        confidence : array-like of float, shape (n_windows,), default=None
            Probability of each window; an event takes the largest among its own.

        Returns
        -------
        Events
            One event for each run of ictal windows within a stretch, from the start of its first
            to the end of its last cell (see `cells`).

        Raises
        ------
        ValueError
            If there is not one label a window.
        """
        ictal = np.asarray(labels).astype(bool)
        if ictal.shape != (len(self),):
            raise ValueError(
                f"labels has shape {ictal.shape}; one for each of {len(self)} windows is needed."
            )
        found = [run for rows in self.segments() for run in runs(rows, ictal[rows])]
        time = self.cells()
        onset = np.array([time[run[0], 0] for run in found])
        end = np.array([time[run[-1], 1] for run in found])
        sure = np.full(len(self), np.nan) if confidence is None else np.asarray(confidence, float)
        return Events(
            onset,
            end - onset,
            record=np.array([self.record[run[0]] for run in found], dtype=str),
            confidence=np.array([sure[run].max() for run in found], dtype=float),
            recordings=self.recordings(),
        )


# What windows must share to stand in one array.
_ALIKE: dict[str, Callable[[Windows], Any]] = {
    "sfreq": lambda w: w.sfreq,
    "step": lambda w: w.step,
    "ch_names": lambda w: w.ch_names,
    "n_times": lambda w: w.shape[2],
    "having patients": lambda w: w.patient is not None,
}
