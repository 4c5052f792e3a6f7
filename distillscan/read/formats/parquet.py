"""Read Parquet with Arrow, a few thousand rows at a time: memory stays flat however large a row group is.

Arrow is asked for the types, for the number and size of row groups, and for rows. It is not asked for what the footer
says of a single column chunk (codec, encodings, sizes): in a footer that is broken or encrypted that ends the process.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from distillscan.errors import InputError
from distillscan.read.formats.arrow import is_text, to_series
from distillscan.read.formats.chunks import MALFORMED, Chunk, Unit, no_rows
from distillscan.read.inputs.outcome import Damage
from distillscan.read.inputs.stream import reading, what_went_wrong
from distillscan.read.schema.names import shown_name
from distillscan.read.schema.resolve import Resolution, SourceColumn, SourcePath
from distillscan.read.values.jsontext import dig_json
from distillscan.read.values.text import to_json, to_json_objects

#: Bytes and rows that are unpacked at once: memory that is used again at once costs less than fresh memory, and a call
#: to Arrow for fewer rows costs more than it saves. Small row groups are read together up to this many bytes.
_AT_ONCE: Final = 12 << 20
_ROWS: Final = 32_768
#: Of row groups with more bytes than that each column is fetched from the disk in pieces, of others as a whole. (Where
#: it is fetched in pieces, a broken page that claims 2 GB makes Arrow fill as much with zeros.)
_GIANT: Final = 256 << 20
_PIECE: Final = 4 << 20
#: Maps by whose keys it is told whether lists were flattened.
_FIRST: Final = 1_000
#: Rows of a broken row group that are read, or lost, together.
_STEP: Final = 1_000
#: First rows that are looked at for texts that repeat, and how often a value is there if they do.
_SAMPLE: Final = 1_000
_REPEATS: Final = 4
_MAX_DEPTH: Final = 8
#: What broken content raises.
_BROKEN: Final = (pa.ArrowException, OSError, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is read of each row group: ``rows`` at once of what Arrow calls ``names``, source rows too if ``records``.

    ``repeating`` are columns of texts that repeat.
    """

    paths: Mapping[str, SourcePath]
    names: Sequence[str]
    repeating: Sequence[str]
    records: bool
    rows: int


class ParquetReader:
    """One Parquet file, without the rows whose numbers are in ``deleted``, which is sorted.

    Raises:
        InputError: If its footer cannot be read, or everything in it is encrypted.
    """

    def __init__(self, path: Path, label: str, deleted: pl.Series | None = None) -> None:
        self._path, self._label, self._deleted = path, label, deleted
        self._size = path.stat().st_size
        with _named(label), pq.ParquetFile(_source(path), pre_buffer=False) as file:
            self._metadata: Any = file.metadata
            self._schema: Any = file.schema_arrow
            columns = [SourceColumn(item.name, pa.types.is_nested(item.type), _keys(item)) for item in self._schema]
            groups = [file.metadata.row_group(group) for group in range(file.metadata.num_row_groups)]
            self._counts = [group.num_rows for group in groups]
            self._sizes = [max(group.total_byte_size, 0) for group in groups]
            encrypted = _encrypted(file, path, [column.name for column in columns])
        if min(self._counts, default=0) < 0 or sum(self._counts) != self._metadata.num_rows:
            raise InputError(f"{label} has a Parquet footer that contradicts itself: re-export it or leave it out")
        rows: int = self._metadata.num_rows
        self.rows: int | None = rows if deleted is None else rows - int((deleted < rows).sum())
        self.columns = tuple(column for column in columns if column.name not in encrypted)
        names = [column.name for column in columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        self.remarks = (
            *(f"{label}: there are two columns {shown_name(name)}; the first is read" for name in twice),
            *(f"{label}: column {shown_name(name)} is encrypted: not read" for name in sorted(encrypted)),
        )
        if encrypted and not self.columns:
            raise InputError(f"{label} is encrypted: export it without encryption")

    def units(self, resolution: Resolution, *, batch_rows: int, records: bool) -> Iterator[Unit]:
        """Split the file by row groups, small neighbours together; ``records`` reads every column."""
        paths = resolution.paths
        names = [column.name for column in self.columns] if records else self._names(paths)
        repeating = self._repeating(paths)
        start = 0
        for groups in self._neighbours(batch_rows):
            rows, size = sum(self._counts[groups.start : groups.stop]), sum(self._sizes[groups.start : groups.stop])
            at_once = max(1, min(_ROWS, batch_rows, rows * _AT_ONCE // max(1, size)))
            at_once -= at_once % _STEP if at_once > _STEP else 0  # a broken row group is left at the same row
            wanted = _Wanted(paths, names, repeating, records, at_once)
            yield Unit(start, start + rows, self._share(rows), partial(self._read_kept, groups, start, wanted))
            start += rows

    def _neighbours(self, batch_rows: int) -> Iterator[range]:
        """Row groups that together stay within a batch; files of many tiny groups are common."""
        first = rows = size = 0
        for group, (more_rows, more_size) in enumerate(zip(self._counts, self._sizes, strict=True)):
            if group > first and (rows + more_rows > batch_rows or size + more_size > _AT_ONCE):
                yield range(first, group)
                first, rows, size = group, 0, 0
            rows, size = rows + more_rows, size + more_size
        if self._counts:
            yield range(first, len(self._counts))

    def _read_kept(self, groups: range, row: int, wanted: _Wanted) -> Iterator[Chunk]:
        """Read row groups without the rows that do not count."""
        for chunk in self._read(groups, row, wanted):
            if self._deleted is not None and len(chunk.rows):
                first, end = (int(self._deleted.search_sorted(at)) for at in (chunk.rows[0], chunk.end))
                few = self._deleted.slice(first, end - first)
                yield chunk.filter(~chunk.rows.is_in(few.implode())) if len(few) else chunk
            else:
                yield chunk

    def _read(self, groups: range, row: int, wanted: _Wanted) -> Iterator[Chunk]:
        """Read row groups; of broken ones everything else is still read, and what is lost is said."""
        done = row
        try:
            for chunk in self._chunks(groups, row, wanted):
                done = chunk.end
                yield chunk
        except _BROKEN as error:
            _raise_if_gone(error, self._label)
            broken = error
        else:
            return
        if len(groups) > 1:
            for group in groups:
                if row + self._counts[group] > done:
                    for chunk in self._read(range(group, group + 1), row, wanted):
                        yield chunk.filter(chunk.rows >= done)
                row += self._counts[group]
        elif wanted.records or wanted.rows != _STEP:
            yield from self._read_in_steps(groups, row, done, wanted)
        else:
            yield self._lost(groups[0], row, done, wanted, broken)

    def _read_in_steps(self, groups: range, row: int, done: int, wanted: _Wanted) -> Iterator[Chunk]:
        """Read a broken row group from ``done`` on, in steps that come near to the broken place.

        How many rows were read at once before thus decides nothing. What is broken may also be a column that only the
        rejects file wants, so no source rows are read.
        """
        needed = replace(wanted, records=False, names=self._names(wanted.paths), rows=_STEP)
        for chunk in self._read(groups, row, needed):
            rest = chunk.filter(chunk.rows >= done)
            unknown = pl.Series([None], dtype=pl.String).new_from_index(0, len(rest.rows))
            yield replace(rest, records=unknown if wanted.records else None)

    def _lost(self, group: int, row: int, done: int, wanted: _Wanted, error: BaseException) -> Chunk:
        end = row + self._counts[group]
        reason = f"{self._label}: rows {done:,} to {end - 1:,} (row group {group}) cannot be read"
        damage = Damage(done, f"{reason} ({what_went_wrong(error)}): re-export the file")
        return replace(no_rows(wanted.paths), bytes=self._share(end - done), damage=(damage,))

    def _chunks(self, groups: range, row: int, wanted: _Wanted) -> Iterator[Chunk]:
        for batch in self._batches(groups, wanted.names, wanted.rows, wanted.repeating):
            source = _source_values(batch)
            columns = {name: _dig(source[path.column], path.keys) for name, path in wanted.paths.items()}
            rows = pl.int_range(row, row + batch.num_rows, dtype=pl.UInt64, eager=True)
            records = to_json_objects(pl.DataFrame(source)) if wanted.records else None
            row += batch.num_rows
            yield Chunk(rows, columns, pl.DataFrame(schema=MALFORMED), records, self._share(batch.num_rows))

    def _batches(self, groups: range, names: Sequence[str], rows: int, repeating: Sequence[str] = ()) -> Iterator[Any]:
        size = sum(self._sizes[groups.start : groups.stop])
        with reading(self._label):
            file = pq.ParquetFile(
                _source(self._path),
                metadata=self._metadata,
                read_dictionary=list(repeating),
                buffer_size=_PIECE if size > _GIANT and self._size > _GIANT // 16 else 0,
                pre_buffer=False,
                page_checksum_verification=True,
            )
        with file:
            yield from file.iter_batches(rows, row_groups=list(groups), columns=list(names), use_threads=False)

    def _repeating(self, paths: Mapping[str, SourcePath]) -> list[str]:
        """Columns whose first texts repeat, such as one system prompt on all rows: each text is kept once."""
        if self._metadata.num_rows <= _SAMPLE:
            return []
        names = {path.column for path in paths.values() if not path.keys}
        texts = sorted({item.name for item in self._schema if item.name in names and is_text(item.type)})
        try:
            first = _source_values(next(self._batches(range(1), texts, _SAMPLE)))
        except (*_BROKEN, InputError, StopIteration):
            return []  # reading the rows will say what is wrong
        return [name for name, values in first.items() if len(values) > _REPEATS * values.n_unique()]

    def _share(self, rows: int) -> int:
        return int(self._size * rows // max(1, self._metadata.num_rows))

    def _names(self, paths: Mapping[str, SourcePath]) -> list[str]:
        """The names by which Arrow selects paths: into objects as far as the keys go, to read no more."""
        return sorted({self._name(path) for path in paths.values()})

    def _name(self, path: SourcePath) -> str:
        kind = self._schema.field(self._schema.get_all_field_indices(path.column)[0]).type
        names, keys = [path.column], list(path.keys)
        while keys and pa.types.is_struct(kind):
            sizes = range(len(keys), 0, -1)
            size = next((size for size in sizes if kind.get_field_index(".".join(keys[:size])) >= 0), 0)
            if not size:
                break
            names.append(".".join(keys[:size]))
            kind = kind.field(names[-1]).type
            del keys[:size]
        return ".".join(names)


def _dig(values: pl.Series, keys: Sequence[str]) -> pl.Series:
    """Follow ``keys`` below each value (objects, maps, lists, JSON text); nothing there is null."""
    while keys:
        # A key may itself contain dots: the longest one that is there counts.
        longest_first = [(size, ".".join(keys[:size])) for size in range(len(keys), 0, -1)]
        if isinstance(values.dtype, pl.Struct):
            names = {item.name for item in values.dtype.fields}
            size = next((size for size, key in longest_first if key in names), 0)
            if not size:  # a list that was flattened into numbered fields
                return dig_json(to_json(values), tuple(keys))
            values = values.struct.field(".".join(keys[:size]))
        elif isinstance(values.dtype, pl.Map):
            for size, key in longest_first:  # noqa: B007 (the last one counts if none is there)
                below = pl.select(pl.lit(values).map.get(key)).to_series()
                if below.null_count() < len(below):
                    break
            else:
                if _is_numbered(values, ".".join(keys)):
                    return dig_json(to_json(values), tuple(keys))
            values = below
        else:
            text = to_json(values) if isinstance(values.dtype, pl.List | pl.Array) else values
            nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(values))
            return dig_json(text, tuple(keys)) if text.dtype == pl.String else nothing
        keys = keys[size:]
    return values


def _is_numbered(values: pl.Series, name: str) -> bool:
    """Whether the first maps of a column have a list that was flattened into numbered keys (``messages.0.content``)."""
    keys = pl.select(pl.lit(values.head(_FIRST)).map.keys()).to_series().explode()
    return bool(keys.drop_nulls().str.starts_with(f"{name}.0.").any())


def _source_values(batch: Any) -> dict[str, pl.Series]:
    """The columns of a record batch by name; of two with one name the first."""
    columns: dict[str, pl.Series] = {}
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        if name not in columns:
            columns[name] = to_series(array)
    return columns


def _encrypted(file: Any, path: Path, names: Sequence[str]) -> set[str]:
    """Columns that are encrypted: the ones that cannot be read, in a file whose footer ends with a signature."""
    with path.open("rb") as raw:
        raw.seek(-8, os.SEEK_END)
        footer = int.from_bytes(raw.read(4), "little")
    if footer == file.metadata.serialized_size or not file.metadata.num_row_groups:
        return set()
    return {name for name in names if not _opens(file, name)}


def _opens(file: Any, name: str) -> bool:
    try:
        next(file.iter_batches(1, row_groups=[0], columns=[name]), None)
    except OSError:
        return False
    return True


@contextmanager
def _named(label: str) -> Iterator[None]:
    """Raise ``InputError`` that names the file when its content is broken."""
    try:
        yield
    except _BROKEN as error:
        _raise_if_gone(error, label)
        reason = what_went_wrong(error)
        raise InputError(f"{label} is not a readable Parquet file ({reason}): re-export it or leave it out") from error


def _raise_if_gone(error: BaseException, label: str) -> None:
    """Raise InputError for what the operating system refuses, which another try at smaller parts would not mend."""
    if getattr(error, "errno", None):
        with reading(label):
            raise error


def _source(path: Path) -> Any:
    """The file as Arrow's reader takes it, even if its name is no text."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return pa.OSFile(os.fsencode(path), "rb")
    return path


def _keys(field: Any, depth: int = 0) -> frozenset[str] | None:
    """Dotted paths below a column of objects, and ``None`` if they cannot be known."""
    if not pa.types.is_struct(field.type):
        return None
    below = {one.name: _keys(one, depth + 1) or () for one in field.type} if depth <= _MAX_DEPTH else {}
    return frozenset([*below, *(f"{name}.{key}" for name, keys in below.items() for key in keys)])
