"""Text files as numbered lines and cells, whoever saved them."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import numpy as np

NOT_GIVEN = ("", "n/a", "N/A", "nan", "NaN")


def fail(path: Path, line: int, problem: str) -> NoReturn:
    """Raise the error of a line that cannot be read."""
    raise ValueError(f"{path}, line {line}: {problem}.")


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """Read a text file in UTF-8 or UTF-16 as its lines with their numbers, from 1."""
    raw = path.read_bytes()
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = raw.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    if not text.strip():
        raise ValueError(f"{path} is empty; a table with a header is needed.")
    return list(enumerate(re.split(r"\r\n|\n|\r", text), start=1))


def header_line(lines: list[tuple[int, str]]) -> str:
    """Return the first line that is neither blank nor a comment."""
    return next((text for _, text in lines if text.strip() and not text.startswith("#")), "")


def read_rows(
    path: Path, lines: list[tuple[int, str]], delimiter: str
) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of the header, then of each row.

    Raises
    ------
    ValueError
        If a row has another number of cells than the header.
    """
    n_columns = None
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
        n_columns = len(cells) if n_columns is None else n_columns
        if len(cells) != n_columns:
            fail(path, number, f"{len(cells)} cells, but the header names {n_columns} columns")
        yield number, cells


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
