"""The result document as polars frames: clusters, their accounts, evidence, entities and timeline."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import polars as pl

from distillscan.result import Cluster, Result
from distillscan.sanitize import scalar

#: One row a cluster, best first.
CLUSTERS: Final = pl.Schema(
    {
        "rank": pl.Int64(),
        "cluster_id": pl.String(),
        "severity": pl.String(),
        "score": pl.Float64(),
        "coordination": pl.Float64(),
        "extraction": pl.Float64(),
        "accounts": pl.Int64(),
        "requests": pl.Int64(),
        "first_seen": pl.String(),
        "last_seen": pl.String(),
        "summary": pl.String(),
        "account_ids": pl.List(pl.String()),
    }
)
#: One row an account of a cluster, in the order of the clusters.
ACCOUNTS: Final = pl.Schema(
    {"account_id": pl.String(), "cluster_id": pl.String(), "rank": pl.Int64(), "severity": pl.String()}
)
#: One row a finding, by cluster and weight; ``details`` is JSON text.
EVIDENCE: Final = pl.Schema(
    {
        "cluster_id": pl.String(),
        "detector": pl.String(),
        "family": pl.String(),
        "axis": pl.String(),
        "bits": pl.Float64(),
        "summary": pl.String(),
        "details": pl.String(),
    }
)
#: One row a value that accounts of a cluster use, the most shared first; the report lists the first few of each kind.
ENTITIES: Final = pl.Schema(
    {
        "cluster_id": pl.String(),
        "kind": pl.String(),
        "value": pl.String(),
        "accounts": pl.Int64(),
        "requests": pl.Int64(),
        "accounts_outside": pl.Int64(),
    }
)
#: One row a cluster and day on which it sent requests.
TIMELINE: Final = pl.Schema(
    {"cluster_id": pl.String(), "date": pl.Date(), "requests": pl.Int64(), "accounts": pl.Int64()}
)


def clusters(result: Result) -> pl.DataFrame:
    """Return the clusters as ``CLUSTERS``."""
    return _frame(({name: getattr(cluster, name) for name in CLUSTERS} for cluster in result.clusters), CLUSTERS)


def accounts(result: Result) -> pl.DataFrame:
    """Return the accounts of all clusters as ``ACCOUNTS``."""
    return _frame(
        (
            {"account_id": name, **_named(cluster), "rank": cluster.rank, "severity": cluster.severity}
            for cluster in result.clusters
            for name in cluster.account_ids
        ),
        ACCOUNTS,
    )


def evidence(result: Result) -> pl.DataFrame:
    """Return the findings of all clusters as ``EVIDENCE``."""
    return _frame(
        (
            {
                **_named(cluster),
                **{name: getattr(one, name) for name in ("detector", "family", "axis", "bits", "summary")},
                "details": json.dumps(dict(one.details), ensure_ascii=False),
            }
            for cluster in result.clusters
            for one in cluster.evidence
        ),
        EVIDENCE,
    )


def entities(result: Result) -> pl.DataFrame:
    """Return what the accounts of each cluster use in common as ``ENTITIES``."""
    return _frame(_entity_rows(result), ENTITIES)


def timeline(result: Result) -> pl.DataFrame:
    """Return requests and active accounts of each cluster by day as ``TIMELINE``."""
    rows = ({**_named(cluster), **day} for cluster in result.clusters for day in cluster.timeline)
    text = pl.Schema({**TIMELINE, "date": pl.String()})
    return _frame(rows, text).with_columns(pl.col("date").str.to_date("%Y-%m-%d"))


def _entity_rows(result: Result) -> Iterator[dict[str, Any]]:
    for cluster in result.clusters:
        for kind, found in cluster.infrastructure.items():
            for entry in found["top"]:
                yield {**_named(cluster), "kind": kind, **entry}


def _named(cluster: Cluster) -> dict[str, Any]:
    return {"cluster_id": cluster.cluster_id}


def _frame(rows: Iterable[Mapping[str, Any]], schema: pl.Schema) -> pl.DataFrame:
    """The rows as a frame; lone surrogates, which polars cannot hold, are made visible."""
    readable = [{name: _readable(cell) for name, cell in row.items()} for row in rows]
    return pl.DataFrame(readable, schema=schema, orient="row")


def _readable(cell: Any) -> Any:
    if isinstance(cell, tuple):
        return [scalar(text) for text in cell]
    return scalar(cell) if isinstance(cell, str) else cell
