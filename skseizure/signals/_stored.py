"""A recording in a file, and what is done to it whenever it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ._edf_file import EdfFile
from ._lazy import LazySignal
from ._montage import to_bipolar
from ._recording import Recording
from ._samples import is_finite


@dataclass(frozen=True, eq=False)
class StoredRecording:
    """A recording that can be read now, or as late as its samples are needed.

    Parameters
    ----------
    file : EdfFile
        Its file.
    offset : float, default=0.0
        As in `Recording`.
    montage : str or sequence of str, default=None
        Montage to bring it to, see `to_bipolar`. None: channels as they are.
    preprocess : callable, default=None
        Called with the `Recording` in its montage; returns a `Recording`.
    """

    file: EdfFile
    offset: float = 0.0
    montage: str | Sequence[str] | None = None
    preprocess: Callable[[Recording], Recording] | None = None

    def read(self) -> Recording:
        """Read the recording.

        Returns
        -------
        Recording
            In its montage, preprocessed.

        Raises
        ------
        ValueError
            If the file has changed or is gone, or as `to_bipolar`.
        TypeError
            If ``preprocess`` gives something else than a `Recording`.
        """
        return preprocessed(self._in_montage(self.file.read()), self.preprocess)

    def lazily(self) -> Recording:
        """Return the recording with its samples left in the file.

        Only ``preprocess`` can tell what it makes of a recording: with it, the recording is read
        here once, and let go.

        Returns
        -------
        Recording
            With a `LazySignal` as ``data``.

        Raises
        ------
        ValueError, TypeError
            As `read`.
        """
        file = self.file
        if self.preprocess is None:
            outline = self.outline()
            # Whatever a file's 16 or 24 bits hold, its header has been found to scale it well.
            shape, dtype, finite = (len(outline.ch_names), file.n_samples), file.dtype, True
        else:
            outline = self.read()
            shape, dtype, finite = outline.data.shape, outline.data.dtype, is_finite(outline.data)
        return outline.replace(data=LazySignal(self, shape, dtype, finite))

    def outline(self) -> Recording:
        """Return the recording as it is before ``preprocess``, with one blank sample a channel."""
        blank = np.zeros((len(self.file.channels), 1), self.file.dtype)
        return self._in_montage(self.file.recording(blank))

    def with_montage(self, montage: str | Sequence[str]) -> StoredRecording:
        """Return this recording in a montage, or raise `to_bipolar`'s error if it has no such."""
        names = montage if isinstance(montage, str) else tuple(montage)
        stored = replace(self, montage=names)
        stored.outline()
        return stored

    def _in_montage(self, recording: Recording) -> Recording:
        recording = recording.replace(offset=self.offset)
        return recording if self.montage is None else to_bipolar(recording, self.montage)


def preprocessed(
    recording: Recording, preprocess: Callable[[Recording], Recording] | None
) -> Recording:
    """Return what ``preprocess`` makes of a recording, or raise if that is no recording."""
    if preprocess is None:
        return recording
    changed = preprocess(recording)
    if not isinstance(changed, Recording):
        raise TypeError(
            f"preprocess returned {type(changed).__name__} for record {recording.record!r}; "
            "a Recording is needed."
        )
    return changed
