"""Channel names, and montages from referential or bipolar recordings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ._lazy import LazySignal
from ._recording import Recording, lazily, works_lazily

# The 18 derivations of the longitudinal bipolar montage, in the order of CHB-MIT's files.
DOUBLE_BANANA = (
    *("FP1-F7", "F7-T7", "T7-P7", "P7-O1"),
    *("FP1-F3", "F3-C3", "C3-P3", "P3-O1"),
    *("FP2-F4", "F4-C4", "C4-P4", "P4-O2"),
    *("FP2-F8", "F8-T8", "T8-P8", "P8-O2"),
    *("FZ-CZ", "CZ-PZ"),
)
# The temporal-central-parasagittal montage of the TUH corpora, in the order of its files.
TCP = (
    *("FP1-F7", "F7-T7", "T7-P7", "P7-O1", "FP2-F8", "F8-T8", "T8-P8", "P8-O2"),
    *("A1-T7", "T7-C3", "C3-CZ", "CZ-C4", "C4-T8", "T8-A2"),
    *("FP1-F3", "F3-C3", "C3-P3", "P3-O1", "FP2-F4", "F4-C4", "C4-P4", "P4-O2"),
)
TEN_TWENTY = (
    *("FP1", "FP2", "F7", "F3", "FZ", "F4", "F8", "T7", "C3", "CZ", "C4", "T8"),
    *("P7", "P3", "PZ", "P4", "P8", "O1", "O2"),
)
AVERAGE, EARS = "AVG", "LE"
MONTAGES = {
    "double banana": DOUBLE_BANANA,
    "tcp 22": TCP,
    "tcp 20": tuple(name for name in TCP if name not in ("A1-T7", "T8-A2")),
    "average": tuple(f"{name}-{AVERAGE}" for name in TEN_TWENTY),
    "linked ears": tuple(f"{name}-{EARS}" for name in TEN_TWENTY),
    "seizeit2": ("focal=BTEleft SD|BTEright SD", "cross=CROSStop SD"),
}
# Names of the 10-20 system that the 10-10 system changed, and of the earlobes.
RENAMED = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8", "M1": "A1", "M2": "A2"}
# CHB-MIT writes a zero for the letter O.
ZERO = {"01": "O1", "02": "O2"}
REFERENCES = "REF|LE|AVG|AV|AR|A1|A2|A1A2|M1|M2|M1M2|CS2"
ELECTRODE = r"[A-Z]{1,3}(?:\d{1,2}|Z)"


class MissingChannelsError(ValueError):
    """A recording lacks channels that a montage needs.

    Parameters
    ----------
    message : str
        Which, and what is there.
    missing : sequence of str, default=()
        Their names in the montage.

    Attributes
    ----------
    missing : tuple of str
        Their names in the montage.
    """

    def __init__(self, message: str, missing: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.missing = tuple(missing)


def normalize_ch_name(name: str) -> str:
    """Bring a channel label to one spelling.

    Parameters
    ----------
    name : str
        Label as a file writes it.

    Returns
    -------
    str
        In upper case, without the prefix ``EEG`` or ``POL``, blanks, dots and a running number
        (``-0``), and with T7, T8, P7, P8, A1, A2 for T3, T4, T5, T6, M1, M2. A reference stays, and
        stands behind a hyphen: ``FP1-REF``.

    Examples
    --------
    >>> from skseizure.signals._montage import normalize_ch_name
    >>> [normalize_ch_name(name) for name in ("EEG Fp1-Ref", "T8-P8-1", "T3 - T5", "Fc5.")]
    ['FP1-REF', 'T8-P8', 'T7-P7', 'FC5']
    >>> [normalize_ch_name(name) for name in ("POL Fp1", "EEGFp1", "Fp1_REF", "EEG Fp1 LE")]
    ['FP1', 'FP1', 'FP1-REF', 'FP1-LE']
    """
    name = name.strip().upper()
    name = re.sub(rf"^(?:EEG|POL)(?:[\s_]+|(?={ELECTRODE}))", "", name)
    name = re.sub(rf"(?:\s*_\s*|\s+)(?=(?:{REFERENCES})(?:-\d+)?$)", "-", name)
    name = re.sub(rf"^({ELECTRODE})_(?={ELECTRODE}$)", r"\1-", name)
    name = re.sub(r"[\s.]", "", name)
    name = re.sub(r"-\d+$", "", name) if not re.fullmatch(r"[A-Z]+\d*-0[12]", name) else name
    return "-".join(RENAMED.get(part, part) for part in name.split("-"))


def get_montage(name: str) -> tuple[str, ...]:
    """Return the derivations of a montage.

    Parameters
    ----------
    name : {"double banana", "tcp 22", "tcp 20", "average", "linked ears", "seizeit2"}
        Name of the montage.

    Returns
    -------
    tuple of str
        Its derivations in their order, each as `to_bipolar` takes it.

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


@works_lazily
def to_bipolar(recording: Recording, montage: str | Sequence[str] = "double banana") -> Recording:
    """Bring a recording to a bipolar or another montage.

    Each derivation ``A-B`` is, in this order: the channel ``A-B``; the channel ``B-A``, its sign
    changed; the difference of two channels that hold ``A`` and ``B`` against one reference. Where
    several channels would do, the first is taken, such as the first of CHB-MIT's two ``T8-P8``.

    Parameters
    ----------
    recording : Recording
        Referential (``EEG FP1-REF``, ``Fp1``), bipolar (``FP1-F7``) or a mixture. Case, the
        prefixes ``EEG`` and ``POL``, blanks, dots, running numbers, ``_`` before a reference,
        T3/T7, T4/T8, T5/P7, T6/P8, M1/A1, M2/A2 and ``01`` for O1 make no difference.
    montage : str or sequence of str, default="double banana"
        Name of a montage, see `get_montage`, or derivations. ``"A-B"`` is the difference of two
        electrodes; ``"A-AVG"`` an electrode against the mean of all that the montage takes against
        it; ``"A-LE"`` an electrode against the mean of A1 and A2; ``"name=X|Y"`` the channel X or,
        where it is not there, Y.

    Returns
    -------
    Recording
        One channel a derivation, under the montage's names and in its order; dtype, record,
        patient, start and offset are kept. Of a recording that was opened lazily, it is made
        whenever it is read, and only the channels that it needs are decoded and resampled.

    Raises
    ------
    ValueError
        If ``montage`` is unknown or empty, or a name is none of these forms.
    MissingChannelsError
        If derivations cannot be had, a ValueError; the message names all of these and what is
        present.

    Notes
    -----
    A recording that was read into memory has had all its channels decoded, and resampled if that
    was asked for. ``read_edf(path, montage=...)`` spares the channels that the montage does not
    need: of a file of 128 channels it takes as long as of one with the 19 of the double banana.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.signals import Recording, to_bipolar
    >>> names = ["EEG FP1-REF", "EEG F7-REF", "EEG T3-REF"]
    >>> recording = Recording([[5.0, 6.0], [3.0, 3.0], [1.0, 0.0]], 256, names)
    >>> to_bipolar(recording, ["FP1-F7", "F7-T7"]).data.tolist()
    [[2.0, 3.0], [2.0, 3.0]]
    """
    names, sums = derive(recording.ch_names, montage, recording.record)
    if isinstance(recording.data, LazySignal):
        needed = sorted({i for terms in sums for i, _ in terms})
        part = recording.data.narrow(needed)
        recording = recording.replace(
            data=part,
            ch_names=[recording.ch_names[i] for i in needed],
            original_sfreq=part.source.original_sfreq,
        )
        outline = recording.replace(data=part[[0] * len(names)], ch_names=names)
        # The montage itself, not its name: a pickle then reads the same in a later version.
        derivations = montage if not isinstance(montage, str) else get_montage(montage)
        again = partial(to_bipolar, montage=tuple(derivations))
        return lazily(recording, again, outline, part.finite, pointwise=True)
    data = np.empty((len(names), recording.data.shape[1]), dtype=recording.data.dtype)
    for row, terms in zip(data, sums, strict=True):
        add_channels(recording.data, terms, row)
    return recording.replace(data=data, ch_names=names)


Terms = tuple[tuple[int, float], ...]  # channels by their place, with their factors


def derive(
    ch_names: Sequence[str], montage: str | Sequence[str], record: str
) -> tuple[tuple[str, ...], list[Terms]]:
    """Find the channels that a montage needs.

    Parameters
    ----------
    ch_names : sequence of str
        Channels that are present.
    montage : str or sequence of str
        As in `to_bipolar`.
    record : str
        Name of the record, for the error.

    Returns
    -------
    names : tuple of str
        Of the derivations.
    sums : list of tuple of (int, float)
        For each derivation the channels to add up, each with its factor.
    """
    wanted = get_montage(montage) if isinstance(montage, str) else tuple(montage)
    if not wanted:
        raise ValueError("montage is empty; at least one name 'A-B' is needed.")
    parsed = [_parse(name) for name in wanted]
    present = _Present.of(ch_names)
    averaged = [plus for plus, minus in (one.pair for one in parsed) if minus == AVERAGE]
    sums = [present.find(one, averaged) for one in parsed]
    missing = [one.name for one, terms in zip(parsed, sums, strict=True) if terms is None]
    if missing:
        raise MissingChannelsError(
            f"record {record!r} has no channels for {', '.join(missing)}; "
            f"present are {', '.join(ch_names)}.",
            missing,
        )
    return tuple(one.name for one in parsed), [terms for terms in sums if terms is not None]


@dataclass(frozen=True)
class _Derivation:
    name: str
    pair: tuple[str, str]
    channels: tuple[str, ...]  # alternatives, of a derivation that is a channel


def _parse(text: str) -> _Derivation:
    name, equals, channels = text.partition("=")
    if equals:
        choice = tuple(normalize_ch_name(channel) for channel in channels.split("|"))
        if not name.strip() or "" in choice:
            raise ValueError(f"montage holds {text!r}; a name and a channel, 'name=X', are needed.")
        return _Derivation(name.strip(), ("", ""), choice)
    plus, minus = _pair(normalize_ch_name(text))
    if not plus or not minus or "-" in minus or plus == minus:
        raise ValueError(f"montage holds {text!r}; two electrodes, 'A-B', are needed.")
    return _Derivation(text, (plus, minus), ())


def _pair(name: str) -> tuple[str, str]:
    """Split a normal name into electrode and reference, which is blank where there is none."""
    electrode, _, reference = name.partition("-")
    return electrode, reference


class _Present:
    """Channels by their electrode and reference."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.channel: dict[tuple[str, str], int] = {}
        for i, pair in enumerate(pairs):
            self.channel.setdefault(pair, i)

    @classmethod
    def of(cls, ch_names: Sequence[str]) -> _Present:
        pairs = [_pair(normalize_ch_name(name)) for name in ch_names]
        electrodes = {electrode for pair in pairs for electrode in pair}
        # Where channels are numbered, 01 is a number.
        numbers = {name for name in electrodes if name.isdigit()}
        zero = {k: v for k, v in ZERO.items() if v not in electrodes and numbers <= set(ZERO)}
        return cls([(zero.get(a, a), zero.get(b, b)) for a, b in pairs])

    def find(self, one: _Derivation, averaged: Sequence[str]) -> Terms | None:
        """Return the channels to add up for a derivation, or None if they are not all there."""
        if one.channels:
            places = [self.channel[pair] for pair in map(_pair, one.channels) if pair in self]
            return ((places[0], 1.0),) if places else None
        plus, minus = one.pair
        if one.pair in self:
            return ((self.channel[plus, minus], 1.0),)
        if (minus, plus) in self:
            return ((self.channel[minus, plus], -1.0),)
        others = {AVERAGE: averaged, EARS: ("A1", "A2")}.get(minus, (minus,))
        for electrode, reference in self.channel:
            if electrode == plus and all((other, reference) in self for other in others):
                factors = {self.channel[plus, reference]: 1.0}
                for other in others:
                    place = self.channel[other, reference]
                    factors[place] = factors.get(place, 0.0) - 1 / len(others)
                return tuple(factors.items())
        return None

    def __contains__(self, pair: tuple[str, str]) -> bool:
        return pair in self.channel


def add_channels(data: NDArray[np.floating], terms: Terms, out: NDArray[np.floating]) -> None:
    """Write the sum of channels, each with its factor, into ``out``."""
    places, factors = zip(*terms, strict=True)
    if factors == (1.0,):
        out[:] = data[places[0]]
    elif factors == (-1.0,):
        np.negative(data[places[0]], out=out)
    elif factors == (1.0, -1.0):
        np.subtract(data[places[0]], data[places[1]], out=out)
    else:
        out[:] = sum(factor * data[i].astype(np.float64) for i, factor in terms)
