"""Read EDF and BDF files into recordings."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import DTypeLike

from .._core.amplitude import LARGEST_AMPLITUDE
from ._edf_file import EdfChannel, EdfFile, EdfStretch, shortest
from ._edf_header import Header, read_header, refuse
from ._montage import derive, to_bipolar
from ._recording import Recording
from ._units import Unit, Units, microvolts


def read_edf(
    path: str | os.PathLike[str],
    *,
    channels: Sequence[str] | None = None,
    montage: str | Sequence[str] | None = None,
    resample_to: float | None = None,
    units: Unit | Mapping[str, Unit] | None = None,
    blank_unit: Unit | None = None,
    record: str | None = None,
    patient: str | None = None,
    on_gap: Literal["split", "raise", "ignore"] = "split",
    strict: bool = False,
    dtype: DTypeLike = np.float32,
    lazy: bool = False,
) -> Recording:
    """Read an EDF, EDF+ or BDF file as a recording in microvolts.

    Parameters
    ----------
    path : str or path-like
        The file. Its first bytes, not its name, tell EDF from BDF.
    channels : sequence of str, default=None
        Channels to read, in this order. If None, every channel that holds a voltage, or those that
        ``montage`` needs. Others, such as a temperature or a placeholder without calibration, are
        left out with a warning that names them. Labels that occur more than once get running
        numbers, as in MNE: CHB-MIT's ``T8-P8-0`` and ``T8-P8-1``.
    montage : str or sequence of str, default=None
        Montage to bring the recording to, see `to_bipolar`. Only the channels that it needs are
        decoded and resampled. If None, channels stay as they are.
    resample_to : float, default=None
        Sampling rate in Hz to bring every channel to, by ``scipy.signal.resample_poly``. If None,
        the channels must share one rate.
    units : {"nV", "uV", "mV", "V"} or mapping of str to these, default=None
        Unit of the channels in place of what the file states, by their names. A single unit holds
        for all channels whose unit in the file is a voltage, blank or unreadable.
    blank_unit : {"nV", "uV", "mV", "V"}, default=None
        Unit of channels whose unit in the file is blank or unreadable, such as ``?V``. If None,
        they count as no voltage.
    record : str, default=None
        Name of the record. If None, the file's name without its extension.
    patient : str, default=None
        Name of the patient; it is never taken from the file.
    on_gap : {"split", "raise", "ignore"}, default="split"
        What to do if the time stamps of the data records show a gap: read the stretches between
        gaps (see `Recording`) with a warning, refuse the file, or ignore all time stamps but the
        first and take all samples as one signal.
    strict : bool, default=False
        If True, refuse a file with more or fewer bytes than its header says. If False, read the
        whole data records that are there, with a warning that says what was done.
    dtype : {numpy.float32, numpy.float64}, default=numpy.float32
        Type of the signal; 16 bits of an EDF sample fit float32, as do 24 bits of a BDF sample.
    lazy : bool, default=False
        If True, read the header and the time stamps only. The samples stay in the file until
        `Recording.load` or ``numpy.asarray`` of its ``data`` reads them.

    Returns
    -------
    Recording
        Signal in microvolts; ``start`` is None where the file's date is anonymised or unreadable.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is empty, holds no whole data record, is neither EDF nor BDF, or holds
        annotations only; if data records overlap in time, or their time stamps drift by more than
        0.1 s or are missing though there are gaps; if a channel asked for is not there or holds no
        voltage; if sampling rates differ and ``resample_to`` is None; or as ``strict`` and
        ``on_gap`` say. The message names the file and the cause.
    MissingChannelsError
        If derivations of ``montage`` cannot be had, a ValueError.

    Warns
    -----
    UserWarning
        If channels are left out, or the file does not fit its header or has gaps.

    See Also
    --------
    Windows.from_edf : Reads a file and cuts it into windows.

    Notes
    -----
    Gaps are found by the time stamps of the data records [1]_, whether the file calls itself EDF+D
    or not. A file whose header leaves the number of data records open (-1), or states another
    than it holds, is read as edfio and MNE read it: by its size. A digital minimum above the
    maximum turns the sign, as in both. The ``Status`` channel of BDF is a trigger word, not a
    voltage.

    References
    ----------
    .. [1] B. Kemp, J. Olivan, "European data format 'plus' (EDF+), an EDF alike standard format
       for the exchange of physiological data", Clin. Neurophysiol. 114 (2003) 1755-1761.

    Examples
    --------
    >>> import edfio, numpy as np, os, tempfile
    >>> from skseizure.signals import read_edf
    >>> wave = 100 * np.sin(np.arange(2560) / 10)
    >>> signal = edfio.EdfSignal(wave, 256, label="F3-C3", physical_dimension="uV")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "night1.edf")
    ...     edfio.Edf([signal]).write(path)
    ...     recording = read_edf(path)
    >>> recording
    Recording('night1': 1 channels, 10.0 s at 256 Hz)
    >>> bool(np.abs(recording.data - wave).max() < 0.01)
    True
    """
    path, dtype = Path(path), check_dtype(dtype)
    check_on_gap(on_gap)
    file = open_file(
        path,
        channels=channels,
        montage=montage,
        resample_to=resample_to,
        units=Units(units, blank_unit),
        record=record,
        patient=patient,
        on_gap=on_gap,
        strict=strict,
        dtype=dtype,
    )
    if montage is None:
        return file.lazily() if lazy else file.read()
    if lazy:
        return to_bipolar(file.lazily(), montage)
    names, sums = derive([channel.name for channel in file.channels], montage, file.record)
    return file.read(dict(zip(names, sums, strict=True)))


def check_dtype(dtype: DTypeLike) -> np.dtype:
    """Return the type of a signal, or raise if it is none."""
    dtype = np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype is {dtype}; float32 or float64 is needed.")
    return dtype


def check_on_gap(on_gap: str) -> None:
    """Refuse what says nothing about gaps."""
    if on_gap not in ("split", "raise", "ignore"):
        raise ValueError(f"on_gap is {on_gap!r}; 'split', 'raise' or 'ignore' is needed.")


def open_file(
    path: Path,
    *,
    channels: Sequence[str] | None,
    montage: str | Sequence[str] | None,
    resample_to: float | None,
    units: Units,
    record: str | None,
    patient: str | None,
    on_gap: str,
    strict: bool,
    dtype: np.dtype,
) -> EdfFile:
    """Read a header and choose channels; see `read_edf`."""
    header = read_header(path, strict=strict, on_gap=on_gap)
    units.refuse_absent(header)
    record = path.stem if record is None else record
    scales, left_out = _choose(header, channels, units)
    if montage is not None:
        names = [header.names[i] for i in scales]
        needed = {i for terms in derive(names, montage, record)[1] for i, _ in terms}
        scales = {i: scale for n, (i, scale) in enumerate(scales.items()) if n in needed}
    elif left_out:
        warnings.warn(left_out, stacklevel=3)
    _check_rates(header, list(scales), resample_to)
    notes = [*header.notes, *_inverted(header, scales)]
    if notes:
        warnings.warn(f"{path}: {'; '.join(notes)}.", stacklevel=3)
    # edfio lists only signals without exactly this label, the header reader tells it loosely.
    label = f"{header.format} Annotations"
    listed = [i for i, signal in enumerate(header.signals) if signal["label"] != label]
    chosen = tuple(_channel(header, i, listed.index(i), scale) for i, scale in scales.items())
    sfreq = float(header.rate(next(iter(scales))) if resample_to is None else resample_to)
    return EdfFile(
        path=path.absolute(),
        state=header.state,
        format=header.format,
        n_bytes=header.n_bytes + header.n_records * sum(header.samples) * header.sample_bytes,
        fits=header.fits,
        record_bytes=sum(header.samples) * header.sample_bytes,
        n_signals=len(listed),
        channels=chosen,
        sfreq=sfreq,
        stretches=tuple(
            EdfStretch(start, n_records, shortest(chosen, n_records, sfreq))
            for start, n_records in header.stretches
        ),
        dtype=dtype,
        record=record,
        patient=patient,
        start=header.start,
    )


def _channel(header: Header, i: int, number: int, scale: float) -> EdfChannel:
    low, high = header.number(i, "physical_min"), header.number(i, "physical_max")
    least, most = header.number(i, "digital_min"), header.number(i, "digital_max")
    gain = scale * (high - low) / (most - least)
    return EdfChannel(
        name=header.names[i],
        number=number,
        place=sum(header.samples[:i]),
        width=header.samples[i],
        sfreq=header.rate(i),
        gain=gain,
        offset=scale * low - gain * least,
    )


def _inverted(header: Header, picks: Iterable[int]) -> list[str]:
    names = [
        header.names[i]
        for i in picks
        if header.number(i, "digital_min") > header.number(i, "digital_max")
    ]
    if not names:
        return []
    return [f"the digital minimum of {', '.join(names)} is above the maximum, which turns the sign"]


def _choose(
    header: Header, channels: Sequence[str] | None, units: Units
) -> tuple[dict[int, float], str]:
    """Return the number of each signal to read with its microvolts per unit, and a warning."""
    wanted = list(header.names)
    if channels is not None:
        if isinstance(channels, str):
            raise TypeError(f"channels is the string {channels!r}; a sequence of names is needed.")
        number = {name: i for i, name in header.names.items()}
        missing = [name for name in channels if name not in number]
        if missing or len(channels) == 0:
            refuse(
                header.path,
                f"channels asks for {', '.join(map(repr, missing)) or 'nothing'}; "
                f"present are {', '.join(number)}.",
            )
        wanted = [number[name] for name in channels]
    scales: dict[int, float] = {}
    faults = []
    for i in wanted:
        scale, fault = _scale(header, i, units)
        if fault:
            faults.append(f"{header.names[i]!r} ({fault})")
        else:
            scales[i] = scale
    unclear = any("blank" in fault or "no voltage" in fault for fault in faults)
    hint = " units or blank_unit states units." if unclear else ""
    if faults and (channels is not None or not scales):
        refuse(header.path, f"cannot read {', '.join(faults)} in microvolts.{hint}")
    warning = (
        f"{header.path}: left out {', '.join(faults)}; channels=[...] chooses without this "
        f"warning.{hint}"
    )
    return scales, warning if faults else ""


def _scale(header: Header, i: int, units: Units) -> tuple[float, str]:
    """Return the microvolts per physical unit of a signal, and what keeps it from being read."""
    signal = header.signals[i]
    unit = units.of(header.names[i], signal["unit"])
    scale = microvolts(unit)
    if scale is None:
        return 0.0, f"its unit {unit!r} is no voltage" if unit else "its unit is blank"
    if header.format == "BDF" and signal["label"] == "Status":
        return 0.0, "the trigger word of BDF"
    if header.samples[i] == 0:
        return 0.0, "it holds no samples"
    try:
        low, high = header.number(i, "physical_min"), header.number(i, "physical_max")
        first, last = header.number(i, "digital_min"), header.number(i, "digital_max")
    except ValueError as error:
        return 0.0, str(error).removeprefix(f"{header.path}: ").rstrip(".")
    if max(abs(low), abs(high)) * scale > LARGEST_AMPLITUDE:
        return 0.0, f"its physical range is beyond measure: {low:g} to {high:g} {unit}"
    if low == high:
        return 0.0, f"its physical range is empty: {low:g} to {high:g}"
    if first == last:
        return 0.0, f"its digital range is empty: {first:g} to {last:g}"
    return scale, ""


def _check_rates(header: Header, picks: list[int], resample_to: float | None) -> None:
    if resample_to is not None and not (np.isfinite(resample_to) and resample_to > 0):
        raise ValueError(f"resample_to is {resample_to!r}; a sampling rate above 0 Hz is needed.")
    rates: dict[float, list[str]] = {}
    for i in picks:
        rates.setdefault(header.rate(i), []).append(header.names[i])
    if len(rates) > 1 and resample_to is None:
        listed = "; ".join(
            f"{rate:g} Hz ({', '.join(names[:4])}{', ...' if len(names) > 4 else ''})"
            for rate, names in sorted(rates.items())
        )
        refuse(
            header.path,
            f"sampling rates differ: {listed}. Choose channels of one rate, or a rate for all "
            "with resample_to.",
        )
