"""Temporary copies of what can be read only once: exemplars and the hash need a second look."""

import errno
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO, Final

from distillscan.errors import InputError
from distillscan.read.inputs.stream import reading

_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LocalCopies:
    """A temporary directory, made on first use and removed by :meth:`close`."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._copies = 0

    def copy(self, stream: BinaryIO, label: str) -> Path:
        """Copy a stream to its end, and return where the copy is.

        Raises:
            InputError: If the stream breaks off, or there is no room for the copy.
        """
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="distillscan-")
        target = Path(self._folder.name, str(self._copies))
        self._copies += 1
        try:
            with target.open("wb") as out:
                shutil.copyfileobj(stream, out, 1 << 20)
        except OSError as error:
            if error.errno in _FULL:
                raise InputError(
                    f"there is no room for a temporary copy of {label}: set TMPDIR to a folder with more, "
                    "or save the log as a file and name that"
                ) from None
            with reading(label):
                raise
        return target

    def close(self) -> None:
        """Remove every copy."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
