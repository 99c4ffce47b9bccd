"""How far an estimator looks beyond the window that it judges: each part says it of itself.

A part declares it by a method ``__window_span__()`` that returns ``(back, ahead)`` or ``(back,
ahead, why)``, in seconds: how far it looks back from a window's start and ahead from its end, at
most, infinity where there is no bound, and what it is that looks so far and how to turn it off. It
speaks of itself alone; what stands inside it is asked as well. A part without this method is taken
to see nothing but its own window. Any object can have the method: there is no base class.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple


class Span(NamedTuple):
    """What one part sees beyond its window."""

    back: float = 0.0  # seconds before the window's start
    ahead: float = 0.0  # seconds after its end
    why: str = ""  # what looks there, and what to do about it


def average_span(seconds: float, *, center: bool) -> Span:
    """Return the span of an average over so many seconds, whatever the windows' step.

    It takes round(seconds / step) windows, see `skseizure._core.timeline.windows_in`.
    """
    if not center:
        return Span(seconds)
    # Half of an even number stands before the window: 2 from 1.5 steps on, 4 from 3.5 steps on.
    why = "center=True averages over later windows, too; set center=False"
    return Span(seconds * 2 / 3, seconds / 2, why)


def one_after_the_other(*spans: Span) -> Span:
    """Return the span of steps that each work on what the one before gives."""
    return Span(
        sum(span.back for span in spans),
        sum(span.ahead for span in spans),
        "; ".join(span.why for span in spans if span.why),
    )


def own_span(part: Any, *, rows: bool = False) -> Span:
    """Return what a part declares of itself, or no span at all if it declares nothing.

    With ``rows``, the ``__row_span__`` of a part that has one; see `row_span`.

    Raises
    ------
    TypeError
        If it declares something else than seconds.
    """
    method = "__row_span__" if rows and hasattr(type(part), "__row_span__") else "__window_span__"
    if not hasattr(type(part), method):
        return Span()
    declared = getattr(part, method)()
    try:
        back, ahead, *why = declared
        span = Span(float(back), float(ahead), *map(str, why))
        valid = min(span.back, span.ahead) >= 0  # not NaN either
    except (TypeError, ValueError):
        valid = False
    if not valid:
        raise TypeError(
            f"{method} of {type(part).__name__} gives {declared!r}; (back, ahead) or (back, "
            "ahead, why) is needed, with seconds of at least 0."
        )
    return span


def window_span(estimator: Any) -> tuple[float, float]:
    """Return how far an estimator and all that is inside it look beyond a window.

    Whoever hands an estimator a part of a recording must add so many seconds of windows on either
    side for the windows in between to come out as from the whole recording.

    Parameters
    ----------
    estimator : estimator
        Fitted or not. Its parts are found by ``get_params``; where one has been fitted as a copy,
        as by a search, the copy counts.

    Returns
    -------
    back, ahead : float
        Seconds at most, infinity without a bound. Steps of a pipeline add up, and so do an
        estimator and what it is wrapped around; of parts that stand side by side, as in a
        `FeatureUnion`, the one that looks furthest counts.
    """
    return _span_inside(estimator, rows=False)


def _span_inside(estimator: Any, *, rows: bool) -> tuple[float, float]:
    back, ahead, _ = own_span(estimator, rows=rows)
    for key, parts in inner_parts(estimator):
        spans = [_span_inside(part, rows=rows) for _, part in parts]
        join = sum if key == "steps" else max
        back += join(span[0] for span in spans)
        ahead += join(span[1] for span in spans)
    return back, ahead


def row_span(estimator: Any) -> tuple[float, float]:
    """Return how far an estimator and all that is inside it look beyond a row of `Windows`.

    Less than `window_span` where a part looks at the signal around a window: windows carry the
    recording that they are cut from, whichever of them are asked for. Such a part tells by a method
    ``__row_span__``, of the same form as ``__window_span__``, how far it looks at other windows.

    Parameters
    ----------
    estimator : estimator
        As for `window_span`.

    Returns
    -------
    back, ahead : float
        Seconds at most, infinity without a bound.
    """
    return _span_inside(estimator, rows=True)


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
        The part; where it has been fitted, the fitted one.
    """
    yield name, estimator
    for _, parts in inner_parts(estimator):
        for inner, part in parts:
            yield from parts_of(f"{name}__{inner}", part)


def looks_ahead(name: str, estimator: Any) -> Iterator[str]:
    """Tell which parts of an estimator use signal from after a window, and what to do about it."""
    for path, part in parts_of(name, estimator):
        span = own_span(part)
        if span.ahead > 0:
            yield f"{path} looks ahead{_because(span.why, span.ahead)}"


def looks_back_without_limit(name: str, estimator: Any) -> Iterator[str]:
    """Tell which parts of an estimator may need all signal before a window."""
    for path, part in parts_of(name, estimator):
        span = own_span(part)
        if math.isinf(span.back):
            yield f"{path} looks back without limit{_because(span.why)}"


def spans_of_tables(name: str, estimator: Any) -> Iterator[str]:
    """Tell which parts that look over time are given the features' table instead of windows.

    Found are those behind a part that declares a span, be it 0: that is what takes windows and
    gives a table. That some other transformer, such as a `FunctionTransformer`, has turned windows
    into a table cannot be seen from here.
    """
    for path, pipeline in parts_of(name, estimator):
        steps = [parts for key, parts in inner_parts(pipeline) if key == "steps"]
        table = False
        for key, step in steps[0] if steps else ():
            inside = list(parts_of(f"{path}__{key}", step))
            for inner, part in inside if table else ():
                if any(own_span(part)[:2]):
                    yield (
                        f"{inner} looks over time in a table, which knows neither time nor "
                        "record; put it around the features"
                    )
            table |= any(_declares(part) for _, part in inside)


def inner_parts(estimator: Any) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
    """Yield the named estimators in each parameter of an estimator that holds some."""
    for key, value in estimator.get_params(deep=False).items():
        # What is fitted and used is often a copy of the parameter; a search keeps the best one.
        for fitted in (f"{key}_", f"best_{key}_"):
            found = getattr(estimator, fitted, None)
            if _is_estimator(found) or _is_list_of_parts(found):
                value = found
        if _is_list_of_parts(value):
            parts = [(str(item[0]), item[1]) for item in value if _is_estimator(item[1])]
        else:
            parts = [(key, value)] if _is_estimator(value) else []
        if parts:
            yield key, parts


def _declares(part: Any) -> bool:
    # Looked up as Python does its own such methods: a wrapper that passes on what it lacks itself,
    # as `FrozenEstimator` does, would count twice.
    return hasattr(type(part), "__window_span__")


def _is_estimator(value: Any) -> bool:
    return hasattr(value, "get_params") and not isinstance(value, type)


def _is_list_of_parts(value: Any) -> bool:
    # The steps of a Pipeline, and what is like them; not its "passthrough".
    return (
        isinstance(value, list)
        and len(value) > 0
        and all(isinstance(item, tuple) and len(item) >= 2 for item in value)
    )


def _because(why: str, seconds: float = math.inf) -> str:
    if why:
        return f": {why}"
    return "" if math.isinf(seconds) else f" by {seconds:g} s"
