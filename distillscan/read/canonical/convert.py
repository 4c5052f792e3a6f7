"""Make source values canonical, and tell the rows that can be used from those that cannot."""

from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl

from distillscan.columns import CANONICAL, CARRIED, POINTER, READABLE, REQUIRED, ROW, SOURCE, TIMESTAMP
from distillscan.read.bodies.tools import image_counts, tool_names
from distillscan.read.canonical.conventions import Conventions
from distillscan.read.canonical.conversations import unfold
from distillscan.read.canonical.join import Joined, join_keys
from distillscan.read.canonical.nothing import TEXTS
from distillscan.read.canonical.related import Related
from distillscan.read.formats.chunks import Chunk, Source
from distillscan.read.notes import Notes
from distillscan.read.schema.resolve import Resolution
from distillscan.read.schema.shape import no_requests, refuse, shape
from distillscan.read.values.addresses import read_addresses
from distillscan.read.values.text import IDENTIFIERS, canonical_text, to_text, to_whole
from distillscan.read.values.timestamps import SHORTENED, parse_times
from distillscan.read.values.views import SPACES, begins_with_one_of

MALFORMED_RECORD: Final = "malformed record"
TIMESTAMP_MISSING: Final = "timestamp missing"
TIMESTAMP_UNKNOWN: Final = "timestamp not understood"
ACCOUNT_MISSING: Final = "account_id missing"

#: Reasons for which a row cannot be used; rows with any other reason are left out on purpose, as a schema says.
UNUSABLE: Final = frozenset({MALFORMED_RECORD, TIMESTAMP_MISSING, TIMESTAMP_UNKNOWN, ACCOUNT_MISSING})

#: Rows that could not be used: which input, which record in it, why, and (when asked for) its text as JSON.
REJECTS: Final = pl.Schema({**POINTER, "reason": pl.String(), "record": pl.String()})

#: A number of six digits in scientific notation takes at most so many.
_SHORTENED_BYTES: Final = 12
_NUMBER: Final = b"-0123456789" + SPACES
_COMMAS: Final = "three digits after it are thousands, others decimals"
_HOPS: Final = "ip: of lists of addresses (X-Forwarded-For) the first that is not internal is read, in {count} rows"
_AROUND: Final = "ip: ports, brackets, zones and spellings are left out of addresses in {count} rows"


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
    chunk: Chunk,
    source: Source,
    notes: Notes,
    conventions: Conventions,
    related: Related | None = None,
    joined: Joined | None = None,
) -> Batch:
    """Make a batch of a chunk; rows without a usable time or account go to the rejects, with the reason.

    ``related`` is what the file's rows have to do with one another, ``joined`` what other logs know about its requests.

    Raises:
        InputError: If there is something that the file's schema refuses.
    """
    where = _where(chunk, source.number)
    read = len(chunk.rows) + chunk.malformed.height
    chunk = _complete(chunk, source.resolution, related, notes, where)
    refuse(source.resolution, chunk.columns, source.label)
    for text in chunk.remarks:
        notes.add(text)
    notes.count("{count} lines of other output between the records are left out", where, chunk.left_out)
    frame, timeless = _canonical(chunk, source.number, source.resolution, conventions, notes, where)
    if joined is not None:
        keys = join_keys(chunk.columns, frame, source.resolution)
        frame = frame if keys is None else joined.fill(frame, keys, where)
    left_out = (no_requests(source.resolution, chunk.columns), related.reasons(chunk.rows) if related else None)
    reason = _reasons(frame, timeless, [reasons for reasons in left_out if reasons is not None])
    rejects = chunk.malformed.select(
        pl.lit(source.number, POINTER[SOURCE]).alias(SOURCE), ROW, pl.lit(MALFORMED_RECORD).alias("reason"), "record"
    )
    if reason is not None:
        bad = reason.is_not_null()
        record = pl.lit(None, pl.String) if chunk.records is None else chunk.records
        unusable = frame.select(SOURCE, ROW, reason, record.alias("record")).filter(bad)
        rejects = pl.concat([rejects, unusable]).sort(ROW)
        frame = frame.filter(~bad)
    return Batch(frame, read, chunk.bytes, rejects)


def to_canonical(
    chunk: Chunk, number: int, resolution: Resolution, conventions: Conventions, related: Related | None = None
) -> pl.DataFrame:
    """Return every usable record of a chunk of a file, with canonical types; what cannot be converted is null."""
    notes, where = Notes(), _where(chunk, number)
    chunk = _complete(chunk, resolution, related, notes, where)
    return _canonical(chunk, number, resolution, conventions, notes, where)[0]


def _where(chunk: Chunk, number: int) -> tuple[int, int]:
    """Source and first row of a chunk, so that notes of one that is read again count once."""
    return number, int(chunk.rows[0]) if len(chunk.rows) else 0


def _complete(
    chunk: Chunk, resolution: Resolution, related: Related | None, notes: Notes, where: tuple[int, int]
) -> Chunk:
    """The chunk with what the file's path and its other rows add to it."""
    chunk = chunk.with_constants(resolution.constants)
    return chunk if related is None else related.whole(chunk, notes, where)


def _canonical(
    chunk: Chunk, number: int, resolution: Resolution, conventions: Conventions, notes: Notes, where: tuple[int, int]
) -> tuple[pl.DataFrame, pl.Series | None]:
    """The canonical columns, and which rows have no timestamp at all (``None``: there is no such column)."""
    blanks = conventions.blanks
    given = shape(resolution, blanks.in_source(chunk.columns, resolution, notes, where), notes, where)
    unfold(given, resolution, notes, where)
    source = pl.Series(SOURCE, [number], POINTER[SOURCE]).new_from_index(0, len(chunk.rows))
    columns = [source, chunk.rows.alias(ROW)]
    timeless = None
    for name, dtype in READABLE.items():
        if name not in given:
            continue
        if dtype == TIMESTAMP:
            values, missing = _times(name, given[name], conventions, notes, where)
            timeless = missing if name == "timestamp" else timeless
        elif name in TEXTS:
            values = blanks.in_text(name, canonical_text(name, given[name]), notes, where)
        else:
            values = _values(name, given[name], notes, where)
        columns.append(values.alias(name))
    _count_shortened([values for values in columns if values.name in IDENTIFIERS], notes, where)
    return pl.DataFrame(columns), timeless


def _times(
    name: str, raw: pl.Series, conventions: Conventions, notes: Notes, where: tuple[int, int]
) -> tuple[pl.Series, pl.Series]:
    """A column of times, and which rows have none."""
    times = parse_times(raw, conventions.dates, partial(conventions.dates.are_serial, name))
    for text in times.assumed:
        notes.add(f"{name} {text}")
    if raw.dtype == pl.String and times.values.null_count():
        _count_shortened([raw.filter(times.values.is_null()).alias(name)], notes, where)
    if name != "timestamp":
        lost = int((times.values.is_null() & ~times.missing).sum())
        notes.count(f"{name} was not understood in {{count}} rows: left empty there", where, lost)
    return times.values, times.missing


def _values(name: str, raw: pl.Series, notes: Notes, where: tuple[int, int]) -> pl.Series:
    """A column of single values: a number, an address, a name."""
    if name in CARRIED:
        return tool_names(raw) if name == "tools" else image_counts(raw)
    if name == "ip":
        addresses = read_addresses(to_text(raw))
        notes.count(_HOPS, where, addresses.lists)
        notes.count(_AROUND, where, addresses.others)
        return addresses.values
    if READABLE[name] == pl.Int64:
        numbers = to_whole(raw)
        if raw.dtype == pl.String:
            commas = raw.str.contains(",", literal=True) & numbers.is_not_null()
            notes.count(f"{name}: {{count}} rows hold numbers with a comma: {_COMMAS}", where, int(commas.sum()))
        return numbers
    return canonical_text(name, raw)


def shortened_note(name: str) -> str:
    """Return what to say of rows whose numbers a spreadsheet shortened."""
    return (
        f"{name}: {{count}} rows hold numbers that a spreadsheet shortened (1.23E+15): their last digits are gone, and "
        "different ones may look the same; export the column as text"
    )


def _count_shortened(texts: list[pl.Series], notes: Notes, where: tuple[int, int]) -> None:
    for text in texts:
        short = text.filter(begins_with_one_of(text, _NUMBER) & (text.str.len_bytes() <= _SHORTENED_BYTES))
        notes.count(shortened_note(text.name), where, int(short.str.contains(SHORTENED).sum()))


def _reasons(frame: pl.DataFrame, timeless: pl.Series | None, left_out: list[pl.Series]) -> pl.Series | None:
    """Why each row cannot be used (null: it can), or ``None`` when all can, which is the usual case."""
    lacking = [name for name in REQUIRED if name not in frame.columns]
    if not left_out and not lacking and not any(frame[name].null_count() for name in REQUIRED):
        return None
    missing = pl.lit(value=True) if timeless is None else timeless
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
