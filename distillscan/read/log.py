"""A request log opened for reading: its inputs, what was assumed about them, and the work of reading them."""

import hashlib
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import polars as pl

from distillscan.columns import CARRIED, POINTER, READABLE, ROW, SOURCE
from distillscan.errors import InputError, UsageError, closest
from distillscan.read.canonical.convert import Batch, Shaping, to_batch, to_canonical
from distillscan.read.canonical.join import open_joins, require_key
from distillscan.read.canonical.joined import Joined
from distillscan.read.canonical.rows import relate
from distillscan.read.formats.chunks import Chunk, Reader, Unit, gather
from distillscan.read.formats.open import open_file
from distillscan.read.inputs.detect import is_plain_text, reading
from distillscan.read.inputs.discover import STDIN, Found, discover
from distillscan.read.inputs.local_copy import Spool
from distillscan.read.inputs.outcome import Damage, Damages, Outcome, Skipped, Status, refuse
from distillscan.read.notes import Notes
from distillscan.read.options import Compression, Format, ReadOptions
from distillscan.read.quality import Quality
from distillscan.read.schema.resolve import Resolution, SourceColumn, listed, require

#: Bytes of values in a batch: more would take more memory, fewer cost more to hand over than to count.
_BATCH_BYTES: Final = 48 << 20
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
        changed: Nanoseconds of its last change, when it was opened.
    """

    source: int
    path: str
    local: Path
    format: Format
    compression: Compression | None
    bytes: int
    changed: int = field(default=0, compare=False)


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
    _shaping: Shaping
    _notes: Notes
    _damages: Damages
    _quality: Quality
    _batch_rows: int

    def __call__(self) -> Iterator[Batch]:
        """Read the batches, in the order of the file; what is broken in it ends up in the log's outcomes."""
        sound = _sound(self._unit, self.source, self._damages)
        for chunk in gather(sound, self._batch_rows, _BATCH_BYTES):
            batch = to_batch(chunk.with_constants(self._constants), self.source, self._notes, self._shaping)
            self._quality.add(batch.frame)
            yield batch


def _sound(unit: Unit, source: int, damages: Damages) -> Iterator[Chunk]:
    """What can be read of a unit: everything before the place where it breaks off."""
    row = unit.first_row
    try:
        for chunk in unit.read():
            row = max(row, chunk.end)
            damages.add(source, chunk.damage)
            yield chunk
    except InputError as error:
        damages.add(source, [Damage(row, f"{error} (read up to there: {row:,} rows)" if row else str(error))])


@dataclass(frozen=True, slots=True)
class _Opened:
    """An input with its reader and where its canonical columns are."""

    file: LogFile
    reader: Reader
    resolution: Resolution
    partitions: Mapping[str, str | None]
    shaping: Shaping
    note: str | None
    advice: str | None

    def without(self, columns: Iterable[str]) -> "_Opened":
        """The input without some columns."""
        resolution = self.resolution.without(columns)
        return replace(self, resolution=resolution, shaping=replace(self.shaping, plan=resolution.plan))

    def constants(self) -> dict[str, str | None]:
        """Canonical columns that the file's own path tells."""
        paths = self.resolution.paths.items()
        return {name: self.partitions[path.column] for name, path in paths if path.partition}


class Log:
    """A log opened by :func:`open_log`; a context manager, since :meth:`close` removes the copy of standard input."""

    def __init__(
        self,
        opened: Sequence[_Opened],
        skipped: Sequence[Skipped],
        options: ReadOptions,
        notes: Notes,
        spool: Spool,
        joins: Sequence[Found] = (),
    ) -> None:
        self._opened = tuple(opened)
        self._joins = tuple(joins)
        self._skipped = tuple(skipped)
        self._options = options
        self._notes = notes
        self._spool = spool
        self._damages = Damages()
        self._quality = Quality()

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
    def schemas(self) -> tuple[str | None, ...]:
        """The schema each input is read with; ``None`` where columns are read by name."""
        plans = [one.resolution.plan for one in self._opened]
        return tuple(None if plan is None else plan.schema.name for plan in plans)

    @property
    def columns(self) -> frozenset[str]:
        """Canonical columns, and those of what requests carried, that at least one input has.

        Once every task has run to its end, also those that only joined logs and later lines have.
        """
        known = frozenset(name for one in self._opened for name in one.resolution.columns)
        return known | self._quality.columns.difference(POINTER)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed, sorted. Complete, and the same on every run, once every task has run to its end."""
        return tuple(sorted((*self._notes.texts(), *self._quality.notes(), *self._silent())))

    def _silent(self) -> Iterator[str]:
        """What to say if no request of a source that can log prompts has one."""
        if not self._quality.columns or self._quality.columns & {"prompt", "system_prompt"}:
            return
        plans = [one.resolution.plan for one in self._opened]
        said = {plan.schema.prompts for plan in plans if plan is not None and plan.schema.prompts}
        yield from (f"no request holds a prompt: {text}" for text in said)

    @property
    def rows_hint(self) -> int | None:
        """Rows of the whole log where every input's footer knows (Parquet), else ``None``."""
        rows = [one.reader.rows for one in self._opened]
        known = [count for count in rows if count is not None]
        return sum(known) if len(known) == len(rows) else None

    def tasks(self) -> Iterator[Task]:
        """Split the log into tasks, in the order of inputs and rows."""
        options = self._options
        for opened in self._opened:
            one = opened if options.carried else opened.without(CARRIED)
            units = one.reader.units(one.resolution, batch_rows=options.batch_rows, records=options.keep_rejects)
            for unit in units:
                yield Task(
                    one.file.source,
                    unit.bytes,
                    unit,
                    one.constants(),
                    one.shaping,
                    self._notes,
                    self._damages,
                    self._quality,
                    options.batch_rows,
                )

    def fetch(self, pointers: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
        """Read single rows again.

        Args:
            pointers: Columns ``source`` and ``row``; other columns are ignored.
            columns: Canonical columns to return.

        Returns:
            One row per pointer, in their order: ``source``, ``row`` and ``columns``; what an input lacks is null. Of
            Parquet only the row groups in question are read, text files are streamed up to the last row asked for.
            What cannot be read any more is null, and among the outcomes.
        """
        asked = pointers.select(pl.col(name).cast(dtype) for name, dtype in POINTER.items())
        schema = {**POINTER, **{name: READABLE[name] for name in columns}}
        parts = [pl.DataFrame(schema=schema)]
        for one in self._opened:
            rows = asked.filter(pl.col(SOURCE) == one.file.source)[ROW].unique().sort()
            if len(rows):
                parts += self._fetch_rows(one, rows, columns)
        found = pl.concat(parts, how="diagonal").select(*schema)
        return asked.join(found, on=[SOURCE, ROW], how="left", maintain_order="left")

    def _fetch_rows(self, one: _Opened, rows: pl.Series, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        resolution = one.resolution.only(columns)
        shaping = one.shaping.only(columns)
        constants = {name: value for name, value in one.constants().items() if name in resolution.paths}
        last = int(rows[-1])
        for unit in one.reader.units(resolution, batch_rows=self._options.batch_rows, records=False):
            end = last + 1 if unit.end_row is None else unit.end_row
            if not ((rows >= unit.first_row) & (rows < end)).any():
                continue
            for chunk in _sound(unit, one.file.source, self._damages):
                wanted = chunk.rows.is_in(rows.implode())
                if wanted.any():
                    kept = chunk.filter(wanted).with_constants(constants)
                    yield to_canonical(kept, one.file.source, Notes(), shaping)
                if len(chunk.rows) and int(chunk.rows[-1]) >= last:
                    break

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        """The files of which nothing was read, sorted by name."""
        return self._skipped

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each file's bytes as they are stored (of standard input: as they were read), by path.

        Files that cannot be read have an empty one.
        """
        places = [(one.file.path, one.file.local, one.file.bytes) for one in self._opened]
        return {
            path: _digest(local, size)
            for path, local, size in (*places, *((one.path, one.local, one.bytes) for one in self._skipped))
        }

    def joined_digests(self) -> dict[str, str]:
        """Return the SHA-256 of the bytes of each joined file, by path, sorted."""
        return {one.label: _digest(one.local, one.local.stat().st_size) for one in self._joins}

    def outcomes(self, digests: Mapping[str, str]) -> tuple[Outcome, ...]:
        """Return what became of every file, sorted by name; final once every task has run to its end.

        Args:
            digests: What :meth:`digests` returned; an empty hash stands where it says nothing.
        """
        found = [
            Outcome(one.path, None, one.bytes, digests.get(one.path, ""), "skipped", one.reason, one.harmless)
            for one in self._skipped
        ]
        for one in self.inputs:
            reasons = [self._damages.reason(one.source), _change(one)]
            reason = "; ".join(text for text in dict.fromkeys(reasons) if text)
            status: Status = "partial" if reason else "read"
            found.append(
                Outcome(one.path, one.source, one.bytes, digests.get(one.path, ""), status, reason, not reason)
            )
        return tuple(sorted(found, key=lambda one: one.path))


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
    skipped: list[Skipped] = []
    try:
        files = discover(paths, stdin, spool, notes, options.format, skipped)
        opened = [one for found in files if (one := _open(found, options, notes, skipped)) is not None]
        if opened:
            _check_mapping(opened, options.mapping)
        joined, joins = open_joins(options, spool, notes)
        kept = [one for one in opened if _check_columns(one, options.mapping, notes, skipped, joined)]
        if not kept:
            raise refuse(sorted(skipped, key=lambda one: one.path))
        kept = [replace(one, file=replace(one.file, source=at)) for at, one in enumerate(_once(kept, skipped, notes))]
        related = relate([(one.file.source, one.reader, one.resolution) for one in kept], options.batch_rows)
        kept = [
            replace(one, shaping=replace(one.shaping, related=related.get(one.file.source), joined=joined))
            for one in kept
        ]
    except BaseException:
        spool.close()
        raise
    return Log(kept, sorted(skipped, key=lambda one: one.path), options, notes, spool, joins)


def _once(opened: Sequence[_Opened], skipped: list[Skipped], notes: Notes) -> list[_Opened]:
    """The files, of those with the same content only the first by name: an export that is there twice counts once."""
    kept: list[_Opened] = []
    twins: list[str] = []
    first: dict[tuple[object, ...], _Opened] = {}
    sizes = Counter(one.file.bytes for one in opened)
    for one in opened:
        file = one.file
        if sizes[file.bytes] > 1 and (digest := _digest(file.local, file.bytes)):
            same = first.setdefault((digest, file.format, *sorted(one.partitions.items(), key=str)), one)
            if same is not one:
                reason = f"{file.path} has the same content as {same.file.path}: it is read once"
                skipped.append(Skipped(file.path, file.local, file.bytes, reason, harmless=True))
                twins.append(file.path)
                continue
        kept.append(one)
    if twins:
        notes.add(f"{len(twins):,} file(s) have the same content as another, and are not read again: {listed(twins)}")
    return kept


def _check_columns(
    one: _Opened, mapping: Mapping[str, str], notes: Notes, skipped: list[Skipped], joined: Joined | None
) -> bool:
    """Whether a file has the required columns; if so, say what was assumed about the others."""
    try:
        names = _column_names(one.reader.columns)
        require(one.file.path, one.resolution, names, joined.columns if joined else frozenset(), one.advice)
        if joined is not None:
            require_key(one.file.path, one.resolution, names)
    except InputError as error:
        skipped.append(Skipped(one.file.path, one.file.local, one.file.bytes, str(error)))
        return False
    for text in (*one.resolution.notes, *one.reader.remarks, *([one.note] if one.note else [])):
        notes.add(text)
    for canonical in one.resolution.unmatched:
        notes.add(_fallback(one, canonical, mapping[canonical]))
    return True


def _open(found: Found, options: ReadOptions, notes: Notes, skipped: list[Skipped]) -> _Opened | None:
    """Open one file; if that cannot be done, it is among the skipped ones."""
    size = 0
    try:
        with reading(found.label):
            about = found.local.stat()
        size = about.st_size
        if not stat.S_ISREG(about.st_mode):
            raise InputError(f"{found.label} is no regular file: name it by itself to have it read")
        if size:
            return _opened(found, options, size, about.st_mtime_ns)
    except InputError as error:
        skipped.append(Skipped(found.label, found.local, size, str(error)))
        return None
    # No Parquet file and no compressed one has zero bytes: there something went wrong, in a text file perhaps not.
    harmless = found.label == STDIN or is_plain_text(found.label)
    reason = f"{found.label} is empty: left out"
    skipped.append(Skipped(found.label, found.local, 0, reason, harmless))
    if harmless:
        notes.add(reason)
    return None


def _opened(found: Found, options: ReadOptions, size: int, changed: int) -> _Opened:
    opening = open_file(found.local, found.label, found.partitions, options)
    file = LogFile(0, found.label, found.local, opening.format, opening.compression, size, changed)
    shaping = Shaping(found.label, opening.resolution.plan)
    rest = (opening.note, opening.advice)
    return _Opened(file, opening.reader, opening.resolution, found.partitions, shaping, *rest)


def _check_mapping(opened: Sequence[_Opened], mapping: Mapping[str, str]) -> None:
    """A mapping to a column that no input has is a slip of the pen, not a schema."""
    for canonical, wanted in mapping.items():
        if any(canonical not in one.resolution.unmatched for one in opened):
            continue
        names = sorted({name for one in opened for name in _column_names(one.reader.columns)})
        close = closest(wanted, names)
        hint = f"did you mean {close}?" if close else f"columns found: {listed(names)}"
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


def _digest(local: Path, size: int) -> str:
    """Hash the first ``size`` bytes: a file that grows is read, and hashed, as it was when it was opened."""
    digest = hashlib.sha256()
    try:
        if not stat.S_ISREG(local.stat().st_mode):
            return ""  # reading a pipe would wait for ever
        with local.open("rb") as stream:
            while size > 0 and (block := stream.read(min(size, _HASH_BLOCK))):
                digest.update(block)
                size -= len(block)
    except OSError:
        return ""  # the outcome of the file says why
    return digest.hexdigest()


def _change(file: LogFile) -> str:
    """What happened to a file since it was opened."""
    try:
        about = file.local.stat()
    except OSError:
        return f"{file.path} does not exist any more"
    if (about.st_size, about.st_mtime_ns) == (file.bytes, file.changed):
        return ""
    if about.st_size > file.bytes and file.format != "parquet" and file.compression is None:
        return f"{file.path} grew while it was read: what was added later is not counted"
    return f"{file.path} was changed while it was read: analyse a copy that nobody writes to"
