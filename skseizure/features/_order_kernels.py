"""Ranks and quartiles of values that arrive one by one, in a tree of counts (Fenwick's)."""

from __future__ import annotations

from numpy.typing import NDArray

from .._core.compiled import compiled

# A value is the number of its level among all that will come, so that the tree can be laid out
# beforehand: `tree[i]` counts the values of the levels below i, as far back as the last bit of i
# says. Adding and asking take one step for each bit.


@compiled()
def add(tree: NDArray, level: int) -> None:
    """Count a value."""
    i = level + 1
    while i < tree.size:
        tree[i] += 1
        i += i & -i


@compiled()
def below(tree: NDArray, level: int) -> int:
    """Return how many of the values counted are below a level."""
    total = 0
    while level > 0:
        total += tree[level]
        level -= level & -level
    return total


@compiled()
def level_of(tree: NDArray, place: int) -> int:
    """Return the level of the value at a place, from 0, among those counted in ascending order."""
    step = 1
    while 2 * step < tree.size:
        step *= 2
    level = 0
    while step > 0:
        if level + step < tree.size and tree[level + step] <= place:
            level += step
            place -= tree[level]
        step //= 2
    return level


@compiled()
def running_ranks(codes: NDArray, last: NDArray, tree: NDArray, ranks: NDArray) -> None:
    """Fill in the share of the values so far that are below each value, half of the equal ones in.

    ``codes`` are the levels in order of time; ``last`` is the last row of the same time as each.
    """
    first = 0
    for i in range(codes.size):
        add(tree, codes[i])
        if last[i] == i:
            for j in range(first, i + 1):
                lower = below(tree, codes[j])
                equal = below(tree, codes[j] + 1) - lower
                ranks[j] = (lower + equal / 2) / (i + 1)
            first = i + 1


@compiled()
def running_quartiles(codes: NDArray, levels: NDArray, tree: NDArray, quartiles: NDArray) -> None:
    """Fill in the quartiles of the values up to each, interpolated as `numpy.percentile` does."""
    for i in range(codes.size):
        add(tree, codes[i])
        for q in range(3):
            place = i * (q + 1) / 4
            lower = int(place)
            low = levels[level_of(tree, lower)]
            quartiles[i, q] = low
            if place > lower:
                high = levels[level_of(tree, lower + 1)]
                quartiles[i, q] = low + (high - low) * (place - lower)
