"""ChannelPooling: what the channels of a window have in common, in place of each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from numbers import Integral
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context, clone
from sklearn.utils import Tags, gen_batches, get_tags
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _check_feature_names_in, _get_feature_names, check_is_fitted

from .._core.errors import prefix_errors
from .._core.parameters import HasMethods, Interval
from .._core.timeline import is_windows
from .._core.validation import CHECKED_AT_ONCE, check_rows, check_windows, validate_table
from ._pooling import check_statistics, pool
from ._wrapper import TransformerWrapper


class _Channels(NamedTuple):
    """Windows, channel by channel."""

    names: tuple[str, ...]
    single: list[Any]  # windows of one channel, to be transformed one item after the other
    cells: list[NDArray[np.intp]]  # of each item's rows, the number among windows times channels
    n_windows: int


def _has_names(self: ChannelPooling) -> bool:
    inner = getattr(self, "transformer_", self.transformer)
    return inner is None or hasattr(inner, "get_feature_names_out")


class ChannelPooling(TransformerWrapper):
    """Describe each feature by its mean, median, extremes and spread over the channels.

    A seizure's focus on the left looks like one on the right, there are fewer columns, and a model
    does not ask for a number of channels any more: around a feature transformer, as in
    ``ChannelPooling(BandFeatures())``, it is trained on 18 channels and detects on 2, 16 or 21.

    Parameters
    ----------
    transformer : transformer or Pipeline, default=None
        What turns windows of one channel into a table. It is fitted on all channels of all windows,
        each as a window of its own. If None, X is the table of a transformer.
    statistics : sequence of str, default=("mean", "median", "max", "min", "std")
        What is said of the channels. Others are ``"range"``, the largest less the smallest;
        ``"iqr"``, the interquartile range; ``"second_max"`` and ``"second_min"``, of one channel
        the same as the largest and smallest; and quantiles in hundredths, such as ``"q10"`` and
        ``"q90"``.
    n_channels : int, default=None
        Channels of a table without column names, whose columns are then taken to be those of the
        first channel, of the second, and so on. If None, names are needed,
        ``"{channel}__{feature}"``, as in the data frames of ``set_output(transform="pandas")``.
        Not used if there is a ``transformer``.
    allow_missing : {"all", "none"} or sequence of str, default="all"
        Channels of `fit` that may be missing later, by name. With ``"all"``, any channels will do.
        Channels that were not there in `fit` are pooled with the others.

    Attributes
    ----------
    transformer_ : transformer
        The fitted clone of ``transformer``. Only if there is one.
    channels_ : tuple of str
        Channels in `fit`, of windows or of a table; ``ch0``, ``ch1``, ... where they have no names.
    ch_names_in_ : tuple of str or None
        Channel names of the windows in `fit`, if there were any. Only if there is a transformer.
    n_channels_in_ : int
        Number of channels in `fit`.
    n_features_in_ : int
        As the inner transformer's, if it has it; without one, the number of columns.
    feature_names_in_ : ndarray of str, shape (`n_features_in_`,)
        As the inner transformer's, if it has it; without one, the column names of a data frame.

    Raises
    ------
    ValueError
        For an unknown statistic, a column whose channel is not known, a channel that may not be
        missing, a window without any good channel, values of too wide a range, or as the inner
        transformer.

    See Also
    --------
    skseizure.postprocessing.ChannelFusionClassifier : Pools decisions of channels, not features.
    PatientScaler : Stands inside, ``ChannelPooling(PatientScaler(BandFeatures(), by="record"))``,
        to compare each channel with itself first.

    Notes
    -----
    A channel that is NaN in a window, as ``mark_quality(bad_channels="nan")`` makes bad ones, is
    left out of that window's statistics. So is a NaN in a table.

    Columns are ordered by statistic, then as the inner transformer orders them; their names are
    ``"{statistic}__{band}__{feature}"``.

    What is learned from pooled features cannot tell where a seizure is, nor one that shows as a
    difference between two channels alone.

    A bare array of three dimensions is pooled over its second; each of its channels is one record
    in row order to the inner transformer. Two dimensions mean one channel.

    Added to the inner transformer's cost is one sort of each window's channels.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import BandFeatures, ChannelPooling
    >>> from skseizure.signals import Windows
    >>> signal = np.random.default_rng(0).normal(size=(4, 2560))
    >>> X = Windows.from_array(signal, 256, window=2, ch_names=["F3-C3", "C3-P3", "F4-C4", "C4-P4"])
    >>> pooling = ChannelPooling(BandFeatures(["line_length"], ["alpha"]), ["median", "max"])
    >>> table = pooling.fit_transform(X)
    >>> pooling.get_feature_names_out().tolist()
    ['median__alpha__line_length', 'max__alpha__line_length']
    >>> mirrored = X.pick(["F4-C4", "C4-P4", "F3-C3", "C3-P3"])
    >>> bool((pooling.transform(mirrored) == table).all())
    True
    >>> pooling.transform(X.pick(["C3-P3", "F4-C4"])).shape
    (5, 2)

    Behind a transformer it reads the channels from the names of columns:

    >>> from sklearn.pipeline import make_pipeline
    >>> features = BandFeatures(["line_length"], ["alpha"]).set_output(transform="pandas")
    >>> behind = make_pipeline(features, ChannelPooling(statistics=["median", "max"]))
    >>> bool(np.allclose(behind.fit_transform(X), table))
    True
    """

    _parameter_constraints: dict = {
        "transformer": [HasMethods(["fit", "transform"]), None],
        "statistics": ["array-like"],
        "n_channels": [Interval(Integral, 1, None, closed="left"), None],
        "allow_missing": [StrOptions({"all", "none"}), "array-like"],
    }

    def __init__(
        self,
        transformer: Any = None,
        statistics: Sequence[str] = ("mean", "median", "max", "min", "std"),
        *,
        n_channels: int | None = None,
        allow_missing: Literal["all", "none"] | Sequence[str] = "all",
    ) -> None:
        self.transformer = transformer
        self.statistics = statistics
        self.n_channels = n_channels
        self.allow_missing = allow_missing

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: ArrayLike | None = None) -> Self:
        """Fit the inner transformer on single channels, or learn which column is whose.

        Parameters
        ----------
        X : Windows, array-like of shape (n_windows, n_channels, n_times), or table
            Training windows.
        y : array-like, shape (n_windows,), default=None
            To the inner transformer, repeated for each channel.

        Returns
        -------
        self : ChannelPooling
            Fitted.
        """
        self._learn(X, y, "fit")
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_transform(self, X: Any, y: ArrayLike | None = None) -> NDArray[np.floating]:
        """Fit and return the pooled table; windows go through the inner transformer once.

        Parameters
        ----------
        X : Windows, array-like of shape (n_windows, n_channels, n_times), or table
            Training windows.
        y : array-like, shape (n_windows,), default=None
            To the inner transformer, repeated for each channel.

        Returns
        -------
        ndarray of float, shape (n_windows, n_statistics * n_features)
            The statistics.
        """
        cube = self._learn(X, y, "fit_transform")
        return self.transform(X) if cube is None else self._pooled(cube, X)

    def _learn(self, X: Any, y: Any, caller: str) -> NDArray[np.float64] | None:
        """Fit, and return the features of each window and channel if they are at hand then."""
        check_statistics(self.statistics)
        if self.transformer is None:
            cube, self.channels_, self._features = self._cube(X, reset=True)
            self.n_channels_in_ = len(self.channels_)
            return cube
        channels = _split(self, X)
        if channels is not None and y is not None:
            check_rows(X=X, y=y)
            y = np.asarray(y)[np.concatenate(channels.cells) // len(channels.names)]
        single = X if channels is None else _joined(channels.single)
        if channels is not None and len(channels.single) > 1:
            caller = "fit"  # to transform, each channel of a bare array stands by itself
        table = self._fit_inner(single, y, caller, {})
        self.channels_ = ("ch0",) if channels is None else channels.names
        self.ch_names_in_ = self.channels_ if is_windows(X) else None
        self.n_channels_in_ = len(self.channels_)
        return None if table is None else self._inner_cube(channels, [table])

    def transform(self, X: Any) -> NDArray[np.floating]:
        """Pool the features of the channels.

        Parameters
        ----------
        X : Windows, array-like of shape (n_windows, n_channels, n_times), or table
            Windows with any channels that ``allow_missing`` allows.

        Returns
        -------
        ndarray of float, shape (n_windows, n_statistics * n_features)
            The statistics.
        """
        check_is_fitted(self)
        check_statistics(self.statistics)
        if self.transformer is None:
            cube, names, _ = self._cube(X, reset=False)
            self._check_channels(names)
        else:
            channels = _split(self, X)
            self._check_channels(("ch0",) if channels is None else channels.names)
            singles = [X] if channels is None else channels.single
            cube = self._inner_cube(channels, [self._inner_table(single) for single in singles])
        return self._pooled(cube, X)

    def _pooled(self, cube: NDArray[np.float64], X: Any) -> NDArray[np.float64]:
        self._refuse_empty(cube, X)
        with np.errstate(over="ignore", invalid="ignore"):
            table = np.hstack(list(pool(cube, self.statistics)))
        if not np.isfinite(table).all():
            raise ValueError(
                "X has features of too wide a range over the channels for finite statistics: from "
                f"{np.nanmin(cube):g} to {np.nanmax(cube):g}."
            )
        return table

    @available_if(_has_names)
    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Name the columns of the table.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Only checked against the names and number of columns seen in `fit`.

        Returns
        -------
        ndarray of str, shape (n_features_out,)
            ``"{statistic}__{band}__{feature}"``.
        """
        check_is_fitted(self)
        if self.transformer is None:
            _check_feature_names_in(self, input_features)
            features = self._features
        else:
            names = self.transformer_.get_feature_names_out(input_features)
            # The one channel has no name worth keeping.
            features = [re.sub("^(channel|ch0)__", "", str(name)) for name in names]
        return np.array([f"{s}__{f}" for s in self.statistics for f in features], dtype=object)

    def get_metadata_routing(self) -> Any:
        """Tell scikit-learn that `fit` takes no metadata.

        Returns
        -------
        MetadataRequest
            An empty request.
        """
        return self._get_metadata_request()

    def __required_channels__(self) -> tuple[str, ...]:
        """Tell which channels must be there, see `skseizure._core.channels`."""
        if isinstance(self.allow_missing, str):
            return () if self.allow_missing == "all" else self.channels_
        return tuple(name for name in self.channels_ if name not in self.allow_missing)

    def _inner_cube(
        self, channels: _Channels | None, tables: list[NDArray[np.floating]]
    ) -> NDArray[np.float64]:
        """Return the inner transformer's features of each window and channel; NaN for bad ones."""
        if channels is None:
            return tables[0].astype(np.float64)[:, np.newaxis]
        n_windows, n_channels = channels.n_windows, len(channels.names)
        cube = np.full((n_windows * n_channels, tables[0].shape[1]), np.nan)
        for table, cells in zip(tables, channels.cells, strict=True):
            cube[cells] = table
        return cube.reshape(n_windows, n_channels, -1)

    def _cube(
        self, X: Any, *, reset: bool
    ) -> tuple[NDArray[np.float64], tuple[str, ...], list[str]]:
        """Return a table as windows by channels by features, with the names of these two."""
        if is_windows(X):
            raise ValueError(
                "X is Windows, and transformer is None; give ChannelPooling the transformer that "
                "turns windows into a table: ChannelPooling(BandFeatures())."
            )
        # Another table may have other channels, and so other columns, than that of `fit`.
        free = not reset and self.n_channels is None and _get_feature_names(X) is not None
        owner = clone(self) if free else self
        finite = "allow-nan" if get_tags(self).input_tags.allow_nan else True
        table = validate_table(
            owner, X, reset=reset or free, dtype=np.float64, ensure_all_finite=finite
        )
        if self.n_channels is not None:
            n_features, rest = divmod(table.shape[1], self.n_channels)
            if rest or n_features == 0:
                raise ValueError(
                    f"X has {table.shape[1]} columns, which n_channels={self.n_channels} does not "
                    "divide."
                )
            names = tuple(f"ch{i}" for i in range(self.n_channels))
            return (
                table.reshape(len(table), *(self.n_channels, n_features)),
                names,
                [f"x{i}" for i in range(n_features)],
            )
        columns = getattr(owner, "feature_names_in_", None)
        if columns is None:
            raise ValueError(
                "X has no column names, which say whose channel a column is; set n_channels, or "
                "set_output(transform='pandas') on the transformer before."
            )
        pairs = [str(name).partition("__") for name in columns]
        for channel, _, feature in pairs:
            if not feature:
                raise ValueError(
                    f"X has a column {channel!r}; names of the form '{{channel}}__{{feature}}' are "
                    "needed, or n_channels."
                )
        channels = dict.fromkeys(channel for channel, _, _ in pairs)
        features = dict.fromkeys(feature for _, _, feature in pairs)
        known = list(features) if reset else self._features
        if differ := sorted(features.keys() ^ set(known)):
            what = "a" if differ[0] in features else "no"
            raise ValueError(
                f"X has {what} feature {differ[0]!r}, but ChannelPooling was fitted on "
                f"{len(known)} features a channel, {'without' if what == 'a' else 'with'} it."
            )
        place = [
            [list(channels).index(channel), known.index(feature)] for channel, _, feature in pairs
        ]
        cube = np.full((len(table), len(channels), len(known)), np.nan)
        cube[:, *np.transpose(place)] = table
        return cube, tuple(channels), known

    def _check_channels(self, names: tuple[str, ...]) -> None:
        if missing := [name for name in self.__required_channels__() if name not in names]:
            raise ValueError(
                f"X has no channel {missing[0]!r} ({len(missing)} of {self.n_channels_in_} are "
                "missing), and allow_missing does not name it; set allow_missing='all' to pool the "
                "channels that there are."
            )

    def _refuse_empty(self, cube: NDArray[np.float64], X: Any) -> None:
        lost: NDArray[np.bool_] = np.any(np.isnan(cube).all(axis=1), axis=1)
        if lost.any():
            row = int(np.argmax(lost))
            where = f"row {row}"
            if is_windows(X):
                where = f"record {str(X.record[row])!r}, window at {X.onset[row]:g} s"
            raise ValueError(
                f"X has {np.count_nonzero(lost)} windows with NaN in all {cube.shape[1]} channels, "
                f"the first is {where}; leave such windows out."
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if self.transformer is None:
            tags.input_tags.allow_nan = self.n_channels != 1  # of one, nothing is left
        return tags


def _split(estimator: ChannelPooling, X: Any) -> _Channels | None:
    """Take windows apart by channel, without those that are NaN.

    None if X has no dimension of channels: it is one channel, or what the inner transformer
    refuses.
    """
    if not is_windows(X):
        with prefix_errors("X"):
            ndim = np.asanyarray(X).ndim
        if ndim != 3:
            return None
    X = check_windows(clone(estimator), X, finite=False)
    n_windows, n_channels, _ = X.shape
    good = np.ones((n_windows, n_channels), dtype=bool)
    cells = np.arange(good.size).reshape(good.shape)
    if is_windows(X):
        names, whole = X.ch_names, X.split_channels()
        for rows, part in _with_nan(whole):
            good.ravel()[rows] = ~np.isnan(part.data).any(axis=(1, 2))
        single, kept = [whole if good.all() else whole[good.ravel()]], [cells[good]]
    else:
        names = tuple(f"ch{i}" for i in range(n_channels))
        for batch in gen_batches(n_windows, max(1, CHECKED_AT_ONCE // X[0].size)):
            good[batch] = ~np.isnan(X[batch]).any(axis=2)
        # Each channel by itself: a bare array is one record in row order.
        single = [X[good[:, c], c] for c in range(n_channels) if good[:, c].any()]
        kept = [cells[good[:, c], c] for c in range(n_channels) if good[:, c].any()]
    if not good.any():
        raise ValueError("X is NaN in all channels of all windows; good channels are needed.")
    return _Channels(names, single, kept, n_windows)


def _with_nan(windows: Any) -> Iterator[tuple[NDArray[np.intp], Any]]:
    """Go through the windows of signals that are not finite, batch by batch."""
    if windows.all_finite():
        return
    for rows, part in windows.by_signal():
        if not part.all_finite():
            for batch in gen_batches(len(rows), max(1, CHECKED_AT_ONCE // part.shape[2])):
                yield rows[batch], part[batch]


def _joined(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
