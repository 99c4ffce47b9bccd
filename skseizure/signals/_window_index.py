"""Where each window comes from: the columns of `Windows`, and how samples are found by them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from ._lazy import LazySignal

Signal = NDArray | LazySignal


@dataclass(frozen=True, eq=False)
class WindowIndex:
    """One row for each window; never changed, and subset as a whole.

    Parameters
    ----------
    source : ndarray of int, shape (n_windows,)
        Number of the signal that a window is cut from.
    start : ndarray of int, shape (n_windows,)
        Row of a signal that is an array of windows, or first sample in one that is a recording.
    record, onset : ndarray, shape (n_windows,)
        As in `Windows`.
    patient : ndarray, shape (n_windows,), or None
        As in `Windows`.
    stretch : ndarray of int, shape (n_windows,), or None
        Number of the stretch of its record that a window is in, where a signal does not go on
        though the next window follows in time. None if that is nowhere so.
    """

    source: NDArray[np.intp]
    start: NDArray[np.intp]
    record: NDArray[np.str_]
    onset: NDArray[np.float64]
    patient: NDArray[np.str_] | None
    stretch: NDArray[np.intp] | None = None

    def __post_init__(self) -> None:
        # Slices share their columns with the whole: a change to one would change the other.
        for name, column in self.columns().items():
            if column is not None:
                column = column.view()
                column.flags.writeable = False
            object.__setattr__(self, name, column)

    @classmethod
    def checked(
        cls,
        *,
        source: ArrayLike,
        start: ArrayLike,
        record: ArrayLike,
        onset: ArrayLike | None,
        patient: ArrayLike | None,
        step: float,
        stretch: ArrayLike | None = None,
    ) -> WindowIndex:
        """Validate the columns that a caller gave; see `Windows` for the errors.

        Parameters
        ----------
        source, start, record, onset, patient, stretch : array-like
            The columns. ``record`` and ``patient`` may be scalars. If ``onset`` is None, windows
            follow one another every ``step`` seconds within each record.
        step : float
            Seconds between successive windows.

        Returns
        -------
        WindowIndex
            With the columns as arrays of their types.
        """
        start = np.asarray(start, dtype=np.intp)
        n = len(start)
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
        if stretch is not None:
            stretch = _column("stretch", stretch, n, np.intp)
        return cls(np.asarray(source, dtype=np.intp), start, record, onset, patient, stretch)

    @classmethod
    def concatenate(cls, parts: Sequence[WindowIndex]) -> WindowIndex:
        """Join indices, all with patients or all without, in the order given."""
        if any(part.stretch is not None for part in parts):
            zeros = [np.zeros(len(part), dtype=np.intp) for part in parts]
            parts = [
                part if part.stretch is not None else part.replace(stretch=none)
                for part, none in zip(parts, zeros, strict=True)
            ]
        columns: dict[str, Any] = {
            name: None
            if parts[0].columns()[name] is None
            else np.concatenate([getattr(part, name) for part in parts])
            for name in parts[0].columns()
        }
        if columns["patient"] is not None:
            _refuse_two_patients(columns["record"], columns["patient"])
        index = cls(**columns)
        index._refuse_contested_time()
        return index

    def columns(self) -> dict[str, NDArray | None]:
        """Return the columns by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def replace(self, **columns: NDArray) -> WindowIndex:
        """Return an index with some columns changed."""
        return WindowIndex(**(self.columns() | columns))  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, rows: Any) -> WindowIndex:
        """Choose rows, by anything that indexes a column to a column."""
        return WindowIndex(
            **{  # type: ignore[arg-type]
                name: None if column is None else column[rows]
                for name, column in self.columns().items()
            }
        )

    def continuous_record(self) -> NDArray[np.str_]:
        """Return a name for each window that differs where its signal does not go on."""
        if self.stretch is None:
            return self.record
        return np.char.add(np.char.add(self.record, "\0"), self.stretch.astype(str))

    def used(self) -> list[int]:
        """Return the numbers of the signals that windows are cut from, in ascending order."""
        return np.unique(self.source).tolist()

    def by_source(self) -> list[tuple[int, NDArray[np.intp]]]:
        """Return each signal that is used, with the rows of its windows in ascending order."""
        order = np.argsort(self.source, kind="stable")
        used, first = np.unique(self.source[order], return_index=True)
        return list(zip(used.tolist(), np.split(order, first)[1:], strict=True))

    def by_channel(self, ch_names: Sequence[str]) -> WindowIndex:
        """Return the index of each channel's windows, where each signal was split in channels."""
        n = len(ch_names)
        channel = np.tile(np.arange(n), len(self))
        names = np.array([f"/{name}" for name in ch_names])
        repeated = self[np.repeat(np.arange(len(self)), n)]
        return repeated.replace(
            source=repeated.source * n + channel,
            record=np.char.add(repeated.record, names[channel]),
        )

    def _refuse_contested_time(self) -> None:
        order = np.lexsort((self.source, self.onset, self.record))
        record, onset, source = self.record[order], self.onset[order], self.source[order]
        clash = (record[1:] == record[:-1]) & (onset[1:] == onset[:-1]) & (np.diff(source) != 0)
        if np.any(clash):
            name, time = record[1:][clash][0], onset[1:][clash][0]
            raise ValueError(
                f"parts hold record {str(name)!r} at {time:g} s from different signals; every "
                "record needs a name of its own."
            )


def normal_key(key: Any) -> Any:
    """Return what selects rows in an index along the first axis of windows, or raise."""
    if isinstance(key, tuple):
        whole = [
            k for k in key[1:] if not (k is Ellipsis or (isinstance(k, slice) and k == slice(None)))
        ]
        if not key or whole or key[0] is Ellipsis:
            raise IndexError(
                "Windows are indexed along their first axis only; "
                "np.asarray(windows) indexes the others, pick() chooses channels."
            )
        key = key[0]
    if isinstance(key, bool | np.bool_):
        raise IndexError(
            f"Windows were indexed by {key}; integers or a mask are needed. A comparison with "
            "X.patient gives no mask where patients are unknown (X.patient is None)."
        )
    if isinstance(key, slice) or np.ndim(key) == 0:
        return key
    key = np.asarray(key)
    if key.size == 0 and key.dtype != bool:
        key = key.astype(np.intp)
    if key.ndim != 1:
        raise IndexError(f"Windows need a one-dimensional index, found {key.ndim}-D.")
    return key


def take(signal: Signal, start: NDArray[np.intp], n_times: int) -> NDArray:
    """Return windows of a signal; a view where they lie evenly.

    Of a signal in a file, no more is read than from the first of them to the last, and what windows
    far apart need one after the other.
    """
    if isinstance(signal, LazySignal) and len(start):
        first, end = int(start.min()), int(start.max()) + n_times
        far = len(start) * n_times < (end - first) / 4 and len(start) > 1
        if signal.in_ranges and far:
            out = np.empty((len(start), signal.shape[0], n_times), dtype=signal.dtype)
            order = np.argsort(start, kind="stable")
            half = len(start) // 2
            for rows in (order[:half], order[half:]):
                out[rows] = take(signal, start[rows], n_times)
            return out
        signal, start = signal.stretch(first, end), start - first
    data = np.asarray(signal)
    if data.ndim == 2:
        data = sliding_window_view(data, n_times, axis=1).swapaxes(0, 1)
    gaps = np.diff(start)
    if len(start) and np.all(gaps == gaps[:1]) and (len(gaps) == 0 or gaps[0] > 0):
        return data[start[0] : start[-1] + 1 : gaps[0] if len(gaps) else 1]
    return data[start]


def share_signals(
    parts: Iterable[tuple[Sequence[Signal], WindowIndex]],
) -> tuple[list[Signal], list[WindowIndex]]:
    """Collect the signals that parts use, each once, and number the parts' sources anew."""
    signals: dict[int, Signal] = {}
    number: dict[int, int] = {}
    indices = []
    for own, index in parts:
        translate = np.zeros(len(own), dtype=np.intp)
        for old in index.used():
            signals[id(own[old])] = own[old]
            translate[old] = number.setdefault(id(own[old]), len(number))
        indices.append(index.replace(source=translate[index.source]))
    return list(signals.values()), indices


def without_the_unused(
    signals: Sequence[Signal], index: WindowIndex
) -> tuple[list[Signal], WindowIndex]:
    """Leave out what no window needs: whole signals, and rows of those that hold windows.

    A recording stays whole, so that what filters it before the windows are cut finds the same
    surroundings in every process.
    """
    kept: list[Signal] = []
    source, start = index.source.copy(), index.start.copy()
    for new, (old, rows) in enumerate(index.by_source()):
        signal, source[rows] = signals[old], new
        if not isinstance(signal, LazySignal):
            if signal.ndim == 3:
                used, start[rows] = np.unique(start[rows], return_inverse=True)
                signal = signal[used]
            signal = np.ascontiguousarray(signal)
        kept.append(signal)
    return kept, index.replace(source=source, start=start)


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
