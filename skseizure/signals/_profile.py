"""What the signals that a model was trained on are like, and how others differ from them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ._recording import Recording, channel_names
from ._windows import Windows

# Hz, from and below. The amplitude is that of AMPLITUDE, so that neither drift nor mains nor muscle
# looks like another scale.
AMPLITUDE = (2.0, 30.0)
BANDS = {
    "drift": (0.0, 1.0),
    "delta": (1.0, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "gamma": (30.0, 45.0),
    "mains": (45.0, 65.0),
    "fast": (65.0, 100.0),
}
MOST_WINDOWS = 256  # of a record: a median over more is hardly better
BLOCK = 32  # windows whose spectra are in memory at a time
FLAT = 1e-9  # microvolts; below any converter's step in any unit
REFUSE = math.log10(30)
# What is announced, in powers of ten: so many spreads between the records of training, but at least
# and at most so much, because a few records say little of their spread, or differ in all but scale.
# The bounds are those between which the patients of CHB-MIT deviate from one another.
SPREADS = 3.0
LEVEL = math.log10(3), math.log10(4)
CHANNEL = math.log10(5), math.log10(10)
POWER = math.log10(15), math.log10(40)
CHANNEL_POWER = math.log10(50), math.log10(100)
UNITS = {-6: "volts", -3: "millivolts", 3: "nanovolts", 6: "picovolts"}


class SignalProblem(NamedTuple):
    """One way in which a record differs from those of training; ``str`` gives its message.

    Parameters
    ----------
    record : str
        The record.
    kind : {"scale", "flat", "channel", "spectrum"}
        Another amplitude of all channels, channels without a signal, another amplitude of some
        channels against the others, or another share of a frequency band in the power.
    refuse : bool
        Whether results on this record mean nothing: its scale is beyond a factor of 30, or all its
        channels are flat. The others call for a warning.
    channels : tuple of str
        The channels concerned.
    factor : float
        Amplitude, or share of the power, over that of training; the median over ``channels``.
    message : str
        All that in words.
    """

    record: str
    kind: str
    refuse: bool
    channels: tuple[str, ...]
    factor: float
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True)
class SignalProfile:
    """Amplitudes and spectra of the signals that a model was trained on.

    It tells whether another recording is like them: a detector that is fed volts for microvolts, or
    a channel without its electrode, gives results that mean nothing. A profile is a few plain
    numbers a channel, whatever the amount of training data.

    Parameters
    ----------
    ch_names : tuple of str
        The channels.
    window : float
        Length of the windows in seconds.
    n_records : int
        Records that it was made from.
    bands : mapping of str to (float, float)
        Frequency bands in Hz, from and below.
    level : (float, float)
        Amplitude of the median channel, as the decimal logarithm of microvolts: its median over the
        records, and its spread between them.
    amplitude : tuple of (float, float), length n_channels
        Amplitude of each channel over that of the median channel, likewise.
    power : mapping of str to tuple of (float, float), length n_channels
        Power of each band over that from 2 to 30 Hz, by band and channel, likewise.

    See Also
    --------
    check_quality : Finds the seconds of a recording that cannot be judged.

    Notes
    -----
    The amplitude of a window is its effective value from 2 to 30 Hz; that of a record the median
    over at most 256 windows, evenly spread. So a seizure counts for little, and the cost does not
    grow with the length of a record. The centre of a profile is the median over the records, or
    over patients where at least three are known; its spread is 1.48 times the median absolute
    deviation from it.

    A record is announced if it deviates by more than three spreads, but never below, and always
    above, these factors:

    ======================================  =====  ======
    what                                    below  above
    ======================================  =====  ======
    amplitude of the median channel             3       4
    amplitude of one channel against it         5      10
    share of a band, in the median channel     15      40
    share of a band, in one channel            50     100
    ======================================  =====  ======

    A share below that of training must be so by the square of these factors, because the slow waves
    of a seizure make the shares of all other bands small. If the amplitude of the median channel
    deviates by more than a factor of 30, the record is to be refused.

    What lasts for less than half of a record does not show in its medians; `check_quality` finds
    that second by second.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.signals import SignalProfile, Windows
    >>> signal = np.random.default_rng(0).normal(scale=30, size=(2, 3, 60 * 256))
    >>> names = ["F3-C3", "C3-P3", "P3-O1"]
    >>> train = Windows.from_array(signal[0], 256, window=4, ch_names=names)
    >>> profile = SignalProfile.from_windows(train)
    >>> profile
    SignalProfile(3 channels, 1 record, typical amplitude 13.9 uV)
    >>> profile.compare(Windows.from_array(signal[1], 256, window=4, ch_names=names))
    []
    >>> in_millivolts = Windows.from_array(signal[1] / 1e3, 256, window=4, ch_names=names)
    >>> for problem in profile.compare(in_millivolts):
    ...     print(problem.refuse, problem)
    True record '0': its typical amplitude of 0.014 uV is 990 times below that of training (13.9 uV): millivolts instead of microvolts?
    """  # noqa: E501

    ch_names: tuple[str, ...]
    window: float
    n_records: int
    bands: Mapping[str, tuple[float, float]]
    level: tuple[float, float]
    amplitude: tuple[tuple[float, float], ...]
    power: Mapping[str, tuple[tuple[float, float], ...]]

    def __post_init__(self) -> None:
        names = channel_names(self.ch_names, len(self.amplitude))
        if set(self.power) != set(self.bands) or any(
            len(rows) != len(names) for rows in self.power.values()
        ):
            raise ValueError(
                f"power holds {', '.join(f'{len(v)} of {k}' for k, v in self.power.items())}; for "
                f"each of the bands {', '.join(self.bands)} it needs {len(names)}, one a channel."
            )
        pairs = np.array(
            [self.level, *self.amplitude, *(pair for rows in self.power.values() for pair in rows)],
            dtype=float,
        )
        if pairs.shape[1:] != (2,) or not np.isfinite(pairs).all() or (pairs[:, 1] < 0).any():
            raise ValueError(
                "level, amplitude or power holds something else than pairs of a finite median and "
                "a spread of at least 0."
            )
        if not (math.isfinite(self.window) and self.window > 0):
            raise ValueError(f"window is {self.window!r}; a length above 0 s is needed.")
        object.__setattr__(self, "ch_names", names)

    @classmethod
    def from_windows(cls, X: Windows) -> Self:
        """Take the profile of training windows.

        Parameters
        ----------
        X : Windows
            All that a model is trained on, prepared as it is for the model.

        Returns
        -------
        SignalProfile
            Its profile.

        Raises
        ------
        TypeError
            If X is no `Windows`.
        ValueError
            If a channel of X is flat, or not finite, throughout.
        """
        _check_windows(X)
        bands = _bands(X.sfreq, X.shape[2])
        owners, levels = [], []
        for rows, found in _levels_by_record(X, bands):
            found[np.isneginf(found)] = np.nan
            if np.isfinite(found[:, 0]).any():
                levels.append(found)
                owners.append(None if X.patient is None else str(X.patient[rows[0]]))
        stack = np.array(levels).reshape(-1, len(X.ch_names), 1 + len(bands))
        silent = ~np.isfinite(stack[..., 0]).any(axis=0)
        if silent.any():
            names = _listed(tuple(np.array(X.ch_names)[silent].tolist()))
            raise ValueError(
                f"X is flat or not finite in {names} throughout; a profile needs a signal in each "
                "channel. Leave such channels out."
            )
        typical = np.nanmedian(stack[..., 0], axis=1)
        stack[..., 0] -= typical[:, np.newaxis]
        centre, spread = _centre_and_spread(stack, owners)
        level, level_spread = _centre_and_spread(typical, owners)
        return cls(
            ch_names=X.ch_names,
            window=X.duration,
            n_records=len(levels),
            bands=bands,
            level=(float(level), float(level_spread)),
            amplitude=_pairs(centre[:, 0], spread[:, 0]),
            power={
                name: _pairs(centre[:, i], spread[:, i]) for i, name in enumerate(bands, start=1)
            },
        )

    def compare(self, X: Windows | Recording) -> list[SignalProblem]:
        """Find out in which ways records differ from those of training.

        Parameters
        ----------
        X : Windows or Recording
            Prepared as the training windows were. It may have more channels than these.

        Returns
        -------
        list of SignalProblem
            Those to refuse first; empty if nothing stands out.

        Raises
        ------
        TypeError
            If X is neither.
        ValueError
            If X lacks a channel of the profile.
        """
        if isinstance(X, Recording):
            X = Windows.from_recording(X, window=self.window)
        _check_windows(X)
        X = X.pick(self.ch_names) if tuple(X.ch_names) != self.ch_names else X
        here = _bands(X.sfreq, X.shape[2])
        found: list[SignalProblem] = []
        for rows, level in _levels_by_record(X, here):
            found += self._compare_record(str(X.record[rows[0]]), level, list(here))
        return sorted(found, key=lambda problem: not problem.refuse)

    def to_dict(self) -> dict[str, Any]:
        """Return the profile as numbers, texts, lists and dictionaries.

        Returns
        -------
        dict
            For JSON and the like; `from_dict` reads it.
        """
        return _plain(asdict(self))

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Make a profile of what `to_dict` returned.

        Parameters
        ----------
        content : mapping
            Its content.

        Returns
        -------
        SignalProfile
            An equal profile.

        Raises
        ------
        ValueError
            If the content is not that of a profile.
        """
        try:
            return cls(
                ch_names=tuple(map(str, content["ch_names"])),
                window=float(content["window"]),
                n_records=int(content["n_records"]),
                bands={str(k): _pair(v) for k, v in content["bands"].items()},
                level=_pair(content["level"]),
                amplitude=tuple(map(_pair, content["amplitude"])),
                power={str(k): tuple(map(_pair, v)) for k, v in content["power"].items()},
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"content is not that of a SignalProfile: {error!r}.") from error

    def __repr__(self) -> str:
        records = f"{self.n_records} record{'s' * (self.n_records != 1)}"
        return (
            f"SignalProfile({len(self.ch_names)} channels, {records}, typical amplitude "
            f"{10 ** self.level[0]:.3g} uV)"
        )

    # ------------------------------------------------------------------ one record

    def _compare_record(
        self, record: str, level: NDArray[np.float64], bands: list[str]
    ) -> list[SignalProblem]:
        found: list[SignalProblem] = []
        flat = np.isneginf(level[:, 0])
        if flat.any():
            names = self._names(flat)
            text = f"{_listed(names)} {'is' if len(names) == 1 else 'are'} flat"
            found.append(
                SignalProblem(
                    record, "flat", bool(flat.all()), names, 0.0, f"record {record!r}: {text}."
                )
            )
        known = np.isfinite(level[:, 0])
        if not known.any():
            return found
        typical = float(np.median(level[known, 0]))
        found += self._compare_scale(record, typical)
        centre, spread = np.array(self.amplitude).T
        off = np.where(known, level[:, 0] - typical - centre, 0.0)
        far = np.abs(off) > _allowed(spread, CHANNEL)
        found += self._outside(record, "channel", off, far, "the amplitude against other channels")
        for i, name in enumerate(bands, start=1):
            if name in self.bands:
                centre, spread = np.array(self.power[name]).T
                there = np.isfinite(level[:, i])
                off = np.where(there, level[:, i] - centre, 0.0)
                far = _weighed(off) > _allowed(spread, CHANNEL_POWER)
                if _weighed(np.median(off[there])) > _allowed(np.median(spread), POWER):
                    far = there
                low, high = self.bands[name]
                what = f"the share of {low:g} to {high:g} Hz ({name}) in the power"
                found += self._outside(record, "spectrum", off, far, what)
        return found

    def _compare_scale(self, record: str, typical: float) -> list[SignalProblem]:
        centre, spread = self.level
        off = typical - centre
        if abs(off) <= _allowed(spread, LEVEL):
            return []
        unit = UNITS.get(3 * round(off / 3), "") if abs(off - 3 * round(off / 3)) < 0.7 else ""
        hint = f": {unit} instead of microvolts?" if unit else ". Check its unit and its scale."
        message = (
            f"record {record!r}: its typical amplitude of {10**typical:.3g} uV is "
            f"{_times(off)} times {'above' if off > 0 else 'below'} that of training "
            f"({10**centre:.3g} uV){hint}"
        )
        return [SignalProblem(record, "scale", abs(off) > REFUSE, self.ch_names, 10**off, message)]

    def _outside(
        self,
        record: str,
        kind: str,
        off: NDArray[np.float64],
        far: NDArray[np.bool_],
        what: str,
    ) -> list[SignalProblem]:
        found = []
        sides = [far] if far.all() else [far & (off > 0), far & (off < 0)]
        for side in sides:
            if side.any():
                names, middle = self._names(side), float(np.median(off[side]))
                word = "above" if middle > 0 else "below"
                where = "all channels" if len(names) == len(self.ch_names) else _listed(names)
                message = (
                    f"record {record!r}: {what} is {_times(middle)} times {word} that of "
                    f"training in {where}."
                )
                found.append(SignalProblem(record, kind, False, names, 10**middle, message))
        return found

    def _names(self, mask: NDArray[np.bool_]) -> tuple[str, ...]:
        return tuple(name for name, chosen in zip(self.ch_names, mask, strict=True) if chosen)


# ---------------------------------------------------------------------- levels of records


def _levels_by_record(
    X: Windows, bands: Mapping[str, tuple[float, float]]
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float64]]]:
    """Yield rows of each record, and its levels, shape (n_channels, 1 + n_bands).

    The first level is the amplitude, minus infinity if the channel is flat, NaN if it is never
    finite; the others are the power of the bands over that of the amplitude, NaN in these cases.
    """
    order = X.storage_order()
    _, first = np.unique(X.record[order], return_index=True)
    for name in X.record[order][np.sort(first)]:
        rows = order[X.record[order] == name]
        rows = rows[np.argsort(X.onset[rows], kind="stable")]
        chosen = rows[np.unique(np.linspace(0, len(rows) - 1, MOST_WINDOWS).round().astype(int))]
        part = X[chosen]
        levels = np.concatenate(
            [_levels(part[i : i + BLOCK], bands) for i in range(0, len(part), BLOCK)]
        )
        out = np.full(levels.shape[1:], np.nan)
        known = np.isfinite(levels[..., 0]) | np.isneginf(levels[..., 0])
        for channel in range(levels.shape[1]):
            mine = levels[known[:, channel], channel]
            if len(mine):
                out[channel, 0] = np.median(mine[:, 0])
                sound = mine[np.isfinite(mine[:, 0]), 1:]
                if np.isfinite(out[channel, 0]):
                    out[channel, 1:] = np.median(sound, axis=0)
        yield rows, out


def _levels(X: Windows, bands: Mapping[str, tuple[float, float]]) -> NDArray[np.float64]:
    """Return the levels of windows, shape (n_windows, n_channels, 1 + n_bands)."""
    data = X.data.astype(np.float64)
    finite = np.isfinite(data).all(axis=2)
    data[~finite] = 0.0
    n = data.shape[2]
    taper = np.hanning(n + 2)[1:-1]  # without its zeros, for windows of a few samples
    data -= data.mean(axis=2, keepdims=True)
    # Parseval: summed over all frequencies, this is the mean square of the signal.
    power = np.abs(np.fft.rfft(data * taper, axis=2)) ** 2 * (2 / (n * np.sum(taper**2)))
    freq = np.fft.rfftfreq(n, 1 / X.sfreq)
    wide = _in_band(power, freq, AMPLITUDE)
    amplitude = np.sqrt(wide)
    out = np.full((*amplitude.shape, 1 + len(bands)), np.nan)
    sound = amplitude > FLAT
    with np.errstate(divide="ignore"):
        out[..., 0] = np.log10(np.where(sound, amplitude, 0.0))
    for i, band in enumerate(bands.values(), start=1):
        share = _in_band(power, freq, band)[sound] / wide[sound]
        out[..., i][sound] = np.log10(np.maximum(share, 1e-12))
    out[~finite] = np.nan
    return out


def _in_band(
    power: NDArray[np.floating], freq: NDArray[np.floating], band: tuple[float, float]
) -> NDArray[np.floating]:
    low, high = band
    return power[..., (freq >= max(low, 1e-9)) & (freq < high)].sum(axis=2)


def _bands(sfreq: float, n_times: int) -> dict[str, tuple[float, float]]:
    """Return the bands of which a window holds a frequency, and the sampling rate all."""
    freq = np.fft.rfftfreq(n_times, 1 / sfreq)[1:]
    if not ((freq >= AMPLITUDE[0]) & (freq < AMPLITUDE[1])).any():
        raise ValueError(
            f"X has windows of {n_times} samples at {sfreq:g} Hz, which hold no frequency from "
            f"{AMPLITUDE[0]:g} to {AMPLITUDE[1]:g} Hz."
        )
    return {
        name: (low, high)
        for name, (low, high) in BANDS.items()
        if high <= sfreq / 2 and ((freq >= low) & (freq < high)).any()
    }


def _centre_and_spread(
    values: NDArray[np.float64], owners: list[str | None]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the median over records or patients and the spread around it; NaN counts as absent."""
    names = sorted({owner for owner in owners if owner is not None})
    if len(names) >= 3:
        mine = np.array(owners)
        values = np.array([_nanmedian(values[mine == name]) for name in names])
    centre = _nanmedian(values)
    return centre, 1.4826 * _nanmedian(np.abs(values - centre))


def _allowed(spread: Any, bounds: tuple[float, float]) -> Any:
    return np.clip(SPREADS * spread, *bounds)


def _weighed(off: Any) -> Any:
    # Slow waves of a seizure make the shares of all other bands small.
    return np.where(off < 0, -0.5 * off, off)


def _nanmedian(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median over the first axis without NaN; NaN where there is nothing else."""
    ordered = np.sort(values, axis=0)  # NaN last
    n = np.isfinite(values).sum(axis=0)
    low, high = np.maximum(n - 1, 0) // 2, n // 2
    high = np.minimum(high, len(values) - 1)
    pick = [np.take_along_axis(ordered, i[np.newaxis], axis=0)[0] for i in (low, high)]
    return (pick[0] + pick[1]) / 2


# ---------------------------------------------------------------------- plain content


def _check_windows(X: Any) -> None:
    if not isinstance(X, Windows):
        raise TypeError(f"X is {type(X).__name__}; Windows are needed.")
    if len(X) == 0:
        raise ValueError("X holds no window; at least one is needed.")


def _pairs(
    centre: NDArray[np.float64], spread: NDArray[np.float64]
) -> tuple[tuple[float, float], ...]:
    return tuple(zip(centre.tolist(), spread.tolist(), strict=True))


def _pair(values: Any) -> tuple[float, float]:
    if len(values) != 2:
        raise ValueError(f"content holds {values!r} where two numbers are needed.")
    return float(values[0]), float(values[1])


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def _times(power: float) -> str:
    """Return how many times a factor is above or below 1, to two digits."""
    return f"{float(f'{10 ** abs(power):.2g}'):,g}"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
