"""Tell the source of an open file: by its columns, by what its text holds, by the records inside its lines."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Final

from distillscan.columns import REQUIRED
from distillscan.read.formats.chunks import Reader, Source
from distillscan.read.formats.json import JsonReader
from distillscan.read.schema.model import Schema
from distillscan.read.schema.recognise import recognise
from distillscan.read.schema.resolve import Resolution, SourceColumn, SourcePath
from distillscan.read.values.jsontext import parse_inside, split_path
from distillscan.read.values.text import to_text

#: Rows whose text is looked into, and levels of keys that are learned there.
_ROWS: Final = 100
_LEVELS: Final = 6


def choose_schema(
    reader: Reader, label: str, schemas: Sequence[Schema], look: Callable[[Schema | None], Resolution], *, joined: bool
) -> tuple[Schema | None, str | None]:
    """Return the schema of the source that a file seems to be from, and what to say of it.

    It is none if columns by their names give what the schema lacks, and no less.

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
    found, plain = look(first).columns, look(None).columns
    lacking = [name for name in REQUIRED if name not in found]
    if lacking and not joined and plain.issuperset(REQUIRED) and len(plain) >= len(found):
        return None, (
            f"columns are read by name: the file has signs of {first.summary}, but nothing for {' and '.join(lacking)} "
            f"where that has it; --schema {first.name} reads it as such"
        )
    return first, said(first) + "".join(f"; it may also be {one.summary}: --schema {one.name}" for one in others)


def said(schema: Schema) -> str:
    """Return what to say of a file whose schema was not asked for."""
    return f"read with the schema {schema.name} ({schema.summary}); --schema none reads columns by name only"


def recognise_source(reader: Reader, label: str, schemas: Sequence[Schema]) -> list[Schema]:
    """Return the schemas that fit a file as it stands, else the records inside its lines; the likeliest first."""
    columns = _look_inside(reader, label, schemas)
    fitting = recognise((schema, columns) for schema in schemas)
    if fitting or not isinstance(reader, JsonReader):
        return fitting
    nested = {column.name for column in reader.columns if column.nested}
    wrapped = [one for one in schemas if any(split_path(wrapper)[0] in nested for wrapper in one.records)]
    return recognise((schema, reader.with_schema(schema).columns) for schema in wrapped)


def _look_inside(reader: Reader, label: str, schemas: Iterable[Schema]) -> list[SourceColumn]:
    """The columns of a file, with what the JSON in the first rows of text holds where schemas look for signs."""
    paths = (split_path(path) for one in schemas for group in one.recognise.groups for path in group)
    asked = {steps[0] for steps in paths if len(steps) > 1}
    unknown = [one.name for one in reader.columns if one.name in asked and one.inner is None]
    if not unknown:
        return list(reader.columns)
    inner: dict[str, set[str]] = {name: set() for name in unknown}
    resolution = Resolution({name: SourcePath(name) for name in unknown})
    for chunk in islice(Source(0, label, reader, resolution).chunks(resolution, _ROWS), 1):
        for name in unknown:
            for text in to_text(chunk.columns[name]).head(_ROWS).drop_nulls():
                inner[name].update(_paths(parse_inside(text), "", 0))
    return [replace(one, inner=frozenset(inner[one.name])) if one.name in inner else one for one in reader.columns]


def _paths(value: Any, prefix: str, level: int) -> Iterator[str]:
    for key, below in value.items() if isinstance(value, dict) and level < _LEVELS else ():
        yield f"{prefix}{key}"
        yield from _paths(below, f"{prefix}{key}.", level + 1)
