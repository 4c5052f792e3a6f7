"""Small logs in every format, written and read again."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from distillscan.columns import CANONICAL, REQUIRED
from distillscan.read import Batch, Log, ReadOptions, open_log, shortcomings
from distillscan.read.canonical.nothing import UNMISTAKABLE

Rows = Sequence[Mapping[str, Any]]

T0, T1, T2 = "2026-01-02T12:00:00Z", "2026-01-02T12:00:01Z", "2026-01-02T12:00:02Z"
TWO: Rows = (
    {"timestamp": T0, "account_id": "a", "prompt": "one"},
    {"timestamp": T1, "account_id": "b", "prompt": "two"},
)


@dataclass(frozen=True)
class Outcome:
    """Everything that reading a log gave; paths in notes start with TMP."""

    frame: pl.DataFrame
    rejects: list[tuple[Any, ...]]
    notes: tuple[str, ...]
    batches: list[Batch]
    columns: frozenset[str]
    unread: tuple[str, ...] = ()

    def values(self, column: str) -> list[Any]:
        return self.frame[column].to_list()

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(row, reason) for _, row, reason, _ in self.rejects]


def meant(text: str | None) -> str | None:
    """What a text column has for a text: nothing for what means nothing, and for empty lists and objects."""
    empty = text is not None and re.fullmatch(r'\s*[\[{][\s\[\]{}",]*[\]}]\s*', text)
    return None if empty or text in UNMISTAKABLE else text


def csv_bytes(rows: Rows, separator: str = ",") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def ndjson_bytes(rows: Rows, *, ascii_only: bool = False) -> bytes:
    return b"".join(json.dumps(dict(row), ensure_ascii=ascii_only).encode() + b"\n" for row in rows)


def parquet_bytes(columns: Rows | Mapping[str, Any], **options: Any) -> bytes:
    table = (
        pa.table(dict(columns))
        if isinstance(columns, Mapping)
        else pa.Table.from_pylist([dict(row) for row in columns])
    )
    out = pa.BufferOutputStream()
    pq.write_table(table, out, **options)
    return bytes(out.getvalue().to_pybytes())


def batches_of(log: Log) -> list[Batch]:
    return [batch for task in log.tasks() for batch in task()]


def read_all(paths: Sequence[str | Path], options: ReadOptions | None = None, tmp: Path | None = None) -> Outcome:
    """Read a log to its end, checking on the way what holds for every log."""
    with open_log([str(path) for path in paths], options) as log:
        batches = batches_of(log)
        empty = pl.DataFrame(schema={"source": pl.UInt32, "row": pl.UInt64, **{n: CANONICAL[n] for n in REQUIRED}})
        frame = pl.concat([batch.frame for batch in batches] or [empty], how="diagonal")
        rejects = [row for batch in batches for row in batch.rejects.rows()]
        unread = tuple(text.replace(f"{tmp}/", "") for text in shortcomings(log.outcomes({})))
        assert sum(batch.read for batch in batches) == frame.height + len(rejects)
        assert not frame["timestamp"].null_count()
        assert not frame["account_id"].null_count()
        # Shares of a file are rounded down, one batch at a time.
        left = sum(file.bytes for file in log.inputs) - sum(batch.bytes for batch in batches)
        assert (0 <= left <= len(batches)) or unread
        assert list(log.notes) == sorted(log.notes)
        notes = tuple(sorted(note.replace(f"{tmp}/", "") for note in log.notes))
        return Outcome(frame, rejects, notes, batches, log.columns, unread)


def read_bytes(tmp: Path, name: str, content: bytes, options: ReadOptions | None = None) -> Outcome:
    """Write one file below ``tmp`` and read it."""
    path = tmp / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return read_all([path], options, tmp)
