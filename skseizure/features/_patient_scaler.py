"""PatientScaler: the table of each patient, or record, on its own scale."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metadata_routing import MetadataRouter
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted

from .._core.groups import owners
from .._core.horizon import Span
from .._core.parameters import HasMethods, Interval
from .._core.timeline import ROUNDING, Timeline, is_windows, timeline_of
from .._core.validation import validate_table
from ._own_scale import Scale, ranks_among, scaled, typical_quantiles, typical_scale
from ._wrapper import TransformerWrapper

_FLOATS = [np.float64, np.float32]


class _Owner(NamedTuple):
    name: str
    rows: NDArray[np.intp]  # in order of time, of copies the first alone
    last: NDArray[np.intp]  # place among `rows` of the last one at the same time


class PatientScaler(TransformerWrapper):
    """Scale each patient's features by the patient's own windows, without labels.

    Patients differ in amplitude and rhythm by more than seizure and background do in one of them.
    This takes each patient's own windows as the measure: as a z-score, by median and interquartile
    range, or as ranks. It stands around a feature transformer, where `Windows` still tell whose a
    window is, or takes a table and ``groups``.

    Parameters
    ----------
    transformer : transformer or Pipeline, default=None
        What turns windows into a table; X reaches it as it is given. If None, X is the table.
    method : {"standard", "robust", "rank"}, default="standard"
        ``"standard"``: less the mean, divided by the standard deviation. ``"robust"``: less the
        median, divided by the interquartile range, or by the standard deviation where that range is
        0. ``"rank"``: the share of windows with a lower value, half of the equal ones counted,
        between 0 and 1.
    by : {"patient", "record"}, default="patient"
        Whose windows share a scale. Windows that know no patient are scaled by record. Inside
        `ChannelPooling`, which makes a record of each channel, ``"record"`` gives each channel of
        a record a scale of its own.
    causal : bool, default=False
        If False, the scale is that of all windows in X of the same patient, later ones too. If
        True, it is that of the windows whose onset is not later: what an online detector can know.
    min_windows : int, default=20
        Windows that an own scale takes. Where there are fewer, as at the start with ``causal``, see
        ``few``.
    few : {"population", "own", "raise"}, default="population"
        What scales a window where there are fewer than ``min_windows``: the scale of a typical
        patient of `fit`, or the few windows nevertheless. ``"raise"`` is as ``"population"``, but a
        patient who has fewer in all is an error.

    Attributes
    ----------
    transformer_ : transformer
        The fitted clone of ``transformer``. Only if there is one.
    center_, scale_ : ndarray of float, shape (n_features_out,)
        Medians, over the patients in `fit`, of centre and spread. Not with ``method="rank"``.
    quantiles_ : ndarray of float, shape (200, n_features_out)
        Medians, over the patients in `fit`, of their quantiles. Only with ``method="rank"``.
    n_features_in_ : int
        As the inner transformer's, if it has it; without one, the number of columns.
    feature_names_in_ : ndarray of str, shape (`n_features_in_`,)
        As the inner transformer's, if it has it; without one, the column names of a data frame.

    Raises
    ------
    ValueError
        For a table that is not finite, values of too wide a range, a patient with fewer windows
        than ``min_windows`` where ``few="raise"``, records whose order is not known where
        ``causal=True``, or as the inner transformer.

    See Also
    --------
    ChannelPooling : Statistics over channels, which can be scaled one by one before.
    MovingAverage : Stands around a transformer in the same way.
    sklearn.preprocessing.StandardScaler : One scale for all patients.

    Notes
    -----
    **What is learned.** `fit` learns the typical patient and nothing else. Every patient that
    `transform` meets, whether it was there in `fit` or not, is scaled by its windows in the X
    given, labels unknown. So results depend on which windows are there: give a patient's whole
    recordings, and split by patient. Patients in `fit` with fewer than ``min_windows`` do not count
    for the typical one, unless all have fewer: then all rows are taken as one patient's.

    **Time.** Order comes from ``onset``, never from the order of rows; copies of a window, as
    oversampling makes them, count once. With ``causal`` and several records of a patient, each
    record's start must be known (`RecordInfo.start`); else set ``by="record"``.

    A column that is constant over a patient becomes 0, or 0.5 as a rank. A bare array or a table
    without ``groups`` is one patient in row order; with groups, rows of a group are in row order.

    Online, the scale of a window depends on all before it, however long ago. So `DetectorStream`,
    which keeps a limited past, refuses this transformer by name.

    Added to the inner transformer's cost is one pass over its table, or one sort of each column for
    medians and ranks, and with ``causal`` ``log2(n_windows)`` steps for each of these values: 1 to
    3 s for 1,080 columns and 24 hours of windows every 2 s, and 40 s for quartiles with ``causal``.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.features import BandFeatures, PatientScaler
    >>> from skseizure.signals import Windows
    >>> rng = np.random.default_rng(0)
    >>> X = Windows.concatenate(
    ...     Windows.from_array(
    ...         rng.normal(scale=loud, size=(1, 6000)), 100, window=2, record=who, patient=who
    ...     )
    ...     for who, loud in [("quiet", 10), ("loud", 90)]
    ... )
    >>> features = BandFeatures(["line_length"], ["alpha"])
    >>> features.fit_transform(X)[[0, 30], 0].round(2).tolist()
    [1.37, 17.84]
    >>> own = PatientScaler(features).fit_transform(X)
    >>> [round(float(own[X.patient == who].std()), 6) for who in ("quiet", "loud")]
    [1.0, 1.0]

    Of a table, groups tell the patients:

    >>> table, groups = [[1.0], [3.0], [10.0], [30.0]], ["a", "a", "b", "b"]
    >>> PatientScaler(min_windows=2).fit_transform(table, groups=groups).ravel().tolist()
    [-1.0, 1.0, -1.0, 1.0]
    """

    _parameter_constraints: dict = {
        "transformer": [HasMethods(["fit", "transform"]), None],
        "method": [StrOptions({"standard", "robust", "rank"})],
        "by": [StrOptions({"patient", "record"})],
        "causal": ["boolean"],
        "min_windows": [Interval(Integral, 1, None, closed="left")],
        "few": [StrOptions({"population", "own", "raise"})],
    }

    def __init__(
        self,
        transformer: Any = None,
        method: Literal["standard", "robust", "rank"] = "standard",
        *,
        by: Literal["patient", "record"] = "patient",
        causal: bool = False,
        min_windows: int = 20,
        few: Literal["population", "own", "raise"] = "population",
    ) -> None:
        self.transformer = transformer
        self.method = method
        self.by = by
        self.causal = causal
        self.min_windows = min_windows
        self.few = few

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Any,
        y: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        **fit_params: Any,
    ) -> Self:
        """Fit the inner transformer and learn the scale of a typical patient.

        Parameters
        ----------
        X : Windows, or whatever the inner transformer takes, or table
            Training windows.
        y : array-like, shape (n_windows,), default=None
            What the inner transformer takes.
        groups : array-like, shape (n_windows,), default=None
            Patient of each row. If None, as X knows them.
        **fit_params : dict
            To the inner transformer's ``fit``; by metadata routing where that is enabled.

        Returns
        -------
        self : PatientScaler
            Fitted.
        """
        self._learn(X, y, groups, "fit", fit_params)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_transform(
        self,
        X: Any,
        y: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        **fit_params: Any,
    ) -> NDArray[np.floating]:
        """Fit and return the scaled table, computed once.

        Parameters
        ----------
        X : Windows, or whatever the inner transformer takes, or table
            Training windows.
        y : array-like, shape (n_windows,), default=None
            What the inner transformer takes.
        groups : array-like, shape (n_windows,), default=None
            Patient of each row. If None, as X knows them.
        **fit_params : dict
            To the inner transformer; by metadata routing where that is enabled.

        Returns
        -------
        ndarray of float, shape (n_windows, n_features_out)
            The scaled table.
        """
        table = self._learn(X, y, groups, "fit_transform", fit_params)
        return self._scale(table, X, groups)

    def transform(self, X: Any, *, groups: ArrayLike | None = None) -> NDArray[np.floating]:
        """Scale each patient by its own windows.

        Parameters
        ----------
        X : Windows, or whatever the inner transformer takes, or table
            Windows in any order.
        groups : array-like, shape (n_windows,), default=None
            Patient of each row. If None, as X knows them.

        Returns
        -------
        ndarray of float, shape (n_windows, n_features_out)
            The scaled table, in the order of X.
        """
        check_is_fitted(self)
        if self.transformer is None:
            return self._scale(self._own_table(X, reset=False), X, groups)
        return self._scale(self._inner_table(X), X, groups)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the table's columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of X where ``transformer`` is None, else passed on to it.

        Returns
        -------
        ndarray of str, shape (n_features_out,)
            The names.
        """
        check_is_fitted(self)
        if self.transformer is None:
            return _check_feature_names_in(self, input_features)
        return self.transformer_.get_feature_names_out(input_features)

    def get_metadata_routing(self) -> MetadataRouter:
        """Tell scikit-learn that ``groups`` stay here, and the rest goes to the transformer.

        Returns
        -------
        MetadataRouter
            The routing.
        """
        if self.transformer is None:
            return MetadataRouter(owner=self).add_self_request(self)
        return super().get_metadata_routing().add_self_request(self)

    def _callee(self, caller: str) -> str:
        return super()._callee("fit_transform")  # `fit` needs the table, too

    def _learn(
        self, X: Any, y: Any, groups: ArrayLike | None, caller: str, params: dict[str, Any]
    ) -> NDArray[np.floating]:
        if self.transformer is None:
            table = self._own_table(X, reset=True)
        else:
            found = self._fit_inner(X, y, caller, params)
            table = self._inner_table(X) if found is None else found
        values = np.asarray(table, dtype=np.float64)
        everyone, _ = self._owners(X, len(values), groups)
        tables = [values[own.rows] for own in everyone if len(own.rows) >= self.min_windows]
        for name in ("center_", "scale_", "quantiles_"):
            if hasattr(self, name):
                delattr(self, name)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.method == "rank":
                self.quantiles_ = typical_quantiles(tables or [values])
                learned = self.quantiles_
            else:
                self.center_, self.scale_ = typical_scale(tables or [values], self.method)
                learned = self.center_ + self.scale_
        _refuse_infinite(learned, values)
        return table

    def _own_table(self, X: Any, *, reset: bool) -> NDArray[np.floating]:
        if is_windows(X):
            raise ValueError(
                "X is Windows, and transformer is None; give PatientScaler the transformer that "
                "turns windows into a table: PatientScaler(BandFeatures())."
            )
        return validate_table(self, X, reset=reset, dtype=_FLOATS)

    def _scale(
        self, table: NDArray[np.floating], X: Any, groups: ArrayLike | None
    ) -> NDArray[np.floating]:
        values = np.asarray(table, dtype=np.float64)
        everyone, time = self._owners(X, len(values), groups)
        out = np.empty_like(values)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for own in everyone:
                out[own.rows] = self._scale_one(np.ascontiguousarray(values[own.rows]), own)
            out = time.share(out).astype(table.dtype, copy=False)
        _refuse_infinite(out, values)
        return out

    def _scale_one(self, values: NDArray[np.float64], own: _Owner) -> NDArray[np.float64]:
        known = own.last + 1 if self.causal else np.full(len(values), len(values))
        few = known < self.min_windows
        if self.few == "raise" and few[-1]:
            raise ValueError(
                f"X has {len(values)} windows of {own.name}, fewer than "
                f"min_windows={self.min_windows}; give more, or set few='population'."
            )
        if self.few == "own":
            few[:] = False
        out = np.empty_like(values)
        if not few.all():
            out = scaled(values, own.last if self.causal else None, self.method)
        if few.any():
            out[few] = self._by_typical(values[few])
        return out

    def _by_typical(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.method == "rank":
            return ranks_among(self.quantiles_, values)
        return Scale(self.center_, self.scale_).apply(values)

    def _owners(
        self, X: Any, n_windows: int, groups: ArrayLike | None
    ) -> tuple[list[_Owner], Timeline]:
        """Return who has which windows, and which of these are copies of another."""
        time = timeline_of(X, n_windows)
        kind = "record" if is_windows(X) and X.patient is None else self.by
        owner = owners(X, groups, kind)
        column = np.zeros(n_windows, dtype=np.intp) if owner is None else owner
        names, code = np.unique(column, return_inverse=True)
        moment, record = np.arange(float(n_windows)), np.zeros(n_windows, dtype=np.intp)
        if is_windows(X):
            moment, record = X.onset, np.unique(X.record, return_inverse=True)[1]
            if self.causal:
                moment = moment + _starts(X, names, code)
        standing = np.delete(np.arange(n_windows), time.copies)
        order = standing[np.lexsort((record[standing], moment[standing], code[standing]))]
        everyone = []
        for rows in np.split(order, np.flatnonzero(np.diff(code[order])) + 1):
            name = "one patient" if owner is None else f"{kind} {str(names[code[rows[0]]])!r}"
            ends = np.append(np.diff(moment[rows]) > ROUNDING, True)
            last = np.flatnonzero(ends)[np.cumsum(np.append(False, ends[:-1]))]
            everyone.append(_Owner(name, rows, last))
        return everyone, time

    def __window_span__(self) -> Span:
        """Tell how far the scale looks, see `skseizure._core.horizon`."""
        if self.causal:
            return Span(math.inf, why="its scale is that of all windows before; leave it out")
        why = f"it scales each {self.by} by all of its windows, later ones too; set causal=True"
        return Span(math.inf, math.inf, why)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if self.transformer is None:
            tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _starts(X: Any, names: NDArray, code: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return when the record of each window began, in seconds; 0 where its owner has no other."""
    recordings = X.recordings()
    out = np.zeros(len(X))
    for i, name in enumerate(names):
        own = np.flatnonzero(code == i)
        records = np.unique(X.record[own])
        if len(records) == 1:
            continue
        start = {str(record): recordings[str(record)].start for record in records}
        known = [moment for moment in start.values() if moment is not None]
        if len(known) < len(start):
            record = next(record for record, moment in start.items() if moment is None)
            raise ValueError(
                f"X has {len(records)} records of {str(name)!r}, but record {record!r} has no "
                "start, so that which came first is not known; set by='record' or causal=False."
            )
        first = min(known)
        for record, moment in start.items():
            rows = own[X.record[own] == record]
            out[rows] = (moment - first).total_seconds()
    return out


def _refuse_infinite(result: NDArray[np.floating], values: NDArray[np.float64]) -> None:
    finite = np.isfinite(result)
    if not finite.all():
        column = int(np.argwhere(~finite)[0, -1])
        raise ValueError(
            f"X has values of too wide a range in column {column}, from "
            f"{values[:, column].min():g} to {values[:, column].max():g}, for a finite result."
        )
