"""Stores of intermediate results: checked when they are read, removed when nobody needs them."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from joblib import Memory, hash, register_store_backend
from joblib._store_backends import FileSystemStoreBackend

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

BACKEND = "skseizure"
PREFIX = "skseizure-"
NEW = 60.0  # seconds in which a store may be there without its lock


class CheckedStore(FileSystemStoreBackend):
    """Files of joblib, each with the hash of what it holds; what differs is computed again."""

    def dump_item(self, call_id: Sequence[str], item: Any, verbose: int = 1) -> None:
        """Write an item and its hash."""
        super().dump_item(call_id, (hash(item), item), verbose)

    def load_item(self, call_id: Sequence[str], **options: Any) -> Any:
        """Read an item, or raise: joblib then computes it."""
        found = super().load_item(call_id, **options)
        if not (isinstance(found, tuple) and len(found) == 2 and hash(found[1]) == found[0]):
            raise ValueError("the stored item is damaged.")
        return found[1]


register_store_backend(BACKEND, CheckedStore)


def open_store(folder: str | os.PathLike[str]) -> Memory:
    """Return a store in a folder, whose items are checked when they are read."""
    return Memory(os.path.join(folder, "joblib"), backend=BACKEND, verbose=0)


def check_store(memory: Any) -> Any:
    """Return the parameter ``memory`` of an estimator as a store; a folder's name opens one."""
    from sklearn.utils.validation import check_memory

    return open_store(memory) if isinstance(memory, str) else check_memory(memory)


@contextmanager
def temporary_folder() -> Iterator[str]:
    """Make a folder that is removed at the end, or by the next process if this one is killed.

    Yields
    ------
    str
        The folder.
    """
    _remove_left_over()
    with ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True)
        )
        file = stack.enter_context(open(os.path.join(folder, "lock"), "w"))
        if fcntl is not None:
            # The system opens the lock when the last process that has it ends, however it ends.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder


def _remove_left_over() -> None:
    if fcntl is None:
        return
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/lock"):
        with suppress(OSError):
            about = lock.parent.lstat()
            if about.st_uid != os.getuid() or time.time() - about.st_mtime < NEW:
                continue
            with lock.open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # or somebody works with it
                shutil.rmtree(lock.parent, ignore_errors=True)
