"""The clusters as CSV, for spreadsheets: one line for each cluster."""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Final

from distillscan.result import FAMILIES, Cluster, Result
from distillscan.sanitize import csv_cell

#: The columns, each with how a cluster fills it.
COLUMNS: Final[Mapping[str, Callable[[Cluster], str | int | float]]] = {
    "rank": lambda c: c.rank,
    "severity": lambda c: c.severity,
    "cluster_id": lambda c: c.cluster_id,
    "score": lambda c: c.score,
    "coordination": lambda c: c.coordination,
    "extraction": lambda c: c.extraction,
    "accounts": lambda c: c.accounts,
    "requests": lambda c: c.requests,
    "first_seen": lambda c: c.first_seen,
    "last_seen": lambda c: c.last_seen,
    "families": lambda c: " ".join(family for family in FAMILIES if any(e.family == family for e in c.evidence)),
    "summary": lambda c: c.summary,
}


def to_csv(result: Result) -> str:
    """Return the clusters as CSV: a header, one line per cluster, no cell that a spreadsheet would run as a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([csv_cell(value(cluster)) for value in COLUMNS.values()] for cluster in result.clusters)
    return text.getvalue()
