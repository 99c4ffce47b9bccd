"""The IF parts: fuzzy c-means in log space, rule widths, firing strengths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.cluster import kmeans_plusplus
from sklearn.utils import gen_batches

Array = NDArray[np.float64]

# Numbers in a block of temporaries: 20 MB of float64.
BLOCK = 2_500_000

# Below this share of the data's own spread the centres count as coincident.
LEAST_SPREAD = 0.05

# Beyond it, sums of squares of squares may overflow.
LARGEST = 1e100

# A squared distance of zero gets this logarithm, so that ties share the membership.
_SMALLEST = np.finfo(np.float64).tiny


def blocks(n_rows: int, n_columns: int) -> Iterable[slice]:
    """Cut rows into blocks whose temporaries of ``n_columns`` numbers a row stay small."""
    return gen_batches(n_rows, max(256, BLOCK // n_columns)) if n_rows else ()


def automatic_fuzziness(n_distinct: int, n_features: int, largest: float) -> float:
    """Return a fuzzifier at which the centres of fuzzy c-means stay apart.

    With ``r = min(n_distinct, n_features - 1)``, all centres may fall into one from
    ``r / (r - 2)`` on; no such bound is known for r below 3.

    Parameters
    ----------
    n_distinct : int
        Distinct rows.
    n_features : int
        Columns.
    largest : float
        What to return where the bound is far away.

    Returns
    -------
    float
        At most ``largest``, and nine tenths of the way from 1 to the bound.
    """
    r = min(n_distinct, n_features - 1)
    return min(largest, 1 + 1.8 / (r - 2)) if r >= 3 else largest


def log_memberships(squared_distances: Array, fuzziness: float) -> Array:
    """Return the logarithms of the memberships that minimise the fuzzy c-means objective.

    Parameters
    ----------
    squared_distances : ndarray, shape (n_clusters, n_samples)
        Not below zero.
    fuzziness : float
        Above 1.

    Returns
    -------
    ndarray, shape (n_clusters, n_samples)
        ``log u`` with ``u = softmax(-log(D) / (fuzziness - 1))`` over the clusters. Memberships of
        a row that lies on several centres are shared out among them.
    """
    logits = np.maximum(squared_distances, _SMALLEST)
    np.log(logits, out=logits)
    logits *= 1.0 / (1.0 - fuzziness)
    logits -= logits.max(axis=0)
    logits -= np.log(np.exp(logits).sum(axis=0))
    return logits


def fuzzy_c_means(
    X: Array,
    n_clusters: int,
    fuzziness: float,
    weight: Array,
    random_state: np.random.RandomState,
    *,
    max_iter: int = 300,
    tol: float = 1e-3,
) -> tuple[Array, Array]:
    """Cluster rows by fuzzy c-means, started by k-means++.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Rows; distances are Euclidean.
    n_clusters : int
        At most ``n_samples``.
    fuzziness : float
        The exponent of the memberships, above 1.
    weight : ndarray, shape (n_samples,)
        How often each row counts; above zero.
    random_state : RandomState
        Draws the start.
    max_iter : int, default=300
        Most sweeps.
    tol : float, default=1e-3
        Stop when no coordinate of a centre moves by as much, in standard deviations of the column
        that varies most.

    Returns
    -------
    centers : ndarray, shape (n_clusters, n_features)
        Minima of ``sum_ir w_i u_ir**fuzziness ||x_i - v_r||**2``.
    memberships : ndarray, shape (n_clusters, n_samples)
        Columns sum to one.

    Notes
    -----
    Costs O(n_samples n_clusters n_features) a sweep. All powers are taken in log space: with a
    fuzzifier near 1, as many features need, they would underflow.
    """
    # Distances lose no digits to an offset when the rows are centred.
    origin = np.average(X, axis=0, weights=weight)
    Z = X - origin
    spread = np.sqrt(np.average(Z**2, axis=0, weights=weight).max())
    scale = spread if spread > 0 else 1.0
    Z /= scale
    log_weight = np.log(weight)
    # |v|^2 - 2 v z + |z|^2 as one product.
    rows = np.vstack([Z.T, np.ones(len(Z)), np.einsum("ij,ij->i", Z, Z)])

    def memberships(centers: Array) -> Array:
        squares = np.einsum("ij,ij->i", centers, centers)
        return log_memberships(
            np.column_stack([-2.0 * centers, squares, np.ones(n_clusters)]) @ rows, fuzziness
        )

    centers, _ = kmeans_plusplus(Z, n_clusters, sample_weight=weight, random_state=random_state)
    for _ in range(max_iter):
        powers = memberships(centers)
        powers *= fuzziness
        powers += log_weight
        # Each rule's largest power becomes 1: a rule that wins no row keeps its nearest ones.
        powers -= powers.max(axis=1, keepdims=True)
        np.exp(powers, out=powers)
        moved = powers @ Z / powers.sum(axis=1, keepdims=True)
        shift = np.abs(moved - centers).max()
        centers = moved
        if shift < tol:
            break
    return centers * scale + origin, np.exp(memberships(centers))


def rule_widths(
    X: Array, weight: Array, centers: Array, memberships: Array, width_scale: float
) -> Array:
    """Compute the widths of the Gaussian membership functions.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        The rows that were clustered.
    weight : ndarray, shape (n_samples,)
        How often each counts.
    centers : ndarray, shape (n_rules, n_features)
        Centres.
    memberships : ndarray, shape (n_rules, n_samples)
        Memberships.
    width_scale : float
        Factor h of the variances.

    Returns
    -------
    ndarray, shape (n_rules, n_features)
        Standard deviations ``sqrt(h sum_i u_ir (x_ij - c_rj)**2 / sum_i u_ir)``, at least 1e-3 of
        the column's own; 1 for a constant column, which cancels in the firing strengths.
    """
    total = memberships * weight
    # Only ratios matter: a rule that is nowhere near the largest keeps its digits.
    total /= np.maximum(total.max(axis=1, keepdims=True), _SMALLEST)
    variances = np.stack(
        [u @ (X - center) ** 2 / u.sum() for u, center in zip(total, centers, strict=True)]
    )
    mean = np.average(X, axis=0, weights=weight)
    own = np.average((X - mean) ** 2, axis=0, weights=weight)
    with np.errstate(over="ignore"):
        widths = np.sqrt(np.maximum(width_scale * variances, 1e-6 * own))
    if not np.isfinite(widths).all():
        raise ValueError(
            f"width_scale is {width_scale:g}, of which times variances up to {variances.max():.2g} "
            "no square root is finite; a smaller one is needed."
        )
    constant = X.min(axis=0) == X.max(axis=0)
    return np.where(constant | (widths == 0), 1.0, widths)


class Clusters(NamedTuple):
    """Rules as placed on the training rows, without widths.

    Attributes
    ----------
    rows : ndarray, shape (n_rows, n_features)
        The distinct rows that were clustered.
    weight : ndarray, shape (n_rows,)
        How often each counts.
    centers : ndarray, shape (n_rules, n_features)
        Centres of the rules.
    memberships : ndarray, shape (n_rules, n_rows)
        Memberships of the rows.
    fuzziness : float
        The exponent of the memberships.
    """

    rows: Array
    weight: Array
    centers: Array
    memberships: Array
    fuzziness: float

    def widths(self, width_scale: float | str) -> Array:
        """Return the rules' standard deviations; ``"auto"`` is the number of features."""
        scale = float(self.rows.shape[1] if width_scale == "auto" else width_scale)
        return rule_widths(self.rows, self.weight, self.centers, self.memberships, scale)


def center_spread(X: Array, weight: Array, centers: Array) -> float:
    """Return the standard deviation of the centres as a share of that of the rows.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        The rows that were clustered.
    weight : ndarray, shape (n_samples,)
        How often each counts.
    centers : ndarray, shape (n_rules, n_features)
        Centres.

    Returns
    -------
    float
        Root of the ratio of the total variances; 1 where all rows are the same.
    """
    mean = np.average(X, axis=0, weights=weight)
    own = np.average((X - mean) ** 2, axis=0, weights=weight).sum()
    return float(np.sqrt(centers.var(axis=0).sum() / own)) if own > 0 else 1.0


def firing_strengths(X: Array, centers: Array, sigmas: Array) -> Array:
    """Compute the normalised firing strengths of the rules.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Rows.
    centers, sigmas : ndarray, shape (n_rules, n_features)
        Centres and standard deviations of the Gaussian membership functions.

    Returns
    -------
    ndarray, shape (n_samples, n_rules)
        ``softmax_r(-sum_j (x_j - c_rj)**2 / (2 sigma_rj**2))``; rows sum to one, however far from
        all rules they are.

    Raises
    ------
    ValueError
        If a row is so far from all rules that its distances overflow.
    """
    firing = np.empty((len(X), len(centers)))
    for rows in blocks(len(X), X.shape[1]):
        exponents = firing[rows]
        with np.errstate(over="ignore"):
            for r, (center, sigma) in enumerate(zip(centers, sigmas, strict=True)):
                scaled = (X[rows] - center) / sigma
                np.einsum("ij,ij->i", scaled, scaled, out=exponents[:, r])
        if not np.isfinite(exponents).all():
            first = rows.start + int(np.argmin(np.isfinite(exponents).all(axis=1)))
            raise ValueError(
                f"X holds values too large in row {first}: their squared distance to the rules "
                "overflows. Values within 1e150 widths of the training data are needed."
            )
        exponents *= -0.5
        exponents[:] = softmax(exponents, axis=1)
    return firing
