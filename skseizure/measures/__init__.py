"""Measures: functions from windows of one channel to one number a window, and their registry.

A measure takes windows in microvolts, shape (n, n_times), and returns n numbers. A single window,
shape (n_times,), gives a single number. All is computed in double precision.

Every measure is defined on every window of finite samples within 1e12 microvolts. What has no
value, such as the shape of a constant window or the difference of a single sample, is 0. A window
is constant if its samples differ by at most 1e-60 microvolts: rounding noise on a constant is a
signal. NaN, infinity, larger samples, an empty array and more than two dimensions raise a
ValueError.
"""

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
