"""Storage and indexing of windows: the array half of `Windows`."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, DTypeLike, NDArray

from ._lazy import LazySignal
from ._recording import channel_names
from ._samples import (
    as_float,
    float_type,
    is_finite,
    number,
    sampling_rate,
    take_channels,
)


class WindowArray:
    """Windows as rows of arrays or as views on recordings, indexed along the first axis."""

    # A window is (source, start): a row of the 3-D array `_signals[source]`, or the n_times samples
    # from `start` of the 2-D recording `_signals[source]`. Indexing touches these two columns only.
    # Integers stay as they are, a file of 16-bit samples would grow fourfold: whoever takes values
    # gets them as floats. A `LazySignal` stands for a recording that is read when it is needed.
    _signals: tuple[NDArray | LazySignal, ...]
    _source: NDArray[np.intp]
    _start: NDArray[np.intp]

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
        sfreq = sampling_rate(sfreq)
        step = n_times / sfreq if step is None else number("step", step)
        if not (np.isfinite(step) and step > 0):
            raise ValueError(f"step is {step!r}; a time above 0 s is needed.")
        names = [f"ch{i}" for i in range(n_channels)] if ch_names is None else ch_names
        record = _column("record", record, n, str)
        if onset is None:
            onset = np.empty(n)
            for name in np.unique(record):
                rows = record == name
                onset[rows] = np.arange(rows.sum()) * step
        onset = _column("onset", onset, n, float)
        if not np.all(np.isfinite(onset) & (onset >= 0)):
            raise ValueError(
                "onset holds a value that is negative or not finite; seconds from the start of the "
                "record are needed."
            )
        if patient is not None:
            patient = _column("patient", patient, n, str)
            _refuse_two_patients(record, patient)
        self._signals = tuple(signals)
        self._source = np.asarray(source, dtype=np.intp)
        self._start = np.asarray(start, dtype=np.intp)
        self._n_channels, self._n_times = int(n_channels), int(n_times)
        self.sfreq, self.step = sfreq, step
        self.ch_names = channel_names(names, n_channels)
        self.record: NDArray[np.str_] = _frozen(record)
        self.onset: NDArray[np.float64] = _frozen(onset)
        self.patient: NDArray[np.str_] | None = None if patient is None else _frozen(patient)

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
        signals: dict[int, NDArray | LazySignal] = {}
        number: dict[int, int] = {}
        source = []
        for part in parts:
            translate = np.zeros(len(part._signals), dtype=np.intp)
            for old, _ in part._groups():
                signal = part._signals[old]
                signals[id(signal)] = signal
                translate[old] = number.setdefault(id(signal), len(number))
            source.append(translate[part._source])
        self = cls.__new__(cls)
        self._setup(
            signals=tuple(signals.values()) or first._signals,
            source=np.concatenate(source),
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
        self._refuse_contested_time()
        return self

    def _refuse_contested_time(self) -> None:
        order = np.lexsort((self._source, self.onset, self.record))
        record, onset, source = self.record[order], self.onset[order], self._source[order]
        clash = (record[1:] == record[:-1]) & (onset[1:] == onset[:-1]) & (np.diff(source) != 0)
        if np.any(clash):
            name, time = record[1:][clash][0], onset[1:][clash][0]
            raise ValueError(
                f"parts hold record {str(name)!r} at {time:g} s from different signals; every "
                "record needs a name of its own."
            )

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
        """Common dtype of the windows, float32 or float64; integers come out as float64."""
        used = np.unique(self._source) if len(self) else range(len(self._signals))
        return np.result_type(*(float_type(self._signals[i]) for i in used))

    @property
    def duration(self) -> float:
        """Length of a window in seconds."""
        return self._n_times / self.sfreq

    @property
    def continuous(self) -> bool:
        """Whether every window is cut from a recording, whose surroundings are at hand."""
        return all(self._signals[i].ndim == 2 for i in np.unique(self._source))

    @property
    def data(self) -> NDArray[np.floating]:
        """The windows as a read-only array of floats; a view where that is possible."""
        groups = self._groups()
        if len(groups) == 1:
            out = as_float(self._rows(groups[0][0], self._start)).view()
        else:
            out = np.empty(self.shape, dtype=self.dtype)
            for source, rows in groups:
                out[rows] = self._rows(source, self._start[rows])
        out.flags.writeable = False
        return out

    def _groups(self) -> list[tuple[int, NDArray[np.intp]]]:
        # Each signal that is used, with the rows of its windows in ascending order.
        order = np.argsort(self._source, kind="stable")
        used, first = np.unique(self._source[order], return_index=True)
        return (
            list(zip(used.tolist(), np.split(order, first[1:]), strict=True)) if len(self) else []
        )

    def all_finite(self) -> bool:
        """Tell whether the signals are finite throughout, also between and around windows.

        Returns
        -------
        bool
            False if any sample of a signal that windows are cut from is NaN or infinite.
        """
        signals = (self._signals[source] for source, _ in self._groups())
        return all(
            (isinstance(signal, LazySignal) and signal.finite) or is_finite(np.asarray(signal))
            for signal in signals
        )

    def _rows(self, source: int, start: NDArray[np.intp]) -> NDArray:
        signal = np.asarray(self._signals[source])
        if signal.ndim == 2:
            signal = sliding_window_view(signal, self._n_times, axis=1).swapaxes(0, 1)
        gaps = np.diff(start)
        if len(start) and np.all(gaps == gaps[:1]) and (len(gaps) == 0 or gaps[0] > 0):
            return signal[start[0] : start[-1] + 1 : gaps[0] if len(gaps) else 1]
        return signal[start]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray:
        return np.array(self.data, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        return len(self._start)

    def __getitem__(self, key: Any) -> Any:
        """Index windows: an integer gives one window as an array, all else `Windows`."""
        if isinstance(key, tuple):
            whole = [
                k
                for k in key[1:]
                if not (k is Ellipsis or (isinstance(k, slice) and k == slice(None)))
            ]
            if not key or whole or key[0] is Ellipsis:
                raise IndexError(
                    "Windows are indexed along their first axis only; "
                    "np.asarray(windows) indexes the others, pick() chooses channels."
                )
            key = key[0]
        if isinstance(key, int | np.integer) or (np.ndim(key) == 0 and not isinstance(key, slice)):
            return self._subset([operator.index(key)]).data[0]
        if not isinstance(key, slice):
            key = np.asarray(key)
            if key.size == 0 and key.dtype != bool:
                key = key.astype(np.intp)
            if key.ndim != 1:
                raise IndexError(f"Windows need a one-dimensional index, found {key.ndim}-D.")
        return self._subset(key)

    def _subset(self, key: Any) -> Self:
        new = self._shallow()
        for name in ("_source", "_start", "record", "onset", "patient"):
            column = getattr(self, name)
            setattr(new, name, None if column is None else _frozen(column[key]))
        return new

    def _shallow(self) -> Self:
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__)
        return new

    def __getstate__(self) -> dict[str, Any]:
        # Unused signals stay behind. A recording travels whole, so that what filters it before the
        # windows are cut finds the same surroundings in every process.
        state = self.__dict__.copy()
        signals: list[NDArray | LazySignal] = []
        source, start = self._source.copy(), self._start.copy()
        for new, (old, mine) in enumerate(self._groups()):
            signal, source[mine] = self._signals[old], new
            if isinstance(signal, LazySignal):
                signals.append(signal)
                continue
            if signal.ndim == 3:
                rows, start[mine] = np.unique(start[mine], return_inverse=True)
                signal = signal[rows]
            signals.append(np.ascontiguousarray(signal))
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

    # ------------------------------------------------------------------ signals

    def by_signal(self) -> Iterator[tuple[NDArray[np.intp], Self]]:
        """Take the windows apart by the array that they are cut from.

        Yields
        ------
        rows : ndarray of int
            Row numbers of the windows.
        windows : Windows
            These windows alone.
        """
        for source, rows in self._groups():
            part = self._subset(rows)
            part._signals, part._source = (self._signals[source],), np.zeros_like(rows)
            yield rows, part

    def storage_order(self) -> NDArray[np.intp]:
        """Tell in which order windows are cheapest to take.

        Returns
        -------
        ndarray of int, shape (n_windows,)
            Row numbers, signal by signal and in order of time in each: the order in which a
            recording that is read lazily, or a mapped file, is gone through once.
        """
        return np.lexsort((self._start, self._source))

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

    def _map_stored(self, func: Callable[[NDArray], NDArray]) -> Self:
        # For filters of our own, which take integers as they are and convert them piece by piece.
        # A recording that none of these windows is cut from is neither read nor filtered.
        used = set(np.unique(self._source)) if len(self) else range(len(self._signals))
        new = self._shallow()
        new._signals = tuple(
            func(np.asarray(signal)) if i in used else signal
            for i, signal in enumerate(self._signals)
        )
        for before, after in zip(self._signals, new._signals, strict=True):
            if before.shape != after.shape:
                raise ValueError(
                    f"func turned a signal of shape {before.shape} into {after.shape}; "
                    "the shape must stay."
                )
        return new

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
        new = self._shallow()
        new._signals = tuple(take_channels(signal, index) for signal in self._signals)
        new.ch_names, new._n_channels = channel_names(ch_names, n_channels), n_channels
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
        n, n_channels, _ = self.shape
        new = self._shallow()
        new._signals = tuple(
            take_channels(signal, slice(c, c + 1))
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


# What windows must share to stand in one array.
_ALIKE: dict[str, Callable[[WindowArray], Any]] = {
    "sfreq": lambda w: w.sfreq,
    "step": lambda w: w.step,
    "ch_names": lambda w: w.ch_names,
    "n_times": lambda w: w.shape[2],
    "having patients": lambda w: w.patient is not None,
}


def _frozen(column: NDArray) -> NDArray:
    # Slices share their columns with the whole: a change to one would change the other.
    column = column.view()
    column.flags.writeable = False
    return column


def _refuse_two_patients(record: NDArray[np.str_], patient: NDArray[np.str_]) -> None:
    pairs = np.unique(np.column_stack([record, patient]), axis=0)
    names, count = np.unique(pairs[:, 0], return_counts=True)
    if np.any(count > 1):
        name = names[np.argmax(count)]
        raise ValueError(
            f"record {str(name)!r} belongs to the patients "
            f"{', '.join(pairs[pairs[:, 0] == name, 1])}; every record needs a name of its own."
        )


def _column(name: str, values: ArrayLike, n: int, dtype: type) -> NDArray:
    given = np.asarray(values)
    if dtype is str and _holds_nothing(given):
        raise ValueError(f"{name} holds None or NaN; every window needs a name.")
    column: NDArray = given.astype(dtype)
    if column.ndim == 0:
        column = np.broadcast_to(column, (n,)).copy()
    if column.shape != (n,):
        raise ValueError(f"{name} has shape {column.shape}; one for each of {n} windows is needed.")
    return column


def _holds_nothing(names: NDArray) -> bool:
    # As text, all of these would be one record or patient, "None" or "nan".
    if names.dtype.kind == "f":
        return bool(np.isnan(names).any())
    if names.dtype.kind != "O":
        return False
    missing = getattr(sys.modules.get("pandas"), "NA", None)  # there is none without pandas
    values = names.ravel().tolist()
    return any(value is None or value is missing or value != value for value in values)
