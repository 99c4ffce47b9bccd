"""BandFeatures: every measure on every frequency band of every channel."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256
from numbers import Integral
from pickle import PicklingError
from typing import Any, Literal

import numpy as np
from joblib import hash as joblib_hash
from numpy.typing import NDArray
from sklearn.utils import gen_batches
from sklearn.utils._param_validation import StrOptions
from tqdm.auto import tqdm

from .. import __version__
from .._core.errors import prefix_errors
from .._core.horizon import Span, one_after_the_other
from .._core.parallel import loop
from .._core.parameters import Interval
from .._core.persistence import get_state, set_state
from .._core.store import check_store
from .._core.timeline import is_windows
from ..measures._batch import Batch
from ..measures._registry import UNIVARIATE29, get_measure
from ..signals._filters import MOST, butterworth_bandpasses, settling_seconds
from ._band_energy import band_edges
from ._windows_transformer import (
    BATCH_SAMPLES,
    MEMORY,
    WindowsTransformer,
    check_names,
    name_bad_windows,
)

# In the state that is pickled: digests of the code of the user's own measures.
CODE = "_code_of_own_measures"

BANDS = {
    "delta": (0.5, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "gamma": (30.0, 60.0),
}


# A recording is filtered in blocks of this length, at least, and a last one of up to one and a half
# times as much, with what the filter needs beyond either end: memory does not grow with its length.
BLOCK_SECONDS = 300.0
FEW_CHANNELS = 8
OVERSAMPLING = 4  # least sampling rate of a decimated band, in units of its upper edge
FEWEST_SAMPLES = 64


class BandFeatures(WindowsTransformer):
    """Measures of the band-passed signal, for each channel, band and measure.

    Each channel is filtered into the five classical bands and each band is described by 29
    measures, 14 of the time domain, 7 nonlinear and 8 entropies: 145 features a channel. The set,
    named ``"univariate29"``, is ours in the three categories of the meta-sampler paper [1]_, whose
    own list is not published.

    Parameters
    ----------
    measures : "univariate29" or sequence of str or callable, default="univariate29"
        Measures by name (see `available_measures`), or functions of a read-only array of shape
        (n, n_times) that return one finite number a row. A column has the function's ``__name__``,
        that of a ``functools.partial`` is the name of the function in it.
    bands : mapping of str to (float, float), or sequence of str, default=None
        Bands by name with their edges in Hz, or names of default bands. If None, delta 0.5-4,
        theta 4-8, alpha 8-13, beta 13-30, gamma 30-60 Hz.
    sfreq : float, default=None
        Sampling rate in Hz. If None, that of the `Windows`; a bare array needs one.
    filtering : {"recording", "window"}, default="recording"
        What the band-pass runs over. ``"recording"``: whole recordings, if the windows are cut from
        recordings, as if you had filtered before cutting; windows of an array are filtered one by
        one. ``"window"``: always window by window, so that a feature depends on nothing outside its
        window, as a causal detector needs. Slow bands then suffer from the ends of the window.
    order : int, default=6
        Order of the Butterworth filter, which runs forwards and backwards and has no delay. At most
        40: up to there gains are right to 1e-6; at 100, double precision no longer holds the
        filter.
    decimate : bool, default=False
        If True, measures are computed of no more samples of a band than it needs: one of every n,
        with n the largest whole number that leaves four times the band's upper edge as sampling
        rate, and a window at least 64 samples. That is many times cheaper, but the measures take
        other values: the columns are named by the rate, such as ``F3-C3__delta@16Hz__std``.
    memory : str or joblib.Memory, default=None
        Folder or cache for the table of each recording, so that a search whose folds hold whole
        records computes it once. If None, tables are not kept. Functions among ``measures``
        must be importable to be cached.
    smoothing : float, default=None
        Length in seconds of the moving average of each column, which never crosses records or
        gaps, as in `MovingAverage`. The windows of a bare array count as one after the other,
        without overlap. If None, columns are not averaged.
    center : bool, default=False
        If True, the average lies around its window. If False, it ends with its window, so that no
        window depends on a later one.
    n_jobs : int, default=None
        Number of threads, which share recordings and channels. It does not change the result.
    verbose : bool or int, default=0
        Show a progress bar.

    Attributes
    ----------
    measures_ : list of str
        Names of the measures.
    bands_ : dict of str to (float, float)
        Bands and their edges in Hz.
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
        For an unknown measure or band, a sampling rate unknown or too low for a band, a measure
        that returns another shape or a number that is not finite, and as for any input that is not
        finite or of another layout than at `fit`.

    Notes
    -----
    Columns are ordered by channel, then by band, then by measure. A bare array has windows of one
    channel (2-D) or of several (3-D).

    The cost is linear in channels, bands and windows. In the window's length it is quadratic for
    approximate, sample and fuzzy entropy and the Lyapunov exponent, near linear for the others;
    without these four the table is many times cheaper.

    References
    ----------
    .. [1] M. Liu, J. Liu, M. Xu, Y. Liu, J. Li, W. Nie, Q. Yuan. Combining meta and ensemble
       learning to classify EEG for seizure detection. Scientific Reports 15:10755, 2025; section
       "Feature extraction".

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import BandFeatures
    >>> from skseizure.signals import Windows
    >>> signal = np.random.default_rng(0).normal(size=(2, 2560))
    >>> X = Windows.from_array(signal, 256, window=2, ch_names=["F3-C3", "C3-P3"])
    >>> features = BandFeatures(measures=["line_length", "std"], bands=["theta", "alpha"])
    >>> features.fit_transform(X).shape
    (5, 8)
    >>> features.get_feature_names_out()[:3].tolist()
    ['F3-C3__theta__line_length', 'F3-C3__theta__std', 'F3-C3__alpha__line_length']
    """

    _parameter_constraints: dict = {
        **WindowsTransformer._parameter_constraints,
        "measures": [str, "array-like"],
        "bands": [Mapping, str, "array-like", None],
        "filtering": [StrOptions({"recording", "window"})],
        "order": [Interval(Integral, 1, 40, closed="both")],
        "decimate": ["boolean"],
        **MEMORY,
    }

    def __init__(
        self,
        measures: str | Sequence[str | Callable[[NDArray], NDArray]] = "univariate29",
        bands: Mapping[str, tuple[float, float]] | Sequence[str] | None = None,
        *,
        sfreq: float | None = None,
        filtering: Literal["recording", "window"] = "recording",
        order: int = 6,
        decimate: bool = False,
        memory: Any = None,
        smoothing: float | None = None,
        center: bool = False,
        n_jobs: int | None = None,
        verbose: bool | int = 0,
    ) -> None:
        super().__init__(
            sfreq=sfreq, smoothing=smoothing, center=center, n_jobs=n_jobs, verbose=verbose
        )
        self.measures = measures
        self.bands = bands
        self.filtering = filtering
        self.order = order
        self.decimate = decimate
        self.memory = memory

    def __getstate__(self) -> dict[str, Any]:
        # What hashes a pickle, as Pipeline(memory=) does, must notice a change in the user's own
        # measures, of which the pickle holds but the names.
        return {**get_state(self), CODE: _code_of_own(self.measures)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        set_state(self, {name: value for name, value in state.items() if name != CODE})

    def __window_span__(self) -> Span:
        """Tell how far the filter and the average look, see `skseizure._core.horizon`."""
        average = super().__window_span__()
        if self.filtering == "window":
            return average
        why = "filtering='recording' filters whole recordings both ways; set filtering='window'"
        return one_after_the_other(Span(math.inf, math.inf, why), average)

    def __row_span__(self) -> Span:
        """Tell how far the average looks: the filter runs over signal, not over windows."""
        return super().__window_span__()

    def _fit_layout(self, sfreq: float) -> None:
        self.measures_ = list(_functions(self.measures, sfreq))
        self.bands_ = _check_bands(self.bands, sfreq)

    def _column_names(self) -> list[str]:
        names = []
        for band, factor in zip(self.bands_, self._decimations(self.sfreq_), strict=True):
            rate = f"@{self.sfreq_ / factor:g}Hz" if factor > 1 else ""
            names += [f"{band}{rate}__{measure}" for measure in self.measures_]
        return names

    def _decimations(self, sfreq: float) -> list[int]:
        """Return, for each band, how many samples are thinned to one."""
        if not self.decimate:
            return [1] * len(self.bands_)
        return [_decimation(sfreq, high, self.n_times_in_) for _, high in self.bands_.values()]

    def _transform_windows(self, X: Any, sfreq: float) -> NDArray[np.float64]:
        every = self._decimations(sfreq)
        bands, order = list(self.bands_.values()), int(self.order)
        functions = [_functions(self.measures, sfreq / factor) for factor in every]
        if list(functions[0]) != self.measures_:
            raise ValueError(
                f"measures was changed to {', '.join(functions[0])} after fit; fit again to use it."
            )
        table: Callable[..., NDArray[np.float64]] = _band_table
        if self.memory is not None:
            table = check_store(self.memory).cache(_band_table)
        job = partial(
            table,
            sfreq=sfreq,
            bands=bands,
            order=order,
            functions=functions,
            every=every,
            revision=None if self.memory is None else _revision(functions[0]),
        )
        places: list[tuple[Any, slice]] = []

        def jobs() -> Iterator[Any]:
            whole = self.filtering == "recording"
            for rows, channels, part in _parts(X, sfreq, bands, order, whole=whole):
                places.append((rows, channels))
                yield partial(job, part)

        tables = loop(self.n_jobs)(jobs())
        out = np.empty((*X.shape[:2], len(self.bands_), len(self.measures_)))
        progress = tqdm(
            total=X.shape[0] * X.shape[1],
            desc="band features",
            unit="channel-window",
            disable=not self.verbose,
        )
        with progress, name_bad_windows(X):
            for i, values in enumerate(tables):
                out[places[i]] = values
                progress.update(values.shape[0] * values.shape[1])
        return out


@prefix_errors("measures")
def _functions(measures: str | Sequence[Any], sfreq: float) -> dict[str, Callable[..., Any]]:
    """Return the measures' functions by name, in order."""
    if isinstance(measures, str) and measures == "univariate29":
        measures = UNIVARIATE29
    check_names("measures", measures)
    functions: dict[str, Callable[..., Any]] = {}
    for item in measures:
        name, function = _named(item, sfreq)
        if name in functions and isinstance(item, str):
            raise ValueError(f"measures names {name!r} twice; each may be there once.")
        if name in functions:
            raise ValueError(
                f"measures holds a function named {name!r} like another measure; columns take that "
                "name: define it with def under a name of its own, or set its __name__."
            )
        functions[name] = function
    if not functions:
        raise ValueError("measures is empty; at least one measure is needed.")
    return functions


def _named(item: Any, sfreq: float) -> tuple[str, Callable[..., Any]]:
    if isinstance(item, str):
        measure = get_measure(item)
        function = measure.bind(sfreq)
        return measure.name, function if measure.takes_batch else partial(_on_array, function)
    if not callable(item):
        raise ValueError(f"measures holds {item!r}; names and functions are needed.")
    named = item
    while isinstance(named, partial) and not hasattr(named, "__name__"):
        named = named.func
    name = getattr(named, "__name__", type(named).__name__)
    try:
        inspect.signature(item).bind(None)
    except TypeError as error:
        raise ValueError(
            f"measures holds {name!r}, which does not take samples alone ({error}); bind the rest "
            "with functools.partial."
        ) from error
    except ValueError:  # it tells no signature, as some compiled functions
        pass
    return name, partial(_on_array, item)


def _code_of_own(measures: str | Sequence[Any]) -> dict[str, str]:
    """Return a digest of the code of each measure that is not this package's, by name."""
    code = {}
    named = isinstance(measures, str) or not np.iterable(measures)
    for item in () if named else measures:
        function: Any = item
        if isinstance(item, str):
            with suppress(ValueError):  # no such measure: fit says so
                function = get_measure(item).function
        while isinstance(function, partial):
            function = function.func
        if getattr(function, "__module__", "").split(".")[0] != __name__.split(".")[0]:
            with suppress(OSError, TypeError):
                name = getattr(function, "__name__", type(function).__name__)
                code[name] = sha256(inspect.getsource(function).encode()).hexdigest()
    return code


def _revision(functions: Mapping[str, Callable[..., Any]]) -> str:
    # joblib knows a function by its name: without this, what was cached would outlive a change.
    own = {
        name: _source(name, function.args[0])  # type: ignore[attr-defined]  # it is a partial
        for name, function in functions.items()
        if getattr(function, "func", None) is _on_array
    }
    return joblib_hash((__version__, own))


def _source(name: str, function: Any) -> tuple[str, str]:
    try:
        identity = joblib_hash(function)
    except PicklingError as error:
        raise ValueError(
            f"measures holds {name!r}, which cannot be imported by name; with memory set, a "
            "function must stand in a module."
        ) from error
    while isinstance(function, partial):
        function = function.func
    try:
        return identity, inspect.getsource(function)
    except (OSError, TypeError):
        return identity, ""


def _noting(name: str, function: Callable[..., Any], batch: Batch) -> Any:
    try:
        return function(batch)
    except Exception as error:
        error.add_note(f"In measure {name!r} of BandFeatures.")
        raise


def _on_array(function: Callable[[NDArray], Any], batch: Batch) -> Any:
    batch.check()
    # Other measures go on with these samples.
    samples = batch.raw.view()
    samples.flags.writeable = False
    return function(samples)


@prefix_errors("bands")
def _check_bands(
    bands: Mapping[str, tuple[float, float]] | Sequence[str] | None, sfreq: float
) -> dict[str, tuple[float, float]]:
    """Return the bands by name, all below half the sampling rate."""
    if bands is None:
        chosen = dict(BANDS)
    elif isinstance(bands, Mapping):
        chosen = band_edges(bands)
    else:
        check_names("bands", bands)
        unknown = [name for name in bands if name not in BANDS]
        if unknown:
            raise ValueError(
                f"bands names {', '.join(map(str, unknown))}; known are {', '.join(BANDS)}. "
                "Other bands are given as a mapping of name to (low, high) in Hz."
            )
        if len(set(bands)) < len(bands):
            raise ValueError(f"bands is {list(bands)}; each band may be there once.")
        chosen = {name: BANDS[name] for name in bands}
    if not chosen:
        raise ValueError("bands is empty; at least one band is needed.")
    for name, (low, high) in chosen.items():
        if not 0 < low < high:
            raise ValueError(f"bands has {name!r} = ({low:g}, {high:g}) Hz; 0 < low < high needed.")
        if np.isinf(high):
            raise ValueError(f"bands has {name!r} up to infinity; a frequency in Hz is needed.")
        if high >= sfreq / 2:
            raise ValueError(
                f"sfreq is {sfreq:g} Hz, too low for band {name!r} ({low:g}-{high:g} Hz); more "
                f"than {2 * high:g} Hz is needed, or other bands."
            )
    return chosen


def _parts(
    X: Any, sfreq: float, bands: Sequence[tuple[float, float]], order: int, *, whole: bool
) -> Iterator[tuple[Any, slice, Any]]:
    """Cut the work up: some channels of a block of a recording, or a batch of windows."""
    everything = slice(None)
    pieces = X.by_signal() if is_windows(X) else [(np.arange(len(X)), X)]
    for rows, piece in pieces:
        if whole and is_windows(piece) and piece.continuous:
            if not piece.all_finite():
                raise ValueError(
                    "X: a recording that the windows are cut from holds NaN or infinity outside "
                    "them, which the filter would spread; clean the recording or set "
                    "filtering='window'."
                )
            margin = max(settling_seconds(sfreq, *band, order) for band in bands)
            size = max(BLOCK_SECONDS, 4 * margin)
            for own, block in piece._blocks(math.ceil(size * sfreq), math.ceil(margin * sfreq)):
                # Of a short recording, threads share the channels.
                several = MOST if len(own) < len(rows) else FEW_CHANNELS
                names = block.ch_names
                for c in gen_batches(len(names), several):
                    yield rows[own], c, block.pick(names[c])
        else:
            for batch in gen_batches(len(rows), max(1, BATCH_SAMPLES // np.prod(X.shape[1:]))):
                yield rows[batch], everything, np.asarray(piece[batch])


def _decimation(sfreq: float, high: float, n_times: int) -> int:
    """Return how many samples of a band up to ``high`` Hz to take one of."""
    return max(1, min(int(sfreq / (OVERSAMPLING * high)), n_times // FEWEST_SAMPLES))


def _band_table(
    part: Any,
    *,
    sfreq: float,
    bands: Sequence[tuple[float, float]],
    order: int,
    functions: Sequence[Mapping[str, Callable[..., Any]]],
    every: Sequence[int],
    revision: str | None,
) -> NDArray[np.float64]:
    """Return the features of some windows, shape (n_windows, n_channels, n_bands, n_measures).

    ``revision`` only tells apart what a cache holds.
    """
    n, n_channels, n_times = part.shape
    table = np.empty((n, n_channels, len(bands), len(functions[0])))

    def bandpasses(x: NDArray) -> Iterator[NDArray]:
        with prefix_errors("X"):
            yield from butterworth_bandpasses(x, sfreq, bands, order)

    each = part._map_each(bandpasses) if is_windows(part) else bandpasses(part)
    for b, filtered in enumerate(each):
        for batch in gen_batches(n, max(1, BATCH_SAMPLES // (n_channels * n_times))):
            x = np.ascontiguousarray(np.asarray(filtered[batch])[..., :: every[b]])
            x = x.reshape(-1, x.shape[-1])
            shared = Batch(x)
            for m, (name, function) in enumerate(functions[b].items()):
                given = _noting(name, function, shared)
                with prefix_errors(f"measure {name!r}"):
                    values = np.asarray(given, dtype=np.float64)
                if values.shape != (len(x),) or not np.isfinite(values).all():
                    raise ValueError(
                        f"measure {name!r} must give one finite number a window; for "
                        f"{len(x)} windows it gave shape {values.shape} with "
                        f"{np.count_nonzero(~np.isfinite(values))} values not finite."
                    )
                table[batch, :, b, m] = values.reshape(-1, n_channels)
    return table
