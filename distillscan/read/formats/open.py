"""Open a file with the schema of its source: the one that was asked for, or the one its columns tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from distillscan.columns import REQUIRED
from distillscan.read.formats.chunks import Reader, Source
from distillscan.read.formats.csv import CsvReader
from distillscan.read.formats.json import JsonReader
from distillscan.read.formats.lines import LinesReader, first_text, matches
from distillscan.read.formats.parquet import ParquetReader
from distillscan.read.formats.record_texts import FileTexts, Texts, is_document
from distillscan.read.formats.source import choose_schema, recognise_source, said
from distillscan.read.formats.wrappers import WrappedTexts, find_wrapper, line_pattern
from distillscan.read.inputs.detect import detect, detect_compression, format_by_name
from distillscan.read.options import Compression, Format, ReadOptions
from distillscan.read.schema.model import NO_SCHEMA, Kind, Schema, load_schema, presets
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
class _Search:
    """By what the columns of a file are found: keys of its path, a mapping, the schema that was asked for, presets.

    ``joined`` says that a joined log may have what the file lacks.
    """

    label: str
    partitions: Mapping[str, str | None]
    mapping: Mapping[str, str]
    wanted: Schema | None
    presets: Sequence[Schema]
    joined: bool

    def look(self, reader: Reader, lines: Schema | None = None) -> tuple[Reader, Resolution]:
        """Return a reader with the schema of its source (``lines``, if that is known), and where its columns are."""
        chosen = self.wanted or lines
        note = None if self.wanted or lines is None else said(lines)
        if chosen is None:
            fitting = recognise_source(reader, self.label, self.presets)
            chosen, note = choose_schema(fitting, lambda one: self.read_with(reader, one)[1], joined=self.joined)
        reader, resolution = self.read_with(reader, chosen)
        return reader, replace(resolution, notes=(*resolution.notes, note)) if note else resolution

    def read_with(self, reader: Reader, schema: Schema | None) -> tuple[Reader, Resolution]:
        """Return a reader that looks for records where a schema says they are, and where its columns are."""
        is_json = isinstance(reader, JsonReader)
        if schema is not None and isinstance(reader, JsonReader):
            reader = reader.with_schema(schema)
        return reader, resolve(reader.columns, self.partitions, self.mapping, schema, open_ended=is_json)

    @property
    def lines(self) -> Mapping[str, Schema]:
        """Patterns of lines of text, and their schemas."""
        schemas = self.presets if self.wanted is None else [self.wanted]
        return {one.lines: one for one in schemas if one.lines is not None}


def open_file(
    path: Path, label: str, partitions: Mapping[str, str | None], options: ReadOptions, kind: Kind = "log"
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
    mapping = options.mapping if kind == "log" else {}
    search = _Search(label, partitions, mapping, wanted, known, joined=bool(options.joins) or kind == "join")
    reader, found, compression, lines = _open(path, label, options, search)
    reader, resolution = search.look(reader, lines)
    notes: tuple[str, ...] = ()
    if not search.mapping or resolution.unmatched:
        reader, resolution, notes = _unwrapped(search, reader, resolution, path.stat().st_size, label)
    if resolution.schema is None and isinstance(reader, JsonReader) and _lacks(resolution) and reader.look_through():
        resolution = resolve(reader.columns, partitions, search.mapping)
    _refuse(Source(0, label, reader, resolution))
    advice = _advice(reader, label, wanted) if kind == "log" and _lacks(resolution) else None
    return Opening(reader, found, compression, resolution, notes, advice)


def _open(
    path: Path, label: str, options: ReadOptions, search: _Search
) -> tuple[Reader, Format, Compression | None, Schema | None]:
    """A reader of the file as it is, its format, and the schema of its lines if it is plain text."""
    named = options.format or format_by_name(label)
    if named is None or search.wanted is not None or (named == "ndjson" and options.format is None):
        texts: Texts = FileTexts(path, label, compression := detect_compression(path, label))
        lines = search.lines if named is None or search.wanted is not None else {}
        first = first_text(texts)
        pattern = next((one for one in lines if matches(first, one)), None) or line_pattern(texts.sample())
        if pattern is None and search.wanted is not None and not first.startswith(("{", "[")):
            pattern = search.wanted.lines
        if pattern is not None:
            return LinesReader(texts, pattern), "lines", compression, lines.get(pattern)
    found, compression = detect(path, label, options.format)
    if found == "parquet":
        return ParquetReader(path, label), found, compression, None
    if found == "csv":
        return CsvReader(path, label, compression), found, compression, None
    texts = FileTexts(path, label, compression, document=is_document(path, label, compression))
    return JsonReader(texts), found, compression, None


def _unwrapped(
    search: _Search, reader: Reader, resolution: Resolution, size: int, label: str
) -> tuple[Reader, Resolution, tuple[str, ...]]:
    """The reader of the records inside those of a reader, layer by layer, if they are what is looked for, and notes."""
    best: tuple[Reader, Resolution, tuple[str, ...]] = (reader, resolution, ())
    notes: tuple[str, ...] = ()
    for _ in range(_LAYERS):
        complete = resolution.columns.issuperset(REQUIRED)
        if complete and resolution.schema is not None:
            break
        pages = reader.inside_pages() if isinstance(reader, JsonReader) and not complete else None
        found = None if pages else find_wrapper(reader, resolution, search.lines)
        lines = None
        if pages is not None:
            reader, note = pages, "the records in lists inside its objects are read"
        elif found is not None:
            wrapper, pattern = found
            texts = WrappedTexts(reader, wrapper, label, size, of_json=pattern is None)
            reader, lines = (
                (JsonReader(texts), None) if pattern is None else (LinesReader(texts, pattern), search.lines[pattern])
            )
            note = f"the records inside {wrapper.places['record']} are read"
        else:
            break
        notes = (*notes, f"{label}: {note}")
        reader, resolution = search.look(reader, lines)
        if resolution.columns.issuperset(REQUIRED) or (resolution.schema and not best[1].columns.issuperset(REQUIRED)):
            best = (reader, resolution, notes)
    return best


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
