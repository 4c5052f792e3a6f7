"""Tell the source of a log by its columns."""

from collections.abc import Iterable, Sequence

from distillscan.columns import REQUIRED
from distillscan.read.schema.model import Schema
from distillscan.read.schema.resolve import SourceColumn, by_name, has


def recognise(candidates: Iterable[tuple[Schema, Sequence[SourceColumn]]]) -> list[Schema]:
    """Return the schemas of the sources that a file may come from, the likeliest first.

    It is the one that asks for most, then the one most of whose signs are there, then most of whose paths, then the
    first by name; others follow if they ask for as much and have half as many signs. A file with the required canonical
    columns is taken as it is.

    Args:
        candidates: Each schema, and the columns that the file has if it is read with it. What text holds inside is no
            evidence unless it was looked at (``inner``).
    """
    ranked = []
    for schema, columns in candidates:
        known = by_name([_closed(one) for one in columns])
        signs = schema.recognise
        found = [[path for path in group if has(path, known)] for group in signs.groups]
        plain = {column.name for column in columns}.issuperset(REQUIRED)
        if found and all(found) and not plain and not any(has(path, known) for path in signs.none):
            paths = sum(has(path, known) for path in schema.paths)
            ranked.append(((-len(found), -sum(map(len, found)), -paths, schema.name), schema))
    ranked.sort(key=lambda one: one[0])
    return [schema for rank, schema in ranked if rank[0] == ranked[0][0][0] and 2 * rank[1] <= ranked[0][0][1]]


def _closed(column: SourceColumn) -> SourceColumn:
    """A column of text that was not looked into as one with nothing inside."""
    return column if column.nested or column.inner is not None else SourceColumn(column.name, inner=frozenset())
