"""Text from files, shown: no escape, control character or markup in it takes effect."""

from __future__ import annotations

import html
import os
import re
import unicodedata
from pathlib import Path

# Controls, lone surrogates, line and paragraph separators, and what turns the direction of text.
UNPRINTABLE = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
JOINERS = "\u200c\u200d"  # parts of words in Persian and Hindi, and of signs


def printable(text: object) -> str:
    r"""Return text in one line without control characters.

    Parameters
    ----------
    text : object
        Any text, or an object to take the text of: names of files and channels, labels, messages.

    Returns
    -------
    str
        The same with escapes such as ``\x1b`` or ``\n`` for what a terminal would act on, what
        changes the direction of text, and what cannot be encoded.

    Examples
    --------
    >>> from skseizure._core.text import printable
    >>> print(printable("night\x1b[2J one\n"))
    night\x1b[2J one\n
    """
    text = os.fspath(text) if isinstance(text, Path) else str(text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_escape, text))


def _escape(char: str) -> str:
    if char in JOINERS or unicodedata.category(char) not in UNPRINTABLE:
        return char
    return char.encode("unicode_escape", "surrogatepass").decode()


def one_line(text: object) -> str:
    """Return a message in one line: breaks and runs of spaces become a space, see `printable`."""
    return printable(" ".join(str(text).split()))


def markdown(text: object) -> str:
    r"""Return text that Markdown shows as it is: no link, heading, HTML or table cell.

    Parameters
    ----------
    text : object
        See `printable`.

    Returns
    -------
    str
        Text for a paragraph or a cell of a table.

    Examples
    --------
    >>> from skseizure._core.text import markdown
    >>> print(markdown("[a](javascript:b)"))
    \[a\](javascript:b)
    """
    shown = re.sub(r"[\\`*\[\]<>&|~$!]", r"\\\g<0>", printable(text))
    # Underlines within a word, as in names of records, mean nothing.
    shown = re.sub(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\_", shown)
    # Addresses become links on their own.
    return re.sub(r"(?i):(?=//)|(?<=\bwww)\.", r"\\\g<0>", shown)


def markdown_code(text: object) -> str:
    """Return text as code within a paragraph of Markdown, see `printable`."""
    shown = printable(text)
    longest = max(map(len, re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    room = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{room}{shown}{room}{fence}"


def to_html(text: object) -> str:
    """Return text that HTML shows as it is, also within an attribute; see `printable`."""
    return html.escape(printable(text), quote=True)
