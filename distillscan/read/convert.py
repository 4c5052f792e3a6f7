"""Make source values canonical, and tell the rows that can be used from those that cannot."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from distillscan.columns import CANONICAL, POINTER, REQUIRED, ROW, SOURCE, TIMESTAMP
from distillscan.read.chunks import Chunk
from distillscan.read.notes import Notes
from distillscan.read.timestamps import Times, parse_times
from distillscan.read.values import canonical_text, to_whole

MALFORMED_RECORD: Final = "malformed record"
TIMESTAMP_MISSING: Final = "timestamp missing"
TIMESTAMP_UNKNOWN: Final = "timestamp not understood"
ACCOUNT_MISSING: Final = "account_id missing"

#: Rows that could not be used: which input, which record in it, why, and (when asked for) its text as JSON.
REJECTS: Final = pl.Schema({**POINTER, "reason": pl.String(), "record": pl.String()})


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive requests of one input.

    Attributes:
        frame: Usable rows: ``source``, ``row`` and the canonical columns the file has, with exactly their types.
        read: Records seen, usable or not.
        bytes: Rough bytes of input consumed, for progress; they add up to the size of the file.
        rejects: Rows that could not be used (``REJECTS``).
    """

    frame: pl.DataFrame
    read: int
    bytes: int
    rejects: pl.DataFrame


def to_batch(chunk: Chunk, source: int, notes: Notes) -> Batch:
    """Convert a chunk of input ``source``; rows without a usable time or account go to the rejects, with the reason."""
    where = (source, int(chunk.rows[0]) if len(chunk.rows) else 0)
    times = parse_times(chunk.columns["timestamp"])
    for text in times.assumed:
        notes.add(f"timestamp {text}")
    for text in chunk.remarks:
        notes.add(text)
    frame = to_canonical(chunk, source, notes, where, times)
    reason = _reasons(frame, times)
    rejects = _malformed(chunk, source)
    if reason is not None:
        bad = reason.is_not_null()
        unusable = frame.select(SOURCE, ROW).with_columns(reason, _record(chunk))
        rejects = pl.concat([rejects, unusable.filter(bad)]).sort(ROW)
        frame = frame.filter(~bad)
    read = len(chunk.rows) + chunk.malformed.height
    return Batch(frame, read, chunk.bytes, rejects)


def to_canonical(
    chunk: Chunk, source: int, notes: Notes, where: tuple[int, int] = (0, 0), times: Times | None = None
) -> pl.DataFrame:
    """Return every usable record of a chunk with canonical types; what cannot be converted is null.

    Args:
        chunk: Source values.
        source: Number of the input.
        notes: Receives what was assumed.
        where: Source and first row, so that a chunk read twice is counted once.
        times: The parsed ``timestamp`` column where the caller has it already.
    """
    columns = [chunk.rows.alias(ROW)]
    for canonical, dtype in CANONICAL.items():
        raw = chunk.columns.get(canonical)
        if raw is None:
            continue
        if canonical == "timestamp" and times is not None:
            values = times.values
        elif dtype == TIMESTAMP:
            parsed = parse_times(raw)
            for text in parsed.assumed:
                notes.add(f"{canonical} {text}")
            lost = int((parsed.values.is_null() & ~parsed.missing).sum())
            notes.tally(f"{canonical} was not understood in {{count}} rows: left empty there", where, lost)
            values = parsed.values
        elif dtype == pl.Int64:
            values = to_whole(raw)
        else:
            values = canonical_text(canonical, raw)
        columns.append(values.alias(canonical))
    return pl.DataFrame(columns).select(pl.lit(source, POINTER[SOURCE]).alias(SOURCE), pl.all())


def _reasons(frame: pl.DataFrame, times: Times) -> pl.Series | None:
    """Why each row cannot be used (null: it can), or ``None`` when all can, which is the usual case."""
    if not any(frame[name].null_count() for name in REQUIRED):
        return None
    return frame.select(
        pl.when(times.missing)
        .then(pl.lit(TIMESTAMP_MISSING))
        .when(pl.col("timestamp").is_null())
        .then(pl.lit(TIMESTAMP_UNKNOWN))
        .when(pl.col("account_id").is_null())
        .then(pl.lit(ACCOUNT_MISSING))
        .alias("reason")
    ).to_series()


def _record(chunk: Chunk) -> pl.Series:
    if chunk.records is None:
        return pl.Series("record", [None], pl.String).new_from_index(0, len(chunk.rows))
    return chunk.records.alias("record")


def _malformed(chunk: Chunk, source: int) -> pl.DataFrame:
    return chunk.malformed.select(
        pl.lit(source, POINTER[SOURCE]).alias(SOURCE),
        pl.col("row").alias(ROW),
        pl.lit(MALFORMED_RECORD).alias("reason"),
        pl.col("record"),
    )
