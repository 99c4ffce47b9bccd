"""Readable reference of the criteria: counting by dictionaries, sums of p log p."""

import math
from collections import Counter
from itertools import pairwise

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


def description_length_gain(labels, cut):
    """Bits that a cut of sorted rows saves by Fayyad and Irani (1993), with entropies by `entropy`.

    N Gain - log2(N - 1) - log2(3^k - 2) + k Ent(S) - k1 Ent(S1) - k2 Ent(S2).
    """

    def bits(part):
        return entropy(part) / math.log(2)

    left, right = labels[:cut], labels[cut:]
    n, k = len(labels), len(set(labels))
    gain = n * bits(labels) - len(left) * bits(left) - len(right) * bits(right)
    delta = math.log2(3**k - 2) - (
        k * bits(labels) - len(set(left)) * bits(left) - len(set(right)) * bits(right)
    )
    return gain - math.log2(n - 1) - delta


def supervised_cuts(values, labels, starts, most):
    """Cut the bin that saves most, again and again; ``values`` are sorted."""
    edges = sorted({0, *starts, len(values)})
    while len(edges) - 1 < most:
        best = (1e-9, None)
        for low, high in pairwise(edges):
            for cut in range(low + 1, high):
                if values[cut] != values[cut - 1]:
                    gain = description_length_gain(list(labels[low:high]), cut - low)
                    best = max(best, (gain, cut), key=lambda pair: pair[0])
        if best[1] is None:
            break
        edges = sorted({*edges, best[1]})
    return edges[1:-1]
