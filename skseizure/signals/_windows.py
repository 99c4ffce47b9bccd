"""The sample: windows that know their record, onset and patient, and index like an array."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .._core.amplitude import is_within
from .._core.timeline import cells, segments, timeline_of
from ._cut import Cut, cut_recording, cut_signal
from ._events import Events, RecordInfo
from ._lazy import CHUNK, LazySignal
from ._quality import DEFAULT, mark_quality
from ._recording import Recording, channel_names
from ._samples import (
    as_float,
    float_type,
    number,
    sampling_rate,
    stored_signal,
    take_channels,
    warn_of_scale,
)
from ._window_events import RecordOrigin, events_of_labels, judged, labels_of, records_of
from ._window_index import (
    Signal,
    WindowIndex,
    normal_key,
    share_signals,
    take,
    without_the_unused,
)


class Windows:
    """Windows of multi-channel EEG that know where and when they were recorded.

    An array-like of shape (n_windows, n_channels, n_times): scikit-learn indexes, splits, shuffles,
    pickles and hashes it as it does an array, and whoever needs time or identity finds it on the
    side. Windows cut from a continuous recording are views on it: overlap costs no memory, and
    neither does indexing. Integers, as of a memory-mapped file of 16-bit samples, are kept; samples
    come out as floats whenever windows are taken.

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
    stretch : array-like of int, shape (n_windows,), default=None
        Number of the stretch of its record that each window lies in, where the signal does not go
        on from one window to the next however close they are. If None, onsets alone show gaps.

    Attributes
    ----------
    data : ndarray, shape (n_windows, n_channels, n_times)
        The windows, read-only; a view where the windows lie evenly in one recording of floats, else
        a copy made at each access.
    record : ndarray of str, shape (n_windows,)
    onset : ndarray of float, shape (n_windows,)
    patient : ndarray of str, shape (n_windows,), or None
    stretch : ndarray of int, shape (n_windows,), or None
    sfreq, step : float
    ch_names : tuple of str
    shape : tuple of int
    dtype : dtype
    ndim : int
        Always 3.

    Raises
    ------
    ValueError
        If shapes disagree, a window is empty, ``data`` holds no real numbers, ``sfreq`` or ``step``
        is not positive, an onset is not finite, or ``record`` or ``patient`` holds None or NaN
        among other names.
    TypeError
        If ``sfreq`` or ``step`` is no number, or ``ch_names`` a string.

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

    # A window is a row of a 3-D array among `_signals`, or a stretch of a 2-D recording; `_index`
    # says which, and indexing touches nothing else. Integers stay as they are, a file of 16-bit
    # samples would grow fourfold: who takes values gets them as floats. A `LazySignal` stands for a
    # recording that is read when it is needed.
    _signals: tuple[Signal, ...]
    _index: WindowIndex

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
        stretch: ArrayLike | None = None,
    ) -> None:
        block = stored_signal(data)
        if block.ndim == 2:
            block = block[:, np.newaxis, :]
        if block.ndim != 3 or 0 in block.shape[1:]:
            raise ValueError(
                f"data has shape {np.shape(data)}; windows need (n_windows, n_channels, n_times) "
                "or (n_windows, n_times)."
            )
        warn_of_scale(block, "data", stacklevel=3)
        rows = np.arange(len(block))
        self._setup(
            Cut((block,), np.zeros_like(rows), rows, None, block.shape[2], step),
            sfreq=sfreq,
            ch_names=ch_names,
            record=record,
            onset=onset,
            patient=patient,
            stretch=stretch,
        )

    # ------------------------------------------------------------------ construction

    @classmethod
    def from_recording(
        cls,
        recording: Recording,
        *,
        window: float,
        step: float | None = None,
        quality: bool | Sequence[str] = False,
        max_unjudged: float = 0.0,
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
        quality : bool or sequence of str, default=False
            Checks whose findings count as unjudged, see `mark_quality`, which also refuses channels
            that are bad throughout. If True, its default checks. Call it yourself before filters,
            or to mend channels.
        max_unjudged : float, default=0.0
            Largest share of a window that may lie in unjudged time. Windows with more are left out.

        Returns
        -------
        Windows
            One record, in order of time.

        Raises
        ------
        ValueError
            If the recording is shorter than a window, ``window`` or ``step`` is below one sample,
            no window is left, or as `mark_quality`.
        """
        if quality:
            recording = mark_quality(recording, DEFAULT if quality is True else tuple(quality))
        cut = cut_recording(recording, window, step, max_unjudged)
        self = cls.__new__(cls)
        self._setup(
            cut,
            sfreq=recording.sfreq,
            ch_names=recording.ch_names,
            record=recording.record,
            onset=cut.onset,
            patient=recording.patient,
        )
        self._origins = {recording.record: RecordOrigin.of(recording.info())}
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
            Continuous signal in microvolts; integers are kept and come out as floats.
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
        cut = cut_signal(stored_signal(data), sfreq, window, step, record)
        self = cls.__new__(cls)
        self._setup(
            cut, sfreq=sfreq, ch_names=ch_names, record=record, onset=cut.onset, patient=patient
        )
        return self

    @classmethod
    def from_edf(
        cls,
        path,
        *,
        window: float,
        step: float | None = None,
        preprocess: Callable[[Recording], Recording] | None = None,
        lazy: bool = False,
        quality: bool | Sequence[str] = False,
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
        lazy : bool, default=False
            Leave the samples in the file: nothing but its header and time stamps is read before
            windows are taken, unless ``preprocess`` is given; see Notes.
        quality : bool or sequence of str, default=False
            Checks on the signal as it was recorded, before ``preprocess``, whose findings count as
            unjudged; see `mark_quality`.
        **read_options
            Passed on to `read_edf`.

        Returns
        -------
        Windows
            One record, named after the file unless ``record`` is given.

        Raises
        ------
        ValueError
            As `read_edf` and `from_recording`. With ``lazy``, whenever the file is read: if it is
            not there any more, or its size or time of change is another than when it was opened, or
            ``preprocess`` gives another shape than before. A recording that is still in memory is
            served from there.
        TypeError
            If ``preprocess`` returns no `Recording`.

        See Also
        --------
        read_edf : Reads the whole recording.

        Notes
        -----
        With ``lazy``, the windows are the same bit for bit, and `concatenate` joins those of a
        corpus that is larger than memory. When a window is taken, its recording is read whole,
        resampled and preprocessed; each process keeps the two recordings that it needed last, and
        each thread its last one, also when no windows are left that need them. So take windows
        record by record, as the feature transformers do in whatever order they are given them;
        windows in disorder, taken a few at a time, read their recordings again and again.

        What ``preprocess`` makes of a recording only it can tell: it is called once when the
        windows are made, to learn channels, length and rate, and again whenever the recording is
        read, each time with the same result. It should be a function of a module, or a
        ``functools.partial`` of one, so that the windows can be pickled and hashed. Pickled, they
        carry the file's path, size and time of change, not the samples; so does what joblib
        hashes: a ``memory`` notices a changed file, but a changed ``preprocess`` only by its name.

        Examples
        --------
        >>> import edfio, numpy as np, os, tempfile
        >>> from skseizure.signals import Windows
        >>> wave = 100 * np.sin(np.arange(256 * 600) / 10)
        >>> signal = edfio.EdfSignal(wave, 256, label="F3-C3", physical_dimension="uV")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "night1.edf")
        ...     edfio.Edf([signal]).write(path)
        ...     X = Windows.from_edf(path, window=4, lazy=True)
        ...     last = X[-1]
        >>> X.shape, bool(np.abs(last - wave[-1024:]).max() < 0.01)
        ((150, 1, 1024), True)
        """
        from ._edf import read_edf

        recording = read_edf(path, lazy=lazy, **read_options)
        if quality:
            recording = mark_quality(recording, DEFAULT if quality is True else tuple(quality))
        if preprocess is not None:
            recording = recording.apply(preprocess)
        return cls.from_recording(recording, window=window, step=step)

    @classmethod
    def from_raw(
        cls,
        raw,
        *,
        window: float,
        step: float | None = None,
        preprocess: Callable[[Recording], Recording] | None = None,
        reject_by_annotation: bool = True,
        **raw_options: Any,
    ) -> Windows:
        """Cut an MNE ``Raw`` object into windows.

        Parameters
        ----------
        raw : mne.io.BaseRaw
            Continuous recording in volts, as MNE keeps it.
        window, step : float
            Length of a window and distance of two in seconds; see `from_recording`.
        preprocess : callable, default=None
            Called with the whole `Recording` before it is cut; returns a `Recording`.
        reject_by_annotation : bool, default=True
            If True, no window touches time that an annotation marks with ``BAD`` or ``EDGE``, or
            crosses a place where recordings were joined.
        **raw_options
            Passed on to `Recording.from_raw`: ``picks``, ``record``, ``patient``, ``bad_channels``
            and ``units``.

        Returns
        -------
        Windows
            One record, in microvolts; onsets count from the measurement's start.

        Raises
        ------
        ValueError
            As `Recording.from_raw` and `from_recording`.
        TypeError
            If ``raw`` is no such object, or ``preprocess`` returns no `Recording`.

        Warns
        -----
        UserWarning
            As `Recording.from_raw`.
        """
        recording = Recording.from_raw(
            raw, reject_by_annotation=reject_by_annotation, **raw_options
        )
        if preprocess is not None:
            recording = recording.apply(preprocess)
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
    def concatenate(cls, parts: Iterable[Self]) -> Self:
        """Join windows of several records; the recordings themselves are not copied.

        Parameters
        ----------
        parts : iterable of Windows
            Windows of equal sampling rate, step, channels and length; all with patients or all
            without. Parts may hold the same record, but not its time from different signals.

        Returns
        -------
        Windows
            All windows, in the order given.

        Raises
        ------
        ValueError
            If there is nothing to join, the parts differ in one of these, or windows of different
            signals claim the same record and onset.
        """
        parts = list(parts)
        if not parts:
            raise ValueError("parts is empty; at least one Windows is needed.")
        first = parts[0]
        for i, part in enumerate(parts):
            if not isinstance(part, cls):
                raise TypeError(f"parts holds {type(part).__name__}; only {cls.__name__} join.")
            for what, of in _ALIKE.items():
                if of(part) != of(first):
                    raise ValueError(
                        f"parts differ in {what}: {of(first)} in the first, "
                        f"{of(part)} in number {i}; all must agree."
                    )
        # Parts of one recording share it again, and signals that no window uses stay behind.
        signals, indices = share_signals((part._signals, part._index) for part in parts)
        new = first._with(signals or first._signals, WindowIndex.concatenate(indices))
        new._origins = {}
        for part in parts:
            for name, origin in part._origins.items():
                known = new._origins.get(name, origin)
                new._origins[name] = known.joined(origin)
        return new

    def _setup(
        self,
        cut: Cut,
        *,
        sfreq: float,
        ch_names: Sequence[str] | None,
        record: ArrayLike,
        onset: ArrayLike | None,
        patient: ArrayLike | None,
        stretch: ArrayLike | None = None,
    ) -> None:
        self.sfreq, self._n_times = sampling_rate(sfreq), int(cut.n_times)
        self.step = self._n_times / self.sfreq if cut.step is None else number("step", cut.step)
        if not (np.isfinite(self.step) and self.step > 0):
            raise ValueError(f"step is {self.step!r}; a time above 0 s is needed.")
        n_channels = cut.signals[0].shape[-2]
        names = [f"ch{i}" for i in range(n_channels)] if ch_names is None else ch_names
        self.ch_names = channel_names(names, n_channels)
        self._origins: dict[str, RecordOrigin] = {}
        self._signals = tuple(cut.signals)
        self._index = WindowIndex.checked(
            source=cut.source,
            start=cut.start,
            record=record,
            onset=onset,
            patient=patient,
            step=self.step,
            stretch=cut.source if len(cut.signals) > 1 else stretch,
        )

    def _with(self, signals: Sequence[Signal], index: WindowIndex) -> Self:
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__ | {"_signals": tuple(signals), "_index": index})
        new.__dict__.pop("report_", None)  # a loader's, true of the whole that it returned
        return new

    # ------------------------------------------------------------------ array-like

    @property
    def record(self) -> NDArray[np.str_]:
        """Record of each window."""
        return self._index.record

    @property
    def onset(self) -> NDArray[np.float64]:
        """Start of each window in seconds from its record's start."""
        return self._index.onset

    @property
    def patient(self) -> NDArray[np.str_] | None:
        """Patient of each window, or None."""
        return self._index.patient

    @property
    def stretch(self) -> NDArray[np.intp] | None:
        """Stretch of its record that each window lies in, or None if onsets show all gaps."""
        return self._index.stretch

    @property
    def shape(self) -> tuple[int, int, int]:
        """``(n_windows, n_channels, n_times)``."""
        return len(self._index), len(self.ch_names), self._n_times

    @property
    def ndim(self) -> int:
        """Always 3."""
        return 3

    @property
    def dtype(self) -> np.dtype:
        """Common dtype of the windows, float32 or float64; integers come out as float64."""
        used = self._index.used() or range(len(self._signals))
        return np.result_type(*(float_type(self._signals[i]) for i in used))

    @property
    def duration(self) -> float:
        """Length of a window in seconds."""
        return self._n_times / self.sfreq

    @property
    def continuous(self) -> bool:
        """Whether every window is cut from a recording, whose surroundings are at hand."""
        return all(self._signals[i].ndim == 2 for i in self._index.used())

    @property
    def data(self) -> NDArray[np.floating]:
        """The windows as a read-only array of floats; a view where that is possible."""
        sources = self._index.by_source()
        if len(sources) == 1:
            signal = self._signals[sources[0][0]]
            out = as_float(take(signal, self._index.start, self._n_times)).view()
        else:
            out = np.empty(self.shape, dtype=self.dtype)
            for source, rows in sources:
                out[rows] = take(self._signals[source], self._index.start[rows], self._n_times)
        out.flags.writeable = False
        return out

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray:
        return np.array(self.data, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        return len(self._index)

    def __getitem__(self, key: Any) -> Any:
        """Index windows: an integer gives one window as an array, all else `Windows`."""
        key = normal_key(key)
        if isinstance(key, slice) or np.ndim(key):
            return self._with(self._signals, self._index[key])
        return self._with(self._signals, self._index[[operator.index(key)]]).data[0]

    def __getstate__(self) -> dict[str, Any]:
        signals, index = without_the_unused(self._signals, self._index)
        # Without windows one empty array remains, to carry the dtype.
        signals = signals or [np.empty((0, *self.shape[1:]), self.dtype)]
        state = {
            name: value
            for name, value in self.__dict__.items()
            if name not in ("_index", "report_")
        }
        if self._origins:
            present = set(self.record.tolist())
            state["_origins"] = {k: v for k, v in self._origins.items() if k in present}
        return state | index.columns() | {"_signals": tuple(signals)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        columns = WindowIndex.__dataclass_fields__
        self.__dict__.update({k: v for k, v in state.items() if k not in columns})
        self._index = WindowIndex(**{name: state[name] for name in columns})

    def __repr__(self) -> str:
        n, n_channels, _ = self.shape
        text = (
            f"Windows({n} x {n_channels} channels x {self.duration:g} s at {self.sfreq:g} Hz, "
            f"every {self.step:g} s; {len(np.unique(self.record))} records"
        )
        if self.patient is not None:
            text += f", {len(np.unique(self.patient))} patients"
        return text + ")"

    def _repr_html_(self) -> str:
        names = ", ".join(self.ch_names[:6]) + (", ..." if len(self.ch_names) > 6 else "")
        hours = sum(info.observed or 0.0 for info in self.recordings().values()) / 3600
        rows = {
            "windows": f"{len(self)} of {self.duration:g} s, every {self.step:g} s",
            "channels": f"{len(self.ch_names)}: {names}",
            "sampling rate": f"{self.sfreq:g} Hz",
            "records": f"{len(np.unique(self.record))}, {hours:.2f} h covered",
            "patients": "unknown" if self.patient is None else f"{len(np.unique(self.patient))}",
            "samples": f"{self.dtype}, in microvolts",
        }
        cells = "".join(
            f"<tr><th>{name}</th><td>{escape(text)}</td></tr>" for name, text in rows.items()
        )
        return f"<p>Windows</p><table><tbody>{cells}</tbody></table>"

    # ------------------------------------------------------------------ signals

    def all_finite(self) -> bool:
        """Tell whether the signals are finite throughout, also between and around windows.

        Returns
        -------
        bool
            False if any sample of a signal that windows are cut from is NaN or infinite.
        """
        return self.within(np.finfo(np.float64).max)

    def within(self, limit: float) -> bool:
        """Tell whether the signals are finite and within a limit, also between and around windows.

        Parameters
        ----------
        limit : float
            Largest size of a sample in microvolts.

        Returns
        -------
        bool
            False if any sample of a signal that windows are cut from is NaN, infinite or larger.
            Samples of EDF files are not read for it: a range beyond measure is refused on reading.
        """
        signals = (self._signals[source] for source in self._index.used())
        return all(_is_within(signal, limit) for signal in signals)

    def by_signal(self) -> Iterator[tuple[NDArray[np.intp], Self]]:
        """Take the windows apart by the array that they are cut from.

        Yields
        ------
        rows : ndarray of int
            Row numbers of the windows.
        windows : Windows
            These windows alone.
        """
        for source, rows in self._index.by_source():
            index = self._index[rows].replace(source=np.zeros_like(rows))
            yield rows, self._with([self._signals[source]], index)

    def storage_order(self) -> NDArray[np.intp]:
        """Tell in which order windows are cheapest to take.

        Returns
        -------
        ndarray of int, shape (n_windows,)
            Row numbers, signal by signal and in order of time in each: the order in which a
            recording that is read lazily, or a mapped file, is gone through once.
        """
        return np.lexsort((self._index.start, self._index.source))

    def map_signals(self, func: Callable[[NDArray], NDArray]) -> Self:
        """Apply a filter to whatever the windows are cut from.

        Of windows that are read lazily, their recordings are read now, and stay in memory as they
        come out; ``preprocess`` of `Windows.from_edf` leaves them in their files.

        Parameters
        ----------
        func : callable
            Takes and returns an array of floats with time on its last axis, without changing its
            shape. It is given whole recordings where the windows were cut from such, else the
            windows.

        Returns
        -------
        Windows
            The same windows of the changed signals.

        Raises
        ------
        ValueError
            If ``func`` changes a shape.
        """
        return self._map_stored(lambda signal: func(as_float(signal)))

    def _map_each(self, func: Callable[[NDArray], Iterable[NDArray]]) -> Iterator[Self]:
        """Yield the windows of each of the signals that ``func`` makes of the only one."""
        for signal in func(np.asarray(self._signals[self._index.used()[0]])):
            yield self._with(
                [signal], self._index.replace(source=np.zeros_like(self._index.source))
            )

    def _blocks(self, size: int, margin: int) -> Iterator[tuple[NDArray[np.intp], Self]]:
        """Cut the only signal that windows are cut from into blocks.

        Parameters
        ----------
        size : int
            Samples from the start of one block to that of the next. The last one has half to one
            and a half times as many.
        margin : int
            Samples that a block has more than its windows need, on either side.

        Yields
        ------
        rows : ndarray of int
            Row numbers of the windows that start in the block.
        windows : Windows
            These windows, cut from the block. Where it lies depends on the signal alone, not on
            which windows there are.
        """
        signal: Any = self._signals[self._index.used()[0]]
        n_samples = signal.shape[1]
        last = max(1, round(n_samples / size)) - 1
        block = np.minimum(self._index.start // size, last)
        for i in np.unique(block).tolist():
            rows = np.flatnonzero(block == i)
            first = max(i * size - margin, 0)
            end = n_samples
            if i < last:
                end = min((i + 1) * size + self._n_times + margin, n_samples)
            lazy = isinstance(signal, LazySignal)
            part = signal.stretch(first, end) if lazy else signal[:, first:end]
            index = self._index[rows]
            start, source = index.start - first, np.zeros_like(index.source)
            yield rows, self._with([part], index.replace(start=start, source=source))

    def _map_stored(self, func: Callable[[NDArray], NDArray]) -> Self:
        # For filters of our own, which take integers as they are and convert them piece by piece.
        # A recording that none of these windows is cut from is neither read nor filtered.
        used = self._index.used() or range(len(self._signals))
        signals = [
            func(np.asarray(signal)) if i in used else signal
            for i, signal in enumerate(self._signals)
        ]
        for before, after in zip(self._signals, signals, strict=True):
            if before.shape != after.shape:
                raise ValueError(
                    f"func turned a signal of shape {before.shape} into {after.shape}; "
                    "the shape must stay."
                )
        return self._with(signals, self._index)

    # ------------------------------------------------------------------ channels

    def pick(self, ch_names: Sequence[str]) -> Self:
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
        if isinstance(ch_names, str):
            raise TypeError(f"ch_names is the string {ch_names!r}; a sequence of names is needed.")
        missing = [name for name in ch_names if name not in self.ch_names]
        if missing or len(ch_names) == 0:
            raise ValueError(
                f"ch_names asks for {', '.join(missing) or 'no channel'}; "
                f"present are {', '.join(self.ch_names)}."
            )
        index: Any = [self.ch_names.index(name) for name in ch_names]
        n_channels = len(index)
        if index == list(range(index[0], index[0] + n_channels)):
            index = slice(index[0], index[0] + n_channels)  # neighbours: views, no copy
        signals = [take_channels(signal, index) for signal in self._signals]
        new = self._with(signals, self._index)
        new.ch_names = channel_names(ch_names, n_channels)
        return new

    def split_channels(self) -> Self:
        """Turn every channel of every window into a window of its own.

        Returns
        -------
        Windows
            ``n_windows * n_channels`` windows of the one channel ``"channel"``: all channels of the
            first window, then those of the second, and so on. Each channel is a record of its own,
            ``"{record}/{channel}"``, so that what follows a record through time never steps from
            one channel to another. No signal is copied.
        """
        signals = [
            take_channels(signal, slice(c, c + 1))
            for signal in self._signals
            for c in range(len(self.ch_names))
        ]
        new = self._with(signals, self._index.by_channel(self.ch_names))
        new.ch_names = ("channel",)
        new._origins = {
            f"{record}/{name}": origin
            for record, origin in self._origins.items()
            for name in self.ch_names
        }
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
        return segments(self._index.continuous_record(), self.onset, self.step)

    def cells(self) -> NDArray[np.float64]:
        """Share out the covered time among the windows.

        Returns
        -------
        ndarray of float, shape (n_windows, 2)
            Start and end, in seconds of the record, of the time that a window's label speaks for:
            the window itself, less the half of what it shares with the one before and the one
            after. The cells of a record tile the time that its windows cover, each moment once;
            windows with the same onset share one cell.
        """
        return cells(self.record, self.onset, self.duration)

    def recordings(self) -> dict[str, RecordInfo]:
        """Describe the records that these windows come from.

        Returns
        -------
        dict of str to RecordInfo
            By record, in order of first appearance: the end of its last window, the seconds that
            its windows cover, and its patient; where they were cut from a `Recording`, also its
            start, and the time that cannot be judged: gaps, spans that were marked, and what lies
            before its first sample. Such time after the last window is told if no window fits
            in between.
        """
        return records_of(self, timeline_of(self, len(self)), self.cells())

    def judged(self, events: Events) -> NDArray[np.bool_]:
        """Tell which windows lie outside the time that events mark as unjudged.

        Parameters
        ----------
        events : Events
            With `RecordInfo.unjudged` of at least the records of these windows.

        Returns
        -------
        ndarray of bool, shape (n_windows,)
            False where a window shares any time with such a span: ``X[X.judged(events)]`` leaves
            them out.

        Raises
        ------
        ValueError
            If ``events`` does not know a record.
        """
        return judged(self, events)

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
            If ``events`` does not know a record or marks time of a window as unjudged, or
            ``min_overlap`` is outside [0, 1].
        TypeError
            If ``events`` is no `Events`.
        """
        return labels_of(self, events, min_overlap)

    def to_events(self, labels: ArrayLike, *, confidence: ArrayLike | None = None) -> Events:
        """Turn one label a window into events.

        Parameters
        ----------
        labels : array-like of {0, 1} or bool, shape (n_windows,)
            1 where a window is ictal. Of rows with the same record and onset, copies of one window,
            one is enough.
        confidence : array-like of float, shape (n_windows,), default=None
            Probability of each window; an event takes the largest among its own.

        Returns
        -------
        Events
            One event for each run of ictal windows within a stretch, from the start of its first
            to the end of its last cell (see `cells`). Its ``recordings`` are those of `recordings`,
            with the time that cannot be judged.

        Raises
        ------
        ValueError
            If there is not one label a window, or one that is neither 0 nor 1.
        """
        return events_of_labels(self, labels, confidence)


def _is_within(signal: Signal, limit: float) -> bool:
    if not isinstance(signal, LazySignal):
        return is_within(signal, limit)
    if signal.finite:
        return True
    size = max(1, CHUNK // signal.shape[0]) if signal.in_ranges else signal.shape[1]
    return all(
        is_within(np.asarray(signal.stretch(i, min(i + size, signal.shape[1]))), limit)
        for i in range(0, signal.shape[1], size)
    )


# What windows must share to stand in one array.
_ALIKE: dict[str, Callable[[Windows], Any]] = {
    "sfreq": lambda w: w.sfreq,
    "step": lambda w: w.step,
    "ch_names": lambda w: w.ch_names,
    "n_times": lambda w: w.shape[2],
    "having patients": lambda w: w.patient is not None,
}
