"""Readable reference of the fuzzy system: loops, whole matrices, and data to try it on."""

import numpy as np
from sklearn.datasets import make_moons
from sklearn.preprocessing import StandardScaler


def memberships(distances, fuzziness):
    """Fuzzy c-means of one row: 1 / sum_k (d_r / d_k)^(1 / (a - 1)), d squared distances."""
    return np.array(
        [1 / sum((d / e) ** (1 / (fuzziness - 1)) for e in distances) for d in distances]
    )


def fcm_objective(X, centers, fuzziness):
    total = 0.0
    for x in X:
        distances = ((x - centers) ** 2).sum(axis=1)
        total += (memberships(distances, fuzziness) ** fuzziness * distances).sum()
    return total


def firing(x, centers, sigmas):
    strengths = np.array(
        [
            np.prod([np.exp(-((x[j] - c[j]) ** 2) / (2 * s[j] ** 2)) for j in range(len(x))])
            for c, s in zip(centers, sigmas, strict=True)
        ]
    )
    return strengths / strengths.sum()


def consequent_row(x, strengths):
    return np.concatenate([mu * np.concatenate([[1.0], x]) for mu in strengths])


def omega(G, memberships_of_classes, is_target, weight, balance):
    """eta / C' sum_c q_c q_c^T + (1 - eta) q q^T, class by class."""

    def mean(rows, w):
        return (w[rows][:, None] * G[rows]).sum(axis=0) / w[rows].sum()

    p = G.shape[1]
    local, common = np.zeros((p, p)), 0
    for c in range(memberships_of_classes.shape[1]):
        w = weight * memberships_of_classes[:, c]
        if w[is_target].sum() > 0 and w[~is_target].sum() > 0:
            q = mean(~is_target, w) - mean(is_target, w)
            local += np.outer(q, q)
            common += 1
    q = mean(~is_target, weight) - mean(is_target, weight)
    return balance * local / common + (1 - balance) * np.outer(q, q)


def objective(P, U, G, codes, weight, is_target, penalties, Omega):
    """J(P, U), term by term."""
    n_classes = P.shape[1]
    known = codes >= 0
    F = G @ P
    data = 0.5 * (weight[known] * ((F[known] - np.eye(n_classes)[codes[known]]) ** 2).sum(1)).sum()
    n_labelled, n_unlabelled = weight[known].sum(), weight[~known].sum()
    adaptation = penalties.lambda_da * n_labelled / 2 * np.trace(P.T @ Omega @ P)
    clustering = 0.0
    for f, u, w in zip(F[~known], U, weight[~known], strict=True):
        for c in range(n_classes):
            clustering += (
                w * u[c] ** penalties.fuzzy_index * ((f - np.eye(n_classes)[c]) ** 2).sum()
            )
    if n_unlabelled:
        clustering *= penalties.lambda_ssl * n_labelled / (2 * n_unlabelled)
    return data + penalties.alpha / 2 * (P**2).sum() + adaptation + clustering


def drifting_patients(seed):
    """Six log energies: two background states and seizure; the target is turned and drifts."""
    rng = np.random.default_rng(seed)
    background = np.array([[0, 0, 0, 0, 0, 0], [1.5, 1.5, 1, 0, -1, -1.5]])
    seizure = np.array([1, 1.5, 2, 2, 1.5, 1])

    def draw(n):
        y = rng.integers(2, size=n)
        profile = np.where(y[:, None] == 1, seizure, background[rng.integers(2, size=n)])
        return profile + rng.normal(0, 0.5, (n, 1)) + rng.normal(0, 0.6, (n, 6)), y

    (source, y_source), (target, y_target) = draw(200), draw(700)
    angle = np.pi / 6
    turn = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    drift = rng.normal(0, 2 / np.sqrt(6), (2, 6))
    return source, y_source, target @ np.kron(np.eye(3), turn) + drift[y_target], y_target


def turned_moons(seed):
    """Two moons; those of the target are turned by 30 degrees about their middle."""
    rng = np.random.RandomState(seed)
    source, y_source = make_moons(200, noise=0.1, random_state=rng)
    target, y_target = make_moons(700, noise=0.1, random_state=rng)
    angle, middle = np.pi / 6, np.array([0.5, 0.25])
    turn = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    return source, y_source, (target - middle) @ turn + middle, y_target


def partially_labelled(data, n_unlabelled=200):
    """Scale over both domains: X, y with -1, held-out X of the target and its labels."""
    source, y_source, target, y_target = data
    X = np.vstack([source, target[:n_unlabelled]])
    scaler = StandardScaler().fit(X)
    y = np.concatenate([y_source, np.full(n_unlabelled, -1)])
    return scaler.transform(X), y, scaler.transform(target[n_unlabelled:]), y_target[n_unlabelled:]
