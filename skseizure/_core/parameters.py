"""Stricter parameter constraints than scikit-learn's own."""

from __future__ import annotations

from typing import Any

from sklearn.utils import _param_validation


class Interval(_param_validation.Interval):
    """A range of numbers; rejects booleans and numbers that no float can hold."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a parameter may have this value."""
        if isinstance(val, bool) or not isinstance(val, self.type):
            return False
        try:
            float(val)
            return super().is_satisfied_by(val)
        except (TypeError, OverflowError):  # a fraction, a huge integer
            return False


class HasMethods(_param_validation.HasMethods):
    """An object with some methods; rejects classes, and strings, whose `split` is another one."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Tell whether a parameter may have this value."""
        return not isinstance(val, type | str | bytes) and super().is_satisfied_by(val)
