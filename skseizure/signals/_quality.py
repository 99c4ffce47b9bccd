"""Which seconds of which channels cannot be judged, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ._lazy import CHUNK, LazySignal
from ._montage import RENAMED, normalize_ch_name
from ._recording import Recording

CELL = 1.0  # seconds that are judged at a time
AT_A_TIME = 600  # cells that are read at a time
FLAT = 0.5  # microvolts, peak to peak; one step of many converters
LARGEST = 5000.0  # microvolts, peak to peak
RAIL_SHARE = 0.1  # of a cell, at the largest or smallest value of the channel
RAIL_RUN = 3  # equal samples in a row that are no chance
SQUARE_SHARE = 0.9  # of a cell, close to one of its two extremes
SQUARE_SMALLEST = 10.0  # microvolts, peak to peak
MAINS_SHARE = 0.5  # of the power above 1 Hz
MAINS = (50.0, 60.0)  # Hz
MUSCLE_LOW = 30.0  # Hz
MUSCLE_SMALLEST = 15.0  # microvolts, effective value above MUSCLE_LOW
OUTLIER = 20.0  # times the amplitude of the other channels, or one over that

Check = Callable[[NDArray[np.floating], float], NDArray[np.bool_]]


# ---------------------------------------------------------------------- checks on cells
# Each takes cells, shape (n_channels, n_cells, n_times), and returns (n_channels, n_cells).


def _nan(cells: NDArray[np.floating], sfreq: float) -> NDArray[np.bool_]:
    return ~np.isfinite(cells).all(axis=2)


def _flat(cells: NDArray[np.floating], sfreq: float) -> NDArray[np.bool_]:
    return np.ptp(cells, axis=2) < FLAT


def _large(cells: NDArray[np.floating], sfreq: float) -> NDArray[np.bool_]:
    return np.ptp(cells, axis=2) > LARGEST


def _clipped(cells: NDArray[np.floating], sfreq: float) -> NDArray[np.bool_]:
    low = cells.min(axis=(1, 2), keepdims=True)
    high = cells.max(axis=(1, 2), keepdims=True)
    near = 1e-6 * (high - low)
    at_rail = np.zeros(cells.shape, dtype=bool)
    for rail in (cells >= high - near, cells <= low + near):
        # Samples in a run of at least RAIL_RUN: all of a window of that length, spread back.
        run = rail[..., RAIL_RUN - 1 :].copy()
        for i in range(RAIL_RUN - 1):
            run &= rail[..., i : i - RAIL_RUN + 1]
        for i in range(RAIL_RUN):
            at_rail[..., i : i + run.shape[2]] |= run
    return at_rail.mean(axis=2) > RAIL_SHARE


def _calibration(cells: NDArray[np.floating], sfreq: float) -> NDArray[np.bool_]:
    low, high = cells.min(axis=2, keepdims=True), cells.max(axis=2, keepdims=True)
    span = high - low
    top, bottom = (cells > high - 0.05 * span), (cells < low + 0.05 * span)
    square = (top | bottom).mean(axis=2) > SQUARE_SHARE
    both = np.minimum(top.mean(axis=2), bottom.mean(axis=2)) > 0.05
    return square & both & (span[..., 0] > SQUARE_SMALLEST)


def _power(
    cells: NDArray[np.floating], sfreq: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    n = cells.shape[2]
    tapered = (cells - cells.mean(axis=2, keepdims=True)) * np.hanning(n)
    return np.fft.rfftfreq(n, 1 / sfreq), np.abs(np.fft.rfft(tapered, axis=2)) ** 2


def _mains(cells: NDArray[np.floating], sfreq: float) -> NDArray[np.bool_]:
    freq, power = _power(cells, sfreq)
    total = power[..., freq >= 1].sum(axis=2)
    found = np.zeros(total.shape, dtype=bool)
    for mains in MAINS:
        if mains + 2 < sfreq / 2:
            share = power[..., np.abs(freq - mains) <= 2].sum(axis=2)
            found |= (share > MAINS_SHARE * total) & (total > 0)
    return found


def _muscle(cells: NDArray[np.floating], sfreq: float) -> NDArray[np.bool_]:
    freq, power = _power(cells, sfreq)
    high = freq >= MUSCLE_LOW
    for mains in MAINS:
        high &= np.abs(freq - mains) > 2
    if not high.any():
        return np.zeros(power.shape[:2], dtype=bool)
    fast = power[..., high].sum(axis=2)
    slow = power[..., (freq >= 1) & (freq < MUSCLE_LOW)].sum(axis=2)
    # Parseval: the effective value of what lies above MUSCLE_LOW.
    n = cells.shape[2]
    effective = np.sqrt(2 * fast / (n * np.sum(np.hanning(n) ** 2)))
    return (fast > slow) & (effective > MUSCLE_SMALLEST)


CHECKS: dict[str, Check] = {
    "nan": _nan,
    "flat": _flat,
    "large": _large,
    "clipped": _clipped,
    "calibration": _calibration,
    "mains": _mains,
    "muscle": _muscle,
}
# Seizures come with muscle activity: to leave it out by default would leave seizures out.
DEFAULT = tuple(name for name in CHECKS if name != "muscle")


# ---------------------------------------------------------------------- what was found


@dataclass(frozen=True, eq=False)
class Quality:
    """Seconds of channels that cannot be judged, by check; what `check_quality` returns.

    Parameters
    ----------
    bad : ndarray of bool, shape (n_checks, n_channels, n_cells)
        True where a check finds fault with a cell of a channel.
    checks : tuple of str
        Names of the checks.
    ch_names : tuple of str
        Channels.
    onset, duration : ndarray, shape (n_cells,)
        Start of each cell in seconds from the first sample, and its length.
    outliers : tuple of str
        Channels whose amplitude is far from that of the others.
    """

    bad: NDArray[np.bool_]
    checks: tuple[str, ...]
    ch_names: tuple[str, ...]
    onset: NDArray[np.float64]
    duration: NDArray[np.float64]
    outliers: tuple[str, ...] = ()

    def seconds(self) -> dict[str, float]:
        """Return by check how many seconds of channels it found fault with, on average.

        Returns
        -------
        dict of str to float
            Mean over the channels, in seconds.
        """
        each = (self.bad * self.duration).sum(axis=2).mean(axis=1)
        return dict(zip(self.checks, each.tolist(), strict=True))

    def bad_channels(self, checks: Sequence[str] = DEFAULT, *, share: float = 0.5) -> list[str]:
        """Return channels that are bad for more than a share of the time, and outliers.

        Parameters
        ----------
        checks : sequence of str
            Checks that count.
        share : float, default=0.5
            Share of the time.

        Returns
        -------
        list of str
            In the order of the recording.
        """
        any_check = self._any(checks)
        lost = (any_check * self.duration).sum(axis=1) > share * self.duration.sum()
        return [
            name
            for name, bad in zip(self.ch_names, lost, strict=True)
            if bad or name in self.outliers
        ]

    def spans(
        self,
        checks: Sequence[str] = DEFAULT,
        *,
        max_bad: float = 0.25,
        without: Sequence[str] = (),
    ) -> list[tuple[float, float]]:
        """Return the time in which too many channels are bad.

        Parameters
        ----------
        checks : sequence of str
            Checks that count.
        max_bad : float, default=0.25
            Largest share of channels that may be bad at a time.
        without : sequence of str, default=()
            Channels that do not count.

        Returns
        -------
        list of (float, float)
            From and to, in seconds from the first sample.
        """
        rows = [i for i, name in enumerate(self.ch_names) if name not in without]
        lost = np.zeros(len(self.onset), dtype=bool)
        if rows:
            lost = self._any(checks)[rows].mean(axis=0) > max_bad
        spans: list[tuple[float, float]] = []
        for onset, length in zip(self.onset[lost], self.duration[lost], strict=True):
            if spans and abs(spans[-1][1] - onset) < 1e-6:
                spans[-1] = (spans[-1][0], float(onset + length))
            else:
                spans.append((float(onset), float(onset + length)))
        return spans

    def _any(self, checks: Sequence[str]) -> NDArray[Any]:
        rows = [self.checks.index(name) for name in checks if name in self.checks]
        return np.asarray(self.bad[rows].any(axis=0))

    def __repr__(self) -> str:
        found = [f"{name} {s:.0f} s" for name, s in self.seconds().items() if s >= 0.5]
        found += [f"{name} stands out" for name in self.outliers]
        total = self.duration.sum()
        return (
            f"Quality({len(self.ch_names)} channels, {total:.0f} s: {', '.join(found) or 'good'})"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(name)}</th>"
            + "".join(f"<td>{s:.0f}</td>" for s in (self.bad[:, i] * self.duration).sum(axis=1))
            + "</tr>"
            for i, name in enumerate(self.ch_names)
        )
        head = "".join(f"<th>{name} (s)</th>" for name in self.checks)
        return (
            f"<p>{escape(repr(self))}</p><table><thead><tr><th></th>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def check_quality(recording: Recording, checks: Sequence[str] | None = None) -> Quality:
    """Find seconds of channels that cannot be judged.

    Parameters
    ----------
    recording : Recording
        As it was recorded, before any filter: what is clipped or flat is no longer so afterwards.
    checks : sequence of str, default=None
        Checks to make. If None, all:

        - ``"nan"``: a sample is NaN or infinite.
        - ``"flat"``: less than 0.5 uV from peak to peak, as of a disconnected electrode.
        - ``"large"``: more than 5 mV from peak to peak.
        - ``"clipped"``: a tenth of the samples lie at the channel's largest or smallest value, in
          runs of three or more.
        - ``"calibration"``: a square wave.
        - ``"mains"``: half of the power lies within 2 Hz of 50 or 60 Hz.
        - ``"muscle"``: more power above 30 Hz than from 1 to 30 Hz, and at least 15 uV of it.

    Returns
    -------
    Quality
        By check, channel and second.

    Raises
    ------
    ValueError
        If a check is unknown.

    See Also
    --------
    mark_quality : Marks what was found as unjudged.

    Notes
    -----
    A channel also stands out if its amplitude is more than 20 times that of the median channel, or
    less than a twentieth of it, over the whole recording.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.signals import Recording, check_quality
    >>> signal = np.random.default_rng(0).normal(scale=30, size=(3, 60 * 256))
    >>> signal[:, 20 * 256 : 30 * 256] = 0
    >>> check_quality(Recording(signal, 256, ["F3", "C3", "P3"]), ["flat", "mains"])
    Quality(3 channels, 60 s: flat 10 s)
    """
    names = check_names(checks)
    n = cell_samples(recording.sfreq)
    bad, onset, duration = [], [], []
    for start, signal in recording.split():
        for first, end, width in _runs(signal.shape[1], n):
            blocks = [(i, min(i + AT_A_TIME * n, end)) for i in range(first, end, AT_A_TIME * n)]
            rails = None
            if "clipped" in names and len(blocks) > 1:
                rails = _rails(_cells(signal, *block, width) for block in blocks)
            for low, high in blocks:
                cells = _cells(signal, low, high, width)
                # One channel at a time: doubles and spectra of all of them would be many times the
                # block.
                rows = [
                    _check_channel(
                        row[np.newaxis], names, recording.sfreq, None if rails is None else rails[c]
                    )
                    for c, row in enumerate(cells)
                ]
                bad.append(np.concatenate(rows, axis=1))
                starts = (low + np.arange(cells.shape[1]) * n) / recording.sfreq
                onset.append(start - recording.offset + starts)
                duration.append(np.full(cells.shape[1], width / recording.sfreq))
    return Quality(
        np.concatenate(bad, axis=2),
        names,
        tuple(recording.ch_names),
        np.concatenate(onset),
        np.concatenate(duration),
        _outliers(recording),
    )


def check_names(checks: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of checks, all if it is None, or raise an error if one is unknown."""
    names = tuple(CHECKS) if checks is None else tuple(checks)
    strange = [name for name in names if name not in CHECKS]
    if strange or isinstance(checks, str) or not names:
        raise ValueError(f"checks is {checks!r}; names among {', '.join(CHECKS)} are needed.")
    return names


def cell_samples(sfreq: float) -> int:
    """Return how many samples are judged at a time."""
    return max(round(CELL * sfreq), 1)


def bad_cells(
    signal: NDArray[np.floating],
    n: int,
    sfreq: float,
    checks: Sequence[str],
    max_bad: float = 0.25,
) -> NDArray[np.bool_]:
    """Tell which cells have too many bad channels, each judged by itself.

    Parameters
    ----------
    signal : ndarray, shape (n_channels, n_cells * n)
        Signal in microvolts.
    n : int
        Samples of a cell.
    sfreq : float
        Sampling rate in Hz.
    checks : sequence of str
        Checks that count. Where a signal is clipped shows by the extremes of its cell.
    max_bad : float, default=0.25
        Largest share of the channels that may be bad.

    Returns
    -------
    ndarray of bool, shape (n_cells,)
        True where more are.
    """
    if signal.shape[1] == 0:
        return np.zeros(0, dtype=bool)
    bad = [_check_channel(row.reshape(-1, 1, n), checks, sfreq).any(axis=0) for row in signal]
    return np.asarray(np.mean(bad, axis=0)[:, 0] > max_bad)


def _check_channel(
    cells: NDArray[np.floating],
    names: Sequence[str],
    sfreq: float,
    rails: NDArray[np.float64] | None = None,
) -> NDArray[np.bool_]:
    """Return what checks find in the cells of one channel, shape (n_checks, 1, n_cells).

    ``rails`` are its smallest and largest value where there are more cells than these.
    """
    samples, finite = _finite_cells(cells)
    found = []
    for name in names:
        if name == "nan":
            found.append(~finite)
        elif name == "clipped" and rails is not None:
            # One cell more, of which the check takes the extremes.
            more = np.resize(rails, (1, 1, samples.shape[2]))
            whole = np.concatenate([samples, more], axis=1)
            found.append(CHECKS[name](whole, sfreq)[:, :-1] & finite)
        else:
            found.append(CHECKS[name](samples, sfreq) & finite)
    return np.array(found)


def _finite_cells(
    cells: NDArray[np.floating],
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Return cells in doubles, with zeros for those that are not finite, and which are."""
    samples = cells.astype(np.float64, copy=False)
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(samples).all(axis=2))
    return samples if finite.all() else np.where(finite[..., np.newaxis], samples, 0.0), finite


def _rails(blocks: Iterable[NDArray[np.floating]]) -> NDArray[np.float64]:
    """Return the smallest and largest value of each channel, shape (n_channels, 2)."""
    found = []
    for cells in blocks:
        samples, _ = _finite_cells(cells)
        found.append((samples.min(axis=(1, 2)), samples.max(axis=(1, 2))))
    low, high = zip(*found, strict=True)
    return np.stack([np.min(low, axis=0), np.max(high, axis=0)], axis=1)


def _runs(n_samples: int, n: int) -> list[tuple[int, int, int]]:
    """Return from where to where cells lie, and their length: a shorter one at the end."""
    whole = n_samples // n * n
    runs = [(0, whole, n), (whole, n_samples, n_samples - whole)]
    return [run for run in runs if run[0] < run[1]]


def _cells(signal: Any, first: int, end: int, n: int) -> NDArray[np.floating]:
    """Read a part of a signal and cut it into cells of ``n`` samples."""
    lazy = isinstance(signal, LazySignal)
    part = np.asarray(signal.stretch(first, end)) if lazy else signal[:, first:end]
    return part.reshape(len(part), -1, n)


def _outliers(recording: Recording) -> tuple[str, ...]:
    n_channels, n_samples = recording.data.shape
    if n_channels < 3:
        return ()
    spread = np.zeros(n_channels)
    for i, signal in enumerate(_some_samples(recording.data, max(1, n_samples // 2**14))):
        part = signal[np.isfinite(signal)].astype(np.float64)
        spread[i] = np.median(np.abs(part - np.median(part))) if len(part) else 0.0
    known = spread > 0
    if known.sum() < 3:
        return ()
    middle = np.median(spread[known])
    far = known & ((spread > OUTLIER * middle) | (spread * OUTLIER < middle))
    return tuple(name for name, odd in zip(recording.ch_names, far, strict=True) if odd)


def _some_samples(data: Any, step: int) -> NDArray[np.floating]:
    """Return every ``step``-th sample."""
    if not isinstance(data, LazySignal):
        return data[:, ::step]
    size = step * max(1, CHUNK // (data.shape[0] * step))
    n_samples = data.shape[1]
    blocks = [(i, min(i + size, n_samples)) for i in range(0, n_samples, size)]
    # Copies: views would keep all that was read.
    parts = [np.asarray(data.stretch(*block))[:, ::step].copy() for block in blocks]
    return np.concatenate(parts, axis=1)


# ---------------------------------------------------------------------- what follows from it


def mark_quality(
    recording: Recording,
    checks: Sequence[str] = DEFAULT,
    *,
    max_bad: float = 0.25,
    bad: Sequence[str] = (),
    bad_channels: Literal["raise", "interpolate", "nan", "drop", "keep"] = "raise",
) -> Recording:
    """Mark time that is too poor to judge, and mend or refuse channels that are bad throughout.

    Parameters
    ----------
    recording : Recording
        As it was recorded, before any filter. If it was opened lazily, it is read once here, and
        its samples stay in the file.
    checks : sequence of str
        Checks that count, see `check_quality`. By default all but ``"muscle"``, because many
        seizures come with muscle activity.
    max_bad : float, default=0.25
        Largest share of the channels that may be bad at a time. Where more are, the time is
        unjudged. A sample that is NaN in any channel that stays makes its second unjudged.
    bad : sequence of str, default=()
        Channels that are known to be bad, beside those that are found.
    bad_channels : {"raise", "interpolate", "nan", "drop", "keep"}, default="raise"
        What to do with channels that are bad for more than half of the time, or whose amplitude is
        far from that of the others: refuse them by name, interpolate them by MNE's spherical
        splines (electrodes of the 10-20 or 10-10 system against one reference; needs MNE), fill
        them with NaN, leave them out, or take them as they are.

    Returns
    -------
    Recording
        With more ``unjudged`` time. Where samples are NaN, a stretch ends.

    Raises
    ------
    ValueError
        If a channel is bad and ``bad_channels`` is ``"raise"``, if all are, or if a channel cannot
        be interpolated.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.signals import Recording, Windows, mark_quality
    >>> signal = np.random.default_rng(0).normal(scale=30, size=(3, 60 * 256))
    >>> signal[:, 20 * 256 : 30 * 256] = 0
    >>> recording = mark_quality(Recording(signal, 256, ["F3", "C3", "P3"]))
    >>> recording.unjudged
    ((20.0, 30.0),)
    >>> len(Windows.from_recording(recording, window=5))
    10
    """
    options = ("raise", "interpolate", "nan", "drop", "keep")
    if bad_channels not in options:
        raise ValueError(f"bad_channels is {bad_channels!r}; {', '.join(options)} are possible.")
    if not 0 <= max_bad <= 1:
        raise ValueError(f"max_bad is {max_bad!r}; a share in [0, 1] is needed.")
    if not isinstance(recording.data, np.ndarray):
        return recording.apply(_Marker(tuple(checks), max_bad, tuple(bad), bad_channels))
    quality = check_quality(recording, checks)
    everywhere = quality.spans(checks, max_bad=1 - 1e-9)  # all channels: no fault of one
    lost = {*bad, *_bad_in(quality, checks, everywhere)}
    bad = [name for name in recording.ch_names if name in lost]
    if bad and bad_channels == "raise":
        raise ValueError(
            f"record {recording.record!r} has bad channels: {', '.join(bad)} ({quality!r}); choose "
            "bad_channels='interpolate', 'nan', 'drop' or 'keep'."
        )
    if len(bad) == len(recording.ch_names) and bad_channels in ("interpolate", "nan", "drop"):
        raise ValueError(f"record {recording.record!r} has no channel that is good.")
    without = bad if bad_channels in ("interpolate", "nan", "drop") else []
    spans = quality.spans(checks, max_bad=max_bad, without=without)
    if "nan" in checks:
        spans += quality.spans(("nan",), max_bad=0.0, without=without)
    marked = recording.replace(unjudged=(*recording.unjudged, *_clip(spans, recording.duration)))
    return _without_nan(_repaired(marked, bad, bad_channels), filled=bad_channels == "nan")


@dataclass(frozen=True)
class _Marker:
    """`mark_quality` as a function of a recording that can be pickled."""

    checks: tuple[str, ...]
    max_bad: float
    bad: tuple[str, ...]
    bad_channels: Any

    def __call__(self, recording: Recording) -> Recording:
        return mark_quality(
            recording,
            self.checks,
            max_bad=self.max_bad,
            bad=self.bad,
            bad_channels=self.bad_channels,
        )


def _bad_in(
    quality: Quality, checks: Sequence[str], everywhere: list[tuple[float, float]]
) -> list[str]:
    """Return channels that are bad for half of the time that is not bad in all of them."""
    inside = np.zeros(len(quality.onset), dtype=bool)
    for start, end in everywhere:
        inside |= (quality.onset >= start - 1e-6) & (quality.onset < end - 1e-6)
    if inside.all():
        return list(quality.ch_names)
    rest = Quality(
        quality.bad[:, :, ~inside],
        quality.checks,
        quality.ch_names,
        quality.onset[~inside],
        quality.duration[~inside],
        quality.outliers,
    )
    return rest.bad_channels(checks)


def _clip(spans: list[tuple[float, float]], end: float) -> list[tuple[float, float]]:
    return [(start, min(stop, end)) for start, stop in spans]


def _repaired(recording: Recording, bad: list[str], how: str) -> Recording:
    if not bad or how in ("raise", "keep"):
        return recording
    mask = np.isin(recording.ch_names, bad)
    if how == "drop":
        names = [name for name, lost in zip(recording.ch_names, mask, strict=True) if not lost]
        return recording.replace(data=recording.data[~mask], ch_names=names)
    data = recording.data.copy()
    data[mask] = np.nan if how == "nan" else _interpolated(recording, mask)
    return recording.replace(data=data)


def _interpolated(recording: Recording, bad: NDArray[np.bool_]) -> NDArray[np.floating]:
    """Return the bad channels as MNE interpolates them from the others."""
    try:
        import mne
    except ImportError as error:
        raise ImportError(
            "bad_channels='interpolate' needs MNE: pip install skseizure[mne]."
        ) from error
    back = {new: old for old, new in RENAMED.items() if old[0] == "T"}
    with mne.utils.use_log_level("ERROR"):
        names = ("colin27_1005", "standard_1005")  # the newer first, the older is deprecated
        built_in = mne.channels.get_builtin_montages()
        montage = mne.channels.make_standard_montage(next(n for n in names if n in built_in))
        place = {name.upper(): name for name in montage.ch_names}
        electrodes, references = zip(
            *((normalize_ch_name(name) + "-").split("-")[:2] for name in recording.ch_names),
            strict=True,
        )
        found = [place.get(name, place.get(back.get(name, ""))) for name in electrodes]
        lost = [
            name
            for name, there, reference in zip(recording.ch_names, found, references, strict=True)
            if there is None or reference in place
        ]
        if lost or len(set(references)) > 1 or len(set(electrodes)) < len(electrodes):
            raise ValueError(
                f"record {recording.record!r}: {', '.join(lost) or 'channels'} cannot be "
                "interpolated; electrodes of the 10-20 or 10-10 system against one reference are "
                "needed, before a bipolar montage."
            )
        info = mne.create_info(found, recording.sfreq, "eeg")
        data = np.where(np.isfinite(recording.data), recording.data, 0.0)
        raw = mne.io.RawArray(data, info)
        raw.set_montage(montage)
        raw.info["bads"] = [name for name, is_bad in zip(found, bad, strict=True) if is_bad]
        return raw.interpolate_bads(reset_bads=False).get_data()[bad]


def _without_nan(recording: Recording, *, filled: bool) -> Recording:
    """Cut samples out that are NaN in any channel, or only in all of them; a stretch ends there."""
    finite = np.isfinite(recording.data)
    rows = finite.any(axis=1) if filled else np.ones(len(finite), dtype=bool)
    there = finite[rows].all(axis=0)
    if there.all():
        return recording
    if not there.any():
        raise ValueError(f"record {recording.record!r} holds NaN at every time.")
    pieces, stretches, at = [], [], 0
    for start, signal in recording.split():
        good = there[at : at + signal.shape[1]]
        edges = np.flatnonzero(np.diff(np.concatenate([[0], good.astype(np.int8), [0]])))
        for first, end in edges.reshape(-1, 2).tolist():
            pieces.append(signal[:, first:end])
            begin = start - recording.offset + first / recording.sfreq
            stretches.append((begin, (end - first) / recording.sfreq))
        at += signal.shape[1]
    return recording.replace(data=np.concatenate(pieces, axis=1), stretches=tuple(stretches))
