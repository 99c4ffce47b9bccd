"""The command line: ``skseizure demo | train | detect | evaluate | package``."""

from ._main import main

__all__ = ["main"]
