"""A finished analysis as Python programs and notebooks use it."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from distillscan.report import frames
from distillscan.report.document import load
from distillscan.result import SEVERITIES, Result
from distillscan.sanitize import visible
from distillscan.wording import counted, number


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
        rows = ({name: getattr(cluster, name) for name in frames.CLUSTERS} for cluster in self.result.clusters)
        return frames.frame(rows, frames.CLUSTERS)

    @property
    def accounts(self) -> pl.DataFrame:
        """One row an account of a cluster (``frames.ACCOUNTS``)."""
        rows = (
            {"account_id": account, "cluster_id": one.cluster_id, "rank": one.rank, "severity": one.severity}
            for one in self.result.clusters
            for account in one.account_ids
        )
        return frames.frame(rows, frames.ACCOUNTS)

    @property
    def evidence(self) -> pl.DataFrame:
        """One row a finding about a cluster (``frames.EVIDENCE``)."""
        rows = (
            {"cluster_id": cluster.cluster_id}
            | {name: getattr(one, name) for name in ("detector", "family", "axis", "bits", "summary")}
            | {"details": json.dumps(dict(one.details), ensure_ascii=False)}
            for cluster in self.result.clusters
            for one in cluster.evidence
        )
        return frames.frame(rows, frames.EVIDENCE)

    @property
    def entities(self) -> pl.DataFrame:
        """One row a value that accounts of a cluster use (``frames.ENTITIES``)."""
        rows = (
            {"cluster_id": cluster.cluster_id, "kind": kind, **entry}
            for cluster in self.result.clusters
            for kind, used in cluster.infrastructure.items()
            for entry in used["top"]
        )
        return frames.frame(rows, frames.ENTITIES)

    @property
    def timeline(self) -> pl.DataFrame:
        """One row a cluster and day (``frames.TIMELINE``)."""
        rows = (
            {"cluster_id": cluster.cluster_id, **day, "date": date.fromisoformat(day["date"])}
            for cluster in self.result.clusters
            for day in cluster.timeline
        )
        return frames.frame(rows, frames.TIMELINE)

    def __repr__(self) -> str:
        levels = [cluster.severity for cluster in self.result.clusters]
        counts = ", ".join(f"{levels.count(level)} {level}" for level in SEVERITIES if level in levels)
        found = f"{counted(len(levels), 'cluster')} ({counts})" if levels else "no cluster"
        population = self.result.population
        return f"<Report: {found} in {number(population.requests)} requests of {number(population.accounts)} accounts>"

    def _repr_html_(self) -> str:
        """Return the clusters as an HTML table, for notebooks; everything that comes from the log is escaped."""
        from html import escape

        def line(tag: str, cells: Iterable[object]) -> str:
            return "<tr>" + "".join(f"<{tag}>{escape(visible(str(cell)))}</{tag}>" for cell in cells) + "</tr>"

        shown = self.clusters.drop("coordination", "extraction", "account_ids")
        head, body = line("th", shown.columns), "".join(line("td", row) for row in shown.iter_rows())
        caption = escape(repr(self).strip("<>"))
        return f"<table><caption>{caption}</caption><thead>{head}</thead><tbody>{body}</tbody></table>"


def load_report(path: str | os.PathLike[str]) -> Report:
    """Load a report that was saved as JSON.

    Raises:
        InputError: The file cannot be read, or is no report that this version understands.
    """
    return Report(load(Path(path)))
