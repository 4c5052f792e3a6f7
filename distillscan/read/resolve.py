"""Decide, per file, which source column (or path in it) holds each canonical column."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from distillscan.columns import CANONICAL, REQUIRED
from distillscan.errors import InputError
from distillscan.read.hints import HINTS, MAY_NEST, normalise

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
        return ".".join((self.column, *self.keys))


@dataclass(frozen=True, slots=True)
class Resolution:
    """The outcome for one file: where each canonical column is, what was assumed, which mapped names it lacks."""

    paths: Mapping[str, SourcePath]
    notes: tuple[str, ...]
    unmatched: tuple[str, ...]


def resolve(columns: Sequence[SourceColumn], partitions: Iterable[str], mapping: Mapping[str, str]) -> Resolution:
    """Find the canonical columns of one file.

    In this order: the explicit mapping, the canonical name itself, a hint (in the order of the table) among the file's
    columns; then the same among the partition keys of its path (``date=2026-01-01/``), which thus override no column.

    Args:
        columns: Top-level columns of the file; of two with one name the first counts.
        partitions: Partition keys in the file's path.
        mapping: Canonical column to source column or dotted path.
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
    for pool, partition in ((known, False), ({key: SourceColumn(key) for key in keys}, True)):
        _by_name(pool, partition, paths, notes)
    ordered = {canonical: paths[canonical] for canonical in CANONICAL if canonical in paths}
    return Resolution(ordered, tuple(notes), tuple(unmatched))


def _by_name(pool: Mapping[str, SourceColumn], partition: bool, paths: dict[str, SourcePath], notes: list[str]) -> None:
    """Fill in what is not yet known from columns of that very name, then from hints; no column serves two by hints."""
    for canonical in CANONICAL:
        if canonical in pool and canonical not in paths:
            paths[canonical] = SourcePath(canonical, partition=partition)
    taken = {path.column for path in paths.values()}
    free: dict[str, list[str]] = {}
    for name in sorted(pool):
        if name not in taken and name not in CANONICAL:
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


def _find(wanted: str, known: Mapping[str, SourceColumn], keys: Sequence[str]) -> SourcePath | None:
    """The place of a column or dotted path; the longest leading part that is a column wins (``a.b`` before ``a``)."""
    parts = wanted.split(".")
    for size in range(len(parts), 0, -1):
        column = known.get(".".join(parts[:size]))
        rest = tuple(parts[size:])
        if column is None:
            continue
        if not rest or column.inner is None or ".".join(rest) in column.inner:
            return SourcePath(column.name, rest)
    return SourcePath(wanted, partition=True) if wanted in keys else None


def require(label: str, resolution: Resolution, names: Sequence[str]) -> None:
    """Check that a file has the columns no analysis can do without.

    Args:
        label: The file as the analyst knows it.
        resolution: What was found in it.
        names: Its columns, and paths in them, for the message.

    Raises:
        InputError: If a required column was not found.
    """
    missing = [canonical for canonical in REQUIRED if canonical not in resolution.paths]
    if not missing:
        return
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
