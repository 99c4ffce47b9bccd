"""Refusals get the name of an argument, and stay what they are otherwise."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skseizure._core.errors import prefix_errors


class OwnError(ValueError):
    code = 7


@pytest.mark.parametrize(
    "raised, kind, message",
    [
        (ValueError("no number"), ValueError, "X and y: no number"),
        (TypeError("no number"), TypeError, "X and y: no number"),
        (ValueError("y is no number"), ValueError, "y is no number"),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "bad"), ValueError, "X and y: 'utf-8' codec"),
        (OwnError("quota"), OwnError, "quota"),
        (NotFittedError("not fitted"), NotFittedError, "not fitted"),
    ],
)
def test_naming(raised, kind, message):
    with pytest.raises(kind, match=rf"^{message}") as caught, prefix_errors("X", "y"):
        raise raised
    assert type(caught.value) is kind


def test_naming_of_numpy_s_own_kinds():
    with pytest.raises(TypeError, match=r"^X: ") as caught, prefix_errors("X"):
        np.add(np.datetime64(1, "s"), 1.5)
    assert type(caught.value) is TypeError
