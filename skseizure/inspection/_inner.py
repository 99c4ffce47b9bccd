"""Finding the part of a fitted estimator that a display is about."""

from __future__ import annotations

from typing import Any

from sklearn.pipeline import Pipeline

# Where searches and meta-estimators keep what they fitted.
_FITTED = ("best_estimator_", "estimator_")


def inner_part(estimator: Any, attribute: str, needed: str, X: Any = None) -> tuple[Any, Any]:
    """Return the outermost part of an estimator that has an attribute, and what is handed to it.

    Parameters
    ----------
    estimator : estimator
        Fitted; the part itself, or a search, meta-estimator or Pipeline with it inside.
    attribute : str
        What the part has.
    needed : str
        What the part is, for the message.
    X : array-like or Windows, default=None
        Samples as ``estimator`` takes them.

    Returns
    -------
    part : estimator
        The part.
    X : array-like or Windows
        The samples after the steps of pipelines that stand before the part.

    Raises
    ------
    TypeError
        If there is no such part.
    """
    part = estimator
    while not hasattr(part, attribute):
        if isinstance(part, Pipeline) and len(part):
            for _, step in part.steps[:-1]:
                # A sampler of imbalanced-learn is at work in fit alone.
                if X is not None and hasattr(step, "transform"):
                    X = step.transform(X)
            part = part[-1]
        elif held := [name for name in _FITTED if hasattr(part, name)]:
            part = getattr(part, held[0])
        else:
            raise TypeError(
                f"estimator is {type(estimator).__name__}; {needed} is needed, fitted, or what "
                "contains one."
            )
    return part, X
