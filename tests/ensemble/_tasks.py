"""Tables to learn from."""

import numpy as np


def gaussians(seed, n_majority=6000, n_minority=150):
    """A wide majority and a narrower minority at its edge, which trees find with effort."""
    rng = np.random.default_rng(seed)
    majority = rng.normal(size=(n_majority, 6))
    minority = 1.25 + 0.7 * rng.normal(size=(n_minority, 6))
    return np.concatenate([majority, minority]), np.repeat([0, 1], [n_majority, n_minority])


def checkerboard(seed, variance=0.05, n_majority=5000, n_minority=500):
    """Four by four cells, black and white by turns."""
    rng = np.random.default_rng(seed)
    cells = np.array([(i, j) for i in range(4) for j in range(4)], dtype=float)
    black = cells.sum(axis=1) % 2 == 0
    parts = [
        centres[rng.integers(len(centres), size=n)] + np.sqrt(variance) * rng.normal(size=(n, 2))
        for centres, n in ((cells[black], n_majority), (cells[~black], n_minority))
    ]
    return np.concatenate(parts), np.repeat([0, 1], [n_majority, n_minority])
