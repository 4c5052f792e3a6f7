"""The footer of a Parquet file as Arrow tells it, and of those that would make Arrow end the process."""

import base64
import io
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distillscan.errors import InputError
from distillscan.read import ReadOptions
from distillscan.read.formats import footer
from distillscan.read.formats.footer import (
    CODEC,
    CODEC_NAMES,
    COMPILED,
    COMPRESSED,
    DATA_AT,
    DICTIONARY_AT,
    ENCRYPTED,
    UNCOMPRESSED,
    VALUES,
    column_chunks,
    page_that_lies,
)
from distillscan.read.formats.footer import _file as plain_file
from tests.support.small_logs import TWO, parquet_bytes, read_bytes

TABLE = pa.table(
    {
        "timestamp": pa.array(range(100), pa.timestamp("us", "UTC")),
        "account_id": [str(at % 5) for at in range(100)],
        "meta": [{"a": at, "b": ["x"] * (at % 3)} for at in range(100)],
        "on": [at % 2 == 0 for at in range(100)],
        "price": pa.array([1.5] * 100),
    }
)


@pytest.fixture(params=["plain", "compiled"])
def walk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How footers and pages are walked: in plain Python, as short ones are, or compiled."""
    if request.param == "compiled":
        monkeypatch.setattr(footer, "_SHORT", -1)
        monkeypatch.setattr(footer, "_LITTLE", -2)
    return str(request.param)


def test_a_codec_that_nobody_knows_does_not_end_the_process(tmp_path: Path) -> None:
    """Found by fuzzing: Arrow calls ``terminate`` when it is asked for the name of such a codec."""
    long = ["word " * 60_000] * 10
    table = pa.table({"timestamp": [1767355200] * 10, "account_id": ["u"] * 10, "prompt": long})
    out = io.BytesIO()
    pq.write_table(table, out, compression="snappy", use_dictionary=False)
    content = out.getvalue()
    size = int.from_bytes(content[-8:-4], "little")
    footer = content[-8 - size : -8]
    # The column's path, its codec (field 4, an i32), its number of values: the last of three columns is the prompt.
    at = footer.rindex(b"\x06prompt\x15\x02\x16")
    broken = bytearray(footer)
    broken[at + 8] = 17 << 1
    path = tmp_path / "log.parquet"
    path.write_bytes(content[: -8 - size] + bytes(broken) + content[-8:])
    code = (
        "import sys; from distillscan.read import open_log\n"
        "with open_log(sys.argv[1:]) as log:\n"
        "    [batch for task in log.tasks() for batch in task()]\n"
        "    print(log.outcomes({})[0].reason)"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "rows 0 to 9 (row group 0) cannot be read" in done.stdout
    facts = column_chunks(path, 1, 3)
    assert facts is not None
    assert facts[0, :, CODEC].tolist() == [1, 1, 17]


@pytest.mark.usefixtures("walk")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_dictionary": False, "compression": "none", "write_statistics": False},
        {"row_group_size": 3, "compression": "zstd", "write_page_index": True, "store_schema": False},
        {"data_page_version": "2.0", "sorting_columns": [pq.SortingColumn(0)], "version": "1.0"},
        {"row_group_size": 50, "write_statistics": ["account_id"], "bloom_filter_options": {"account_id": True}},
    ],
)
def test_it_says_what_arrow_says(options: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    with pq.ParquetWriter(path, TABLE.schema, **{k: v for k, v in options.items() if k != "row_group_size"}) as out:
        out.write_table(TABLE, row_group_size=options.get("row_group_size"))
        out.add_key_value_metadata({"key": "value" * 100})
    metadata = pq.ParquetFile(path).metadata
    table = column_chunks(path, metadata.num_row_groups, metadata.num_columns)
    assert table is not None
    for group in range(metadata.num_row_groups):
        for at in range(metadata.num_columns):
            column = metadata.row_group(group).column(at)
            facts = table[group, at]
            assert facts[VALUES] == column.num_values
            assert facts[UNCOMPRESSED] == column.total_uncompressed_size
            assert facts[COMPRESSED] == column.total_compressed_size
            assert facts[DATA_AT] == column.data_page_offset
            assert facts[DICTIONARY_AT] == (column.dictionary_page_offset if column.has_dictionary_page else -1)
            assert facts[ENCRYPTED] == -1
            assert CODEC_NAMES[int(facts[CODEC])] == column.compression
    assert column_chunks(path, metadata.num_row_groups + 1, metadata.num_columns) is None
    assert column_chunks(path, metadata.num_row_groups, metadata.num_columns - 1) is None


@given(st.binary(max_size=200), st.integers(0, 2000), st.integers(0, 60))
def test_no_bytes_break_it(tmp_path_factory: pytest.TempPathFactory, junk: bytes, at: int, cut: int) -> None:
    content = bytearray(parquet_bytes(TWO, row_group_size=1))
    size = struct.unpack("<I", content[-8:-4])[0]
    footer = content[-8 - size : -8]
    at = min(at, len(footer))
    footer[at : at + cut] = junk
    path = tmp_path_factory.mktemp("x") / "x.parquet"
    path.write_bytes(b"PAR1" + footer + struct.pack("<I", len(footer)) + b"PAR1")
    table = column_chunks(path, 2, 3)
    assert table is None or table.shape == (2, 3, CODEC + 1)
    # Walked by compiled code it says the same, down to the facts taken before it broke off.
    mine, theirs = np.full((2, 2, 3, CODEC + 1), -1, np.int64)
    data = np.frombuffer(bytes(footer), np.uint8)
    with np.errstate(over="ignore"):
        assert plain_file(data, mine) == COMPILED["_file"](data, theirs) == (table is not None)
    assert np.array_equal(mine, theirs)


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


def test_a_footer_that_contradicts_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("distillscan.read.formats.parquet.column_chunks", lambda *_: None)
    with pytest.raises(InputError, match=r"log\.parquet has a Parquet footer that contradicts itself: re-export it"):
        read_bytes(tmp_path, "log.parquet", parquet_bytes(TWO))


def varint(number: int) -> bytes:
    zigzag = number << 1 if number >= 0 else (-number << 1) - 1
    parts = []
    while zigzag >= 0x80:
        parts.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes([*parts, zigzag])


def page(unpacked: int, packed: int) -> bytes:
    """A header of a data page, then as many bytes as it says up to 50."""
    header = (
        b"\x15\x00\x15" + varint(unpacked) + b"\x15" + varint(packed) + b"\x2c\x15\x02\x15\x00\x15\x06\x15\x06\x00\x00"
    )
    return header + b"x" * min(packed, 50)


@pytest.mark.usefixtures("walk")
@pytest.mark.parametrize(
    ("pages", "stated", "claim"),
    [
        ([page(50, 50)] * 3, 150, None),
        ([page(50, 50), page(64 << 20, 50)], 150, None),
        ([page(50, 50), page((64 << 20) + 1, 50)], 150, (64 << 20) + 1),
        ([page(10**9, 50)], 2 * 10**9, 10**9),
        ([page(10**9, 50), page(50, 50)], 10**9 - 1, 10**9),
        ([page(50, 50), page(50, 10**9)], 150, 10**9),
        ([page(50, -3)], 150, None),
        ([b"\x15\x00"], 150, None),
        ([b"\xff" * 40], 150, None),
        ([b""], 150, None),
    ],
)
def test_pages_that_lie_about_their_size(tmp_path: Path, pages: list[bytes], stated: int, claim: int | None) -> None:
    path = tmp_path / "x"
    content = b"".join(pages)
    path.write_bytes(b"PAR1" + content)
    chunk = np.full((1, 6), -1, np.int64)
    chunk[0, [DATA_AT, COMPRESSED, UNCOMPRESSED]] = 4, len(content), stated
    assert page_that_lies(path, chunk) == claim


def test_what_unpacks_well_is_no_lie(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"a": ["x" * 90_000_000]}), path, compression="zstd", use_dictionary=False)
    table = column_chunks(path, 1, 1)
    assert table is not None
    assert table[0, 0, COMPRESSED] < 20_000 < 90_000_000 < table[0, 0, UNCOMPRESSED]
    assert page_that_lies(path, table[0]) is None


def test_a_page_that_lies_costs_its_row_group_and_no_memory(tmp_path: Path) -> None:
    rows = [{**row, "prompt": str(at)} for at, row in enumerate([*TWO] * 5)]
    content = bytearray(parquet_bytes(rows, row_group_size=5, use_dictionary=False))
    (tmp_path / "log.parquet").write_bytes(content)
    table = column_chunks(tmp_path / "log.parquet", 2, 3)
    assert table is not None
    at = int(table[1, 2, DATA_AT])
    size = int(table[1, 2, COMPRESSED])
    content[at : at + size] = page(2**31 - 1, 20)[:size].ljust(size, b"\0")
    before = pa.default_memory_pool().max_memory()
    outcome = read_bytes(tmp_path, "log.parquet", bytes(content))
    assert outcome.values("prompt") == list("01234")
    assert "rows 5 to 9 (row group 1) cannot be read (a page claims to have 2,147,483,647 bytes)" in outcome.unread[1]
    assert pa.default_memory_pool().max_memory() - before < 10_000_000
