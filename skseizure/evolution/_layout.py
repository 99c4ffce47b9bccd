"""Which columns of a table belong to which channel and group of features."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._core.errors import prefix_errors

# Columns by channel, then by group of features.
Columns = dict[str, dict[str, NDArray[np.intp]]]


@dataclass(frozen=True)
class Table:
    """What is known of the columns of a table.

    Parameters
    ----------
    n_columns : int
        Number of columns.
    n_channels : int or None
        Number of channels, where the table came in three dimensions.
    names : tuple of str or None
        Names of the columns.
    """

    n_columns: int
    n_channels: int | None
    names: tuple[str, ...] | None


def assign(
    table: Table, n_channels: int | None, feature_groups: Any
) -> tuple[Columns, tuple[str, ...] | None]:
    """Share out the columns.

    Parameters
    ----------
    table : Table
        The columns.
    n_channels : int or None
        The parameter of the classifiers.
    feature_groups : dict, sequence or None
        The parameter of the classifiers.

    Returns
    -------
    columns : dict of str to dict of str to ndarray of int
        Columns of each channel and group.
    names : tuple of str or None
        Names of the columns, if they were shared out by these.

    Raises
    ------
    ValueError
        If the number of columns, channels or names does not fit, or groups overlap, are empty or
        reach beyond the features of a channel.
    """
    names = table.names
    with prefix_errors("feature_groups"):
        named = _are_names(feature_groups)
    if named:
        names, feature_groups = tuple(map(str, feature_groups)), None
        if len(names) != table.n_columns:
            raise ValueError(
                f"feature_groups names {len(names)} columns, but X has {table.n_columns}."
            )
        if not _are_structured(names):
            raise ValueError(
                "feature_groups holds names that are not of the form channel__group__feature, the "
                f"first is {next(n for n in names if not _are_structured((n,)))!r}."
            )
    if feature_groups is None and names is not None and _are_structured(names):
        columns = columns_by_name(names)
        for given, what in (
            (n_channels, f"n_channels is {n_channels}"),
            (table.n_channels, f"X has {table.n_channels} channels"),
        ):
            if given not in (None, len(columns)):
                raise ValueError(
                    f"{what}, but the names of the columns tell of {len(columns)} channels: "
                    f"{', '.join(list(columns)[:5])}{', ...' * (len(columns) > 5)}."
                )
        return columns, names
    given = n_channels is not None or table.n_channels is not None
    n_channels = settle_channels(table, n_channels)
    width = table.n_columns // n_channels
    if feature_groups is None:
        groups = {"all": np.arange(width)}
    else:
        groups = check_groups(feature_groups, width)
        unused = width - sum(map(len, groups.values()))
        if unused and not given:
            warnings.warn(
                f"feature_groups leaves {unused} of {width} columns unused, all being taken for "
                "one channel; for more set n_channels (for one, n_channels=1 silences this).",
                UserWarning,
                stacklevel=4,
            )
    return _side_by_side(groups, n_channels, width), None


def grow(
    columns: Columns,
    n_columns: int,
    names: Sequence[str] | None,
    table: Table,
    name: str,
    members: Any,
) -> tuple[Columns, tuple[str, ...] | None]:
    """Share out a table that has a group more.

    Parameters
    ----------
    columns, n_columns, names : dict, int, sequence of str or None
        The old table, as shared out by `assign`, and its width.
    table : Table
        The new one.
    name : str
        Name of the new group.
    members : slice, sequence or None
        Its columns within a channel; for a table shared out by names, the names of all columns, or
        None where the table has them.

    Returns
    -------
    columns : dict of str to dict of str to ndarray of int
        Columns of each channel and group.
    names : tuple of str or None
        As `assign`.

    Raises
    ------
    ValueError
        If there is such a group already, or columns are missing or do not fit.
    """
    if any(name in groups for groups in columns.values()):
        raise ValueError(f"name is {name!r}, and there is a group of that name already.")
    if names is not None:
        return _grow_by_name(columns, names, table, name, members)
    n_channels = settle_channels(table, len(columns))
    width, old_width = table.n_columns // n_channels, n_columns // n_channels
    if members is None:
        if width <= old_width:
            raise ValueError(
                f"X has {width} features a channel and had {old_width} before; none is left for "
                f"the group {name!r}."
            )
        members = slice(old_width, width)
    groups = check_groups({**next(iter(columns.values())), name: members}, width)
    return _side_by_side(groups, n_channels, width), None


def _grow_by_name(
    columns: Columns, names: Sequence[str], table: Table, name: str, members: Any
) -> tuple[Columns, tuple[str, ...]]:
    new_names = table.names if members is None else tuple(map(str, members))
    if new_names is None or len(new_names) != table.n_columns or not _are_structured(new_names):
        raise ValueError(
            "the groups came from names channel__group__feature; X must be a data frame with such "
            f"names, or columns must hold them for all {table.n_columns} columns."
        )
    found = columns_by_name(new_names)
    extra = {
        (channel, group)
        for channel, groups in found.items()
        for group in groups
        if group != name and group not in columns.get(channel, {})
    }
    if extra:
        raise ValueError(
            f"X has columns of channel {min(extra)[0]!r}, group {min(extra)[1]!r}, which is "
            f"neither known nor the new group {name!r}; add one group at a time."
        )
    if all(name not in groups for groups in found.values()):
        raise ValueError(f"X has no column of the group {name!r}.")
    place = {column: i for i, column in enumerate(new_names)}
    missing = [column for column in names if column not in place]
    if missing:
        raise ValueError(f"X lacks {len(missing)} of the old columns, the first is {missing[0]!r}.")
    grown = {
        channel: {
            group: np.array([place[names[i]] for i in indices]) for group, indices in groups.items()
        }
        for channel, groups in columns.items()
    }
    for channel, groups in found.items():
        if name in groups:
            grown[channel][name] = groups[name]
    return grown, new_names


def _side_by_side(groups: dict[str, NDArray], n_channels: int, width: int) -> Columns:
    return {
        str(channel): {name: channel * width + group for name, group in groups.items()}
        for channel in range(n_channels)
    }


def settle_channels(table: Table, n_channels: int | None) -> int:
    """Return the number of channels of a table without names, see `assign`."""
    if table.n_channels is not None:
        if n_channels not in (None, table.n_channels):
            raise ValueError(
                f"n_channels is {n_channels}, but X has {table.n_channels} channels "
                "(n_frames, n_channels, n_features)."
            )
        return table.n_channels
    if table.n_columns % (n_channels or 1):
        raise ValueError(
            f"X has {table.n_columns} columns, which n_channels={n_channels} does not divide; "
            "every channel needs the same features, channel after channel."
        )
    return n_channels or 1


def columns_by_name(names: Sequence[str]) -> Columns:
    """Share out columns by their names ``channel__group__feature``."""
    if len(set(names)) < len(names):
        twice = next(name for name in names if list(names).count(name) > 1)
        raise ValueError(f"two columns have the name {twice!r}; every column needs its own.")
    columns: dict[str, dict[str, list[int]]] = {}
    for i, name in enumerate(names):
        # From the right, for a channel's name may hold anything.
        channel, group, _ = name.rsplit("__", 2)
        columns.setdefault(channel, {}).setdefault(group, []).append(i)
    return {
        channel: {group: np.array(members) for group, members in groups.items()}
        for channel, groups in columns.items()
    }


@prefix_errors("feature_groups")
def check_groups(feature_groups: Any, width: int) -> dict[str, NDArray[np.intp]]:
    """Return groups of columns within a channel of ``width`` features, see `assign`."""
    if not isinstance(feature_groups, Mapping):
        feature_groups = {str(i): group for i, group in enumerate(feature_groups)}
    if not feature_groups:
        raise ValueError("feature_groups is empty; at least one group is needed.")
    groups = {str(name): _indices(name, group, width) for name, group in feature_groups.items()}
    if len(groups) < len(feature_groups):
        raise ValueError(
            f"feature_groups has names that are equal as text: {list(feature_groups)}."
        )
    owner: dict[int, str] = {}
    for name, group in groups.items():
        for column in group.tolist():
            if column in owner:
                raise ValueError(
                    f"feature_groups: column {column} is in group {owner[column]!r} and in "
                    f"{name!r}; groups may not overlap, nor hold a column twice."
                )
            owner[column] = name
    return groups


def _indices(name: Any, group: Any, width: int) -> NDArray[np.intp]:
    if isinstance(group, slice):
        group = np.arange(width)[group]
    columns = np.asarray(group)
    if columns.ndim != 1 or not len(columns) or columns.dtype.kind not in "iu":
        raise ValueError(
            f"feature_groups: group {name!r} is {group!r}; a slice or whole numbers are needed, at "
            "least one."
        )
    outside = columns[(columns < 0) | (columns >= width)]
    if len(outside):
        raise ValueError(
            f"feature_groups: group {name!r} holds column {outside[0]}, but a channel has {width} "
            f"features, 0 to {width - 1}."
        )
    return columns.astype(np.intp)


def _are_names(feature_groups: Any) -> bool:
    return (
        feature_groups is not None
        and not isinstance(feature_groups, Mapping)
        and len(feature_groups) > 0
        and all(isinstance(name, str) for name in feature_groups)
    )


def _are_structured(names: Sequence[str]) -> bool:
    return all(name.count("__") >= 2 for name in names)
