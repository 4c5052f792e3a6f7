"""Recognise what a file is from its first bytes and its name, and open it as a stream of decompressed bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from distillscan.errors import InputError
from distillscan.read.options import Compression, Format

_HEAD: Final = 64 * 1024
_COMPRESSED: Final[tuple[tuple[bytes, Compression], ...]] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
_PARQUET: Final = (b"PAR1", b"PARE")
_REFUSED: Final = (
    (b"PK\x03\x04", "a zip archive or spreadsheet: unpack or export it as CSV"),
    (b"BZh", "compressed with bzip2: decompress it, or compress it with gzip or zstd"),
    (b"\xfd7zXZ", "compressed with xz: decompress it, or compress it with gzip or zstd"),
    (b"\xff\xfe", "text in UTF-16: convert it to UTF-8 (iconv -f utf-16 -t utf-8)"),
    (b"\xfe\xff", "text in UTF-16: convert it to UTF-8 (iconv -f utf-16 -t utf-8)"),
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


def detect(path: Path, label: str, forced: Format | None) -> tuple[Format, Compression | None]:
    """Recognise one file that is not empty.

    Args:
        path: The file.
        label: Its name for messages; its ending counts when the content leaves a choice.
        forced: The format the analyst says it has.

    Raises:
        InputError: If it cannot be opened, or is something that cannot be read here.
    """
    with reading(label):
        raw = path.open("rb")
        with raw:
            first = raw.read(16)
    compression = next((name for magic, name in _COMPRESSED if first.startswith(magic)), None)
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
    found = forced or format_by_name(label) or _by_first_bytes(head)
    if found is None:
        raise InputError(
            f"{label} is neither Parquet nor CSV nor NDJSON: export it as one of these, or say --input-format"
        )
    if found == "ndjson":
        _check_lines(head, label)
    return found, compression


def _by_first_bytes(head: bytes) -> Format | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"{", b"[")):
        return "ndjson"
    line = text.partition(b"\n")[0]
    return "csv" if b"\0" not in head and any(mark in line for mark in (b",", b"\t", b";", b"|")) else None


def _check_lines(head: bytes, label: str) -> None:
    """Refuse JSON that is one document instead of a line per record: every line of it would be "malformed"."""
    lines = head.removeprefix(b"\xef\xbb\xbf").lstrip().splitlines()
    first = lines[0].strip() if lines else b""
    if first.startswith(b"["):
        raise InputError(f"{label} is one JSON array, not one object per line: convert it with  jq -c '.[]'")
    if first == b"{":
        raise InputError(
            f"{label} is JSON spread over several lines, not one object per line: convert it with  jq -c ."
        )


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
        raise InputError(f"{label} cannot be read to its end ({error}): re-export it or leave it out") from error


class ByteStream:
    """The decompressed bytes of a file; a context manager."""

    def __init__(self, path: Path, label: str, compression: Compression | None) -> None:
        self._label = label
        with reading(label):
            self._file: Any = pa.OSFile(str(path), "rb")
            self._stream: Any = pa.CompressedInputStream(self._file, compression) if compression else self._file

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
        return position

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes, fewer only at the end.

        Raises:
            InputError: If the file is cut off or broken.
        """
        parts: list[bytes] = []
        with reading(self._label):
            while size > 0 and (part := self._stream.read(size)):
                parts.append(part)
                size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def seek(self, position: int) -> None:
        """Go to a byte of an uncompressed file."""
        self._stream.seek(position)
