"""The morphological filter around a classifier."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import _fit_context
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from .._core.horizon import Span
from .._core.labels import POS_LABEL, assumed_seizure_column
from .._core.parameters import HasMethods
from .._core.timeline import timeline_of
from ._base import MetaClassifier, inner_has
from ._morphology import FILTER_CONSTRAINTS, aggregate_and_filter, morphological_filter


class MorphologicalFilterClassifier(MetaClassifier):
    """Filter the labels of a binary classifier in time, record by record.

    Seizures last; single positive windows are false alarms and short holes in a seizure are
    misses. `predict` removes the first and fills the second with `morphological_filter`, in order
    of time and never across the end of a record or a gap above 1.5 steps. It stands outermost,
    where `Windows` is still to be seen.

    Parameters
    ----------
    estimator : classifier or Pipeline
        Any binary classifier; X reaches it as it is given.
    window : int, default=9
        Windows in a block (W_S, Table 3 of [1]_).
    neighborhood : int, default=2
        Blocks looked at on each side (dW, Table 3 of [1]_).
    pos_label : label, default=None
        The class of the seizure. If None, the labels must tell, or ``estimator`` has a
        ``pos_label``: see :ref:`seizure-class`.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone of ``estimator``.
    classes_ : ndarray, shape (2,)
        The classes, sorted.
    n_features_in_ : int
        As the inner estimator's, if it has it.
    feature_names_in_ : ndarray of str, shape (`n_features_in_`,)
        As the inner estimator's, if it has it.

    See Also
    --------
    morphological_filter : The rule.
    SeizureDetector : Smooths probabilities instead of labels.

    Notes
    -----
    An inner estimator, or the last step of an inner `Pipeline`, that has ``predict_members(X)``,
    labels of shape (n_members, n_windows), gets the sequence of Table 3: join a member, filter,
    join the next (`aggregate_and_filter`). All others get one filter over their labels.

    `predict_proba` and `decision_function` are the inner estimator's, unfiltered: the filter knows
    labels only. So a score's threshold does not reproduce `predict`.

    An array that is not a `Windows` is one record in row order. Cost is linear in the windows.

    References
    ----------
    .. [1] S. Kiranyaz, T. Ince, M. Zabihi, D. Ince. Automated patient-specific classification of
       long-term electroencephalography. Journal of Biomedical Informatics 49:16-31, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skseizure.postprocessing import MorphologicalFilterClassifier
    >>> amplitude = np.where(np.arange(90) // 30 == 1, 3.0, 0.0).reshape(-1, 1)
    >>> y = (amplitude[:, 0] > 1).astype(int)
    >>> model = MorphologicalFilterClassifier(LogisticRegression(), window=3).fit(amplitude, y)
    >>> amplitude[10], amplitude[45] = 3.0, 0.0  # a false alarm and a hole
    >>> labels = model.predict(amplitude)
    >>> labels[[10, 45]].tolist(), labels.sum().item()
    ([0, 1], 30)
    """

    _parameter_constraints: ClassVar[dict] = {
        "estimator": [HasMethods(["fit", "predict"])],
        **FILTER_CONSTRAINTS,
        "pos_label": POS_LABEL,
    }

    def __init__(
        self, estimator: Any, window: int = 9, neighborhood: int = 2, *, pos_label: Any = None
    ) -> None:
        self.estimator = estimator
        self.window = window
        self.neighborhood = neighborhood
        self.pos_label = pos_label

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: ArrayLike, **fit_params: Any) -> Self:
        """Fit the inner estimator.

        Parameters
        ----------
        X : Windows or whatever the inner estimator takes
            Training windows.
        y : array-like, shape (n_windows,)
            Two classes; the inner estimator's mark of unlabelled windows, -1, may be a third.
        **fit_params : dict
            To the inner estimator's ``fit``, such as ``sample_weight`` and ``groups``; by metadata
            routing where that is enabled.

        Returns
        -------
        self : MorphologicalFilterClassifier
            Fitted.

        Raises
        ------
        ValueError
            If the estimator is not a classifier or there are not two classes, or as the inner
            estimator's ``fit``.

        Warns
        -----
        UserWarning
            If nothing tells which class is the seizure.
        """
        return self._fit_around(X, y, fit_params)

    def predict(self, X: Any) -> NDArray:
        """Predict and filter the label of each window.

        Parameters
        ----------
        X : Windows or whatever the inner estimator takes
            Windows in any order; anything but `Windows` is one record in row order.

        Returns
        -------
        ndarray, shape (n_windows,)
            Labels out of `classes_`, in the order of X.

        Raises
        ------
        ValueError
            If a parameter is out of range.
        """
        self._check_ready()
        members = _predict_members(self.estimator_, X)
        labels = self.estimator_.predict(X) if members is None else members
        positive = np.asarray(labels) == self.classes_[assumed_seizure_column(self)]
        function = morphological_filter if members is None else aggregate_and_filter
        filtered = np.empty(positive.shape[-1], dtype=bool)
        time = timeline_of(X, len(filtered))
        for rows in time.stretches:
            filtered[rows] = function(positive[..., rows], self.window, self.neighborhood)
        return self._label(time.share(filtered))

    @available_if(inner_has("predict_proba"))
    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the inner estimator's probabilities, unfiltered.

        Parameters
        ----------
        X : Windows or whatever the inner estimator takes
            Windows.

        Returns
        -------
        ndarray of float, shape (n_windows, 2)
            Probability of each class.
        """
        check_is_fitted(self, "estimator_")
        return self._inner_scores("predict_proba", X)

    @available_if(inner_has("decision_function"))
    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the inner estimator's decision values, unfiltered.

        Parameters
        ----------
        X : Windows or whatever the inner estimator takes
            Windows.

        Returns
        -------
        ndarray of float, shape (n_windows,)
            Above zero for ``classes_[1]``.
        """
        check_is_fitted(self, "estimator_")
        return self._inner_scores("decision_function", X)

    def __window_span__(self) -> Span:
        """Tell how far the filter looks, see `skseizure._core.horizon`."""
        # Where its blocks begin depends on the start of the stretch, which blocks it leaves alone
        # on the end, and with several members the blocks of one depend on those of the one before.
        why = "its blocks are filtered by later ones; use SeizureDetector(causal=True) instead"
        return Span(math.inf, math.inf, why)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def _predict_members(estimator: Any, X: Any) -> NDArray | None:
    if isinstance(estimator, Pipeline) and hasattr(estimator[-1], "predict_members"):
        for _, step in estimator.steps[:-1]:
            # "passthrough" has none, nor have imbalanced-learn's samplers, which act in fit alone.
            if hasattr(step, "transform"):
                X = step.transform(X)
        estimator = estimator[-1]
    if not hasattr(estimator, "predict_members"):
        return None
    return np.asarray(estimator.predict_members(X))
