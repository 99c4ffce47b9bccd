"""Loaders of the public corpora, and a generator of recordings."""

from .._core.persistence import name_by_package
from ._bids import load_bids
from ._bonn import load_bonn
from ._chbmit import load_chbmit
from ._folder import load_edf_folder
from ._report import LoadReport
from ._siena import load_siena
from ._swec_ethz import load_swec_ethz
from ._synthetic import make_recordings
from ._tusz import load_tusz

__all__ = [
    "LoadReport",
    "load_bids",
    "load_bonn",
    "load_chbmit",
    "load_edf_folder",
    "load_siena",
    "load_swec_ethz",
    "load_tusz",
    "make_recordings",
]

name_by_package(globals())
