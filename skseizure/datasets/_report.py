"""What a loader used of a corpus, and what it left out and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any, NamedTuple

SHOWN = 20  # rows that a printed table holds


class ReportRow(NamedTuple):
    """One file of a corpus."""

    record: str
    patient: str
    file: str
    hours: float
    seizures: int
    used: bool
    reason: str = ""


class LoadReport:
    """What a loader used, and what it left out and why.

    A loader puts it on the windows that it returns, as ``X.report_``. It describes these as a
    whole: windows that are sliced, joined or pickled have none.

    Parameters
    ----------
    rows : iterable of tuple
        For each file ``(record, patient, file, hours, seizures, used, reason)``, hours and seizures
        as far as they are known.
    ignored : mapping of str to str, default=None
        Files that are no EEG and what they are, such as ``"ecg"``.

    Attributes
    ----------
    rows : tuple of named tuples
        In the order in which they were loaded.
    ignored : dict of str to str
        Files that are no EEG and what they are.

    Examples
    --------
    >>> from skseizure.datasets import LoadReport
    >>> report = LoadReport(
    ...     [
    ...         ("p1/a", "p1", "p1/a.edf", 1.0, 2, True, ""),
    ...         ("p2/b", "p2", "p2/b.edf", 0.0, 0, False, "lasts 3 s"),
    ...     ]
    ... )
    >>> report
    LoadReport(used 1 of 2 records, 1.0 h, 2 seizures; left out 1: p2/b (lasts 3 s))
    """

    def __init__(self, rows: Iterable[tuple], ignored: Mapping[str, str] | None = None) -> None:
        self.rows = tuple(ReportRow._make(row) for row in rows)
        self.ignored = dict(ignored or {})

    @property
    def left_out(self) -> tuple[ReportRow, ...]:
        """Rows of the files that were not used."""
        return tuple(row for row in self.rows if not row.used)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[ReportRow]:
        return iter(self.rows)

    def summary(self, most: int = 5) -> str:
        """Say in words what was used.

        Parameters
        ----------
        most : int, default=5
            Largest number of files left out that are named.

        Returns
        -------
        str
            Counts of records, hours and seizures, and the files left out with their reasons.
        """
        used = [row for row in self.rows if row.used]
        names = {row.record for row in self.rows}
        text = (
            f"used {len({row.record for row in used})} of {len(names)} records, "
            f"{sum(row.hours for row in used):.1f} h, {sum(row.seizures for row in used)} seizures"
        )
        out = self.left_out
        if out:
            listed = "; ".join(f"{row.record} ({row.reason.rstrip('.')})" for row in out[:most])
            more = f"; and {len(out) - most} more" if len(out) > most else ""
            text += f"; left out {len(out)}: {listed}{more}"
        if self.ignored:
            kinds = list(self.ignored.values())
            counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
            text += f"; not EEG: {counts}"
        return text

    def to_frame(self) -> Any:
        """Return the table of files.

        Returns
        -------
        pandas.DataFrame
            One row a file, with the columns ``record``, ``patient``, ``file``, ``hours``,
            ``seizures``, ``used`` and ``reason``.
        """
        import pandas as pd

        return pd.DataFrame(self.rows, columns=list(ReportRow._fields))

    def __repr__(self) -> str:
        return f"LoadReport({self.summary()})"

    def __str__(self) -> str:
        rows = [ReportRow._fields, *(_cells(row) for row in self._shown())]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        if len(self) > SHOWN:
            lines.append(f"... and {len(self) - SHOWN} more")
        return "\n".join([self.summary(), *lines])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ReportRow._fields)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(row)) + "</tr>"
            for row in self._shown()
        )
        more = f"<p>... and {len(self) - SHOWN} more</p>" if len(self) > SHOWN else ""
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"<p>{escape(self.summary())}</p>{table}{more}"

    def _shown(self) -> list[ReportRow]:
        # What was left out first: that is what the reader looks for.
        return sorted(self.rows, key=lambda row: row.used)[:SHOWN]


def _cells(row: ReportRow) -> tuple[str, ...]:
    return (
        row.record,
        row.patient,
        row.file,
        f"{row.hours:.2f}",
        str(row.seizures),
        "yes" if row.used else "no",
        row.reason,
    )
