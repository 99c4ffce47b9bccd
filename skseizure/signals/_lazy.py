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

# Whoever walks through a corpus in order needs one chunk at a time, and two where threads meet at
# the end of one, or windows cross it.
KEPT = 2
# Samples that are read and kept at a time, of all channels of a recording together: 16 MiB of
# float32. A recording of up to one and a half times as many is a chunk of its own.
CHUNK = 2**22


class Source(Protocol):
    """Where a signal comes from; reads the same whenever it is asked, or raises."""

    @property
    def original_sfreq(self) -> float:
        """Lowest sampling rate of the channels in the file."""

    def read(self) -> Any:
        """Return the `Recording`."""

    @property
    def in_ranges(self) -> bool:
        """Whether it can read a range of samples at the cost of that range."""

    def samples(self, first: int, end: int) -> NDArray[np.floating]:
        """Return samples ``first`` to ``end - 1`` of all channels, if it is ``in_ranges``."""

    def narrow(self, channels: Sequence[int]) -> Source:
        """Return a source of some channels, chosen by their place."""


class LazySignal:
    """Channels of a recording, in the place of the array that they would be.

    ``numpy.asarray`` reads it, in chunks of the recording, or all of the recording where its source
    cannot do otherwise. Each process keeps those `KEPT` chunks that it needed last, and each thread
    its last one, whatever the number of windows. What is pickled is the way to the samples, never
    these.

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
        first, end = self._samples
        size = self._chunk()
        if size is None:
            data = self._checked(_recordings.get(self.source), self._whole[1])[:, first:end]
            return np.array(self._chosen(data), dtype=dtype, copy=copy)
        last_chunk = self._whole[1] // size - 1  # the last one is longer
        parts = []
        for number in range(min(first // size, last_chunk), last_chunk + 1):
            start = number * size
            stop = self._whole[1] if number == last_chunk else start + size
            if start >= end:
                break
            chunk = self._checked(_recordings.get(self.source, start, stop), stop - start)
            parts.append(self._chosen(chunk[:, max(first - start, 0) : end - start]))
        data = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        return np.array(data, dtype=dtype, copy=copy)

    def read(self) -> NDArray[np.floating]:
        """Read the channels into an array of the caller's own, which is not kept."""
        first, end = self._samples
        if self.source.in_ranges and (first, end) != (0, self._whole[1]):
            return self._chosen(self._checked(self.source.samples(first, end), end - first))
        return self._chosen(self._checked(self.source.read().data, self._whole[1])[:, first:end])

    @property
    def in_ranges(self) -> bool:
        """Whether a part of it can be read at the cost of that part."""
        return self.source.in_ranges

    def _chunk(self) -> int | None:
        """Return the samples of each channel that are read at a time, None for all."""
        size = max(1, CHUNK // self._whole[0])
        return size if self.source.in_ranges and self._whole[1] >= 1.5 * size else None

    def _checked(self, data: NDArray[np.floating], n_samples: int) -> NDArray[np.floating]:
        if data.shape != (self._whole[0], n_samples) or data.dtype != self.dtype:
            raise ValueError(
                f"preprocess turned a recording into {self.dtype} of shape {self._whole} at first, "
                f"and now into {data.dtype} of shape {data.shape}; it must give the same whenever "
                "the recording is read."
            )
        return data

    def _chosen(self, data: NDArray[np.floating]) -> NDArray[np.floating]:
        first, n_channels = self._channels[0], len(self._channels)
        if self._channels == tuple(range(first, first + n_channels)):
            return data[first : first + n_channels]  # neighbours: a view, no copy
        return data[list(self._channels)]


class _Slot:
    """Room for samples of one recording, which one thread at a time fills."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.data: NDArray[np.floating] | None = None


class _Recordings:
    """The chunks of recordings that this process, and each of its threads, needed last."""

    def __init__(self) -> None:
        self._lock, self._own = threading.Lock(), threading.local()
        self._kept = OrderedDict[Hashable, _Slot]()
        # Whatever a thread still holds is found by the others, too.
        self._held = WeakValueDictionary[Hashable, _Slot]()

    def get(
        self, source: Source, first: int | None = None, end: int | None = None
    ) -> NDArray[np.floating]:
        """Return the samples of a recording, or a range of them, read-only."""
        key = _key(source), first, end
        with self._lock:
            slot = self._held.setdefault(key, _Slot())
            self._kept[key] = slot
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._own.slot = slot
        with slot.lock:
            if slot.data is None:
                if first is None or end is None:
                    data = source.read().data.view()
                else:
                    data = source.samples(first, end)
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
