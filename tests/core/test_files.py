"""Outputs are whole or not there, and destroy nothing; inputs are regular and bounded."""

import errno
import os
import resource
import signal
import socket
import sys
import zipfile

import numpy as np
import pytest

from skseizure._core.files import (
    CARD_TITLE,
    KINDS,
    check_output,
    check_regular,
    read_whole,
    write_atomically,
    write_together,
)

CONTENTS = {
    "table of events": b"onset\tduration\teventType\n",
    "description of columns": b'{\n  "onset": {}}',
    "summary": b"file\tbytes\thours\n",
    "model card": f"---\n---\n\n# {CARD_TITLE}\n".encode(),
    "picture": b"\x89PNG\r\n\x1a\n0000",
    "EDF recording": b"0       " + 184 * b" " + b"EDF+C" + 39 * b" " + 20 * b" " + b"2   F3",
}


def write_kind(path, kind):
    if kind == "model":
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("schema.json", "{}")
    elif kind == "sampler":
        with path.open("wb") as file:
            np.savez(file, header=np.array("{}"))
    elif kind == "EDF+ file of annotations":
        import edfio

        edfio.Edf([], annotations=[edfio.EdfAnnotation(0, 1, "sz")]).write(path)
    else:
        path.write_bytes(CONTENTS[kind])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_old_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("old")
    path.chmod(0o640)
    with write_atomically(path) as temporary:
        temporary.write_text("ne")
        assert path.read_text() == "old"
        assert temporary.parent == tmp_path and temporary.name.startswith(".")
        temporary.write_text("new")
    assert (path.read_text(), names(tmp_path)) == ("new", ["a.tsv"])
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("ends_by", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_error_leaves_the_old_file_alone(tmp_path, ends_by):
    (tmp_path / "a").write_text("old")
    with pytest.raises(ends_by), write_together(tmp_path / "a", tmp_path / "b") as (a, b):
        a.write_text("new")
        b.write_text("new")
        raise ends_by
    assert (names(tmp_path), (tmp_path / "a").read_text()) == (["a"], "old")


def test_a_new_file_has_the_rights_of_any(tmp_path):
    with write_atomically(tmp_path / "a") as temporary:
        temporary.write_text("")
    (tmp_path / "b").write_text("")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_errors_name_the_file_and_not_the_hidden_one(tmp_path, monkeypatch, call):
    path = tmp_path / "a.tsv"
    path.write_text("old")

    def fail(*args):
        raise OSError(
            errno.EIO, "Input/output error", *map(str, args[:1]) if call != "fsync" else ()
        )

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match=r"a\.tsv") as caught, write_atomically(path) as temporary:
        temporary.write_text("new")
    assert ".part" not in str(caught.value)
    assert (path.read_text(), names(tmp_path)) == ("old", ["a.tsv"])


def test_a_full_disk(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(OSError, match=r"a\.tsv") as caught, write_atomically(path) as part:
            part.write_bytes(bytes(20_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.errno == errno.EFBIG
    assert (path.read_text(), names(tmp_path)) == ("old", ["a.tsv"])


@pytest.mark.parametrize("with_links", [True, False])
def test_files_that_must_agree_are_put_back(tmp_path, monkeypatch, with_links):
    model, card = tmp_path / "m.skops", tmp_path / "m.md"
    model.write_text("old")
    replace = os.replace

    def fail(source, target):
        if target == card:
            raise OSError(errno.EACCES, "Permission denied", str(source))
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    if not with_links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EPERM, "")))
    with pytest.raises(OSError, match=r"m\.md"), write_together(model, card) as (a, b):
        a.write_text("new")
        b.write_text("new")
    assert (model.read_text(), names(tmp_path)) == ("old", ["m.skops"])
    monkeypatch.setattr(os, "replace", replace)
    with write_together(model, card) as (a, b):
        a.write_text("new")
        b.write_text("new")
    assert (model.read_text(), card.read_text()) == ("new", "new")
    assert names(tmp_path) == ["m.md", "m.skops"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    with write_atomically(tmp_path / "link") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_text() == "new"


# ---------------------------------------------------------------------- before the work


@pytest.mark.parametrize("held", [*KINDS, "EDF recording"])
def test_a_file_of_another_kind_is_left_as_it_is(tmp_path, held):
    path = tmp_path / "file"
    write_kind(path, held)
    for kind in KINDS:
        if kind == held:
            assert check_output(path, kind=kind) == path
            with pytest.raises(ValueError, match="--force"):
                check_output(path, kind=kind, replace=False)
        else:
            for replace in (True, False):
                with pytest.raises(ValueError, match=r"holds something else than an? "):
                    check_output(path, kind=kind, replace=replace)


def test_an_output_is_no_input_nor_a_link_to_one(tmp_path):
    path = tmp_path / "a.tsv"
    write_kind(path, "table of events")
    (tmp_path / "soft").symlink_to(path)
    os.link(path, tmp_path / "hard")
    for name in ("a.tsv", "soft", "hard", "../" + tmp_path.name + "/a.tsv"):
        with pytest.raises(ValueError, match="is an input"):
            check_output(tmp_path / name, kind="table of events", inputs=[tmp_path / "no", path])


def test_places_that_take_no_file(tmp_path, monkeypatch):
    kind = "table of events"
    (tmp_path / "empty").touch()
    assert check_output(tmp_path / "empty", kind=kind, replace=False)
    with pytest.raises(IsADirectoryError, match="is a folder"):
        check_output(tmp_path, kind=kind)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        check_output(tmp_path / "no" / "a.tsv", kind=kind)
    with pytest.raises(ValueError, match=r"\\ud800"):
        check_output(tmp_path / "a\ud800.tsv", kind=kind)
    with pytest.raises(ValueError, match=r"\\udcff"):
        check_output(tmp_path / "a\udcff.tsv", kind=kind)
    with pytest.raises(OSError, match="too long"):
        check_output(tmp_path / ("a" * 300), kind=kind)

    def fail(dir):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", fail)
    with pytest.raises(OSError, match=f"Read-only file system: '{tmp_path}'"):
        check_output(tmp_path / "a.tsv", kind=kind)


# ---------------------------------------------------------------------- inputs


def test_only_regular_files_of_bounded_size_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="is a pipe; a regular file"):
        check_regular(tmp_path / "pipe")
    with pytest.raises(ValueError, match="is a pipe; a regular file"):
        check_output(tmp_path / "pipe", kind="model")
    with pytest.raises(ValueError, match="is a device"):
        check_regular("/dev/zero")
    if sys.platform == "linux":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(tmp_path / "s"))
            with pytest.raises(ValueError, match="is a socket"):
                check_regular(tmp_path / "s")
    (tmp_path / "a").write_bytes(bytes(100))
    assert read_whole(tmp_path / "a", 100) == bytes(100)
    with pytest.raises(ValueError, match="max_bytes takes more"):
        read_whole(tmp_path / "a", 99)
