"""Files that are whole or not there: written beside their place, and renamed when they are done."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file so that it is never half there, whatever ends the process.

    Parameters
    ----------
    path : str or path-like
        File to write. One that is there stays as it is until the new one is whole.

    Yields
    ------
    Path
        Where to write: a hidden file in the same folder, with the same ending. It takes the place
        of ``path`` at the end, and is removed if an error comes before.
    """
    path = Path(path)
    temporary = path.with_name(f".{secrets.token_hex(4)}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
