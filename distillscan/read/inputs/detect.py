"""Recognise what a file is from its first bytes and its name, and open it as a stream of decompressed bytes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from distillscan.errors import InputError
from distillscan.read.options import Compression, Format

_HEAD: Final = 64 * 1024
_STEP: Final = 256
_COMPRESSED: Final[tuple[tuple[bytes, Compression], ...]] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_PARQUET: Final = (b"PAR1", b"PARE")
_UTF16: Final = "text in UTF-16: convert it to UTF-8 (iconv -f utf-16 -t utf-8)"
_REFUSED: Final = (
    (b"PK\x03\x04", "a zip archive or spreadsheet: unpack or export it as CSV"),
    (b"BZh", "compressed with bzip2: decompress it, or compress it with gzip or zstd"),
    (b"\xfd7zXZ", "compressed with xz: decompress it, or compress it with gzip or zstd"),
    (b"\xff\xfe", _UTF16),
    (b"\xfe\xff", _UTF16),
    (b"Obj\x01", "an Avro file: export it as Parquet, CSV or NDJSON"),
    (b"ORC", "an ORC file: export it as Parquet, CSV or NDJSON"),
    (b"ARROW1", "an Arrow IPC file: export it as Parquet, CSV or NDJSON"),
)

ENDINGS: Final = MappingProxyType[str, Format](
    {
        ".parquet": "parquet",
        ".pq": "parquet",
        ".csv": "csv",
        ".tsv": "csv",
        ".ndjson": "ndjson",
        ".jsonl": "ndjson",
        ".json": "ndjson",
    }
)
_PACKED_ENDINGS: Final = (".gz", ".zst", ".zstd")


def format_by_name(name: str) -> Format | None:
    """Return the format that a file's ending promises (``log.csv.gz`` is CSV), or ``None``."""
    path = Path(name.lower())
    if path.suffix in _PACKED_ENDINGS:
        path = path.with_suffix("")
    return ENDINGS.get(path.suffix)


def is_plain_text(name: str) -> bool:
    """Whether a file's ending promises text that is not compressed."""
    return not name.lower().endswith(_PACKED_ENDINGS) and format_by_name(name) in ("csv", "ndjson")


def detect(path: Path, label: str, forced: Format | None) -> tuple[Format, Compression | None]:
    """Recognise one file that is not empty.

    Args:
        path: The file.
        label: Its name for messages; its ending counts when the content leaves a choice.
        forced: The format the analyst says it has.

    Raises:
        InputError: If it cannot be opened, or is something that cannot be read here.
    """
    compression = detect_compression(path, label)
    with ByteStream(path, label, compression) as stream:
        head = stream.read(_HEAD)
    if head.startswith(_PARQUET):
        if compression:
            raise InputError(
                f"{label} is Parquet inside {compression}: decompress it first (Parquet compresses by itself)"
            )
        return "parquet", None
    for magic, reason in _REFUSED:
        if head.startswith(magic):
            raise InputError(f"{label} is {reason}")
    if _is_utf16(head):
        raise InputError(f"{label} is {_UTF16}")
    found = forced or format_by_name(label) or _by_first_bytes(head)
    if found is None:
        raise InputError(
            f"{label} is neither Parquet nor CSV nor NDJSON: export it as one of these, or say --input-format"
        )
    return found, compression


def detect_compression(path: Path, label: str) -> Compression | None:
    """Recognise how a file is compressed by its first bytes.

    Raises:
        InputError: If it cannot be opened.
    """
    with reading(label), path.open("rb") as raw:
        first = raw.read(4)
    return next((name for magic, name in _COMPRESSED if first.startswith(magic)), None)


def _is_utf16(head: bytes) -> bool:
    """Whether text has a NUL beside every other byte: UTF-16 that does not say so."""
    sample = head[:200]
    half = len(sample) // 2
    return half >= 4 and max(sample[0::2].count(0), sample[1::2].count(0)) > 0.8 * half


def _by_first_bytes(head: bytes) -> Format | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"{", b"[")):
        return "ndjson"
    line = text.partition(b"\n")[0]
    return "csv" if b"\0" not in head and any(mark in line for mark in (b",", b"\t", b";", b"|")) else None


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
        self.close()

    def close(self) -> None:
        """Close the file."""
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
        self.close()
        self._open()
        parts: list[bytes] = []
        skip = self._position
        try:
            while skip > 0 and (part := self._stream.read(min(skip, _HEAD))):
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
