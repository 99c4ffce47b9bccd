"""Order statistics over channels, of those that are not NaN."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_QUANTILE = re.compile(r"q(\d\d?)")


class _Ordered:
    """The features of each window in ascending order over the channels, missing ones last."""

    def __init__(self, cube: NDArray[np.float64]) -> None:
        self.values = np.sort(cube, axis=1)
        self.known = ~np.isnan(self.values)
        self.count = self.known.sum(axis=1)

    def at(self, place: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the values at these places, shape (n_windows, n_features)."""
        return np.take_along_axis(self.values, place[:, np.newaxis], axis=1)[:, 0]

    def mean(self) -> NDArray[np.float64]:
        # In ascending order, so that the order of channels does not matter to the last bit.
        return self.values.sum(axis=1, where=self.known) / self.count

    def std(self) -> NDArray[np.float64]:
        squares = np.square(self.values - self.mean()[:, np.newaxis])
        return np.sqrt(squares.sum(axis=1, where=self.known) / self.count)

    def quantile(self, q: float) -> NDArray[np.float64]:
        place = (self.count - 1) * q
        low = place.astype(np.intp)
        lower, upper = self.at(low), self.at(np.minimum(low + 1, self.count - 1))
        return lower + (upper - lower) * (place - low)


STATISTICS: dict[str, Callable[[_Ordered], NDArray[np.float64]]] = {
    "mean": _Ordered.mean,
    "median": lambda ordered: ordered.quantile(0.5),
    "max": lambda ordered: ordered.at(ordered.count - 1),
    "min": lambda ordered: ordered.at(np.zeros_like(ordered.count)),
    "std": _Ordered.std,
    "range": lambda ordered: ordered.at(ordered.count - 1) - ordered.values[:, 0],
    "iqr": lambda ordered: ordered.quantile(0.75) - ordered.quantile(0.25),
    "second_max": lambda ordered: ordered.at(np.maximum(ordered.count - 2, 0)),
    "second_min": lambda ordered: ordered.at(np.minimum(1, ordered.count - 1)),
}


def check_statistics(statistics: Any) -> None:
    """Raise a ValueError if statistics are not a list of different known names."""
    names = list(statistics)
    for name in names:
        if not isinstance(name, str) or not (name in STATISTICS or _QUANTILE.fullmatch(name)):
            raise ValueError(
                f"statistics holds {name!r}; known are {', '.join(STATISTICS)}, and quantiles such "
                "as 'q10' and 'q90'."
            )
    if not names or len(set(names)) < len(names):
        raise ValueError(f"statistics is {names!r}; at least one is needed, each once.")


def pool(cube: NDArray[np.float64], statistics: Sequence[str]) -> Iterator[NDArray[np.float64]]:
    """Compute statistics over channels.

    Parameters
    ----------
    cube : ndarray, shape (n_windows, n_channels, n_features)
        Features; NaN is left out. Of each window and feature one channel at least is known.
    statistics : sequence of str
        Names that `check_statistics` knows.

    Yields
    ------
    ndarray, shape (n_windows, n_features)
        One statistic after the other.
    """
    ordered = _Ordered(cube)
    for name in statistics:
        if found := _QUANTILE.fullmatch(name):
            yield ordered.quantile(int(found[1]) / 100)
        else:
            yield STATISTICS[name](ordered)
