"""Read logs that add columns to another one by request: addresses from CloudTrail, accounts from a gateway's log."""

from collections.abc import Sequence
from typing import Final

import polars as pl

from distillscan.columns import CANONICAL, POINTER
from distillscan.errors import InputError
from distillscan.read.canonical.conventions import Conventions
from distillscan.read.canonical.convert import to_canonical
from distillscan.read.canonical.join import KEY, Joined, hashed
from distillscan.read.contents import recognise_by
from distillscan.read.formats.chunks import Source
from distillscan.read.formats.open import open_file
from distillscan.read.inputs.discover import Found, discover
from distillscan.read.inputs.local_copy import LocalCopies
from distillscan.read.notes import Notes
from distillscan.read.options import ReadOptions
from distillscan.read.schema.names import nameable
from distillscan.read.schema.resolve import Resolution, listed

#: Columns that a joined log can add. Texts stay out: the log with the prompts is the one to analyse.
JOINABLE: Final = tuple(name for name in CANONICAL if name not in ("prompt", "system_prompt", "response"))


def open_joins(options: ReadOptions, copies: LocalCopies, notes: Notes) -> tuple[Joined | None, tuple[Found, ...]]:
    """Read the logs to be joined, if there are any; return what they know and the files they are.

    Raises:
        InputError: If a file cannot be read, or has nothing to join by.
    """
    if not options.joins:
        return None, ()
    files = discover(options.joins, None, copies, notes, recognise=recognise_by(options, "join"))
    sources = []
    for number, found in enumerate(files):
        opening = open_file(found.local, found.label, found.partitions, options, "join", found.deleted)
        for text in (*opening.resolution.notes, *opening.notes):
            notes.add(f"joined log: {text}")
        sources.append(Source(number, found.label, opening.reader, opening.resolution))
    return _read(sources, options, notes), files


def require_key(label: str, resolution: Resolution, names: Sequence[str], *, of: int) -> None:
    """Check that a log has what joined logs are joined by.

    Raises:
        InputError: If it has not.
    """
    paths = resolution.schema.join_key if resolution.schema else ()
    if resolution.slots(paths) if paths else KEY in resolution.columns:
        return
    raise InputError(
        f"{label}: no column for {' or '.join(paths) or KEY}, by which --join joins. Columns found: "
        f"{listed(names, of)}. Say which column it is, for example --map {KEY}=SOURCE_COLUMN"
    )


def _read(sources: Sequence[Source], options: ReadOptions, notes: Notes) -> Joined:
    """Read joined logs into memory: one row a request, each distinct combination of values once."""
    conventions = Conventions.of(sources, options)
    parts = []
    for source in sources:
        _check(source, private=options.private)
        chosen = source.resolution.only(JOINABLE)
        for chunk in source.chunks(chosen, options.batch_rows):
            frame = to_canonical(chunk, source.number, chosen, conventions)
            frame = frame.filter(pl.col(KEY).is_not_null())
            parts.append(frame.select(hashed(frame[KEY])["key"], pl.all().exclude(*POINTER, KEY)))
    rows = pl.concat(parts, how="diagonal")
    names = [name for name in CANONICAL if name in rows.columns and rows[name].null_count() < rows.height]
    several = rows.filter(pl.col("key").is_duplicated())
    first = several.group_by("key", maintain_order=True).agg(pl.col(name).drop_nulls().first() for name in names)
    once = pl.concat([rows.filter(~pl.col("key").is_duplicated()).select("key", *names), first])
    notes.add(f"{once.height:,} requests in the joined log")
    if first.height:
        notes.add(f"{first.height:,} requests are in the joined log several times: the first values count")
    values = once.select(names).unique(maintain_order=True).with_row_index("at")
    keys = once.join(values, on=names, how="left", nulls_equal=True, maintain_order="left").select("key", "at")
    return Joined(keys, values.drop("at"))


def _check(source: Source, *, private: bool) -> None:
    columns = source.resolution.columns
    if KEY not in columns:
        names = [column.name for column in source.reader.columns]
        raise InputError(
            f"{source.label}: no column for {KEY}, by which logs are joined. Columns found: "
            f"{listed(nameable(names, private=private), len(names))}. Rename the right one to {KEY}"
        )
    if not columns.intersection(JOINABLE) - {KEY}:
        raise InputError(
            f"{source.label}: has nothing to add to a log: of the columns that are known it has {KEY} only"
        )
