"""Slow and plain forms of what the sub-package computes, written from the formulas."""

import math

import numpy as np


def network_outputs(coefs, intercepts, X):
    """Outputs of a tanh network in double precision."""
    a = np.asarray(X, dtype=float)
    for w, b in zip(coefs, intercepts, strict=True):
        a = np.tanh(a @ w.astype(float) + b)
    return a


def network_loss(coefs, intercepts, X, positive, weights=None):
    """Sum of squared errors over 2 * 2 * n, Eq. 7."""
    target = np.where(np.asarray(positive)[:, None], [-1.0, 1.0], [1.0, -1.0])
    squares = ((network_outputs(coefs, intercepts, X) - target) ** 2).sum(axis=1)
    weights = np.ones(len(squares)) if weights is None else np.asarray(weights, dtype=float)
    return (weights * squares).sum() / (4 * weights.sum())


def mix(z):
    """Splitmix64's finaliser on Python's whole numbers."""
    mask = 2**64 - 1
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


def pair(seed, iteration, particle, counter):
    """Two uniform numbers for a counter."""
    mask, step = 2**64 - 1, 0x9E3779B97F4A7C15
    key = mix((seed + step * (iteration + 1)) & mask)
    key = mix((key + step * (particle + 1)) & mask)
    z = mix((key + step * (counter + 1)) & mask)
    return (z >> 32) / 2**32, (z & 0xFFFFFFFF) / 2**32


def swarm(
    func, sizes, seed, n, iterations, w=(0.9, 0.4), c1=1.49, c2=1.49, v_max=0.2, vd_max=5,
    clip=False, max_crowd=None,
):  # fmt: skip
    """The pseudo-code of multi-dimensional PSO, one particle and one component at a time."""
    dims, offsets = range(len(sizes)), np.concatenate([[0], np.cumsum(sizes)])
    total = int(offsets[-1])
    xx, vx, xd, vd, home = [], [], [], [], []
    for a in range(n):
        flat = [pair(seed, 0, a, j) for j in range(total)]
        xx.append([[2 * r - 1 for r, _ in flat[offsets[d] : offsets[d + 1]]] for d in dims])
        vx.append(
            [[(2 * r - 1) * v_max for _, r in flat[offsets[d] : offsets[d + 1]]] for d in dims]
        )
        r1, r2 = pair(seed, 0, a, total)
        xd.append(int(r1 * len(sizes)))
        vd.append(int(r2 * (2 * vd_max + 1)) - vd_max)
        home.append(xd[a])
    fp = [[math.inf for _ in dims] for _ in range(n)]
    xy = [[list(xx[a][d]) for d in dims] for a in range(n)]
    fg, gb = [math.inf for _ in dims], [[0.0] * sizes[d] for d in dims]
    history, visited = [], []
    for t in range(iterations):
        visited.append(list(xd))
        for a in range(n):
            d = xd[a]
            f = func(np.array(xx[a][d]))
            if f <= fp[a][d]:
                fp[a][d], xy[a][d] = f, list(xx[a][d])
                if f <= fp[a][home[a]]:
                    home[a] = d
                if f < fg[d]:
                    fg[d], gb[d] = f, list(xx[a][d])
        history.append(min(fg))
        if t == iterations - 1:
            break
        best = fg.index(min(fg))
        inertia = w[0] - (w[0] - w[1]) * t / (iterations - 1)
        for a in range(n):
            d = xd[a]
            for j in range(sizes[d]):
                r1, r2 = pair(seed, t + 1, a, j)
                x, v = xx[a][d][j], vx[a][d][j]
                v = inertia * v + c1 * r1 * (xy[a][d][j] - x) + c2 * r2 * (gb[d][j] - x)
                v = min(max(v, -v_max), v_max)
                vx[a][d][j] = v
                xx[a][d][j] = min(max(x + v, -1), 1) if clip else x + v
            r1, r2 = pair(seed, t + 1, a, sizes[d])
            v = math.floor(vd[a] + c1 * r1 * (home[a] - d) + c2 * r2 * (best - d))
            vd[a] = min(max(v, -vd_max), vd_max)
            target = d + vd[a]
            if 0 <= target < len(sizes) and (
                target == d or max_crowd is None or xd.count(target) < max_crowd
            ):
                xd[a] = target
    return history, fg, gb, visited


def greedy(X, positive, pnr):
    """All pairs of a positive and a negative in the order of their distance."""
    rows, others = np.flatnonzero(positive), np.flatnonzero(~np.asarray(positive))
    pairs = sorted((math.dist(X[p], X[n]), p, n) for p in rows for n in others)
    taken, counts = set(), dict.fromkeys(rows.tolist(), 0)
    for _, p, n in pairs:
        if n not in taken and counts[p] < pnr:
            taken.add(n)
            counts[p] += 1
    return sorted([*rows.tolist(), *map(int, taken)])
