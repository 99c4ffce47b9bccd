"""What transformers around another transformer share: the clone, its table, names and tags."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn import get_config
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import Tags, check_array, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _num_samples, check_is_fitted

from .._core.persistence import get_state, set_state
from .._core.validation import returns_numpy


def _inner_has(method: str) -> Callable[[TransformerWrapper], bool]:
    def check(self: TransformerWrapper) -> bool:
        return hasattr(getattr(self, "transformer_", self.transformer), method)

    return check


class TransformerWrapper(TransformerMixin, BaseEstimator):
    """A transformer around ``transformer``, whose table it changes.

    ``fit`` keeps a fitted clone as ``transformer_``. Parameters of ``fit`` go to the clone, by
    metadata routing where that is enabled.
    """

    __getstate__, __setstate__ = get_state, set_state

    transformer: Any
    transformer_: Any

    @available_if(_inner_has("get_feature_names_out"))
    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the inner transformer's columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Passed on.

        Returns
        -------
        ndarray of str, shape (n_features_out,)
            The names.
        """
        check_is_fitted(self, "transformer_")
        return self.transformer_.get_feature_names_out(input_features)

    def get_metadata_routing(self) -> MetadataRouter:
        """Tell scikit-learn that parameters of ``fit`` go to the inner transformer's ``fit``.

        Returns
        -------
        MetadataRouter
            The routing.
        """
        mapping = MethodMapping()
        for caller in ("fit", "fit_transform"):
            mapping.add(caller=caller, callee=self._callee(caller))
        return MetadataRouter(owner=self).add(transformer=self.transformer, method_mapping=mapping)

    def _callee(self, caller: str) -> str:
        """Return the inner transformer's method that a method of this one calls."""
        whole = caller == "fit_transform" and hasattr(self.transformer, "fit_transform")
        return "fit_transform" if whole else "fit"

    def _fit_inner(
        self, X: Any, y: Any, caller: str, params: dict[str, Any]
    ) -> NDArray[np.floating] | None:
        """Fit a clone of the inner transformer; return its table if it gives one while it fits."""
        inner, method = clone(self.transformer), self._callee(caller)
        if get_config()["enable_metadata_routing"]:
            params = dict(process_routing(self, caller, **params).transformer[method])
        result = getattr(inner, method)(X, y, **params)
        self.transformer_ = result if method == "fit" else inner
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self.transformer_, name):
                setattr(self, name, getattr(self.transformer_, name))
            elif hasattr(self, name):
                delattr(self, name)
        return None if method == "fit" else self._check_table(result, X)

    def _inner_table(self, X: Any) -> NDArray[np.floating]:
        check_is_fitted(self, "transformer_")
        return self._check_table(self.transformer_.transform(X), X)

    @returns_numpy
    def _check_table(self, table: Any, X: Any) -> NDArray[np.floating]:
        inner = type(self.transformer_).__name__
        table = check_array(
            table,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan" if get_tags(self).input_tags.allow_nan else True,
            input_name=f"the table of {inner}",
        )
        if len(table) != (n_windows := _num_samples(X)):
            raise ValueError(
                f"{inner} gives {len(table)} rows for {n_windows} windows; one a window is needed."
            )
        return table

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        if self.transformer is not None:
            inner = get_tags(self.transformer)
            tags.input_tags = inner.input_tags
            tags.target_tags = inner.target_tags
            tags.transformer_tags = inner.transformer_tags
            tags.non_deterministic = inner.non_deterministic
        return tags
