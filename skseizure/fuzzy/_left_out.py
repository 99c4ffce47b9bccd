"""Ridge regressions on the consequent features, scored on rows that were left out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from ._antecedents import Array, blocks
from ._consequents import consequent_features, kernel, stream


def leave_one_out(X: Array, firing: Array, weight: Array, targets: Array, alphas: Array) -> Array:
    """Predict each row by the ridge regression on all others.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Rows.
    firing : ndarray, shape (n_samples, n_rules)
        Their firing strengths.
    weight : ndarray, shape (n_samples,)
        How often each row counts, not below zero.
    targets : ndarray, shape (n_samples, n_classes)
        What the outputs should be.
    alphas : ndarray, shape (n_alphas,)
        Ridge penalties above 0.

    Returns
    -------
    ndarray, shape (n_alphas, n_samples, n_classes)
        The outputs. A row is left out with all of its weight.

    Notes
    -----
    One eigendecomposition for all penalties. With H the hat matrix of the weighted rows, the
    residual of a row left out is its residual over ``1 - H_ii``. O(n p**2 + p**3 + n p n_alphas)
    operations with p = n_rules (n_features + 1), or O(n**2 n_features + n**3) with fewer rows than
    p: these come from the products of rows.
    """
    n, p = len(X), firing.shape[1] * (X.shape[1] + 1)
    root = np.sqrt(weight)[:, np.newaxis]
    out = np.empty((len(alphas), *targets.shape))
    if n < p:
        products = kernel(X, firing)
        values, vectors = _eigen(root * products * root.T)
        projected = vectors.T @ (root * targets)
        for out_a, alpha in zip(out, alphas, strict=True):
            inverse = 1.0 / (values + alpha)
            diagonal = (vectors**2 @ inverse)[:, np.newaxis]
            dual = vectors @ (inverse[:, np.newaxis] * projected)
            # A row of weight zero is in no regression: leaving it out changes nothing.
            out_a[:] = np.where(
                root > 0,
                targets - dual / diagonal / np.where(root > 0, root, 1.0),
                products @ (root * dual),
            )
        return out
    gram, moments = stream(X, firing, np.arange(n), weight, weight[:, np.newaxis] * targets)
    assert gram is not None
    values, vectors = _eigen(gram)
    inverses = 1.0 / (values + alphas[:, np.newaxis])
    projected = vectors.T @ moments
    for rows in blocks(n, 2 * p):
        Q = consequent_features(X[rows], firing[rows]) @ vectors
        leverage = (Q**2 @ inverses.T) * weight[rows, np.newaxis]
        for a, inverse in enumerate(inverses):
            fitted = Q @ (inverse[:, np.newaxis] * projected)
            h = leverage[:, a, np.newaxis]
            out[a, rows] = (fitted - h * targets[rows]) / (1.0 - h)
    return out


def leave_folds_out(
    X: Array,
    firing: Array,
    weight: Array,
    targets: Array,
    alphas: Array,
    folds: Iterable[tuple[NDArray[np.intp], NDArray[np.intp]]],
) -> Array:
    """Predict the rows of each fold by the ridge regression on all others.

    Parameters
    ----------
    X, firing, weight, targets, alphas : ndarray
        As in `leave_one_out`.
    folds : iterable of (others, rows)
        The rows of each fold after those of all others.

    Returns
    -------
    ndarray, shape (n_alphas, n_samples, n_classes)
        The outputs.

    Notes
    -----
    One eigendecomposition a fold: O(p**3), or O(n**3) with fewer rows than p. The products of all
    rows are computed once; those of a fold are taken off.
    """
    n, p = len(X), firing.shape[1] * (X.shape[1] + 1)
    out = np.empty((len(alphas), *targets.shape))
    weighted = weight[:, np.newaxis] * targets
    total: tuple[Array, Array] | None = None
    for others, rows in folds:
        if len(others) < p:
            root = np.sqrt(weight[others])[:, np.newaxis]
            values, vectors = _eigen(root * kernel(X[others], firing[others]) * root.T)
            projected = vectors.T @ (root * targets[others])
            for out_a, alpha in zip(out, alphas, strict=True):
                dual = root * (vectors @ (projected / (values + alpha)[:, np.newaxis]))
                P = stream(X, firing, others, None, dual)[1]
                out_a[rows] = _outputs(X[rows], firing[rows], P)
            continue
        if total is None:
            gram, moments = stream(X, firing, np.arange(n), weight, weighted)
            assert gram is not None
            total = gram, moments
        gram, moments = stream(X, firing, rows, weight[rows], weighted[rows])
        assert gram is not None
        values, vectors = _eigen(total[0] - gram)
        projected = vectors.T @ (total[1] - moments)
        for out_a, alpha in zip(out, alphas, strict=True):
            P = vectors @ (projected / (values + alpha)[:, np.newaxis])
            out_a[rows] = _outputs(X[rows], firing[rows], P)
    return out


def _outputs(X: Array, firing: Array, P: Array) -> Array:
    out = np.empty((len(X), P.shape[1]))
    for rows in blocks(len(X), len(P)):
        out[rows] = consequent_features(X[rows], firing[rows]) @ P
    return out


def _eigen(products: Array) -> tuple[Array, Array]:
    """Return eigenvalues, none below zero, and eigenvectors of products of rows."""
    values, vectors = linalg.eigh(products, check_finite=False)
    return np.maximum(values, 0.0), vectors
