"""Open a file with the schema of its source: the one that was asked for, or the one its columns tell."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from distillscan.columns import REQUIRED
from distillscan.read.formats.chunks import Reader, Source
from distillscan.read.formats.csv import CsvReader
from distillscan.read.formats.json import JsonReader
from distillscan.read.formats.lines import LinesReader, matches
from distillscan.read.formats.parquet import ParquetReader
from distillscan.read.inputs.detect import detect, detect_compression, format_by_name
from distillscan.read.options import Compression, Format, ReadOptions
from distillscan.read.schema.model import NO_SCHEMA, Kind, Schema, load_schema, presets
from distillscan.read.schema.resolve import Resolution, SourceColumn, has, resolve
from distillscan.read.schema.shape import refuse
from distillscan.read.values.jsontext import split_path

#: Rows that are looked at before a file counts as readable.
_FIRST_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Opening:
    """A file that was opened: what reads it, and where its columns are.

    Attributes:
        note: What was assumed about its source, if anything.
        advice: What to do instead, if it has no time or no account and looks like a log of another kind.
    """

    reader: Reader
    format: Format
    compression: Compression | None
    resolution: Resolution
    note: str | None
    advice: str | None = None


def open_file(
    path: Path, label: str, partitions: Mapping[str, str | None], options: ReadOptions, kind: Kind = "log"
) -> Opening:
    """Recognise the format and source of a file that is not empty, and find its columns, or keys in its path.

    Raises:
        InputError: If it cannot be opened, or is something that cannot be read.
        UsageError: If the schema that was asked for is not right.
    """
    asked = options.schema if kind == "log" else None
    wanted = None if asked in (None, NO_SCHEMA) else load_schema(str(asked))
    lines = _of_lines(path, label, options, wanted)
    if lines is not None:
        schema, compression = lines
        reader: Reader = LinesReader(path, label, compression, schema.lines or "")
        resolution = resolve(reader.columns, partitions, options.mapping, schema)
        return Opening(reader, "lines", compression, resolution, None if wanted else _said(schema))
    found, compression = detect(path, label, options.format)
    if found == "parquet":
        reader = ParquetReader(path, label)
    else:
        reader = (CsvReader if found == "csv" else JsonReader)(path, label, compression)
    chosen = wanted
    if asked is None:
        schemas = [one for one in presets().values() if one.kind == kind]
        chosen = recognise(reader.columns, schemas) or _inside(reader, schemas)
    if chosen is not None and isinstance(reader, JsonReader):
        reader = reader.with_schema(chosen)
    mapping = options.mapping if kind == "log" else {}
    resolution = resolve(reader.columns, partitions, mapping, chosen, open_ended=found == "ndjson")
    if chosen is None and isinstance(reader, JsonReader) and _lacks(resolution) and reader.look_through():
        resolution = resolve(reader.columns, partitions, mapping)
    _refuse(Source(0, label, reader, resolution))
    note = None if wanted is not None or chosen is None else _said(chosen)
    lost = kind == "log" and _lacks(resolution)
    return Opening(reader, found, compression, resolution, note, _advice(reader, label, wanted) if lost else None)


def _advice(reader: Reader, label: str, wanted: Schema | None) -> str | None:
    """What to say to somebody whose file is not what the command takes it for."""
    looks = recognise(reader.columns, [one for one in presets().values() if one.kind == "log"])
    if wanted is not None and looks is not None and looks != wanted:
        return f"The file looks like another source ({looks.summary}): --schema {looks.name}, or leave --schema out"
    if wanted is not None and wanted.kind == "join":
        return f"The schema {wanted.name} is for logs that add columns to another one: analyse that with --join {label}"
    for one in presets().values():
        wrapped = {column.name for column in reader.columns} & {split_path(path)[0] for path in one.records}
        if one.kind == "join" and (wrapped or recognise(reader.columns, [one]) is not None):
            return (
                f"The file looks like {one.summary}, which add columns to another log: analyse that with --join {label}"
            )
    return None


def _lacks(resolution: Resolution) -> bool:
    """Whether something that was asked for, or is needed, was in none of the lines that were looked at."""
    return bool(resolution.unmatched) or not resolution.columns.issuperset(REQUIRED)


def recognise(columns: Sequence[SourceColumn], schemas: Iterable[Schema]) -> Schema | None:
    """Return the schema whose source a file with these columns comes from; ``None`` if none fits, or none is needed.

    The one that asks for most columns wins, of equals the first by name. A file with the required canonical columns
    is taken as it is.
    """
    if {column.name for column in columns}.issuperset(REQUIRED):
        return None
    fitting: list[tuple[int, str, Schema]] = []
    for schema in schemas:
        signs = schema.recognise
        asked = len(signs.all) + bool(signs.any)
        fits = all(has(path, columns) for path in signs.all) and not any(has(path, columns) for path in signs.none)
        if asked and fits and (not signs.any or any(has(path, columns) for path in signs.any)):
            fitting.append((-asked, schema.name, schema))
    return min(fitting, key=lambda one: one[:2])[2] if fitting else None


def _refuse(source: Source) -> None:
    """Look at the first rows for what the schema refuses: it explains what else seems to be missing."""
    schema = source.resolution.schema
    if schema is not None and schema.refuse:
        chosen = source.resolution.at(one.path for one in schema.refuse)
        for chunk in islice(source.chunks(chosen, _FIRST_ROWS), 1):
            refuse(chosen, chunk.columns, source.label)


def _inside(reader: Reader, schemas: Iterable[Schema]) -> Schema | None:
    """The schema of the records inside a file whose lines are wrappers around lists of records."""
    if not isinstance(reader, JsonReader):
        return None
    names = {column.name for column in reader.columns if column.nested}
    for schema in schemas:
        wrapped = any(split_path(wrapper)[0] in names for wrapper in schema.records)
        if wrapped and recognise(reader.with_schema(schema).columns, [schema]) is not None:
            return schema
    return None


def _of_lines(
    path: Path, label: str, options: ReadOptions, wanted: Schema | None
) -> tuple[Schema, Compression | None] | None:
    """The schema for lines of plain text that a file is, if it is one: asked for, or told by its first line."""
    if wanted is not None:
        return (wanted, detect_compression(path, label)) if wanted.lines else None
    if options.schema == NO_SCHEMA or options.format is not None or format_by_name(label) is not None:
        return None
    compression = detect_compression(path, label)
    for schema in presets().values():
        if schema.lines is not None and matches(path, label, compression, schema.lines):
            return schema, compression
    return None


def _said(schema: Schema) -> str:
    return f"read with the schema {schema.name} ({schema.summary}); --schema none reads columns by name only"
