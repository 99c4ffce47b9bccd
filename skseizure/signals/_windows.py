"""The sample: windows that know their record, onset and patient, and index like an array."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._events import Events, RecordInfo
from ._recording import Recording

GAP = 1.5  # in steps: two windows further apart than this are not neighbours in time


class Windows:
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

    # A window is (source, start): a row of the 3-D array `_signals[source]`, or the n_times samples
    # from `start` of the 2-D recording `_signals[source]`. Indexing touches these two columns only.
    _signals: tuple[NDArray, ...]
    _source: NDArray[np.intp]
    _start: NDArray[np.intp]

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

    def _setup(
        self,
        *,
        signals,
        source,
        start,
        n_channels,
        n_times,
        sfreq,
        step,
        record,
        onset,
        ch_names,
        patient,
    ) -> None:
        n = len(start)
        sfreq = float(sfreq)
        if not (np.isfinite(sfreq) and sfreq > 0):
            raise ValueError(f"sfreq is {sfreq!r}; a sampling rate above 0 Hz is needed.")
        step = n_times / sfreq if step is None else float(step)
        if not (np.isfinite(step) and step > 0):
            raise ValueError(f"step is {step!r}; a time above 0 s is needed.")
        names = tuple(f"ch{i}" for i in range(n_channels)) if ch_names is None else tuple(ch_names)
        if len(names) != n_channels:
            raise ValueError(f"ch_names has {len(names)} names for {n_channels} channels.")
        record = _column("record", record, n, str)
        if onset is None:
            onset = np.empty(n)
            for name in np.unique(record):
                rows = record == name
                onset[rows] = np.arange(rows.sum()) * step
        onset = _column("onset", onset, n, float)
        if not np.all(np.isfinite(onset)):
            raise ValueError("onset holds a value that is not finite.")
        self._signals = tuple(signals)
        self._source = np.asarray(source, dtype=np.intp)
        self._start = np.asarray(start, dtype=np.intp)
        self._n_channels, self._n_times = int(n_channels), int(n_times)
        self.sfreq, self.step = sfreq, step
        self.ch_names = tuple(str(name) for name in names)
        self.record: NDArray[np.str_] = record
        self.onset: NDArray[np.float64] = onset
        self.patient: NDArray[np.str_] | None = (
            None if patient is None else _column("patient", patient, n, str)
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
            One record, in microvolts.

        Raises
        ------
        ValueError
            If no channel fits ``picks``, or as `from_recording`.
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
            ``epochs.events`` and ``step`` their smallest distance.

        Raises
        ------
        ValueError
            If no channel fits ``picks``.
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

    # ------------------------------------------------------------------ array-like

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(n_windows, n_channels, n_times)``."""
        return len(self._start), self._n_channels, self._n_times

    @property
    def ndim(self) -> int:
        """Always 3."""
        return 3

    @property
    def dtype(self) -> np.dtype:
        """Common dtype of the signals, float32 or float64."""
        return np.result_type(*(signal.dtype for signal in self._signals))

    @property
    def duration(self) -> float:
        """Length of a window in seconds."""
        return self._n_times / self.sfreq

    @property
    def data(self) -> NDArray[np.floating]:
        """The windows as a read-only array; a view where that is possible."""
        used = np.unique(self._source)
        if len(used) == 1:
            out = self._rows(used[0], self._start)
        else:
            out = np.empty(self.shape, dtype=self.dtype)
            for i in used:
                mine = self._source == i
                out[mine] = self._rows(i, self._start[mine])
        out = out.view()
        out.flags.writeable = False
        return out

    def _rows(self, source: int, start: NDArray[np.intp]) -> NDArray[np.floating]:
        signal = self._signals[source]
        if signal.ndim == 2:
            signal = sliding_window_view(signal, self._n_times, axis=1).swapaxes(0, 1)
        gaps = np.diff(start)
        if len(start) and np.all(gaps == gaps[:1]) and (len(gaps) == 0 or gaps[0] > 0):
            return signal[start[0] : start[-1] + 1 : gaps[0] if len(gaps) else 1]
        return signal[start]

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> NDArray:
        return np.array(self.data, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        return len(self._start)

    def __getitem__(self, key: Any) -> Any:
        """Index windows: an integer gives one window as an array, all else `Windows`."""
        if isinstance(key, tuple):
            whole = [k for k in key[1:] if not (k is Ellipsis or k == slice(None))]
            if not key or whole or key[0] is Ellipsis:
                raise IndexError(
                    "Windows are indexed along their first axis only; "
                    "np.asarray(windows) indexes the others, pick() chooses channels."
                )
            key = key[0]
        if isinstance(key, int | np.integer):
            return self._subset([key]).data[0]
        if not isinstance(key, slice):
            key = np.asarray(key)
            if key.size == 0 and key.dtype != bool:
                key = key.astype(np.intp)
            if key.ndim != 1:
                raise IndexError(f"Windows need a one-dimensional index, found {key.ndim}-D.")
        return self._subset(key)

    def _subset(self, key: Any) -> Windows:
        new = self._shallow()
        for name in ("_source", "_start", "record", "onset", "patient"):
            column = getattr(self, name)
            setattr(new, name, None if column is None else column[key])
        return new

    def _shallow(self) -> Windows:
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new

    def __getstate__(self) -> dict[str, Any]:
        # Only what these windows cover travels, each sample of a recording once.
        state = self.__dict__.copy()
        used, source = np.unique(self._source, return_inverse=True)
        signals, start = [], self._start.copy()
        for new, old in enumerate(used):
            signal, mine = self._signals[old], source == new
            if signal.ndim == 2:
                low, high = start[mine].min(), start[mine].max() + self._n_times
                signals.append(np.ascontiguousarray(signal[:, low:high]))
                start[mine] -= low
            else:
                rows, start[mine] = np.unique(start[mine], return_inverse=True)
                signals.append(np.ascontiguousarray(signal[rows]))
        # Without windows one empty array remains, to carry the dtype.
        state["_signals"] = tuple(signals) or (np.empty((0, *self.shape[1:]), self.dtype),)
        state["_source"], state["_start"] = source, start
        return state

    def __repr__(self) -> str:
        n, n_channels, _ = self.shape
        text = (
            f"Windows({n} x {n_channels} channels x {self.duration:g} s at {self.sfreq:g} Hz, "
            f"every {self.step:g} s; {len(np.unique(self.record))} records"
        )
        if self.patient is not None:
            text += f", {len(np.unique(self.patient))} patients"
        return text + ")"

    # ------------------------------------------------------------------ channels

    def pick(self, ch_names: Sequence[str]) -> Windows:
        """Choose channels by name, in the order given.

        Parameters
        ----------
        ch_names : sequence of str
            Names out of `ch_names`.

        Returns
        -------
        Windows
            The same windows with these channels.

        Raises
        ------
        ValueError
            If a channel is not there.
        """
        missing = [name for name in ch_names if name not in self.ch_names]
        if missing or len(ch_names) == 0:
            raise ValueError(
                f"ch_names asks for {', '.join(missing) or 'no channel'}; "
                f"present are {', '.join(self.ch_names)}."
            )
        index = [self.ch_names.index(name) for name in ch_names]
        new = self._shallow()
        new._signals = tuple(s[index] if s.ndim == 2 else s[:, index] for s in self._signals)
        new.ch_names, new._n_channels = tuple(ch_names), len(index)
        return new

    def split_channels(self) -> Windows:
        """Turn every channel of every window into a window of its own.

        Returns
        -------
        Windows
            ``n_windows * n_channels`` windows of the one channel ``"channel"``: all channels of the
            first window, then those of the second, and so on. Each channel is a record of its own,
            ``"{record}/{channel}"``, so that what follows a record through time never steps from
            one channel to another. No signal is copied.
        """
        n, n_channels, _ = self.shape
        new = self._shallow()
        new._signals = tuple(
            signal[c : c + 1] if signal.ndim == 2 else signal[:, c : c + 1]
            for signal in self._signals
            for c in range(n_channels)
        )
        channel = np.tile(np.arange(n_channels), n)
        new._source = np.repeat(self._source, n_channels) * n_channels + channel
        new._start = np.repeat(self._start, n_channels)
        new.onset = np.repeat(self.onset, n_channels)
        names = np.array([f"/{name}" for name in self.ch_names])
        new.record = np.char.add(np.repeat(self.record, n_channels), names[channel])
        new.patient = None if self.patient is None else np.repeat(self.patient, n_channels)
        new.ch_names, new._n_channels = ("channel",), 1
        return new

    # ------------------------------------------------------------------ time

    def segments(self) -> list[NDArray[np.intp]]:
        """Find the stretches of windows without a gap.

        Returns
        -------
        list of ndarray of int
            Row numbers of each stretch in order of onset. A stretch ends with its record or where
            the next onset is more than 1.5 steps away; every window is in exactly one.
        """
        if len(self) == 0:
            return []
        code = np.unique(self.record, return_inverse=True)[1]
        order = np.lexsort((self.onset, code))
        apart = (np.diff(code[order]) != 0) | (np.diff(self.onset[order]) > GAP * self.step)
        return np.split(order, np.flatnonzero(apart) + 1)

    def cells(self) -> NDArray[np.float64]:
        """Share out the covered time among the windows.

        Returns
        -------
        ndarray of float, shape (n_windows, 2)
            Start and end, in seconds of the record, of the time that a window's label speaks for:
            the ``step`` seconds around its middle, and up to the border at the first and the last
            window of a stretch. The cells of a stretch tile it without overlap.
        """
        cells = np.empty((len(self), 2))
        for rows in self.segments():
            onset = self.onset[rows]
            # Neighbours meet half-way between the middles of their windows.
            borders = (onset[:-1] + onset[1:] + self.duration) / 2
            cells[rows, 0] = np.concatenate([onset[:1], borders])
            cells[rows, 1] = np.concatenate([borders, onset[-1:] + self.duration])
        return cells

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
        share = np.zeros(len(self))
        for name in np.unique(self.record):
            rows = np.flatnonzero(self.record == name)
            low, high = self.onset[rows], self.onset[rows] + self.duration
            for onset, end in _union(events.intervals(str(name))):
                share[rows] += np.clip(np.minimum(high, end) - np.maximum(low, onset), 0, None)
        share /= self.duration
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
        proba = None if confidence is None else np.asarray(confidence, dtype=float)
        cells, found = self.cells(), []
        for rows in self.segments():
            edges = np.flatnonzero(np.diff(np.concatenate([[0], ictal[rows], [0]])))
            for first, last in edges.reshape(-1, 2):
                run = rows[first:last]
                start, end = cells[run[0], 0], cells[run[-1], 1]
                sure = np.nan if proba is None else proba[run].max()
                found.append((start, end - start, self.record[run[0]], sure))
        onset, duration, record, sure = zip(*found, strict=True) if found else ((), (), (), ())
        return Events(
            np.array(onset, dtype=float),
            np.array(duration, dtype=float),
            record=np.array(record, dtype=str),
            confidence=np.array(sure, dtype=float),
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


def _column(name: str, values: ArrayLike, n: int, dtype: type) -> NDArray:
    column = np.asarray(values).astype(dtype)
    if column.ndim == 0:
        column = np.broadcast_to(column, (n,)).copy()
    if column.shape != (n,):
        raise ValueError(f"{name} has shape {column.shape}; one for each of {n} windows is needed.")
    return column


def _union(intervals: NDArray[np.float64]) -> list[list[float]]:
    merged: list[list[float]] = []
    for onset, end in intervals:
        if merged and onset <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([onset, end])
    return merged
