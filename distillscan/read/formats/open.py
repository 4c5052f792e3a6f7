"""Open a file with the schema of its source: the one that was asked for, or the one its columns tell."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

import polars as pl

from distillscan.columns import REQUIRED
from distillscan.errors import InputError
from distillscan.read.formats.body_columns import add_bodies
from distillscan.read.formats.chunks import Reader, Source
from distillscan.read.formats.csv import CsvReader
from distillscan.read.formats.json import JsonReader
from distillscan.read.formats.lines import LinesReader, first_text, matches
from distillscan.read.formats.pairs import PairTexts, are_pairs
from distillscan.read.formats.parquet import ParquetReader
from distillscan.read.formats.record_forms import lead_to_types
from distillscan.read.formats.record_texts import FileTexts, Texts, is_document
from distillscan.read.formats.source import choose_schema, look_inside, recognise_source, said
from distillscan.read.formats.wrappers import TIME, WrappedTexts, carriers, find_wrappers, line_pattern
from distillscan.read.inputs.detect import begins_like_json, detect, detect_compression, format_by_name
from distillscan.read.options import Compression, Format, ReadOptions
from distillscan.read.schema.hints import normalise
from distillscan.read.schema.model import NO_SCHEMA, Kind, Schema, load_schema, presets
from distillscan.read.schema.nested import HOLDERS, add_nested
from distillscan.read.schema.resolve import Resolution, resolve
from distillscan.read.schema.shape import refuse
from distillscan.read.values.jsontext import split_path

#: Rows that are looked at before a file counts as readable.
_FIRST_ROWS: Final = 1_000
#: Records inside records that are unwrapped: a hit of a search, with a line of a container, with a record.
_LAYERS: Final = 4


@dataclass(frozen=True, slots=True)
class Opening:
    """A file that was opened: what reads it, and where its columns are.

    Attributes:
        notes: What was assumed about its source.
        advice: What to do instead, if it has no time or no account and looks like a log of another kind.
    """

    reader: Reader
    format: Format
    compression: Compression | None
    resolution: Resolution
    notes: tuple[str, ...]
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A reader with the schema of its source, where its columns are, and what was assumed."""

    reader: Reader
    resolution: Resolution
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        return self.resolution.columns.issuperset(REQUIRED)


@dataclass(frozen=True, slots=True)
class _Inside:
    """A reader of records inside others, what to say of it, and the schema of their lines if that is known.

    If it is not ``sure``, the records count only if they have a time and an account.
    """

    reader: Reader
    note: str
    lines: Schema | None = None
    sure: bool = True


@dataclass(frozen=True, slots=True)
class _Search:
    """By what the columns of a file are found: keys of its path, a mapping, the schema that was asked for, presets.

    ``joined`` says that another log may have what the file lacks, ``deleted`` which of its rows do not count.
    """

    label: str
    partitions: Mapping[str, str | None]
    mapping: Mapping[str, str]
    wanted: Schema | None
    presets: Sequence[Schema]
    joined: bool
    deleted: pl.Series | None = None

    def look(self, reader: Reader, lines: Schema | None = None) -> _Found:
        """Find the columns behind a reader; ``lines`` is its schema, if that is known."""

        def resolved(schema: Schema | None) -> tuple[Reader, Resolution]:
            is_json = isinstance(reader, JsonReader)
            view = reader.with_schema(schema) if schema is not None and isinstance(reader, JsonReader) else reader
            return view, resolve(view.columns, self.partitions, self.mapping, schema, open_ended=is_json)

        if lines is not None:
            return _Found(*resolved(lines), () if self.wanted else (said(lines),))
        chosen, note = self.wanted, None
        if chosen is None:
            chosen, note = choose_schema(
                reader, self.label, self.presets, lambda schema: resolved(schema)[1], joined=self.joined
            )
        return _Found(*resolved(chosen), (note,) if note else ())

    @property
    def lines(self) -> Mapping[str, Schema]:
        """Patterns of lines of text, and their schemas."""
        schemas = self.presets if self.wanted is None else [self.wanted]
        return {one.lines: one for one in schemas if one.lines is not None}


def open_file(
    path: Path,
    label: str,
    partitions: Mapping[str, str | None],
    options: ReadOptions,
    kind: Kind = "log",
    deleted: pl.Series | None = None,
) -> Opening:
    """Recognise the format and source of a file that is not empty, and find its columns, or keys in its path.

    Records that are inside those of a shipper or a store of logs are unwrapped.

    Raises:
        InputError: If it cannot be opened, or is something that cannot be read.
        UsageError: If the schema that was asked for is not right.
    """
    asked = options.schema if kind == "log" else None
    wanted = None if asked in (None, NO_SCHEMA) else load_schema(str(asked))
    known = [one for one in presets().values() if one.kind == kind] if asked is None else []
    mapping, joined = options.mapping if kind == "log" else {}, bool(options.joins) or kind == "join"
    search = _Search(label, partitions, mapping, wanted, known, joined, deleted)
    reader, format_, compression, lines = _open(path, label, options, search)
    found = search.look(reader, lines)
    if not mapping or found.resolution.unmatched:
        found = _unwrapped(search, found, path.stat().st_size)
    reader, resolution = found.reader, found.resolution
    resolution = _with_inner(reader, label, resolution)
    if resolution.schema is None and isinstance(reader, JsonReader) and _lacks(resolution) and reader.look_through():
        resolution = _with_inner(reader, label, resolve(reader.columns, partitions, mapping))
    _refuse(Source(0, label, reader, resolution))
    advice = _advice(reader, label, wanted) if kind == "log" and _lacks(resolution) else None
    return Opening(reader, format_, compression, resolution, found.notes, advice)


def _open(
    path: Path, label: str, options: ReadOptions, search: _Search
) -> tuple[Reader, Format, Compression | None, Schema | None]:
    """A reader of the file as it is, its format, and the schema of its lines if it is plain text."""
    named = options.format or format_by_name(label)
    if named is None or search.wanted is not None or (named == "ndjson" and options.format is None):
        texts: Texts = FileTexts(path, label, compression := detect_compression(path, label))
        lines = search.lines if named is None or search.wanted is not None else {}
        first = first_text(texts)
        pattern = next((one for one in lines if matches(first, one)), None)
        if pattern is not None and search.wanted is None and _has_objects(texts):
            pattern = None  # lines of a web server stand between the records of many programs
        pattern = pattern or line_pattern(texts.sample(), search.lines, mixed=named is None)
        if pattern is None and search.wanted is not None and not begins_like_json(first.encode()):
            pattern = search.wanted.lines
        if pattern is not None:
            return LinesReader(texts, pattern), "lines", compression, lines.get(pattern)
        if named is None and not begins_like_json(first.encode()) and are_pairs(texts.sample()):
            return JsonReader(PairTexts(texts, TIME)), "lines", compression, None
    found, compression = detect(path, label, options.format)
    if found == "parquet":
        return ParquetReader(path, label, search.deleted), found, compression, None
    if found == "csv":
        return CsvReader(path, label, compression, options.columns), found, compression, None
    texts = FileTexts(path, label, compression, document=is_document(path, label, compression))
    return JsonReader(texts, as_is=lead_to_types(search.mapping.values())), found, compression, None


def _has_objects(texts: Texts) -> bool:
    return any(text.startswith(b'{"') for text in islice(texts.sample(), _FIRST_ROWS) if text)


def _unwrapped(search: _Search, plain: _Found, size: int) -> _Found:
    """The records inside those of a reader, layer by layer, if they have what is looked for; else what they are in."""
    best = found = plain
    notes: tuple[str, ...] = ()
    sure = True
    for _ in range(_LAYERS):
        if found.complete and found.resolution.schema is not None:
            break
        opened = [(one, search.look(one.reader, one.lines)) for one in _unwrap(search, found, size)]
        if not opened:
            break
        inside, found = max(opened, key=lambda one: _promise(one[1]))
        notes = (*notes, f"{search.label}: {inside.note}")
        sure = sure and inside.sure
        better = found.complete or (sure and not (best.complete or "account_id" in plain.resolution.columns))
        if better and (found.resolution.schema is not None or best.resolution.schema is None):
            best = replace(found, notes=(*notes, *found.notes))
    return best


def _promise(found: _Found) -> tuple[bool, bool, bool]:
    """How much there is in records that were found inside others: of several, the first with most is meant."""
    known = found.resolution.schema is not None or "account_id" in found.resolution.columns
    return found.complete, known, bool(carriers(found.reader.columns))


def _unwrap(search: _Search, found: _Found, size: int) -> Iterator[_Inside]:
    """The records one layer further in, in each field that holds some."""
    reader = found.reader
    pages = reader.inside_pages() if isinstance(reader, JsonReader) and not found.complete else None
    if pages is not None:
        yield _Inside(pages, "the records in lists inside its objects are read")
        return
    for wrapper, pattern in find_wrappers(reader, found.resolution, search.lines):
        texts = WrappedTexts(reader, wrapper, search.label, size, of_json=pattern is None)
        note = f"the records inside {wrapper.places['record']} are read"
        if pattern is not None:
            yield _Inside(LinesReader(texts, pattern), note, search.lines[pattern], sure=wrapper.sure)
            continue
        with suppress(InputError):  # it only looked like JSON
            yield _Inside(JsonReader(texts, as_is=lead_to_types(search.mapping.values())), note, sure=wrapper.sure)


def _advice(reader: Reader, label: str, wanted: Schema | None) -> str | None:
    """What to say to somebody whose file is not what the command takes it for."""
    looks = next(iter(recognise_source(reader, label, [one for one in presets().values() if one.kind == "log"])), None)
    if wanted is not None and looks is not None and looks != wanted:
        return f"The file looks like another source ({looks.summary}): --schema {looks.name}, or leave --schema out"
    if wanted is not None and wanted.kind == "join":
        return f"The schema {wanted.name} is for logs that add columns to another one: analyse that with --join {label}"
    for one in presets().values():
        wrapped = {column.name for column in reader.columns} & {split_path(path)[0] for path in one.records}
        if one.kind == "join" and (wrapped or recognise_source(reader, label, [one])):
            return (
                f"The file looks like {one.summary}, which add columns to another log: analyse that with --join {label}"
            )
    return None


def _with_inner(reader: Reader, label: str, resolution: Resolution) -> Resolution:
    """A resolution with what bodies and other objects hold, where no schema says what they are."""
    if resolution.schema is not None:
        return resolution
    resolution = add_bodies(reader, label, resolution)
    holders = [one.name for one in reader.columns if normalise(one.name) in HOLDERS]
    return add_nested(resolution, look_inside(reader, label, holders))


def _lacks(resolution: Resolution) -> bool:
    """Whether something that was asked for, or is needed, was in none of the lines that were looked at."""
    return bool(resolution.unmatched) or not resolution.columns.issuperset(REQUIRED)


def _refuse(source: Source) -> None:
    """Look at the first rows for what the schema refuses: it explains what else seems to be missing."""
    schema = source.resolution.schema
    if schema is not None and schema.refuse:
        chosen = source.resolution.at(one.path for one in schema.refuse)
        for chunk in islice(source.chunks(chosen, _FIRST_ROWS), 1):
            refuse(chosen, chunk.columns, source.label)
