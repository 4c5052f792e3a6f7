"""Decide, per file, which source column (or path in it) holds each canonical column."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from distillscan.columns import READABLE, REQUIRED
from distillscan.errors import InputError
from distillscan.read.bodies.columns import BODY_COLUMNS, Part
from distillscan.read.schema.hints import HINTS, MAY_NEST, normalise
from distillscan.read.schema.model import Schema
from distillscan.read.values.jsontext import join_path, split_path

_SHOWN: Final = 40


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

    def has(self, path: str) -> bool:
        """Return whether there is a slot for a path of the schema."""
        return slot(path) in self.paths or slot(path) in self.constants

    def slots(self, paths: Iterable[str]) -> list[str]:
        """Return the slots of those of the schema's paths that the file has."""
        return [slot(path) for path in paths if self.has(path)]

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
        return replace(
            self,
            paths={name: path for name, path in self.paths.items() if name in names},
            constants={name: value for name, value in self.constants.items() if name in names},
            made=self.made & wanted,
            wanted=wanted,
            notes=(),
            unmatched=(),
        )

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
    known = {column.name: column for column in reversed(columns)}
    keys = {key: value for key, value in partitions.items() if key not in known}
    paths: dict[str, SourcePath] = {}
    constants: dict[str, str | None] = {}
    unmatched: list[str] = []
    for canonical, wanted in mapping.items():
        path = _find(wanted, known)
        if path is not None:
            paths[canonical] = path
        elif wanted in keys:
            constants[canonical] = keys[wanted]
        else:
            unmatched.append(canonical)
    if schema is not None:
        found = _with_schema(schema, paths, constants, known, keys, open_ended=open_ended)
        return replace(found, unmatched=tuple(name for name in unmatched if name not in found.columns))
    taken = {canonical: str(path.column) for canonical, path in paths.items()} | {
        name: mapping[name] for name in constants
    }
    inside, notes = _by_name(known, taken, "column")
    above, more_notes = _by_name({key: SourceColumn(key) for key in keys}, taken | inside, "path key")
    paths |= {canonical: SourcePath(name) for canonical, name in inside.items()}
    constants |= {canonical: keys[key] for canonical, key in above.items()}
    ordered = {canonical: paths[canonical] for canonical in READABLE if canonical in paths}
    return Resolution(ordered, constants, notes=(*notes, *more_notes), unmatched=tuple(unmatched))


def _with_schema(
    schema: Schema,
    paths: dict[str, SourcePath],
    constants: dict[str, str | None],
    known: Mapping[str, SourceColumn],
    keys: Mapping[str, str | None],
    *,
    open_ended: bool,
) -> Resolution:
    """The mapping, the schema's own columns, then columns with a canonical name that the schema does not speak of."""
    spoken = {split_path(path)[0] for path in schema.paths} | set(schema.columns)
    parts = schema.body.parts
    spoken |= {name for part, found in parts.items() if found for name in BODY_COLUMNS[part]}
    for canonical in READABLE:
        if canonical in paths or canonical in constants or canonical in spoken:
            continue
        if canonical in known:
            paths[canonical] = SourcePath(canonical)
        elif canonical in keys:
            constants[canonical] = keys[canonical]
    seen = {path: place for path in schema.paths if (place := _find(path, known)) is not None}
    for path in schema.paths:
        if path not in seen and path in keys:
            constants[slot(path)] = keys[path]
        elif open_ended:
            paths[slot(path)] = SourcePath(split_path(path)[0], split_path(path)[1:])
        elif path in seen:
            paths[slot(path)] = seen[path]
    there = seen.keys() | keys.keys()
    made = {name for name, column in schema.columns.items() if there.intersection(column.paths)}
    made |= {name for part, found in parts.items() if there.intersection(found) for name in BODY_COLUMNS[part]}
    return Resolution(paths, constants, schema, frozenset(made))


def _by_name(pool: Mapping[str, SourceColumn], taken: Mapping[str, str], kind: str) -> tuple[dict[str, str], list[str]]:
    """The canonical columns still to be found, by their very name, then by hints, and what was assumed.

    Args:
        pool: The columns, or keys, there are.
        taken: Canonical columns that were found before, and their names there; no name serves two by hints.
        kind: What the pool consists of.
    """
    found = {canonical: canonical for canonical in READABLE if canonical in pool and canonical not in taken}
    notes: list[str] = []
    free: dict[str, list[str]] = {}
    for name in sorted(pool):
        if name not in taken.values() and name not in READABLE:
            free.setdefault(normalise(name), []).append(name)
    for canonical, hints in HINTS.items():
        names = [
            name for hint in hints for name in free.get(hint, ()) if canonical in MAY_NEST or not pool[name].nested
        ]
        if names and canonical not in found and canonical not in taken:
            found[canonical] = names[0]
            notes.append(_assumed(canonical, names, kind))
    return found, notes


def _assumed(canonical: str, found: Sequence[str], kind: str) -> str:
    text = f"{kind} {found[0]} is read as {canonical}"
    if len(found) > 1:
        text += f" (not {', '.join(found[1:])}: --map {canonical}={found[1]} would choose otherwise)"
    return text


def has(path: str, columns: Sequence[SourceColumn]) -> bool:
    """Return whether a file with these columns has a source path, as far as that can be known."""
    return _find(path, {column.name: column for column in reversed(columns)}) is not None


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
    return named in column.inner and (bracket is None or not any(key.startswith(f"{named}.") for key in column.inner))


def require(
    label: str,
    resolution: Resolution,
    names: Sequence[str],
    elsewhere: frozenset[str] = frozenset(),
    advice: str | None = None,
) -> None:
    """Check that a file has the columns no analysis can do without.

    Args:
        label: The file as the analyst knows it.
        resolution: What was found in it.
        names: Its columns, and paths in them, for the message.
        elsewhere: Canonical columns that a joined log has.
        advice: What to do, if that is known better than in general.

    Raises:
        InputError: If a required column was not found.
    """
    missing = [name for name in REQUIRED if name not in resolution.columns and name not in elsewhere]
    if not missing:
        return
    schema = resolution.schema
    if schema is not None:
        hint = (
            advice or schema.hint or f"--schema none reads columns by name, --map {missing[0]}=COLUMN says which it is"
        )
        raise InputError(
            f"{label}: read with the schema {schema.name}, there is nothing for {' and '.join(missing)}. {hint}"
        )
    if advice is not None:
        raise InputError(f"{label}: no column for {' and '.join(missing)}. {advice}")
    used = {str(path) for path in resolution.paths.values()}
    spare = [name for name in names if name not in used] or ["SOURCE_COLUMN"]
    example = " ".join(f"--map {canonical}={name}" for canonical, name in zip(missing, spare, strict=False))
    raise InputError(
        f"{label}: no column for {' and '.join(missing)}. Columns found: {listed(names)}. "
        f"Say which column it is, for example {example}"
    )


def listed(names: Sequence[str]) -> str:
    """Return column names for a message, cut when there are very many."""
    if not names:
        return "none"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
