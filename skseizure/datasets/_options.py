"""The options that all loaders share: their meaning, and how a record is opened with them."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from skseizure.signals import (
    Events,
    Recording,
    Windows,
    mark_quality,
    read_edf,
    read_events,
    read_recording,
)

# What the remedies that readers recommend are called at the door of a loader.
OUR_NAMES = {"resample_to": "sfreq", "units or blank_unit": "units"}
OUR_FORMATS = (".edf", ".bdf", ".rec")  # read without MNE

# Each option's type, and what docstrings say of it. The default is taken from the signature.
DOCS = {
    "window": ("float", "Length of a window in seconds."),
    "step": ("float", "Seconds from one window to the next. If None, ``window``."),
    "montage": (
        "str, sequence of str or None",
        "Montage to bring every record to, see `to_bipolar`. If None, channels stay as they are, "
        "and must be the same in all records.",
    ),
    "sfreq": (
        "float",
        "Sampling rate in Hz to bring every record to. If None, records stay as they are, and "
        "must agree.",
    ),
    "units": (
        '{"nV", "uV", "mV", "V"} or mapping of str to these',
        "Unit of the channels, where files state none that can be read; see `read_recording`.",
    ),
    "types": (
        "mapping of str to str",
        "What the types of events in tables and annotations mean, see :ref:`event_types`.",
    ),
    "preprocess": (
        "callable",
        "Called with each whole `Recording` in its montage and at its rate, for example to filter; "
        "returns a `Recording`.",
    ),
    "quality": (
        "bool or sequence of str",
        "Checks on the signal in its montage, before ``preprocess``, whose findings count as "
        "unjudged; see `mark_quality`. If True, its default checks.",
    ),
    "max_unjudged": (
        "float",
        "Largest share of a window that may lie in time that cannot be judged. Windows with more "
        "are left out.",
    ),
    "bad_channels": (
        '{"raise", "interpolate", "nan", "drop", "keep"}',
        "What to do with channels that ``quality`` finds bad throughout, or that MNE's formats "
        "mark as bad; see `mark_quality`.",
    ),
    "min_overlap": (
        "float",
        "Share of a window that must be ictal for the window to be; see `Windows.labels`.",
    ),
    "on_error": (
        '{"raise", "skip"}',
        "What to do with a record that cannot be used, whatever the reason: raise, or leave it "
        "out, name it in a warning and give the reason in ``X.report_``.",
    ),
    "lazy": (
        "bool",
        "If True, leave the signals in their files until windows are taken, so that memory does "
        "not grow with the corpus. With ``preprocess`` or ``quality``, each record is read once "
        "for its shape. See `Windows.from_edf`.",
    ),
    "return_events": ("bool", "If True, also return the seizures as events."),
    "verbose": ("bool", "If True, show progress."),
    "on_missing": (
        '{"raise", "skip"}',
        "Former name of ``on_error``.",
    ),
}

Loader = TypeVar("Loader", bound=Callable[..., Any])


def document_options(loader: Loader) -> Loader:
    """Insert the shared options into a docstring, in place of the line ``{options}``."""
    text = inspect.cleandoc(loader.__doc__ or "")
    entries = []
    for name, parameter in inspect.signature(loader).parameters.items():
        if name not in DOCS or f"\n{name} : " in text:
            continue
        kind, about = DOCS[name]
        default = '"deprecated"' if name == "on_missing" else _literal(parameter.default)
        about = "\n".join(f"    {line}" for line in _wrapped(about))
        entries.append(f"{name} : {kind}, default={default}\n{about}")
    loader.__doc__ = text.replace("{options}", "\n".join(entries))
    return loader


def _literal(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 90, break_long_words=False, break_on_hyphens=False)


@dataclass(frozen=True)
class Options:
    """What all loaders take alike; `DOCS` says what each option means."""

    window: float
    step: float | None = None
    montage: str | Sequence[str] | None = "double banana"
    sfreq: float | None = None
    units: Any = None
    types: Mapping[str, str] | None = None
    preprocess: Callable[[Recording], Recording] | None = None
    quality: bool | Sequence[str] = False
    max_unjudged: float = 0.0
    bad_channels: Any = "raise"
    min_overlap: float = 0.5
    on_error: str = "raise"
    lazy: bool = False
    return_events: bool = False
    verbose: bool = False

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Options:
        """Pick the options out of a loader's arguments.

        Parameters
        ----------
        given : mapping of str to object
            The arguments by name, such as ``locals()`` on the loader's first line.

        Returns
        -------
        Options
        """
        chosen = {field.name: given[field.name] for field in fields(cls) if field.name in given}
        former = given.get("on_missing", "deprecated")
        if former != "deprecated":
            check_option("on_missing", former, ("raise", "skip"))
            warnings.warn(
                "on_missing is deprecated, and means on_error now; pass "
                f"on_error={former!r} instead.",
                FutureWarning,
                stacklevel=3,
            )
            chosen["on_error"] = former
        check_option("on_error", chosen.get("on_error", "raise"), ("raise", "skip"))
        return cls(**chosen)

    def open(
        self,
        path: Path,
        *,
        record: str,
        patient: str | None,
        offset: float = 0.0,
        channels: Sequence[str] | None = None,
        annotated: bool = False,
    ) -> tuple[Recording, Events | None]:
        """Open a file lazily, in the montage and at the rate that are wanted.

        Parameters
        ----------
        path : Path
            The file, of any format.
        record, patient : str
            Their names.
        offset : float, default=0.0
            Seconds from the start of the record to that of the file.
        channels : sequence of str, default=None
            Channels that may be used. If None, all that hold EEG.
        annotated : bool, default=False
            Whether the annotations in the file are to be taken for its events. If False, a table
            says what is a seizure, and notes of any kind in the file mean nothing.

        Returns
        -------
        recording : Recording
        events : Events or None
            Only with ``annotated``.
        """
        shared: dict[str, Any] = {
            "channels": channels,
            "montage": self.montage,
            "resample_to": self.sfreq,
            "units": self.units,
            "record": record,
            "patient": patient,
            "lazy": True,
        }
        events: Events | None = None
        try:
            if not annotated and path.suffix.lower() in OUR_FORMATS:
                recording = read_edf(path, **shared)
            else:
                types = self.types if annotated else {"*": "other", **(self.types or {})}
                recording, events = read_recording(
                    path, types=types, bad_channels=self.bad_channels, **shared
                )
        except ValueError as error:
            text = str(error)
            for name, ours in OUR_NAMES.items():
                text = text.replace(name, ours)
            if type(error) is not ValueError or text == str(error):
                raise
            raise ValueError(text) from error
        if offset:
            start = recording.start and recording.start - timedelta(seconds=offset)
            recording = recording.replace(offset=offset, start=start)
        return recording, events if annotated else None

    def read_table(self, table: Path, recording: Recording, **options: Any) -> Events:
        """Read the events of a recording from the table beside it."""
        return read_events(
            table,
            record=recording.record,
            patient=recording.patient,
            types=self.types,
            duration=recording.duration,
            **options,
        )

    def cut(self, recording: Recording, events: Events) -> tuple[Recording, Windows]:
        """Judge, load, preprocess and cut a recording.

        Parameters
        ----------
        recording : Recording
            As `open` returns it.
        events : Events
            Its events; what they mark as unjudged holds for the recording, too.

        Returns
        -------
        recording : Recording
            With all its unjudged time.
        windows : Windows
        """
        recording = recording if self.lazy else recording.load()
        if self.quality:
            checks: dict[str, Any] = {} if self.quality is True else {"checks": tuple(self.quality)}
            recording = mark_quality(recording, bad_channels=self.bad_channels, **checks)
        if self.preprocess is not None:
            recording = recording.apply(self.preprocess)
        spans = [span for info in events.recordings.values() for span in info.unjudged]
        recording = recording.replace(unjudged=(*recording.unjudged, *spans))
        windows = Windows.from_recording(
            recording, window=self.window, step=self.step, max_unjudged=self.max_unjudged
        )
        return recording, windows


def check_option(name: str, value: str, allowed: Sequence[str]) -> None:
    """Refuse a value that is not among those allowed."""
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, allowed))}.")
