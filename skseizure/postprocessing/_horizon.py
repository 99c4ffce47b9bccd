"""How far the parts of a classifier look in time beyond the window that they judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..features import FrameFeatures, MovingAverage
from ..features._frame_groups import DERIVATIVES
from ..features._windows_transformer import WindowsTransformer
from ._morphological_filter import MorphologicalFilterClassifier


def parts_of(name: str, estimator: Any) -> Iterator[tuple[str, Any]]:
    """Go through an estimator and all that is inside it, by name.

    Parameters
    ----------
    name : str
        Name of the estimator.
    estimator : estimator
        Any; also what `get_params` of a frozen one does not show.

    Yields
    ------
    name : str
        As in ``set_params``: ``"estimator__bandfeatures"``.
    part : estimator
        The part.
    """
    yield name, estimator
    for key, value in estimator.get_params(deep=False).items():
        # The steps of a Pipeline, and what is like them.
        named = [item[:2] for item in value] if _is_steps(value) else [(key, value)]
        for inner, part in named:
            if hasattr(part, "get_params") and not isinstance(part, type):
                yield from parts_of(f"{name}__{inner}", part)


def looks_ahead(name: str, estimator: Any) -> Iterator[str]:
    """Tell which parts of an estimator use signal from after a window, and what to do about it."""
    for path, part in parts_of(name, estimator):
        if getattr(part, "filtering", None) == "recording":
            yield (
                f"{path}__filtering='recording' filters whole recordings, so that probabilities "
                f"depend on later signal; set {path}__filtering='window'"
            )
        if _span(part) and part.center:
            yield f"{path}__center=True averages over later windows, too; set it to False"
        if isinstance(part, FrameFeatures):
            wanted = DERIVATIVES if isinstance(part.groups, str) else part.groups
            derived = [group for group in DERIVATIVES if group in wanted]
            if derived:
                yield (
                    f"{path}__groups holds {' and '.join(derived)}, slopes over later windows, "
                    "too; choose other groups"
                )
        if isinstance(part, MorphologicalFilterClassifier):
            yield f"{path} is a MorphologicalFilterClassifier, which looks at later windows"


def looks_back(estimator: Any) -> list[float]:
    """Return the seconds that each average inside an estimator spans."""
    return [span for _, part in parts_of("", estimator) if (span := _span(part))]


def averages_of_tables(name: str, estimator: Any) -> Iterator[str]:
    """Tell which averages inside an estimator are given the features' table instead of windows.

    Found are those behind features in a pipeline. That some other transformer, such as a
    `FunctionTransformer`, has turned windows into a table before them cannot be seen from here.
    """
    for path, part in parts_of(name, estimator):
        steps: Any = getattr(part, "steps", None)
        table = False
        for key, step in steps if _is_steps(steps) else ():
            if not hasattr(step, "get_params"):
                continue  # "passthrough"
            inside = list(parts_of(f"{path}__{key}", step))
            for inner, average in inside if table else ():
                if _span(average):
                    yield (
                        f"{inner} averages a table, which knows neither time nor record; put it "
                        "around the features"
                    )
            table |= any(isinstance(p, WindowsTransformer | MovingAverage) for _, p in inside)


def _span(part: Any) -> float:
    if isinstance(part, MovingAverage):
        return part.seconds
    return (part.smoothing or 0.0) if isinstance(part, WindowsTransformer) else 0.0


def _is_steps(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, tuple) for item in value)
