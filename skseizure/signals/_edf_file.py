"""An EDF or BDF file whose header is known: its samples in microvolts, by edfio."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._edf_header import file_state, refuse
from ._filters import resample, resampled_length
from ._lazy import LazySignal
from ._recording import Recording


@dataclass(frozen=True)
class EdfChannel:
    """Where a channel is in its file, and how its numbers become microvolts.

    Parameters
    ----------
    name : str
        Unique name.
    number : int
        Its place among the signals that edfio lists.
    width : int
        Samples in a data record.
    sfreq : float
        Sampling rate in the file.
    gain, offset : float
        Microvolts are ``gain * number + offset``.
    """

    name: str
    number: int
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
    def n_samples(self) -> int:
        """Samples of each channel of the recording."""
        return sum(stretch.n_samples for stretch in self.stretches)

    def narrow(self, channels: Sequence[int]) -> EdfFile:
        """Return the same file with some of the channels."""
        return replace(self, channels=tuple(self.channels[i] for i in channels))

    def recording(self, data: Any) -> Recording:
        """Return a recording of this file with ``data``, shape (n_channels, n_samples)."""
        return Recording(
            data,
            self.sfreq,
            [channel.name for channel in self.channels],
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

    def read(self) -> Recording:
        """Read the samples.

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
        signals = self._decode()
        data = np.empty((len(self.channels), self.n_samples), dtype=self.dtype)
        for row, channel in zip(data, self.channels, strict=True):
            digital = signals[channel.number].digital
            at = place = 0
            for _, n_records, n_samples in self.stretches:
                piece = digital[at : at + n_records * channel.width]
                out = row[place : place + n_samples]
                if channel.sfreq == self.sfreq:
                    channel.to_microvolts(piece[:n_samples], out)
                else:
                    own = channel.to_microvolts(piece, np.empty(len(piece), self.dtype))
                    out[:] = resample(own, channel.sfreq, self.sfreq)[:n_samples]
                at, place = at + len(piece), place + n_samples
        self._refuse_change()  # while it was read
        return self.recording(data)

    def annotations(self) -> list[tuple[float, float, str]]:
        """Return the annotations: seconds from the first sample, length in seconds, text."""
        self._refuse_change()
        try:
            marks = self._open().annotations
        except Exception as error:  # edfio raises many kinds for damaged ones
            raise ValueError(f"{self.path}: edfio cannot read its annotations: {error}") from error
        return [(mark.onset, mark.duration or 0.0, mark.text) for mark in marks]

    def _decode(self) -> Sequence[Any]:
        try:
            signals = self._open().signals
        except Exception as error:
            raise ValueError(f"{self.path}: edfio cannot read it: {error}") from error
        if len(signals) != self.n_signals:
            refuse(self.path, f"has {self.n_signals} signals, but edfio finds {len(signals)}.")
        return signals

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


def shortest(channels: Sequence[EdfChannel], n_records: int, sfreq: float) -> int:
    """Return the samples that every channel has at a sampling rate."""
    # Rounding can leave one sample more at one rate than at another.
    return min(resampled_length(n_records * c.width, c.sfreq, sfreq) for c in channels)
