"""What the field writes for a seizure, for background and for time that nobody can judge."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

SEIZURE, BACKGROUND, OTHER, UNJUDGED = "sz", "bckg", "other", "unjudged"
ANY = "*"  # as a key of types: every type that nothing else says anything about

# TUSZ annotation guidelines: unspecified, focal and generalised non-specific, simple and complex
# partial, absence, tonic, clonic, tonic-clonic, atonic, myoclonic, non-epileptic.
TUSZ_SEIZURES = frozenset(
    "seiz fnsz gnsz spsz cpsz absz tnsz cnsz tcsz atsz mysz nesz".split()  # noqa: SIM905
)
# The other codes of the TUH corpora: discharges, artefacts, rhythms; and SzCORE's impedance check.
OTHERS = frozenset(
    "spsw gped pled eybl artf intr slow eyem chew shiv musc elpp elst hphs trip elec".split()  # noqa: SIM905
)
NOT_JUDGED = frozenset({"calb", "impd", "unjudged"})
BACKGROUNDS = frozenset(
    {
        *("bckg", "bkg", "background", "normal", "no seizure", "non seizure", "nonseizure"),
        *("seizure free", "interictal", "inter ictal", "preictal", "pre ictal", "postictal"),
        "post ictal",
    }
)
SEIZURES = frozenset({"ictal", "ictus", "absence", "gtcs", "fbtcs", "fias", "fas"})
KINDS = (
    *("electrographic", "electroclinical", "electro clinical", "clinical", "subclinical"),
    *("epileptic", "convulsive", "non convulsive", "focal", "generalized", "generalised"),
    *("focal onset", "generalized onset", "generalised onset", "unknown onset", "aware"),
    *("impaired awareness", "partial", "simple partial", "complex partial", "absence", "tonic"),
    *("clonic", "tonic clonic", "atonic", "myoclonic", "motor", "neonatal", "bilateral"),
    *("left", "right", "temporal", "frontal", "parietal", "occipital"),
)
WORDS = re.compile(rf"((?:{'|'.join(KINDS)}) )*(?:seizures?|seiz|sz|szs)(?: ?#?\d+)?")
CODE = re.compile(r"sz(?:_\w+)*", re.IGNORECASE)
HED = re.compile(r"(?:^|[\s(,/:])(?!non)(?:[\w-]*-)?(?<!non-)epileptic-seizure", re.IGNORECASE)
BORDER = re.compile(
    r"(?:(?P<start>start|begin|beginning|onset)|(?P<end>end|stop|offset|finish))"
    r"(?: of| of the)? (?:seizure|seiz|sz)(?: ?#?\d+)?"
    r"|(?:seizure|seiz|sz)(?: ?#?\d+)? "
    r"(?:(?P<starts>start|begin|begins|onset)|(?P<ends>end|ends|stop|offset))"
)


def check_types(types: Mapping[str, str] | None) -> dict[str, str]:
    """Validate a caller's own spellings.

    Parameters
    ----------
    types : mapping of str to str, or None
        What a type means, by its spelling: a seizure code, ``"bckg"``, ``"other"`` or
        ``"unjudged"``; the key ``"*"`` stands for all types that are not known otherwise.

    Returns
    -------
    dict of str to str
        By spelling as `classify` compares them.

    Raises
    ------
    TypeError
        If it is no mapping.
    ValueError
        If a value is none of these.
    """
    if types is None:
        return {}
    if not isinstance(types, Mapping):
        raise TypeError(
            f"types is {type(types).__name__}; a mapping such as {{'spell': 'sz'}} is needed."
        )
    for spelling, meaning in types.items():
        known = isinstance(meaning, str) and (
            meaning in (BACKGROUND, OTHER, UNJUDGED, *TUSZ_SEIZURES) or CODE.fullmatch(meaning)
        )
        if not known:
            raise ValueError(
                f"types says that {spelling!r} means {meaning!r}; 'sz' or another code of a "
                "seizure, 'bckg' (background), 'other' (no statement about seizures) or 'unjudged' "
                "(time that cannot be judged) is needed."
            )
    return {_normal(str(spelling)): meaning for spelling, meaning in types.items()}


def classify(text: str, types: Mapping[str, str]) -> str | None:
    """Return what a type means.

    Parameters
    ----------
    text : str
        As a table or an annotation writes it.
    types : mapping of str to str
        Of `check_types`.

    Returns
    -------
    str or None
        The code of a seizure (``"sz"`` unless it is more specific), ``"bckg"``, ``"other"`` or
        ``"unjudged"``; None if nobody knows.
    """
    word = _normal(text)
    if word in types:
        return types[word]
    if CODE.fullmatch(text.strip()):
        return "sz" + text.strip()[2:]
    if word in TUSZ_SEIZURES:
        return SEIZURE if word == "seiz" else word
    if word in SEIZURES or WORDS.fullmatch(word) or HED.search(text):
        return SEIZURE
    if word in BACKGROUNDS:
        return BACKGROUND
    if word in NOT_JUDGED or word.startswith(("bad", "edge")):
        return UNJUDGED
    if set(word.split()) <= OTHERS and word:  # TUH joins two artefacts: eyem_musc
        return OTHER
    return types.get(ANY)


def is_seizure(meaning: str | None) -> bool:
    """Tell whether what `classify` returned is a seizure."""
    return meaning is not None and meaning not in (BACKGROUND, OTHER, UNJUDGED)


def border(text: str) -> str | None:
    """Return ``"start"`` or ``"end"`` for a mark such as "Seizure onset", else None."""
    match = BORDER.fullmatch(_normal(text))
    if match is None:
        return None
    return "start" if match["start"] or match["starts"] else "end"


def refuse_unknown(where: str, unknown: Iterable[str]) -> None:
    """Raise a ValueError that counts types that nobody knows, and says what to do."""
    count: dict[str, int] = {}
    for text in unknown:
        count[text] = count.get(text, 0) + 1
    if count:
        listed = ", ".join(f"{n} of {text!r}" for text, n in list(count.items())[:8])
        listed += f" and {len(count) - 8} more types" if len(count) > 8 else ""
        raise ValueError(
            f"{where}: nobody knows whether these events are seizures: {listed}. State it, for "
            f"example types={{{next(iter(count))!r}: 'sz'}}; 'bckg' means background, 'other' "
            "says nothing about seizures, 'unjudged' is time that cannot be judged, and the key "
            "'*' stands for all other types."
        )


def _normal(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", text.strip().casefold())
