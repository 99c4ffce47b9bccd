"""One table of events for all recordings of a folder."""

from __future__ import annotations

import codecs
import csv
import os
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

# Usual names of the column that names the recording; `read_events` knows the same.
RECORD_COLUMNS = ("record", "recording", "file", "filename", "filepath")


class EventsTable:
    """A table whose rows name the recording that they are of.

    Parameters
    ----------
    path : str or path-like
        Cells separated by tabs, commas or semicolons, with a header.
    columns : mapping of str to str or None
        As in `read_events`; ``record`` is the column that names the recording.
    patient : str or None
        Column that names the patient.
    records : iterable of str
        Records of the folder: paths without the ending.
    stem_of : callable
        Takes the ending of a format off a path.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        columns: Mapping[str, str] | None,
        patient: str | None,
        records: Iterable[str],
        stem_of: Callable[[str], str],
    ) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(f"events is {str(path)!r}; there is no such file.")
        rows = _rows(self.path)
        header = list(rows[0]) if rows else []
        self.column = (columns or {}).get("record") or next(
            (name for name in RECORD_COLUMNS if name in header), ""
        )
        if self.column not in header:
            raise ValueError(
                f"{self.path} has the columns {', '.join(header)}; one must name the recording of "
                "each row, for example columns={'record': 'file'}."
            )
        if patient is not None and patient not in header:
            raise ValueError(
                f"patient is {patient!r}; {self.path} has the columns {', '.join(header)}."
            )
        self.cells: dict[str, list[str]] = {}
        self._patients: dict[str, set[str]] = {}
        self._match(rows, patient, list(records), stem_of)

    def _match(
        self,
        rows: list[dict[str, str]],
        patient: str | None,
        records: list[str],
        stem_of: Callable[[str], str],
    ) -> None:
        """Find the record of each row, by its path or the end of it."""
        known = set(records)
        ends: dict[str, list[str]] = {}
        for record in records:
            for name in dict.fromkeys((record, *(_without_modality(record)))):
                for end in _ends(name):
                    ends.setdefault(end, []).append(record)
        found: dict[str, str | None] = {}
        forms: dict[str, str] = {}
        for row in rows:
            cell = row[self.column]
            if cell not in found:
                form = stem_of(cell.replace("\\", "/").strip("./"))
                longer = [end for end in _ends(form) if end in known]
                fits = ends.get(form) or longer
                if len(fits) > 1:
                    raise ValueError(
                        f"{self.path} names {cell!r}, which may be {' or '.join(fits[:3])}; give "
                        "more of the path."
                    )
                found[cell] = fits[0] if fits else None
                if fits and forms.setdefault(fits[0], form) != form:
                    raise ValueError(
                        f"{self.path} names {forms[fits[0]]!r} and {form!r}, which would both be "
                        f"{fits[0]}; name each recording in one way."
                    )
                if fits:
                    self.cells.setdefault(fits[0], []).append(cell)
            owner = found[cell]
            if owner is not None and patient is not None:
                self._patients.setdefault(owner, set()).add(row[patient])
        strange = [cell for cell, record in found.items() if record is None]
        if strange:
            listed = ", ".join(map(repr, strange[:5])) + (", ..." if len(strange) > 5 else "")
            text = f"{self.path} names {len(strange)} recordings that are not there: {listed}."
            if len(strange) == len(found):
                raise ValueError(f"{text} Names must be paths below the folder, or their ends.")
            warnings.warn(text, stacklevel=4)
        silent = [record for record in records if record not in self.cells]
        if silent and patient is None:
            listed = ", ".join(silent[:5]) + (", ..." if len(silent) > 5 else "")
            warnings.warn(
                f"{self.path} has no row for {len(silent)} of {len(records)} recordings, which "
                f"count as free of seizures: {listed}. A row of type 'bckg' says so without this "
                "warning.",
                stacklevel=4,
            )

    def where(self, record: str) -> dict[str, list[str]]:
        """Return which rows are of a record, as `read_events` takes it."""
        return {self.column: self.cells.get(record, [])}

    def patient(self, record: str) -> str:
        """Return the patient of a record, or raise if the table does not name one."""
        names = self._patients.get(record, set()) - {"", "n/a"}
        if len(names) != 1:
            found = f"names {' and '.join(sorted(names))}" if names else "names none"
            raise ValueError(f"{self.path} {found} for {record}; one patient is needed.")
        return next(iter(names))


def _rows(path: Path) -> list[dict[str, str]]:
    raw = path.read_bytes()
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = raw.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    delimiter = next((mark for mark in "\t;," if lines and mark in lines[0]), ",")
    return [
        {str(name).strip(): (cell or "").strip() for name, cell in row.items() if name is not None}
        for row in csv.DictReader(lines, delimiter=delimiter)
    ]


def _ends(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[i:]) for i in range(len(parts))]


def _without_modality(record: str) -> list[str]:
    """Return the name that BIDS' tables use: without what kind of recording it is."""
    return [record.removesuffix(end) for end in ("_eeg", "_ieeg") if record.endswith(end)]
