"""The command line: ``skseizure demo | train | detect | evaluate``."""

from ._main import main

__all__ = ["main"]
