"""Recognise what a file is from its first bytes and its name."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Final

import pyarrow as pa

from distillscan.errors import InputError
from distillscan.read.inputs.stream import ByteStream, reading
from distillscan.read.options import Compression, Format

HEAD: Final = 64 * 1024
_STEP: Final = 4096
_COMPRESSED: Final[tuple[tuple[bytes, Compression], ...]] = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))
#: The first line of JSON, or of lines with a record behind a time or the like; of Kubernetes any line.
_RECORD: Final = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*+(?:\[\s*+|[^{}"\r\n]{0,200}+)\{\s*+"|\d{4}-\S+ std(?:out|err) [PF] '
)
#: JSON: an object, or a list of something; ``[INFO]`` and ``[2026-07-01`` are text.
_JSON: Final = re.compile(rb'\s*+(?:\{|\[\s*+(?:[\[{"\]]|-?\d++(?:\.\d++)?+\s*+[,\]]|(?:null|true|false)\b|$))')
_PARQUET: Final = (b"PAR1", b"PARE")
_UTF16: Final = "text in UTF-16: convert it to UTF-8 (iconv -f utf-16 -t utf-8)"
_REFUSED: Final = (
    *((magic, "Parquet inside gzip or zstd: decompress it first (Parquet compresses by itself)") for magic in _PARQUET),
    (b"PK\x03\x04", "a zip archive or spreadsheet: unpack or export it as CSV"),
    (b"\x1f\x8b", "compressed twice: decompress it once (gunzip)"),
    (b"BZh", "compressed with bzip2: decompress it, or compress it with gzip or zstd"),
    (b"\xfd7zXZ", "compressed with xz: decompress it, or compress it with gzip or zstd"),
    (b"\xff\xfe", _UTF16),
    (b"\xfe\xff", _UTF16),
    (b"Obj\x01", "an Avro file: export it as Parquet, CSV or NDJSON"),
    (b"ORC", "an ORC file: export it as Parquet, CSV or NDJSON"),
    (b"ARROW1", "an Arrow IPC file: export it as Parquet, CSV or NDJSON"),
)

_NAMES: Final[Mapping[Format, str]] = {"parquet": ".parquet .pq", "csv": ".csv .tsv", "ndjson": ".ndjson .jsonl .json"}
ENDINGS: Final = MappingProxyType({ending: name for name, endings in _NAMES.items() for ending in endings.split()})
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
    """Recognise one file that is not empty; the ending of its label counts when the content leaves a choice.

    Raises:
        InputError: If it cannot be opened, or is something that cannot be read here.
    """
    compression = detect_compression(path, label)
    with ByteStream(path, label, compression) as stream:
        head = stream.read(HEAD)
    if head.startswith(_PARQUET) and compression is None:
        return "parquet", None
    refused = next((reason for magic, reason in _REFUSED if head.startswith(magic)), _UTF16 if _is_utf16(head) else "")
    found = None if refused else forced or format_by_name(label) or _by_first_bytes(head)
    if found is None:
        unknown = "neither Parquet nor CSV nor NDJSON: export it as one of these, or say --input-format"
        raise InputError(f"{label} is {refused or unknown}")
    return found, compression


def unpacked(head: bytes) -> bytes:
    """Return the beginning of a file as it was before it was compressed, as far as that can be told."""
    compression = _compression(head)
    if compression is None:
        return head
    stream = pa.CompressedInputStream(pa.BufferReader(head), compression)
    found = b""
    with suppress(OSError):
        while len(found) < HEAD and (more := stream.read(_STEP)):
            found += more
    return found


def begins_like_log(head: bytes) -> bool:
    """Return whether a file with any name begins like a log: as Parquet, as JSON, as lines that end with JSON."""
    return head.startswith(_PARQUET) or _RECORD.match(head) is not None


def begins_like_json(text: bytes) -> bool:
    """Return whether a text begins as an object or a list of JSON does."""
    return _JSON.match(text) is not None


def detect_compression(path: Path, label: str) -> Compression | None:
    """Recognise how a file is compressed by its first bytes.

    Raises:
        InputError: If it cannot be opened.
    """
    with reading(label), path.open("rb") as raw:
        first = raw.read(4)
    return _compression(first)


def _compression(head: bytes) -> Compression | None:
    return next((name for magic, name in _COMPRESSED if head.startswith(magic)), None)


def _is_utf16(head: bytes) -> bool:
    """Whether text has a NUL beside every other byte: UTF-16 that does not say so."""
    sample = head[:200]
    half = len(sample) // 2
    return half >= 4 and max(sample[0::2].count(0), sample[1::2].count(0)) > 0.8 * half


def _by_first_bytes(head: bytes) -> Format | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begins_like_json(text):
        return "ndjson"
    line = text.partition(b"\n")[0]
    return "csv" if b"\0" not in head and any(mark in line for mark in (b",", b"\t", b";", b"|")) else None
