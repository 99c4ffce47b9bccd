"""Measures of the discrete wavelet transform of EEG windows.

The transform is that of PyWavelets: each approximation A1, A2, ... is split into the next
approximation and the details of its level, D1, D2, ... The parameter ``mode`` says how a window is
extended at its ends. A coefficient within the rounding error of the transform, 512 epsilon of the
window's largest sample, counts as zero.
"""

from __future__ import annotations

import numpy as np
import pywt
from numpy.typing import ArrayLike, NDArray

from . import _kernels_wavelet
from ._batch import EPSILON, Batch, Values, as_batch, check_integer, divide
from ._energy import CV_FLOOR
from ._entropy import _entropy, entropy_of_shares
from ._registry import measure

# In the order of the kernel. The last two describe a shape.
_STATISTICS = (
    "minimum",
    "maximum",
    "mean",
    "variance",
    "std",
    "energy",
    "coefficient_of_variation",
    "extrema",
)


Component = dict[str, NDArray[np.float64]]


@measure("WRELEN", group="wavelet", unit="1", formula="E_j / sum E over A1..A5, D1..D5")
def wavelet_relative_energy(
    x: ArrayLike,
    *,
    component: str = "D5",
    wavelet: str = "db4",
    n_levels: int = 5,
    mode: str = "symmetric",
) -> Values:
    """Compute the share of a wavelet component in the energy of all components.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    component : str, default="D5"
        "A1", "A2", ... for an approximation, "D1", "D2", ... for details.
    wavelet : str, default="db4"
        A discrete wavelet of PyWavelets; the CNBC paper has db1 to db4.
    n_levels : int, default=5
        Levels of the transform (the CNBC paper's).
    mode : str, default="symmetric"
        Extension at the window's ends (PyWavelets' default).

    Returns
    -------
    float or ndarray, shape (n,)
        Share from 0 to 1, no unit; 0 for a constant window.

    Notes
    -----
    WRELEN = E_j / sum E, E_j the sum of squares of a component's coefficients, the sum over all
    ``2 n_levels`` approximations and details. O(N). CNBC paper, Table 2 ("relative scale energy").

    Examples
    --------
    >>> from skseizure.features import wavelet_relative_energy
    >>> x = [1.0, 1.0, -1.0, -1.0]
    >>> [float(wavelet_relative_energy(x, component=c, wavelet="db1", n_levels=2).round(2))
    ...  for c in ("A1", "D1", "A2", "D2")]
    [0.5, 0.0, 0.0, 0.5]
    """
    batch = as_batch(x)
    components = _transform(batch, wavelet, n_levels, mode)
    part = _pick(components, component)
    # One by one: numpy's sum over a stack adds in another order where there is a single row.
    total = sum((c["energy"] for c in components.values()), np.zeros(len(batch.x)))
    return batch.finish(divide(part["energy"], total))


@measure("WENTR", group="wavelet", unit="bit", formula="-sum p log2 p, p = c^2 / E_j")
def wavelet_entropy(
    x: ArrayLike,
    *,
    component: str = "D5",
    wavelet: str = "db4",
    n_levels: int = 5,
    mode: str = "symmetric",
) -> Values:
    """Compute the Shannon entropy of the energy of a wavelet component over its coefficients.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    component : str, default="D5"
        As in `wavelet_relative_energy`.
    wavelet : str, default="db4"
        Likewise.
    n_levels : int, default=5
        Likewise.
    mode : str, default="symmetric"
        Likewise.

    Returns
    -------
    float or ndarray, shape (n,)
        Entropy in bit, from 0 (one coefficient) to the logarithm of their number; 0 for a constant
        window and for a component without energy.

    Notes
    -----
    WENTR = -sum p log2 p, p = c^2 / E for the coefficients c of energy E. O(N). CNBC paper,
    Table 2.

    Examples
    --------
    >>> from skseizure.features import wavelet_entropy
    >>> wavelet_entropy([1.0, 1.0, -1.0, -1.0], component="A1", wavelet="db1", n_levels=2)
    np.float64(1.0)
    """
    batch = as_batch(x)
    part = _pick(_transform(batch, wavelet, n_levels, mode), component)
    return batch.finish(part["entropy"])


@measure(
    "WSTAT",
    group="wavelet",
    unit="that of the statistic",
    formula="a statistic of the coefficients c of a component",
)
def wavelet_statistic(
    x: ArrayLike,
    *,
    statistic: str = "energy",
    component: str = "D5",
    wavelet: str = "db4",
    n_levels: int = 5,
    mode: str = "symmetric",
) -> Values:
    """Compute a statistic of the coefficients of a wavelet component.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    statistic : str, default="energy"
        "maximum", "minimum", "mean", "std", "variance", "energy", "coefficient_of_variation", the
        measures of these names, or "extrema", the number of local extrema.
    component : str, default="D5"
        As in `wavelet_relative_energy`.
    wavelet : str, default="db4"
        Likewise.
    n_levels : int, default=5
        Likewise.
    mode : str, default="symmetric"
        Likewise.

    Returns
    -------
    float or ndarray, shape (n,)
        In microvolt; variance and energy in microvolt squared; the number of extrema and the
        coefficient of variation have no unit and are 0 for a constant window.

    Notes
    -----
    O(N). CNBC paper, Table 2. Coefficients that differ by rounding are equal to "extrema".

    Examples
    --------
    >>> from skseizure.features import wavelet_statistic
    >>> x = [1.0, 3.0, -1.0, -1.0]
    >>> wavelet_statistic(x, statistic="energy", component="D1", wavelet="db1").round(6)
    np.float64(2.0)
    """
    batch = as_batch(x)
    part = _pick(_transform(batch, wavelet, n_levels, mode), component)
    if statistic not in _STATISTICS:
        raise ValueError(f"statistic must be one of {', '.join(_STATISTICS)}, got {statistic!r}.")
    # A constant window has no shape; all else is that of its coefficients.
    constant = 0.0 if statistic in _STATISTICS[-2:] else None
    return batch.finish(part[statistic], constant=constant)


@measure(
    "FREQREG",
    group="wavelet",
    unit="1",
    formula="1 + sum p log2 p / 5, p the energy shares of 32 wavelet packets",
    cost="O(5 N)",
)
def frequency_regularity(
    x: ArrayLike, *, wavelet: str = "db4", level: int = 5, mode: str = "symmetric"
) -> Values:
    """Measure how much of each window lies in few frequency bands.

    Parameters
    ----------
    x : array-like, shape (n, n_times) or (n_times,)
        Windows in microvolt.
    wavelet : str, default="db4"
        A discrete wavelet of PyWavelets.
    level : int, default=5
        Level of the wavelet packets, of which there are 2**level: 4 Hz each at 256 Hz (ours).
    mode : str, default="symmetric"
        Extension at the window's ends (PyWavelets' default).

    Returns
    -------
    float or ndarray, shape (n,)
        Index from 0 (all packets of equal energy) to 1 (all energy in one packet), no unit; 0 for
        a constant window.

    Notes
    -----
    FREQREG = 1 + sum p log2 p / level, p the share of each wavelet packet in the energy of the
    window less its mean. O(level N). The CNBC paper takes a "frequency regularity index" from Pan
    et al., Seizure detection based on spatiotemporal correlation and frequency regularity of scalp
    EEG, IJCNN 2012, who compute one from wavelet packets; their formula could not be had, and this
    one is ours.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import frequency_regularity
    >>> noise = np.random.default_rng(0).standard_normal(1024)
    >>> frequency_regularity([noise, np.sin(np.arange(1024) / 10)]).round(2)
    array([0.02, 0.78])
    """
    level = check_integer("level", level, 1)
    _check_wavelet(wavelet, mode)
    batch = as_batch(x)
    packets = batch.centred[:, np.newaxis]
    for _ in range(level):
        packets = np.concatenate(pywt.dwt(packets, wavelet, mode=mode), axis=1)
    return batch.finish(1.0 - _entropy(np.sum(packets**2, axis=2)) / level)


def _transform(batch: Batch, wavelet: str, n_levels: int, mode: str) -> dict[str, Component]:
    """Describe the coefficients of ``batch.x`` by component."""

    def compute() -> dict[str, Component]:
        check_integer("n_levels", n_levels, 1)
        _check_wavelet(wavelet, mode)
        noise = 512 * EPSILON * batch.amplitude
        components = {}
        approximation = batch.x
        for level in range(1, n_levels + 1):
            approximation, details = pywt.dwt(approximation, wavelet, mode=mode)
            for letter, coefficients in (("A", approximation), ("D", details)):
                statistics, shares = _kernels_wavelet.component_statistics(
                    coefficients, noise, CV_FLOOR
                )
                components[f"{letter}{level}"] = {
                    **dict(zip(_STATISTICS, statistics, strict=True)),
                    # At once: kept until asked for, the shares would take most of the memory.
                    "entropy": entropy_of_shares(shares),
                }
        return components

    return batch.share(("wavelet", wavelet, n_levels, mode), compute)


def _check_wavelet(wavelet: str, mode: str) -> None:
    if wavelet not in pywt.wavelist(kind="discrete"):
        raise ValueError(f"wavelet must be a discrete wavelet of PyWavelets, got {wavelet!r}.")
    if mode not in pywt.Modes.modes:
        known = ", ".join(pywt.Modes.modes)
        raise ValueError(f"mode must be one of {known}, got {mode!r}.")


def _pick(components: dict[str, Component], component: str) -> Component:
    if component not in components:
        known = ", ".join(components)
        raise ValueError(f"component must be one of {known}, got {component!r}.")
    return components[component]
