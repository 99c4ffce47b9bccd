"""An EDF or BDF file whose header is known: its samples in microvolts, by edfio."""

from __future__ import annotations

import mmap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ._edf_header import file_state, refuse
from ._filters import resample, resampled_length
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
    n_samples : int
        Samples in the file.
    sfreq : float
        Sampling rate in the file.
    gain, offset : float
        Microvolts are ``gain * number + offset``.
    """

    name: str
    number: int
    n_samples: int
    sfreq: float
    gain: float
    offset: float


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
    n_records, n_bytes : int
        Whole data records, and where the last of them ends in the file.
    n_signals : int
        Signals that edfio should list.
    channels : tuple of EdfChannel
        The channels to read.
    sfreq : float
        Sampling rate of the recording.
    n_samples : int
        Samples of each channel of the recording.
    dtype, record, patient, start
        As in `Recording`.
    """

    path: Path
    state: tuple[int, int]
    format: str
    n_records: int
    n_bytes: int
    n_signals: int
    channels: tuple[EdfChannel, ...]
    sfreq: float
    n_samples: int
    dtype: np.dtype
    record: str
    patient: str | None
    start: datetime | None

    @property
    def original_sfreq(self) -> float:
        """Lowest sampling rate of the channels in the file."""
        return min(channel.sfreq for channel in self.channels)

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
        )

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
            if channel.sfreq == self.sfreq:
                row[:] = digital[: self.n_samples] * channel.gain + channel.offset
            else:
                own = (digital * channel.gain + channel.offset).astype(self.dtype)
                row[:] = resample(own, channel.sfreq, self.sfreq)[: self.n_samples]
        self._refuse_change()  # while it was read
        return self.recording(data)

    def _decode(self) -> Sequence[Any]:
        import edfio

        with self.path.open("rb") as stream:
            raw = mmap.mmap(stream.fileno(), self.n_bytes, access=mmap.ACCESS_COPY)
        # In this copy the header fits the data: edfio then has nothing to warn of. Silencing it
        # instead would take a lock, as the filters of warnings are of the whole process, and a
        # forked child may inherit a lock that nobody opens.
        raw[236:244] = f"{self.n_records:<8}".encode()
        read = edfio.read_edf if self.format == "EDF" else edfio.read_bdf
        try:
            signals = read(memoryview(raw)).signals
        except Exception as error:
            raise ValueError(f"{self.path}: edfio cannot read it: {error}") from error
        if len(signals) != self.n_signals:
            refuse(self.path, f"has {self.n_signals} signals, but edfio finds {len(signals)}.")
        return signals

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


def shortest(channels: Sequence[EdfChannel], sfreq: float) -> int:
    """Return the samples that every channel has at a sampling rate."""
    # Rounding can leave one sample more at one rate than at another.
    return min(resampled_length(channel.n_samples, channel.sfreq, sfreq) for channel in channels)
