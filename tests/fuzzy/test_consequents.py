import tracemalloc

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.linear_model import Ridge

from skseizure.fuzzy import _antecedents
from skseizure.fuzzy._antecedents import firing_strengths
from skseizure.fuzzy._consequents import (
    ConsequentProblem,
    Penalties,
    consequent_features,
    discrepancy,
    label_memberships,
    outputs,
    rule_outputs,
    solve,
    stream,
)

from . import _naive

FULL = Penalties(0.7, 1.3, 0.9, 1.8, 0.6)


class Case:
    """A small problem of three classes; half of the rows have no label."""

    def __init__(self, seed=0, penalties=FULL, domains=False, n=60, d=3, n_rules=4, weighted=True):
        rng = np.random.default_rng(seed)
        self.codes = rng.integers(3, size=n)
        self.X = rng.normal(size=(n, d)) + self.codes[:, None] * np.resize([1, -1, 0.5], d)
        self.codes[n // 2 :] = -1
        self.is_target = self.codes < 0
        if domains:
            self.is_target = rng.random(n) < 0.5
        self.weight = rng.random(n) + 0.5 if weighted else np.ones(n)
        self.centers, self.sigmas = rng.normal(size=(n_rules, d)), rng.random((n_rules, d)) + 1
        self.penalties = penalties
        self.rng = rng

    def problem(self, order=slice(None), **changes):
        given = {**vars(self), **changes}
        X = given["X"][order]
        return ConsequentProblem(
            X,
            firing_strengths(X, self.centers, self.sigmas),
            given["codes"][order],
            given["weight"][order],
            given["is_target"][order],
            3,
            given["penalties"],
        )

    @property
    def G(self):
        return consequent_features(self.X, firing_strengths(self.X, self.centers, self.sigmas))

    def soft(self):
        """All memberships in the classes, and those of the unlabelled rows, drawn at random."""
        U = self.rng.dirichlet(np.ones(3), size=(self.codes < 0).sum())
        every = np.eye(3)[self.codes]
        every[self.codes < 0] = U
        return every, U

    def objective(self, P, U, every):
        Omega = _naive.omega(self.G, every, self.is_target, self.weight, self.penalties.balance)
        return _naive.objective(
            P, U, self.G, self.codes, self.weight, self.is_target, self.penalties, Omega
        )


def test_consequent_features_and_outputs(rng, monkeypatch):
    monkeypatch.setattr(_antecedents, "BLOCK", 1)
    X, firing, P = (
        rng.normal(size=(600, 3)),
        rng.dirichlet(np.ones(4), 600),
        rng.normal(size=(16, 2)),
    )
    G = consequent_features(X, firing)
    np.testing.assert_array_equal(
        G, [_naive.consequent_row(x, mu) for x, mu in zip(X, firing, strict=True)]
    )
    np.testing.assert_allclose(outputs(X, firing, P), G @ P, atol=1e-13)
    of_rules = rule_outputs(X, P, 4)
    np.testing.assert_allclose(of_rules[:, 2], P[8] + X @ P[9:12], atol=1e-13)
    np.testing.assert_allclose((firing[:, :, None] * of_rules).sum(axis=1), G @ P, atol=1e-13)


def test_streamed_products(rng, monkeypatch):
    monkeypatch.setattr(_antecedents, "BLOCK", 1)
    X, firing = rng.normal(size=(900, 2)), rng.dirichlet(np.ones(3), 900)
    rows, weight, targets = rng.permutation(900)[:700], rng.random(700), rng.normal(size=(700, 2))
    G = consequent_features(X, firing)[rows]
    gram, moments = stream(X, firing, rows, weight, targets)
    np.testing.assert_allclose(gram, G.T @ np.diag(weight) @ G, atol=1e-11)
    np.testing.assert_allclose(moments, G.T @ targets, atol=1e-11)
    none, same = stream(X, firing, rows, None, targets)
    assert none is None and np.array_equal(same, moments)
    nothing, of_none = stream(X, firing, rows[:0], weight[:0], targets[:0])
    assert not nothing.any() and not of_none.any()


@pytest.mark.parametrize("fuzzy_index", [1.05, 1.5, 2.0, 2.5])
def test_soft_labels(rng, fuzzy_index):
    F = rng.normal(0.5, 0.5, size=(50, 3))
    naive = [_naive.memberships(((f - np.eye(3)) ** 2).sum(axis=1), fuzzy_index) for f in F]
    np.testing.assert_allclose(label_memberships(F, fuzzy_index), naive, rtol=1e-10)
    on_corner = label_memberships(np.eye(3)[:1], fuzzy_index)
    np.testing.assert_allclose(on_corner, [[1, 0, 0]], rtol=0, atol=1e-200)


def test_soft_labels_far_away_are_undecided():
    """Memberships are not monotone in the margin, which is why predict_proba does not use them."""
    near, far = label_memberships(np.array([[-0.2, 1.2], [-1e6, 1e6]]), 2.0)
    assert near[1] > 0.9 and far[1] == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("permuted", [False, True])
def test_no_discrepancy_between_equal_domains(permuted):
    """Acceptance 3."""
    case = Case()
    half = len(case.X) // 2
    one_hot = np.eye(3)[case.codes[:half]]
    G = case.G[:half]
    order = case.rng.permutation(half) if permuted else np.arange(half)
    sums = np.hstack([G.T @ one_hot, G[order].T @ one_hot[order]])
    masses = np.tile(one_hot.sum(axis=0), 2)
    for balance in (0.0, 0.5, 1.0):
        assert (discrepancy(sums, masses, balance) ** 2).sum() <= 1e-20


def test_discrepancy_in_the_weight_form():
    """Acceptance 4: DSAN's sum of w_ss K_ss + w_tt K_tt - 2 w_st K_st, K linear in the outputs."""
    case = Case(penalties=Penalties(1.0, 1.0, balance=1.0))
    every, _ = case.soft()
    G, target = case.G, case.is_target
    P = case.rng.normal(size=(G.shape[1], 3))
    F = G @ P
    K = F @ F.T
    weight = case.weight[:, None] * every
    share = np.where(
        target[:, None],
        weight / weight[target].sum(axis=0),
        weight / weight[~target].sum(axis=0),
    )
    loss = 0.0
    for c in range(3):
        s, t = share[~target, c], share[target, c]
        loss += s @ K[np.ix_(~target, ~target)] @ s + t @ K[np.ix_(target, target)] @ t
        loss -= 2 * s @ K[np.ix_(~target, target)] @ t
    sums = np.hstack([G[~target].T @ weight[~target], G[target].T @ weight[target]])
    masses = np.concatenate([weight[~target].sum(axis=0), weight[target].sum(axis=0)])
    Q = discrepancy(sums, masses, 1.0)
    assert np.trace(P.T @ Q.T @ Q @ P) == pytest.approx(loss / 3, rel=1e-12)


def test_a_class_that_one_domain_lacks_is_left_out():
    sums, masses = (
        np.array([[2.0, 6.0, 0.0, 4.0, 9.0, 3.0]]),
        np.array([1.0, 2.0, 0.0, 1.0, 3.0, 1]),
    )
    local, rest = discrepancy(sums, masses, 0.75)[:2, 0], discrepancy(sums, masses, 0.75)[2, 0]
    np.testing.assert_allclose(local, np.sqrt(0.75 / 2) * np.array([2 - 4, 3 - 3]))
    assert rest == pytest.approx(np.sqrt(0.25) * (8 / 3 - 16 / 5))


@pytest.mark.parametrize("domains", [False, True])
@pytest.mark.parametrize("balance", [0.0, 0.6, 1.0])
def test_normal_equations_are_the_gradient(domains, balance):
    """Acceptance 5: against finite differences of the naive objective, and at the solution."""
    case = Case(penalties=FULL._replace(balance=balance), domains=domains)
    every, U = case.soft()
    A, B = case.problem().system(U)
    P = case.rng.normal(size=B.shape)

    def J(flat):
        return case.objective(flat.reshape(P.shape), U, every)

    # J is quadratic: central differences are exact but for rounding.
    step = 1e-2
    basis = np.eye(P.size).reshape(P.size, *P.shape) * step
    gradient = np.array([(J((P + e).ravel()) - J((P - e).ravel())) / (2 * step) for e in basis])
    expected = (A @ P - B).ravel()
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-7 * np.abs(expected).max())
    solution, rank = solve(A, B, case.penalties.alpha)
    assert rank == len(A)
    assert np.linalg.norm(A @ solution - B) <= 1e-10 * np.linalg.norm(B)
    forward = approx_fprime(solution.ravel(), J, 1e-6)
    assert np.abs(forward).max() < 1e-4 * np.abs(expected).max()


def test_block_steps_never_raise_the_objective():
    """Acceptance 6: with Omega frozen, both steps are exact minimisations."""
    case = Case(weighted=True)
    every, U = case.soft()
    Omega = _naive.omega(case.G, every, case.is_target, case.weight, case.penalties.balance)
    problem = case.problem(penalties=case.penalties._replace(lambda_da=0.0))
    frozen = case.penalties.lambda_da * case.weight[case.codes >= 0].sum() * Omega
    course = []
    for _ in range(30):
        A, B = problem.system(U)
        P, _ = solve(A + frozen, B, case.penalties.alpha)
        for soft in (U, problem.soft_labels(P)):
            U = soft
            course.append(
                _naive.objective(
                    P, U, case.G, case.codes, case.weight, case.is_target, case.penalties, Omega
                )
            )
    assert np.diff(course).max() <= 1e-10 and course[-1] < course[0]


def test_the_alternation_ends_at_a_fixed_point():
    case = Case()
    problem = case.problem()
    P, U, n_iter, change = problem.alternate(500, 0.0)
    assert 1 < n_iter < 500 and change <= 1e-12
    A, B = problem.system(U)
    np.testing.assert_allclose(A @ P, B, atol=1e-9)
    np.testing.assert_array_equal(problem.soft_labels(P), U)
    early = problem.alternate(3, 1e-13)
    assert early[2] == 3 and early[3] >= 1e-13


def test_invariances_with_fixed_antecedents():
    """Acceptance 7."""
    case = Case()
    P, _, _, _ = case.problem().alternate(50, 1e-12)

    order = case.rng.permutation(len(case.X))
    np.testing.assert_allclose(case.problem(order).alternate(50, 1e-12)[0], P, atol=1e-10)

    swapped = np.where(case.codes >= 0, np.array([2, 1, 0])[case.codes], -1)
    found = case.problem(codes=swapped).alternate(50, 1e-12)[0]
    np.testing.assert_allclose(found[:, ::-1], P, atol=1e-10)

    twice = np.tile(np.arange(len(case.X)), 2)
    doubled = case.problem(twice, penalties=FULL._replace(alpha=2 * FULL.alpha))
    np.testing.assert_allclose(doubled.alternate(50, 1e-12)[0], P, atol=1e-10)
    heavier = case.problem(weight=2 * case.weight, penalties=FULL._replace(alpha=2 * FULL.alpha))
    np.testing.assert_allclose(heavier.alternate(50, 1e-12)[0], P, atol=1e-10)


def test_a_weight_is_a_repetition_and_zero_is_absence():
    case = Case(domains=True)
    weight = case.rng.integers(0, 3, size=len(case.X))
    repeated = case.problem(np.repeat(np.arange(len(case.X)), weight), weight=np.ones(len(case.X)))
    weighted = case.problem(weight=weight.astype(float))
    np.testing.assert_allclose(
        weighted.alternate(50, 1e-6)[0], repeated.alternate(50, 1e-6)[0], atol=1e-10
    )


def test_rows_of_weight_zero_do_not_keep_the_alternation_going():
    case = Case(weighted=False)
    problem = case.problem()
    moved = np.abs(problem.alternate(1, 0)[1] - problem.soft_labels(problem.supervised()))
    restless = problem.unlabelled[moved.max(axis=1).argmax()]
    without = case.problem(np.delete(np.arange(len(case.X)), restless))
    case.weight[restless] = 0
    P, U, _, change = case.problem().alternate(1, 0)
    assert change == pytest.approx(without.alternate(1, 0)[3])
    before = case.problem().soft_labels(case.problem().supervised())
    assert np.abs(U - before).max() > 1.01 * change
    assert np.isfinite(P).all()


def test_without_penalties_nothing_alternates():
    """Acceptance 8: the supervised system, to the bit."""
    case = Case(penalties=Penalties(0.7))
    P, U, n_iter, _ = case.problem().alternate(50, 1e-4)
    known = case.codes >= 0
    alone = case.problem(known)
    assert n_iter == 0 and len(alone.unlabelled) == 0
    np.testing.assert_array_equal(P, alone.supervised())
    np.testing.assert_array_equal(U, case.problem().soft_labels(P))
    ridge = Ridge(0.7, fit_intercept=False)
    ridge.fit(case.G[known], np.eye(3)[case.codes[known]], sample_weight=case.weight[known])
    np.testing.assert_allclose(P, ridge.coef_.T, atol=1e-10)


@pytest.mark.parametrize("domains", [False, True])
@pytest.mark.parametrize("penalties", [FULL, FULL._replace(lambda_da=0.0), Penalties(0.7)])
def test_fewer_rows_than_consequents_give_the_same_by_products_of_rows(penalties, domains):
    case = Case(penalties=penalties, domains=domains, n=24, d=12)
    case.weight[[1, -1]] = 0
    problem = case.problem()
    assert len(case.X) + 4 < problem.n_parameters
    _, U = case.soft()
    A, B = problem.system(U)
    np.testing.assert_allclose(problem.adapted(U), np.linalg.solve(A, B), atol=1e-12)
    known = case.codes >= 0
    ridge = Ridge(penalties.alpha, fit_intercept=False)
    ridge.fit(case.G[known], np.eye(3)[case.codes[known]], sample_weight=case.weight[known])
    np.testing.assert_allclose(problem.supervised(), ridge.coef_.T, atol=1e-12)
    assert problem.rank == problem.n_parameters


def test_fewer_rows_than_consequents_without_penalty_give_the_least_norm():
    case = Case(penalties=FULL._replace(alpha=0.0), n=24, d=12, weighted=False)
    problem = case.problem()
    _, U = case.soft()
    A, B = problem.system(U)
    np.testing.assert_allclose(problem.adapted(U), np.linalg.pinv(A, rcond=1e-12) @ B, atol=1e-8)
    assert problem.rank == np.linalg.matrix_rank(A)
    known = case.codes >= 0
    least = np.linalg.pinv(case.G[known]) @ np.eye(3)[case.codes[known]]
    np.testing.assert_allclose(case.problem().supervised(), least, atol=1e-8)


def test_a_wide_table_needs_no_matrix_of_all_consequents():
    """400 rows of 1,000 columns: p is 10,010, and one p x p matrix would take 800 MB."""
    case = Case(n=400, d=1000, n_rules=10)
    problem = case.problem()
    tracemalloc.start()
    problem.alternate(2, 0.0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6


@pytest.mark.parametrize("alpha", [0.0, 1e-300])
def test_singular_normal_equations(rng, alpha):
    G = rng.normal(size=(5, 8))
    A, B = G.T @ G, G.T @ rng.normal(size=(5, 2))
    P, rank = solve(A, B, alpha)
    assert rank == 5
    np.testing.assert_allclose(A @ P, B, atol=1e-9)
    np.testing.assert_allclose(P, np.linalg.pinv(A, rcond=1e-10) @ B, atol=1e-8)
