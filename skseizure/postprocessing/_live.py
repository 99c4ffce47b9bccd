"""Samples of a record as they arrive: cut into windows, with the time that cannot be judged."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from .._core.timeline import ROUNDING
from ..signals import Windows
from ..signals._quality import bad_cells, cell_samples

JITTER = 0.1  # seconds by which a start may differ from the end of the samples before


@dataclass(frozen=True)
class Cutter:
    """How samples become windows.

    Parameters
    ----------
    sfreq : float
        Sampling rate in Hz.
    n_times, n_step : int
        Length of a window and distance of two, in samples.
    ch_names : tuple of str
        Channels.
    checks : tuple of str
        Checks of quality, see `check_quality`; none if empty.
    """

    sfreq: float
    n_times: int
    n_step: int
    ch_names: tuple[str, ...]
    checks: tuple[str, ...]

    def checked(self, samples: ArrayLike) -> NDArray[np.floating]:
        """Return a copy of samples as floats, shape (n_channels, n), or raise."""
        given = np.asarray(samples)
        if given.dtype.kind not in "iuf":
            raise ValueError(f"samples has dtype {given.dtype}; real numbers are needed.")
        if given.ndim == 1 and len(self.ch_names) == 1:
            given = given[np.newaxis]
        if given.ndim != 2 or len(given) != len(self.ch_names):
            raise ValueError(
                f"samples has shape {given.shape}; ({len(self.ch_names)}, n) is needed, one row "
                f"for each of {', '.join(self.ch_names[:4])}{', ...' * (len(self.ch_names) > 4)}."
            )
        return given.astype(np.float32 if given.dtype == np.float32 else np.float64)


class LiveRecord:
    """One record as far as its samples have arrived.

    Parameters
    ----------
    cutter : Cutter
        How they become windows.
    record : str
        Name of the record.
    patient : str or None
        Its patient.

    Attributes
    ----------
    unjudged : tuple of (float, float)
        Time that cannot be judged so far, in seconds of the record.
    """

    # All times are counted in samples from the last gap, and computed from these whole numbers, so
    # that chunks of any length give the same bits. Tuples and arrays are replaced, never changed:
    # a shallow copy is a copy.

    def __init__(self, cutter: Cutter, record: str, patient: str | None) -> None:
        self.cutter, self.record, self.patient = cutter, record, patient
        self.unjudged: tuple[tuple[float, float], ...] = ()
        self._origin: float | None = None  # time of the first sample since the last gap
        self._count = 0  # samples since then
        self._stretch = -1  # number of stretches before the current one
        self._open = False  # whether the last sample was finite
        self._begin = 0.0  # time of the stretch's first sample
        self._chunks: tuple[NDArray[np.floating], ...] = ()
        self._kept = 0  # samples in them
        self._first = 0  # number, in the stretch, of the first sample that is kept
        self._window = 0  # the same of the next window's first sample
        self._cell = 0  # and of the first sample whose quality is not known
        self._bad: tuple[int, ...] = ()  # cells that the next windows may touch

    def push(self, samples: ArrayLike, start: float | None) -> list[Windows]:
        """Go on with the next samples, and return the windows that are complete.

        Parameters
        ----------
        samples : array-like, shape (n_channels, n)
            In microvolts.
        start : float or None
            Time of the first of them in seconds of the record. If None, they follow on.

        Returns
        -------
        list of Windows
            In order of time.

        Raises
        ------
        ValueError
            If samples or their start are not as they should be. Nothing has changed then.
        """
        data = self.cutter.checked(samples)
        found = self._go_to(start)
        absent = ~np.isfinite(data).all(axis=0)
        edges = [0, *(np.flatnonzero(np.diff(absent)) + 1).tolist(), data.shape[1]]
        for first, last in pairwise(edges):
            if first == last:
                continue
            if absent[first]:
                found += self._close()
                self._mark(self._time(first), self._time(last))
                continue
            if not self._open:
                self._open, self._begin = True, self._time(first)
                self._stretch += 1
            self._chunks = (*self._chunks, data[:, first:last])
            self._kept += last - first
        self._count += data.shape[1]
        return found + self._cut(final=False)

    def _time(self, ahead: int = 0) -> float:
        return (self._origin or 0.0) + (self._count + ahead) / self.cutter.sfreq

    def _go_to(self, start: float | None) -> list[Windows]:
        if start is not None and not (np.isfinite(start) and start >= 0):
            raise ValueError(f"start is {start!r}; seconds from the record's start are needed.")
        if self._origin is None:
            self._origin = 0.0 if start is None else float(start)
            self._mark(0.0, self._origin)
            return []
        if start is None:
            return []
        now = self._time()
        if start < now - JITTER:
            raise ValueError(
                f"start is {start:g} s, but record {self.record!r} has had samples up to {now:g} "
                "s; samples must arrive in order of time."
            )
        if start <= now + JITTER:
            return []
        found = self._close()
        self._mark(now, float(start))
        self._origin, self._count = float(start), 0
        return found

    def _mark(self, start: float, end: float) -> None:
        if end <= start:
            return
        if self.unjudged and start <= self.unjudged[-1][1] + ROUNDING:
            start, end = self.unjudged[-1][0], max(end, self.unjudged[-1][1])
            self.unjudged = self.unjudged[:-1]
        self.unjudged = (*self.unjudged, (start, end))

    def _close(self) -> list[Windows]:
        """End the stretch; another begins with the next finite sample."""
        found = self._cut(final=True)
        self._open, self._chunks, self._bad = False, (), ()
        self._kept = self._first = self._window = self._cell = 0
        return found

    def _cut(self, *, final: bool) -> list[Windows]:
        """Return the windows of the stretch that are complete, and whose quality is known."""
        cut, end = self.cutter, self._first + self._kept
        n_cell = cell_samples(cut.sfreq) if cut.checks else 1
        known = end if final else end - (end - self._cell) % n_cell
        n_windows = max((known - cut.n_times - self._window) // cut.n_step + 1, 0)
        if n_windows == 0 and (known == self._cell or not cut.checks):
            return []
        signal = np.concatenate(self._chunks, axis=1)
        if cut.checks:
            self._check(signal[:, self._cell - self._first : known - self._first], n_cell)
        self._cell = known
        found = self._windows(signal, n_windows, n_cell) if n_windows else []
        self._window += n_windows * cut.n_step
        self._bad = tuple(cell for cell in self._bad if cell + n_cell > self._window)
        kept = min(self._window, end, known)
        self._chunks = (signal[:, kept - self._first :].copy(),)
        self._kept, self._first = end - kept, kept
        return found

    def _check(self, signal: NDArray[np.floating], n_cell: int) -> None:
        """Mark the cells that are too poor to judge; the last one may be shorter."""
        cut, bad = self.cutter, list(self._bad)
        whole = signal.shape[1] - signal.shape[1] % n_cell
        for at, part in ((0, signal[:, :whole]), (whole, signal[:, whole:])):
            lost = bad_cells(part, min(n_cell, part.shape[1]), cut.sfreq, cut.checks)
            for cell in (self._cell + at + np.flatnonzero(lost) * n_cell).tolist():
                bad.append(cell)
                end = min(cell + n_cell, self._cell + signal.shape[1])
                self._mark(self._begin + cell / cut.sfreq, self._begin + end / cut.sfreq)
        self._bad = tuple(bad)

    def _windows(self, signal: NDArray[np.floating], n: int, n_cell: int) -> list[Windows]:
        cut = self.cutter
        at = self._window + np.arange(n) * cut.n_step
        first = self._window - self._first
        data = sliding_window_view(signal, cut.n_times, axis=1)[:, first :: cut.n_step]
        data = data[:, :n].swapaxes(0, 1)
        if self._bad:
            cells = np.array(self._bad)[:, np.newaxis]
            good = ~((cells < at + cut.n_times) & (cells + n_cell > at)).any(axis=0)
            at, data = at[good], data[good]
        if not len(at):
            return []
        return [
            Windows(
                data,
                sfreq=cut.sfreq,
                record=self.record,
                onset=self._begin + at / cut.sfreq,
                step=cut.n_step / cut.sfreq,
                ch_names=cut.ch_names,
                patient=self.patient,
                stretch=np.full(len(at), self._stretch),
            )
        ]
