"""A file as a stream of its decompressed bytes; errors of the operating system that name it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from distillscan.errors import InputError
from distillscan.read.options import Compression

#: Bytes that are read at once to get back to the place where a compressed file breaks off, and near to it.
_SKIP: Final = 64 << 10
_STEP: Final = 256


@contextmanager
def reading(label: str) -> Iterator[None]:
    """Turn what goes wrong while reading ``label`` into an ``InputError`` that names it.

    Raises:
        InputError: For any error of the operating system or of decompression.
    """
    try:
        yield
    except PermissionError:
        raise InputError(f"{label} cannot be opened: no permission to read it") from None
    except FileNotFoundError:
        raise InputError(f"{label} does not exist any more") from None
    except (OSError, EOFError) as error:
        reason = what_went_wrong(error)
        raise InputError(f"{label} cannot be read to its end ({reason}): re-export it or leave it out") from error


def what_went_wrong(error: BaseException) -> str:
    """Return an error's text on one line, without the place of temporary copies that Arrow puts in."""
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error).partition("\n")[0].rstrip(".")


class ByteStream:
    """The decompressed bytes of a file, or bytes ``start`` to ``end`` of one that is not compressed; a context manager.

    Of a file that is cut off or broken everything before that place is read.
    """

    def __init__(
        self, path: Path, label: str, compression: Compression | None, start: int = 0, end: int | None = None
    ) -> None:
        self._path, self._label, self._compression = path, label, compression
        self._start = start
        self._left = None if end is None else end - start
        self._position = 0
        self._broken: InputError | None = None
        self._open()

    def _open(self) -> None:
        with reading(self._label):
            # As bytes: a name need not be text.
            self._file: Any = pa.OSFile(os.fsencode(self._path), "rb")
            if self._start:
                self._file.seek(self._start)
            self._stream: Any = (
                pa.CompressedInputStream(self._file, self._compression) if self._compression else self._file
            )

    def __enter__(self) -> "ByteStream":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()
        self._file.close()

    @property
    def consumed(self) -> int:
        """Bytes of the file itself (as it is stored) read so far, for progress."""
        position: int = self._file.tell()
        return position - self._start

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end.

        Raises:
            InputError: If the file is cut off or broken here; what comes before was returned by earlier calls.
        """
        if self._broken is not None:
            raise self._broken
        if self._left is not None:
            size = min(size, self._left)
        parts: list[bytes] = []
        missing = size
        try:
            with reading(self._label):
                while missing > 0 and (part := self._stream.read(missing)):
                    parts.append(part)
                    missing -= len(part)
        except InputError as error:
            if self._compression is None:
                raise
            parts = self._salvage(size, error)
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        self._position += len(data)
        if self._left is not None:
            self._left -= len(data)
        return data

    def _salvage(self, size: int, error: InputError) -> list[bytes]:
        """What can still be had of a read that failed: decompressed again, in small steps up to the broken place."""
        self.__exit__()
        self._open()
        parts: list[bytes] = []
        skip = self._position
        try:
            while skip > 0 and (part := self._stream.read(min(skip, _SKIP))):
                skip -= len(part)
            while size > 0 and (part := self._stream.read(min(size, _STEP))):
                parts.append(part)
                size -= len(part)
        except (OSError, EOFError):
            self._broken = error
        if not parts:
            raise error
        return parts

    def read_at(self, position: int, size: int) -> bytes:
        """Return bytes from a position of an uncompressed file on, fewer only at the end; moves the stream there.

        Raises:
            InputError: If the file cannot be read here.
        """
        with reading(self._label):
            self._stream.seek(position)
            data: bytes = self._stream.read(size)
        return data
