"""What scikit-learn's constraints of parameters let through, and no computation takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import _param_validation


class Interval(_param_validation.Interval):
    """A range of numbers, without booleans, fractions and what no double holds."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a parameter may be this."""
        # A bool is an int to Python, and an array of one number a float to float().
        if isinstance(val, bool) or not isinstance(val, self.type):
            return False
        try:
            float(val)
            return super().is_satisfied_by(val)
        except (TypeError, ValueError, OverflowError):
            return False


class HasMethods(_param_validation.HasMethods):
    """An object with some methods; a class is not one yet, and the `split` of a str another."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a parameter may be this."""
        return not isinstance(val, type | str | bytes) and super().is_satisfied_by(val)


def plain(value: Any) -> Any:
    """Return numpy's number as Python's, which neither wraps round nor has kernels of its own."""
    if isinstance(value, np.floating):  # of which the longest has itself as its item
        return float(value)
    return value.item() if isinstance(value, np.generic) else value
