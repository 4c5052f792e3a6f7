"""Decide, per file, which source column (or path in it) holds each canonical column."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from distillscan.columns import READABLE, REQUIRED
from distillscan.errors import InputError
from distillscan.read.bodies.columns import BODY_COLUMNS
from distillscan.read.schema.hints import HINTS, MAY_NEST, normalise
from distillscan.read.schema.model import Schema
from distillscan.read.schema.plan import Plan
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
    """Where a file keeps one canonical column: a column and keys below it, or a key in the file's own path."""

    column: str
    keys: tuple[str, ...] = ()
    partition: bool = False

    def __str__(self) -> str:
        return join_path((self.column, *self.keys))


@dataclass(frozen=True, slots=True)
class Resolution:
    """The outcome for one file.

    Attributes:
        paths: What is read: canonical column to its place; with a plan also slots, which the plan turns into columns.
        notes: What was assumed.
        unmatched: Canonical columns whose mapped source column the file does not have.
        plan: How the slots become canonical columns, for a file that is read with a schema.
        made: Canonical columns that the plan makes, as far as a look at the file can tell.
    """

    paths: Mapping[str, SourcePath]
    notes: tuple[str, ...]
    unmatched: tuple[str, ...]
    plan: Plan | None = None
    made: frozenset[str] = frozenset()

    @property
    def columns(self) -> frozenset[str]:
        """The canonical columns of the file."""
        return self.made | (self.plan.direct if self.plan else frozenset(self.paths))

    def only(self, columns: Iterable[str]) -> "Resolution":
        """Return what is needed for some of the canonical columns."""
        chosen = frozenset(columns)
        if self.plan is None:
            return Resolution({name: path for name, path in self.paths.items() if name in chosen}, (), ())
        plan = self.plan.only(chosen)
        names = {*(plan.slots[path] for path in plan.needed), *(chosen & plan.direct)}
        paths = {name: path for name, path in self.paths.items() if name in names}
        return Resolution(paths, (), (), plan, self.made & chosen)

    def without(self, columns: Iterable[str]) -> "Resolution":
        """Return the rest without some columns, and without what is read for them alone."""
        gone = frozenset(columns)
        plan, unread = self.plan, gone
        if plan is not None:
            kept = {name: column for name, column in plan.schema.columns.items() if name not in gone}
            used = replace(plan.schema, columns=kept).paths
            unread |= {slot for path, slot in plan.slots.items() if path not in used}
            plan = replace(plan, wanted=plan.wanted - gone)
        paths = {name: path for name, path in self.paths.items() if name not in unread}
        return replace(self, paths=paths, plan=plan, made=self.made - gone)

    def refused(self) -> "Resolution":
        """Return the slots of what the schema may refuse."""
        slots = [self.plan.slots.get(one.path) for one in self.plan.schema.refuse] if self.plan else []
        return replace(self, paths={slot: self.paths[slot] for slot in slots if slot is not None})

    def at(self, sources: Iterable[str]) -> "Resolution":
        """Return what is at some of the schema's own paths, under their names; those the file lacks are left out."""
        slots = self.plan.slots if self.plan else {}
        return Resolution({path: self.paths[slots[path]] for path in sources if path in slots}, (), ())


def resolve(
    columns: Sequence[SourceColumn],
    partitions: Iterable[str],
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
        partitions: Partition keys in the file's path.
        mapping: Canonical column to source column or dotted path.
        schema: Where its source keeps them; then the mapping and canonical names come first, and there are no hints.
        open_ended: Whether rows may have keys that ``columns`` does not list; then all of the schema's paths are read.
    """
    known = {column.name: column for column in reversed(columns)}
    keys = [key for key in partitions if key not in known]
    paths: dict[str, SourcePath] = {}
    notes: list[str] = []
    unmatched: list[str] = []
    for canonical, wanted in mapping.items():
        path = _find(wanted, known, keys)
        if path is None:
            unmatched.append(canonical)
        else:
            paths[canonical] = path
    if schema is not None:
        planned = _with_schema(schema, paths, known, keys, open_ended=open_ended)
        return replace(planned, unmatched=tuple(name for name in unmatched if name not in planned.columns))
    for pool, partition in ((known, False), ({key: SourceColumn(key) for key in keys}, True)):
        _by_name(pool, partition, paths, notes)
    ordered = {canonical: paths[canonical] for canonical in READABLE if canonical in paths}
    return Resolution(ordered, tuple(notes), tuple(unmatched))


def _with_schema(
    schema: Schema,
    mapped: Mapping[str, SourcePath],
    known: Mapping[str, SourceColumn],
    keys: Sequence[str],
    *,
    open_ended: bool,
) -> Resolution:
    """The mapping, the schema's own columns, then columns with a canonical name that the schema does not speak of."""
    spoken = {split_path(path)[0] for path in schema.paths} | set(schema.columns)
    spoken |= {name for part, found in schema.body.parts.items() if found for name in BODY_COLUMNS[part]}
    paths = dict(mapped)
    for canonical in READABLE:
        if canonical not in paths and canonical not in spoken and (canonical in known or canonical in keys):
            paths[canonical] = SourcePath(canonical, partition=canonical not in known)
    direct = frozenset(paths)
    seen = {path: place for path in schema.paths if (place := _find(path, known, keys)) is not None}
    for path in schema.paths:
        steps = split_path(path)
        if open_ended:
            paths[f"@{path}"] = SourcePath(steps[0], steps[1:])
        elif path in seen:
            paths[f"@{path}"] = seen[path]
    slots = {name[1:]: name for name in paths if name.startswith("@")}
    made = {name for name, column in schema.columns.items() if any(path in seen for path in column.paths)}
    made |= {
        name
        for part, found in schema.body.parts.items()
        if any(path in seen for path in found)
        for name in BODY_COLUMNS[part]
    }
    plan = Plan(schema, slots, direct, frozenset(READABLE))
    return Resolution(paths, (), (), plan, frozenset(made))


def _by_name(pool: Mapping[str, SourceColumn], partition: bool, paths: dict[str, SourcePath], notes: list[str]) -> None:
    """Fill in what is not yet known from columns of that very name, then from hints; no column serves two by hints."""
    for canonical in READABLE:
        if canonical in pool and canonical not in paths:
            paths[canonical] = SourcePath(canonical, partition=partition)
    taken = {path.column for path in paths.values()}
    free: dict[str, list[str]] = {}
    for name in sorted(pool):
        if name not in taken and name not in READABLE:
            free.setdefault(normalise(name), []).append(name)
    for canonical, hints in HINTS.items():
        if canonical in paths:
            continue
        found = [
            name for hint in hints for name in free.get(hint, ()) if canonical in MAY_NEST or not pool[name].nested
        ]
        if found:
            paths[canonical] = SourcePath(found[0], partition=partition)
            notes.append(_assumed(canonical, found, partition))


def _assumed(canonical: str, found: Sequence[str], partition: bool) -> str:
    kind = "path key" if partition else "column"
    text = f"{kind} {found[0]} is read as {canonical}"
    if len(found) > 1:
        text += f" (not {', '.join(found[1:])}: --map {canonical}={found[1]} would choose otherwise)"
    return text


def has(path: str, columns: Sequence[SourceColumn]) -> bool:
    """Return whether a file with these columns has a source path, as far as that can be known."""
    return _find(path, {column.name: column for column in reversed(columns)}, ()) is not None


def _find(wanted: str, known: Mapping[str, SourceColumn], keys: Sequence[str]) -> SourcePath | None:
    """The place of a column or dotted path; the longest leading part that is a column wins (``a.b`` before ``a``)."""
    parts = _steps(wanted)
    for size in range(len(parts), 0, -1):
        column = known.get(".".join(parts[:size]))
        rest = tuple(parts[size:])
        if column is not None and _leads_on(column, rest):
            return SourcePath(column.name, rest)
    return SourcePath(wanted, partition=True) if wanted in keys else None


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
    if resolution.plan is not None:
        schema = resolution.plan.schema
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
