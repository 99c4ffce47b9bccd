"""Text files as numbered lines and cells, whoever saved them."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import numpy as np

from .._core.files import read_whole

MAX_BYTES = 16 * 2**20  # of a table: some 200,000 events
NOT_GIVEN = ("", "n/a", "N/A", "nan", "NaN")


def fail(path: Path, line: int, problem: str) -> NoReturn:
    """Raise the error of a line that cannot be read."""
    raise ValueError(f"{path}, line {line}: {problem}.")


def numbered_lines(path: Path, max_bytes: int = MAX_BYTES) -> list[tuple[int, str]]:
    """Read a text file in UTF-8 or UTF-16 as its lines with their numbers, from 1.

    Blank lines are left out: a file of nothing else would take a hundred times its size.
    """
    raw = read_whole(path, max_bytes)
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if wide else "utf-8-sig"
    # By default a text stream takes the ends of lines of any system.
    with io.TextIOWrapper(io.BytesIO(raw), encoding=encoding, errors="replace") as text:
        lines = [
            (number, line.removesuffix("\n"))
            for number, line in enumerate(text, start=1)
            if not line.isspace()
        ]
    if not lines:
        raise ValueError(f"{path} is empty; a table with a header is needed.")
    return lines


def header_line(lines: list[tuple[int, str]]) -> str:
    """Return the first line that is no comment."""
    return next((text for _, text in lines if not text.startswith("#")), "")


def read_rows(
    path: Path, lines: list[tuple[int, str]], delimiter: str, *, short: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of the header, then of each row.

    With ``short``, a row may have fewer cells than the header.

    Raises
    ------
    ValueError
        If a row has another number of cells than the header.
    """
    n_columns = None
    for number, line in lines:
        if line.startswith("#"):
            continue
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
        n_columns = len(cells) if n_columns is None else n_columns
        if len(cells) != n_columns and not (short and len(cells) < n_columns):
            refuse_cells(path, number, len(cells), n_columns)
        yield number, cells


def refuse_cells(path: Path, line: int, found: int, needed: int) -> NoReturn:
    """Raise the error of a row that does not fit the header."""
    fail(path, line, f"{found} cells, but the header names {needed} columns")


def seconds(
    path: Path, line: int, cells: Mapping[str, str], column: str, *, comma: bool = False
) -> float:
    """Return a cell as a number of seconds, or raise; ``comma`` allows a decimal comma."""
    text = cells[column].replace(",", ".") if comma else cells[column]
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        fail(path, line, f"{column} is {cells[column]!r}; a number of seconds is needed")
    return value


def confidence(path: Path, line: int, cells: Mapping[str, str]) -> float:
    """Return the confidence of a row, nan where none is given."""
    text = cells.get("confidence", "n/a")
    try:
        return np.nan if text in NOT_GIVEN else float(text)
    except ValueError:
        fail(path, line, f"confidence is {text!r}; a number or n/a is needed")
