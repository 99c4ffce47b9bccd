"""Forked children: threads and the locks that they hold are not there in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

_forked = False


def is_forked() -> bool:
    """Tell whether this process is a forked child, in which torch has one thread."""
    return _forked


def in_children(act: Callable[[], object]) -> None:
    """Call a function at the start of each forked child, where the system can fork."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=act)


def keep_torch_alone(torch: Any) -> None:
    """Let torch compute in one thread in forked children.

    Its pool of threads is not forked, and a task for the pool would be waited for without end.
    """

    def act() -> None:
        global _forked
        _forked = True
        torch.set_num_threads(1)

    in_children(act)
