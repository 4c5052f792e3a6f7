"""A piece of one file as a format reader hands it over, before its values become canonical."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

import polars as pl

from distillscan.read.inputs.outcome import Damage
from distillscan.read.schema.resolve import Resolution, SourceColumn

#: Records that are no rows at all: their number in the file and their text as a JSON string.
MALFORMED: Final = pl.Schema({"row": pl.UInt64(), "record": pl.String()})
#: Bytes of texts from which it is looked whether they are kept once for many rows.
_LARGE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive records of one file.

    Attributes:
        rows: Number in the file (u64) of each usable record.
        columns: Canonical column to its source values, of any type, one per usable record.
        malformed: Broken records (``MALFORMED``).
        records: The source row of each usable record as JSON text, or ``None`` when nobody asked for them.
        bytes: Rough bytes of the file that were consumed for it.
        remarks: What is odd about the file that only reading it could tell.
        damage: What could not be read, between its records or after them.
        left_out: How often other output stands between its records.
    """

    rows: pl.Series
    columns: Mapping[str, pl.Series]
    malformed: pl.DataFrame
    records: pl.Series | None
    bytes: int
    remarks: tuple[str, ...] = ()
    damage: tuple[Damage, ...] = ()
    left_out: int = 0

    @property
    def end(self) -> int:
        """Number of the record after its last one; 0 if it holds none."""
        last = [rows[-1] for rows in (self.rows, self.malformed["row"]) if len(rows)]
        return int(max(last)) + 1 if last else 0

    def with_constants(self, constants: Mapping[str, str | None]) -> "Chunk":
        """Return the chunk with columns that have one value throughout: partition keys of the file's path."""
        if not constants:
            return self
        rows = len(self.rows)
        added = {name: pl.Series([value], dtype=pl.String).new_from_index(0, rows) for name, value in constants.items()}
        return replace(self, columns={**self.columns, **added})

    def filter(self, keep: pl.Series) -> "Chunk":
        """Return the chunk with only the usable records for which ``keep`` is true."""
        columns = {name: values.filter(keep) for name, values in self.columns.items()}
        records = None if self.records is None else self.records.filter(keep)
        return replace(self, rows=self.rows.filter(keep), columns=columns, records=records)


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of a file that can be read on its own: rows ``first_row`` up to ``end_row`` (``None``: to the end).

    ``read_rows`` reads a few rows, given by their numbers, where a format can do so quicker than ``read`` reads all.
    """

    first_row: int
    end_row: int | None
    bytes: int
    read: Callable[[], Iterator[Chunk]]
    read_rows: Callable[[frozenset[int]], Iterator[Chunk]] | None = None


class Reader(Protocol):
    """One opened file of some format."""

    @property
    def columns(self) -> tuple[SourceColumn, ...]:
        """The file's top-level columns, in their order."""

    @property
    def rows(self) -> int | None:
        """Rows in the file where its footer knows, else ``None``."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about the file, for the notes."""

    def units(self, resolution: Resolution, *, batch_rows: int, records: bool) -> Iterator[Unit]:
        """Split the file into units that yield the resolved columns; ``records`` asks for the source rows too."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a log: its number in the column ``source`` of batches, its name, and where its columns are."""

    number: int
    label: str
    reader: Reader
    resolution: Resolution

    def chunks(self, resolution: Resolution, batch_rows: int) -> Iterator[Chunk]:
        """Read it from its beginning, as far as a resolution says; raises ``InputError`` if it breaks off."""
        for unit in self.reader.units(resolution, batch_rows=batch_rows, records=False):
            yield from unit.read()


def no_rows(columns: Iterable[str]) -> Chunk:
    """Return a chunk without records."""
    empty = pl.Series([], dtype=pl.String)
    return Chunk(empty.cast(pl.UInt64), dict.fromkeys(columns, empty), pl.DataFrame(schema=MALFORMED), None, 0)


def join_chunks(chunks: list[Chunk]) -> Chunk:
    """Return consecutive chunks of one file as one."""
    if len(chunks) == 1:
        return chunks[0]
    full = [chunk for chunk in chunks if len(chunk.rows)] or chunks[:1]
    if any(chunk.columns.keys() != full[0].columns.keys() for chunk in full):
        # A key that only some lines of a file have was found on the way.
        frames = [pl.DataFrame(list(dict(chunk.columns).values()), list(chunk.columns)) for chunk in full]
        columns = pl.concat(frames, how="diagonal").to_dict()
    else:
        columns = {name: pl.concat([chunk.columns[name] for chunk in full]) for name in full[0].columns}
    records = [chunk.records for chunk in chunks if chunk.records is not None]
    return Chunk(
        pl.concat([chunk.rows for chunk in chunks]),
        columns,
        pl.concat([chunk.malformed for chunk in chunks]),
        pl.concat(records) if records else None,
        sum(chunk.bytes for chunk in chunks),
        tuple(remark for chunk in chunks for remark in chunk.remarks),
        tuple(damage for chunk in chunks for damage in chunk.damage),
        sum(chunk.left_out for chunk in chunks),
    )


def gather(chunks: Iterator[Chunk], batch_rows: int, batch_bytes: int) -> Iterator[Chunk]:
    """Join small chunks as long as they stay within ``batch_rows`` records and ``batch_bytes`` of values."""
    waiting: list[Chunk] = []
    rows = size = 0
    for chunk in chunks:
        chunk_size = sum(map(_held_bytes, chunk.columns.values()))
        if waiting and (rows + len(chunk.rows) > batch_rows or size + chunk_size > batch_bytes):
            yield join_chunks(waiting)
            waiting, rows, size = [], 0, 0
        waiting.append(chunk)
        rows += len(chunk.rows)
        size += chunk_size
    if waiting:
        yield join_chunks(waiting)


def _held_bytes(values: pl.Series) -> int:
    """Bytes of memory that values take; of texts that repeat and are kept once, once."""
    size = int(values.estimated_size())
    if values.dtype != pl.String or size < _LARGE:
        return size
    chunks = [chunk.to_arrow(compat_level=pl.CompatLevel.newest()) for chunk in values.get_chunks()]
    return min(size, sum(int(chunk.nbytes) for chunk in chunks))
