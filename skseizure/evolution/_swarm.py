"""MultiDimensionalPSO: particle swarms that search for a vector and for its length."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import OptimizeResult
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import validate_parameter_constraints

from .._core.errors import prefix_errors
from .._core.parameters import Interval
from . import _kernels

# Sums of a few of these fit the integers of the kernels.
LARGEST_INT = 2**31 - 1

SWARM_CONSTRAINTS: dict = {
    "swarm_size": [Interval(Integral, 1, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "inertia": [tuple, list],
    "cognitive": [Interval(Real, 0, None, closed="left")],
    "social": [Interval(Real, 0, None, closed="left")],
    "v_max": [Interval(Real, 0, None, closed="neither")],
    "vd_max": [Interval(Integral, 0, LARGEST_INT, closed="both")],
    "clip": ["boolean"],
    "max_crowd": [Interval(Integral, 1, LARGEST_INT, closed="both"), None],
    "random_state": ["random_state"],
}


@dataclass
class MultiDimensionalPSO:
    """Minimise a function over vectors whose number of components is open, too.

    Multi-dimensional particle swarm optimisation: a particle keeps a position, a velocity and a
    personal best for each dimension, sits in one dimension at a time, and moves within it as in any
    particle swarm; then a second swarm process sends it to another dimension, or leaves it.

    Parameters
    ----------
    swarm_size : int, default=60
        Particles; 60 as in [1]_.
    max_iter : int, default=100
        Iterations, in each of which every particle is evaluated once; 100 as in [1]_.
    tol : float, default=None
        Stop when the best value is not above it. If None, use all iterations.
    inertia : (float, float), default=(0.9, 0.4)
        Weight of the old velocity in the first and in the last iteration, linear between. [1]_
        prints no value; of those tried these gave the best networks.
    cognitive, social : float, default=1.49
        Pull towards a particle's own best and the swarm's best position; with fresh uniform random
        numbers for each particle and component. Not printed in [1]_ either; the value is the common
        one.
    v_max : float, default=0.2
        Largest velocity, as a share of half the width of the bounds; 0.2 as in [1]_.
    vd_max : int, default=5
        Largest velocity through the dimensions; 5 as in [1]_. 0: particles never change theirs.
    clip : bool, default=True
        Keep positions within the bounds. If False, the bounds limit the start alone, as in [1]_ and
        in `EvolvedMLPClassifier`: use that to find a minimum whose place you only guess.
    max_crowd : int, default=None
        Largest number of particles that a dimension holds through moves. If None, any number.
    random_state : int, RandomState instance or None, default=None
        Seed.

    See Also
    --------
    EvolvedMLPClassifier : The same swarm, compiled together with small networks.
    scipy.optimize.differential_evolution : For a fixed number of components.

    Notes
    -----
    One iteration: each particle a is evaluated in its dimension d. Its value replaces the personal
    best there unless it is larger (Eq. 4 of [1]_), d then becomes its best dimension unless that
    has a smaller value (Eq. 5), and the swarm's best position in d follows if the value is below
    its own. Then, with the inertia w and random r1, r2, all particles move:

    - v = w v + c1 r1 (own best in d - x) + c2 r2 (swarm's best in d - x), limited to +-v_max;
      x = x + v, with ``clip`` moved to the nearest point within the bounds;
    - vd = floor(vd + c1 r1 (own best dimension - d) + c2 r2 (swarm's best dimension - d)), limited
      to +-vd_max; d = d + vd, unless that does not exist or is full.

    What belongs to dimensions that a particle has left waits there for it. [1]_ refers for these
    equations to [2]_. ``floor`` favours small dimensions.

    The cost beside that of the function is linear in particles, iterations and components.

    References
    ----------
    .. [1] S. Kiranyaz, T. Ince, M. Zabihi, D. Ince. Automated patient-specific classification of
       long-term electroencephalography. Journal of Biomedical Informatics 49:16-31, 2014, section
       4.
    .. [2] S. Kiranyaz, T. Ince, A. Yildirim, M. Gabbouj. Evolutionary artificial neural networks by
       multi-dimensional particle swarm optimization. Neural Networks 22:1448-1462, 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.evolution import MultiDimensionalPSO
    >>> swarm = MultiDimensionalPSO(max_iter=300, random_state=0)
    >>> result = swarm.minimize(lambda x: np.sum(x**2) + abs(len(x) - 6), range(2, 13))
    >>> result.dim, bool(result.fun < 1e-6), result.x.shape
    (6, True, (6,))
    """

    swarm_size: int = 60
    max_iter: int = 100
    tol: float | None = None
    inertia: tuple[float, float] = (0.9, 0.4)
    cognitive: float = 1.49
    social: float = 1.49
    v_max: float = 0.2
    vd_max: int = 5
    clip: bool = True
    max_crowd: int | None = None
    random_state: Any = None

    def minimize(
        self,
        func: Callable[..., Any],
        dims: Sequence[int],
        *,
        bounds: ArrayLike = (-1.0, 1.0),
        x0: ArrayLike | None = None,
        vectorized: bool = False,
        callback: Callable[[OptimizeResult], bool | None] | None = None,
    ) -> OptimizeResult:
        """Search for the best vector of any of the given lengths.

        Parameters
        ----------
        func : callable
            Function of an array of shape (dim,) that returns a number, ``inf`` where there is no
            solution. With ``vectorized`` of one of shape (n, dim) that returns n numbers.
        dims : sequence of int
            Numbers of components to search, ascending: the search goes from one to its neighbours.
        bounds : array-like, shape (2,) or (max(dims), 2), default=(-1, 1)
            Lower and upper bound of all components, or of each: those of a vector of ``dim``
            components are the first ``dim`` rows.
        x0 : array-like, shape (dim,), default=None
            Where one particle starts, so that the result is not worse. With ``clip`` it must lie
            within the bounds.
        vectorized : bool, default=False
            Whether ``func`` takes all particles of a dimension at once.
        callback : callable, default=None
            Called after each iteration with the result so far; the search stops if it returns True.

        Returns
        -------
        scipy.optimize.OptimizeResult
            ``x``, the best vector; ``fun``, its value; ``dim``, its number of components; ``nit``
            and ``nfev``, iterations and evaluations; ``history``, the best value after each
            iteration; ``dim_fun``, a mapping to the best value in each dimension (``inf`` where no
            particle came by) and ``dim_x``, to the vectors; ``success``, whether ``tol`` was
            reached; and ``message``.

        Raises
        ------
        ValueError
            If a parameter is out of range, ``dims``, ``bounds`` or ``x0`` do not fit, or ``func``
            returns NaN or anything but one number a vector.
        """
        validate_parameter_constraints(
            {**SWARM_CONSTRAINTS, "tol": [Real, None]}, vars(self), caller_name=type(self).__name__
        )
        fade = _Fade(*check_inertia(self.inertia), int(self.max_iter))
        sizes = _check_dims(dims)
        low, high = _check_bounds(bounds, sizes)
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        seed = draw_seed(self.random_state)
        # Python's own numbers: numpy's would wrap round, or have kernels compiled for them.
        limits = float(self.v_max), int(self.vd_max)
        pulls = float(self.cognitive), float(self.social)
        n_dims, total, n = len(sizes), offsets[-1], int(self.swarm_size)
        swarm = _Evaluator(func, vectorized, sizes, offsets, low, high, self.clip)
        # Positions are kept relative to the bounds: 1 is their half width in each component.
        x, v, best = np.empty((3, n, total))
        leader, leader_loss = np.zeros(total), np.full(n_dims, np.inf)
        best_loss = np.full((n, n_dims), np.inf)
        current, drift = np.empty((2, n), dtype=np.int64)
        _kernels.start(seed, offsets, x, v, current, drift, 1.0, *limits)
        if x0 is not None:
            given = _check_x0(x0, sizes)
            n_given = len(given)
            inside = (given >= low[:n_given]) & (given <= high[:n_given])
            if self.clip and not inside.all():
                component = int(np.argmin(inside))
                raise ValueError(
                    "x0 is outside the bounds, and clip keeps positions within them: component "
                    f"{component} is {given[component]:g}. Widen the bounds or set clip=False."
                )
            current[0] = np.flatnonzero(sizes == n_given)[0]
            x[0, offsets[current[0]] : offsets[current[0]] + n_given] = swarm.to_position(given)
        home = current.copy()
        history: list[float] = []
        message = "max_iter iterations are over."
        for t in range(self.max_iter):
            losses = swarm.evaluate(x, current)
            _kernels.record(losses, offsets, x, best, best_loss, current, home, leader, leader_loss)
            history.append(float(leader_loss.min()))
            reached = self.tol is not None and history[-1] <= self.tol
            if reached:
                message = "The best value is not above tol."
                break
            if callback is not None and callback(swarm.result(leader, leader_loss, history)):
                message = "The callback asked to stop."
                break
            if t < self.max_iter - 1:
                _kernels.move(
                    seed, t + 1, fade(t), *pulls, offsets, x, v, best, current,
                    home, drift, leader, leader_loss.argmin(), 1.0, *limits,
                    self.clip, crowd_limit(self.max_crowd),
                )  # fmt: skip
        result = swarm.result(leader, leader_loss, history)
        result.success, result.message = reached, message
        return result


class _Fade:
    """The inertia in each iteration."""

    def __init__(self, first: float, last: float, max_iter: int) -> None:
        self.first, self.slope = first, (last - first) / max(max_iter - 1, 1)

    def __call__(self, t: int) -> float:
        return self.first + self.slope * t


@dataclass
class _Evaluator:
    """The function in the coordinates of the swarm, and what is known of it."""

    func: Callable[..., Any]
    vectorized: bool
    sizes: NDArray[np.int64]
    offsets: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    clip: bool
    nfev: int = 0

    def evaluate(self, x: NDArray, current: NDArray) -> NDArray[np.float64]:
        losses = np.empty(len(current))
        for d in np.unique(current):
            rows = np.flatnonzero(current == d)
            vectors = self._vectors(x[rows], d)
            if self.vectorized:
                losses[rows] = self._numbers(self.func(vectors), len(rows))
            else:
                for row, vector in zip(rows, vectors, strict=True):
                    losses[row] = self._numbers(self.func(vector), 1)[0]
        if np.isnan(losses).any():
            dim = self.sizes[current[np.isnan(losses)][0]]
            raise ValueError(
                f"func returned nan for a vector of {dim} components; a number is needed, inf "
                "where there is no solution."
            )
        self.nfev += len(current)
        return losses

    def result(self, leader: NDArray, losses: NDArray, history: list[float]) -> OptimizeResult:
        best = int(losses.argmin())
        vectors = {
            int(size): self._vectors(leader[np.newaxis], d)[0]
            for d, size in enumerate(self.sizes)
            if np.isfinite(losses[d]) or d == best
        }
        return OptimizeResult(
            x=vectors[int(self.sizes[best])],
            fun=float(losses[best]),
            dim=int(self.sizes[best]),
            nit=len(history),
            nfev=self.nfev,
            history=np.array(history),
            # Not dicts: the printed form of an OptimizeResult needs those to have strings for keys.
            dim_fun=UserDict(zip(self.sizes.tolist(), losses.tolist(), strict=True)),
            dim_x=UserDict(vectors),
        )

    def to_position(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        low, high = self.low[: len(vector)], self.high[: len(vector)]
        return (vector - (low + high) / 2) / ((high - low) / 2)

    def _vectors(self, x: NDArray, d: int) -> NDArray[np.float64]:
        low, high = self.low[: self.sizes[d]], self.high[: self.sizes[d]]
        position = x[:, self.offsets[d] : self.offsets[d + 1]]
        vectors: NDArray[np.float64] = (low + high) / 2 + (high - low) / 2 * position
        # Rounding can take a position on a bound beyond it.
        return np.clip(vectors, low, high) if self.clip else vectors

    @staticmethod
    def _numbers(values: Any, n: int) -> NDArray[np.float64]:
        numbers = np.asarray(values, dtype=np.float64).reshape(-1)
        if len(numbers) != n:
            raise ValueError(f"func returned {len(numbers)} numbers for {n} vectors.")
        return numbers


def draw_seed(random_state: Any) -> np.uint64:
    """Return a seed for the counter-based random numbers of the kernels."""
    return np.uint64(check_random_state(random_state).randint(2**31 - 1))


def crowd_limit(max_crowd: int | None) -> int:
    """Return the limit as a number."""
    return np.iinfo(np.int64).max if max_crowd is None else int(max_crowd)


def check_inertia(inertia: Any) -> tuple[float, float]:
    """Return first and last inertia after checking that there are two numbers."""
    with prefix_errors("inertia"):
        pair = np.asarray(inertia, dtype=np.float64)
    if pair.shape != (2,) or not np.isfinite(pair).all():
        raise ValueError(f"inertia is {inertia!r}; two numbers are needed, the first and the last.")
    return float(pair[0]), float(pair[1])


def _check_dims(dims: Sequence[int]) -> NDArray[np.int64]:
    sizes = np.asarray(list(dims))
    if not len(sizes) or sizes.dtype.kind not in "iu" or sizes.min() < 1 or any(np.diff(sizes) < 1):
        raise ValueError(
            f"dims is {list(dims)}; numbers of components above zero are needed, ascending, none "
            "twice."
        )
    return sizes.astype(np.int64)


def _check_bounds(bounds: ArrayLike, sizes: NDArray) -> tuple[NDArray, NDArray]:
    n = int(sizes[-1])
    pairs = np.asarray(bounds, dtype=np.float64)
    if pairs.shape == (2,):
        pairs = np.tile(pairs, (n, 1))
    if pairs.shape != (n, 2):
        raise ValueError(f"bounds has shape {pairs.shape}; (2,) or ({n}, 2) is needed.")
    low, high = pairs.T
    width = high - low
    if not ((width > 0) & np.isfinite(width)).all():
        raise ValueError("bounds must be finite, the lower below the upper.")
    return low, high


def _check_x0(x0: ArrayLike, sizes: NDArray) -> NDArray[np.float64]:
    given = np.asarray(x0, dtype=np.float64)
    if given.ndim != 1 or len(given) not in sizes or not np.isfinite(given).all():
        raise ValueError(
            f"x0 has shape {given.shape}; a finite vector of one of the lengths in dims is needed."
        )
    return given
