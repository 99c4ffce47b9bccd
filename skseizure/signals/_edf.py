"""Read EDF and BDF files into recordings."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import DTypeLike

from .._core.amplitude import LARGEST_AMPLITUDE
from ._edf_file import EdfChannel, EdfFile, shortest
from ._edf_header import Header, read_header, refuse
from ._lazy import LazySignal
from ._recording import Recording

# In lower case; mu also as its two bytes in Shift-JIS, which Nihon Kohden writes.
MICROVOLTS = {"nano": 1e-3, "micro": 1.0, "milli": 1e3, "n": 1e-3, "m": 1e3, "": 1e6}
MICROVOLTS |= dict.fromkeys(("u", "\u03bc", "\x83\xea"), 1.0)
VOLTAGE = re.compile(f"({'|'.join(MICROVOLTS)}) *v(olts?)?")


def read_edf(
    path: str | os.PathLike[str],
    *,
    channels: Sequence[str] | None = None,
    resample_to: float | None = None,
    blank_unit: Literal["nV", "uV", "mV", "V"] | None = None,
    record: str | None = None,
    patient: str | None = None,
    dtype: DTypeLike = np.float32,
    lazy: bool = False,
) -> Recording:
    """Read an EDF, EDF+ or BDF file as one continuous recording in microvolts.

    Parameters
    ----------
    path : str or path-like
        The file. Its first bytes, not its name, tell EDF from BDF.
    channels : sequence of str, default=None
        Channels to read, in this order. None: every channel that holds a voltage; others, such as
        a temperature or a placeholder without calibration, are left out with a warning that names
        them. Labels that occur more than once get running numbers, as in MNE: CHB-MIT's
        ``T8-P8-0`` and ``T8-P8-1``.
    resample_to : float, default=None
        Sampling rate in Hz to bring every channel to, by ``scipy.signal.resample_poly``. None: the
        channels must share one rate.
    blank_unit : {"nV", "uV", "mV", "V"}, default=None
        Unit of channels whose physical dimension is blank. None: they count as no voltage.
    record : str, default=None
        Name of the record. None: the file's name without its extension.
    patient : str, default=None
        Name of the patient; it is never taken from the file.
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
        If the file is empty, cut off, longer than its header says, neither EDF nor BDF, holds
        annotations only, or is discontinuous; if a channel asked for is not there or holds no
        voltage; if sampling rates differ and ``resample_to`` is None. The message names the file
        and the cause.

    Warns
    -----
    UserWarning
        If channels are left out, or if the header leaves the number of data records open (-1) and
        it is taken from the size of the file.

    See Also
    --------
    Windows.from_edf : Reads a file and cuts it into windows.

    Notes
    -----
    EDF+D is read if the time stamps of its data records [1]_ show no gap; EDF+C whose time stamps
    do show one is refused all the same. The ``Status`` channel of BDF is a trigger word, not a
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
    path, dtype = Path(path), np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype is {dtype}; float32 or float64 is needed.")
    if blank_unit is not None and _microvolts(blank_unit) is None:
        raise ValueError(f"blank_unit is {blank_unit!r}; 'nV', 'uV', 'mV' or 'V' is needed.")
    header = read_header(path)
    scales = _choose(header, channels, blank_unit)
    _check_rates(header, list(scales), resample_to)
    # edfio lists only signals without exactly this label, the header reader tells it loosely.
    label = f"{header.format} Annotations"
    listed = [i for i, signal in enumerate(header.signals) if signal["label"] != label]
    chosen = tuple(_channel(header, i, listed.index(i), scale) for i, scale in scales.items())
    sfreq = float(header.rate(next(iter(scales))) if resample_to is None else resample_to)
    file = EdfFile(
        path=path.absolute(),
        state=header.state,
        format=header.format,
        n_records=header.n_records,
        n_bytes=header.n_bytes + header.n_records * sum(header.samples) * header.sample_bytes,
        n_signals=len(listed),
        channels=chosen,
        sfreq=sfreq,
        n_samples=shortest(chosen, sfreq),
        dtype=dtype,
        record=path.stem if record is None else record,
        patient=patient,
        start=header.start,
    )
    if not lazy:
        return file.read()
    # Whatever a file's 16 or 24 bits hold, its header has been found to scale it well.
    return file.recording(LazySignal(file, (len(chosen), file.n_samples), dtype, finite=True))


def _channel(header: Header, i: int, number: int, scale: float) -> EdfChannel:
    low, high = header.number(i, "physical_min"), header.number(i, "physical_max")
    least, most = header.number(i, "digital_min"), header.number(i, "digital_max")
    gain = scale * (high - low) / (most - least)
    return EdfChannel(
        name=header.names[i],
        number=number,
        n_samples=header.samples[i] * header.n_records,
        sfreq=header.rate(i),
        gain=gain,
        offset=scale * low - gain * least,
    )


def _microvolts(unit: str) -> float | None:
    """Return microvolts per unit, or None if the unit is no voltage."""
    match = VOLTAGE.fullmatch(unit.casefold())
    return None if match is None else MICROVOLTS[match[1]]


def _choose(
    header: Header, channels: Sequence[str] | None, blank_unit: str | None
) -> dict[int, float]:
    """Return the number of each signal to read, with its microvolts per physical unit."""
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
        scale, fault = _scale(header, i, blank_unit)
        if fault:
            faults.append(f"{header.names[i]!r} ({fault})")
        else:
            scales[i] = scale
    hint = (
        ""
        if blank_unit or not any("blank" in fault for fault in faults)
        else " blank_unit states the unit of those that leave it blank."
    )
    if faults and (channels is not None or not scales):
        refuse(header.path, f"cannot read {', '.join(faults)} in microvolts.{hint}")
    if faults:
        warnings.warn(
            f"{header.path}: left out {', '.join(faults)}; channels=[...] chooses without this "
            f"warning.{hint}",
            stacklevel=3,
        )
    return scales


def _scale(header: Header, i: int, blank_unit: str | None) -> tuple[float, str]:
    """Return the microvolts per physical unit of a signal, and what keeps it from being read."""
    signal = header.signals[i]
    unit = signal["unit"] or blank_unit or ""
    scale = _microvolts(unit)
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
    if first >= last:
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
