"""Make source values canonical, and tell the rows that can be used from those that cannot."""

from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from distillscan.columns import CANONICAL, CARRIED, POINTER, READABLE, REQUIRED, ROW, SOURCE, TIMESTAMP
from distillscan.read.bodies.tools import image_counts, tool_names
from distillscan.read.canonical.join import Joined, join_keys
from distillscan.read.canonical.related import Related
from distillscan.read.formats.chunks import Chunk, Source
from distillscan.read.notes import Notes
from distillscan.read.schema.resolve import Resolution
from distillscan.read.schema.shape import no_requests, refuse, shape
from distillscan.read.values.text import canonical_text, to_whole
from distillscan.read.values.timestamps import Times, parse_times

MALFORMED_RECORD: Final = "malformed record"
TIMESTAMP_MISSING: Final = "timestamp missing"
TIMESTAMP_UNKNOWN: Final = "timestamp not understood"
ACCOUNT_MISSING: Final = "account_id missing"

#: Reasons for which a row cannot be used; rows with any other reason are left out on purpose, as a schema says.
UNUSABLE: Final = frozenset({MALFORMED_RECORD, TIMESTAMP_MISSING, TIMESTAMP_UNKNOWN, ACCOUNT_MISSING})

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


def to_batch(
    chunk: Chunk, source: Source, notes: Notes, related: Related | None = None, joined: Joined | None = None
) -> Batch:
    """Make a batch of a chunk; rows without a usable time or account go to the rejects, with the reason.

    Args:
        chunk: Source values.
        source: The file they are from.
        notes: Receives what was assumed.
        related: What the file's rows have to do with one another.
        joined: What other logs know about its requests.

    Raises:
        InputError: If there is something that the file's schema refuses.
    """
    where = _where(chunk, source.number)
    read = len(chunk.rows) + chunk.malformed.height
    chunk = chunk.with_constants(source.resolution.constants)
    if related is not None:
        chunk = related.whole(chunk, notes, where)
    refuse(source.resolution, chunk.columns, source.label)
    columns = shape(source.resolution, chunk.columns, notes, where)
    times = parse_times(columns["timestamp"]) if "timestamp" in columns else None
    for text in times.assumed if times is not None else ():
        notes.add(f"timestamp {text}")
    for text in chunk.remarks:
        notes.add(text)
    notes.count("{count} lines of other output between the records are left out", where, chunk.left_out)
    frame = _canonical(replace(chunk, columns=columns), source.number, notes, where, times)
    if joined is not None:
        keys = join_keys(chunk.columns, frame, source.resolution)
        frame = frame if keys is None else joined.fill(frame, keys, where)
    left_out = (no_requests(source.resolution, chunk.columns), related.reasons(chunk.rows) if related else None)
    reason = _reasons(frame, times, [reasons for reasons in left_out if reasons is not None])
    rejects = _malformed(chunk, source.number)
    if reason is not None:
        bad = reason.is_not_null()
        unusable = frame.select(SOURCE, ROW).with_columns(reason, _record(chunk))
        rejects = pl.concat([rejects, unusable.filter(bad)]).sort(ROW)
        frame = frame.filter(~bad)
    return Batch(frame, read, chunk.bytes, rejects)


def to_canonical(
    chunk: Chunk, number: int, resolution: Resolution, notes: Notes, related: Related | None = None
) -> pl.DataFrame:
    """Return every usable record of a chunk with canonical types; what cannot be converted is null.

    Args:
        chunk: Source values.
        number: Number of the file they are from.
        resolution: Which columns are wanted, and how its values become canonical.
        notes: Receives what was assumed.
        related: What the file's rows have to do with one another.
    """
    where = _where(chunk, number)
    chunk = chunk.with_constants(resolution.constants)
    if related is not None:
        chunk = related.whole(chunk, notes, where)
    return _canonical(
        replace(chunk, columns=shape(resolution, chunk.columns, notes, where)), number, notes, where, None
    )


def _where(chunk: Chunk, number: int) -> tuple[int, int]:
    """Source and first row of a chunk, so that notes of one that is read again count once."""
    return number, int(chunk.rows[0]) if len(chunk.rows) else 0


def _canonical(chunk: Chunk, source: int, notes: Notes, where: tuple[int, int], times: Times | None) -> pl.DataFrame:
    columns = [chunk.rows.alias(ROW)]
    for canonical, dtype in READABLE.items():
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
            notes.count(f"{canonical} was not understood in {{count}} rows: left empty there", where, lost)
            values = parsed.values
        elif canonical in CARRIED:
            values = tool_names(raw) if canonical == "tools" else image_counts(raw)
        elif dtype == pl.Int64:
            values = to_whole(raw)
        else:
            values = canonical_text(canonical, raw)
        columns.append(values.alias(canonical))
    return pl.DataFrame(columns).select(pl.lit(source, POINTER[SOURCE]).alias(SOURCE), pl.all())


def _reasons(frame: pl.DataFrame, times: Times | None, left_out: list[pl.Series]) -> pl.Series | None:
    """Why each row cannot be used (null: it can), or ``None`` when all can, which is the usual case."""
    lacking = [name for name in REQUIRED if name not in frame.columns]
    if not left_out and not lacking and not any(frame[name].null_count() for name in REQUIRED):
        return None
    missing = pl.lit(value=True) if times is None else times.missing
    widened = frame.with_columns(pl.lit(None, CANONICAL[name]).alias(name) for name in lacking)
    unusable = (
        pl.when(pl.col("timestamp").is_null() & missing)
        .then(pl.lit(TIMESTAMP_MISSING))
        .when(pl.col("timestamp").is_null())
        .then(pl.lit(TIMESTAMP_UNKNOWN))
        .when(pl.col("account_id").is_null())
        .then(pl.lit(ACCOUNT_MISSING))
    )
    return widened.select(pl.coalesce(*map(pl.lit, left_out), unusable).alias("reason")).to_series()


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
