"""Plug-in entropy and mutual information of discrete variables."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy


def entropy(x: ArrayLike, *, base: float | None = None, correct_bias: bool = False) -> float:
    """Estimate the entropy of a discrete variable.

    Parameters
    ----------
    x : array-like, shape (n_samples,) or (n_samples, n_columns)
        Integers, booleans or strings; several columns count as one joint variable.
    base : float, default=None
        Base of the logarithm. None: natural, the entropy is in nat; 2: in bit.
    correct_bias : bool, default=False
        Add the first-order bias of the plug-in estimate, ``(q - 1) / (2 N)`` nat.

    Returns
    -------
    float
        Entropy, from 0 to ``log(q)`` without the correction, with q the number of distinct values.

    Raises
    ------
    ValueError
        For NaN, fractions, no sample, another number of dimensions or a base not above 1.

    Notes
    -----
    From the counts c of the values, ``H = (N log N - sum c log c) / N``.

    References
    ----------
    .. [1] G. A. Miller, "Note on the bias of information estimates", Information Theory in
       Psychology, 1955.

    Examples
    --------
    >>> from skseizure.feature_selection import entropy
    >>> entropy([0, 1, 2, 3], base=2)
    2.0
    """
    codes, q = _codes("x", x)
    value = _log_n(codes) - _log_sum(codes)
    bias = -(q - 1) / 2 if correct_bias else 0.0
    return _finish(value, bias, len(codes), base)


def mutual_information(
    x: ArrayLike, y: ArrayLike, *, base: float | None = None, correct_bias: bool = False
) -> float:
    """Estimate the mutual information of two discrete variables.

    Parameters
    ----------
    x, y : array-like, shape (n_samples,) or (n_samples, n_columns)
        Integers, booleans or strings; several columns count as one joint variable, so that
        ``mutual_information(np.column_stack([a, b]), y)`` is I(A, B; Y).
    base : float, default=None
        Base of the logarithm. None: natural, the information is in nat; 2: in bit.
    correct_bias : bool, default=False
        Subtract the first-order bias of the plug-in estimate, ``(q_x - 1) (q_y - 1) / (2 N)`` nat,
        with q the numbers of distinct values. The result may then be below 0.

    Returns
    -------
    float
        Mutual information; without the correction never below 0.

    Raises
    ------
    ValueError
        For NaN, fractions, no sample, lengths that differ, another number of dimensions or a base
        not above 1.

    See Also
    --------
    conditional_mutual_information : Given a third variable.
    sklearn.feature_selection.mutual_info_classif : Of each column with the labels.

    Notes
    -----
    From integer counts and ``h(c) = c log c``, ``I(X; Y) = log N + (sum h(c_xy) - sum h(c_x) -
    sum h(c_y)) / N``: no zero cell needs care, and independence gives 0 up to about 1e-15.

    References
    ----------
    .. [1] G. Brown et al., "Conditional likelihood maximisation: a unifying framework for
       information theoretic feature selection", JMLR 13, 27-66, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.feature_selection import mutual_information
    >>> a, b = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> mutual_information(a, a ^ b), mutual_information(np.column_stack([a, b]), a ^ b, base=2)
    (0.0, 1.0)
    """
    (a, q_a), (b, q_b) = _codes("x", x), _codes("y", y)
    _check_lengths(x=a, y=b)
    value = _log_n(a) + _log_sum(_join(a, b, q_b)) - _log_sum(a) - _log_sum(b)
    bias = (q_a - 1) * (q_b - 1) / 2 if correct_bias else 0.0
    return _finish(value, bias, len(a), base)


def conditional_mutual_information(
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    *,
    base: float | None = None,
    correct_bias: bool = False,
) -> float:
    """Estimate the mutual information of two discrete variables given a third.

    Parameters
    ----------
    x, y, z : array-like, shape (n_samples,) or (n_samples, n_columns)
        Integers, booleans or strings; several columns count as one joint variable. ``z`` is the
        condition.
    base : float, default=None
        Base of the logarithm. None: natural, the information is in nat; 2: in bit.
    correct_bias : bool, default=False
        Subtract the first-order bias of the plug-in estimate, ``q_z (q_x - 1) (q_y - 1) / (2 N)``
        nat, with q the numbers of distinct values. The result may then be below 0.

    Returns
    -------
    float
        I(X; Y | Z); without the correction never below 0.

    Raises
    ------
    ValueError
        For NaN, fractions, no sample, lengths that differ, another number of dimensions or a base
        not above 1.

    Notes
    -----
    ``I(X; Y | Z) = (sum h(c_xyz) + sum h(c_z) - sum h(c_xz) - sum h(c_yz)) / N``, with ``h(c) =
    c log c``. The corrections keep the chain rule I(X, Z; Y) = I(Z; Y) + I(X; Y | Z) where all
    pairs of values of X and Z occur.

    References
    ----------
    .. [1] G. Brown et al., "Conditional likelihood maximisation: a unifying framework for
       information theoretic feature selection", JMLR 13, 27-66, 2012.

    Examples
    --------
    >>> from skseizure.feature_selection import conditional_mutual_information
    >>> conditional_mutual_information([0, 0, 1, 1], [0, 1, 1, 0], [0, 1, 0, 1], base=2)
    1.0
    """
    (a, q_a), (b, q_b), (c, q_c) = _codes("x", x), _codes("y", y), _codes("z", z)
    _check_lengths(x=a, y=b, z=c)
    a_c, b_c = _join(a, c, q_c), _join(b, c, q_c)
    value = _log_sum(_join(a_c, b, q_b)) + _log_sum(c) - _log_sum(a_c) - _log_sum(b_c)
    bias = q_c * (q_a - 1) * (q_b - 1) / 2 if correct_bias else 0.0
    return _finish(value, bias, len(a), base)


def _codes(name: str, values: ArrayLike) -> tuple[NDArray[np.int64], int]:
    """Return integer codes of the values and the number of distinct values."""
    array = np.asarray(values)
    if array.ndim not in (1, 2):
        raise ValueError(f"{name} has {array.ndim} dimensions; one or two are needed.")
    if array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; at least one sample is needed.")
    if array.dtype.kind == "f":
        if np.isnan(array).any():
            raise ValueError(f"{name} holds NaN; integers are needed.")
        fractional = array[array != np.floor(array)]
        if len(fractional):
            raise ValueError(
                f"{name} holds {fractional[0]!s}; integers are needed. Discretise it first, for "
                "example with sklearn.preprocessing.KBinsDiscretizer."
            )
    distinct, codes = np.unique(array, axis=None if array.ndim == 1 else 0, return_inverse=True)
    return codes.reshape(-1).astype(np.int64), len(distinct)


def _check_lengths(**variables: NDArray) -> None:
    lengths = {name: len(codes) for name, codes in variables.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise ValueError(f"{found} samples; the same number is needed.")


def _join(a: NDArray[np.int64], b: NDArray[np.int64], q_b: int) -> NDArray[np.int64]:
    return np.unique(a * q_b + b, return_inverse=True)[1].reshape(-1)


def _log_sum(codes: NDArray[np.int64]) -> float:
    counts = np.bincount(codes)
    return float(xlogy(counts, counts).sum())


def _log_n(codes: NDArray[np.int64]) -> float:
    return float(xlogy(len(codes), len(codes)))


def _finish(total: float, bias: float, n: int, base: float | None) -> float:
    """Scale N times a quantity in nat, rounding aside not below 0, less its bias."""
    if base is not None and not base > 1:
        raise ValueError(f"base is {base!r}; a number above 1 or None is needed.")
    nats = (max(total, 0.0) - bias) / n
    return nats if base is None else nats / float(np.log(base))
