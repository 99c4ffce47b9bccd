"""The one door for files: outputs that are whole or not there, and inputs of bounded size."""

from __future__ import annotations

import io
import os
import secrets
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from .text import printable

CARD_TITLE = "Model card of a seizure detector"
# Ending of what is being written: no loader takes it for a recording, a table or a model.
PART = ".part"


@contextmanager
def write_atomically(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Write a file so that it is never half there, whatever ends the process.

    Parameters
    ----------
    path : str or path-like
        File to write. One that is there stays as it is until the new one is whole. Of a link, the
        file that it points to is replaced.

    Yields
    ------
    Path
        Where to write: a hidden file in the same folder, with the ending ``.part``. At the end it
        is flushed to the disk and takes the place of ``path``, whose permissions it keeps. It is
        removed if an error comes before.

    Raises
    ------
    OSError
        If the file cannot be written; the message names ``path``, not the hidden file.
    """
    with write_together(path) as (temporary,):
        yield temporary


@contextmanager
def write_together(*paths: str | os.PathLike[str]) -> Iterator[tuple[Path, ...]]:
    """Write files that must agree, such as a model and its card: all of them or none.

    Parameters
    ----------
    *paths : str or path-like
        Files to write, see `write_atomically`. No file is replaced before all are whole on the
        disk. If one cannot be replaced, those before it are put back.

    Yields
    ------
    tuple of Path
        Where to write each.

    Raises
    ------
    OSError
        As in `write_atomically`.
    """
    places = [Path(os.path.realpath(path)) for path in paths]
    parts = [place.with_name(f".skseizure-{secrets.token_hex(8)}{PART}") for place in places]
    names = {str(part): str(path) for part, path in zip(parts, paths, strict=True)}
    with ExitStack() as stack:
        for part in parts:
            stack.callback(part.unlink, missing_ok=True)
        with _named(names):
            yield tuple(parts)
            for part, place in zip(parts, places, strict=True):
                with suppress(FileNotFoundError):
                    shutil.copymode(place, part)
                _flush(part)
            _replace(parts, places)
            for folder in {place.parent for place in places}:
                _flush_folder(folder)


@contextmanager
def _named(names: dict[str, str]) -> Iterator[None]:
    """Name the file that was meant in an error about a hidden one."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        about = error.filename
        if about is None and len(names) == 1:
            (meant,) = names.values()  # such as a disk that is full in the middle of a write
        elif about is not None and os.fspath(about) in names:
            meant = names[os.fspath(about)]
        else:
            raise
        raise OSError(error.errno, error.strerror, meant) from error


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        try:
            os.fsync(file.fileno())
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error


def _flush_folder(path: Path) -> None:
    # The new name itself. Some file systems, and Windows, cannot; the file is whole all the same.
    with suppress(OSError):
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _replace(parts: list[Path], places: list[Path]) -> None:
    if len(parts) == 1:
        os.replace(parts[0], places[0])
        return
    old: list[tuple[Path, Path | None]] = []
    with ExitStack() as stack:
        for place in places:
            spare = place.with_name(f".skseizure-{secrets.token_hex(8)}{PART}")
            stack.callback(spare.unlink, missing_ok=True)
            old.append((place, _second_name(place, spare)))
        try:
            for part, place in zip(parts, places, strict=True):
                os.replace(part, place)
        except BaseException:  # a signal may come between the two
            for place, kept in old:
                if kept is not None:
                    os.replace(kept, place)
                else:
                    place.unlink(missing_ok=True)
            raise


def _second_name(path: Path, spare: Path) -> Path | None:
    """Give a file a second name, or make a copy where the file system has no such names."""
    if not path.exists():
        return None
    try:
        os.link(path, spare)
    except OSError:
        shutil.copy2(path, spare)
    return spare


# ---------------------------------------------------------------------- before the work


def _starts(*beginnings: bytes) -> Callable[[Path], bool]:
    def check(path: Path) -> bool:
        with path.open("rb") as file:
            return file.read(100).lower().startswith(beginnings)

    return check


def _holds(name: str) -> Callable[[Path], bool]:
    def check(path: Path) -> bool:
        try:
            with zipfile.ZipFile(path) as file:
                return name in file.namelist()
        # zipfile's words for what is no archive, or is one of a kind that it does not read.
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return False

    return check


def _is_card(path: Path) -> bool:
    with path.open("rb") as file:
        return f"# {CARD_TITLE}\n".encode() in file.read(1000)


def _is_description(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(200)
    return head.startswith(b"{") and b'"onset"' in head


def _is_annotations(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(272)
    one = head[:8] == b"0       " and head[192:196] == b"EDF+" and head[252:256].strip() == b"1"
    return one and head[256:272] == b"EDF Annotations "


# What an output may take the place of, by content: names say little.
KINDS: dict[str, Callable[[Path], bool]] = {
    "table of events": _starts(b"onset\t"),
    "description of columns": _is_description,
    "EDF+ file of annotations": _is_annotations,
    "summary": _starts(b"file\tbytes\t"),
    "model": _holds("schema.json"),
    "model card": _is_card,
    "sampler": _holds("header.npy"),
    "picture": _starts(b"\x89png\r\n\x1a\n", b"<?xml", b"<svg", b"%pdf"),
}


def check_output(
    path: str | os.PathLike[str],
    *,
    kind: str,
    inputs: Iterable[str | os.PathLike[str]] = (),
    replace: bool = True,
) -> Path:
    """Refuse an output that would destroy something or cannot be written, before any work is done.

    Parameters
    ----------
    path : str or path-like
        File that will be written.
    kind : str
        What it will hold, a key of ``KINDS``. A file of another kind is never replaced, whatever
        its name; an empty one is.
    inputs : iterable of str or path-like, default=()
        Files that are read. None of them may be the output, also by a link.
    replace : bool, default=True
        Whether a file of the same kind may be replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ValueError
        If the output is an input, its place is taken, or its name cannot be encoded.
    OSError
        If its folder is not there or cannot be written to.
    """
    path = Path(path)
    shown = printable(path)
    try:
        os.fsencode(path)
        str(path).encode()
        found = path.stat()
    except UnicodeEncodeError as error:
        raise ValueError(f"{shown} holds characters that no file name can.") from error
    except FileNotFoundError:
        found = None
    if found is not None:
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(f"{shown} is a folder; the name of a file is needed.")
        check_regular(path)
        for one in inputs:
            if os.path.exists(one) and os.path.samefile(one, path):
                raise ValueError(
                    f"{shown} is an input ({printable(one)}); name another file to write."
                )
        if found.st_size and not KINDS[kind](path):
            article = "an" if kind[0] in "aeiouE" else "a"
            raise ValueError(
                f"{shown} holds something else than {article} {kind}; it is left as it is."
            )
        if found.st_size and not replace:
            raise ValueError(f"{shown} is there; --force replaces this {kind}.")
    check_folder(Path(os.path.realpath(path)).parent)
    return path


def check_folder(folder: str | os.PathLike[str], *, new: bool = False) -> None:
    """Refuse a folder that is not there or takes no files.

    Parameters
    ----------
    folder : str or path-like
        Folder that will be written to.
    new : bool, default=False
        Whether it may be made where it is not there. If True, the nearest folder above it that is
        there must take files.

    Raises
    ------
    OSError
        If it is not there, is read-only or is full.
    """
    folder = Path(folder)
    if new:
        whole = folder.absolute()
        folder = next(place for place in (whole, *whole.parents) if place.exists())
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {printable(folder)} to write to.")
    try:
        # Rights alone do not tell of a read-only or full disk.
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error


# ---------------------------------------------------------------------- inputs


def check_regular(path: str | os.PathLike[str]) -> None:
    """Refuse pipes, devices and sockets, which may have no end or never begin.

    Parameters
    ----------
    path : str or path-like
        File to read. Folders pass: each reader says of its own why it takes none.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a regular file.
    """
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError as error:
        raise FileNotFoundError(f"there is no file {printable(path)}.") from error
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
        kind = kinds.get(stat.S_IFMT(mode), "a device")
        raise ValueError(f"{printable(path)} is {kind}; a regular file is needed.")


def read_whole(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    """Read a regular file of bounded size.

    Parameters
    ----------
    path : str or path-like
        File to read.
    max_bytes : int
        Most bytes that it may have.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    ValueError
        If it is larger or not a regular file.
    """
    check_regular(path)
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size  # room for what is there, not for what may be
        data = file.read(min(size, max_bytes) + 1)
    if len(data) > max_bytes:
        raise ValueError(
            f"{printable(path)} is larger than {max_bytes / 2**20:g} MB; max_bytes takes more."
        )
    return data


def check_zip(data: bytes) -> None:
    """Refuse an archive that would unpack to more than it is.

    Parameters
    ----------
    data : bytes
        A zip archive whose parts were stored as they are, as those of skops and numpy are.

    Raises
    ------
    zipfile.BadZipFile
        If it is no archive.
    ValueError
        If a part is compressed, or parts share bytes.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        infos = file.infolist()
    if any(info.compress_type != zipfile.ZIP_STORED for info in infos):
        raise ValueError("its parts are compressed; they are saved as they are.")
    if sum(info.file_size for info in infos) > len(data):
        raise ValueError("its parts are larger than the file.")
