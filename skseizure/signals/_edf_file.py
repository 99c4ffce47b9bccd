"""An EDF or BDF file whose header is known: its samples in microvolts, by edfio."""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._edf_header import file_state, refuse
from ._filters import resample, resample_part, resampled_length
from ._lazy import LazySignal
from ._montage import Terms, add_channels
from ._recording import Recording

PIECE = 2**20  # bytes that are read at a time
Numbers = list[NDArray]  # of each channel, as they are in the file


@dataclass(frozen=True)
class EdfChannel:
    """Where a channel is in its file, and how its numbers become microvolts.

    Parameters
    ----------
    name : str
        Unique name.
    number : int
        Its place among the signals that edfio lists.
    place, width : int
        First sample in a data record, and how many there are.
    sfreq : float
        Sampling rate in the file.
    gain, offset : float
        Microvolts are ``gain * number + offset``.
    """

    name: str
    number: int
    place: int
    width: int
    sfreq: float
    gain: float
    offset: float

    def to_microvolts(
        self, digital: NDArray[np.integer], out: NDArray[np.floating]
    ) -> NDArray[np.floating]:
        """Write numbers of the file into ``out`` as microvolts, in the type of ``out``."""
        # No array of doubles in between: that took longer than all else.
        np.multiply(digital, out.dtype.type(self.gain), out=out, dtype=out.dtype)
        out += out.dtype.type(self.offset)
        return out


class EdfStretch(NamedTuple):
    """A run of data records without a gap.

    Parameters
    ----------
    start : float
        Seconds from the first sample of the file.
    n_records : int
        Data records.
    n_samples : int
        Samples of each channel of the recording.
    """

    start: float
    n_records: int
    n_samples: int


@dataclass(frozen=True)
class EdfFile:
    """All that `read_edf` returns of a file but the samples, and what it takes to read these.

    Parameters
    ----------
    path : Path
        The file, absolute.
    state : tuple of int
        What `file_state` said of it before its header was read.
    format : str
        ``"EDF"`` or ``"BDF"``.
    n_bytes : int
        Where the last data record ends in the file.
    fits : bool
        Whether the file holds what its header says.
    record_bytes : int
        Bytes of a data record.
    n_signals : int
        Signals that edfio should list.
    channels : tuple of EdfChannel
        The channels to read.
    sfreq : float
        Sampling rate of the recording.
    stretches : tuple of EdfStretch
        The data records in order.
    dtype, record, patient, start
        As in `Recording`.
    """

    path: Path
    state: tuple[int, int]
    format: str
    n_bytes: int
    fits: bool
    record_bytes: int
    n_signals: int
    channels: tuple[EdfChannel, ...]
    sfreq: float
    stretches: tuple[EdfStretch, ...]
    dtype: np.dtype
    record: str
    patient: str | None
    start: datetime | None

    @property
    def original_sfreq(self) -> float:
        """Lowest sampling rate of the channels in the file."""
        return min(channel.sfreq for channel in self.channels)

    @property
    def in_ranges(self) -> bool:
        """Whether samples can be read without reading all: they can."""
        return True

    @property
    def n_samples(self) -> int:
        """Samples of each channel of the recording."""
        return sum(stretch.n_samples for stretch in self.stretches)

    def narrow(self, channels: Sequence[int]) -> EdfFile:
        """Return the same file with some of the channels."""
        return replace(self, channels=tuple(self.channels[i] for i in channels))

    def recording(self, data: Any, ch_names: Sequence[str] | None = None) -> Recording:
        """Return a recording of this file with ``data``, shape (n_channels, n_samples)."""
        return Recording(
            data,
            self.sfreq,
            [channel.name for channel in self.channels] if ch_names is None else ch_names,
            record=self.record,
            patient=self.patient,
            start=self.start,
            original_sfreq=self.original_sfreq,
            stretches=tuple((s.start, s.n_samples / self.sfreq) for s in self.stretches),
        )

    def lazily(self) -> Recording:
        """Return the recording with its samples left in the file."""
        shape = len(self.channels), self.n_samples
        # Whatever a file's 16 or 24 bits hold, its header has been found to scale it well.
        return self.recording(LazySignal(self, shape, self.dtype, finite=True))

    def read(self, derivations: Mapping[str, Terms] | None = None) -> Recording:
        """Read the samples.

        Parameters
        ----------
        derivations : mapping of str to Terms, default=None
            Channels to return, each with those of the file that it is the sum of. If None, the
            file's channels.

        Returns
        -------
        Recording
            What `read_edf` returns.

        Raises
        ------
        ValueError
            If the file is not there any more, or has changed since it was looked at, also while it
            is read.
        """
        self._refuse_change()
        n_rows = len(self.channels if derivations is None else derivations)
        data = np.empty((n_rows, self.n_samples), dtype=self.dtype)
        digital = None if self.format == "EDF" else self._decode()
        alike = all(channel.sfreq == self.sfreq for channel in self.channels)
        sums = None if derivations is None else list(derivations.values())
        first = place = 0
        for _, n_records, n_samples in self.stretches:
            pieces = self._pieces(digital, first, n_records)
            if not alike:
                pieces = self._resampled(pieces, n_records, n_samples)
            self._fill(data[:, place : place + n_samples], pieces, sums, alike)
            first, place = first + n_records, place + n_samples
        self._refuse_change()  # while it was read
        return self.recording(data, None if derivations is None else list(derivations))

    def _fill(
        self,
        out: NDArray[np.floating],
        pieces: Iterator[Numbers],
        sums: list[Terms] | None,
        digital: bool,
    ) -> None:
        """Derive channels piece by piece, so that what they are derived from stays in the cache."""
        at, rows = 0, np.empty((len(self.channels), 0), self.dtype)
        for numbers in pieces:
            size = numbers[0].size
            n = min(size, out.shape[1] - at)
            there = out[:, at : at + n]
            if sums is None and n == size:
                rows = there
            elif rows.shape[1] < size:
                rows = np.empty((len(self.channels), size), self.dtype)
            for row, values, channel in zip(rows, numbers, self.channels, strict=True):
                if digital:
                    channel.to_microvolts(values, row[:size].reshape(values.shape))
                else:
                    row[:size] = values
            if sums is not None:
                for row, terms in zip(there, sums, strict=True):
                    add_channels(rows[:, :n], terms, row)
            elif rows is not there:
                there[:] = rows[:, :n]
            at += n

    def _resampled(
        self, pieces: Iterator[Numbers], n_records: int, n_samples: int
    ) -> Iterator[Numbers]:
        """Give a whole stretch, in microvolts and at the sampling rate of the recording."""
        own = [np.empty((n_records, channel.width), self.dtype) for channel in self.channels]
        at = 0
        for numbers in pieces:
            for signal, values, channel in zip(own, numbers, self.channels, strict=True):
                channel.to_microvolts(values, signal[at : at + len(values)])
            at += len(numbers[0])
        for i, channel in enumerate(self.channels):
            if channel.sfreq != self.sfreq:
                own[i] = resample(own[i].reshape(-1), channel.sfreq, self.sfreq)
            own[i] = own[i].reshape(-1)[:n_samples]
        yield own

    def _pieces(
        self, digital: Sequence[NDArray] | None, first: int, n_records: int
    ) -> Iterator[Numbers]:
        """Give the numbers of data records, of each channel in the shape (n_records, width)."""
        if digital is not None:
            yield [
                signal[first * c.width : (first + n_records) * c.width].reshape(-1, c.width)
                for signal, c in zip(digital, self.channels, strict=True)
            ]
            return
        # A buffer that is filled again and again, not a map of the file: a map takes a page fault
        # for every 4 kB, and a file that is cut off meanwhile would end the process.
        at_once = min(max(PIECE // self.record_bytes, 1), n_records)
        buffer = np.empty((at_once, self.record_bytes // 2), dtype="<i2")
        offset = self.n_bytes - sum(s.n_records for s in self.stretches) * self.record_bytes
        with self.path.open("rb", buffering=0) as file:
            file.seek(offset + first * self.record_bytes)
            for at in range(0, n_records, at_once):
                piece = buffer[: min(at_once, n_records - at)]
                _read_into(file, piece, self.path)
                yield [piece[:, c.place : c.place + c.width] for c in self.channels]

    def samples(self, first: int, end: int) -> NDArray[np.floating]:
        """Read a range of samples, from the data records that hold them.

        Parameters
        ----------
        first, end : int
            The first sample, and the one after the last.

        Returns
        -------
        ndarray, shape (n_channels, end - first)
            What `read` returns of them, bit for bit.

        Raises
        ------
        ValueError
            As `read`.
        """
        self._refuse_change()
        data = np.empty((len(self.channels), end - first), dtype=self.dtype)
        place = record = 0
        for _, n_records, n_samples in self.stretches:
            low, high = max(first - place, 0), min(end - place, n_samples)
            if low < high:
                out = data[:, place + low - first : place + high - first]
                records = _Records(self, record)
                for row, channel in zip(out, self.channels, strict=True):
                    if channel.sfreq == self.sfreq:
                        channel.to_microvolts(records.digital(channel, low, high), row)
                        continue
                    row[:] = resample_part(
                        partial(records.microvolts, channel),
                        n_records * channel.width,
                        channel.sfreq,
                        self.sfreq,
                        low,
                        high,
                    )
            place, record = place + n_samples, record + n_records
        self._refuse_change()  # while it was read
        return data

    def annotations(self) -> list[tuple[float, float, str]]:
        """Return the annotations: seconds from the first sample, length in seconds, text."""
        self._refuse_change()
        try:
            marks = self._open().annotations
        except Exception as error:  # edfio raises many kinds for damaged ones
            raise ValueError(f"{self.path}: edfio cannot read its annotations: {error}") from error
        return [(mark.onset, mark.duration or 0.0, mark.text) for mark in marks]

    def _decode(self) -> list[NDArray]:
        """Decode the channels of a BDF file, whose numbers have 24 bits."""
        try:
            signals = self._open().signals
        except Exception as error:
            raise ValueError(f"{self.path}: edfio cannot read it: {error}") from error
        if len(signals) != self.n_signals:
            refuse(self.path, f"has {self.n_signals} signals, but edfio finds {len(signals)}.")
        return [signals[channel.number].digital for channel in self.channels]

    def _open(self) -> Any:
        import edfio

        read = edfio.read_edf if self.format == "EDF" else edfio.read_bdf
        if self.fits:
            return read(self.path)
        with self.path.open("rb") as stream:
            raw = mmap.mmap(stream.fileno(), self.n_bytes, access=mmap.ACCESS_COPY)
        # In this copy the header fits the data: edfio then has nothing to warn of. Silencing it
        # instead would take a lock, as the filters of warnings are of the whole process, and a
        # forked child may inherit a lock that nobody opens.
        n_records = sum(stretch.n_records for stretch in self.stretches)
        raw[236:244] = f"{n_records:<8}".encode()
        return read(memoryview(raw))

    def _refuse_change(self) -> None:
        try:
            size, changed = file_state(self.path)
        except FileNotFoundError as error:
            raise ValueError(f"{self.path}: is not there any more.") from error
        if (size, changed) == self.state:
            return
        what = "its time of change is another"
        if size != self.state[0]:
            what = f"it had {self.state[0]} bytes then, {size} now"
        refuse(self.path, f"has changed since it was opened ({what}). Open it again.")


def _read_into(file: io.FileIO, out: NDArray, path: Path) -> None:
    """Fill an array from a file, which may give less than is asked for at a time."""
    left = out.data.cast("B")
    while len(left):
        n = file.readinto(left)
        if not n:
            refuse(path, "has become shorter since it was opened. Open it again.")
        left = left[n:]


class _Records:
    """Data records of a stretch, of which those that were read last are kept.

    Parameters
    ----------
    file : EdfFile
        The file.
    first : int
        The first data record of the stretch.
    """

    def __init__(self, file: EdfFile, first: int) -> None:
        self.file = file
        self.offset = file.n_bytes - sum(s.n_records for s in file.stretches) * file.record_bytes
        self.offset += first * file.record_bytes
        self._held = (0, np.empty((0, file.record_bytes), dtype=np.uint8))

    def digital(self, channel: EdfChannel, first: int, end: int) -> NDArray[np.integer]:
        """Return the numbers of a channel from sample ``first`` to ``end - 1`` of the stretch."""
        start = first // channel.width
        records = self._read(start, -(-end // channel.width))
        width = 2 if self.file.format == "EDF" else 3
        own = records[:, channel.place * width : (channel.place + channel.width) * width]
        numbers = np.ascontiguousarray(own).reshape(-1, width)
        if width == 2:
            values = numbers.view("<i2")[:, 0]
        else:
            wide = np.zeros((len(numbers), 4), dtype=np.uint8)
            wide[:, 1:] = numbers
            values = wide.view("<i4")[:, 0] >> 8  # the sign comes along
        return values[first - start * channel.width : end - start * channel.width]

    def microvolts(self, channel: EdfChannel, first: int, end: int) -> NDArray[np.floating]:
        """Return what `digital` returns in microvolts."""
        return channel.to_microvolts(
            self.digital(channel, first, end), np.empty(end - first, self.file.dtype)
        )

    def _read(self, start: int, end: int) -> NDArray[np.uint8]:
        held, records = self._held
        if not held <= start <= end <= held + len(records):
            size = self.file.record_bytes
            raw = np.empty((end - start, size), dtype=np.uint8)
            with self.file.path.open("rb", buffering=0) as stream:
                stream.seek(self.offset + start * size)
                _read_into(stream, raw, self.file.path)
            held, records = self._held = start, raw
        return records[start - held : end - held]


def shortest(channels: Sequence[EdfChannel], n_records: int, sfreq: float) -> int:
    """Return the samples that every channel has at a sampling rate."""
    # Rounding can leave one sample more at one rate than at another.
    return min(resampled_length(n_records * c.width, c.sfreq, sfreq) for c in channels)
