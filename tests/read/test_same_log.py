"""The same log as Parquet, CSV and NDJSON, whole or split, is the same frame."""

import gzip
import re
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from distillscan.read import ReadOptions
from tests.support.small_logs import csv_bytes, meant, ndjson_bytes, read_all

TEXT = st.text(max_size=12) | st.sampled_from(
    ["", "two\r\nlines", 'a "b", c', "\0", "\r", "1.0", "[x", '{"a": 1}', "é漢😀", "'=1"]
)
MOMENTS = st.datetimes(datetime(1974, 1, 1), datetime(2261, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "timestamp": MOMENTS | st.none(),
            "account_id": st.integers(-5, 2**40) | st.none(),
            "org_id": TEXT | st.none(),
            "asn": st.sampled_from(["AS64496 Example", "64496", "as64497", "", "Example"]) | st.none(),
            "email_domain": st.sampled_from(["a@Example.com", "example.com", ""]) | st.none(),
            "prompt": TEXT | st.none(),
            "input_tokens": st.integers(0, 2**40) | st.none(),
            "account_created_at": MOMENTS | st.none(),
        }
    ),
    min_size=1,
    max_size=8,
)
SCHEMA = pa.schema(
    {
        "timestamp": pa.timestamp("us", "UTC"),
        "account_id": pa.int64(),
        "org_id": pa.string(),
        "asn": pa.string(),
        "email_domain": pa.large_string(),
        "prompt": pa.large_string(),
        "input_tokens": pa.int64(),
        "account_created_at": pa.timestamp("us", "UTC"),
    }
)


def as_text(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
        for row in rows
    ]


def write(folder: Path, name: str, rows: Sequence[dict[str, Any]]) -> Path:
    path = folder / name
    if name.endswith(".parquet"):
        pq.write_table(pa.Table.from_pylist(list(rows), SCHEMA), path, row_group_size=3)
    elif name.endswith(".csv"):
        path.write_bytes(csv_bytes(as_text(rows)))
    elif name.endswith(".csv.gz"):
        path.write_bytes(gzip.compress(csv_bytes(as_text(rows), ";")))
    else:
        path.write_bytes(ndjson_bytes(as_text(rows), ascii_only=len(rows) % 2 == 0))
    return path


@settings(max_examples=60, deadline=None)
@given(ROWS, st.data())
def test_the_same_log_in_every_format_and_split(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    names = ("log.parquet", "log.csv", "log.csv.gz", "log.ndjson")
    with tempfile.TemporaryDirectory() as folder:
        whole = [read_all([write(Path(folder), name, rows)], ReadOptions(batch_rows=2)) for name in names]
        cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(rows) - 1)), max_size=3)))
        parts = [rows[start:end] for start, end in zip([0, *cuts], [*cuts, len(rows)], strict=True) if start < end]
        files = [
            write(Path(folder), f"part-{at}{data.draw(st.sampled_from(['.parquet', '.csv', '.ndjson']))}", part)
            for at, part in enumerate(parts)
        ]
        # Of files with the same content one is read: as an export that is there twice, not as a part of another.
        assume(len({file.read_bytes() for file in files}) == len(files))
        split = read_all(files)
    for outcome in whole[1:]:
        assert outcome.frame.equals(whole[0].frame)
        assert outcome.frame.schema == whole[0].frame.schema
        assert outcome.rejects == whole[0].rejects
        assert outcome.notes == whole[0].notes
    # Hypothesis takes texts out of the package as well, null markers and words for withheld texts among them.
    assert all(re.search("means no value|no text$", note) for note in whole[0].notes)
    assert split.frame.drop("source", "row").equals(whole[0].frame.drop("source", "row"))
    assert [reason for _, reason in split.reasons] == [reason for _, reason in whole[0].reasons]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(min_size=1), min_size=1, max_size=5))
def test_prompts_come_back_exactly(prompts: list[str]) -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    rows = [dict.fromkeys(SCHEMA.names) | {"timestamp": moment, "account_id": 1, "prompt": text} for text in prompts]
    with tempfile.TemporaryDirectory() as folder:
        for name in ("log.parquet", "log.csv", "log.ndjson"):
            outcome = read_all([write(Path(folder), name, rows)])
            assert outcome.values("prompt") == [meant(text) for text in prompts]
            assert outcome.frame["prompt"].dtype == pl.String
