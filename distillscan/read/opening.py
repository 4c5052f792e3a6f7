"""Open a log: find its files, recognise their formats, and decide which columns hold what."""

import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from distillscan.errors import InputError, UsageError, closest
from distillscan.read.canonical.join import Joined
from distillscan.read.canonical.related import relate
from distillscan.read.contents import recognise_by
from distillscan.read.formats.chunks import Source
from distillscan.read.formats.open import Opening, open_file
from distillscan.read.inputs.detect import is_plain_text
from distillscan.read.inputs.discover import STDIN, Found, discover
from distillscan.read.inputs.local_copy import LocalCopies
from distillscan.read.inputs.outcome import Skipped, nothing_readable
from distillscan.read.inputs.stream import reading
from distillscan.read.joined_logs import open_joins, require_key
from distillscan.read.log import Log, LogFile, hash_file
from distillscan.read.notes import Notes
from distillscan.read.options import ReadOptions
from distillscan.read.schema.names import nameable
from distillscan.read.schema.resolve import SourceColumn, listed, require


@dataclass(frozen=True, slots=True)
class _Opened:
    """A file that was opened, with its size and the time of its last change then."""

    found: Found
    opening: Opening
    bytes: int
    changed: int

    @property
    def label(self) -> str:
        return self.found.label

    def skipped(self, reason: str, *, harmless: bool = False) -> Skipped:
        return Skipped(self.label, self.found.local, self.bytes, reason, harmless)

    def log_file(self, number: int) -> LogFile:
        opening = self.opening
        local = self.found.local
        return LogFile(number, self.label, local, opening.format, opening.compression, self.bytes, self.changed)


def open_log(paths: Sequence[str], options: ReadOptions | None = None, *, stdin: BinaryIO | None = None) -> Log:
    """Open a log: files, globs, directories or ``-``. Rows are read only if its schema or another log joins them.

    Raises:
        InputError: If there is nothing usable; the text says what was found and what to do.
        UsageError: If the mapping names a source column that no input has.
    """
    options = options or ReadOptions()
    notes, copies = Notes(), LocalCopies()
    skipped: list[Skipped] = []
    try:
        files = discover(paths, stdin, copies, notes, options.format, skipped, recognise_by(options))
        opened = [one for found in files if (one := _open(found, options, notes, skipped)) is not None]
        if opened:
            _check_mapping(opened, options)
        joined, joined_files = open_joins(options, copies, notes)
        kept = [one for one in opened if _has_columns(one, options, notes, skipped, joined)]
        if not kept:
            raise nothing_readable(sorted(skipped, key=lambda one: one.path))
        numbered = list(enumerate(_without_twins(kept, skipped, notes)))
        sources = [Source(at, one.label, one.opening.reader, one.opening.resolution) for at, one in numbered]
        inputs = [one.log_file(at) for at, one in numbered]
        related = relate(sources, options.batch_rows)
    except BaseException:
        copies.close()
        raise
    return Log(inputs, sources, skipped, options, notes, copies, related, joined, joined_files)


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
            opening = open_file(found.local, found.label, found.partitions, options, deleted=found.deleted)
            return _Opened(found, opening, size, about.st_mtime_ns)
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


def _check_mapping(opened: Sequence[_Opened], options: ReadOptions) -> None:
    """Refuse a mapping to a column that no input has: it is a slip of the pen, not a schema."""
    for canonical, wanted in options.mapping.items():
        if all(canonical in one.opening.resolution.unmatched for one in opened):
            names = sorted({name for one in opened for name in _column_names(one.opening.reader.columns)})
            shown = nameable(names, private=options.private)
            close = closest(wanted, shown)
            hint = f"did you mean {close}?" if close else f"columns found: {listed(shown, len(names))}"
            raise UsageError(f"--map {canonical}={wanted}: no input has a column {wanted}; {hint}")


def _has_columns(
    one: _Opened, options: ReadOptions, notes: Notes, skipped: list[Skipped], joined: Joined | None
) -> bool:
    """Whether a file has the required columns; if so, say what was assumed about the others."""
    opening, resolution = one.opening, one.opening.resolution
    try:
        names = _column_names(opening.reader.columns)
        shown, elsewhere = nameable(names, private=options.private), joined.columns if joined else frozenset()
        require(one.label, resolution, shown, elsewhere, opening.advice, of=len(names))
        if joined is not None:
            require_key(one.label, resolution, shown, of=len(names))
    except InputError as error:
        skipped.append(one.skipped(str(error)))
        return False
    for text in (*resolution.notes, *opening.reader.remarks, *opening.notes):
        notes.add(text)
    for canonical in resolution.unmatched:
        instead = resolution.paths.get(canonical, "the file's path" if canonical in resolution.constants else None)
        read = f"{canonical} is left empty" if instead is None else f"{instead} is read as {canonical}"
        notes.add(f"{one.label} has no column {options.mapping[canonical]}: {read} there")
    return True


def _column_names(columns: Sequence[SourceColumn]) -> list[str]:
    """Every name a mapping could use, objects followed by what is in them."""
    inner = [[column.name, *(f"{column.name}.{path}" for path in sorted(column.inner or ()))] for column in columns]
    return list(dict.fromkeys(chain.from_iterable(inner)))


def _without_twins(opened: Sequence[_Opened], skipped: list[Skipped], notes: Notes) -> list[_Opened]:
    """The files, of those with the same content only the first by name: an export that is there twice counts once."""
    twins: list[_Opened] = []
    first: dict[object, _Opened] = {}
    sizes = Counter(one.bytes for one in opened)
    for one in opened:
        alike = sizes[one.bytes] > 1 and one.found.deleted is None
        digest = hash_file(one.found.local, one.bytes) if alike else ""
        content = (digest, one.opening.format, *sorted(one.found.partitions.items(), key=str))
        same = first.setdefault(content if digest else one.label, one)
        if same is not one:
            twins.append(one)
            reason = f"{one.label} has the same content as {same.label}: it is read once"
            skipped.append(one.skipped(reason, harmless=True))
    if twins:
        names = listed([one.label for one in twins])
        notes.add(f"{len(twins):,} file(s) have the same content as another, and are not read again: {names}")
    return [one for one in opened if one not in twins]
