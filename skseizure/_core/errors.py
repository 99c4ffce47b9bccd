"""The name of an argument in a refusal; loads nothing, for what must be light to import."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def prefix_errors(*arguments: str) -> Iterator[None]:
    """Put the name of an argument before a refusal that has none, as many of numpy's have.

    Parameters
    ----------
    *arguments : str
        The argument that is checked, or several that must go together.

    Raises
    ------
    ValueError or TypeError
        As raised inside, a ValueError for numbers too large; with the names before the message
        where it has none of them.
    """
    try:
        yield
    except (ValueError, TypeError, OverflowError) as error:
        # Python's own, numpy's, and of the data frames' adapter; any other child of these has been
        # worded by who knows.
        if type(error).__module__.split(".")[0] not in ("builtins", "numpy", "narwhals"):
            raise
        if any(re.search(rf"\b{name}\b", str(error)) for name in arguments):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{' and '.join(arguments)}: {error}") from error
