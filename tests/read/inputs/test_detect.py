"""Formats are recognised by content first, then by name; what cannot be read is refused with a way out."""

import gzip
import hashlib
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from distillscan.errors import InputError
from distillscan.read.inputs.detect import detect, format_by_name
from distillscan.read.inputs.stream import ByteStream, reading
from distillscan.read.options import Format
from tests.support.small_logs import TWO, csv_bytes, ndjson_bytes, parquet_bytes

CSV, NDJSON, PARQUET = csv_bytes(TWO), ndjson_bytes(TWO), parquet_bytes(TWO)


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True)) if content else b""


def kind(tmp_path: Path, name: str, content: bytes, forced: Format | None = None) -> tuple[str, str | None]:
    path = tmp_path / name
    path.write_bytes(content)
    return detect(path, name, forced)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("log.csv", CSV, ("csv", None)),
        ("log.tsv", CSV, ("csv", None)),
        ("log.CSV.gz", gzip.compress(CSV, mtime=0), ("csv", "gzip")),
        ("log.csv", gzip.compress(CSV, mtime=0), ("csv", "gzip")),
        ("log.csv.gz", CSV, ("csv", None)),
        ("log.jsonl.zst", zstd(NDJSON), ("ndjson", "zstd")),
        ("log.json", NDJSON, ("ndjson", None)),
        ("log.parquet", PARQUET, ("parquet", None)),
        ("log.csv", PARQUET, ("parquet", None)),
        ("log", PARQUET, ("parquet", None)),
        ("log", NDJSON, ("ndjson", None)),
        ("log", b"\xef\xbb\xbf \n" + NDJSON, ("ndjson", None)),
        ("log", CSV, ("csv", None)),
        ("log", gzip.compress(CSV, mtime=0), ("csv", "gzip")),
        ("-", b"a;b\n1;2\n", ("csv", None)),
        ("log.parquet", CSV, ("parquet", None)),
    ],
)
def test_recognised(tmp_path: Path, name: str, content: bytes, expected: tuple[str, str | None]) -> None:
    assert kind(tmp_path, name, content) == expected


def test_the_analyst_knows_better(tmp_path: Path) -> None:
    assert kind(tmp_path, "log.txt", b"one_column\n", forced="csv") == ("csv", None)
    assert kind(tmp_path, "log.csv", NDJSON, forced="ndjson") == ("ndjson", None)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "a.txt",
            b"words only\n",
            "a.txt is neither Parquet nor CSV nor NDJSON: export it as one of these, or say --input-format",
        ),
        ("a", b"\0\1,\2", "a is neither Parquet nor CSV nor NDJSON: export it as one of these, or say --input-format"),
        ("a.csv", b"PK\x03\x04rest", "a.csv is a zip archive or spreadsheet: unpack or export it as CSV"),
        ("a.csv", b"BZh9", "a.csv is compressed with bzip2: decompress it, or compress it with gzip or zstd"),
        ("a.csv", "a,b".encode("utf-16"), "a.csv is text in UTF-16: convert it to UTF-8 (iconv -f utf-16 -t utf-8)"),
        (
            "a.gz",
            gzip.compress(PARQUET, mtime=0),
            "a.gz is Parquet inside gzip or zstd: decompress it first (Parquet compresses by itself)",
        ),
        (
            "a.gz",
            gzip.compress(gzip.compress(b"{}", mtime=0), mtime=0),
            "a.gz is compressed twice: decompress it once (gunzip)",
        ),
    ],
)
def test_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(InputError) as caught:
        kind(tmp_path, name, content)
    assert str(caught.value) == message


def test_endings() -> None:
    assert format_by_name("x.parquet") == format_by_name("dir.csv/X.PQ") == "parquet"
    assert format_by_name("x.jsonl.gz") == "ndjson"
    assert format_by_name("x.csv.zstd") == "csv"
    assert [format_by_name(name) for name in ("x.gz", "x", "csv", "x.csv.bak")] == [None] * 4


@pytest.mark.parametrize("pack", [gzip.compress, zstd, bytes], ids=["gzip", "zstd", "plain"])
def test_streams_give_what_was_packed(tmp_path: Path, pack: object) -> None:
    content = bytes(range(256)) * 1000
    assert callable(pack)
    path = tmp_path / "x"
    path.write_bytes(pack(content))
    compression = {gzip.compress: "gzip", zstd: "zstd"}.get(pack)  # type: ignore[call-overload]
    with ByteStream(path, "x", compression) as stream:
        assert stream.read(10) == content[:10]
        assert stream.read(len(content)) == content[10:]
        assert stream.read(1) == b""
        assert stream.consumed == path.stat().st_size


def test_several_gzip_members_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"one,", mtime=0) + gzip.compress(b"two", mtime=0))
    with ByteStream(path, "x.gz", "gzip") as stream:
        assert stream.read(100) == b"one,two"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PermissionError(13, "Permission denied"), "x cannot be opened: no permission to read it"),
        (FileNotFoundError(2, "gone"), "x does not exist any more"),
        (
            OSError("Truncated compressed stream"),
            "x cannot be read to its end (Truncated compressed stream): re-export it or leave it out",
        ),
    ],
)
def test_errors_while_reading_name_the_file(error: OSError, message: str) -> None:
    with pytest.raises(InputError) as caught, reading("x"):
        raise error
    assert str(caught.value) == message


def test_a_file_that_cannot_be_read_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def read(self, _: int) -> bytes:
            raise OSError(5, "Failed at /tmp/copy")

        def close(self) -> None:
            pass

    (tmp_path / "x.csv").write_bytes(b"abc")
    with ByteStream(tmp_path / "x.csv", "x.csv", None) as stream:
        assert stream.read(2) == b"ab"
        stream._stream = Broken()
        with pytest.raises(InputError, match=r"^x\.csv cannot be read to its end \(Input/output error\): re-export it"):
            stream.read(1)


@pytest.mark.parametrize("pack", [gzip.compress, zstd], ids=["gzip", "zstd"])
def test_a_file_cut_off(tmp_path: Path, pack: object) -> None:
    assert callable(pack)
    path = tmp_path / "x.csv"
    content = b"".join(hashlib.sha256(at.to_bytes(4)).digest() for at in range(20_000))
    path.write_bytes(pack(content)[:-20])
    compression = "gzip" if pack is gzip.compress else "zstd"
    for size in (1 << 20, 70_000, 999):
        parts: list[bytes] = []
        with ByteStream(path, "x.csv", compression) as stream:  # type: ignore[arg-type]
            for _ in range(2):
                with pytest.raises(InputError, match=r"^x\.csv cannot be read to its end \(Truncated compressed"):
                    parts.extend(iter(partial(stream.read, size), b""))
        assert content.startswith(b"".join(parts))
        assert len(content) - sum(map(len, parts)) < 131_072
