"""One continuous multi-channel recording, before it is cut into windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from .._core.amplitude import LARGEST_AMPLITUDE, is_within
from .._core.errors import prefix_errors
from ._events import RecordInfo
from ._lazy import LazySignal
from ._samples import float_array, number, sampling_rate


@dataclass(frozen=True, eq=False)
class Recording:
    """A continuous multi-channel signal in microvolts and what is known about it.

    Parameters
    ----------
    data : ndarray, shape (n_channels, n_samples)
        Signal in microvolts; float32 or float64 is kept, anything else becomes float64. Of a
        recording that was opened lazily, an array-like that reads its file when it is turned into
        an array.
    sfreq : float
        Sampling rate in Hz.
    ch_names : sequence of str, length n_channels
        Channel labels, unique.
    record : str, default="0"
        Name of the record that the signal belongs to.
    patient : str or None, default=None
        Name of the patient.
    start : datetime or None, default=None
        Wall-clock time of the record's start.
    offset : float, default=0.0
        Seconds from the record's start to the first sample; above zero for a stretch cut out of
        a longer record.
    original_sfreq : float, default=None
        Lowest sampling rate in Hz at which a channel was recorded, before any resampling. If None,
        ``sfreq``.
    stretches : tuple of (float, float), default=None
        Where the signal goes on without a gap: for each stretch its start in seconds from the first
        sample, and its length in seconds, in order. No filter and no window crosses the end of a
        stretch. If None, the signal is one stretch.
    unjudged : tuple of (float, float), default=()
        Spans, from and to in seconds from the first sample, in which nobody can tell whether there
        is a seizure, such as those that are marked as bad. No window touches one.

    Raises
    ------
    ValueError
        If ``data`` is not two-dimensional or empty, ``ch_names`` does not fit it or repeats a
        label, ``sfreq`` is not positive, or ``stretches`` overlap or do not add up to ``data``.
    TypeError
        If ``sfreq`` is no number, or ``ch_names`` a string.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.signals import Recording
    >>> Recording(np.zeros((2, 512)), sfreq=256, ch_names=["F3-C3", "C3-P3"]).duration
    2.0
    """

    data: NDArray[np.floating]
    sfreq: float
    ch_names: Sequence[str]
    record: str = "0"
    patient: str | None = None
    start: datetime | None = None
    offset: float = 0.0
    original_sfreq: float | None = None
    stretches: tuple[tuple[float, float], ...] = None  # type: ignore[assignment]
    unjudged: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        data = self.data if isinstance(self.data, LazySignal) else float_array(self.data)
        if data.ndim != 2 or 0 in data.shape:
            raise ValueError(
                f"data has shape {data.shape}; a recording needs (n_channels, n_samples), "
                "each at least 1."
            )
        ch_names = channel_names(self.ch_names, data.shape[0])
        sfreq = sampling_rate(self.sfreq)
        original = (
            sfreq if self.original_sfreq is None else number("original_sfreq", self.original_sfreq)
        )
        for name, value in {
            "data": data,
            "ch_names": ch_names,
            "sfreq": sfreq,
            "original_sfreq": original,
            "stretches": self._checked_stretches(data.shape[1], sfreq),
            "unjudged": tuple(sorted((float(start), float(end)) for start, end in self.unjudged)),
        }.items():
            object.__setattr__(self, name, value)

    def _checked_stretches(self, n_samples: int, sfreq: float) -> tuple[tuple[float, float], ...]:
        given = self.stretches
        if given is None or len(given) == 1:  # the length of a single one is that of the signal
            return ((0.0 if given is None else float(given[0][0]), n_samples / sfreq),)
        pieces = tuple((float(start), float(length)) for start, length in given)
        ends = [start + length for start, length in pieces]
        if any(later[0] < end - 0.5 / sfreq for end, later in zip(ends, pieces[1:], strict=False)):
            raise ValueError(f"stretches overlap or are not in order: {pieces[:4]}.")
        total = sum(length for _, length in pieces)
        if abs(total * sfreq - n_samples) > len(pieces):  # resampling rounds each
            raise ValueError(
                f"stretches last {total:g} s, but data holds {n_samples / sfreq:g} s; state them "
                "anew where samples are cut off."
            )
        return pieces

    def split(self) -> list[tuple[float, NDArray[np.floating]]]:
        """Return the stretches of the signal.

        Returns
        -------
        list of (float, ndarray of shape (n_channels, n_samples))
            Start of each in seconds from the record's start, and a view on its samples.
        """
        edges = np.cumsum([0.0, *(length for _, length in self.stretches)]) * self.sfreq
        places = np.round(edges).astype(int)
        places[-1] = self.data.shape[1]
        data: Any = self.data
        lazy = isinstance(data, LazySignal)
        return [
            (
                self.offset + start,
                data.stretch(first, end) if lazy else data[:, first:end],
            )
            for (start, _), first, end in zip(
                self.stretches, places[:-1].tolist(), places[1:].tolist(), strict=True
            )
        ]

    @property
    def duration(self) -> float:
        """Seconds from the first sample to the end of the last, gaps included."""
        return sum(self.stretches[-1])

    def info(self) -> RecordInfo:
        """Return what is known of the record: its length, patient, start, and unjudged time.

        Returns
        -------
        RecordInfo
            Gaps, and the time before the first sample, are among its ``unjudged`` spans.
        """
        edges = [0.0]
        for start, length in self.stretches:
            edges += [self.offset + start, self.offset + start + length]
        gaps = [
            (end, start)
            for end, start in zip(edges[::2], edges[1::2], strict=False)
            if start - end > 0.5 / self.sfreq
        ]
        spans = [(self.offset + start, self.offset + end) for start, end in self.unjudged]
        return RecordInfo(
            self.offset + self.duration,
            patient=self.patient,
            start=self.start,
            unjudged=(*gaps, *spans),
        )

    @classmethod
    def from_raw(
        cls,
        raw: Any,
        *,
        picks: Any = ("eeg", "seeg", "ecog"),
        record: str | None = None,
        patient: str | None = None,
        reject_by_annotation: bool = True,
        bad_channels: Literal["raise", "interpolate", "nan", "drop", "keep"] = "raise",
        units: str | Mapping[str, str] | None = None,
    ) -> Recording:
        """Take the signal of an MNE ``Raw`` object.

        Parameters
        ----------
        raw : mne.io.BaseRaw
            Continuous recording in volts, as MNE keeps it; it is not changed.
        picks : anything that MNE takes as picks, default=("eeg", "seeg", "ecog")
            Channels to take.
        record : str, default=None
            Name of the record. If None, the stem of the raw object's file, or ``"0"``.
        patient : str, default=None
            Name of the patient.
        reject_by_annotation : bool, default=True
            If True, annotations that begin with ``BAD`` or ``EDGE``, in any case, go to
            ``unjudged``; where recordings were joined, and where none was made (``BAD_ACQ_SKIP``),
            a stretch ends.
        bad_channels : {"raise", "interpolate", "nan", "drop", "keep"}, default="raise"
            What to do with channels that ``raw.info["bads"]`` lists: refuse them by name, let MNE
            interpolate them from their neighbours, fill them with NaN, leave them out, or take them
            as they are.
        units : {"nV", "uV", "mV", "V"} or mapping of str to these, default=None
            Unit of the channels, or by their names, whose unit MNE does not know and took for
            volts.

        Returns
        -------
        Recording
            In microvolts. ``start`` is the measurement's date, ``offset`` the raw object's
            ``first_time``.

        Raises
        ------
        TypeError
            If ``raw`` is no such object.
        ValueError
            If no channel fits ``picks``, one that does holds no voltage or is listed as bad, or
            nothing is left that can be judged.

        Warns
        -----
        UserWarning
            If MNE does not know a unit and ``units`` does not state it, or if the amplitudes are
            not those of EEG in volts.
        """
        from ._mne import fields_from_raw

        return cls(
            **fields_from_raw(
                raw,
                picks=picks,
                record=record,
                patient=patient,
                reject_by_annotation=reject_by_annotation,
                bad_channels=bad_channels,
                units=units,
            )
        )

    def replace(self, **changes) -> Recording:
        """Return a copy with some fields changed.

        Parameters
        ----------
        **changes
            New values by field name.

        Returns
        -------
        Recording
            The changed copy; what was not named is shared with the original.
        """
        return replace(self, **changes)

    def load(self) -> Recording:
        """Read the samples of a recording that was opened lazily.

        Returns
        -------
        Recording
            The recording with its samples in memory; itself if they are there already.

        Raises
        ------
        ValueError
            If the file has changed since it was opened, or is gone.
        """
        return self.replace(data=self.data.read()) if isinstance(self.data, LazySignal) else self

    def apply(self, preprocess: Callable[[Recording], Recording]) -> Recording:
        """Apply a function to the recording, now or whenever it is read.

        Parameters
        ----------
        preprocess : callable
            Called with the `Recording`, its samples in memory; returns a `Recording`.

        Returns
        -------
        Recording
            What ``preprocess`` returns. If this recording was opened lazily, so is the result:
            ``preprocess`` is called once to learn its shape, and again whenever it is read, and
            must give the same each time. `to_bipolar`, `resample_recording` and
            `filter_recording`, or a ``functools.partial`` of one, read nothing at first, and no
            more than the part that is needed later.

        Raises
        ------
        TypeError
            If ``preprocess`` returns something else than a `Recording`.
        """
        if isinstance(self.data, LazySignal) and _is_lazy(preprocess):
            return preprocess(self)
        changed = _changed(self.load(), preprocess)
        if not isinstance(self.data, LazySignal):
            return changed
        return lazily(self, preprocess, changed, is_within(changed.data, LARGEST_AMPLITUDE))

    def __repr__(self) -> str:
        return (
            f"Recording({self.record!r}: {len(self.ch_names)} channels, "
            f"{self.duration:.1f} s at {self.sfreq:g} Hz)"
        )


_Function = TypeVar("_Function", bound=Callable[..., Any])


def works_lazily(function: _Function) -> _Function:
    """Mark a function that makes a lazy recording of a lazy recording."""
    function.works_lazily = True  # type: ignore[attr-defined]
    return function


def _is_lazy(function: Any) -> bool:
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "works_lazily", False)


def lazily(
    recording: Recording,
    function: Callable[[Recording], Recording],
    outline: Recording,
    finite: bool,
    *,
    pointwise: bool = False,
) -> Recording:
    """Return what a function makes of a lazy recording, whenever it is read.

    Parameters
    ----------
    recording : Recording
        Its samples are in a file.
    function : callable
        From `Recording` to `Recording`.
    outline : Recording
        Like the result in all but the samples.
    finite : bool
        Whether all its samples are known to be finite and of a possible amplitude.
    pointwise : bool, default=False
        Whether the function makes each sample of the samples at the same time alone, so that a part
        of the recording can be read without the rest.

    Returns
    -------
    Recording
        With a `LazySignal` as ``data``.
    """
    source = _Applied(recording, function, pointwise)
    signal = LazySignal(source, outline.data.shape, outline.data.dtype, finite)
    return outline.replace(data=signal)


@dataclass(frozen=True, eq=False)
class _Applied:
    """What a function makes of a lazy recording; a source of signals."""

    recording: Recording
    function: Callable[[Recording], Recording]
    pointwise: bool = False

    @property
    def original_sfreq(self) -> float:
        return self.recording.original_sfreq or self.recording.sfreq

    @property
    def in_ranges(self) -> bool:
        data: Any = self.recording.data
        return self.pointwise and data.in_ranges

    def samples(self, first: int, end: int) -> NDArray[np.floating]:
        data: Any = self.recording.data
        part = self.recording.replace(data=data.stretch(first, end).read(), stretches=None)
        return _changed(part, self.function).data

    def read(self) -> Recording:
        return _changed(self.recording.load(), self.function)

    def narrow(self, channels: Sequence[int]) -> _Applied:
        # Only the function knows what it needs: it is given all, as before.
        chosen = partial(_some_channels, function=self.function, channels=channels)
        return _Applied(self.recording, chosen, self.pointwise)


def _some_channels(
    recording: Recording,
    function: Callable[[Recording], Recording],
    channels: Sequence[int],
) -> Recording:
    changed = _changed(recording, function)
    names = [changed.ch_names[i] for i in channels]
    return changed.replace(data=changed.data[list(channels)], ch_names=names)


def _changed(recording: Recording, preprocess: Callable[[Recording], Recording]) -> Recording:
    changed = preprocess(recording)
    if not isinstance(changed, Recording):
        raise TypeError(
            f"preprocess returned {type(changed).__name__} for record {recording.record!r}; "
            "a Recording is needed."
        )
    return changed.load()


def channel_names(ch_names: Sequence[str], n_channels: int) -> tuple[str, ...]:
    """Return channel names, one for each channel and no two alike."""
    if isinstance(ch_names, str):
        raise TypeError(f"ch_names is the string {ch_names!r}; a sequence of names is needed.")
    with prefix_errors("ch_names"):
        names = tuple(str(name) for name in ch_names)
    if len(names) != n_channels:
        raise ValueError(f"ch_names has {len(names)} names for {n_channels} channels.")
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"ch_names repeats {', '.join(twice)}; channel names must be unique.")
    return names
