"""Find columns that hold bodies of requests and answers in a log that no schema is for, by looking at their cells."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

import polars as pl

from distillscan.read.bodies.columns import is_request_body, is_response_body
from distillscan.read.formats.chunks import Reader
from distillscan.read.formats.source import first_chunk
from distillscan.read.schema.hints import BODY_NAMES, normalise
from distillscan.read.schema.resolve import Resolution, SourcePath
from distillscan.read.values.text import to_text

#: Cells that are looked at; shorter ones may be what a source writes for nothing.
_CELLS: Final = 200
_SHORTEST: Final = 9
_IS_BODY: Final[dict[str, Callable[[str], bool]]] = {"prompt": is_request_body, "response": is_response_body}
_WHAT: Final = {"prompt": "requests", "response": "answers"}


def add_bodies(reader: Reader, label: str, resolution: Resolution) -> Resolution:
    """Return a resolution with prompts and answers where it has none and a column holds bodies with such.

    At least half of the first cells of the column must be bodies.
    """
    for canonical, names in BODY_NAMES.items():
        if resolution.schema is not None or canonical in resolution.columns:
            continue
        taken = {path.column for path in resolution.paths.values()}
        free = [one.name for one in reader.columns if one.name not in taken]
        called = sorted((names.index(normalise(name)), name) for name in free if normalise(name) in names)
        found = _first_with_bodies(reader, label, [name for _, name in called], _IS_BODY[canonical])
        if found is not None:
            note = f"column {found} is read as {canonical}: its cells are bodies of {_WHAT[canonical]}"
            paths = {**resolution.paths, canonical: SourcePath(found)}
            resolution = replace(resolution, paths=paths, notes=(*resolution.notes, note))
    return resolution


def _first_with_bodies(reader: Reader, label: str, names: Sequence[str], is_body: Callable[[str], bool]) -> str | None:
    if not names:
        return None
    places = Resolution({name: SourcePath(name) for name in names}, wanted=frozenset())
    for chunk in first_chunk(reader, label, places, _CELLS):
        return next((name for name in names if _are_bodies(to_text(chunk.columns[name]), is_body)), None)
    return None


def _are_bodies(cells: pl.Series, is_body: Callable[[str], bool]) -> bool:
    texts: Iterable[str] = cells.drop_nulls().head(_CELLS)
    found = [is_body(text) for text in texts if len(text) >= _SHORTEST]
    return any(found) and 2 * sum(found) >= len(found)
