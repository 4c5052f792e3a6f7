"""The clusters as CSV, for spreadsheets: one line for each cluster."""

import csv
import io
from typing import Final

from distillscan.result import FAMILIES, Cluster, Result
from distillscan.sanitize import csv_cell

COLUMNS: Final = (
    *("rank", "severity", "cluster_id", "score", "coordination", "extraction"),
    *("accounts", "requests", "first_seen", "last_seen", "families", "summary"),
)


def to_csv(result: Result) -> str:
    """Return the clusters as CSV: a header, one line per cluster, no cell that a spreadsheet would run as a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([csv_cell(_value(cluster, name)) for name in COLUMNS] for cluster in result.clusters)
    return text.getvalue()


def _value(cluster: Cluster, name: str) -> object:
    if name == "families":
        return " ".join(family for family in FAMILIES if any(e.family == family for e in cluster.evidence))
    return getattr(cluster, name)
