"""Read Parquet: row groups of ordinary size are units of their own, a giant one is streamed in bounded memory."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from distillscan.errors import InputError
from distillscan.read.canonical.values import decode, to_json_objects
from distillscan.read.formats.arrow import dig_arrow, is_text, to_series
from distillscan.read.formats.chunks import Chunk, Unit, no_malformed
from distillscan.read.formats.detect import reading, what_went_wrong
from distillscan.read.formats.footer import (
    CODEC,
    CODEC_NAMES,
    COMPRESSED,
    DATA_AT,
    DICTIONARY_AT,
    ENCRYPTED,
    UNCOMPRESSED,
    VALUES,
    column_chunks,
    page_that_lies,
)
from distillscan.read.formats.pages import CODECS, ENCODINGS, TextPages
from distillscan.read.inputs.outcome import Damage
from distillscan.read.schema.resolve import Resolution, SourceColumn, SourcePath

#: Uncompressed bytes read at once: buffers of this size are used again, while larger ones are fetched anew from the
#: operating system each time.
_AT_ONCE: Final = 16 << 20
#: As many times as much is read at once where long texts are read page by page.
_PAGES_AT_ONCE: Final = 3
#: Bytes of texts from which on that is worth it: what reads them is compiled first where it never ran before.
_WORTH: Final = 2 << 20
#: Rows of a broken row group that are read, or lost, together.
_STEP: Final = 1_000
_BUFFER: Final = 4 << 20
#: Stored bytes per value below which a column repeats few values, and is decoded once per value, not once per row.
_REPEATS: Final = 1.0
_LONG_TEXT: Final = frozenset({"system_prompt", "prompt", "response"})
_LONG_TEXT_REPEATS: Final = 4.0
_MAX_DEPTH: Final = 8
#: What broken content raises.
_BROKEN: Final = (pa.ArrowException, OSError, UnicodeDecodeError, pl.exceptions.OutOfBoundsError)


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is read of each row group, and how: canonical columns, the file's for them, those read as dictionaries."""

    paths: Mapping[str, SourcePath]
    wanted: list[str] | None
    repeating: tuple[str, ...]
    records: bool
    batch_rows: int


class ParquetReader:
    """One Parquet file.

    Raises:
        InputError: If its footer cannot be read.
    """

    def __init__(self, path: Path, label: str) -> None:
        self._path, self._label = path, label
        self._size = path.stat().st_size
        with checked(label), pq.ParquetFile(_source(path), pre_buffer=False) as file:
            self._metadata: Any = file.metadata
            self._schema: Any = file.schema_arrow
            self._leaves = [file.metadata.schema.column(at).path for at in range(file.metadata.num_columns)]
            counts = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
            chunks = column_chunks(path, len(counts), len(self._leaves))
        if chunks is None or min(counts, default=0) < 0 or sum(counts) != self._metadata.num_rows:
            raise InputError(f"{label} has a Parquet footer that contradicts itself: re-export it or leave it out")
        self._counts, self._chunk_facts = counts, chunks
        self.rows: int | None = self._metadata.num_rows
        encrypted = {self._leaves[at].partition(".")[0] for at in np.flatnonzero((chunks[..., ENCRYPTED] > 0).any(0))}
        columns = tuple(_source_column(item) for item in self._schema)
        self.columns = tuple(column for column in columns if column.name not in encrypted)
        names = [column.name for column in columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        self.remarks = (
            *(f"{label}: there are two columns {name}; the first is read" for name in twice),
            *(f"{label}: column {name} is encrypted: not read" for name in sorted(encrypted)),
        )
        if encrypted and not self.columns:
            raise InputError(f"{label} is encrypted: export it without encryption")

    def units(self, resolution: Resolution, *, batch_rows: int, records: bool) -> Iterator[Unit]:
        """Split the file by row groups, small neighbours together; ``records`` reads every column."""
        paths = {name: path for name, path in resolution.paths.items() if not path.partition}
        wanted = None if records else sorted({self._leaf(path) for path in paths.values()})
        sizes = self._sizes(wanted)
        shape = _Shape(paths, wanted, self._repeating(paths), records, batch_rows)
        starts = [0]
        for rows in self._counts:
            starts.append(starts[-1] + rows)
        for first, end in _neighbours(starts, sizes, batch_rows):
            rows, size = starts[end] - starts[first], sum(sizes[first:end])
            whole = rows <= batch_rows and size <= _AT_ONCE
            at_once = None if whole else max(1, min(batch_rows, rows * _AT_ONCE // max(1, size)))
            read = partial(self._read, range(first, end), starts[first], shape, at_once)
            yield Unit(starts[first], starts[end], self._share(rows), read)

    def _read(self, groups: range, row: int, shape: _Shape, at_once: int | None) -> Iterator[Chunk]:
        """Read row groups; of broken ones everything else is still read, and what is lost is said."""
        done = row
        try:
            for chunk in self._chunks(groups, row, shape, at_once):
                done = chunk.end
                yield chunk
        except _BROKEN as error:
            _raise_if_gone(error, self._label)
            broken = error
        else:
            return
        if len(groups) > 1:
            for group in groups:
                yield from self._read(range(group, group + 1), row, shape, at_once)
                row += self._counts[group]
        elif shape.records or at_once != _STEP:
            yield from self._read_in_steps(groups, row, done, shape)
        else:
            yield self._lost(groups[0], row, done, shape, broken)

    def _read_in_steps(self, groups: range, row: int, done: int, shape: _Shape) -> Iterator[Chunk]:
        """Read a broken row group from ``done`` on, in steps that come as near to the broken place as is worth it.

        How large the pieces were before thus decides nothing. What is broken may also be a column that only the
        rejects file wants, so no source rows are read.
        """
        needed = replace(shape, records=False, wanted=sorted({self._leaf(path) for path in shape.paths.values()}))
        for chunk in self._read(groups, row, needed, _STEP):
            rest = chunk.filter(chunk.rows >= done)
            unknown = pl.Series([None], dtype=pl.String).new_from_index(0, len(rest.rows))
            yield replace(rest, records=unknown if shape.records else None)

    def _lost(self, group: int, row: int, done: int, shape: _Shape, error: BaseException) -> Chunk:
        end = row + self._counts[group]
        reason = f"{self._label}: rows {done:,} to {end - 1:,} (row group {group}) cannot be read"
        damage = Damage(done, f"{reason} ({what_went_wrong(error)}): re-export the file")
        table = self._schema.empty_table()
        try:
            columns = {name: dig_arrow(_column(table, path.column), path.keys) for name, path in shape.paths.items()}
        except _BROKEN:
            raise InputError(damage.reason) from error  # not even the types make sense: so it is with all row groups
        nothing = pl.Series([], dtype=pl.UInt64)
        return Chunk(nothing, columns, no_malformed(), None, self._share(end - done), damage=(damage,))

    def _chunks(self, groups: range, row: int, shape: _Shape, at_once: int | None) -> Iterator[Chunk]:
        leaves = self._leaves_of(shape.wanted)
        claimed = page_that_lies(self._path, np.concatenate(self._chunk_facts[groups.start : groups.stop, leaves]))
        if claimed is not None:
            raise pa.ArrowInvalid(f"a page claims to have {claimed:,} bytes")
        with self._raw() as raw:
            texts = self._texts(raw, groups, shape, at_once)
            rest = {name: path for name, path in shape.paths.items() if name not in texts}
            wanted = sorted({self._leaf(path) for path in rest.values()}) if texts else shape.wanted
            if texts and at_once is not None:  # pages are small, and their memory is used again anyway
                at_once = min(shape.batch_rows, _PAGES_AT_ONCE * at_once)
            # What is left is little work: to hand it over to other threads would take longer.
            for table in self._tables(groups, replace(shape, wanted=wanted), at_once, threads=not texts):
                columns = {
                    name: texts[name].take(table.num_rows)
                    if name in texts
                    else dig_arrow(_column(table, path.column), path.keys)
                    for name, path in shape.paths.items()
                }
                rows = pl.int_range(row, row + table.num_rows, dtype=pl.UInt64, eager=True)
                records = _records(table) if shape.records else None
                row += table.num_rows
                yield Chunk(rows, columns, no_malformed(), records, self._share(table.num_rows))

    def _raw(self) -> FileIO:
        with reading(self._label):
            return FileIO(self._path)

    def _texts(self, raw: FileIO, groups: range, shape: _Shape, at_once: int | None) -> dict[str, TextPages]:
        """Canonical columns of long texts that can be read without Arrow. In small steps Arrow tells what is broken."""
        found: dict[str, TextPages] = {}
        if shape.records or at_once == _STEP:
            return found
        for canonical in sorted(_LONG_TEXT & shape.paths.keys()):
            path = shape.paths[canonical]
            if path.keys or path.column in shape.repeating or path.column not in self._leaves:
                continue
            leaf = self._leaves.index(path.column)
            about = self._metadata.schema.column(leaf)
            columns = [self._metadata.row_group(group).column(leaf) for group in groups]
            chunks = self._chunk_facts[groups.start : groups.stop, leaf]
            codecs = [CODEC_NAMES.get(number, "") for number in chunks[:, CODEC].tolist()]
            if (
                about.physical_type != "BYTE_ARRAY"
                or about.max_repetition_level > 0
                or about.max_definition_level > 1
                or not is_text(self._schema.field(self._schema.get_all_field_indices(path.column)[0]).type)
                or not CODECS.issuperset(codecs)
                or not all(ENCODINGS.issuperset(one.encodings) for one in columns)
            ):
                continue
            if chunks[:, UNCOMPRESSED].sum() < _WORTH:
                continue
            with suppress(pa.ArrowInvalid):
                found[canonical] = TextPages(raw, chunks, codecs, optional=about.max_definition_level > 0)
        return found if len(found) < len(shape.paths) else {}

    def _tables(self, groups: range, shape: _Shape, at_once: int | None, *, threads: bool) -> Iterator[Any]:
        """The row groups as one table, or as several of ``at_once`` rows read through a small buffer."""
        with self._open(shape, at_once) as file:
            if at_once is None:
                yield file.read_row_groups(list(groups), columns=shape.wanted, use_threads=threads)
                return
            for batch in file.iter_batches(at_once, row_groups=list(groups), columns=shape.wanted, use_threads=threads):
                yield pa.Table.from_batches([batch])

    def _open(self, shape: _Shape, at_once: int | None) -> Any:
        with reading(self._label):
            return pq.ParquetFile(
                _source(self._path),
                metadata=self._metadata,
                read_dictionary=list(shape.repeating),
                buffer_size=_BUFFER if at_once else 0,
                pre_buffer=False,
                page_checksum_verification=True,
            )

    def _share(self, rows: int) -> int:
        return int(self._size * rows // max(1, self._metadata.num_rows))

    def _leaf(self, path: SourcePath) -> str:
        """The name by which the reader selects a path: into objects as far as the keys go, to read no more."""
        kind = self._schema.field(self._schema.get_all_field_indices(path.column)[0]).type
        names, keys = [path.column], list(path.keys)
        while keys and pa.types.is_struct(kind):
            size = next(size for size in range(len(keys), 0, -1) if kind.get_field_index(".".join(keys[:size])) >= 0)
            names.append(".".join(keys[:size]))
            kind = kind.field(names[-1]).type
            del keys[:size]
        return ".".join(names)

    def _sizes(self, wanted: Sequence[str] | None) -> list[int]:
        """Uncompressed bytes of the wanted columns, per row group."""
        sizes: list[int] = self._chunk_facts[:, self._leaves_of(wanted), UNCOMPRESSED].clip(0).sum(1).tolist()
        return sizes

    def _leaves_of(self, wanted: Sequence[str] | None) -> list[int]:
        return [at for at, path in enumerate(self._leaves) if wanted is None or _selected(path, wanted)]

    def _repeating(self, paths: Mapping[str, SourcePath]) -> tuple[str, ...]:
        """Text columns that repeat so much that each value is best kept once, such as one system prompt on all rows."""
        at_path = {path: at for at, path in enumerate(self._leaves)}
        found = set()
        for canonical, path in paths.items():
            at = at_path.get(path.column)
            if (
                path.keys
                or at is None
                or not is_text(self._schema.field(self._schema.get_all_field_indices(path.column)[0]).type)
            ):
                continue
            if canonical == "system_prompt" or self._repeats(canonical, at):
                found.add(path.column)
        return tuple(sorted(found))

    def _repeats(self, canonical: str, at: int) -> bool:
        facts = self._chunk_facts[:, at]
        if (facts[:, DICTIONARY_AT] < 0).any():
            return False
        values = facts[:, VALUES].sum()
        if canonical in _LONG_TEXT:
            begins = np.where(facts[:, DICTIONARY_AT] > 0, facts[:, DICTIONARY_AT], facts[:, DATA_AT])
            dictionaries = (facts[:, DATA_AT] - begins).clip(0)
            return bool((facts[:, COMPRESSED] - dictionaries).sum() < _LONG_TEXT_REPEATS * values)
        return bool(facts[:, UNCOMPRESSED].sum() < _REPEATS * values)


@contextmanager
def checked(label: str) -> Iterator[None]:
    """Name the file when its content is broken.

    Raises:
        InputError: For any error of Arrow or of the operating system.
    """
    try:
        yield
    except _BROKEN as error:
        _raise_if_gone(error, label)
        reason = what_went_wrong(error)
        raise InputError(f"{label} is not a readable Parquet file ({reason}): re-export it or leave it out") from error


def _source(path: Path) -> Any:
    """The file as Arrow's reader takes it, even if its name is no text."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return pa.OSFile(os.fsencode(path), "rb")
    return path


def _raise_if_gone(error: BaseException, label: str) -> None:
    """What the operating system refuses is nothing that another try at smaller parts would mend."""
    if getattr(error, "errno", None):
        with reading(label):
            raise error


def _neighbours(starts: Sequence[int], sizes: Sequence[int], batch_rows: int) -> Iterator[tuple[int, int]]:
    """Ranges of row groups that together stay within a batch; files of many tiny groups are common."""
    first = 0
    for group in range(1, len(sizes) + 1):
        if group == len(sizes) or (
            starts[group + 1] - starts[first] > batch_rows or sum(sizes[first : group + 1]) > _AT_ONCE
        ):
            yield first, group
            first = group


def _selected(leaf: str, wanted: Sequence[str]) -> bool:
    return any(leaf == name or leaf.startswith(name + ".") for name in wanted)


def _column(table: Any, name: str) -> Any:
    return table.column(table.schema.get_all_field_indices(name)[0])


def _records(table: Any) -> pl.Series:
    """Every source row as JSON text, for the rejects file."""
    columns: dict[str, pl.Series] = {}
    for at, name in enumerate(table.schema.names):
        values = to_series(table.column(at))
        columns.setdefault(name, decode(values) if values.dtype == pl.Binary else values)
    return to_json_objects(pl.DataFrame(columns))


def _source_column(field: Any) -> SourceColumn:
    nested = pa.types.is_nested(field.type)
    inner = frozenset(_inner(field.type, "", 0)) if pa.types.is_struct(field.type) else None
    return SourceColumn(field.name, nested, inner)


def _inner(kind: Any, prefix: str, depth: int) -> Iterator[str]:
    """Dotted paths below an object type."""
    for field in kind:
        path = f"{prefix}{field.name}"
        yield path
        if pa.types.is_struct(field.type) and depth < _MAX_DEPTH:
            yield from _inner(field.type, f"{path}.", depth + 1)
