"""FrameFeatures: the 342 features a channel of the CNBC paper, in twelve groups."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from .._core.errors import prefix_errors
from .._core.horizon import Span, one_after_the_other
from .._core.store import check_store
from .._core.timeline import is_windows, timeline_of
from ..measures._batch import Batch
from ._deltas import WIDTH, deltas
from ._frame_groups import BANDS, DERIVATIVES, GROUPS, band_name, group_features
from ._windows_transformer import MEMORY, WindowsTransformer, check_names

MFCC_BANDS = ((1.0, 4.0), (4.0, 8.0), (8.0, 12.0), (12.0, 20.0), (20.0, 30.0), (0.5, 30.0))


class FrameFeatures(WindowsTransformer):
    """The feature set of the CNBC paper: 342 features of each channel, in twelve groups.

    ==================  ===  =======================================================================
    group                 n  features
    ==================  ===  =======================================================================
    ``morph``            16  morphology: latencies, areas, slopes, crossings
    ``time``             14  moments, extrema, entropies, energy, autocovariance
    ``freq``              5  power spectral density, spectral entropy, median frequency
    ``dwt_db1`` ...      30  for each of db1 to db4: relative energy, entropy and coefficient of
    ``dwt_db4``              variation of the approximations A1 to A5 and details D1 to D5
    ``dwt_db4_stats``    70  seven statistics of the same components of db4
    ``tf``                9  band energies of the short-time Fourier transform (4) and of the
                             Wigner-Ville distribution (3), frequency regularity, Lyapunov exponent
    ``mfcc``             36  six mel-frequency cepstral coefficients in each of six bands
    ``d_mfcc``           36  their first derivative over successive windows
    ``dd_mfcc``          36  their second derivative over successive windows
    ==================  ===  =======================================================================

    Each feature but the derivatives is a measure of the window alone, listed by
    `available_measures` with its formula.

    Parameters
    ----------
    groups : "all" or sequence of str, default="all"
        Groups by name, in the order of the columns.
    wvd_bands : sequence of {"delta", "theta", "alpha", "beta"}, default=("delta", "theta", "alpha")
        Bands of the Wigner-Ville energies: 1-4, 4-7, 7-13, 13-30 Hz. The paper counts three and
        names four; which one is too many is not known.
    mfcc_bands : sequence of (float, float), default=((1, 4), (4, 8), ..., (20, 30), (0.5, 30))
        Bands of the cepstral coefficients in Hz. The paper names the first five; its count of 342
        needs a sixth, which is taken to be the whole pass band.
    sfreq : float, default=None
        Sampling rate in Hz. If None, that of the `Windows`; a bare array needs one.
    smoothing : float, default=None
        Length in seconds of the moving average of each column, which never crosses records or
        gaps, as in `MovingAverage`. The windows of a bare array count as one after the other,
        without overlap. The paper has 20. If None, columns are not averaged.
    center : bool, default=False
        If True, the average lies around its window. If False, it ends with its window, so that no
        window depends on a later one.
    memory : str or joblib.Memory, default=None
        Folder or cache for the table of each recording, so that a search whose folds hold whole
        records computes it once. If None, tables are not kept.
    n_jobs : int, default=None
        Number of threads, which share batches of windows. It does not change the result.
    verbose : bool or int, default=0
        Show a progress bar.

    Attributes
    ----------
    feature_groups_ : dict of str to ndarray of int
        Columns of each group within a channel: a partition, in the form of the parameter
        ``feature_groups`` of the CNBC classifiers.
    sfreq_ : float
        Sampling rate in Hz.
    n_channels_in_, n_times_in_ : int
        Layout of the windows seen in `fit`.
    ch_names_in_ : tuple of str or None
        Channel names seen in `fit`, if there were any.
    n_features_in_ : int
        ``n_channels_in_ * n_times_in_``.
    feature_names_in_ : ndarray of str
        Column names, if `fit` got a data frame.

    Raises
    ------
    ValueError
        For an unknown group or band, a sampling rate unknown or too low for a band of the groups
        at hand (``tf`` and ``mfcc`` need more than 60 Hz), and as for any input that is not finite
        or of another layout than at `fit`.

    See Also
    --------
    FeatureNormalizer : The paper's next step, Eq. 3.
    MovingAverage : The smoothing around any other transformer.

    Notes
    -----
    The paper filters recordings to 0.5-30 Hz and cuts them into windows of 1 s without overlap;
    both are the caller's to do (`filter_recording`, `Windows.from_recording`).

    The derivatives are regressions over the windows up to two before and two after (HTK's, see
    References), at the ends of a stretch over its first and last window repeated; a gap and a
    record's end end a stretch, and the order is that of the onsets, whatever that of the rows. A
    bare array is one stretch in row order. ``d_mfcc`` therefore depends on windows up to two steps
    later and ``dd_mfcc`` on up to four; without these groups every row stands for itself. The
    derivatives are per window, not per second.

    Where the paper is open, the choice is ours and is described with the measure: bins of the
    histogram, lags of the autocovariance, the floor under the mean in coefficients of variation,
    extension of windows by the wavelet transform, segments of the short-time transform, filters
    of the cepstrum, and the formula of the frequency regularity. The Lyapunov exponent is
    Rosenstein's, which suits 256 samples, for the paper's short-term exponent on long windows.
    Constant windows have finite features: 0 where the measure is one of shape.

    The cost is linear in channels and windows, and quadratic in the window's length for
    approximate entropy and the Lyapunov exponent.

    References
    ----------
    .. [1] Kiranyaz et al., Automated patient-specific classification of long-term
       electroencephalography ("the CNBC paper"), J. Biomed. Inform. 49, 16-31, 2014, section 3 and
       Table 2.
    .. [2] Young et al., The HTK Book, 2006, section 5.9.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import FrameFeatures
    >>> from skseizure.signals import Windows
    >>> signal = np.random.default_rng(0).normal(size=(2, 2560))
    >>> X = Windows.from_array(signal, 256, window=1, ch_names=["F3-C3", "C3-P3"])
    >>> features = FrameFeatures()
    >>> features.fit_transform(X).shape
    (10, 684)
    >>> features.get_feature_names_out()[[0, 342, -1]].tolist()
    ['F3-C3__morph__peak_latency', 'C3-P3__morph__peak_latency', 'C3-P3__dd_mfcc__0.5-30Hz_c6']
    >>> {name: len(columns) for name, columns in features.feature_groups_.items()}
    {'morph': 16, 'time': 14, 'freq': 5, 'dwt_db1': 30, 'dwt_db2': 30, 'dwt_db3': 30, 'dwt_db4': 30,
     'dwt_db4_stats': 70, 'tf': 9, 'mfcc': 36, 'd_mfcc': 36, 'dd_mfcc': 36}
    """

    _parameter_constraints: dict = {
        **WindowsTransformer._parameter_constraints,
        "groups": [str, "array-like"],
        "wvd_bands": [str, "array-like"],
        "mfcc_bands": ["array-like"],
        **MEMORY,
    }

    def __init__(
        self,
        groups: str | Sequence[str] = "all",
        *,
        wvd_bands: Sequence[str] = ("delta", "theta", "alpha"),
        mfcc_bands: Sequence[tuple[float, float]] = MFCC_BANDS,
        sfreq: float | None = None,
        smoothing: float | None = None,
        center: bool = False,
        memory: Any = None,
        n_jobs: int | None = None,
        verbose: bool | int = 0,
    ) -> None:
        super().__init__(
            sfreq=sfreq, smoothing=smoothing, center=center, n_jobs=n_jobs, verbose=verbose
        )
        self.groups = groups
        self.wvd_bands = wvd_bands
        self.mfcc_bands = mfcc_bands
        self.memory = memory

    def _fit_layout(self, sfreq: float) -> None:
        whole = isinstance(self.groups, str) and self.groups == "all"
        groups = GROUPS if whole else _chosen("groups", self.groups, GROUPS)
        self._wvd_bands = _chosen("wvd_bands", self.wvd_bands, tuple(BANDS))
        self._mfcc_bands = _check_mfcc_bands(self.mfcc_bands)
        # A measure refuses a rate or a band that does not suit the window: try a window of zeros.
        _frame_table(
            np.zeros((1, self.n_times_in_)),
            groups=groups,
            sfreq=sfreq,
            wvd_bands=self._wvd_bands,
            mfcc_bands=self._mfcc_bands,
        )
        self.feature_groups_ = {}
        self._names: list[str] = []
        for group in groups:
            names = [f"{group}__{name}" for name in self._functions(group, sfreq)]
            start = len(self._names)
            self.feature_groups_[group] = np.arange(start, start + len(names))
            self._names += names

    def _functions(self, group: str, sfreq: float) -> dict[str, Callable[..., Any]]:
        return group_features(group, sfreq, self._wvd_bands, self._mfcc_bands)

    def _column_names(self) -> list[str]:
        return self._names

    def _transform_windows(self, X: Any, sfreq: float) -> NDArray[np.float64]:
        function = partial(
            check_store(self.memory).cache(_frame_table),
            groups=list(self.feature_groups_),
            sfreq=sfreq,
            wvd_bands=self._wvd_bands,
            mfcc_bands=self._mfcc_bands,
            revision=None if self.memory is None else __version__,
        )
        if self.memory is None or not is_windows(X):
            table = self._in_batches(function, X)
        else:
            table = np.empty((*X.shape[:2], len(self._names)))
            # Batches that start with their recording are the same in every fold that has it whole.
            for rows, recording in X.by_signal():
                table[rows] = self._in_batches(function, recording)
        return self._derive(table, X)

    def _derive(self, table: NDArray[np.float64], X: Any) -> NDArray[np.float64]:
        """Turn the coefficients in the columns of derivatives into these, in place."""
        time = timeline_of(X, len(X))
        for group in DERIVATIVES.keys() & self.feature_groups_.keys():
            columns = self.feature_groups_[group]
            for channel in range(table.shape[1]):
                part = table[:, channel, columns]
                for _ in range(DERIVATIVES[group]):
                    part = deltas(part, time.stretches)
                table[:, channel, columns] = time.share(part)
        return table

    def __window_span__(self) -> Span:
        """Tell how far slopes and the average look, see `skseizure._core.horizon`."""
        groups = DERIVATIVES if isinstance(self.groups, str) else self.groups
        derived = [group for group in DERIVATIVES if group in groups]
        if not derived:
            return super().__window_span__()
        # How long a step lasts is known only from the windows of `fit`.
        times = max(DERIVATIVES[group] for group in derived)
        reach = times * WIDTH * getattr(self, "_step", math.inf)
        why = f"groups holds {' and '.join(derived)}, slopes over later windows, too; leave it out"
        return one_after_the_other(Span(reach, reach, why), super().__window_span__())


def _chosen(what: str, names: Sequence[str], known: tuple[str, ...]) -> tuple[str, ...]:
    """Return names as a tuple after checking that they are known and different."""
    check_names(what, names)
    with prefix_errors(what):
        unknown = [str(name) for name in names if name not in known]
    if unknown:
        raise ValueError(f"{what} names {', '.join(unknown)}; known are {', '.join(known)}.")
    if len(set(names)) < len(names) or len(names) == 0:
        raise ValueError(
            f"{what} is {list(names)}; at least one name is needed, and none may be there twice."
        )
    return tuple(map(str, names))


def _check_mfcc_bands(bands: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    try:
        pairs = tuple((float(low), float(high)) for low, high in bands)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"mfcc_bands is {bands!r}; pairs of edges in Hz are needed, none of them twice."
        ) from error
    if len({band_name(pair) for pair in pairs}) < max(1, len(pairs)):
        raise ValueError(
            f"mfcc_bands is {bands!r}; pairs of edges in Hz are needed, none of them twice: "
            f"columns name them {', '.join(map(band_name, pairs))}."
        )
    return pairs


def _frame_table(
    x: NDArray[np.float64],
    *,
    groups: Sequence[str],
    sfreq: float,
    wvd_bands: tuple[str, ...],
    mfcc_bands: tuple[tuple[float, float], ...],
    revision: str | None = None,
) -> NDArray[np.float64]:
    """Return the features of windows of one channel, (n, n_times) -> (n, n_features).

    Where derivatives belong, stands what is to be derived. ``revision`` only tells apart what a
    cache holds.
    """
    batch = Batch(x)
    columns = [
        function(batch)
        for group in groups
        for function in group_features(group, sfreq, wvd_bands, mfcc_bands).values()
    ]
    return np.stack(columns, axis=1)
