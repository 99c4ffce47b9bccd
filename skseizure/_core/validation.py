"""Input rules of every estimator on raw signals, each written once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn import config_context
from sklearn.utils import check_array, check_consistent_length, get_tags
from sklearn.utils.validation import _check_sample_weight, has_fit_parameter, validate_data

from .amplitude import LARGEST_AMPLITUDE, amplitude_error, is_within
from .errors import prefix_errors
from .labels import check_labels, check_partial_labels
from .timeline import is_windows

CHECKED_AT_ONCE = 2**20  # samples

# With array_api_dispatch scikit-learn's checks return tensors of torch as they are. Ours are for
# code that needs numpy.
returns_numpy = config_context(array_api_dispatch=False)


@returns_numpy
@prefix_errors("X")
def check_windows(estimator: Any, X: Any, *, reset: bool = True, finite: bool = True) -> Any:
    """Validate raw windows and record or compare their layout.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_channels_in_``, ``n_times_in_``, ``n_features_in_`` and, from named channels,
        ``ch_names_in_``.
    X : Windows or array-like, shape (n_windows, n_channels, n_times) or (n_windows, n_times)
        Raw windows in microvolts; two dimensions mean one channel.
    reset : bool, default=True
        True in ``fit``: learn the layout. False later: compare with what was learned.
    finite : bool, default=True
        False where what works on the samples finds NaN, infinity and amplitudes beyond measure by
        itself, and then calls `check_samples`: one pass less over memory or files.

    Returns
    -------
    Windows or ndarray, shape (n_windows, n_channels, n_times)
        ``X`` itself where it is a `Windows` (its signals are checked, never gathered at once), else
        an array of numbers. Integers stay what they are: who needs floats makes them batch by
        batch, for a file of 16-bit samples would grow fourfold.

    Raises
    ------
    ValueError
        For NaN, infinity, samples beyond `LARGEST_AMPLITUDE`, masked samples or dates, no window,
        channel or sample, another number of dimensions, channels or samples, or other channel names
        than at fit.
    TypeError
        For a continuous recording.
    """
    if is_windows(X):
        if len(X) == 0:
            raise ValueError("X holds 0 windows; at least one is needed.")
        names: tuple[str, ...] | None = X.ch_names
        if reset and hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    elif hasattr(X, "sfreq") and hasattr(X, "ch_names"):
        raise TypeError(
            f"X is {type(X).__name__}, a continuous signal; cut it into windows first, with "
            "Windows.from_recording or Windows.from_raw."
        )
    elif np.ma.is_masked(X):
        raise ValueError("X is a masked array; fill its gaps or leave such windows out.")
    elif (ndim := _ndim(X)) > 3:
        raise ValueError(
            f"X has {ndim} dimensions; windows are (n_windows, n_channels, n_times) or "
            "(n_windows, n_times)."
        )
    elif ndim == 3:
        X = check_array(
            X, allow_nd=True, ensure_all_finite=False, estimator=estimator, input_name="X"
        )
        if 0 in X.shape:
            raise ValueError(
                f"X has shape {X.shape}; at least one channel and one sample a window are needed."
            )
        X, names = _small_numbers(X), None
        if reset and hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    else:
        with prefix_errors("X"):
            X = validate_data(estimator, X, reset=reset, ensure_all_finite=False)
        X, names = _small_numbers(X)[:, np.newaxis, :], None
    if finite:
        check_samples(X)
    n_channels, n_times = X.shape[1:]
    if reset:
        estimator.n_channels_in_, estimator.n_times_in_ = n_channels, n_times
        estimator.n_features_in_ = n_channels * n_times
        estimator.ch_names_in_ = names
        return X
    for what, found, learned in (
        ("channels", n_channels, estimator.n_channels_in_),
        ("samples", n_times, estimator.n_times_in_),
    ):
        if found != learned:
            raise ValueError(
                f"X has windows of {found} {what}, but {type(estimator).__name__} was fitted on "
                f"{learned} {what} a window."
            )
    learned_names = estimator.ch_names_in_
    if names is not None and learned_names is not None and names != learned_names:
        differ = next(i for i in range(n_channels) if names[i] != learned_names[i])
        raise ValueError(
            f"X has channel {names[differ]!r} where {type(estimator).__name__} was fitted on "
            f"{learned_names[differ]!r} (channel {differ}); bring channels to the same names and "
            "order with Windows.pick or to_bipolar."
        )
    return X


@prefix_errors("X")
def _ndim(X: Any) -> int:
    return np.asanyarray(X).ndim


def _small_numbers(X: NDArray) -> NDArray:
    """Return numbers that fit into a double, as a double where their type may hold others."""
    if X.dtype.kind in "biuf" and X.dtype.itemsize <= 8:
        return X
    if X.dtype.kind in "mM":
        raise ValueError(f"X holds values of type {X.dtype}; numbers are needed.")
    with np.errstate(over="ignore"):  # infinity, which is then refused
        return X.astype(np.float64)


# The check for infinity sums the values up, as that of windows does.
@returns_numpy
@np.errstate(over="ignore", invalid="ignore")
def validate_table(
    estimator: Any, X: Any, *y: Any, partial_labels: bool = False, **options: Any
) -> Any:
    """Validate a table with `sklearn.utils.validation.validate_data`; refuse dates and masks too.

    Parameters
    ----------
    estimator : estimator
        Gets ``n_features_in_`` and, from a data frame, ``feature_names_in_``.
    X : array-like or sparse matrix, shape (n_samples, n_features)
        Table.
    *y : array-like, shape (n_samples,)
        Labels, where there are any.
    partial_labels : bool, default=False
        Whether labels may be missing: see `check_partial_labels`.
    **options
        Passed on.

    Returns
    -------
    ndarray or sparse matrix, or a tuple of it and labels
        The table as `validate_data` returns it. The labels are an ndarray, or `PartialLabels`.

    Raises
    ------
    ValueError
        As `validate_data`, and for what it would turn into numbers: masked values, and dates, of
        which those that are missing become -9e18.
    """
    if y and y[0] is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        )
    with prefix_errors("X"):
        if np.ma.is_masked(X):
            raise ValueError("X is a masked array; fill its gaps or leave such rows out.")
        dtype = X.dtype if issparse(X) else np.asarray(X).dtype
        if dtype.kind in "mM":
            raise ValueError(f"X holds values of type {dtype}; numbers are needed.")
        table = validate_data(estimator, X, **options)
    if not y:
        return table
    if partial_labels:
        partial = check_partial_labels(y[0])
        check_rows(X=table, y=partial.codes)
        return table, partial
    labels = check_labels(y[0])
    check_rows(X=table, y=labels)
    return table, labels


def check_rows(**arguments: Any) -> None:
    """Raise a ValueError that names the arguments if they have different numbers of rows."""
    with prefix_errors(*arguments):
        check_consistent_length(*arguments.values())


@returns_numpy
def check_sample_weight(sample_weight: ArrayLike | None, X: Any) -> NDArray[np.float64]:
    """Return validated weights of rows of X, above or equal to zero; ones for None."""
    with prefix_errors("sample_weight"):
        return _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)


def allows_nan(estimator: Any) -> bool:
    """Tell whether an estimator declares by its tags that it takes NaN."""
    has_tags = hasattr(estimator, "__sklearn_tags__") and not isinstance(estimator, type)
    return has_tags and get_tags(estimator).input_tags.allow_nan


def require_weights(given: str, name: str, estimator: Any) -> None:
    """Raise a ValueError if weights were given for an estimator whose ``fit`` takes none.

    Parameters
    ----------
    given : str
        The argument or parameter that asks for weights.
    name : str
        The parameter that holds the estimator.
    estimator : estimator
        The estimator.
    """
    if not has_fit_parameter(estimator, "sample_weight"):
        raise ValueError(
            f"{given} was given, but the fit of {name}={estimator!r} takes no sample_weight; leave "
            f"{given} out or take another {name}."
        )


def check_samples(X: Any) -> None:
    """Check the samples of checked windows.

    Parameters
    ----------
    X : Windows or ndarray, shape (n_windows, n_channels, n_times)
        Windows that `check_windows` returned.

    Raises
    ------
    ValueError
        For NaN, infinity, or a sample beyond `LARGEST_AMPLITUDE`, with the window that holds it.
    """
    # Most often the signals themselves are clean: then no window is gathered.
    if is_windows(X):
        if X.within(LARGEST_AMPLITUDE):
            return
    elif X.dtype.kind in "biu" and X.dtype.itemsize <= 4:
        return
    batch = max(1, CHECKED_AT_ONCE // (X.shape[1] * X.shape[2]))
    for start in range(0, len(X), batch):
        data = X[start : start + batch]
        if is_windows(X):
            data = data.data
        if is_within(data, LARGEST_AMPLITUDE):
            continue
        limit = np.float64(LARGEST_AMPLITUDE)  # of this type, for half precision cannot hold it
        good = (-limit <= data) & (data <= limit)
        row, channel, sample = np.unravel_index(np.argmin(good), good.shape)
        value = data[row, channel, sample]
        where = f"window number {start + row}, channel number {channel}"
        if is_windows(X):
            where = (
                f"record {str(X.record[start + row])!r}, window at {X.onset[start + row]:g} s, "
                f"channel {X.ch_names[channel]!r}"
            )
        if np.isfinite(value):
            raise amplitude_error("X", value, where)
        raise ValueError(
            f"Input X contains {'NaN' if np.isnan(value) else 'infinity'}: {where}. Finite samples "
            "are needed; leave such windows out or mend the recording."
        )


def check_sfreq(estimator: Any, X: Any, *, reset: bool = True) -> float:
    """Settle the sampling rate from ``estimator.sfreq`` and the windows.

    Parameters
    ----------
    estimator : estimator
        With a parameter ``sfreq`` (None: take it from the windows); gets ``sfreq_``.
    X : Windows or ndarray
        Checked windows; an array has no sampling rate of its own.
    reset : bool, default=True
        True in ``fit``: learn the rate. False later: compare.

    Returns
    -------
    float
        Sampling rate in Hz.

    Raises
    ------
    ValueError
        If no rate is known, two differ, or it is not above zero.
    """
    given: float | None = estimator.sfreq
    own: float | None = X.sfreq if is_windows(X) else None
    if reset:
        if given is None and own is None:
            raise ValueError(
                f"sfreq is None and X is a bare array; pass {type(estimator).__name__}"
                "(sfreq=<sampling rate in Hz>) or a Windows, which knows its own."
            )
        # Far below it, times in seconds overflow.
        if given is not None and not (np.isfinite(given) and given > 1e-100):
            raise ValueError(f"sfreq is {given!r}; a sampling rate above 0 Hz is needed.")
        estimator.sfreq_ = float(given or own or 0.0)
    if own is not None and not np.isclose(own, estimator.sfreq_, rtol=1e-6, atol=0):
        raise ValueError(
            f"X is sampled at {own:g} Hz, but {type(estimator).__name__} needs "
            f"{estimator.sfreq_:g} Hz; resample the recording or change sfreq."
        )
    return estimator.sfreq_
