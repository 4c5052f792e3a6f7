"""Parquet that is broken, encrypted or lies: what can be read is read, the rest is said, and the process lives on."""

import base64
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from distillscan.errors import InputError
from distillscan.read import ReadOptions
from tests.support.small_logs import T0, TWO, parquet_bytes, read_bytes

#: Reads logs to their ends in a process of its own; prints what became of each and how many kB that took.
READ = """
import resource, sys
from distillscan.errors import InputError
from distillscan.read import open_log
for path in sys.argv[1:]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with open_log([path]) as log:
            rows = sum(batch.frame.height for task in log.tasks() for batch in task())
            reason = log.outcomes({})[0].reason
    except InputError as error:
        rows, reason = -1, str(error)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(rows, more, reason.replace(chr(10), " "))
"""


def read_apart(*paths: Path) -> list[tuple[int, int, str]]:
    """Rows (-1 for a file that is left out), kB of memory and what is said of each file."""
    done = subprocess.run([sys.executable, "-c", READ, *paths], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    answers = [line.split(" ", 2) for line in done.stdout.splitlines()]
    assert len(answers) == len(paths)
    return [(int(rows), int(more), reason) for rows, more, reason in answers]


def with_footer(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    size = int.from_bytes(content[-8:-4], "little")
    footer = change(content[-8 - size : -8])
    return content[: -8 - size] + footer + len(footer).to_bytes(4, "little") + content[-4:]


def test_a_codec_that_nobody_knows_does_not_end_the_process(tmp_path: Path) -> None:
    """Arrow calls ``terminate`` when it is asked for the name of such a codec."""

    def unknown(footer: bytes) -> bytes:
        # The column's path, its codec (field 4, an i32), its number of values: the last of the columns is the prompt.
        at = footer.rindex(b"\x06prompt\x15\x02\x16")
        return footer[: at + 8] + bytes([17 << 1]) + footer[at + 9 :]

    rows = [{"timestamp": T0, "account_id": "u", "prompt": "word " * 60_000}] * 10
    path = tmp_path / "log.parquet"
    path.write_bytes(with_footer(parquet_bytes(rows, compression="snappy", use_dictionary=False), unknown))
    ((read, _, reason),) = read_apart(path)
    assert read == 0
    assert "rows 0 to 9 (row group 0) cannot be read" in reason


def test_footers_with_a_flipped_bit_do_not_end_the_process(tmp_path: Path) -> None:
    """Every 5th byte of a footer with a plain and an encrypted column, one bit of each: rows or a reason."""
    whole = encrypted(plaintext_footer=True, columns=["prompt"])
    size = int.from_bytes(whole[-8:-4], "little")
    paths = []
    for at in range(0, size, 5):
        changed = bytearray(whole)
        changed[len(whole) - 8 - size + at] ^= 1 << at % 8
        paths.append(tmp_path / f"{at}.parquet")
        paths[-1].write_bytes(changed)
    rows = {rows for rows, _, _ in read_apart(*paths)}
    assert rows >= {-1, 2}


def encrypted(*, plaintext_footer: bool, columns: list[str]) -> bytes:
    class Keys(pe.KmsClient):  # type: ignore[misc]
        def wrap_key(self, key: bytes, _: str) -> bytes:
            return base64.b64encode(key)

        def unwrap_key(self, key: bytes, _: str) -> bytes:
            return base64.b64decode(key)

    factory = pe.CryptoFactory(lambda _: Keys())
    config = pe.EncryptionConfiguration("footer", column_keys={"key": columns}, plaintext_footer=plaintext_footer)
    properties = factory.file_encryption_properties(pe.KmsConnectionConfig(), config)
    table = pa.Table.from_pylist([dict(row) for row in TWO])
    out = io.BytesIO()
    with pq.ParquetWriter(out, table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    return out.getvalue()


def test_encrypted_columns_are_not_read(tmp_path: Path) -> None:
    content = encrypted(plaintext_footer=True, columns=["prompt"])
    for options in (ReadOptions(), ReadOptions(keep_rejects=True)):
        outcome = read_bytes(tmp_path, "log.parquet", content, options)
        assert outcome.frame.columns == ["source", "row", "timestamp", "account_id"]
        assert outcome.values("account_id") == ["a", "b"]
        assert outcome.notes == ("log.parquet: column prompt is encrypted: not read",)
        assert outcome.unread == ()


def test_encrypted_files_are_refused(tmp_path: Path) -> None:
    everything = ["timestamp", "account_id", "prompt"]
    with pytest.raises(InputError, match=r"log\.parquet is encrypted: export it without encryption$"):
        read_bytes(tmp_path, "log.parquet", encrypted(plaintext_footer=True, columns=everything))
    with pytest.raises(InputError, match=r"log\.parquet is not a readable Parquet file \(Could not read encrypted"):
        read_bytes(tmp_path, "log.parquet", encrypted(plaintext_footer=False, columns=everything))
    with pytest.raises(InputError, match=r": no column for account_id\. Columns found: timestamp, prompt\."):
        read_bytes(tmp_path, "log.parquet", encrypted(plaintext_footer=True, columns=["account_id"]))


def test_a_footer_that_contradicts_itself(tmp_path: Path) -> None:
    """The file says 3 rows, its row groups 1 and 1: the first number (field 3, an i64) follows the schema."""

    def three(footer: bytes) -> bytes:
        at = footer.index(b"\x16\x04\x19\x2c")
        return footer[: at + 1] + bytes([3 << 1]) + footer[at + 2 :]

    content = with_footer(parquet_bytes(TWO, row_group_size=1), three)
    with pytest.raises(InputError, match=r"log\.parquet has a Parquet footer that contradicts itself: re-export it"):
        read_bytes(tmp_path, "log.parquet", content)


def varint(number: int) -> bytes:
    zigzag = number << 1 if number >= 0 else (-number << 1) - 1
    parts = []
    while zigzag >= 0x80:
        parts.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes([*parts, zigzag])


def test_a_page_that_lies_costs_its_row_group_and_no_memory(tmp_path: Path) -> None:
    """The header of a page of row group 1 claims bytes or values that cannot be."""
    rows = [{**row, "prompt": f"{at:040}"} for at, row in enumerate([*TWO] * 5)]
    paths: list[Path] = []
    for compression in ("none", "snappy"):
        whole = parquet_bytes(rows, row_group_size=5, use_dictionary=False, compression=compression)
        column = pq.ParquetFile(io.BytesIO(whole)).metadata.row_group(1).column(2)
        start, size = column.data_page_offset, column.total_compressed_size
        for claim in ({"unpacked": 2**31 - 1}, {"packed": 2**31 - 1}, {"values": 2**31 - 1}, {"values": -1}):
            says = {"unpacked": 50, "packed": 50, "values": 5, **claim}
            header = b"\x15\x00\x15" + varint(says["unpacked"]) + b"\x15" + varint(says["packed"])
            header += b"\x2c\x15" + varint(says["values"]) + b"\x15\x00\x15\x06\x15\x06\x00\x00"
            content = bytearray(whole)
            content[start : start + size] = header.ljust(size, b"x")[:size]
            paths.append(tmp_path / f"{len(paths)}.parquet")
            paths[-1].write_bytes(content)
    for read, more, reason in read_apart(*paths):
        assert read == 5
        assert "rows 5 to 9 (row group 1) cannot be read (" in reason
        assert more < 50_000


@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_page_that_does_not_have_its_checksum_is_not_read(tmp_path: Path, dictionary: bool, compression: str) -> None:
    """A bit is flipped in every 5th byte of a column: its rows are as they were, or are said to be lost."""
    texts = [f"prompt number {at} of a log" for at in range(30)]
    table = {
        "timestamp": np.arange(30) + 1_767_225_600,
        "account_id": [f"a{at % 4}" for at in range(30)],
        "prompt": texts,
    }
    options: dict[str, Any] = {"compression": compression, "use_dictionary": ["prompt"] if dictionary else False}
    whole = parquet_bytes(table, write_page_checksum=True, **options)
    column = pq.ParquetFile(io.BytesIO(whole)).metadata.row_group(0).column(2)
    start = column.dictionary_page_offset if dictionary else column.data_page_offset
    lost = 0
    for at in range(start, start + column.total_compressed_size, 5):
        content = whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :]
        outcome = read_bytes(tmp_path, "log.parquet", content)
        if outcome.unread:
            assert outcome.frame.is_empty()
            assert "rows 0 to 29 (row group 0) cannot be read (" in outcome.unread[1]
            lost += 1
        else:
            assert outcome.values("prompt") == texts
    assert lost > 10


@pytest.mark.parametrize("rows", [20, 50, 1000])
def test_a_broken_row_group_among_small_ones_that_are_read_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr("distillscan.read.formats.parquet._ROWS", rows)
    accounts = [f"{at:0300}" for at in range(200)]
    table = {"timestamp": [T0] * 200, "account_id": accounts}
    content = bytearray(parquet_bytes(table, row_group_size=20, compression="none", use_dictionary=False))
    broken = content.index(b"%0300d" % 130)
    content[broken - 1000 : broken + 1000] = b"\xff" * 2000
    outcome = read_bytes(tmp_path, "log.parquet", bytes(content))
    assert outcome.values("row") == [*range(120), *range(140, 200)]
    assert outcome.values("account_id") == accounts[:120] + accounts[140:]
    assert "rows 120 to 139 (row group 6) cannot be read (" in outcome.unread[1]


def test_memory_is_bounded_by_pieces_not_by_row_groups(tmp_path: Path) -> None:
    """One row group of 200 MB of texts, of 12 MB packed, is read in pieces of 12 MB and handed over at 48 MB."""
    size = 50_000
    texts = [f"{at} {'x' * 4_000}" for at in range(size)]
    content = parquet_bytes(
        {"timestamp": [T0] * size, "account_id": ["a"] * size, "prompt": texts}, row_group_size=size
    )
    path = tmp_path / "log.parquet"
    path.write_bytes(content)
    ((read, more, reason),) = read_apart(path)
    assert (read, reason) == (size, "")
    assert more < 160_000
