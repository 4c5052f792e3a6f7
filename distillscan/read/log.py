"""A request log opened for reading: its inputs, what was assumed about them, and the work of reading them."""

import hashlib
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final, Self

import polars as pl

from distillscan.columns import CANONICAL, POINTER, READABLE, ROW, SOURCE
from distillscan.errors import InputError
from distillscan.read.canonical.conventions import Conventions
from distillscan.read.canonical.convert import Batch, shortened_note, to_batch, to_canonical
from distillscan.read.canonical.join import Joined
from distillscan.read.canonical.related import Related
from distillscan.read.formats.chunks import Chunk, Source, Unit, gather
from distillscan.read.inputs.discover import Found
from distillscan.read.inputs.local_copy import LocalCopies
from distillscan.read.inputs.outcome import Damage, Damages, Outcome, Skipped, Status
from distillscan.read.notes import Notes
from distillscan.read.options import Compression, Format, ReadOptions
from distillscan.read.quality import Quality

#: Bytes of values in a batch: more would take more memory, fewer cost more to hand over than to count.
_BATCH_BYTES: Final = 48 << 20
_HASH_BLOCK: Final = 1 << 20
_SHORTENED_TIMES: Final = (
    "timestamp holds numbers in scientific notation, as a spreadsheet shortens them (1.23E+12): the digits that tell "
    "the time are gone; export the log again with that column as text"
)


@dataclass(frozen=True, slots=True)
class LogFile:
    """One input: its number in the column ``source``, its name for people, and where its bytes are.

    ``bytes`` is its size, and ``changed`` the nanoseconds of its last change, when it was opened.
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
    """A part of the input number ``source`` of roughly so many ``bytes``; each task may run on a thread of its own."""

    source: int
    bytes: int
    _read: Callable[[], Iterator[Batch]]

    def __call__(self) -> Iterator[Batch]:
        """Read the batches, in the order of the file; what is broken in it ends up in the log's outcomes."""
        return self._read()


class Log:
    """A log opened by :func:`open_log`; a context manager, since :meth:`close` removes temporary copies.

    Attributes:
        inputs: The inputs, sorted by name; ``inputs[n].source`` is ``n``.
        skipped: The files of which nothing was read, sorted by name.
    """

    def __init__(
        self,
        files: Sequence[LogFile],
        sources: Sequence[Source],
        skipped: Sequence[Skipped],
        options: ReadOptions,
        notes: Notes,
        copies: LocalCopies,
        related: Mapping[int, Related],
        joined: Joined | None = None,
        joined_files: Sequence[Found] = (),
    ) -> None:
        self.inputs, self._sources = tuple(files), tuple(sources)
        self.skipped = tuple(sorted(skipped, key=lambda one: one.path))
        self._options, self._notes, self._copies = options, notes, copies
        self._related, self._joined, self._joined_files = related, joined, tuple(joined_files)
        self._damages, self._quality = Damages(), Quality()
        self._conventions = Conventions.of(sources, options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove temporary copies; the log cannot be read after that."""
        self._copies.close()

    @property
    def schemas(self) -> tuple[str | None, ...]:
        """The schema each input is read with; ``None`` where columns are read by name."""
        schemas = [one.resolution.schema for one in self._sources]
        return tuple(None if schema is None else schema.name for schema in schemas)

    @property
    def hints(self) -> tuple[str, ...]:
        """What the schemas of the inputs say to do if a log has no accounts, times or requests."""
        schemas = [one.resolution.schema for one in self._sources]
        return tuple(sorted({schema.hint for schema in schemas if schema is not None and schema.hint}))

    @property
    def columns(self) -> frozenset[str]:
        """Canonical columns, and those of what requests carried, that at least one input has.

        Once every task has run to its end, also those that only joined logs and later lines have.
        """
        known = frozenset(name for one in self._sources for name in one.resolution.columns)
        return known | self._quality.columns.difference(POINTER)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was assumed, sorted. Complete, and the same on every run, once every task has run to its end."""
        told = [self._joined.note if self._joined is not None else None, self._conventions.dates.note]
        others = (text for text in told if text is not None)
        return tuple(sorted((*self._notes.texts(), *self._quality.notes(), *others, *self._no_prompts())))

    def _no_prompts(self) -> Iterator[str]:
        """What to say if no request of a source that can log prompts has one."""
        if self._quality.columns and not self._quality.columns & {"prompt", "system_prompt"}:
            schemas = [one.resolution.schema for one in self._sources]
            said = {schema.prompts for schema in schemas if schema is not None and schema.prompts}
            yield from (f"no request holds a prompt: {text}" for text in said)

    def failures(self, *, quote: bool) -> tuple[str, ...]:
        """Return why rows could not be used, beyond the reasons each has: what the log as a whole does not tell.

        Args:
            quote: Whether a date of the log may be shown.
        """
        told = (
            self._joined.failure if self._joined is not None else None,
            self._conventions.dates.failure(quote=quote),
            _SHORTENED_TIMES if self._notes.counted(shortened_note("timestamp")) else None,
        )
        return tuple(text for text in told if text is not None)

    @property
    def rows_hint(self) -> int | None:
        """Rows of the whole log where every input's footer knows (Parquet), else ``None``."""
        known = [one.reader.rows for one in self._sources if one.reader.rows is not None]
        return sum(known) if len(known) == len(self._sources) else None

    def tasks(self) -> Iterator[Task]:
        """Split the log into tasks, in the order of inputs and rows."""
        options = self._options
        for one in self._sources:
            resolution = one.resolution.only(READABLE if options.carried else CANONICAL, rules=True)
            source = replace(one, resolution=resolution)
            for unit in one.reader.units(resolution, batch_rows=options.batch_rows, records=options.keep_rejects):
                yield Task(one.number, unit.bytes, partial(self._batches, source, unit))

    def _batches(self, source: Source, unit: Unit) -> Iterator[Batch]:
        related = self._related.get(source.number)
        for chunk in gather(self._readable(unit, source.number), self._options.batch_rows, _BATCH_BYTES):
            batch = to_batch(chunk, source, self._notes, self._conventions, related, self._joined)
            self._quality.add(batch.frame)
            yield batch

    def _readable(self, unit: Unit, source: int) -> Iterator[Chunk]:
        """What can be read of a unit: everything before the place where it breaks off."""
        row = unit.first_row
        try:
            for chunk in unit.read():
                row = max(row, chunk.end)
                self._damages.add(source, chunk.damage)
                yield chunk
        except InputError as error:
            reason = f"{error} (read up to there: {row:,} rows)" if row else str(error)
            self._damages.add(source, [Damage(row, reason)])

    def fetch(self, pointers: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
        """Read some canonical columns of single rows again, given by ``source`` and ``row`` in ``pointers``.

        Returns:
            One row per pointer, in their order: ``source``, ``row`` and ``columns``; what an input lacks is null. Of
            Parquet only the row groups in question are read, text files are streamed up to the last row asked for.
            What cannot be read any more is null, and among the outcomes.
        """
        asked = pointers.select(pl.col(name).cast(dtype) for name, dtype in POINTER.items())
        schema = {**POINTER, **{name: READABLE[name] for name in columns}}
        parts = [pl.DataFrame(schema=schema)]
        for one in self._sources:
            rows = asked.filter(pl.col(SOURCE) == one.number)[ROW].unique().sort()
            if len(rows):
                parts += self._fetch_rows(one, rows, columns)
        found = pl.concat(parts, how="diagonal").select(*schema)
        return asked.join(found, on=[SOURCE, ROW], how="left", maintain_order="left")

    def _fetch_rows(self, source: Source, rows: pl.Series, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        # A system prompt may stand in the column of prompts, in a conversation.
        resolution = source.resolution.only((*columns, "prompt") if "system_prompt" in columns else columns)
        related = self._related.get(source.number)
        last = int(rows[-1])
        for unit in source.reader.units(resolution, batch_rows=self._options.batch_rows, records=False):
            end = last + 1 if unit.end_row is None else unit.end_row
            if not ((rows >= unit.first_row) & (rows < end)).any():
                continue
            few = partial(unit.read_rows, frozenset(rows)) if unit.read_rows else unit.read
            for chunk in self._readable(replace(unit, read=few), source.number):
                wanted = chunk.rows.is_in(rows.implode())
                if wanted.any():
                    yield to_canonical(chunk.filter(wanted), source.number, resolution, self._conventions, related)
                if len(chunk.rows) and int(chunk.rows[-1]) >= last:
                    break

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each file's bytes as they are stored (of standard input: as they were read), by path.

        Files that cannot be read have an empty one.
        """
        files: list[LogFile | Skipped] = [*self.inputs, *self.skipped]
        return {one.path: hash_file(one.local, one.bytes) for one in files}

    def joined_digests(self) -> dict[str, str]:
        """Return the SHA-256 of the bytes of each joined file, by path, sorted."""
        return {one.label: hash_file(one.local, one.local.stat().st_size) for one in self._joined_files}

    def outcomes(self, digests: Mapping[str, str]) -> tuple[Outcome, ...]:
        """Return what became of every file, sorted by name; final once every task has run to its end.

        The hashes are those that :meth:`digests` returned; where it says nothing they are empty.
        """
        found = [
            Outcome(one.path, None, one.bytes, digests.get(one.path, ""), "skipped", one.reason, one.harmless)
            for one in self.skipped
        ]
        for one in self.inputs:
            reasons = [self._damages.reason(one.source), _change(one)]
            reason = "; ".join(text for text in dict.fromkeys(reasons) if text)
            status: Status = "partial" if reason else "read"
            digest = digests.get(one.path, "")
            found.append(Outcome(one.path, one.source, one.bytes, digest, status, reason, not reason))
        return tuple(sorted(found, key=lambda one: one.path))


def hash_file(local: Path, size: int) -> str:
    """Return the SHA-256 of the first ``size`` bytes; empty if the file cannot be read.

    A file that grows is read, and hashed, as it was when it was opened.
    """
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
