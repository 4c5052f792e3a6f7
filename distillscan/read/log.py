"""A request log opened for reading: its inputs, what was assumed about them, and the work of reading them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import polars as pl

from distillscan.columns import CANONICAL, POINTER, ROW, SOURCE
from distillscan.errors import InputError, UsageError
from distillscan.read.chunks import Reader, Unit, gather
from distillscan.read.convert import Batch, to_batch, to_canonical
from distillscan.read.delimited import CsvReader
from distillscan.read.discover import Found, discover
from distillscan.read.formats import detect, reading
from distillscan.read.ndjson import NdjsonReader
from distillscan.read.notes import Notes
from distillscan.read.options import Compression, Format, ReadOptions
from distillscan.read.parquet import ParquetReader
from distillscan.read.resolve import Resolution, SourceColumn, listed, require, resolve
from distillscan.read.spool import Spool

_BATCH_BYTES: Final = 96 << 20
_HASH_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class LogFile:
    """One input.

    Attributes:
        source: Its number, which the ``source`` column of batches holds.
        path: Its name for people: the path as it was given, or ``-``.
        local: Where its bytes are (a temporary copy of standard input).
        format: What it was recognised as.
        compression: How its bytes are compressed around that.
        bytes: Its size.
    """

    source: int
    path: str
    local: Path
    format: Format
    compression: Compression | None
    bytes: int


@dataclass(frozen=True, slots=True)
class Task:
    """A unit of work; calling it reads its batches. Tasks may run on several threads at once, each on one.

    Attributes:
        source: The input it reads.
        bytes: Rough bytes of that input it covers.
    """

    source: int
    bytes: int
    _unit: Unit
    _constants: Mapping[str, str | None]
    _notes: Notes
    _batch_rows: int

    def __call__(self) -> Iterator[Batch]:
        """Read the batches, in the order of the file.

        Raises:
            InputError: If the input turns out to be broken.
        """
        for chunk in gather(self._unit.read(), self._batch_rows, _BATCH_BYTES):
            yield to_batch(chunk.with_constants(self._constants), self.source, self._notes)


@dataclass(frozen=True, slots=True)
class _Opened:
    """An input with its reader and where its canonical columns are."""

    file: LogFile
    reader: Reader
    resolution: Resolution
    partitions: Mapping[str, str | None]

    def constants(self) -> dict[str, str | None]:
        """Canonical columns that the file's own path tells."""
        paths = self.resolution.paths.items()
        return {name: self.partitions[path.column] for name, path in paths if path.partition}


class Log:
    """A log opened by :func:`open_log`; a context manager, since :meth:`close` removes the copy of standard input."""

    def __init__(self, opened: Sequence[_Opened], options: ReadOptions, notes: Notes, spool: Spool) -> None:
        self._opened = tuple(opened)
        self._options = options
        self._notes = notes
        self._spool = spool

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove temporary copies; the log cannot be read after that."""
        self._spool.close()

    @property
    def inputs(self) -> tuple[LogFile, ...]:
        """The inputs, sorted by name; ``inputs[n].source`` is ``n``."""
        return tuple(one.file for one in self._opened)

    @property
    def columns(self) -> frozenset[str]:
        """Canonical columns that at least one input has."""
        return frozenset(name for one in self._opened for name in one.resolution.paths)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed, sorted. Complete, and the same on every run, once every task has run to its end."""
        return self._notes.texts()

    @property
    def rows_hint(self) -> int | None:
        """Rows of the whole log where every input's footer knows (Parquet), else ``None``."""
        rows = [one.reader.rows for one in self._opened]
        known = [count for count in rows if count is not None]
        return sum(known) if len(known) == len(rows) else None

    def tasks(self) -> Iterator[Task]:
        """Split the log into tasks, in the order of inputs and rows."""
        options = self._options
        for one in self._opened:
            units = one.reader.units(one.resolution, batch_rows=options.batch_rows, records=options.keep_rejects)
            for unit in units:
                yield Task(one.file.source, unit.bytes, unit, one.constants(), self._notes, options.batch_rows)

    def fetch(self, pointers: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
        """Read single rows again.

        Args:
            pointers: Columns ``source`` and ``row``; other columns are ignored.
            columns: Canonical columns to return.

        Returns:
            One row per pointer, in their order: ``source``, ``row`` and ``columns``; what an input lacks is null. Of
            Parquet only the row groups in question are read, text files are streamed up to the last row asked for.

        Raises:
            InputError: If an input cannot be read any more.
        """
        asked = pointers.select(pl.col(name).cast(dtype) for name, dtype in POINTER.items())
        schema = {**POINTER, **{name: CANONICAL[name] for name in columns}}
        parts = [pl.DataFrame(schema=schema)]
        for one in self._opened:
            rows = asked.filter(pl.col(SOURCE) == one.file.source)[ROW].unique().sort()
            if len(rows):
                parts += self._fetch_rows(one, rows, columns)
        found = pl.concat(parts, how="diagonal").select(*schema)
        return asked.join(found, on=[SOURCE, ROW], how="left", maintain_order="left")

    def _fetch_rows(self, one: _Opened, rows: pl.Series, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        paths = {name: path for name, path in one.resolution.paths.items() if name in columns}
        resolution = Resolution(paths, (), ())
        constants = {name: value for name, value in one.constants().items() if name in columns}
        last = int(rows[-1])
        for unit in one.reader.units(resolution, batch_rows=self._options.batch_rows, records=False):
            end = last + 1 if unit.end_row is None else unit.end_row
            if not ((rows >= unit.first_row) & (rows < end)).any():
                continue
            for chunk in unit.read():
                wanted = chunk.rows.is_in(rows.implode())
                if wanted.any():
                    kept = chunk.filter(wanted).with_constants(constants)
                    yield to_canonical(kept, one.file.source, Notes())
                if len(chunk.rows) and int(chunk.rows[-1]) >= last:
                    break

    def digests(self) -> dict[int, str]:
        """Return the SHA-256 of each input's bytes as they are stored (of standard input: as they were read)."""
        return {one.file.source: _digest(one.file) for one in self._opened}


def open_log(paths: Sequence[str], options: ReadOptions | None = None, *, stdin: BinaryIO | None = None) -> Log:
    """Open a log: find its files, recognise their formats, and decide which columns hold what. Reads no rows yet.

    Args:
        paths: Files, globs, directories or ``-``.
        options: How to read them.
        stdin: What ``-`` stands for; standard input when not given.

    Raises:
        InputError: If there is nothing usable; the text says what was found and what to do.
        UsageError: If the mapping names a source column that no input has.
    """
    options = options or ReadOptions()
    notes = Notes()
    spool = Spool()
    try:
        files = discover(paths, stdin, spool, notes, options.format)
        used = [found for found in files if not _is_empty(found, notes)]
        if not used:
            raise InputError(f"nothing to read: {listed([found.label for found in files])} is empty")
        opened = [_open(source, found, options) for source, found in enumerate(used)]
        _check_mapping(opened, options.mapping)
        for one in opened:
            _check_columns(one, options.mapping, notes)
    except BaseException:
        spool.close()
        raise
    return Log(opened, options, notes, spool)


def _check_columns(one: _Opened, mapping: Mapping[str, str], notes: Notes) -> None:
    require(one.file.path, one.resolution, _column_names(one.reader.columns))
    for text in (*one.resolution.notes, *one.reader.remarks):
        notes.add(text)
    for canonical in one.resolution.unmatched:
        notes.add(_fallback(one, canonical, mapping[canonical]))


def _is_empty(found: Found, notes: Notes) -> bool:
    with reading(found.label):
        empty = found.local.stat().st_size == 0
    if empty:
        notes.add(f"{found.label} is empty: left out")
    return empty


def _open(source: int, found: Found, options: ReadOptions) -> _Opened:
    kind, compression = detect(found.local, found.label, options.format)
    reader: Reader
    if kind == "parquet":
        reader = ParquetReader(found.local, found.label)
    elif kind == "csv":
        reader = CsvReader(found.local, found.label, compression)
    else:
        reader = NdjsonReader(found.local, found.label, compression)
    resolution = resolve(reader.columns, found.partitions, options.mapping)
    file = LogFile(source, found.label, found.local, kind, compression, found.local.stat().st_size)
    return _Opened(file, reader, resolution, found.partitions)


def _check_mapping(opened: Sequence[_Opened], mapping: Mapping[str, str]) -> None:
    """A mapping to a column that no input has is a slip of the pen, not a schema."""
    for canonical, wanted in mapping.items():
        if any(canonical not in one.resolution.unmatched for one in opened):
            continue
        names = sorted({name for one in opened for name in _column_names(one.reader.columns)})
        close = get_close_matches(wanted, names, n=5, cutoff=0.5)
        hint = f"nearest are {', '.join(close)}" if close else f"columns found: {listed(names)}"
        raise UsageError(f"--map {canonical}={wanted}: no input has a column {wanted}; {hint}")


def _fallback(one: _Opened, canonical: str, wanted: str) -> str:
    path = one.resolution.paths.get(canonical)
    instead = f"{canonical} is left empty there" if path is None else f"{path} is read as {canonical} there"
    return f"{one.file.path} has no column {wanted}: {instead}"


def _column_names(columns: Sequence[SourceColumn]) -> list[str]:
    """Every name a mapping could use, objects followed by what is in them."""
    names: dict[str, None] = {}
    for column in columns:
        names[column.name] = None
        names.update(dict.fromkeys(f"{column.name}.{path}" for path in sorted(column.inner or ())))
    return list(names)


def _digest(file: LogFile) -> str:
    digest = hashlib.sha256()
    with reading(file.path), file.local.open("rb") as stream:
        while block := stream.read(_HASH_BLOCK):
            digest.update(block)
    return digest.hexdigest()
