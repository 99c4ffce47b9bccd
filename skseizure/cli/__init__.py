"""The command line: ``skseizure demo | train | calibrate | personalize | detect | ...``."""

from ._main import main

__all__ = ["main"]
