"""The registry of measures, which the decorator `measure` fills where each one is defined."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

REQUIRED = "required"

#: The measures of the feature set "univariate29", in the order of its columns.
UNIVARIATE29 = (
    "mean",
    "std",
    "skewness",
    "kurtosis",
    "maximum",
    "minimum",
    "interquartile_range",
    "mean_absolute_value",
    "line_length",
    "zero_crossings",
    "slope_sign_changes",
    "teager_kaiser_energy",
    "hjorth_mobility",
    "hjorth_complexity",
    "higuchi_fd",
    "katz_fd",
    "petrosian_fd",
    "hurst_exponent",
    "dfa_exponent",
    "lyapunov_exponent",
    "lempel_ziv_complexity",
    "shannon_entropy",
    "renyi_entropy",
    "spectral_entropy",
    "permutation_entropy",
    "svd_entropy",
    "approximate_entropy",
    "sample_entropy",
    "fuzzy_entropy",
)


@dataclass(frozen=True)
class Measure:
    """A measure of windows, with its unit, definition and cost.

    Parameters
    ----------
    name : str
        Name of the function.
    abbreviation : str
        Short name in tables.
    group : str
        Category: "time", "nonlinear", "entropy", "morphology", "frequency", "wavelet" or
        "cepstrum" for the measures of this package.
    unit : str
        Unit of the values for windows in microvolts; "1" for none. Multiply values "per sample" by
        the sampling rate to get values per second. Values in "s" or "Hz" need the parameter
        ``sfreq``.
    function : callable
        Function of a batch, shape (n, n_times), that returns (n,).
    formula : str
        Definition with the default parameters.
    cost : str
        Order of the operations on a window of N samples.
    module : str
        Module that defines the function.

    Attributes
    ----------
    parameters : dict of str to object
        Parameters of the function after the windows, with their defaults; "required" where there is
        none.
    takes_batch : bool
        Whether the function shares intermediate results with other measures of the same windows.
        True for the measures of this package.
    """

    name: str
    abbreviation: str
    group: str
    unit: str
    function: Callable[..., Any] = field(repr=False)
    formula: str
    cost: str
    module: str = field(repr=False)

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the function after the windows, with their defaults."""
        _, *others = inspect.signature(self.function).parameters.values()
        return {p.name: REQUIRED if p.default is p.empty else p.default for p in others}

    @property
    def takes_batch(self) -> bool:
        """Whether the function takes a `Batch` in place of the array of windows."""
        return self.module.startswith(f"{__package__}.")

    def bind(self, sfreq: float, **parameters: Any) -> Callable[..., Any]:
        """Set parameters of the function.

        Parameters
        ----------
        sfreq : float
            Sampling rate in Hz, for functions that take it.
        **parameters
            Values of other parameters.

        Returns
        -------
        callable
            The function with these parameters.
        """
        if "sfreq" in self.parameters:
            parameters["sfreq"] = sfreq
        return partial(self.function, **parameters) if parameters else self.function


_measures: dict[str, Measure] = {}


def measure(
    abbreviation: str, *, group: str, unit: str, formula: str, cost: str = "O(N)"
) -> Callable[[Function], Function]:
    """Register a function as a measure.

    `BandFeatures` then takes the function by its name or abbreviation, and `available_measures`
    lists it.

    Parameters
    ----------
    abbreviation : str
        Short name in tables.
    group : str
        Category, such as "time" or "entropy".
    unit : str
        Unit of the values for windows in microvolts; "1" for none.
    formula : str
        Definition with the default parameters.
    cost : str, default="O(N)"
        Order of the operations on a window of N samples.

    Returns
    -------
    callable
        Decorator that registers a function and returns it unchanged. The function takes an array
        of shape (n, n_times), which it must not change, and returns n finite numbers. Its other
        parameters have defaults, except ``sfreq``, which `BandFeatures` sets to the sampling rate
        in Hz.

    Raises
    ------
    ValueError
        If another measure has the name or the abbreviation, in any case, or if a parameter other
        than ``sfreq`` has no default.

    Notes
    -----
    Put the function in a module and import the module wherever the name is used, also before you
    load a saved model that uses it. A function that is defined again in the same module, as in a
    notebook, replaces the earlier one.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import BandFeatures
    >>> from skseizure.measures import measure
    >>> @measure("CREST", group="time", unit="1", formula="max abs(x) / RMS")
    ... def crest_factor(x):
    ...     return np.abs(x).max(axis=1) / np.sqrt(np.mean(x**2, axis=1))
    >>> X = np.random.default_rng(0).normal(size=(3, 512))
    >>> features = BandFeatures(["CREST", "line_length"], bands=["alpha"], sfreq=256)
    >>> features.fit_transform(X).shape
    (3, 2)
    >>> features.get_feature_names_out().tolist()
    ['ch0__alpha__crest_factor', 'ch0__alpha__line_length']
    """

    def register(function: Function) -> Function:
        new = Measure(
            name=function.__name__,
            abbreviation=abbreviation,
            group=group,
            unit=unit,
            function=function,
            formula=formula,
            cost=cost,
            module=function.__module__,
        )
        unset = [k for k, v in new.parameters.items() if v is REQUIRED and k != "sfreq"]
        if unset:
            raise ValueError(
                f"measure {new.name!r} has no default for {', '.join(unset)}; only sfreq is set "
                "when a measure is used by name. Give the other parameters a default."
            )
        for old in _measures.values():
            again = (old.name, old.module) == (new.name, new.module)
            if not again and {*_names(old)} & {*_names(new)}:
                raise ValueError(
                    f"measure {new.name!r} ({new.abbreviation}) has a name or abbreviation of the "
                    f"measure {old.name!r} ({old.abbreviation}); choose another one."
                )
        _measures[new.name] = new
        return function

    return register


def available_measures() -> dict[str, Measure]:
    """List all measures by name: those of the set "univariate29" in its order, then the others.

    Returns
    -------
    dict of str to Measure
        Each has ``name``, ``abbreviation``, ``group``, ``unit``, ``function``, ``formula``,
        ``cost`` and ``parameters``.

    Examples
    --------
    >>> from skseizure.measures import available_measures
    >>> measures = available_measures()
    >>> len(measures)
    62
    >>> measures["line_length"].abbreviation, measures["line_length"].unit
    ('LL', 'uV per sample')
    >>> measures["stft_band_energy"].parameters
    {'sfreq': 'required', 'band': (1.0, 4.0)}
    """
    return {name: _measures[name] for name in (*UNIVARIATE29, *_measures)}


def get_measure(name: str) -> Measure:
    """Find a measure by its name or abbreviation, in any case.

    Parameters
    ----------
    name : str
        For example "sample_entropy" or "SAMPEN".

    Returns
    -------
    Measure
        The measure.

    Raises
    ------
    ValueError
        If there is no such measure; the message lists the available ones.

    Examples
    --------
    >>> from skseizure.measures._registry import get_measure
    >>> get_measure("SampEn").name
    'sample_entropy'
    """
    if isinstance(name, str):
        for known in _measures.values():
            if name.casefold() in _names(known):
                return known
    valid = ", ".join(f"{m.name} ({m.abbreviation})" for m in available_measures().values())
    raise ValueError(
        f"There is no measure {name!r}; there are: {valid}. Register a measure of your own with "
        "skseizure.measures.measure."
    )


def _names(measure: Measure) -> tuple[str, str]:
    return measure.name.casefold(), measure.abbreviation.casefold()
