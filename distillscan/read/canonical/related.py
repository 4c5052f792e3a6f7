"""Rows of a log that belong together: newer copies of a request, and requests that are logged in several parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import polars as pl

from distillscan.columns import POINTER, ROW, SOURCE
from distillscan.errors import InputError
from distillscan.read.canonical.join import hashed
from distillscan.read.formats.chunks import Chunk, Source
from distillscan.read.notes import Notes
from distillscan.read.schema.model import Rows, Schema
from distillscan.read.schema.resolve import Resolution, slot
from distillscan.read.values.jsontext import parse_or_none, value_text
from distillscan.read.values.text import to_text, to_whole
from distillscan.read.values.timestamps import parse_times

OLDER: Final = "older copy of a request"
_PARTS: Final = "{count} rows are further parts of requests: their texts were joined to the first part"
#: A 64-bit hash stands for the key: among 16 million rows two keys share one with a probability of 1 in 100,000.
_KEYS: Final = pl.Schema({**POINTER, "key": pl.UInt64(), "order": pl.Int64()})


@dataclass(frozen=True, slots=True)
class Related:
    """What is known about the rows of one source beyond each row itself.

    Attributes:
        older: Rows of which there is a newer copy.
        further: Rows that continue the row of another number, or of another source.
        texts: ``row`` and, by slot, the values of the parts that follow it, in order.
        joined: Slots whose texts continue; of the others the first value counts.
    """

    older: pl.Series
    further: pl.Series
    texts: pl.DataFrame
    joined: frozenset[str]

    def whole(self, chunk: Chunk, notes: Notes, where: tuple[int, int]) -> Chunk:
        """Return the chunk with requests in one row each: further parts are added to the first one, and left out."""
        if len(self.further):
            further = chunk.rows.is_in(self.further.implode())
            notes.count(_PARTS, where, int(further.sum()))
            chunk = chunk.filter(~further) if further.any() else chunk
        parts = chunk.rows.alias(ROW).to_frame().with_row_index("at").join(self.texts, on=ROW)
        if parts.is_empty():
            return chunk
        continued = {
            name: _continued(chunk.columns[name], parts["at"], parts[name], joined=name in self.joined)
            for name in parts.columns
            if name in chunk.columns
        }
        return replace(chunk, columns={**chunk.columns, **continued})

    def reasons(self, rows: pl.Series) -> pl.Series | None:
        """Why each row does not count (null: it does), or ``None`` when all do."""
        older = rows.is_in(self.older.implode())
        return pl.select(pl.when(older).then(pl.lit(OLDER)).alias("reason")).to_series() if older.any() else None


def relate(sources: Sequence[Source], batch_rows: int) -> dict[int, Related]:
    """Find the related rows of a log's files, by their numbers, in a first pass over the columns that tell them.

    Texts of further parts are kept in memory: their size is that of what exceeds the first part of each request.
    """
    found: dict[int, Related] = {}
    schemas = {one.resolution.schema.name: one.resolution.schema for one in sources if one.resolution.schema}
    for schema in schemas.values():
        if schema.newest or schema.parts:
            found |= _relate(schema, [one for one in sources if one.resolution.schema == schema], batch_rows)
    return found


def _relate(schema: Schema, sources: Sequence[Source], batch_rows: int) -> dict[int, Related]:
    older = further = pl.DataFrame(schema=_KEYS)
    texts = pl.DataFrame(schema=dict(POINTER))
    joined = frozenset(slot(path) for paths in schema.body.parts.values() for path in paths)
    if schema.newest is not None:
        older = _others(_keys(schema.newest, sources, batch_rows), newest=True)
    if schema.parts is not None:
        further = _others(_keys(schema.parts, sources, batch_rows), newest=False)
        texts = _texts(schema, further, sources, batch_rows, joined)
    return {
        one.number: Related(
            older.filter(pl.col(SOURCE) == one.number)[ROW].sort(),
            further.filter(pl.col(SOURCE) == one.number)[ROW].sort(),
            texts.filter(pl.col(SOURCE) == one.number).drop(SOURCE),
            joined,
        )
        for one in sources
    }


def _keys(rows: Rows, sources: Sequence[Source], batch_rows: int) -> pl.DataFrame:
    parts = [pl.DataFrame(schema=_KEYS)]
    for one in sources:
        for chunk in _chunks(one, one.resolution.at((rows.key, rows.order)), batch_rows):
            key, order = chunk.columns.get(slot(rows.key)), chunk.columns.get(slot(rows.order))
            if key is not None and order is not None:
                source = pl.lit(one.number, POINTER[SOURCE]).alias(SOURCE)
                found = hashed(to_text(key)).select(source, chunk.rows.alias(ROW), "key", _place(order).alias("order"))
                parts.append(found.drop_nulls("key"))
    return pl.concat(parts)


def _place(order: pl.Series) -> pl.Series:
    """Numbers and times as numbers, each value by itself, so that the outcome does not depend on batches."""
    whole = to_whole(order)
    return whole.fill_null(parse_times(order).values.to_physical()) if whole.null_count() else whole


def _others(keys: pl.DataFrame, *, newest: bool) -> pl.DataFrame:
    """All rows of a key but the first, or but the newest; with the place of that one."""
    ranked = keys.filter(pl.col("key").is_duplicated()).sort(
        ["key", "order", SOURCE, ROW], descending=[False, newest, False, False], nulls_last=newest
    )
    first = [pl.col(name).first().over("key").alias(f"first_{name}") for name in (SOURCE, ROW)]
    return ranked.with_columns(first).filter(~pl.col("key").is_first_distinct())


def _texts(
    schema: Schema, further: pl.DataFrame, sources: Sequence[Source], batch_rows: int, joined: frozenset[str]
) -> pl.DataFrame:
    """What further parts hold, by the first part: lists of texts where they are joined, else the first value."""
    parts: list[pl.DataFrame] = []
    for one in sources:
        mine = further.filter(pl.col(SOURCE) == one.number)
        for chunk in _chunks(one, one.resolution.at(schema.paths), batch_rows) if mine.height else ():
            values = {name: to_text(column) for name, column in chunk.columns.items()}
            parts.append(pl.DataFrame({ROW: chunk.rows, **values}).join(mine, on=ROW))
    if not parts:
        return pl.DataFrame(schema=dict(POINTER))
    found = pl.concat(parts, how="diagonal").sort("key", "order", SOURCE, ROW)
    first = ["first_source", "first_row"]
    slots = [pl.col(name).drop_nulls() for name in found.columns if name not in (*_KEYS, *first)]
    gathered = [one.implode() if one.meta.output_name() in joined else one.first() for one in slots]
    return found.group_by(first, maintain_order=True).agg(gathered).rename(dict(zip(first, POINTER, strict=True)))


def _chunks(source: Source, resolution: Resolution, batch_rows: int) -> Iterator[Chunk]:
    """The chunks of one source up to where it breaks off, which the reading itself will tell."""
    try:
        yield from source.chunks(resolution, batch_rows)
    except InputError:
        return


def _continued(values: pl.Series, at: pl.Series, more: pl.Series, *, joined: bool) -> pl.Series:
    text = to_text(values)
    own = text.gather(at)
    if not joined:
        return text.scatter(at, own.fill_null(more))
    whole = [join_parts([first, *rest]) for first, rest in zip(own, more, strict=True)]
    return text.scatter(at, pl.Series(whole, dtype=pl.String))


def join_parts(parts: Sequence[str | None]) -> str | None:
    """Return the parts of a logged text as one: lists that are whole each as one list, else one after the other."""
    texts = [part for part in parts if part]
    lists = [parse_or_none(text) for text in texts] if len(texts) > 1 else []
    if lists and all(isinstance(one, list) for one in lists):
        return value_text([*chain.from_iterable(lists)])
    return "".join(texts) or None
