"""A finished analysis as Python programs and notebooks use it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from distillscan.report import frames
from distillscan.report.document import load
from distillscan.result import SEVERITIES, Result
from distillscan.sanitize import visible

#: Columns of the clusters that a notebook shows.
_SHOWN: Final = (
    "rank",
    "cluster_id",
    "severity",
    "score",
    "accounts",
    "requests",
    "first_seen",
    "last_seen",
    "summary",
)


@dataclass(frozen=True, repr=False)
class Report:
    """A finished analysis.

    Attributes:
        result: The result document.
        notes: What was assumed while reading; empty for a saved report.
        stats: Seconds per phase, rows, bytes and peak memory of the run: not part of the document, which is the same
            for every run. Empty for a saved report.
        unread: Inputs that were not read completely, and why; among the result's limitations too.
    """

    result: Result
    notes: tuple[str, ...] = ()
    stats: Mapping[str, Any] = field(default_factory=dict)
    unread: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the document as plain JSON types."""
        return self.result.to_dict()

    @property
    def clusters(self) -> pl.DataFrame:
        """One row a cluster, best first (``frames.CLUSTERS``); ``account_ids`` is a list column."""
        return frames.clusters(self.result)

    @property
    def accounts(self) -> pl.DataFrame:
        """One row an account of a cluster (``frames.ACCOUNTS``)."""
        return frames.accounts(self.result)

    @property
    def evidence(self) -> pl.DataFrame:
        """One row a finding about a cluster (``frames.EVIDENCE``)."""
        return frames.evidence(self.result)

    @property
    def entities(self) -> pl.DataFrame:
        """One row a value that accounts of a cluster use (``frames.ENTITIES``)."""
        return frames.entities(self.result)

    @property
    def timeline(self) -> pl.DataFrame:
        """One row a cluster and day (``frames.TIMELINE``)."""
        return frames.timeline(self.result)

    def __repr__(self) -> str:
        population = self.result.population
        return f"<Report: {self._found()} in {population.requests:,} requests of {population.accounts:,} accounts>"

    def _repr_html_(self) -> str:
        """Return the clusters as an HTML table, for notebooks; everything that comes from the log is escaped."""
        from html import escape

        shown = self.clusters.select(_SHOWN)
        head = "".join(f"<th>{name}</th>" for name in shown.columns)
        rows = (
            "<tr>" + "".join(f"<td>{escape(visible(str(value)))}</td>" for value in row) + "</tr>"
            for row in shown.iter_rows()
        )
        caption = escape(repr(self).strip("<>"))
        return (
            f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        )

    def _found(self) -> str:
        """The number of clusters, and of each severity: ``3 clusters (2 critical, 1 low)``."""
        levels = [cluster.severity for cluster in self.result.clusters]
        counts = [f"{levels.count(level)} {level}" for level in SEVERITIES if level in levels]
        word = "cluster" if len(levels) == 1 else "clusters"
        return f"{len(levels)} {word} ({', '.join(counts)})" if levels else "no cluster"


def load_report(path: str | os.PathLike[str]) -> Report:
    """Load a report that was saved as JSON.

    Raises:
        InputError: The file cannot be read, or is no report that this version understands.
    """
    return Report(load(Path(path)))
