"""Batches in which each expert sees the classes at its own frequencies."""

from __future__ import annotations

import math
from collections.abc import Iterator
from numbers import Integral
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state

from .._core.errors import prefix_errors
from .._core.validation import check_sample_weight

Sampler = Literal["diverse", "balanced", "natural"] | ArrayLike


class ImbalancedBatchSampler:
    """Draw batches of rows, each part of a batch with its own balance of the classes.

    A batch has one block for each value of ``gamma``. A row of a block with the value g is drawn
    from class c with probability proportional to n_c ** g, where n_c is the number of rows of that
    class, and within the class uniformly with replacement. 1 keeps the frequencies of the data, 0
    makes classes equally frequent. With ``sample_weight``, n_c is the total weight of the class, in
    which rows are drawn in proportion to their weights: a row of weight 2 is drawn as two rows. It
    is a batch sampler for ``torch.utils.data.DataLoader``. The paper's formula is not published in
    its abstract or code; this one is ours.

    Parameters
    ----------
    y : array-like, shape (n_samples,)
        Labels.
    batch_size : int, default=64
        Rows of a batch, at least one a block. Blocks differ by one row at most.
    gamma : float or array-like, shape (n_blocks,), default=0.0
        Exponents, finite. A single number makes one block.
    sample_weight : array-like, shape (n_samples,), default=None
        Weight of each row, 0 or more. Rows of weight 0 are never drawn, and a class without
        another row is no class. If None, all rows weigh the same.
    n_batches : int, default=None
        Batches of a pass. If None, as many as hold ``n_samples`` rows, rounded up.
    random_state : int, RandomState instance or None, default=None
        Seed. Passes differ from each other; a new sampler with the same seed repeats them.

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        Labels.
    block : ndarray of int, shape (batch_size,)
        Which block (expert) each row of a batch belongs to.
    probabilities : ndarray, shape (n_blocks, n_classes)
        Probability of each class in each block.

    Raises
    ------
    ValueError
        If ``y`` is empty, ``gamma`` is not finite, no weight is above 0, a batch has fewer rows
        than blocks, or a number of rows or batches is not a whole one.

    Examples
    --------
    >>> import numpy as np
    >>> from skseizure.moe import ImbalancedBatchSampler
    >>> y = np.repeat([0, 1], [90, 10])
    >>> sampler = ImbalancedBatchSampler(y, batch_size=50, gamma=[1, 0], random_state=0)
    >>> sampler.probabilities
    array([[0.9, 0.1],
           [0.5, 0.5]])
    >>> rows = np.array(list(sampler))
    >>> rows.shape
    (2, 50)
    >>> [round(float(y[rows[:, sampler.block == block]].mean()), 2) for block in (0, 1)]
    [0.12, 0.56]
    """

    def __init__(
        self,
        y: ArrayLike,
        batch_size: int = 64,
        gamma: float | ArrayLike = 0.0,
        *,
        sample_weight: ArrayLike | None = None,
        n_batches: int | None = None,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        labels = np.asarray(y)
        if labels.ndim != 1 or not len(labels):
            raise ValueError(f"y has shape {labels.shape}; (n_samples,) with a row is needed.")
        self.gamma = np.atleast_1d(np.asarray(gamma, dtype=np.float64))
        if self.gamma.ndim != 1 or not len(self.gamma) or not np.isfinite(self.gamma).all():
            raise ValueError(f"gamma is {gamma!r}; a finite number, or some of them, is needed.")
        for name, size in (("batch_size", batch_size), ("n_batches", n_batches)):
            if size is not None and (not isinstance(size, Integral) or size < 0):
                raise ValueError(f"{name} is {size!r}; a whole number is needed.")
        if batch_size < len(self.gamma):
            raise ValueError(
                f"batch_size is {batch_size} for {len(self.gamma)} blocks; one row each is needed."
            )
        self.batch_size = batch_size
        self.n_batches = math.ceil(len(labels) / batch_size) if n_batches is None else n_batches
        row_weight = check_sample_weight(sample_weight, labels)
        rows = np.flatnonzero(row_weight)
        self.classes_, code, counts = np.unique(
            labels[rows], return_inverse=True, return_counts=True
        )
        # Rows sorted by class. On the line of their weights, each class has a stretch.
        order = np.argsort(code, kind="stable")
        self._rows = rows[order]
        self._line = np.cumsum(row_weight[self._rows])
        self._last = np.cumsum(counts) - 1
        self._end = self._line[self._last]
        totals = np.diff(self._end, prepend=0.0)
        # In logarithms, so that no exponent makes a weight overflow.
        weights = self.gamma[:, None] * np.log(totals / totals.max())
        weights = np.exp(weights - weights.max(axis=1, keepdims=True))
        self.probabilities = weights / weights.sum(axis=1, keepdims=True)
        self.block = np.arange(batch_size) * len(self.gamma) // batch_size
        self._random = check_random_state(random_state)

    def __len__(self) -> int:
        return self.n_batches

    def __iter__(self) -> Iterator[NDArray[np.intp]]:
        cumulative = self.probabilities.cumsum(axis=1)[self.block, :-1]
        for _ in range(self.n_batches):
            draw = self._random.random_sample((2, self.batch_size))
            classes = (draw[0][:, None] >= cumulative).sum(axis=1)
            start = np.append(0.0, self._end)[classes]
            place = start + draw[1] * (self._end[classes] - start)
            index = np.searchsorted(self._line, place, side="right")
            yield self._rows[np.minimum(index, self._last[classes])]  # rounded up, it is the next


def exponents(sampler: Sampler, n_experts: int) -> NDArray[np.float64]:
    """Return the exponent of each expert.

    Parameters
    ----------
    sampler : {"diverse", "balanced", "natural"} or array-like, shape (n_experts,)
        From 1 to 0, all 0, all 1, or the exponents themselves.
    n_experts : int
        Experts.

    Returns
    -------
    ndarray, shape (n_experts,)
        Exponents.
    """
    if isinstance(sampler, str):
        first, last = {"diverse": (1, 0), "balanced": (0, 0), "natural": (1, 1)}[sampler]
        return np.linspace(first, last, n_experts)
    with prefix_errors("sampler"):
        gamma = np.asarray(sampler, dtype=np.float64)
    if gamma.shape != (n_experts,) or not np.isfinite(gamma).all():
        raise ValueError(
            f"sampler is {sampler!r}; one finite exponent for each of {n_experts} experts is "
            "needed, or 'diverse', 'balanced' or 'natural'."
        )
    return gamma
