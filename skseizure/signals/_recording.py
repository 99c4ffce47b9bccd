"""One continuous multi-channel recording, before it is cut into windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from .._core.errors import prefix_errors
from ._lazy import LazySignal
from ._samples import float_array, sampling_rate


@dataclass(frozen=True, eq=False)
class Recording:
    """A continuous multi-channel signal in microvolts and what is known about it.

    Parameters
    ----------
    data : ndarray, shape (n_channels, n_samples)
        Signal in microvolts; float32 or float64 is kept, anything else becomes float64.
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

    Raises
    ------
    ValueError
        If ``data`` is not two-dimensional or empty, ``ch_names`` does not fit it or repeats a
        label, or ``sfreq`` is not positive.
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

    def __post_init__(self) -> None:
        data = self.data if isinstance(self.data, LazySignal) else float_array(self.data)
        if data.ndim != 2 or 0 in data.shape:
            raise ValueError(
                f"data has shape {data.shape}; a recording needs (n_channels, n_samples), "
                "each at least 1."
            )
        ch_names = channel_names(self.ch_names, data.shape[0])
        sfreq = sampling_rate(self.sfreq)
        for name, value in (("data", data), ("ch_names", ch_names), ("sfreq", sfreq)):
            object.__setattr__(self, name, value)

    @property
    def duration(self) -> float:
        """Length of the signal in seconds."""
        return self.data.shape[1] / self.sfreq

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

    def __repr__(self) -> str:
        return (
            f"Recording({self.record!r}: {len(self.ch_names)} channels, "
            f"{self.duration:.1f} s at {self.sfreq:g} Hz)"
        )


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
