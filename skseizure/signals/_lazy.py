"""A signal that stays in its file until samples of it are needed."""

from __future__ import annotations

import io
import os
import pickle
import threading
import types
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any, Protocol
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import DTypeLike, NDArray

# Whoever walks through a corpus in order needs one recording at a time, and two where threads meet
# at the end of one.
KEPT = 2


class Source(Protocol):
    """Where a signal comes from; reads the same whenever it is asked, or raises."""

    @property
    def original_sfreq(self) -> float:
        """Lowest sampling rate of the channels in the file."""

    def read(self) -> Any:
        """Return the `Recording`."""

    def narrow(self, channels: Sequence[int]) -> Source:
        """Return a source of some channels, chosen by their place."""


class LazySignal:
    """Channels of a recording, in the place of the array that they would be.

    ``numpy.asarray`` reads the recording, all of it. Each process keeps those `KEPT` that it needed
    last, and each thread its last one, whatever the number of windows. What is pickled is the way
    to the samples, never these.

    Parameters
    ----------
    source : Source
        Reads the recording.
    shape : tuple of int
        ``(n_channels, n_samples)`` of the recording.
    dtype : dtype
        Its float32 or float64.
    finite : bool
        Whether all its samples are known to be finite and of a possible amplitude.
    channels : sequence of int, default=None
        Numbers of the channels that this signal has. If None, all.
    samples : tuple of (int, int), default=None
        First sample of this signal in the recording, and the one after its last. If None, all.
    """

    ndim = 2

    def __init__(
        self,
        source: Source,
        shape: tuple[int, int],
        dtype: np.dtype,
        finite: bool,
        channels: Sequence[int] | None = None,
        samples: tuple[int, int] | None = None,
    ) -> None:
        self.source, self.dtype, self.finite = source, dtype, finite
        self._whole = shape
        self._channels = tuple(range(shape[0])) if channels is None else tuple(channels)
        self._samples = (0, shape[1]) if samples is None else samples

    @property
    def shape(self) -> tuple[int, int]:
        """``(n_channels, n_samples)``."""
        return len(self._channels), self._samples[1] - self._samples[0]

    def __getitem__(self, channels: slice | Sequence[int]) -> LazySignal:
        """Choose channels by their place, without reading."""
        chosen = np.array(self._channels)[channels].tolist()
        return LazySignal(self.source, self._whole, self.dtype, self.finite, chosen, self._samples)

    def stretch(self, first: int, end: int) -> LazySignal:
        """Choose samples, without reading."""
        return LazySignal(
            self.source,
            self._whole,
            self.dtype,
            self.finite,
            self._channels,
            (self._samples[0] + first, self._samples[0] + end),
        )

    def narrow(self, channels: Sequence[int]) -> LazySignal:
        """Choose channels by their place; whoever reads them reads no others."""
        source = self.source.narrow([self._channels[i] for i in channels])
        whole = len(channels), self._whole[1]
        return LazySignal(source, whole, self.dtype, self.finite, samples=self._samples)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray:
        return np.array(self._chosen(_recordings.get(self.source)), dtype=dtype, copy=copy)

    def read(self) -> NDArray[np.floating]:
        """Read the channels into an array of the caller's own."""
        return self._chosen(self.source.read().data)

    def _chosen(self, data: NDArray[np.floating]) -> NDArray[np.floating]:
        if data.shape != self._whole or data.dtype != self.dtype:
            raise ValueError(
                f"preprocess turned a recording into {self.dtype} of shape {self._whole} at first, "
                f"and now into {data.dtype} of shape {data.shape}; it must give the same whenever "
                "the recording is read."
            )
        data = data[:, slice(*self._samples)]
        first, n_channels = self._channels[0], len(self._channels)
        if self._channels == tuple(range(first, first + n_channels)):
            return data[first : first + n_channels]  # neighbours: a view, no copy
        return data[list(self._channels)]


class _Slot:
    """Room for the samples of one recording, which one thread at a time fills."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.data: NDArray[np.floating] | None = None


class _Recordings:
    """The samples of the recordings that this process, and each of its threads, needed last."""

    def __init__(self) -> None:
        self._lock, self._own = threading.Lock(), threading.local()
        self._kept = OrderedDict[Hashable, _Slot]()
        # Whatever a thread still holds is found by the others, too.
        self._held = WeakValueDictionary[Hashable, _Slot]()

    def get(self, source: Source) -> NDArray[np.floating]:
        """Return the samples of a recording, read-only."""
        key = _key(source)
        with self._lock:
            slot = self._held.setdefault(key, _Slot())
            self._kept[key] = slot
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._own.slot = slot
        with slot.lock:
            if slot.data is None:
                data = source.read().data.view()
                data.flags.writeable = False
                slot.data = data
            return slot.data

    def renew_locks(self) -> None:
        """Open all locks in a forked child, where no thread is left that would."""
        kept = [(key, slot.data) for key, slot in self._kept.items() if slot.data is not None]
        self.__init__()  # type: ignore[misc]
        for key, data in kept:
            slot = self._kept[key] = self._held[key] = _Slot()
            slot.data = data


_recordings = _Recordings()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: _recordings.renew_locks())


class _KeyPickler(pickle.Pickler):
    """Pickles by value, and notes what a pickle holds by name only."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.named: list[Hashable] = []

    def persistent_id(self, obj: Any) -> None:
        if isinstance(obj, types.FunctionType | type):
            self.named.append(obj)


def _key(source: Any) -> Hashable:
    # By value: a worker process gets a copy of the source with every task. Functions and classes
    # stand for themselves: one that is defined anew keeps its name.
    file = io.BytesIO()
    pickler = _KeyPickler(file)
    try:
        pickler.dump(source)
    except (pickle.PicklingError, AttributeError, TypeError):
        return source
    return file.getvalue(), *pickler.named
