"""Find canonical columns inside objects by name: ``user.id``, ``metadata.user_id``, ``usage.input_tokens``."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from distillscan.columns import READABLE
from distillscan.read.schema.hints import BODY_NAMES, MAY_NEST, names_for, normalise
from distillscan.read.schema.resolve import Resolution, SourceColumn, SourcePath

#: Objects whose names say nothing about what is in them: ``user_id`` means the same in each of them.
HOLDERS: Final = frozenset(
    (
        *(
            "metadata",
            "meta",
            "context",
            "ctx",
            "extra",
            "extras",
            "attributes",
            "attrs",
            "properties",
            "labels",
            "tags",
        ),
        *("fields", "data", "payload", "event", "record", "details", "info", "params", "input", "inputs", "output"),
        *("request", "req", "response", "res", "http", "headers", "usage", "client", "jsonpayload", "log", "message"),
        *("msg", "json", "body", "customdimensions"),
    )
)
#: Columns whose texts are bodies: looked at before, and found to be none.
_BODIES: Final = frozenset(name for names in BODY_NAMES.values() for name in names)
#: Steps of a path that is looked at.
_DEEPEST: Final = 4


def add_nested(resolution: Resolution, columns: Iterable[SourceColumn]) -> Resolution:
    """Return a resolution with columns that no schema and no name at the top level gave, from inside of objects.

    The names of a path count together (``user.id`` as ``userid``), without the objects around them that say nothing.
    """
    if resolution.schema is not None:
        return resolution
    taken = {str(place) for place in resolution.paths.values()}
    places = {str(place): place for column in columns for place in _inside(column) if str(place) not in taken}
    objects = {path.rpartition(".")[0] for path in places}
    paths, notes = dict(resolution.paths), list(resolution.notes)
    for canonical in READABLE:
        texts = canonical in MAY_NEST
        if (
            canonical in resolution.columns
            or canonical in resolution.unmatched
            or (texts and "prompt" in resolution.columns)
        ):
            continue
        called: dict[str, str] = {}
        for path, place in places.items():
            if normalise(place.column) not in _BODIES if texts else path not in objects:
                for name in _names((*place.column.split("."), *place.keys)):
                    called.setdefault(name, path)
        if found := names_for(canonical, called):
            paths[canonical] = places.pop(called[found[0]])
            notes.append(f"field {paths[canonical]} is read as {canonical}")
    return replace(resolution, paths=paths, notes=tuple(notes))


def _inside(column: SourceColumn) -> Iterable[SourcePath]:
    """The places inside a column; the column itself, if its name is that of a place (``jsonPayload.user_id``)."""
    if "." in column.name:
        yield SourcePath(column.name)
    for path in sorted(column.inner or ()):
        if path.count(".") < _DEEPEST and all(steps := path.split(".")) and "[" not in path:
            yield SourcePath(column.name, tuple(steps))


def _names(steps: tuple[str, ...]) -> Iterable[str]:
    """What a path may be called: its steps together, from each on before which there is nothing but holders."""
    for at in range(len(steps)):
        if at and normalise(steps[at - 1]) not in HOLDERS:
            return
        yield normalise("".join(steps[at:]))
