"""Epileptic seizures in EEG with scikit-learn.

Sub-packages are imported on first use: ``import skseizure`` alone loads none of them.
"""

import importlib

__version__ = "0.1.0.dev0"

__all__ = [
    "datasets",
    "ensemble",
    "evolution",
    "feature_selection",
    "features",
    "fuzzy",
    "inspection",
    "measures",
    "metrics",
    "model_selection",
    "models",
    "moe",
    "postprocessing",
    "signals",
    "skops_trusted_types",
]


def __getattr__(name: str):
    if name == "skops_trusted_types":
        from ._core.trusted import skops_trusted_types

        return skops_trusted_types
    if name in __all__:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
