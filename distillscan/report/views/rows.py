"""Views with one line per cluster: JSON Lines for ticketing and CSV for spreadsheets."""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from distillscan.report.document import dumps
from distillscan.report.views.sanitize import visible
from distillscan.result import FAMILIES, Cluster, Result

#: The columns of the CSV, each with how a cluster fills it.
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

#: What a spreadsheet takes for the begin of a formula, full-width forms included.
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
#: The same after what some countries' spreadsheets take for the end of a cell.
_LATER: Final = re.compile(r"([;|]\s*)(?=[=+\-@＝＋－＠])")


def to_jsonl(result: Result) -> str:
    """Return one JSON object per cluster and line: the cluster as in the report, and under ``run`` its origin.

    Nothing found gives an empty text; whether anything was checked is in the exit code and in the other formats.
    """
    document = result.to_dict()
    run = {
        "schema_version": document["schema_version"],
        "tool": document["tool"],
        "inputs_sha256": inputs_digest(result),
        "first_seen": result.population.first_seen,
        "last_seen": result.population.last_seen,
        "partial": any(detector.status == "error" for detector in result.detectors),
    }
    return "".join(dumps({"run": run, **cluster}) + "\n" for cluster in document["clusters"])


def to_csv(result: Result) -> str:
    """Return the clusters as CSV: a header, one line per cluster, no cell that a spreadsheet would run as a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([cell(value(cluster)) for value in COLUMNS.values()] for cluster in result.clusters)
    return text.getvalue()


def inputs_digest(result: Result) -> str:
    """One SHA-256 for all inputs, whatever their order and names: the same data gives the same digest."""
    digests = sorted(item.sha256 for item in result.inputs if item.status != "skipped")
    return hashlib.sha256("\n".join(digests).encode("utf-8", "surrogatepass")).hexdigest()


def cell(value: Any) -> Any:
    """Return a value as a CSV cell: text without controls, and nothing that a spreadsheet would run."""
    if not isinstance(value, str):
        return value
    safe = _LATER.sub(r"\1'", visible(value))
    return f"'{safe}" if safe.lstrip().startswith(_FORMULA) else safe
