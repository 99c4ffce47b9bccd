"""Channel names, and bipolar montages from referential or bipolar recordings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import numpy as np

from ._lazy import LazySignal
from ._recording import Recording, lazily

# The 18 derivations of the longitudinal bipolar montage, in the order of CHB-MIT's files.
DOUBLE_BANANA = (
    *("FP1-F7", "F7-T7", "T7-P7", "P7-O1"),
    *("FP1-F3", "F3-C3", "C3-P3", "P3-O1"),
    *("FP2-F4", "F4-C4", "C4-P4", "P4-O2"),
    *("FP2-F8", "F8-T8", "T8-P8", "P8-O2"),
    *("FZ-CZ", "CZ-PZ"),
)
MONTAGES = {"double banana": DOUBLE_BANANA}
# Names of the 10-20 system that the 10-10 system changed.
RENAMED = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}


def normalize_ch_name(name: str) -> str:
    """Bring a channel label to one spelling.

    Parameters
    ----------
    name : str
        Label as a file writes it.

    Returns
    -------
    str
        In upper case, without the prefix ``EEG``, blanks, dots and a running number (``-0``), and
        with T7, T8, P7, P8 for the older T3, T4, T5, T6. A reference stays: ``FP1-REF``.

    Examples
    --------
    >>> from skseizure.signals._montage import normalize_ch_name
    >>> [normalize_ch_name(name) for name in ("EEG Fp1-Ref", "T8-P8-1", "T3 - T5", "Fc5.")]
    ['FP1-REF', 'T8-P8', 'T7-P7', 'FC5']
    """
    name = re.sub(r"^EEG[\s_]+", "", name.strip().upper())
    name = re.sub(r"[\s.]", "", name)
    name = re.sub(r"-\d+$", "", name)
    return "-".join(RENAMED.get(part, part) for part in name.split("-"))


def get_montage(name: str) -> tuple[str, ...]:
    """Return the derivations of a montage.

    Parameters
    ----------
    name : {"double banana"}
        Name of the montage.

    Returns
    -------
    tuple of str
        Names ``"A-B"`` of its derivations, in their order.

    Raises
    ------
    ValueError
        If there is no montage of this name.

    Examples
    --------
    >>> from skseizure.signals import get_montage
    >>> get_montage("double banana")[:4]
    ('FP1-F7', 'F7-T7', 'T7-P7', 'P7-O1')
    """
    if name not in MONTAGES:
        raise ValueError(
            f"montage is {name!r}; {', '.join(map(repr, MONTAGES))} or a sequence of names "
            "'A-B' is needed."
        )
    return MONTAGES[name]


def to_bipolar(recording: Recording, montage: str | Sequence[str] = "double banana") -> Recording:
    """Bring a recording to a bipolar montage.

    Each derivation ``A-B`` is, in this order: the channel ``A-B``; the channel ``B-A``, its sign
    changed; the difference of two channels that hold ``A`` and ``B`` against one reference. Where
    several channels would do, the first is taken, such as the first of CHB-MIT's two ``T8-P8``.

    Parameters
    ----------
    recording : Recording
        Referential (``EEG FP1-REF``, ``Fp1``), bipolar (``FP1-F7``) or a mixture. Case, the prefix
        ``EEG``, blanks, dots, running numbers and T3/T7, T4/T8, T5/P7, T6/P8 make no difference.
    montage : "double banana" or sequence of str, default="double banana"
        The 18 derivations FP1-F7, F7-T7, T7-P7, P7-O1, FP1-F3, F3-C3, C3-P3, P3-O1, FP2-F4, F4-C4,
        C4-P4, P4-O2, FP2-F8, F8-T8, T8-P8, P8-O2, FZ-CZ, CZ-PZ, or names ``"A-B"``.

    Returns
    -------
    Recording
        One channel a derivation, under the montage's names and in its order; dtype, record,
        patient, start and offset are kept. Of a recording that was opened lazily, it is made
        whenever it is read, and only the channels that it needs are decoded and resampled.

    Raises
    ------
    ValueError
        If ``montage`` is unknown or empty, or a name is not of the form ``A-B``, or derivations
        cannot be had; the message names all of these and what is present.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.signals import Recording, to_bipolar
    >>> names = ["EEG FP1-REF", "EEG F7-REF", "EEG T3-REF"]
    >>> recording = Recording([[5.0, 6.0], [3.0, 3.0], [1.0, 0.0]], 256, names)
    >>> to_bipolar(recording, ["FP1-F7", "F7-T7"]).data.tolist()
    [[2.0, 3.0], [2.0, 3.0]]
    """
    wanted = get_montage(montage) if isinstance(montage, str) else tuple(montage)
    if not wanted:
        raise ValueError("montage is empty; at least one name 'A-B' is needed.")
    pairs = [_pair(normalize_ch_name(name)) for name in wanted]
    for name, (plus, minus) in zip(wanted, pairs, strict=True):
        if not plus or not minus or "-" in minus or plus == minus:
            raise ValueError(f"montage holds {name!r}; two electrodes, 'A-B', are needed.")

    channel: dict[tuple[str, str], int] = {}
    for i, name in enumerate(recording.ch_names):
        channel.setdefault(_pair(normalize_ch_name(name)), i)
    sources = [_source(channel, plus, minus) for plus, minus in pairs]
    missing = [name for name, source in zip(wanted, sources, strict=True) if source is None]
    if missing:
        raise ValueError(
            f"record {recording.record!r} has no channels for {', '.join(missing)}; "
            f"present are {', '.join(recording.ch_names)}."
        )
    if isinstance(recording.data, LazySignal):
        needed = sorted({i for source in sources for i in source or () if i is not None})
        part = recording.data.narrow(needed)
        recording = recording.replace(
            data=part,
            ch_names=[recording.ch_names[i] for i in needed],
            original_sfreq=part.source.original_sfreq,
        )
        outline = recording.replace(data=part[[0] * len(wanted)], ch_names=wanted)
        return lazily(recording, partial(to_bipolar, montage=wanted), outline, part.finite)
    data = np.empty((len(wanted), recording.data.shape[1]), dtype=recording.data.dtype)
    for row, source in zip(data, sources, strict=True):
        plus_row, minus_row = source or (None, None)
        if plus_row is None:
            np.negative(recording.data[minus_row], out=row)
        elif minus_row is None:
            row[:] = recording.data[plus_row]
        else:
            np.subtract(recording.data[plus_row], recording.data[minus_row], out=row)
    return recording.replace(data=data, ch_names=wanted)


def _pair(name: str) -> tuple[str, str]:
    """Split a normal name into electrode and reference, which is blank where there is none."""
    electrode, _, reference = name.partition("-")
    return electrode, reference


def _source(
    channel: dict[tuple[str, str], int], plus: str, minus: str
) -> tuple[int | None, int | None] | None:
    """Return the channels to add and to subtract for a derivation, or None if there are none."""
    if (plus, minus) in channel:
        return channel[plus, minus], None
    if (minus, plus) in channel:
        return None, channel[minus, plus]
    for electrode, reference in channel:
        if electrode == plus and (minus, reference) in channel:
            return channel[plus, reference], channel[minus, reference]
    return None
