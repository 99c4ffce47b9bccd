"""A file that has been looked at, and how edfio decodes its samples."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._edf_header import Header, refuse
from ._filters import resample, resampled_length
from ._recording import Recording

NO_DATE = date(1985, 1, 1)  # what EDF writes for a date that is not to be known

# Recordings are also read in threads, and the filters of warnings are of the whole process.
_warning_filters = threading.Lock()


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
    format : str
        ``"EDF"`` or ``"BDF"``.
    state : tuple of int
        What `file_state` said of it before it was looked at.
    channels : tuple of EdfChannel
        The channels to read.
    sfreq : float
        Sampling rate of the recording.
    dtype, record, patient, start
        As in `Recording`.
    """

    path: Path
    format: str
    state: tuple[int, int]
    channels: tuple[EdfChannel, ...]
    sfreq: float
    dtype: np.dtype
    record: str
    patient: str | None
    start: datetime | None

    @property
    def n_samples(self) -> int:
        """Samples of each channel of the recording."""
        # Rounding can leave one sample more at one rate than at another.
        return min(resampled_length(c.n_samples, c.sfreq, self.sfreq) for c in self.channels)

    def recording(self, data: Any) -> Recording:
        """Return a recording of this file with ``data``, shape (n_channels, n_samples)."""
        names = [channel.name for channel in self.channels]
        return Recording(data, self.sfreq, names, self.record, self.patient, self.start)

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
        signals = decode(self.path, self.format, self.path).signals
        data = np.empty((len(self.channels), self.n_samples), dtype=self.dtype)
        for sfreq in {channel.sfreq for channel in self.channels}:
            rows = [i for i, channel in enumerate(self.channels) if channel.sfreq == sfreq]
            alike = [self.channels[i] for i in rows]
            if len(alike) == len(data) and sfreq == self.sfreq:
                _fill(data, alike, signals)
            else:
                block = np.empty((len(alike), alike[0].n_samples), dtype=self.dtype)
                _fill(block, alike, signals)
                block = block if sfreq == self.sfreq else resample(block, sfreq, self.sfreq)
                data[rows] = block[:, : self.n_samples]
        self._refuse_change()  # while it was read
        return self.recording(data)

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


def file_state(path: Path) -> tuple[int, int]:
    """Return the size of a file in bytes and the time of its last change in nanoseconds."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def decode(path: Path, file_format: str, source: Path | io.BytesIO) -> Any:
    """Open a file, or the first bytes of it, with edfio; what that dislikes becomes our error."""
    import edfio

    read = edfio.read_edf if file_format == "EDF" else edfio.read_bdf
    try:
        with _warning_filters, warnings.catch_warnings():
            # The header reader has compared it with the file, in its own words.
            warnings.filterwarnings("ignore", message=r".DF header indicates .* data records")
            return read(source)
    except OSError:
        raise
    except Exception as error:
        raise ValueError(f"{path}: edfio cannot read it: {error}") from error


def decode_start(header: Header) -> tuple[list[int], datetime | None]:
    """Return the numbers of the signals that edfio lists, and when the recording started."""
    record_bytes = sum(header.samples) * header.sample_bytes
    with header.path.open("rb") as stream:
        file = decode(
            header.path, header.format, io.BytesIO(stream.read(header.n_bytes + record_bytes))
        )
    # edfio lists only signals without exactly this label, the header reader tells it loosely.
    label = f"{header.format} Annotations"
    listed = [i for i, signal in enumerate(header.signals) if signal["label"] != label]
    if len(listed) != len(file.signals):
        refuse(header.path, f"has {len(listed)} signals, but edfio finds {len(file.signals)}.")
    try:
        with _warning_filters, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            start = file.startdatetime
    except Exception:  # edfio raises many kinds for fields that are anonymised or damaged
        return listed, None
    return listed, None if start.date() == NO_DATE else start


def _fill(data: NDArray[np.floating], channels: Iterable[EdfChannel], signals: Any) -> None:
    """Write channels of one rate in microvolts into the rows of ``data``."""
    for row, channel in zip(data, channels, strict=True):
        row[:] = signals[channel.number].digital * channel.gain + channel.offset
