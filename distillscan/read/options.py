"""How a log is to be read: the analyst's choices, checked before any file is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from distillscan.columns import READABLE
from distillscan.errors import UsageError
from distillscan.read.schema.hints import did_you_mean_column
from distillscan.read.schema.model import NO_SCHEMA, load_schema
from distillscan.read.values.dates import DateOrder

Format = Literal["parquet", "csv", "ndjson", "lines"]
Compression = Literal["gzip", "zstd"]

#: Formats that can be asked for; lines of plain text are told by their schema.
FORMATS: Final[tuple[Format, ...]] = ("parquet", "csv", "ndjson")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Choices that hold for every input of one run.

    Attributes:
        mapping: Canonical column to the source column, or dotted path, that holds it: ``{"account_id": "user.id"}``.
        format: Format of every input, or ``None`` to recognise each file by its content and name.
        batch_rows: Most rows a batch should have; Parquet row groups of up to 300,000 rows are not cut.
        keep_rejects: Whether rejected rows carry their source text, so that they can be written to a file.
        schema: Name of a packaged log schema or path of one, ``none`` for columns by name only, or ``None`` to tell
            each file's source by its columns.
        columns: Names of the columns of CSV files without a header, in their order.
        private: Whether messages may quote nothing but known names of columns.
        carried: Whether batches hold what requests carried beside their words as well (``columns.CARRIED``).
        null_values: What means that there is no value, in any column, beside the usual null markers.
        date_order: Whether dates such as 7/1/2026 are written day first or month first; ``None`` to tell it by all
            dates of the log.
        joins: Files, globs or directories of logs that add columns by ``request_id``.

    Raises:
        UsageError: If the mapping names an unknown canonical column, or the schema or a value is not right.
    """

    mapping: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    format: Format | None = None
    batch_rows: int = 262_144
    keep_rejects: bool = False
    schema: str | None = None
    joins: tuple[str, ...] = ()
    carried: bool = False
    columns: tuple[str, ...] = ()
    private: bool = False
    null_values: tuple[str, ...] = ()
    date_order: DateOrder | None = None

    def __post_init__(self) -> None:
        for canonical, source in self.mapping.items():
            _check_pair(canonical, source)
        if self.schema not in (None, NO_SCHEMA):
            load_schema(str(self.schema))
        if self.format is not None and self.format not in FORMATS:
            raise UsageError(f"unknown input format {self.format!r}: choose one of {', '.join(FORMATS)}")
        if self.batch_rows < 1:
            raise UsageError(f"batch_rows is {self.batch_rows}: it must be at least 1")


def parse_mapping(items: Sequence[str]) -> dict[str, str]:
    """Turn ``["account_id=user.id", ...]`` (the values of ``--map``) into canonical column to source column.

    Raises:
        UsageError: If an item has no ``=``, has an empty side, names no canonical column, or names one twice.
    """
    mapping: dict[str, str] = {}
    for item in items:
        canonical, equals, source = (part.strip() for part in item.partition("="))
        if not equals:
            raise UsageError(f"--map {item}: write it as COLUMN=SOURCE, e.g. --map account_id=user.id")
        _check_pair(canonical, source)
        if canonical in mapping:
            raise UsageError(
                f"--map gives {canonical} twice ({mapping[canonical]} and {source}): keep the one that is meant"
            )
        mapping[canonical] = source
    return mapping


def _check_pair(canonical: str, source: str) -> None:
    if not canonical or not source:
        raise UsageError(f"--map {canonical}={source}: both sides are needed, e.g. --map account_id=user.id")
    if canonical not in READABLE:
        turned = f"the column to fill comes first: --map {source}={canonical}"
        hint = turned if source in READABLE else did_you_mean_column(canonical)
        raise UsageError(f"--map {canonical}={source}: there is no column {canonical}; {hint}")
