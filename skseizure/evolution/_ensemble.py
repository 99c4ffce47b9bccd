"""CNBCEnsembleClassifier: several CNBCs that aggregate what each of them finds."""

from __future__ import annotations

import warnings
from functools import partial
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone

from .._core.labels import two_columns
from .._core.parallel import loop
from .._core.parameters import Interval
from ._cnbc import CNBCClassifier
from ._network import Network


class CNBCEnsembleClassifier(CNBCClassifier):
    """Ensemble of collective networks of binary classifiers, "CNBC-E".

    The same network evolves several times from different random numbers. A frame is a seizure if
    any of them says so, which raises the sensitivity and lowers the specificity.
    `skseizure.postprocessing.MorphologicalFilterClassifier` around the ensemble filters after each
    of them, the last step of [1]_: it erases seizure blocks without another nearby, and fills gaps
    as well, so that false alarms that are frequent stay or grow.

    Parameters
    ----------
    estimator : classifier, default=None
        The binary classifier; cloned. If None, `EvolvedMLPClassifier` with its defaults.
    n_estimators : int, default=8
        Number of CNBCs; 8 in Fig. 11 of [1]_.
    fuser, master : classifier, default=None
        Fuser of a channel and the master, see `CNBCClassifier`.
    n_channels : int, default=None
        Channels of a two-dimensional X without names. If None, the number of channels of a
        three-dimensional X, else one.
    feature_groups : dict, sequence or None, default=None
        Groups of features, see `CNBCClassifier` and the warning there.
    pnr : int, default=12
        Negative frames for each positive one; 12 as in [1]_.
    selection : {"greedy", "nearest"} or None, default="greedy"
        Which negative frames a classifier learns from, see `CNBCClassifier`. For the binary
        classifiers they are the same in all CNBCs.
    class_weight : dict or "balanced", default=None
        Weights of the classes in the loss of each classifier, see `CNBCClassifier`.
    pos_label : label, default=None
        The class of the seizure, see `CNBCClassifier`.
    warm_start : bool, default=False
        Keep classifiers that an earlier `fit` on the same data with the same parameters has
        finished, also one that was interrupted, and add CNBCs if ``n_estimators`` was raised.
        Otherwise `fit` starts from scratch.
    n_jobs : int, default=None
        Jobs that the classifiers of a phase, of all CNBCs, are shared out to, by joblib; threads
        unless another backend is chosen. The result does not depend on it.
    verbose : bool or int, default=0
        Show progress.
    random_state : int, RandomState instance or None, default=None
        Seed. Every classifier has its own, which depends on its place alone.

    Attributes
    ----------
    estimators_ : list of CNBCClassifier
        The CNBCs, fitted.
    importances_ : ndarray, shape (n_channels, n_groups)
        Means of those of the CNBCs; see `CNBCClassifier`.
    channel_importances_ : ndarray, shape (n_channels,)
        Sums of its rows.
    feature_group_importances_ : ndarray, shape (n_groups,)
        Sums of its columns.
    channel_names_, group_names_ : list of str
        Names of channels and groups; numbers where none were given.
    columns_ : dict of str to dict of str to ndarray of int
        Columns of the flattened table by channel and group.
    classes_ : ndarray, shape (2,)
        The classes, sorted.
    updated_ : list of tuple
        After `update`: number of the CNBC, level, channel and group of what evolved again.
    n_updates_ : int
        Calls of `update` since `fit`.
    n_features_in_ : int
        Columns of the flattened table.
    feature_names_in_ : ndarray of str
        Their names, where `fit` was given a data frame.

    See Also
    --------
    skseizure.postprocessing.MorphologicalFilterClassifier : The paper's last step.

    Notes
    -----
    "Epileptic seizure aggregation" (ESA) of [1]_, section 5.1. `predict` is the union of the CNBCs,
    `predict_proba` the share of them that votes for the seizure: they disagree where some but less
    than half do.

    If the classifiers are deterministic, all CNBCs are identical; `fit` warns.

    References
    ----------
    .. [1] S. Kiranyaz, T. Ince, M. Zabihi, D. Ince. Automated patient-specific classification of
       long-term electroencephalography. Journal of Biomedical Informatics 49:16-31, 2014, section
       5.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.evolution import CNBCEnsembleClassifier, EvolvedMLPClassifier
    >>> from skseizure.postprocessing import MorphologicalFilterClassifier
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(600) // 60 % 5 == 2
    >>> X = rng.normal(scale=0.25, size=(600, 2, 4)) + 0.3 * y[:, None, None]
    >>> base = EvolvedMLPClassifier((0, 8), max_iter=30)
    >>> ensemble = CNBCEnsembleClassifier(base, n_estimators=3, random_state=0)
    >>> filtered = MorphologicalFilterClassifier(ensemble).fit(X, y)
    >>> filtered.estimator_.predict_members(X).shape, filtered.score(X, y) > 0.95
    ((3, 600), True)
    """

    _parameter_constraints: dict = {
        **CNBCClassifier._parameter_constraints,
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 8,
        *,
        fuser: Any = None,
        master: Any = None,
        n_channels: int | None = None,
        feature_groups: Any = None,
        pnr: int = 12,
        selection: Literal["greedy", "nearest"] | None = "greedy",
        class_weight: dict | Literal["balanced"] | None = None,
        pos_label: Any = None,
        warm_start: bool = False,
        n_jobs: int | None = None,
        verbose: bool | int = 0,
        random_state: Any = None,
    ) -> None:
        super().__init__(
            estimator,
            fuser,
            master,
            n_channels=n_channels,
            feature_groups=feature_groups,
            pnr=pnr,
            selection=selection,
            class_weight=class_weight,
            pos_label=pos_label,
            warm_start=warm_start,
            n_jobs=n_jobs,
            verbose=verbose,
            random_state=random_state,
        )
        self.n_estimators = n_estimators

    def _n_networks(self) -> int:
        return int(self.n_estimators)

    def _store_networks(self, networks: list[Network]) -> None:
        same = [np.array_equal(network.decision, networks[0].decision) for network in networks]
        if len(networks) > 1 and all(same):
            warnings.warn(
                f"all {len(networks)} CNBCs decide the same: their classifiers do not depend on "
                "random_state, or the task is too easy. One would do as well.",
                UserWarning,
                stacklevel=5,
            )
        parameters = {
            name: value
            for name, value in self.get_params(deep=False).items()
            if name not in ("n_estimators", "warm_start", "verbose", "n_jobs")
        }
        self.estimators_ = []
        for network in networks:
            member = clone(CNBCClassifier(**parameters))
            for name in ("classes_", "columns_", "n_features_in_", "feature_names_in_"):
                if hasattr(self, name):
                    setattr(member, name, getattr(self, name))
            member._names, member._fit_mark = self._names, ""
            member._seed, member.n_updates_ = self._seed, self.n_updates_
            member._seizure = self._seizure
            member._store([network])
            self.estimators_.append(member)

    def _networks(self) -> list[Network]:
        return [member._networks()[0] for member in self.estimators_]

    def _decisions(self, X: ArrayLike) -> NDArray[np.float64]:
        X = self._check_frames(X)
        tasks = (partial(member._decide, X) for member in self.estimators_)
        return np.stack(list(loop(self.n_jobs, in_process=True)(tasks)))

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the decision of the CNBC that is most in favour of the seizure.

        Parameters
        ----------
        X : array-like, shape (n_frames, n_channels, n_features) or (n_frames, n_columns)
            Features, laid out as in `fit`.

        Returns
        -------
        ndarray of float, shape (n_frames,)
            In [-2, 2], above zero for ``classes_[1]``.
        """
        return super().decision_function(X)

    def predict_members(self, X: ArrayLike) -> NDArray:
        """Return the labels of each CNBC, from which `MorphologicalFilterClassifier` starts.

        Parameters
        ----------
        X : array-like, shape (n_frames, n_channels, n_features) or (n_frames, n_columns)
            Features, laid out as in `fit`.

        Returns
        -------
        ndarray, shape (n_estimators, n_frames)
            Labels out of `classes_`.
        """
        return self._label(self._decisions(X) > 0)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the share of votes.

        Parameters
        ----------
        X : array-like, shape (n_frames, n_channels, n_features) or (n_frames, n_columns)
            Features, laid out as in `fit`.

        Returns
        -------
        ndarray of float, shape (n_frames, 2)
            Share of the CNBCs that vote for each class.
        """
        return two_columns((self._decisions(X) > 0).mean(axis=0), self._seizure)
