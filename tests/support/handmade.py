"""Small logs made by hand, from which many tests start."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from distillscan.columns import CANONICAL, ROW, SOURCE

START = datetime(2026, 4, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    """A time so many hours after the tests' epoch."""
    return START + timedelta(hours=hours)


def canonical(rows: Sequence[Mapping[str, Any]], source: int = 0) -> pl.DataFrame:
    """A canonical frame as ``read`` gives it, from rows as dicts; columns no row names are absent."""
    names = [name for name in CANONICAL if any(name in row for row in rows)]
    data = {name: [row.get(name) for row in rows] for name in names}
    frame = pl.DataFrame(data, schema={name: CANONICAL[name] for name in names})
    return frame.select(
        pl.lit(source, pl.UInt32).alias(SOURCE), pl.int_range(pl.len(), dtype=pl.UInt64).alias(ROW), pl.all()
    )
