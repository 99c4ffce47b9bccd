"""The THEN parts: ridge, subdomain adaptation and label clustering in closed form."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from ._antecedents import Array, blocks, log_memberships

# Soft labels that change by less have settled: rounding moves them as much.
ROUNDING = 1e-12


class Penalties(NamedTuple):
    """Weights of the terms of the objective.

    Attributes
    ----------
    alpha : float
        Ridge penalty, not below 0.
    lambda_da, lambda_ssl : float
        Weights of the adaptation and of the label clustering.
    fuzzy_index : float
        Exponent of the soft labels, above 1.
    balance : float
        Share of the local discrepancy; the rest is the global one.
    """

    alpha: float
    lambda_da: float = 0.0
    lambda_ssl: float = 0.0
    fuzzy_index: float = 2.0
    balance: float = 1.0


def consequent_features(X: Array, firing: Array) -> Array:
    """Return ``x_g``: the row (1, x), once for every rule, times the rule's firing strength.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Rows.
    firing : ndarray, shape (n_samples, n_rules)
        Their firing strengths.

    Returns
    -------
    ndarray, shape (n_samples, n_rules * (n_features + 1))
        Rule by rule.
    """
    n, d = X.shape
    out = np.empty((n, firing.shape[1], d + 1))
    out[:, :, 0] = firing
    np.multiply(firing[:, :, np.newaxis], X[:, np.newaxis, :], out=out[:, :, 1:])
    return out.reshape(n, -1)


def rule_outputs(X: Array, P: Array, n_rules: int) -> Array:
    """Return the linear functions of all rules.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Rows.
    P : ndarray, shape (n_rules * (n_features + 1), n_classes)
        Consequents.
    n_rules : int
        Number of rules.

    Returns
    -------
    ndarray, shape (n_samples, n_rules, n_classes)
        ``f_rc(x)``.
    """
    blocks = P.reshape(n_rules, X.shape[1] + 1, -1)
    return blocks[:, 0] + np.einsum("nd,rdc->nrc", X, blocks[:, 1:], optimize=True)


def outputs(X: Array, firing: Array, P: Array) -> Array:
    """Return the outputs of the system, ``f(x) = P^T x_g``.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Rows.
    firing : ndarray, shape (n_samples, n_rules)
        Their firing strengths.
    P : ndarray, shape (n_rules * (n_features + 1), n_classes)
        Consequents.

    Returns
    -------
    ndarray, shape (n_samples, n_classes)
        One column a class.
    """
    out = np.empty((len(X), P.shape[1]))
    for rows in blocks(len(X), firing.shape[1] * P.shape[1] + X.shape[1]):
        values = rule_outputs(X[rows], P, firing.shape[1])
        np.einsum("nr,nrc->nc", firing[rows], values, out=out[rows])
    return out


def kernel(X: Array, firing: Array) -> Array:
    """Return the products of all pairs of consequent features, ``G G^T``, without making G.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Rows.
    firing : ndarray, shape (n_samples, n_rules)
        Their firing strengths.

    Returns
    -------
    ndarray, shape (n_samples, n_samples)
        ``(mu_i . mu_j) (1 + x_i . x_j)``: a sum over rules times a sum over (1, x).
    """
    products = X @ X.T
    products += 1.0
    products *= firing @ firing.T
    return products


def stream(
    X: Array, firing: Array, rows: NDArray[np.intp], weight: Array | None, targets: Array
) -> tuple[Array | None, Array]:
    """Accumulate ``G^T diag(weight) G`` and ``G^T targets`` block by block.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        All rows.
    firing : ndarray, shape (n_samples, n_rules)
        Their firing strengths.
    rows : ndarray of int, shape (n_rows,)
        The rows of G.
    weight : ndarray, shape (n_rows,), or None
        If None, the first product is not computed.
    targets : ndarray, shape (n_rows, n_targets)
        Right-hand sides.

    Returns
    -------
    gram : ndarray, shape (p, p), or None
        The first product, with ``p = n_rules * (n_features + 1)``.
    moments : ndarray, shape (p, n_targets)
        The second product.

    Notes
    -----
    O(n_rows p**2) operations; never more than a block of G in memory.
    """
    p = firing.shape[1] * (X.shape[1] + 1)
    gram = None if weight is None else np.zeros((p, p))
    moments = np.zeros((p, targets.shape[1]))
    for batch in blocks(len(rows), p):
        G = consequent_features(X[rows[batch]], firing[rows[batch]])
        moments += G.T @ targets[batch]
        if gram is not None and weight is not None:
            G *= np.sqrt(weight[batch])[:, np.newaxis]
            # A product with its own transpose is computed by half.
            gram += G.T @ G
    return gram, moments


def label_memberships(F: Array, fuzzy_index: float) -> Array:
    """Return the soft labels: memberships of outputs to the corners that stand for the classes.

    Parameters
    ----------
    F : ndarray, shape (n_samples, n_classes)
        Outputs.
    fuzzy_index : float
        Above 1.

    Returns
    -------
    ndarray, shape (n_samples, n_classes)
        Rows sum to one.
    """
    out = np.empty_like(F)
    for rows in blocks(len(F), F.shape[1] ** 2):
        part = F[rows]
        to_corner = part[:, np.newaxis, :] - np.eye(F.shape[1])
        distances = np.einsum("nck,nck->cn", to_corner, to_corner)
        out[rows] = np.exp(log_memberships(distances, fuzzy_index)).T
    return out


def _by_domain(memberships: Array, is_target: NDArray[np.bool_]) -> Array:
    """Return two columns a class: the memberships in source rows, then those in target rows."""
    of_target = memberships * is_target[:, np.newaxis]
    return np.hstack([memberships - of_target, of_target])


def discrepancy(sums: Array, masses: Array, balance: float) -> Array:
    """Return Q, whose product ``Q^T Q`` is the matrix Omega of the discrepancy of the domains.

    Parameters
    ----------
    sums : ndarray, shape (p, 2 * n_classes)
        Sums of x_g over source rows, then over target rows, weighted by the membership in each
        class.
    masses : ndarray, shape (2 * n_classes,)
        Sums of these memberships; above zero in each domain.
    balance : float
        Share of the local discrepancy, in [0, 1].

    Returns
    -------
    ndarray, shape (n_common_classes + 1, p)
        Differences of the class means between the domains, for the classes that both have, and
        that of the means of all rows; scaled so that ``trace(P^T Omega P)`` is ``balance`` times
        the LMMD plus ``1 - balance`` times the MMD of the outputs.
    """
    sums, masses = sums.T.reshape(2, -1, len(sums)), masses.reshape(2, -1)
    common = (masses > 0).all(axis=0)
    means = sums[:, common] / masses[:, common, np.newaxis]
    overall = sums.sum(axis=1) / masses.sum(axis=1, keepdims=True)
    local = np.sqrt(balance / max(common.sum(), 1)) * (means[0] - means[1])
    return np.vstack([local, np.sqrt(1.0 - balance) * (overall[0] - overall[1])])


class ConsequentProblem:
    """The objective in the consequents, on rows of which some have no label.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Rows.
    firing : ndarray, shape (n_samples, n_rules)
        Their firing strengths.
    labels : ndarray of int, shape (n_samples,)
        Classes from 0 to ``n_classes - 1``; -1 is unlabelled.
    weight : ndarray, shape (n_samples,)
        How often each row counts.
    is_target : ndarray of bool, shape (n_samples,)
        Rows of the target domain.
    n_classes : int
        Number of classes.
    penalties : Penalties
        Weights of the terms.

    Attributes
    ----------
    unlabelled : ndarray of int, shape (n_unlabelled,)
        The rows that soft labels belong to.
    rank : int
        Least rank of the equations that were solved; p where a penalty made up for what is short.

    Notes
    -----
    With P the consequents, U the soft labels of the unlabelled rows, n_L and n_U the (weighted)
    numbers of labelled and unlabelled rows, m the fuzzy index and e_c the corners,

        J(P, U) = 1/2 ||S^(1/2) (G_L P - Y)||^2 + alpha/2 ||P||^2
                + lambda_da n_L/2 tr(P^T Omega(U) P)
                + lambda_ssl n_L/(2 n_U) sum_jc s_j u_jc^m ||P^T x_j - e_c||^2,

    and its gradient in P is ``A P - B`` with the matrices that `system` returns. Where there are
    fewer rows than consequents the same P comes from the rows' products: O(n**2 (n_features +
    n_rules) + n**3) operations and n**2 numbers instead of O(n p**2 + p**3) and p**2.
    """

    def __init__(
        self,
        X: Array,
        firing: Array,
        labels: NDArray[np.intp],
        weight: Array,
        is_target: NDArray[np.bool_],
        n_classes: int,
        penalties: Penalties,
    ) -> None:
        self.X, self.firing, self.penalties, self.n_classes = X, firing, penalties, n_classes
        self._rows = np.flatnonzero(labels >= 0)
        self.unlabelled = np.flatnonzero(labels < 0)
        self._is_target = is_target[self.unlabelled]
        self._labelled_weight, self._weight = weight[self._rows], weight[self.unlabelled]
        self._n_labelled, n_unlabelled = self._labelled_weight.sum(), self._weight.sum()
        self._pull = 0.0
        if n_unlabelled > 0:
            self._pull = penalties.lambda_ssl * self._n_labelled / n_unlabelled
        self._corners = np.eye(n_classes)[labels[self._rows]]
        Y = self._corners * self._labelled_weight[:, np.newaxis]
        self._split = _by_domain(Y, is_target[self._rows])
        self._masses = self._split.sum(axis=0)
        self.rank = self.n_parameters

    @property
    def n_parameters(self) -> int:
        """Number of consequents of a class, p."""
        return self.firing.shape[1] * (self.X.shape[1] + 1)

    @cached_property
    def _labelled_products(self) -> tuple[Array, Array]:
        """Gram matrix of the labelled rows with the penalty, and their sums by domain and class."""
        gram, sums = stream(self.X, self.firing, self._rows, self._labelled_weight, self._split)
        assert gram is not None
        gram[np.diag_indices_from(gram)] += self.penalties.alpha
        return gram, sums

    def system(self, U: Array) -> tuple[Array, Array]:
        """Return A and B of the normal equations ``A P = B``.

        Parameters
        ----------
        U : ndarray, shape (n_unlabelled, n_classes)
            Soft labels.

        Returns
        -------
        A : ndarray, shape (p, p)
            Symmetric, no eigenvalue below alpha.
        B : ndarray, shape (p, n_classes)
            Right-hand sides.
        """
        split, V = self._soft_targets(U)
        gram, moments = stream(
            self.X,
            self.firing,
            self.unlabelled,
            V.sum(axis=1) if self._pull else None,
            np.hstack([split, V]),
        )
        A, sums = self._labelled_products
        A = A.copy() if gram is None else A + self._pull * gram
        B = sums[:, : self.n_classes] + sums[:, self.n_classes :]
        B += self._pull * moments[:, split.shape[1] :]
        if self.penalties.lambda_da:
            sums = sums + moments[:, : split.shape[1]]
            Q = discrepancy(sums, self._masses + split.sum(axis=0), self.penalties.balance)
            A += self.penalties.lambda_da * self._n_labelled * (Q.T @ Q)
        return A, B

    def _soft_targets(self, U: Array) -> tuple[Array, Array]:
        """Return what soft labels weigh: in the discrepancy, by domain, and in the clustering."""
        weight = self._weight[:, np.newaxis]
        return _by_domain(weight * U, self._is_target), weight * U**self.penalties.fuzzy_index

    def supervised(self) -> Array:
        """Return the consequents from the labelled rows alone, shape (p, n_classes)."""
        if len(self._rows) < self.n_parameters:
            root = np.sqrt(self._labelled_weight)[:, np.newaxis]
            X, firing = self.X[self._rows], self.firing[self._rows]
            return self._solve_rows(X, firing, root, root * self._corners)
        gram, sums = self._labelled_products
        return self._solve(gram, sums[:, : self.n_classes] + sums[:, self.n_classes :])

    def adapted(self, U: Array) -> Array:
        """Return the consequents that minimise the objective for given soft labels.

        Parameters
        ----------
        U : ndarray, shape (n_unlabelled, n_classes)
            Soft labels.

        Returns
        -------
        ndarray, shape (p, n_classes)
            Consequents.
        """
        n_rows = len(self.X) + self.n_classes + 1
        if n_rows >= self.n_parameters:
            return self._solve(*self.system(U))
        split, V = self._soft_targets(U)
        order = np.concatenate([self._rows, self.unlabelled])
        pulled = self._pull * V
        squares = np.concatenate([self._labelled_weight, pulled.sum(axis=1)])
        targets = np.vstack([self._labelled_weight[:, np.newaxis] * self._corners, pulled])
        root = np.sqrt(squares)[:, np.newaxis]
        # A row of weight zero has targets of zero.
        targets = np.divide(targets, root, out=np.zeros_like(targets), where=root > 0)
        mixtures = None
        if self.penalties.lambda_da:
            # The discrepancy is linear in its sums: of the weights, it gives Q as mixtures of rows.
            every = np.vstack([self._split, split])
            mixtures = np.sqrt(self.penalties.lambda_da * self._n_labelled) * discrepancy(
                every, self._masses + split.sum(axis=0), self.penalties.balance
            )
        return self._solve_rows(self.X[order], self.firing[order], root, targets, mixtures)

    def _solve(self, A: Array, B: Array) -> Array:
        P, rank = solve(A, B, self.penalties.alpha)
        self.rank = min(self.rank, rank)
        return P

    def _solve_rows(
        self, X: Array, firing: Array, root: Array, targets: Array, mixtures: Array | None = None
    ) -> Array:
        """Solve the ridge regression in its dual form, by the products of rows.

        With F the weighted rows of G, and below them the mixtures of rows that the discrepancy
        penalises, ``P = F^T (F F^T + alpha I)^-1 targets`` equals the solution of the normal
        equations, of least norm where that is not unique.

        Parameters
        ----------
        X : ndarray, shape (n_rows, n_features)
            Rows.
        firing : ndarray, shape (n_rows, n_rules)
            Their firing strengths.
        root : ndarray, shape (n_rows, 1)
            Square roots of the rows' weights.
        targets : ndarray, shape (n_rows, n_classes)
            What F P should be.
        mixtures : ndarray, shape (n_mixtures, n_rows), default=None
            Weights of rows whose sum should have no output.

        Returns
        -------
        ndarray, shape (p, n_classes)
            Consequents.
        """
        products = kernel(X, firing)
        if mixtures is not None:
            across = mixtures @ products
            within = across @ mixtures.T
            across *= root.T
        products *= root
        products *= root.T
        if mixtures is not None:
            products = np.block([[products, across.T], [across, within]])
            targets = np.vstack([targets, np.zeros((len(mixtures), targets.shape[1]))])
        products[np.diag_indices_from(products)] += self.penalties.alpha
        multipliers, rank = solve(products, targets, self.penalties.alpha)
        if rank < len(products):
            self.rank = min(self.rank, rank)
        elif self.penalties.alpha == 0:
            self.rank = min(self.rank, len(products))
        of_rows = root * multipliers[: len(X)]
        if mixtures is not None:
            of_rows += mixtures.T @ multipliers[len(X) :]
        return stream(X, firing, np.arange(len(X)), None, of_rows)[1]

    def soft_labels(self, P: Array) -> Array:
        """Return the soft labels that minimise the objective, shape (n_unlabelled, n_classes)."""
        F = outputs(self.X[self.unlabelled], self.firing[self.unlabelled], P)
        return label_memberships(F, self.penalties.fuzzy_index)

    def alternate(self, max_iter: int, tol: float) -> tuple[Array, Array, int, float]:
        """Alternate between consequents and soft labels until these settle.

        Parameters
        ----------
        max_iter : int
            Most rounds.
        tol : float
            Stop when no soft label changes by more than this, or than rounding explains.

        Returns
        -------
        P : ndarray, shape (p, n_classes)
            Consequents.
        U : ndarray, shape (n_unlabelled, n_classes)
            Soft labels.
        n_iter : int
            Rounds; 0 where no term binds the consequents to soft labels or to the other domain.
        change : float
            Largest change of a soft label in the last round.
        """
        P = self.supervised()
        U = self.soft_labels(P)
        change = 0.0
        # A row of weight zero is as good as absent.
        counted = self._weight[:, np.newaxis] > 0
        if not self.penalties.lambda_da and not self._pull:
            return P, U, 0, change
        n_iter = 0
        while n_iter < max_iter:
            n_iter += 1
            P = self.adapted(U)
            previous, U = U, self.soft_labels(P)
            change = float(np.abs(U - previous).max(initial=0.0, where=counted))
            if change <= max(tol, ROUNDING):
                break
        return P, U, n_iter, change


def solve(A: Array, B: Array, alpha: float) -> tuple[Array, int]:
    """Solve the normal equations ``A P = B``.

    Parameters
    ----------
    A : ndarray, shape (p, p)
        Symmetric, positive definite if alpha is above 0.
    B : ndarray, shape (p, n_classes)
        Right-hand sides.
    alpha : float
        The ridge penalty that A contains.

    Returns
    -------
    P : ndarray, shape (p, n_classes)
        By Cholesky in O(p**3); the solution of least norm where A is singular or nearly so.
    rank : int
        Rank of A as far as it matters here: p where Cholesky went through.
    """
    if alpha > 0:
        try:
            factor = linalg.cho_factor(A, lower=True, check_finite=False)
            return linalg.cho_solve(factor, B, check_finite=False), len(A)
        except linalg.LinAlgError:
            pass
    least = len(A) * np.finfo(np.float64).eps
    P, _, rank, _ = linalg.lstsq(A, B, cond=least, check_finite=False)
    return P, int(rank)
