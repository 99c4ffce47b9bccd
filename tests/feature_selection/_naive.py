"""Readable reference of the criteria: counting by dictionaries, sums of p log p."""

import math
from collections import Counter

TOLERANCE = 1e-12


def entropy(*variables):
    rows = list(zip(*variables, strict=True))
    return -sum(c / len(rows) * math.log(c / len(rows)) for c in Counter(rows).values())


def information(a, b):
    """I(A; B) = sum p(a, b) log(p(a, b) / (p(a) p(b)))."""
    n = len(a)
    p_a, p_b = Counter(a), Counter(b)
    return sum(
        c / n * math.log(c * n / (p_a[u] * p_b[v]))
        for (u, v), c in Counter(zip(a, b, strict=True)).items()
    )


def conditional(a, b, given):
    """I(A; B | C) = sum p(c) I(A; B | C = c)."""
    total = 0.0
    for value in set(given):
        rows = [i for i, c in enumerate(given) if c == value]
        total += len(rows) / len(given) * information([a[i] for i in rows], [b[i] for i in rows])
    return total


def score(criterion, x, y, selected, beta=1.0):
    """The score of column ``x`` beside the selected columns, as the formulas are written."""
    relevance = information(x, y)
    joint = [information(list(zip(x, s, strict=True)), y) for s in selected]
    redundancy = [information(x, s) for s in selected]
    within = [conditional(x, s, y) for s in selected]
    excess = [r - w for r, w in zip(redundancy, within, strict=True)]
    if not selected or criterion == "mim":
        return relevance
    if criterion == "mifs":
        return relevance - beta * sum(redundancy)
    if criterion == "mrmr":
        return relevance - sum(redundancy) / len(selected)
    if criterion == "cife":
        return relevance - sum(excess)
    if criterion == "jmi":
        return sum(joint)
    if criterion == "jmi, conditional":
        return sum(conditional(x, y, s) for s in selected)
    if criterion == "jmi, mean":
        return relevance - sum(excess) / len(selected)
    if criterion == "jmim":
        return min(joint)
    if criterion == "cmim":
        return min([relevance, *(conditional(x, y, s) for s in selected)])
    if criterion == "disr":
        known = [entropy(x, s, y) for s in selected]
        return sum(i / h if h > 1e-9 else 0.0 for i, h in zip(joint, known, strict=True))
    assert criterion == "icap"
    return relevance - sum(max(0.0, e) for e in excess)


def select(criterion, columns, y, k, beta=1.0):
    """Select greedily; of scores within the tolerance of the best, the first column."""
    order, scores = [], []
    for _ in range(k):
        selected = [columns[j] for j in order]
        left = {
            j: score(criterion, x, y, selected, beta)
            for j, x in enumerate(columns)
            if j not in order
        }
        best = next(j for j, v in left.items() if v >= max(left.values()) - TOLERANCE)
        order.append(best)
        scores.append(left[best])
    return order, scores


def uncertainty(a, b):
    total = entropy(a) + entropy(b)
    return 2 * information(a, b) / total if total > 0 else 0.0


def fcbf(columns, y, threshold):
    worth = [uncertainty(x, y) for x in columns]
    left = [j for j, w in enumerate(worth) if w > threshold + TOLERANCE]
    kept = []
    while left:
        best = next(j for j in left if worth[j] >= max(worth[i] for i in left) - TOLERANCE)
        kept.append(best)
        left = [
            j
            for j in left
            if j != best and uncertainty(columns[best], columns[j]) < worth[j] - TOLERANCE
        ]
    return kept, [worth[j] for j in kept]
