"""Reports and labels small enough to count by hand."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from distillscan.result import Cluster, Population, Rejected, Result, Severity

#: account, operator, cohort, campaign
Label = tuple[str, str | None, str | None, str | None]

#: Two campaigns of four and two accounts, and six innocent ones of two cohorts.
TRUTH: tuple[Label, ...] = (
    ("a1", "ann", "fan", "fan-1"),
    ("a2", "ann", "fan", "fan-1"),
    ("a3", "ann", "fan", "fan-1"),
    ("a4", "ann", "fan", "fan-1"),
    ("b1", "bob", "relay", "relay-1"),
    ("b2", "bob", "relay", "relay-1"),
    ("c1", "c1", "campus", None),
    ("c2", "c2", "campus", None),
    ("o1", "o1", "ordinary", None),
    ("o2", "o2", "ordinary", None),
    ("o3", "o3", "ordinary", None),
    ("o4", "o4", "ordinary", None),
)


def labels(rows: Sequence[Label] = TRUTH) -> pl.DataFrame:
    schema = dict.fromkeys(("account_id", "operator", "cohort", "campaign"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def cluster(name: str, severity: Severity, score: float, accounts: Sequence[str], **changes: Any) -> Cluster:
    body: dict[str, Any] = {
        "cluster_id": name,
        "rank": 1,
        "severity": severity,
        "score": score,
        "coordination": score,
        "extraction": score,
        "summary": name,
        "accounts": len(accounts),
        "account_ids": tuple(accounts),
        "requests": 10,
        "first_seen": "2026-04-01T00:00:00Z",
        "last_seen": "2026-04-02T00:00:00Z",
        "weights": (),
        "evidence": (),
        "templates": (),
        "capabilities": {},
        "infrastructure": {},
        "timeline": (),
        "benign_explanations": (),
    }
    return Cluster(**{**body, **changes})


def report(*clusters: Cluster, accounts: int = len(TRUTH), **changes: Any) -> Result:
    population = Population(1_000, accounts, "2026-04-01T00:00:00Z", "2026-04-30T00:00:00Z")
    return replace(Result("9.9", {}, (), Rejected(0, {}), population, (), clusters, ()), **changes)


def mixed() -> Result:
    """Three of ann's accounts with one of bob's; the fourth beside; bob's other with a campus; ordinary ones low."""
    return report(
        cluster("big", "critical", 0.97, ["a1", "a2", "a3", "b1"]),
        cluster("rest", "high", 0.95, ["a4"]),
        cluster("half", "medium", 0.6, ["b2", "c1"], coordination=0.95, extraction=0.63),
        cluster("noise", "low", 0.2, ["o1", "o2"], coordination=0.8, extraction=0.25),
    )
