"""Try a schema on the first rows of a log, and tell what every canonical column gets."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from distillscan.columns import READABLE
from distillscan.read.canonical.convert import REJECTS, Batch
from distillscan.read.log import Log
from distillscan.read.opening import open_log
from distillscan.read.options import ReadOptions
from distillscan.read.values.text import to_text

#: Values shown of each column, and tools of all requests.
_EXAMPLES: Final = 3
_TOOLS: Final = 12


@dataclass(frozen=True, slots=True)
class ColumnCheck:
    """What one canonical column got: usable rows with a value, different values, and the first of them."""

    column: str
    filled: int
    distinct: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SchemaCheck:
    """What a schema made of the first rows of a log.

    Attributes:
        schema: Its name; ``None`` if columns were read by name only.
        rows: Records looked at.
        used: Requests they gave.
        rejected: Records that gave none, by reason, most frequent first.
        columns: Every column that has a value.
        empty: Columns that have none.
        tools: The first names of tools that requests offered or called.
        pictures: Requests with a picture.
        notes: What was assumed.
    """

    schema: str | None
    rows: int
    used: int
    rejected: dict[str, int]
    columns: tuple[ColumnCheck, ...]
    empty: tuple[str, ...]
    tools: tuple[str, ...]
    pictures: int
    notes: tuple[str, ...]


def check_schema(path: str, options: ReadOptions, rows: int) -> SchemaCheck:
    """Read the first rows of a log, so many or all there are, with the schema and joined logs of some options.

    Raises:
        InputError: If the file cannot be read, or required columns are nowhere.
        UsageError: If the schema is not right.
    """
    with open_log([path], replace(options, carried=True)) as log:
        batches = list(_first(log, rows))
        name = log.schemas[0]
        notes = log.notes
    frames = [pl.DataFrame(schema=dict(READABLE)), *(batch.frame for batch in batches)]
    frame = pl.concat(frames, how="diagonal").select(*READABLE).head(rows)
    rejects = pl.concat([pl.DataFrame(schema=REJECTS), *(batch.rejects for batch in batches)]).head(rows)
    reasons = rejects["reason"].value_counts().sort("count", "reason", descending=[True, False])
    columns = [_column(values) for values in frame if values.null_count() < frame.height]
    filled = {one.column for one in columns}
    tools = frame["tools"].drop_nulls().str.split(",").explode().unique().sort()
    return SchemaCheck(
        schema=name,
        rows=frame.height + rejects.height,
        used=frame.height,
        rejected=dict(reasons.iter_rows()),
        columns=tuple(columns),
        empty=tuple(name for name in READABLE if name not in filled),
        tools=tuple(tools.head(_TOOLS)),
        pictures=int((frame["images"] > 0).sum()),
        notes=notes,
    )


def _first(log: Log, rows: int) -> Iterator[Batch]:
    for task in log.tasks():
        for batch in task():
            yield batch
            rows -= batch.read
            if rows <= 0:
                return


def _column(values: pl.Series) -> ColumnCheck:
    given = to_text(values.dt.to_string("iso:strict") if values.dtype.is_temporal() else values).drop_nulls()
    distinct = given.unique(maintain_order=True)
    return ColumnCheck(values.name, len(given), len(distinct), tuple(distinct.head(_EXAMPLES)))
