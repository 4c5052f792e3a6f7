"""Files: why one cannot be read, in plain words; and writing one whole, or not at all."""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from distillscan.errors import UsageError
from distillscan.sanitize import visible

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def why_unreadable(error: OSError) -> str:
    """Return why a file that was to be read cannot be, as a sentence for the analyst."""
    match error:
        case FileNotFoundError() | NotADirectoryError():
            return "there is no such file"
        case IsADirectoryError():
            return "it is a folder; name a file in it"
        case PermissionError():
            return "there is no permission to read it"
        case _:
            return f"it cannot be read ({error.strerror or error})"


def check_target(path: Path) -> None:
    """Make sure, before hours of work, that a file can be written there.

    Raises:
        UsageError: The folder is missing or not writable, or ``path`` is a folder.
    """
    shown, target = visible(str(path)), path.resolve()
    folder = target.parent
    if target.is_dir():
        raise UsageError(f"cannot write {shown}: it is a folder; name a file in it")
    if target.exists() and not target.is_file():  # a device or pipe is written to, not replaced
        return
    if not folder.is_dir():
        raise UsageError(f"cannot write {shown}: there is no folder {visible(str(folder))}; create it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write {shown}: no permission to create files in {visible(str(folder))}")


@contextlib.contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Open ``path`` to be written, replacing what is there only once everything is safely on the disk.

    Readers see the old file or the new one, never a part; whoever is killed half-way leaves the old one. A symbolic
    link stays one: the file it leads to is replaced. A device or pipe (``/dev/null``) is written to as it is.

    Raises:
        UsageError: The file cannot be written; what was there is unchanged.
    """
    check_target(path)
    try:
        target = path.resolve()
        is_device = target.exists() and not target.is_file()
        with target.open("wb") if is_device else _replacing(target) as stream:
            yield stream
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _FULL:
            reason += "; what was there before is unchanged. Make room, or choose another place"
        raise UsageError(f"cannot write {visible(str(path))}: {reason}") from error


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:80]}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(_mode(target))
        Path(name).replace(target)
    except BaseException:  # Ctrl-C as well: no temporary file may stay behind
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
    _sync_folder(target.parent)


def _mode(target: Path) -> int:
    """The permissions of the file to be replaced; for a new one, what the user's umask gives."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    """Make the new name itself last; where folders cannot be opened (Windows) the file system does so alone."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
