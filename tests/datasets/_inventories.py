"""What the published corpora hold: names, channels, seizures and lengths, without any signal.

Each corpus is written as EDF headers, correct to the byte, over samples that are a hole in the
file, with the side-cars and the slips of the published corpus.

Sources
-------
CHB-MIT : names of the 686 records, the 198 seizures and the montages of chb12 as in RECORDS, the
    summaries and headers of https://physionet.org/content/chbmit/1.0.0/ and quoted in public code:
    esl-epfl/epilepsy2bids (chb12_27 to 29 are referential), dougkoch/chb-mit, and audits of the
    headers there (chb12_27 against CS2, chb12_28 and 29 without a reference and with 01 for O1; 28
    channels and 256 surplus bytes in chb17b_69; the ten records of chb24 that its summary lacks;
    channels named "-" from chb11 on). Hours of each case as often tabulated, 980 in all; of them no
    page could be quoted.
Siena : RECORDS, subject_info.csv and Seizures-list-PNxx.txt of
    https://physionet.org/content/siena-scalp-eeg/1.0.0/, quoted by esl-epfl/epilepsy2bids and by
    public audits of the headers (41 files of 512 Hz, minutes of each patient by the headers, starts
    that differ from the lists in PN05-3 and PN14-3).
SeizeIT2 : types of events counted in the 2,850 tables of OpenNeuro ds005873 by public audits.

Public sources give no length of each record. A case's hours are shared equally among its records,
but a record lasts at least until its last seizure has ended.
"""

from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]

# ---------------------------------------------------------------------- EDF without samples


def write_header(path, labels, seconds, sfreq, *, start="01.01.17 00.00.00", surplus=0):
    """Write an EDF file whose samples are a hole; data records of 1 s."""
    path.parent.mkdir(parents=True, exist_ok=True)
    n = len(labels)
    date, time = start.split()
    head = [("0", 8), ("X X X X", 80), ("", 80), (date, 8), (time, 8), (256 * (n + 1), 8)]
    head += [("", 44), (seconds, 8), (1, 8), (n, 4)]
    fields = [(label, 16) for label in labels]
    for text, width in (
        *(("", 80), ("uV", 8), (-800, 8), (800, 8), (-2048, 8), (2047, 8)),
        *(("", 80), (sfreq, 8), ("", 32)),
    ):
        fields += [(text, width)] * n
    with path.open("wb") as file:
        file.write(b"".join(str(text).encode().ljust(width) for text, width in head + fields))
        file.truncate(256 * (n + 1) + 2 * n * sfreq * seconds + surplus)


def share(seconds, ends):
    """Share a case's length among its records, each at least as long as its last seizure."""
    lengths: dict[str, int] = {}
    rest = dict(ends)
    while rest:
        mean = (seconds - sum(lengths.values())) // len(rest)
        long = {name: end for name, end in rest.items() if end > mean}
        if not long:
            lengths |= dict.fromkeys(rest, mean)
            break
        lengths |= long
        rest = {name: end for name, end in rest.items() if name not in long}
    last = min(lengths, key=lengths.get)
    lengths[last] += seconds - sum(lengths.values())
    return lengths


def numbers(text):
    """Return "01-03 16+" as ["01", "02", "03", "16+"]."""
    names = []
    for part in text.split():
        first, _, last = part.partition("-")
        names += [f"{i:02d}" for i in range(int(first), int(last) + 1)] if last else [first]
    return names


# ---------------------------------------------------------------------- CHB-MIT

# Case: hours, records.
CHBMIT = {
    "chb01": (40.55, "01-27 29-34 36-43 46"),
    "chb02": (35.27, "01-16 16+ 17-35"),
    "chb03": (38.00, "01-38"),
    "chb04": (156.07, "01-19 21-43"),
    "chb05": (39.00, "01-39"),
    "chb06": (66.74, "01-10 12-18 24"),
    "chb07": (67.05, "01-19"),
    "chb08": (20.01, "02-05 10-24 29"),
    "chb09": (67.87, "01-19"),
    "chb10": (50.02, "01-08 12-22 27 28 30 31 38 89"),
    "chb11": (34.79, "01-19 24-27 53-56 58 60-63 82 92 99"),
    "chb12": (20.69, "06 08-11 19-21 23 24 27-29 32-42"),
    "chb13": (33.00, "02-16 18 19 21 22 24 30 36-40 47 55 56 58-60 62"),
    "chb14": (26.00, "01-04 06 07 11-14 16-20 22 24-27 29 30 32 37 39 42"),
    "chb15": (40.01, "01-17 19 20 22 26 28-33 35 37 40 45 46 49-52 54 61-63"),
    "chb16": (19.00, "01-19"),
    "chb17": (21.01, "a_03-a_06 a_08 b_57-b_60 b_63 b_67-b_69 c_02-c_08 c_13"),
    "chb18": (35.63, "01-36"),
    "chb19": (29.93, "01-30"),
    "chb20": (27.60, "01-08 11-17 21-23 25-31 34 59 60 68"),
    "chb21": (32.83, "01-33"),
    "chb22": (31.00, "01-11 15-30 38 51 54 77"),
    "chb23": (26.56, "06-10 16 17 19 20"),
    "chb24": (21.30, "01-22"),
}
CHBMIT_SEIZURES = """
chb01_03 2996 3036|chb01_04 1467 1494|chb01_15 1732 1772|chb01_16 1015 1066|chb01_18 1720 1810
chb01_21 327 420|chb01_26 1862 1963|chb02_16 130 212|chb02_16+ 2972 3053|chb02_19 3369 3378
chb03_01 362 414|chb03_02 731 796|chb03_03 432 501|chb03_04 2162 2214|chb03_34 1982 2029
chb03_35 2592 2656|chb03_36 1725 1778|chb04_05 7804 7853|chb04_08 6446 6557
chb04_28 1679 1781 3782 3898|chb05_06 417 532|chb05_13 1086 1196|chb05_16 2317 2413
chb05_17 2451 2571|chb05_22 2348 2465|chb06_01 1724 1738 7461 7476 13525 13540
chb06_04 327 347 6211 6231|chb06_09 12500 12516|chb06_10 10833 10845|chb06_13 506 519
chb06_18 7799 7811|chb06_24 9387 9403|chb07_12 4920 5006|chb07_13 3285 3381|chb07_19 13688 13831
chb08_02 2670 2841|chb08_05 2856 3046|chb08_11 2988 3122|chb08_13 2417 2577|chb08_21 2083 2347
chb09_06 12231 12295|chb09_08 2951 3030 9196 9267|chb09_19 5299 5361|chb10_12 6313 6348
chb10_20 6888 6958|chb10_27 2382 2447|chb10_30 3021 3079|chb10_31 3801 3877|chb10_38 4618 4707
chb10_89 1383 1437|chb11_82 298 320|chb11_92 2695 2727|chb11_99 1454 2206
chb12_06 1665 1726 3415 3447|chb12_08 1426 1439 1591 1614 1957 1977 2798 2824
chb12_09 3082 3114 3503 3535|chb12_10 593 625 811 856|chb12_11 1085 1122
chb12_23 253 333 425 522 630 670
chb12_27 916 951 1097 1124 1728 1753 1921 1963 2388 2440 2621 2669|chb12_28 181 215
chb12_29 107 146 554 592 1163 1199 1401 1447 1884 1921 3557 3584|chb12_33 2185 2206 2427 2450
chb12_36 653 680|chb12_38 1548 1573 2798 2821 2966 3009 3146 3201 3364 3410
chb12_42 699 750 945 973 1170 1199 1676 1701 2213 2236|chb13_19 2077 2121|chb13_21 934 1004
chb13_40 142 173 530 594|chb13_55 458 478 2436 2454|chb13_58 2474 2491|chb13_59 3339 3401
chb13_60 638 660|chb13_62 851 916 1626 1691 2664 2721|chb14_03 1986 2000
chb14_04 1372 1392 2817 2839|chb14_06 1911 1925|chb14_11 1838 1879|chb14_17 3239 3259
chb14_18 1039 1061|chb14_27 2833 2849|chb15_06 272 397|chb15_10 1082 1113|chb15_15 1591 1748
chb15_17 1925 1960|chb15_20 607 662|chb15_22 760 965|chb15_28 876 1066|chb15_31 1751 1871
chb15_40 834 894 2378 2497 3362 3425|chb15_46 3322 3429|chb15_49 1108 1248|chb15_52 778 849
chb15_54 263 318 843 1020 1524 1595 2179 2250 3428 3460|chb15_62 751 859|chb16_10 2290 2299
chb16_11 1120 1129|chb16_14 1854 1868|chb16_16 1214 1220
chb16_17 227 236 1694 1700 2162 2170 3290 3298|chb16_18 627 635 1909 1916|chb17a_03 2282 2372
chb17a_04 3025 3140|chb17b_63 3136 3224|chb18_29 3477 3527|chb18_30 541 571|chb18_31 2087 2155
chb18_32 1908 1963|chb18_35 2196 2264|chb18_36 463 509|chb19_28 299 377|chb19_29 2964 3041
chb19_30 3159 3240|chb20_12 94 123|chb20_13 1440 1470 2498 2537|chb20_14 1971 2009
chb20_15 390 425 1689 1738|chb20_16 2226 2261|chb20_68 1393 1432|chb21_19 1288 1344
chb21_20 2627 2677|chb21_21 2003 2084|chb21_22 2553 2565|chb22_20 3367 3425|chb22_25 3139 3213
chb22_38 1263 1335|chb23_06 3962 4075|chb23_08 325 345 5104 5151
chb23_09 2589 2660 6885 6947 8505 8532 9580 9664|chb24_01 480 505 2451 2476
chb24_03 231 260 2883 2908|chb24_04 1088 1120 1411 1438 1745 1764|chb24_06 1229 1253
chb24_07 38 60|chb24_09 1745 1764|chb24_11 3527 3597|chb24_13 3288 3304|chb24_14 1939 1966
chb24_15 3552 3569|chb24_17 3515 3581|chb24_21 2804 2872
"""
# The ten records that the summary of chb24 lacks.
UNLISTED = {f"chb24_{n}" for n in numbers("02 05 08 10 12 16 18-20 22")}
BIPOLAR = [
    *("FP1-F7", "F7-T7", "T7-P7", "P7-O1", "FP1-F3", "F3-C3", "C3-P3", "P3-O1", "FP2-F4", "F4-C4"),
    *("C4-P4", "P4-O2", "FP2-F8", "F8-T8", "T8-P8", "P8-O2", "FZ-CZ", "CZ-PZ", "P7-T7", "T7-FT9"),
    *("FT9-FT10", "FT10-T8", "T8-P8"),
]
CHB12 = "F7 T7 P7 FP1 F3 C3 P3 O1 FZ CZ PZ FP2 F4 C4 P4 O2 F8 T8 P8 C2 C6 CP2 CP4 CP6".split()  # noqa: SIM905


def chbmit_records(case):
    """Return the names of a case's records."""
    if case != "chb17":
        return [f"{case}_{number}" for number in numbers(CHBMIT[case][1])]
    names = []
    for part in CHBMIT[case][1].split():
        first, _, last = part.partition("-")
        letter, number = first.split("_")
        until = int(last.split("_")[1]) if last else int(number)
        names += [f"chb17{letter}_{i:02d}" for i in range(int(number), until + 1)]
    return names


def chbmit_seizures():
    """Return the seizures of each record that has any, as (start, end) in seconds."""
    found = {}
    for entry in CHBMIT_SEIZURES.replace("\n", "|").split("|"):
        if entry:
            name, *times = entry.split()
            seconds = list(map(int, times))
            found[name] = list(zip(seconds[::2], seconds[1::2], strict=True))
    return found


def chbmit_channels(record):
    """Return the labels of a record as its header has them."""
    if record == "chb12_27":
        return [f"{name}-CS2" for name in CHB12]
    if record in ("chb12_28", "chb12_29"):
        return ["01" if name == "O1" else name for name in CHB12]
    case = int(record[3:5])
    if case == 4:
        return [*BIPOLAR, "ECG"]
    if case == 9:
        return [*BIPOLAR, "VNS"]
    if 11 <= case <= 22:
        placeholder = "." if case == 20 else "-"
        labels = list(BIPOLAR)
        for place in (4, 9, 12, 17, 22):
            labels.insert(place, placeholder)
        return labels
    return BIPOLAR


def chbmit_lengths(case):
    """Return the seconds of each record of a case."""
    seizures = chbmit_seizures()
    ends = {name: seizures.get(name, [(0, 0)])[-1][1] for name in chbmit_records(case)}
    return share(round(3600 * CHBMIT[case][0]), ends)


def write_chbmit(folder):
    """Write the whole corpus."""
    seizures = chbmit_seizures()
    for case in CHBMIT:
        lengths = chbmit_lengths(case)
        summary = "Data Sampling Rate: 256 Hz\n*************************\n"
        for record, seconds in lengths.items():
            surplus = 256 if record == "chb17b_69" else 0
            path = folder / case / f"{record}.edf"
            write_header(path, chbmit_channels(record), seconds, 256, surplus=surplus)
            if record in UNLISTED:
                continue
            spans = seizures.get(record, [])
            summary += f"\nFile Name: {record}.edf\n"
            if case != "chb24":
                hours, minutes = divmod(11 * 60 + seconds // 60, 60)
                end = f"{hours:02d}:{minutes:02d}:{seconds % 60:02d}"
                summary += f"File Start Time: 11:00:00\nFile End Time: {end}\n"
            summary += f"Number of Seizures in File: {len(spans)}\n"
            for place, (start, end) in enumerate(spans, 1):
                # Both spellings occur.
                which = f"Seizure {place}" if len(spans) > 1 else "Seizure"
                summary += f"{which} Start Time: {start} seconds\n{which} End Time: {end} seconds\n"
        (folder / case / f"{case}-summary.txt").write_text(summary)


# ---------------------------------------------------------------------- Siena

SIENA_EEG = [
    *("Fp1", "F3", "C3", "P3", "O1", "F7", "T3", "T5", "Fc1", "Fc5", "Cp1", "Cp5", "F9", "Fz"),
    *("Cz", "Pz", "FP2", "F4", "C4", "P4", "O2", "F8", "T4", "T6", "Fc2", "Fc6", "Cp2", "Cp6"),
    "F10",
]
SIENA_CHANNELS = [*(f"EEG {name}" for name in SIENA_EEG), "EKG EKG", "SPO2", "HR", "1", "2", "MK"]
# Minutes of each patient by the EDF headers.
SIENA_MINUTES = {
    **{"PN00": 194.7, "PN01": 809.3, "PN03": 1453.6, "PN05": 362.1, "PN06": 724.4},
    **{"PN07": 524.1, "PN09": 410.9, "PN10": 1123.6, "PN11": 144.6, "PN12": 366.0},
    **{"PN13": 519.9, "PN14": 1227.8, "PN16": 292.8, "PN17": 307.5},
}
# File, start in the EDF header, then start and end of its seizures.
SIENA = """
PN00-1 19.39.33 19.58.36 19.59.46|PN00-2 02.18.17 02.38.37 02.39.31
PN00-3 18.15.44 18.28.29 18.29.29|PN00-4 20.51.43 21.08.29 21.09.43
PN00-5 22.22.04 22.37.08 22.38.15|PN01-1 19.00.44 21.51.02 21.51.56 07.53.17 07.54.31
PN03-1 22.44.37 09.29.10 09.31.01|PN03-2 21.31.04 07.13.05 07.15.18
PN05-2 06.46.02 08.45.25 08.46.00|PN05-3 06.01.13 07.55.19 07.55.49
PN05-4 06.38.35 07.38.43 07.39.22|PN06-1 04.21.22 05.54.25 05.55.29
PN06-2 21.11.29 23.39.09 23.40.18|PN06-3 06.25.51 08.10.26 08.11.08
PN06-4 11.16.09 12.55.08 12.56.11|PN06-5 13.24.41 14.44.24 14.45.08
PN07-1 23.18.10 05.25.49 05.26.51|PN09-1 14.08.54 16.09.43 16.11.03
PN09-2 15.02.09 17.00.56 17.01.55|PN09-3 14.20.23 16.20.44 16.21.48
PN10-1 05.40.05 07.45.50 07.46.59|PN10-2 09.30.15 11.40.13 11.41.04
PN10-3 13.33.18 15.43.59 15.45.02
PN10-4.5.6 12.11.21 12.49.50 12.49.55 14.00.25 14.00.44 15.18.26 15.19.23
PN10-7.8.9 16.49.25 17.35.13 17.36.01 18.20.24 18.20.42 20.24.48 20.25.03
PN10-10 08.45.22 10.58.19 10.58.33|PN11-1 11.31.25 13.37.19 13.38.14
PN12-1.2 15.51.31 16.13.23 16.14.26 18.31.01 18.32.09|PN12-3 08.42.35 08.55.27 08.57.03
PN12-4 15.59.19 18.42.51 18.43.54|PN13-1 08.24.28 10.22.10 10.22.58
PN13-2 06.55.02 08.55.51 08.56.56|PN13-3 12.00.01 14.05.54 14.08.25
PN14-1 11.44.58 13.46.00 13.46.27|PN14-2 15.50.13 17.54.52 17.55.04
PN14-3 19.17.45 21.10.05 21.10.46|PN14-4 14.18.30 15.49.33 15.50.56
PN16-1 20.45.21 22.45.05 22.47.08|PN16-2 00.53.55 03.16.49 03.18.36
PN17-1 20.14.28 22.34.48 22.35.58|PN17-2 13.52.18 16.01.09 16.02.32
"""
# What the lists write instead.
SIENA_FILES = {
    **{"PN01-1": "PN01.edf", "PN11-1": "PN11-.edf"},
    **{f"PN06-{n}": f"PNO6-{n}.edf" for n in (1, 2, 4)},
}
SIENA_SLIPS = [
    ("PN00", "end time: 18.29.29", "end time: 19.29.29"),
    ("PN01", "Seizure start time: 21.51.02", "Start time: 21:51:02"),
    ("PN05", "Registration start time: 06.01.13", "Registration start time: 06.01.23"),
    ("PN10", "end time: 11.41.04", "end time: 11.41.04 opure 11.40.43"),
    (
        "PN10",
        "start time: 15.43.59",
        "start time: 15.43.53 (CLINICAL ONSET); 15.43.59 (ELECTRIC ONSET)",
    ),
    ("PN10", "start time: 15.18.26", "start time: 15.18.26 (CLINICAL ONSET)"),
    ("PN12", "start time: 16.13.23", "start time: 16:13.23"),
    ("PN14", "Registration start time: 19.17.45", "Registration start time: 16.17.45"),
    ("PN14", "Registration start time: 14.18.30", "Registration start time:14.18.30"),
]


def clock(text):
    """Return a time of day in seconds."""
    time = datetime.strptime(text, "%H.%M.%S")
    return 3600 * time.hour + 60 * time.minute + time.second


def siena_records():
    """Return of each file its start in seconds, and its seizures from the first sample."""
    found = {}
    for entry in SIENA.replace("\n", "|").split("|"):
        if entry:
            name, start, *times = entry.split()
            seconds = [(clock(time) - clock(start)) % 86400 for time in times]
            found[name] = start, list(zip(seconds[::2], seconds[1::2], strict=True))
    return found


def siena_lengths():
    """Return the seconds of each file."""
    lengths = {}
    for patient, minutes in SIENA_MINUTES.items():
        ends = {n: s[-1][1] for n, (_, s) in siena_records().items() if n.startswith(patient)}
        known = {"PN10-7.8.9": 14955, "PN14-3": 41995}
        exact = {name: known[name] for name in ends if name in known}
        rest = {name: end for name, end in ends.items() if name not in known}
        lengths |= exact | share(round(60 * minutes) - sum(exact.values()), rest)
    return lengths


def siena_list(patient, lengths):
    """Return the text of a patient's list of seizures."""
    text = f"Patient {patient}\n\nData Sampling Rate: 512 Hz\n\nChannel 5: 1\n"
    place = 0
    for name, (start, seizures) in siena_records().items():
        if not name.startswith(patient):
            continue
        end = (clock(start) + lengths[name] - 20) % 86400
        stop = f"{end // 3600:02d}.{end % 3600 // 60:02d}.{end % 60:02d}"
        head = f"File name: {SIENA_FILES.get(name, f'{name}.edf')}\n"
        registration = f"Registration start time: {start}\nRegistration end time: {stop}\n"
        if patient == "PN01":  # before the first seizure, for both
            text += head + registration
        for number, (onset, offset) in enumerate(seizures):
            place += 1
            text += f"\nSeizure n {place}\n"
            if patient != "PN01":
                text += head
                text += "" if (patient, number) == ("PN12", 1) else registration
            for what, second in (("start", onset), ("end", offset)):
                time = (clock(start) + second) % 86400
                text += f"Seizure {what} time: "
                text += f"{time // 3600:02d}.{time % 3600 // 60:02d}.{time % 60:02d}\n"
    for of, right, written in SIENA_SLIPS:
        if of == patient:
            assert right in text
            text = text.replace(right, written)
    # A blank in the hour, at the first of three.
    return text.replace("time: 16.49.25", "time:1 6.49.25", 1)


def write_siena(folder):
    """Write the whole corpus."""
    lengths = siena_lengths()
    for name, (start, _) in siena_records().items():
        path = folder / name[:4] / f"{name}.edf"
        write_header(path, SIENA_CHANNELS, lengths[name], 512, start=f"01.01.17 {start}")
    for patient in SIENA_MINUTES:
        path = folder / patient / f"Seizures-list-{patient}.txt"
        path.write_text(siena_list(patient, lengths))


# ---------------------------------------------------------------------- SeizeIT2, Helsinki

SEIZEIT2_TYPES = {
    **{"bckg": 2312, "impd": 464, "sz_foc_a_m_automatisms": 4, "sz_foc_a_m_hyperkinetic": 158},
    **{"sz_foc_a_nm": 66, "sz_foc_a_nm_behavior": 38, "sz_foc_a_um": 50, "sz_foc_f2b": 55},
    **{"sz_foc_ia": 35, "sz_foc_ia_m_automatisms": 62, "sz_foc_ia_m_clonic": 1},
    **{"sz_foc_ia_m_hyperkinetic": 100, "sz_foc_ia_m_tonic": 24, "sz_foc_ia_nm": 160},
    **{"sz_foc_ia_nm_behavior": 2, "sz_foc_ia_um": 7, "sz_foc_ua_m": 4},
    **{"sz_foc_ua_m_automatisms": 2, "sz_foc_ua_m_hyperkinetic": 9, "sz_foc_ua_m_tonic": 2},
    **{"sz_foc_ua_nm": 40, "sz_foc_ua_nm_behavior": 17, "sz_foc_ua_um": 41},
    **{"sz_uo_m_hyperkinetic": 3, "sz_uo_m_myoclonic": 1, "sz_uo_m_tonicMyio": 1, "sz_uo_nm": 1},
}
TEN_TWENTY = "Fp1 Fp2 F7 F3 Fz F4 F8 T3 C3 Cz C4 T4 T5 P3 Pz P4 T6 O1 O2".split()  # noqa: SIM905
