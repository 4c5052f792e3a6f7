"""Tell the source of an open file: by its columns, by what its text holds, by the records inside its lines."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from distillscan.columns import REQUIRED
from distillscan.errors import InputError
from distillscan.read.formats.chunks import Chunk, Reader, Source
from distillscan.read.formats.json import JsonReader
from distillscan.read.formats.otlp import ATTRIBUTES
from distillscan.read.schema.model import Schema
from distillscan.read.schema.recognise import recognise
from distillscan.read.schema.resolve import Resolution, SourceColumn, SourcePath
from distillscan.read.schema.shape import no_requests
from distillscan.read.values.jsontext import parse_inside, split_path
from distillscan.read.values.text import to_text

#: Rows whose text is looked into, and levels of keys that are learned there.
_ROWS: Final = 100
_LEVELS: Final = 6
#: Rows by which it is judged whether a schema leaves out all there are.
_RULED: Final = 1_000


def choose_schema(
    reader: Reader, label: str, schemas: Sequence[Schema], look: Callable[[Schema | None], Resolution], *, joined: bool
) -> tuple[Schema | None, str | None]:
    """Return the schema of the source that a file seems to be from, and what to say of it.

    It is none if columns by their names give the time and account that the schema lacks, or requests where it has none.

    Args:
        reader: The file.
        label: Its name for messages.
        schemas: Those to choose from.
        look: Finds its columns with a schema, or by their names.
        joined: Whether a joined log may have what the file lacks.
    """
    fitting = recognise_source(reader, label, schemas)
    if not fitting:
        return None, None
    first, *others = fitting
    found = look(first)
    lacking = [name for name in REQUIRED if name not in found.columns and not joined]
    named = look(None).columns.issuperset(REQUIRED)
    if lacking and named:
        return None, (
            f"columns are read by name: the file has signs of {first.summary}, but nothing for {' and '.join(lacking)} "
            f"where that has it; --schema {first.name} reads it as such"
        )
    if named and _leaves_out_all(reader, label, first, found):
        return None, (
            f"columns are read by name: the file has signs of {first.summary}, but none of its first rows is a request "
            f"there ({first.keep[0].why}); --schema {first.name} reads it as such"
        )
    return first, said(first) + "".join(f"; it may also be {one.summary}: --schema {one.name}" for one in others)


def _leaves_out_all(reader: Reader, label: str, schema: Schema, resolution: Resolution) -> bool:
    """Whether the rules of a schema leave out every one of the first rows."""
    if not schema.keep:
        return False
    view = reader.with_schema(schema) if isinstance(reader, JsonReader) else reader
    rules = resolution.at(path for keep in schema.keep for path in keep.paths)
    reasons = [no_requests(rules, chunk.columns) for chunk in first_chunk(view, label, rules, _RULED)]
    return any(one is not None and not one.null_count() for one in reasons)


def first_chunk(reader: Reader, label: str, resolution: Resolution, rows: int) -> Iterator[Chunk]:
    """Yield the first chunk of a file, if it can be read: the reading itself will tell why it cannot."""
    with suppress(InputError):
        yield from islice(Source(0, label, reader, resolution).chunks(resolution, rows), 1)


def said(schema: Schema) -> str:
    """Return what to say of a file whose schema was not asked for."""
    return f"read with the schema {schema.name} ({schema.summary}); --schema none reads columns by name only"


def recognise_source(reader: Reader, label: str, schemas: Sequence[Schema]) -> list[Schema]:
    """Return the schemas that fit a file, or the records that they find inside its lines, the likeliest first."""
    columns = _look_inside(reader, label, schemas)
    nested = {column.name for column in reader.columns if column.nested}

    def seen_with(schema: Schema) -> Sequence[SourceColumn]:
        wrapped = any(split_path(wrapper)[0] in nested for wrapper in schema.records)
        inside = wrapped or (schema.attributes and not nested.isdisjoint(ATTRIBUTES))
        return reader.with_schema(schema).columns if inside and isinstance(reader, JsonReader) else columns

    return recognise((schema, seen_with(schema)) for schema in schemas)


def _look_inside(reader: Reader, label: str, schemas: Iterable[Schema]) -> list[SourceColumn]:
    """The columns of a file, with what the JSON in the first rows of text holds where schemas look for signs."""
    paths = (split_path(path) for one in schemas for group in one.recognise.groups for path in group)
    asked = {steps[0] for steps in paths if len(steps) > 1}
    if {one.name for one in reader.columns}.issuperset(REQUIRED):
        return list(reader.columns)
    return look_inside(reader, label, [one.name for one in reader.columns if one.name in asked])


def look_inside(reader: Reader, label: str, names: Iterable[str]) -> list[SourceColumn]:
    """Return the columns of a file, with what the objects in the first rows of text hold in those with some names."""
    chosen = set(names)
    unknown = [one.name for one in reader.columns if one.name in chosen and one.inner is None]
    if not unknown:
        return list(reader.columns)
    inner: dict[str, set[str]] = {name: set() for name in unknown}
    resolution = Resolution({name: SourcePath(name) for name in unknown}, wanted=frozenset())
    for chunk in first_chunk(reader, label, resolution, _ROWS):
        for name in unknown:
            for text in to_text(chunk.columns[name]).head(_ROWS).drop_nulls():
                inner[name].update(_paths(parse_inside(text), "", 0))
    return [replace(one, inner=frozenset(inner[one.name])) if one.name in inner else one for one in reader.columns]


def _paths(value: Any, prefix: str, level: int) -> Iterator[str]:
    for key, below in value.items() if isinstance(value, dict) and level < _LEVELS else ():
        yield f"{prefix}{key}"
        yield from _paths(below, f"{prefix}{key}.", level + 1)
