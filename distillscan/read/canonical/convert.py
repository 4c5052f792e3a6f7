"""Make source values canonical, and tell the rows that can be used from those that cannot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from distillscan.columns import CANONICAL, CARRIED, POINTER, READABLE, REQUIRED, ROW, SOURCE, TIMESTAMP
from distillscan.read.bodies.tools import image_counts, tool_names
from distillscan.read.canonical.joined import Joined, join_keys
from distillscan.read.canonical.rows import Related
from distillscan.read.formats.chunks import Chunk
from distillscan.read.notes import Notes
from distillscan.read.schema.plan import Plan
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


@dataclass(frozen=True, slots=True)
class Shaping:
    """How the chunks of one input become canonical, beyond taking its columns as they are.

    Attributes:
        label: The input's name for messages.
        plan: What its schema says, if it is read with one.
        related: What its rows have to do with one another.
        joined: What other logs know about its requests.
    """

    label: str = ""
    plan: Plan | None = None
    related: Related | None = None
    joined: Joined | None = None

    def only(self, columns: Iterable[str]) -> "Shaping":
        """Return what is needed for some of the canonical columns of single rows."""
        return replace(self, plan=self.plan and self.plan.only(columns), joined=None)

    def whole(self, chunk: Chunk, notes: Notes, where: tuple[int, int]) -> Chunk:
        """Return the chunk with each request in one row."""
        if self.related is None or self.plan is None:
            return chunk
        return self.related.whole(chunk, self.plan.slots, notes, where)

    def columns(self, chunk: Chunk, notes: Notes, where: tuple[int, int]) -> Mapping[str, pl.Series]:
        """Return the chunk's source values under canonical names.

        Raises:
            InputError: If there is something the schema refuses.
        """
        if self.plan is None:
            return chunk.columns
        self.plan.refuse(chunk.columns, self.label)
        return self.plan.shape(chunk.columns, notes, where)

    def reasons(self, chunk: Chunk) -> pl.Series | None:
        """Why each row is left out, apart from what is in it (null: it is not), or ``None`` when none is."""
        first = self.plan.no_requests(chunk.columns) if self.plan is not None else None
        second = self.related.reasons(chunk.rows) if self.related is not None else None
        if first is None or second is None:
            return second if first is None else first
        return first.fill_null(second)


_AS_IT_IS: Final = Shaping()


def to_batch(chunk: Chunk, source: int, notes: Notes, shaping: Shaping = _AS_IT_IS) -> Batch:
    """Convert a chunk of input ``source``; rows without a usable time or account go to the rejects, with the reason.

    Raises:
        InputError: If there is something that the input's schema refuses.
    """
    where = (source, int(chunk.rows[0]) if len(chunk.rows) else 0)
    read = len(chunk.rows) + chunk.malformed.height
    chunk = shaping.whole(chunk, notes, where)
    columns = shaping.columns(chunk, notes, where)
    times = parse_times(columns["timestamp"]) if "timestamp" in columns else None
    for text in times.assumed if times is not None else ():
        notes.add(f"timestamp {text}")
    for text in chunk.remarks:
        notes.add(text)
    frame = _canonical(replace(chunk, columns=columns), source, notes, where, times)
    if shaping.joined is not None:
        keys = join_keys(chunk.columns, frame, shaping.plan)
        if keys is not None:
            frame = shaping.joined.fill(frame, keys, notes, where)
    reason = _reasons(frame, times, shaping.reasons(chunk))
    rejects = _malformed(chunk, source)
    if reason is not None:
        bad = reason.is_not_null()
        unusable = frame.select(SOURCE, ROW).with_columns(reason, _record(chunk))
        rejects = pl.concat([rejects, unusable.filter(bad)]).sort(ROW)
        frame = frame.filter(~bad)
    return Batch(frame, read, chunk.bytes, rejects)


def to_canonical(chunk: Chunk, source: int, notes: Notes, shaping: Shaping = _AS_IT_IS) -> pl.DataFrame:
    """Return every usable record of a chunk with canonical types; what cannot be converted is null.

    Args:
        chunk: Source values.
        source: Number of the input.
        notes: Receives what was assumed.
        shaping: How the input's values become canonical; further parts and joined logs count as far as it has them.
    """
    where = (source, int(chunk.rows[0]) if len(chunk.rows) else 0)
    chunk = shaping.whole(chunk, notes, where)
    return _canonical(replace(chunk, columns=shaping.columns(chunk, notes, where)), source, notes, where, None)


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
            notes.tally(f"{canonical} was not understood in {{count}} rows: left empty there", where, lost)
            values = parsed.values
        elif canonical in CARRIED:
            values = tool_names(raw) if canonical == "tools" else image_counts(raw)
        elif dtype == pl.Int64:
            values = to_whole(raw)
        else:
            values = canonical_text(canonical, raw)
        columns.append(values.alias(canonical))
    return pl.DataFrame(columns).select(pl.lit(source, POINTER[SOURCE]).alias(SOURCE), pl.all())


def _reasons(frame: pl.DataFrame, times: Times | None, left_out: pl.Series | None) -> pl.Series | None:
    """Why each row cannot be used (null: it can), or ``None`` when all can, which is the usual case."""
    lacking = [name for name in REQUIRED if name not in frame.columns]
    if left_out is None and not lacking and not any(frame[name].null_count() for name in REQUIRED):
        return None
    missing = pl.lit(value=True) if times is None else times.missing
    return (
        frame.with_columns(pl.lit(None, CANONICAL[name]).alias(name) for name in lacking)
        .select(
            pl.when(pl.lit(left_out).is_not_null() if left_out is not None else pl.lit(value=False))
            .then(pl.lit(left_out) if left_out is not None else pl.lit(None, pl.String()))
            .when(pl.col("timestamp").is_null() & missing)
            .then(pl.lit(TIMESTAMP_MISSING))
            .when(pl.col("timestamp").is_null())
            .then(pl.lit(TIMESTAMP_UNKNOWN))
            .when(pl.col("account_id").is_null())
            .then(pl.lit(ACCOUNT_MISSING))
            .alias("reason")
        )
        .to_series()
    )


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
