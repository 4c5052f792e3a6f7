"""The columns of the frames in which a report gives its clusters, their accounts, evidence, entities and timeline."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

import polars as pl

from distillscan.sanitize import scalar

#: One row a cluster, best first.
CLUSTERS: Final = pl.Schema(
    {"rank": int, "cluster_id": str, "severity": str, "score": float, "coordination": float, "extraction": float}
    | {"accounts": int, "requests": int, "first_seen": str, "last_seen": str, "summary": str}
    | {"account_ids": pl.List(pl.String)}
)
#: One row an account of a cluster, in the order of the clusters.
ACCOUNTS: Final = pl.Schema({"account_id": str, "cluster_id": str, "rank": int, "severity": str})
#: One row a finding, by cluster and weight; ``details`` is JSON text.
EVIDENCE: Final = pl.Schema(
    {"cluster_id": str, "detector": str, "family": str, "axis": str, "bits": float, "summary": str, "details": str}
)
#: One row a value that accounts of a cluster use, the most shared first; the report lists the first few of each kind.
ENTITIES: Final = pl.Schema(
    {"cluster_id": str, "kind": str, "value": str, "accounts": int, "requests": int, "accounts_outside": int}
)
#: One row a cluster and day on which it sent requests.
TIMELINE: Final = pl.Schema({"cluster_id": str, "date": date, "requests": int, "accounts": int})


def frame(rows: Iterable[Mapping[str, Any]], schema: pl.Schema) -> pl.DataFrame:
    """Return the rows as a frame; lone surrogates, which polars cannot hold, are made visible."""
    return pl.DataFrame([{name: _readable(cell) for name, cell in row.items()} for row in rows], schema, orient="row")


def _readable(cell: Any) -> Any:
    if isinstance(cell, tuple):
        return [scalar(text) for text in cell]
    return scalar(cell) if isinstance(cell, str) else cell
