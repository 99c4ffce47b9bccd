"""Epileptic seizure aggregation and the morphological filter of the CNBC paper, on arrays."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils._param_validation import validate_params

from .._core.parameters import Interval

FILTER_CONSTRAINTS = {
    "window": [Interval(Integral, 1, None, closed="left")],
    "neighborhood": [Interval(Integral, 1, None, closed="left")],
}


@validate_params(
    {"psi": ["array-like"], **FILTER_CONSTRAINTS},
    prefer_skip_nested_validation=True,
)
def morphological_filter(
    psi: ArrayLike, window: int = 9, neighborhood: int = 2
) -> NDArray[np.bool_]:
    """Erase lonely and fill enclosed seizure frames.

    The frames are cut into blocks of ``window`` frames; the last may be shorter. A block is *S*
    if more than half of its frames are seizure frames. All blocks are judged on the frames as they
    came in, then rewritten at once:

    - none of the ``2 * neighborhood`` blocks around it is S: its frames become non-seizure;
    - one of the ``neighborhood`` blocks before it is S and one of those after it: its frames
      become seizure;
    - else, and in the first and last ``neighborhood`` blocks, nothing changes.

    Parameters
    ----------
    psi : array-like of bool or 0 and 1, shape (n_frames,)
        Decision for each frame of one record, in order of time.
    window : int, default=9
        Frames in a block, W_S in the paper, which uses 9.
    neighborhood : int, default=2
        Blocks looked at on each side, dW in the paper, which uses 2.

    Returns
    -------
    ndarray of bool, shape (n_frames,)
        The filtered decisions.

    Raises
    ------
    ValueError
        If ``psi`` is not one-dimensional, holds anything but 0 and 1, or ``window`` or
        ``neighborhood`` is below 1.

    See Also
    --------
    aggregate_and_filter : The filter after each member of an ensemble.

    Notes
    -----
    Table 3 of [1]_; the number of blocks is ceil(n_frames / window), where the paper prints a
    product. Below ``2 * neighborhood + 1`` blocks nothing changes. With the defaults a run of 18
    frames or more is kept whole wherever it lies, one of 9 or fewer may vanish, and one of 17 that
    spreads 4 + 9 + 4 over three blocks loses its centre, since only the centre block is S. This is
    the published rule.

    References
    ----------
    .. [1] S. Kiranyaz, T. Ince, M. Zabihi, D. Ince. Automated patient-specific classification of
       long-term electroencephalography. Journal of Biomedical Informatics 49:16-31, 2014.

    Examples
    --------
    >>> from skseizure.postprocessing import morphological_filter
    >>> psi = [0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0]
    >>> morphological_filter(psi, window=3, neighborhood=1).astype(int).tolist()
    [0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0]
    """
    psi = _check_frames("psi", psi).copy()
    n_frames = len(psi)
    # Larger ones do the same; int for numpy's own integers, which may be without a sign.
    window, neighborhood = (min(int(size), n_frames + 1) for size in (window, neighborhood))
    starts = np.arange(0, n_frames, window)
    n_blocks = len(starts)
    length = np.diff(np.append(starts, n_frames))
    seizure = 2 * np.add.reduceat(psi, starts, dtype=np.intp) > length
    so_far = np.concatenate([[0], np.cumsum(seizure)])
    inner = np.arange(neighborhood, n_blocks - neighborhood)
    before = so_far[inner] > so_far[inner - neighborhood]
    after = so_far[inner + neighborhood + 1] > so_far[inner + 1]
    erase, fill = np.zeros((2, n_blocks), dtype=bool)
    erase[inner], fill[inner] = ~(before | after), before & after
    psi[np.repeat(erase, length)] = False
    psi[np.repeat(fill, length)] = True
    return psi


def epileptic_seizure_aggregation(*members: ArrayLike) -> NDArray[np.bool_]:
    """Join the seizure frames of all members of an ensemble.

    Parameters
    ----------
    *members : array-like of bool or 0 and 1, shape (n_frames,) each
        Decisions of each member for each frame; or one array of shape (n_members, n_frames).

    Returns
    -------
    ndarray of bool, shape (n_frames,)
        True where at least one member finds a seizure.

    Raises
    ------
    ValueError
        If there is no member, their lengths differ, or one holds anything but 0 and 1.

    Notes
    -----
    "ESA", Table 3 of Kiranyaz et al. 2014 (see `morphological_filter`).

    Examples
    --------
    >>> from skseizure.postprocessing import epileptic_seizure_aggregation
    >>> epileptic_seizure_aggregation([0, 1, 0, 0], [0, 0, 0, 1]).tolist()
    [False, True, False, True]
    """
    stacked = len(members) == 1 and np.ndim(members[0]) == 2
    return np.logical_or.reduce(_check_members(members[0] if stacked else members))


@validate_params(
    {"members": ["array-like"], **FILTER_CONSTRAINTS},
    prefer_skip_nested_validation=True,
)
def aggregate_and_filter(
    members: ArrayLike, window: int = 9, neighborhood: int = 2
) -> NDArray[np.bool_]:
    """Add the members of an ensemble one by one and filter after each.

    Parameters
    ----------
    members : array-like of bool or 0 and 1, shape (n_members, n_frames)
        Decisions of each member for each frame of one record, in order of time.
    window, neighborhood : int, default=9 and 2
        See `morphological_filter`.

    Returns
    -------
    ndarray of bool, shape (n_frames,)
        The decisions after the last member.

    Raises
    ------
    ValueError
        If there is no member, their lengths differ, or as `morphological_filter`.

    Notes
    -----
    "ESA + MF", Table 3 of Kiranyaz et al. 2014 (see `morphological_filter`). The order of the
    members matters, and the result is not the filtered union of all.

    Examples
    --------
    >>> from skseizure.postprocessing import aggregate_and_filter
    >>> members = [[0, 0, 1, 1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]
    >>> aggregate_and_filter(members, window=2, neighborhood=1).astype(int).tolist()
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    """
    frames = _check_members(members)
    psi = np.zeros(frames.shape[1], dtype=bool)
    for member in frames:
        psi = morphological_filter(psi | member, window, neighborhood)
    return psi


def _check_members(members: Any) -> NDArray[np.bool_]:
    frames = [_check_frames(f"members[{i}]", psi) for i, psi in enumerate(members)]
    if not frames:
        raise ValueError("members is empty; at least one member is needed.")
    lengths = [len(psi) for psi in frames]
    if len(set(lengths)) > 1:
        raise ValueError(f"members have {lengths} frames; all must have the same number.")
    return np.stack(frames)


def _check_frames(name: str, values: ArrayLike) -> NDArray[np.bool_]:
    frames = np.asarray(values)
    if frames.ndim != 1:
        raise ValueError(f"{name} has shape {frames.shape}; (n_frames,) is needed.")
    if frames.dtype == bool:
        return frames
    wrong = frames[~np.isin(frames, (0, 1))]
    if len(wrong):
        raise ValueError(f"{name} holds {wrong.tolist()[0]!r}; only 0 and 1 are decisions.")
    return frames.astype(bool)
