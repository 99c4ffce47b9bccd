"""EvolvedMLPClassifier: a small network whose weights and size a particle swarm finds."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from .._core.parameters import Interval
from .._core.persistence import get_state, set_state
from . import _kernels
from ._frames import check_class_weight, read_table, read_training_frames, weigh_classes
from ._swarm import SWARM_CONSTRAINTS, check_inertia, crowd_limit, draw_seed


class EvolvedMLPClassifier(ClassifierMixin, BaseEstimator):
    """A network of at most one hidden layer, evolved by a multi-dimensional particle swarm.

    The swarm searches the weights and the number of hidden units at once, each number of units
    being a dimension of `MultiDimensionalPSO`. This is the "binary classifier" of the CNBC paper
    [1]_. Two classes; for more see `sklearn.multiclass.OneVsRestClassifier`.

    Parameters
    ----------
    hidden_units : sequence of int, default=(0, 8, 9, ..., 24)
        The architectures: numbers of hidden units, ascending; 0 is a perceptron. The default is
        Table 4 of [1]_.
    swarm_size : int, default=60
        Particles; 60 as in [1]_.
    max_iter : int, default=100
        Iterations; 100 as in [1]_, which wants networks that differ rather than converge. 200 to
        500 fit closer.
    tol : float, default=1e-4
        Stop when the loss is not above it; as in [1]_.
    inertia : (float, float), default=(0.9, 0.4)
        Weight of the old velocity in the first and in the last iteration.
    cognitive, social : float, default=1.49
        Pull towards a particle's own best and the swarm's best position.
    x_max : float, default=1.0
        Weights start uniformly in [-x_max, x_max]; 1 follows from [1]_.
    v_max : float, default=0.2
        Largest change of a weight in an iteration, as a share of ``x_max``; 0.2 as in [1]_.
    vd_max : int, default=5
        Largest step through ``hidden_units``; 5 as in [1]_.
    clip : bool, default=False
        Keep weights within [-x_max, x_max].
    max_crowd : int, default=None
        Largest number of particles that an architecture holds through moves. If None, any number.
    class_weight : dict or "balanced", default=None
        Weights of the classes in the loss, by label. If "balanced", both classes have the same
        weight in total. If None, all rows weigh the same.
    warm_start : bool, default=False
        Let one particle start at the network of the previous `fit`, so that the loss on the same
        data cannot rise. X must have the same columns and y the same classes; with ``clip`` the
        weights must lie within ``x_max``.
    random_state : int, RandomState instance or None, default=None
        Seed. The result depends on no number of threads.

    Attributes
    ----------
    n_hidden_ : int
        Hidden units of the best network.
    coefs_ : list of ndarray of float32
        Weights, (n_features, n_hidden) and (n_hidden, 2), or (n_features, 2) of a perceptron.
    intercepts_ : list of ndarray of float32
        Biases of the hidden units, if any, and of the two outputs.
    loss_ : float
        Loss of the best network on the training data.
    loss_curve_ : ndarray of float, shape (`n_iter_`,)
        Best loss after each iteration; never rises.
    architecture_losses_ : dict of int to float
        Best loss of each number of hidden units, best first; those that no particle came to are
        not there.
    n_iter_ : int
        Iterations done.
    classes_ : ndarray, shape (2,)
        The classes; ``classes_[1]`` is the positive one.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str
        Their names, where `fit` was given a data frame.

    See Also
    --------
    CNBCClassifier : A network of these, one for each channel and group of features.
    sklearn.neural_network.MLPClassifier : Fits a network of given size along its gradient, which
        reaches a lower loss sooner. It can take this class's place in a CNBC.

    Notes
    -----
    All units are tanh; the two outputs are (1, -1) for the negative and (-1, 1) for the positive
    class. The loss is Eq. 7 of [1]_, the sum of squared errors over frames and outputs, over
    4 n_frames: 0 at best, 0.5 at chance between equal classes. Where one row in 13 is positive, a
    network that always answers the same reaches 0.142. With ``sample_weight`` or ``class_weight``
    the sum is weighted and divided by four times the sum of the weights, so that a weight of two
    is the row twice.

    Columns should lie within about [-1, 1], see `FeatureNormalizer`, since weights start there.

    The loss is computed in single precision and summed in double. One fit costs ``swarm_size *
    max_iter`` passes of the table through a network of ``n_features * n_hidden`` weights.

    Two intertwined spirals are not learned by networks of this size, however long they evolve.

    References
    ----------
    .. [1] S. Kiranyaz, T. Ince, M. Zabihi, D. Ince. Automated patient-specific classification of
       long-term electroencephalography. Journal of Biomedical Informatics 49:16-31, 2014, section
       4.2.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from skseizure.evolution import EvolvedMLPClassifier
    >>> X, y = make_moons(200, noise=0.1, random_state=0)
    >>> network = EvolvedMLPClassifier(max_iter=200, random_state=0).fit(X, y)
    >>> network.score(X, y) > 0.9, network.coefs_[-1].shape == (network.n_hidden_ or 2, 2)
    (True, True)
    >>> best, *others = network.architecture_losses_.items()
    >>> best == (network.n_hidden_, network.loss_)
    True
    """

    __getstate__, __setstate__ = get_state, set_state

    _parameter_constraints: dict = {
        "hidden_units": ["array-like"],
        **SWARM_CONSTRAINTS,
        "tol": [Interval(Real, 0, None, closed="left")],
        "x_max": [Interval(Real, 0, None, closed="neither")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "warm_start": ["boolean"],
    }

    classes_: NDArray

    def __init__(
        self,
        hidden_units: Sequence[int] = (0, *range(8, 25)),
        *,
        swarm_size: int = 60,
        max_iter: int = 100,
        tol: float = 1e-4,
        inertia: tuple[float, float] = (0.9, 0.4),
        cognitive: float = 1.49,
        social: float = 1.49,
        x_max: float = 1.0,
        v_max: float = 0.2,
        vd_max: int = 5,
        clip: bool = False,
        max_crowd: int | None = None,
        class_weight: dict | Literal["balanced"] | None = None,
        warm_start: bool = False,
        random_state: Any = None,
    ) -> None:
        self.hidden_units = hidden_units
        self.swarm_size = swarm_size
        self.max_iter = max_iter
        self.tol = tol
        self.inertia = inertia
        self.cognitive = cognitive
        self.social = social
        self.x_max = x_max
        self.v_max = v_max
        self.vd_max = vd_max
        self.clip = clip
        self.max_crowd = max_crowd
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Evolve the network.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Table of features, best within [-1, 1].
        y : array-like, shape (n_samples,)
            Labels of two classes.
        sample_weight : array-like, shape (n_samples,), default=None
            Weight of each row in the loss. If None, all rows weigh the same.

        Returns
        -------
        self : EvolvedMLPClassifier
            Fitted.

        Raises
        ------
        ValueError
            For NaN, infinity or values beyond 1e30 in X, other than two classes, weights that are
            negative or leave one class alone, a parameter out of range, or a previous network that
            ``warm_start`` cannot go on from. The previous network then stays as it was.
        """
        hidden = _check_hidden(self.hidden_units)
        again = self.warm_start and hasattr(self, "coefs_")
        # A fit that is refused must leave the previous network as it was.
        frames = read_training_frames(self, X, y, sample_weight, reset=not again)
        table, classes = frames.X, frames.classes
        class_weight = check_class_weight(self.class_weight, classes)
        weights = weigh_classes(frames.weights, frames.positive, class_weight)
        weights = np.ones(len(table)) if weights is None else weights
        first, first_dim = np.zeros(0, dtype=np.float32), -1
        if again:
            first, first_dim = self._check_again(classes, hidden)
        sizes = network_sizes(table.shape[1], hidden)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        leader, losses, curve = self._evolve(
            table, frames.positive, weights / weights.sum(), hidden, offsets, first, first_dim
        )
        best = int(losses.argmin())
        if not np.isfinite(losses[best]):
            raise ValueError(
                f"no network has a finite loss: x_max={self.x_max!r} or v_max={self.v_max!r} is "
                "too large for single precision."
            )
        self.classes_, self.n_hidden_ = classes, int(hidden[best])
        self.coefs_, self.intercepts_ = unpack(
            leader[offsets[best] : offsets[best + 1]], table.shape[1], self.n_hidden_
        )
        ranked = [d for d in np.argsort(losses, kind="stable") if np.isfinite(losses[d])]
        self.architecture_losses_ = {int(hidden[d]): float(losses[d]) for d in ranked}
        self.loss_, self.loss_curve_, self.n_iter_ = float(losses[best]), curve, len(curve)
        return self

    def _evolve(
        self,
        X: NDArray[np.float32],
        positive: NDArray[np.bool_],
        weights: NDArray[np.float64],
        hidden: NDArray[np.int64],
        offsets: NDArray[np.int64],
        first: NDArray[np.float32],
        first_dim: int,
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64]]:
        return _kernels.evolve(
            np.ascontiguousarray(X.T),
            np.where(positive, np.float32(1), np.float32(-1)),
            weights,
            hidden,
            offsets,
            draw_seed(self.random_state),
            first,
            first_dim,
            int(self.swarm_size),
            int(self.max_iter),
            float(self.tol),
            np.array(check_inertia(self.inertia)),
            float(self.cognitive),
            float(self.social),
            float(self.x_max),
            float(self.v_max * self.x_max),
            int(self.vd_max),
            bool(self.clip),
            crowd_limit(self.max_crowd),
        )

    def _check_again(self, classes: NDArray, hidden: NDArray) -> tuple[NDArray, int]:
        """Return the previous network as a position, and its dimension."""
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"warm_start is on, but y holds the classes {classes.tolist()}, where the previous "
                f"fit had {self.classes_.tolist()}; call fit on a clone."
            )
        place = np.flatnonzero(hidden == self.n_hidden_)
        if not len(place):
            raise ValueError(
                f"warm_start is on and the previous network has {self.n_hidden_} hidden units, "
                "which hidden_units no longer holds."
            )
        position = pack(self.coefs_, self.intercepts_)
        if self.clip and np.abs(position).max() > np.float32(self.x_max):
            raise ValueError(
                f"warm_start is on and clip keeps weights within x_max={self.x_max!r}, but the "
                f"previous network has weights up to {np.abs(position).max():g}; call fit on a "
                "clone."
            )
        return position, int(place[0])

    def class_vectors(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the two outputs of the network.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Table of features.

        Returns
        -------
        ndarray of float32, shape (n_samples, 2)
            About (1, -1) for the negative and (-1, 1) for the positive class.
        """
        check_is_fitted(self, "coefs_")
        table: NDArray[np.float32] = read_table(self, X, reset=False)
        position = pack(self.coefs_, self.intercepts_)
        return _kernels.outputs(np.ascontiguousarray(table.T), position, self.n_hidden_).T

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the difference of the two outputs.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Table of features.

        Returns
        -------
        ndarray of float, shape (n_samples,)
            In [-2, 2], above zero for ``classes_[1]``.
        """
        first, second = self.class_vectors(X).T.astype(np.float64)
        return second - first

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return probabilities, ``(2 + decision_function) / 4`` for ``classes_[1]``.

        They are what the outputs of least squared error would be. Classes that were balanced for
        training, as by a CNBC, are balanced in them, too.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Table of features.

        Returns
        -------
        ndarray of float, shape (n_samples, 2)
            Probability of each class.
        """
        positive = (2.0 + self.decision_function(X)) / 4.0
        return np.column_stack([1.0 - positive, positive])

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the class of the larger output.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Table of features.

        Returns
        -------
        ndarray, shape (n_samples,)
            Labels out of `classes_`.
        """
        positive = self.decision_function(X) > 0
        return self.classes_[positive.astype(np.intp)]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def network_sizes(n_inputs: int, hidden: NDArray) -> NDArray[np.int64]:
    """Return how many weights and biases each network has."""
    return np.where(hidden == 0, 2 * (n_inputs + 1), hidden * (n_inputs + 3) + 2)


def unpack(position: NDArray, n_inputs: int, n_hidden: int) -> tuple[list[NDArray], list[NDArray]]:
    """Return weights and biases by layer, from a row laid out as by the kernels."""
    coefs, intercepts, low, width = [], [], 0, n_inputs
    for n_units in ([n_hidden] if n_hidden else []) + [2]:
        middle, high = low + n_units * width, low + n_units * (width + 1)
        coefs.append(position[low:middle].reshape(n_units, width).T.copy())
        intercepts.append(position[middle:high].copy())
        low, width = high, n_units
    return coefs, intercepts


def pack(coefs: Sequence[NDArray], intercepts: Sequence[NDArray]) -> NDArray[np.float32]:
    """Undo `unpack`."""
    return np.concatenate(
        [part for w, b in zip(coefs, intercepts, strict=True) for part in (w.T.ravel(), b)]
    )


def _check_hidden(hidden_units: Sequence[int]) -> NDArray[np.int64]:
    hidden = np.asarray(hidden_units)
    if (
        hidden.ndim != 1
        or not len(hidden)
        or hidden.dtype.kind not in "iu"
        or hidden.min() < 0
        or (np.diff(hidden) < 1).any()
    ):
        raise ValueError(
            f"hidden_units is {hidden_units!r}; whole numbers from 0 on are needed, ascending, "
            "none twice."
        )
    return hidden.astype(np.int64)
