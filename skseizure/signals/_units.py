"""Units of voltage: what a file or the caller states, in microvolts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from ._edf_header import Header, refuse

# In lower case; mu also as its two bytes in Shift-JIS, which Nihon Kohden writes.
MICROVOLTS = {"nano": 1e-3, "micro": 1.0, "milli": 1e3, "n": 1e-3, "m": 1e3, "": 1e6}
MICROVOLTS |= dict.fromkeys(("u", "\u03bc", "\x83\xea"), 1.0)
# A field of 8 bytes cuts "microvolts" off.
VOLTAGE = re.compile(f"({'|'.join(MICROVOLTS)}) *v(olts?)?|(?P<cut>micro|milli|nano)vol")
# A voltage whose prefix was lost on the way, or that is per bit.
UNREADABLE = re.compile(r"[^a-z0-9 ] *v(olts?)?|[a-z]?v/bit")
Unit = Literal["nV", "uV", "mV", "V"]


def microvolts(unit: str) -> float | None:
    """Return microvolts per unit, or None if the unit is no voltage."""
    match = VOLTAGE.fullmatch(unit.casefold())
    if match is None:
        return None
    return MICROVOLTS[match["cut"] if match["cut"] is not None else match[1]]


class Units:
    """The unit of each channel: what the caller states, else what the file does."""

    def __init__(self, units: str | Mapping[str, str] | None, blank_unit: str | None) -> None:
        self.named = dict(units) if isinstance(units, Mapping) else {}
        self.all = units if isinstance(units, str) else None
        self.blank = blank_unit
        given = {f"units of {name!r}": unit for name, unit in self.named.items()}
        for what, unit in {**given, "units": self.all, "blank_unit": self.blank}.items():
            if unit is not None and (not isinstance(unit, str) or microvolts(unit) is None):
                raise ValueError(f"{what} is {unit!r}; 'nV', 'uV', 'mV' or 'V' is needed.")
        if units is not None and not isinstance(units, str | Mapping):
            raise TypeError(f"units is {units!r}; a unit, or a mapping of channels, is needed.")

    def refuse_absent(self, header: Header) -> None:
        absent = [name for name in self.named if name not in header.names.values()]
        if absent:
            refuse(
                header.path,
                f"units names {', '.join(map(repr, absent))}; present are "
                f"{', '.join(header.names.values())}.",
            )

    def of(self, name: str, stated: str) -> str:
        if name in self.named:
            return self.named[name]
        unreadable = not stated or UNREADABLE.fullmatch(stated.casefold()) is not None
        if self.all is not None and (unreadable or microvolts(stated) is not None):
            return self.all
        return self.blank if unreadable and self.blank is not None else stated
