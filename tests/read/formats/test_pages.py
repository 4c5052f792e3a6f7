"""Long texts read page by page are those that Arrow reads, and whatever is odd is left to Arrow."""

from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distillscan.read import ReadOptions, open_log
from distillscan.read.formats.footer import COMPRESSED, DATA_AT, DICTIONARY_AT, UNCOMPRESSED, column_chunks
from distillscan.read.formats.pages import TextPages
from distillscan.read.formats.parquet import ParquetReader

_TEXTS = st.lists(
    st.one_of(st.none(), st.text(max_size=40), st.sampled_from(["", "same", "twelve bytes", "thirteen bytes", "中文"])),
    min_size=1,
    max_size=120,
)


def _write(path: Path, texts: Sequence[str | None], *, nullable: bool = True, **options: Any) -> None:
    field = pa.field("prompt", pa.string(), nullable=nullable)
    pq.write_table(pa.table([pa.array(texts, pa.string())], pa.schema([field])), path, **options)


def _pages(path: Path, file: FileIO, edit: tuple[int, int] | None = None) -> TextPages:
    about = pq.ParquetFile(path).metadata
    chunks = column_chunks(path, about.num_row_groups, 1)
    assert chunks is not None
    if edit is not None:
        chunks[0, 0, edit[0]] = edit[1]
    codecs = [about.row_group(group).column(0).compression for group in range(about.num_row_groups)]
    return TextPages(file, chunks[:, 0], codecs, optional=about.schema.column(0).max_definition_level > 0)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=_TEXTS,
    compression=st.sampled_from(["zstd", "snappy", "gzip", "brotli", "none"]),
    dictionary=st.booleans(),
    page=st.sampled_from([64, 1 << 20]),
    group=st.integers(1, 150),
    checksum=st.booleans(),
    steps=st.integers(1, 50),
)
def test_texts_are_those_that_were_written(
    tmp_path: Path,
    texts: list[str | None],
    compression: str,
    dictionary: bool,
    page: int,
    group: int,
    checksum: bool,
    steps: int,
) -> None:
    path = tmp_path / "texts.parquet"
    _write(
        path, texts, compression=compression, use_dictionary=dictionary, data_page_size=page, row_group_size=group,
        write_page_checksum=checksum, write_batch_size=8, nullable=None in texts,
    )  # fmt: skip
    with FileIO(path) as file:
        pages = _pages(path, file)
        found: list[str | None] = []
        while len(found) < len(texts):
            found += pages.take(min(steps, len(texts) - len(found))).to_list()
        assert found == texts
        with pytest.raises(pa.ArrowInvalid, match="a column ends too early"):
            pages.take(1)


def test_a_dictionary_that_grew_too_large_is_followed_by_plain_pages(tmp_path: Path) -> None:
    texts = [f"{at % 700} {'x' * (at % 300)}" for at in range(2_000)]
    path = tmp_path / "texts.parquet"
    _write(path, texts, dictionary_pagesize_limit=20_000, data_page_size=5_000, write_batch_size=50)
    assert {"PLAIN", "RLE_DICTIONARY"} <= set(pq.ParquetFile(path).metadata.row_group(0).column(0).encodings)
    with FileIO(path) as file:
        assert _pages(path, file).take(2_000).to_list() == texts


def test_text_that_is_no_utf8_is_read_as_windows_1252(tmp_path: Path) -> None:
    path = tmp_path / "texts.parquet"
    pq.write_table(pa.table({"prompt": pa.array([b"caf\xe9 with a longer name", b"ol\xe9"], pa.binary())}), path)
    with FileIO(path) as file:
        assert _pages(path, file).take(2).to_list() == ["café with a longer name", "olé"]


def test_a_header_with_long_bounds_is_read_whole(tmp_path: Path) -> None:
    texts = ["a" * 9_000, "b" * 9_000]
    path = tmp_path / "texts.parquet"
    _write(path, texts, write_statistics=True, write_page_index=False, use_dictionary=False)
    with FileIO(path) as file:
        assert _pages(path, file).take(2).to_list() == texts


@pytest.mark.parametrize(
    ("options", "edit", "message"),
    [
        ({"data_page_version": "2.0"}, None, "a page of a kind that is not known here|a page without a header"),
        ({"use_dictionary": False, "column_encoding": "DELTA_BYTE_ARRAY"}, None, "an encoding that is not known here"),
        ({"use_dictionary": False}, (DATA_AT, 5), "a page without a header|more bytes|a kind that is not known"),
        ({"use_dictionary": False}, (COMPRESSED, 20), "a page without a header|more bytes than it can have"),
        ({"use_dictionary": False}, (UNCOMPRESSED, 20), "a page claims more bytes than it can have"),
    ],
)
def test_what_is_not_known_is_said_at_once(
    tmp_path: Path, options: dict[str, Any], edit: tuple[int, int] | None, message: str
) -> None:
    path = tmp_path / "texts.parquet"
    _write(path, ["some text that is rather long", "other text that is rather long"] * 20, **options)
    with FileIO(path) as file, pytest.raises(pa.ArrowInvalid, match=message):
        _pages(path, file, edit)


@pytest.mark.parametrize("checksum", [True, False])
@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_damaged_page_is_read_as_by_arrow_alone_or_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checksum: bool, dictionary: bool, compression: str
) -> None:
    """What nobody needs of a page's header may be broken: that is where Arrow gives up, and there is no need to."""
    monkeypatch.setattr("distillscan.read.formats.parquet._WORTH", 0)
    texts = [f"prompt number {at} of a log" for at in range(30)]
    rows: dict[str, object] = {
        "timestamp": np.arange(30) + 1_767_225_600,
        "account_id": [f"a{at % 4}" for at in range(30)],
    }
    path = tmp_path / "log.parquet"
    table = pa.table({**rows, "prompt": texts})
    names = ["account_id", "prompt"] if dictionary else ["account_id"]
    pq.write_table(table, path, compression=compression, use_dictionary=names, write_page_checksum=checksum)
    whole = path.read_bytes()
    chunks = column_chunks(path, 1, 3)
    assert chunks is not None
    begin = int(chunks[0, 2, DICTIONARY_AT if dictionary else DATA_AT])
    different = 0
    for at in range(begin, begin + int(chunks[0, 2, COMPRESSED]), 5):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
        with monkeypatch.context() as alone:
            alone.setattr(ParquetReader, "_texts", lambda *_: {})
            expected = _read(path)
        found = _read(path)
        assert found in (expected, (texts, [""])), at
        different += found == expected != (texts, [""])
    assert different > 10


def _read(path: Path) -> tuple[list[str | None], list[str]]:
    """The prompts of a log, and what is said of its files."""
    with open_log([str(path)], ReadOptions()) as log:
        frames = [batch.frame for task in log.tasks() for batch in task()]
        found = pl.concat(frames)["prompt"].to_list() if frames else []
        return found, [one.reason for one in log.outcomes({})]
