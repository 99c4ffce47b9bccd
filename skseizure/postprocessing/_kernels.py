"""Compiled count of events for many settings of a detector; imports numba, so import it on use."""

import numpy as np

from .._core.compiled import compiled


@compiled()
def alarm_runs(values, high, low, gap, shortest, causal, first, last):
    """Write the first and last window of each alarm in a stretch; return the number of alarms.

    The same as `hysteresis` and then `merge_and_drop`, or `hold_and_confirm` if ``causal``, in one
    pass.
    """
    on = False
    n_runs = 0
    begin = -1  # first window of the event, filled gaps included; -1 outside of events
    confirmed = -1  # window in which a causal alarm begins
    last_on = -1
    for t in range(len(values) + 1):
        ended = t == len(values)
        if not ended:
            if values[t] >= high:
                on = True
            elif values[t] < low:
                on = False
        if begin >= 0 and (ended or (not on and t - last_on > gap)):
            if causal:
                if confirmed >= 0:
                    first[n_runs], last[n_runs] = confirmed, min(last_on + gap, len(values) - 1)
                    n_runs += 1
            elif last_on - begin + 1 >= shortest:
                first[n_runs], last[n_runs] = begin, last_on
                n_runs += 1
            begin = confirmed = -1
        if on and not ended:
            if begin < 0:
                begin = t
            if confirmed < 0 and t - begin + 1 >= shortest:
                confirmed = t
            last_on = t
    return n_runs


@compiled()
def _count_record(start, end, n, wide, wide_grid, found, min_overlap, longest, min_gap, grid):
    """Count references found and false alarms of one record, as `count_events` does.

    ``start`` and ``end`` hold the ``n`` alarms in order, and are overwritten by the merged ones,
    whose number is returned, too.
    """
    n_merged = 0
    for i in range(n):
        if n_merged and start[i] - end[n_merged - 1] < min_gap:
            end[n_merged - 1] = max(end[n_merged - 1], end[i])
        else:
            start[n_merged], end[n_merged] = start[i], end[i]
            n_merged += 1
    true_positives = 0
    for j in range(len(wide)):
        samples = 0
        for i in range(n_merged):
            low = max(np.int64(np.rint(start[i] * grid)), wide_grid[j, 0])
            high = min(np.int64(np.rint(end[i] * grid)), wide_grid[j, 1])
            samples += max(high - low, 0)
        found[j] = samples / grid > (min_overlap + 1e-6) * (wide[j, 1] - wide[j, 0])
        true_positives += found[j]
    false_positives = 0
    for i in range(n_merged):
        low, stop = start[i], end[i]
        while True:
            long = stop - low > longest
            piece_end = low + longest if long else stop
            first, last = np.int64(np.rint(low * grid)), np.int64(np.rint(piece_end * grid))
            touches = False
            for j in range(len(wide)):
                if found[j] and wide_grid[j, 0] < last and wide_grid[j, 1] > first:
                    touches = True
            if not touches or last <= first:
                false_positives += 1
            if not long:
                break
            low = piece_end
    return true_positives, false_positives, n_merged


@compiled()
def _write_latencies(start, end, n, wide_grid, found, seizure, onset, latency, grid):
    """Write the seconds to the first alarm of each seizure found in a record, as `count_events`.

    ``start`` and ``end`` hold the ``n`` merged alarms; ``seizure`` (n_parts,) is the seizure that
    each widened part is of, ``onset`` (n_seizures,) their onsets.
    """
    search_from = np.int64(0)
    before = np.int64(-1)
    for j in range(len(seizure)):
        if seizure[j] != before:
            before, search_from = seizure[j], wide_grid[j, 0]
        if not found[j] or not np.isnan(latency[before]):
            continue
        for i in range(n):
            stop = np.int64(np.rint(end[i] * grid))
            if stop > search_from and stop > np.int64(np.rint(start[i] * grid)):
                latency[before] = max(start[i] - onset[before], 0.0)
                break


@compiled()
def count_settings(
    values,
    bounds,
    record,
    cell,
    wide,
    wide_grid,
    wide_bounds,
    seizure,
    onset,
    settings,
    causal,
    rules,
    grid,
):
    """Count references found and false alarms of every record, for many settings.

    ``values`` (n_windows,) are smoothed probabilities, stretch after stretch, those of a record
    together; stretch s begins at ``bounds[s]`` and is of the record ``record[s]``. ``cell``
    (n_windows, 2) is the time in seconds that each window stands for. ``wide`` and ``wide_grid``
    hold the widened references in seconds and on the grid, those of a record from
    ``wide_bounds[record]``; ``seizure`` is the number of the seizure that each is a part of, and
    ``onset`` (n_seizures,) where it begins. ``settings`` (n_settings, 4) are upper and lower
    threshold, longest gap and shortest event; ``rules`` minimum overlap, longest event and gap.

    Returns the counts, shape (n_settings, n_records, 2), and the latency of each seizure in
    seconds, shape (n_settings, n_seizures), nan if it was not found.
    """
    n_records = len(wide_bounds) - 1
    out = np.zeros((len(settings), n_records, 2), dtype=np.int64)
    latency = np.full((len(settings), len(onset)), np.nan)
    start, end = np.empty(len(values)), np.empty(len(values))
    first = np.empty(len(values), dtype=np.int64)
    last = np.empty(len(values), dtype=np.int64)
    found = np.zeros(len(wide), dtype=np.bool_)
    min_overlap, longest, min_gap = rules
    for k in range(len(settings)):
        high, low = settings[k, 0], settings[k, 1]
        gap, shortest = np.int64(settings[k, 2]), np.int64(settings[k, 3])
        n_alarms = 0
        for s in range(len(record)):
            a, b = bounds[s], bounds[s + 1]
            n_runs = alarm_runs(values[a:b], high, low, gap, shortest, causal, first, last)
            for i in range(n_runs):
                start[n_alarms], end[n_alarms] = cell[a + first[i], 0], cell[a + last[i], 1]
                n_alarms += 1
            if s + 1 == len(record) or record[s + 1] != record[s]:
                r = record[s]
                c, d = wide_bounds[r], wide_bounds[r + 1]
                out[k, r, 0], out[k, r, 1], n_merged = _count_record(
                    start,
                    end,
                    n_alarms,
                    wide[c:d],
                    wide_grid[c:d],
                    found[c:d],
                    min_overlap,
                    longest,
                    min_gap,
                    grid,
                )
                _write_latencies(
                    start,
                    end,
                    n_merged,
                    wide_grid[c:d],
                    found[c:d],
                    seizure[c:d],
                    onset,
                    latency[k],
                    grid,
                )
                n_alarms = 0
    return out, latency
