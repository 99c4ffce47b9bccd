"""A fitted detector on samples or windows that arrive chunk by chunk."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._core.horizon import window_span
from .._core.labels import seizure_column, two_columns
from .._core.timeline import (
    ROUNDING,
    cells,
    covered,
    is_windows,
    segments,
    timeline_of,
    true_runs,
)
from ..signals import Events, RecordInfo, Windows
from ..signals._cut import in_samples
from ..signals._quality import DEFAULT, check_names
from ..signals._recording import channel_names
from ..signals._samples import sampling_rate
from ._alarms import Stretch
from ._live import Cutter, LiveRecord

Found = tuple[float, float, float]  # start and end in seconds, confidence


@dataclass
class _Record:
    """A record as far as it has arrived; its last window stands for all before it."""

    patient: str | None
    onset: float  # of the last window
    cell: tuple[float, float]  # of the last window, see `Windows.cells`
    alarm: bool  # whether the last window is in one
    start: float  # of the event that it is in, else of its cell
    confidence: float  # of that event so far, else of the window
    stretch: Stretch
    info: RecordInfo
    number: int  # of the stretch of the signal that the last window is in
    settled: float = 0.0  # seconds of all cells before the last
    finished: list[Found] = field(default_factory=list)
    tail: Windows | None = None  # windows that the features of the next ones average over

    @property
    def ongoing(self) -> list[Found]:
        return [(self.start, self.cell[1], self.confidence)] if self.alarm else []


class DetectorStream:
    """Detect seizures in samples or windows that arrive bit by bit.

    `SeizureDetector.stream` makes it. `push` takes samples as an amplifier gives them, `send`
    windows that are cut already. Whatever the chunks are, the events are those that
    `SeizureDetector.predict_events` finds in all windows at once, up to the rounding of the inner
    estimator, which may differ in the last digits with the number of windows that it is given. The
    state of a stream is its own: one fitted detector serves any number of them, and a stream can be
    pickled between two chunks.

    Parameters
    ----------
    detector : SeizureDetector
        Fitted, with ``causal=True``. Later changes of its parameters do not reach the stream.
    quality, sfreq, window, step, ch_names : optional
        How `push` cuts samples into windows, see `SeizureDetector.stream`.

    See Also
    --------
    SeizureDetector.predict_events : The same for windows that are all there.

    Notes
    -----
    Where a part of the detector declares that it looks back, as `MovingAverage` and ``smoothing``
    of a feature transformer do, the stream keeps the windows of so many seconds of each record and
    hands them to the inner estimator again with the next ones, so that chunks of one window cost as
    many times more.

    What is kept besides does not grow with time, but for the events and the unjudged spans.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from skseizure.features import BandFeatures
    >>> from skseizure.postprocessing import SeizureDetector
    >>> from skseizure.signals import Events, Windows
    >>> signal = np.random.default_rng(0).normal(scale=20, size=(2, 120 * 64))
    >>> signal[:, 40 * 64 : 70 * 64] *= 4
    >>> X = Windows.from_array(signal, sfreq=64, window=2)
    >>> y = X.labels(Events([40], [30], recordings={"0": 120}))
    >>> features = BandFeatures(["std"], ["alpha"], filtering="window")
    >>> classifier = make_pipeline(features, LogisticRegression())
    >>> detector = SeizureDetector(classifier, smoothing=6, causal=True).fit(X, y)
    >>> stream = detector.stream()
    >>> for i in range(0, len(X), 10):
    ...     found = stream.send(X[i : i + 10])
    ...     print(X.onset[i], found.onset.tolist(), len(stream.ongoing))
    0.0 [] 0
    20.0 [] 0
    40.0 [46.0] 1
    60.0 [46.0] 1
    80.0 [46.0] 0
    100.0 [] 0
    >>> at_once = detector.predict_events(X)
    >>> at_once.onset.tolist(), at_once.duration.tolist()
    ([46.0], [34.0])
    >>> stream.events.onset.tolist(), stream.events.duration.tolist()
    ([46.0], [34.0])

    The same from samples, one second at a time:

    >>> stream = detector.stream()
    >>> for second in np.split(signal, 120, axis=1):
    ...     found = stream.push(second)
    >>> stream.events.onset.tolist(), stream.events.duration.tolist()
    ([46.0], [34.0])
    """

    def __init__(
        self,
        detector: Any,
        *,
        quality: bool | Sequence[str] = False,
        sfreq: float | None = None,
        window: float | None = None,
        step: float | None = None,
        ch_names: Sequence[str] | None = None,
    ) -> None:
        self._detector = copy(detector)
        given = {"sfreq": sfreq, "window": window, "step": step, "ch_names": ch_names}
        self._cutter = _cutter(getattr(detector, "windows_in_", {}), given, quality)
        self._live: dict[str, LiveRecord] = {}
        self._column = seizure_column(detector)
        self._back, _ = window_span(detector.estimator_)  # seconds
        self._records: dict[str, _Record] = {}
        self._timing: tuple[float, float] | None = None  # step and length of the windows

    @overload
    def send(self, X: Windows, *, return_proba: Literal[False] = False) -> Events: ...

    @overload
    def send(
        self, X: Windows, *, return_proba: Literal[True]
    ) -> tuple[Events, NDArray[np.float64]]: ...

    def send(
        self, X: Windows, *, return_proba: bool = False
    ) -> Events | tuple[Events, NDArray[np.float64]]:
        """Take the next windows and say what they change.

        Parameters
        ----------
        X : Windows
            Windows of one or several records, each later than all windows of its record that were
            sent before. Gaps may lie within a chunk or between two.
        return_proba : bool, default=False
            Return the smoothed probabilities, too.

        Returns
        -------
        events : Events
            Of the records in X, the events that begin, go on or end with these windows. One that
            goes on is also in `ongoing`, and its end is that of the last window sent.
        proba : ndarray of float, shape (n_windows, 2)
            As `SeizureDetector.predict_proba`. Only with ``return_proba=True``.

        Raises
        ------
        TypeError
            If X is not a `Windows`.
        ValueError
            If a window is not later than those of its record before, step or length of the windows
            or the patient of a record differ from those before, or as the inner estimator. The
            stream stays as it was.
        """
        changed, seizure = self._advance_all(X)
        events = self._as_events(changed)
        return (events, two_columns(seizure, self._column)) if return_proba else events

    def _advance_all(self, X: Windows) -> tuple[dict[str, list[Found]], NDArray[np.float64]]:
        """Go on with windows, and return what they change by record, and their probabilities."""
        recordings = self._check(X)
        seizure, joined, tails = self._seizure(X, recordings)
        changed: dict[str, list[Found]] = {}
        advanced: dict[str, _Record] = {}
        time = timeline_of(X, len(X))
        in_time = np.concatenate([*time.stretches, np.zeros(0, dtype=np.intp)])
        names, code = np.unique(X.record[in_time], return_inverse=True)
        for name, info in recordings.items():
            rows = in_time[names[code] == name]
            tail = self._tail(joined, [*tails.get(name, []), *(rows + len(joined) - len(X))])
            record, last, seizure[rows] = self._advance(name, X, rows, seizure[rows], tail, info)
            advanced[name] = record
            changed[name] = record.finished[last:] + record.ongoing
        time.share(seizure)
        # Nothing below can fail: an error must leave the stream as it was.
        self._records |= advanced
        self._timing = (X.step, X.duration)
        return changed, seizure

    def push(
        self,
        samples: ArrayLike,
        *,
        start: float | None = None,
        record: str = "0",
        patient: str | None = None,
    ) -> Events:
        """Take the next samples of a record and say what they change.

        Parameters
        ----------
        samples : array-like, shape (n_channels, n)
            In microvolts, any number of them; ``(n,)`` for one channel. Where a sample of any
            channel is NaN or infinite, time is unjudged.
        start : float, default=None
            Time of the first of them in seconds from the start of the record. If None, they follow
            those before without a gap. Time that was left out is unjudged; a start that differs by
            up to 0.1 s from the end of the samples before is taken for jitter of a clock.
        record : str, default="0"
            Name of the record that the samples belong to.
        patient : str, default=None
            Name of its patient.

        Returns
        -------
        events : Events
            Of this record, the events that begin, go on or end with the windows that these samples
            complete, as from `send`. Its `RecordInfo` tells which time could not be judged.

        Raises
        ------
        ValueError
            If the samples are no numbers, have another number of channels or begin before the end
            of those before, if the record is of another patient, if nothing tells how to cut them
            into windows, or as `send`. The stream stays as it was.

        Warns
        -----
        UserWarning
            If the amplitude says that samples are in volts.

        Notes
        -----
        Whatever the chunks, windows are cut where `Windows.from_recording` cuts those of the whole
        recording, and give the same events. Two things need samples that are not there yet: clipped
        samples are told by the extremes of their second, not of the whole recording, and channels
        that are bad throughout are not found.
        """
        if self._cutter is None:
            raise ValueError(
                "the detector was not fitted on Windows, which tell how to cut samples; pass sfreq "
                "and window, and ch_names if there are several channels, to stream()."
            )
        known = self._live.get(record)
        live = LiveRecord(self._cutter, record, patient) if known is None else copy(known)
        if patient not in (None, live.patient):
            raise ValueError(
                f"record {record!r} is of patient {live.patient!r}; patient is {patient!r} now."
            )
        windows = live.push(samples, start)
        changed: dict[str, list[Found]] = {record: []}
        if windows:
            changed, _ = self._advance_all(Windows.concatenate(windows))
        self._live[record] = live
        return self._as_events(changed)

    @property
    def ongoing(self) -> Events:
        """Events that the last window of their record is in."""
        return self._as_events(
            {
                name: self._records[name].ongoing if name in self._records else []
                for name in self._names()
            }
        )

    @property
    def events(self) -> Events:
        """All events so far, those that go on included."""
        return self._as_events(
            {
                name: record.finished + record.ongoing if record else []
                for name in self._names()
                for record in [self._records.get(name)]
            }
        )

    def _names(self) -> list[str]:
        return list(self._records | self._live)

    def _info_of(self, name: str) -> RecordInfo | None:
        """Return what is known of a record; None as long as that is nothing."""
        info = self._records[name].info if name in self._records else None
        spans = self._live[name].unjudged if name in self._live else ()
        if not spans:
            return info
        if info is None:
            info = RecordInfo(spans[-1][1], 0.0, self._live[name].patient)
        return replace(info, unjudged=spans, duration=max(info.duration, spans[-1][1]))

    def _as_events(self, found: dict[str, list[Found]]) -> Events:
        times = np.array([event for events in found.values() for event in events]).reshape(-1, 3)
        return Events(
            times[:, 0],
            times[:, 1] - times[:, 0],
            record=np.repeat(list(found), [len(events) for events in found.values()]).astype(str),
            confidence=times[:, 2],
            recordings={name: info for name in found if (info := self._info_of(name)) is not None},
        )

    def _check(self, X: Any) -> dict[str, RecordInfo]:
        if not is_windows(X):
            raise TypeError(
                f"X is {type(X).__name__}; send needs Windows, which know the time and record of "
                "each window."
            )
        if self._timing not in (None, (X.step, X.duration)):
            raise ValueError(
                f"X has windows of {X.duration:g} s every {X.step:g} s; those before were of "
                "{1:g} s every {0:g} s.".format(*self._timing)
            )
        recordings = X.recordings()
        for name in recordings.keys() & self._records.keys():
            first, last = X.onset[X.record == name].min(), self._records[name].onset
            if first <= last + ROUNDING:
                raise ValueError(
                    f"X holds a window of record {name!r} at {first:g} s, but the stream has had "
                    f"this record up to {last:g} s; windows must be sent in order of time."
                )
            before, now = self._records[name].patient, recordings[name].patient
            if now != before:
                raise ValueError(
                    f"X holds windows of record {name!r} of patient {now!r}; those before were of "
                    f"patient {before!r}."
                )
        return recordings

    def _seizure(
        self, X: Windows, recordings: Iterable[str]
    ) -> tuple[NDArray[np.float64], Windows, dict[str, list[int]]]:
        """Return the probability of each window, and what the inner estimator was given for it.

        That is, before X, the tails of its records; for each of these their rows.
        """
        tails: dict[str, list[int]] = {}
        parts, n = [], 0
        for name in recordings:
            tail = self._records[name].tail if name in self._records else None
            if tail is not None:
                parts.append(tail)
                tails[name] = list(range(n, n + len(tail)))
                n += len(tail)
        joined = type(X).concatenate([*parts, X]) if parts else X
        proba = self._detector._inner_scores("predict_proba", joined)[n:, self._column]
        return np.array(proba, dtype=np.float64), joined, tails

    def _advance(
        self,
        name: str,
        X: Windows,
        rows: NDArray[np.intp],
        seizure: NDArray[np.float64],
        tail: Windows | None,
        info: RecordInfo,
    ) -> tuple[_Record, int, NDArray[np.float64]]:
        """Go on with a record, by rows of X in order of time and the probability of each.

        Returns its new state, the number of events that had been finished, and the smoothed
        probabilities.
        """
        patient = None if X.patient is None else str(X.patient[rows[0]])
        settings, before = self._detector._settings(X.step, patient), self._records.get(name)
        stretch, finished, settled = Stretch(settings), list[Found](), 0.0
        onset, confidence = X.onset[rows], seizure
        number = np.zeros(len(rows), dtype=np.intp) if X.stretch is None else X.stretch[rows]
        if before is not None:
            # The last window before stands first, with its event if it is in one.
            finished, settled = before.finished, before.settled
            stretch = copy(before.stretch)
            onset = np.concatenate([[before.onset], onset])
            confidence = np.concatenate([[before.confidence], confidence])
            number = np.concatenate([[before.number], number])
        known = len(onset) - len(rows)
        alarm = np.zeros(len(onset), dtype=bool)
        start, end = cells(np.full(len(onset), name), onset, X.duration).T
        begin = start.copy()
        if before is not None:
            start[0], begin[0], alarm[0] = before.cell[0], before.start, before.alarm
        found: list[Found] = []
        run = np.concatenate([[0], np.cumsum(np.diff(number) != 0)])  # in order of time
        for piece in segments(run, onset, X.step):
            new = piece[piece >= known]
            if len(new) == len(piece):
                stretch = Stretch(settings)
            if len(new):
                confidence[new], alarm[new] = stretch.push(confidence[new])
            found += [
                (float(begin[run[0]]), float(end[run[-1]]), float(confidence[run].max()))
                for run in (piece[i:j] for i, j in zip(*true_runs(alarm[piece]), strict=True))
            ]
        ongoing = found.pop() if alarm[-1] else (float(start[-1]), 0.0, float(confidence[-1]))
        info = self._info(before, info, float(onset[-1] + X.duration), X.duration)
        seconds = end - start
        if info.unjudged:
            seconds -= covered(start, seconds, np.array(info.unjudged))
        settled = float(np.cumsum([settled, *seconds[:-1]])[-1])
        record = _Record(
            patient=patient,
            onset=float(onset[-1]),
            cell=(float(start[-1]), float(end[-1])),
            alarm=bool(alarm[-1]),
            start=ongoing[0],
            confidence=ongoing[2],
            stretch=stretch,
            info=replace(info, observed=float(settled + seconds[-1])),
            number=int(number[-1]),
            settled=settled,
            finished=finished + found,
            tail=tail,
        )
        return record, len(finished), confidence[known:]

    @staticmethod
    def _info(before: _Record | None, now: RecordInfo, end: float, length: float) -> RecordInfo:
        """Add what new windows say of their record; where they overlap, the first to say it."""
        if before is None:
            return now
        past = before.info
        said = before.onset + length
        new = tuple((max(low, said), high) for low, high in now.unjudged if high > said)
        info = replace(past, unjudged=(*past.unjudged, *new))
        return replace(info, duration=max(end, *(high for _, high in info.unjudged), 0.0))

    def _tail(self, joined: Windows, rows: Sequence[int]) -> Windows | None:
        """Keep a copy of the last windows of a record, as far as the estimator may look back."""
        n = math.ceil(self._back / joined.step - ROUNDING)
        kept = joined[np.asarray(rows[-n:])] if n else joined[:0]
        if len(kept) == 0:
            return None
        return type(joined)(
            np.array(kept.data),
            sfreq=kept.sfreq,
            record=kept.record,
            onset=kept.onset,
            step=kept.step,
            ch_names=kept.ch_names,
            patient=kept.patient,
        )


def _cutter(
    fitted: dict[str, Any], given: dict[str, Any], quality: bool | Sequence[str]
) -> Cutter | None:
    """Return how samples become windows, by what was given and else as in training."""
    checks: tuple[str, ...] = ()
    if quality is not False:
        checks = check_names(DEFAULT if quality is True else quality)
    if given["window"] is not None and given["step"] is None:
        given["step"] = given["window"]
    chosen = fitted | {name: value for name, value in given.items() if value is not None}
    if "sfreq" not in chosen or "window" not in chosen:
        return None
    sfreq = sampling_rate(chosen["sfreq"])
    n_times, n_step = in_samples(sfreq, chosen["window"], chosen["step"])
    names = tuple(chosen.get("ch_names", ["ch0"]))
    return Cutter(sfreq, n_times, n_step, channel_names(names, len(names)), checks)
