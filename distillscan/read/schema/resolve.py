"""Decide, per file, which source column (or path in it) holds each canonical column."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from distillscan.columns import READABLE, REQUIRED
from distillscan.errors import InputError
from distillscan.read.bodies.columns import BODY_COLUMNS, Part
from distillscan.read.schema.hints import MAY_NEST, PORTAL_ZONE, likely_names, names_for
from distillscan.read.schema.model import Schema
from distillscan.read.values.jsontext import join_path, split_path

_SHOWN: Final = 40
#: What to do if no column looks like a required one.
_NOWHERE: Final = {
    "timestamp": "None of them looks like a time: if one is, name it with --map timestamp=COLUMN",
    "account_id": (
        "None of them looks like an account: if one says who called, name it with --map account_id=COLUMN; else the "
        "log has no accounts, and cannot be analysed without another one that has them (--join)"
    ),
}


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A top-level column of a file.

    Attributes:
        name: Its name in the file.
        nested: Whether its values are objects or lists.
        inner: Dotted paths known to exist below it; ``None`` when they cannot be known (text may hold JSON).
    """

    name: str
    nested: bool = False
    inner: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class SourcePath:
    """A place in a file: a column and keys below it."""

    column: str
    keys: tuple[str, ...] = ()

    def __str__(self) -> str:
        return join_path((self.column, *self.keys))


def slot(path: str) -> str:
    """Return under which name a chunk holds the values at a path of the schema; no canonical column is called that."""
    return f"@{path}"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where one file keeps what is read of it.

    Attributes:
        paths: Canonical columns, and slots of the schema's paths, to their places in the file.
        constants: The same for what the file's own path tells (``date=2026-01-01/``), to the value.
        schema: What makes canonical columns of the slots, if the file is read with one.
        made: Canonical columns it makes, as far as a look at the file can tell.
        wanted: Canonical columns to make.
        notes: What was assumed.
        unmatched: Canonical columns whose mapped source column the file does not have.
    """

    paths: Mapping[str, SourcePath]
    constants: Mapping[str, str | None] = field(default_factory=dict)
    schema: Schema | None = None
    made: frozenset[str] = frozenset()
    wanted: frozenset[str] = frozenset(READABLE)
    notes: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()

    @property
    def direct(self) -> frozenset[str]:
        """The canonical columns that are there as such: they win over those the schema makes."""
        return frozenset(READABLE).intersection((*self.paths, *self.constants))

    @property
    def columns(self) -> frozenset[str]:
        """The canonical columns of the file."""
        return self.direct | self.made

    def slots(self, paths: Iterable[str]) -> list[str]:
        """Return the slots of those of the schema's paths that the file has."""
        return [name for name in map(slot, paths) if name in self.paths or name in self.constants]

    def only(self, columns: Iterable[str], *, rules: bool = False) -> "Resolution":
        """Return what is needed for some of the canonical columns; and, if ``rules``, to tell which rows count."""
        wanted = self.wanted.intersection(columns)
        sources: list[str] = []
        if self.schema is not None:
            for name in wanted.difference(self.direct).intersection(self.schema.columns):
                sources += self.schema.columns[name].paths
            sources += [path for part in self._parts(wanted) for path in self.schema.body.parts[part]]
            sources += self.schema.rules if rules else ()
        return self._reduced({*wanted, *map(slot, sources)}, wanted)

    def at(self, paths: Iterable[str]) -> "Resolution":
        """Return the slots of some of the schema's paths, and no column."""
        return self._reduced(set(map(slot, paths)), frozenset())

    def _reduced(self, names: set[str], wanted: frozenset[str]) -> "Resolution":
        paths = {name: path for name, path in self.paths.items() if name in names}
        constants = {name: value for name, value in self.constants.items() if name in names}
        return Resolution(paths, constants, self.schema, self.made & wanted, wanted)

    def _parts(self, wanted: frozenset[str]) -> list[Part]:
        """The parts of the body that some of the columns come from."""
        return [part for part, found in BODY_COLUMNS.items() if wanted.difference(self.direct).intersection(found)]

    @property
    def body_slots(self) -> dict[Part, list[str]]:
        """The slots of each part of the body that is wanted, best first; parts without any are left out."""
        if self.schema is None:
            return {}
        found = {part: self.slots(self.schema.body.parts[part]) for part in self._parts(self.wanted)}
        return {part: slots for part, slots in found.items() if slots}

    @property
    def last_turn(self) -> bool:
        """Whether ``prompt`` is the last user message alone, not the whole conversation."""
        return self.schema is not None and self.schema.body.turns == "last"


def resolve(
    columns: Sequence[SourceColumn],
    partitions: Mapping[str, str | None],
    mapping: Mapping[str, str],
    schema: Schema | None = None,
    *,
    open_ended: bool = False,
) -> Resolution:
    """Find the canonical columns of one file.

    In this order: the explicit mapping, the canonical name itself, a hint (in the order of the table) among the file's
    columns; then the same among the partition keys of its path (``date=2026-01-01/``), which thus override no column.

    Args:
        columns: Top-level columns of the file; of two with one name the first counts.
        partitions: Partition keys in the file's path, and their values.
        mapping: Canonical column to source column or dotted path.
        schema: Where its source keeps them; then the mapping and canonical names come first, and there are no hints.
        open_ended: Whether rows may have keys that ``columns`` does not list; then all of the schema's paths are read.
    """
    known = by_name(columns)
    keys = {key: value for key, value in partitions.items() if key not in known}
    mapped = {canonical: place for canonical, wanted in mapping.items() if (place := _find(wanted, known))}
    constants = {name: keys[wanted] for name, wanted in mapping.items() if name not in mapped and wanted in keys}
    unmatched = tuple(canonical for canonical in mapping if canonical not in mapped and canonical not in constants)
    used = {place.column for place in mapped.values()} | {mapping[name] for name in constants}
    spoken = _spoken(schema) if schema is not None else frozenset()
    paths: dict[str, SourcePath] = {}
    notes: list[str] = []
    for canonical in READABLE:
        if canonical in mapped:
            paths[canonical] = mapped[canonical]
        elif canonical not in constants and canonical not in spoken:
            inside = _named(canonical, known.values(), used, hints=schema is None)
            above = _named(canonical, map(SourceColumn, keys), used, hints=schema is None)
            if inside:
                paths[canonical] = SourcePath(inside[0])
            elif above:
                constants[canonical] = keys[above[0]]
            notes += _assumed(canonical, inside, "column") or _assumed(canonical, above, "path key")
    if schema is None:
        return Resolution(paths, constants, notes=tuple(notes), unmatched=unmatched)
    made = _add_slots(schema, paths, constants, known, keys, open_ended=open_ended)
    found = Resolution(paths, constants, schema, made)
    return replace(found, unmatched=tuple(name for name in unmatched if name not in found.columns))


def _add_slots(
    schema: Schema,
    paths: dict[str, SourcePath],
    constants: dict[str, str | None],
    known: Mapping[str, SourceColumn],
    keys: Mapping[str, str | None],
    *,
    open_ended: bool,
) -> frozenset[str]:
    """Add where the schema's paths lead, and return the canonical columns it makes."""
    seen = {path: place for path in schema.paths if (place := _find(path, known))}
    for path in schema.paths:
        if path not in seen and path in keys:
            constants[slot(path)] = keys[path]
        elif open_ended:
            paths[slot(path)] = SourcePath(split_path(path)[0], split_path(path)[1:])
        elif path in seen:
            paths[slot(path)] = seen[path]
    there = seen.keys() | keys.keys()
    made = {name for name, column in schema.columns.items() if there.intersection(column.paths)}
    parts = schema.body.parts.items()
    return frozenset(made).union(*(BODY_COLUMNS[part] for part, found in parts if there.intersection(found)))


def _spoken(schema: Schema) -> frozenset[str]:
    """The names that a schema says something about: no column counts as canonical by such a name alone."""
    bodies = {name for part, found in schema.body.parts.items() if found for name in BODY_COLUMNS[part]}
    return frozenset({split_path(path)[0] for path in schema.paths} | set(schema.columns) | bodies)


def _named(canonical: str, pool: Iterable[SourceColumn], used: Collection[str], *, hints: bool) -> list[str]:
    """The columns that stand for a canonical one: the one of its very name, else those with a hint, best first."""
    names = {column.name: column.nested for column in pool}
    if canonical in names:
        return [canonical]
    free = [name for name, nested in names.items() if name not in used and (canonical in MAY_NEST or not nested)]
    return names_for(canonical, free) if hints else []


def _assumed(canonical: str, found: Sequence[str], kind: str) -> list[str]:
    if not found or found[0] == canonical:
        return []
    others = f" (not {', '.join(found[1:])}: --map {canonical}={found[1]} would choose otherwise)" if found[1:] else ""
    return [f"{kind} {found[0]} is read as {canonical}{others}"]


def has(path: str, known: Mapping[str, SourceColumn]) -> bool:
    """Return whether a file with columns of these names has a source path, as far as that can be known."""
    return _find(path, known) is not None


def by_name(columns: Sequence[SourceColumn]) -> dict[str, SourceColumn]:
    """Return columns by name, of two with one the first; also without the zone that Azure's portal adds to a name."""
    known = {column.name.removesuffix(PORTAL_ZONE): column for column in reversed(columns)}
    return known | {column.name: column for column in reversed(columns)}


def _find(wanted: str, known: Mapping[str, SourceColumn]) -> SourcePath | None:
    """The place of a column or dotted path; the longest leading part that is a column wins (``a.b`` before ``a``)."""
    parts = _steps(wanted)
    for size in range(len(parts), 0, -1):
        column = known.get(".".join(parts[:size]))
        rest = tuple(parts[size:])
        if column is not None and _leads_on(column, rest):
            return SourcePath(column.name, rest)
    return None


def _steps(wanted: str) -> tuple[str, ...]:
    """The steps of a path; a name that is no path (``cost [EUR]``) is one step."""
    try:
        return split_path(wanted)
    except ValueError:
        return tuple(wanted.split("."))


def _leads_on(column: SourceColumn, rest: Sequence[str]) -> bool:
    """Whether there may be something at the steps below a column; what lists hold is not known in advance."""
    if not rest or column.inner is None:
        return True
    bracket = next((at for at, step in enumerate(rest) if step.startswith("[")), None)
    named = ".".join(rest[:bracket])
    # What has keys is no list.
    numbered = any(key.startswith(f"{named}.0.") for key in column.inner)
    return (named in column.inner or numbered) and (
        bracket is None or not any(key.startswith(f"{named}.") for key in column.inner)
    )


def require(
    label: str,
    resolution: Resolution,
    names: Sequence[str],
    elsewhere: frozenset[str] = frozenset(),
    advice: str | None = None,
    *,
    of: int | None = None,
) -> None:
    """Check that a file has the columns no analysis can do without.

    Args:
        label: The file as the analyst knows it.
        resolution: What was found in it.
        names: Its columns, and paths in them, that the message may name.
        elsewhere: Canonical columns that a joined log has.
        advice: What to do, if that is known better than in general.
        of: How many columns and paths it has.

    Raises:
        InputError: If a required column was not found.
    """
    missing = [name for name in REQUIRED if name not in resolution.columns and name not in elsewhere]
    if not missing:
        return
    lacking = f"no column for {' and '.join(missing)}"
    if schema := resolution.schema:
        lacking = f"read with the schema {schema.name}, there is nothing for {' and '.join(missing)}"
        by_name = f"--schema none reads columns by name, --map {missing[0]}=COLUMN says which it is"
        advice = advice or schema.hint or by_name
    if advice is None:
        used = {str(path) for path in resolution.paths.values()}
        spare = [name for name in names if name not in used]
        likely = [f"--map {canonical}={found[0]}" for canonical in missing if (found := likely_names(canonical, spare))]
        unlikely = [_NOWHERE[canonical] for canonical in missing if not likely_names(canonical, spare)]
        example = [f"Say which column it is, for example {' '.join(likely)}"] if likely else []
        advice = ". ".join([f"Columns found: {listed(names, of)}", *example, *unlikely])
    raise InputError(f"{label}: {lacking}. {advice}")


def listed(names: Sequence[str], of: int | None = None) -> str:
    """Return column names for a message, cut when there are very many; ``of`` says how many there are, also unnamed."""
    count = len(names) if of is None else of
    more = f"{count - len(names[:_SHOWN])} more" if count > len(names[:_SHOWN]) else ""
    return " and ".join(part for part in (", ".join(names[:_SHOWN]), more) if part) or "none"
