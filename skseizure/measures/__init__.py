"""Measures: functions from windows of one channel to one number a window, and their registry."""

# The order of the imports is that of `available_measures` and of the tables of the guide.
# isort: off
from typing import TYPE_CHECKING

from .._core.persistence import name_by_package
from ._registry import Measure, available_measures, measure
from ._time_domain import *  # noqa: F403
from ._nonlinear import *  # noqa: F403
from ._entropy import *  # noqa: F403
from ._morphology import *  # noqa: F403
from ._energy import *  # noqa: F403
from ._frequency import *  # noqa: F403
from ._time_frequency import *  # noqa: F403
from ._wavelet import *  # noqa: F403
from ._cepstrum import *  # noqa: F403
from ._bands import band_power, dwt_energies
# isort: on

if not TYPE_CHECKING:  # type checkers cannot read the registry; they take the imports above
    __all__ = [
        "Measure",
        "available_measures",
        "band_power",
        "dwt_energies",
        "measure",
        *available_measures(),
    ]

    def __dir__() -> list[str]:
        # The star imports also bring what the files of the measures import themselves.
        return __all__


name_by_package(globals())
