"""Tables that nobody wrote to be read: time and memory grow with their size alone."""

import os
import time
import tracemalloc
from contextlib import contextmanager

import pytest

from skseizure.signals import read_chbmit_summary, read_edf, read_events, read_recording

TUSZ = "# duration = 900000.0 secs\nchannel,start_time,stop_time,label,confidence\n"


@contextmanager
def within(seconds):
    start = time.perf_counter()
    yield
    assert time.perf_counter() - start < seconds


def write(path, text):
    path.write_text(text)
    return path


def test_lines_of_nothing_take_no_memory(tmp_path):
    path = write(tmp_path / "a.tsv", "\n" * 500_000)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="is empty"):
            read_events(path)
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()


def test_blank_lines_count_in_the_numbers_of_others(tmp_path):
    path = write(tmp_path / "a.tsv", "\n\r\nonset\tduration\teventType\r\r1\t2\n")
    with pytest.raises(ValueError, match="line 5: 2 cells"):
        read_events(path, duration=10)


def test_a_large_table_is_refused_and_the_bound_is_a_parameter(tmp_path):
    path = write(tmp_path / "a.tsv", "onset\tduration\teventType\n" + "1\t2\tsz\n" * 5)
    with pytest.raises(ValueError, match="max_bytes takes more"):
        read_events(path, duration=10, max_bytes=50)
    assert len(read_events(path, duration=10, max_bytes=100)) == 5


@pytest.mark.parametrize("filler", ["1" * 200_000, " " * 200_000, "1." * 100_000, "s" * 200_000])
def test_a_long_comment_is_searched_once(tmp_path, filler):
    path = write(tmp_path / "a.csv", f"# duration = {filler}\n" + TUSZ.split("\n", 1)[1])
    with within(2), pytest.raises(ValueError, match="does not state"):
        read_events(path)


@pytest.mark.filterwarnings("ignore:.*left out rows")
@pytest.mark.parametrize("label", ["seiz", "unknown_artf"])
def test_rows_of_many_groups(tmp_path, label):
    rows = "".join(f"C{i % 20},{2 * i},{2 * i + 1},{label},1\n" for i in range(8000))
    path = write(tmp_path / "a.csv", TUSZ + rows)
    with within(5):
        events = read_events(path, types={"unknown_artf": "unjudged"})
    assert len(events) == (8000 if label == "seiz" else 0)


@pytest.mark.parametrize("kind", ["sz", "n/a", "sz_start"])
def test_many_rows(tmp_path, kind):
    types = {"sz": ("sz", "sz"), "n/a": ("n/a",) * 2, "sz_start": ("seizure start", "seizure end")}
    rows = "".join(f"{2 * i}\t1\t{types[kind][i % 2]}\t99999\n" for i in range(8000))
    if kind == "sz_start":
        rows = rows.replace("\t1\t", "\tn/a\t")
    path = write(tmp_path / "a.tsv", "onset\tduration\teventType\trecordingDuration\n" + rows)
    with within(5):
        assert len(read_events(path)) == {"sz": 8000, "n/a": 0, "sz_start": 4000}[kind]


def test_a_long_line_of_a_summary(tmp_path):
    path = write(tmp_path / "chb01-summary.txt", "File Name:x" * 10_000 + "\n")
    with within(2), pytest.raises(ValueError):
        read_chbmit_summary(path)


@pytest.mark.parametrize("read", [read_edf, read_events, read_recording, read_chbmit_summary])
def test_a_pipe_is_not_waited_for(tmp_path, read):
    os.mkfifo(tmp_path / "a.edf")
    with pytest.raises(ValueError, match="is a pipe; a regular file is needed"):
        read(tmp_path / "a.edf")
