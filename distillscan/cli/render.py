"""``distillscan render``: a saved report, shown again in any format."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from distillscan.cli.output import View, emit, report_options
from distillscan.errors import InputError, UsageError


@click.command(short_help="Show a saved report again, in any format.")
@click.argument("report", metavar="REPORT.json")
@report_options
@click.option("--cluster", "cluster_id", metavar="ID", help="Only this cluster.")
def render(report: str, cluster_id: str | None, **options: Any) -> None:
    """Show a report that was saved as JSON; - is standard input. Nothing is analysed again."""
    view = View.of(options)
    from distillscan.report import from_json

    try:
        result = from_json(_read(report))
    except InputError as error:
        raise InputError(f"{report}: {error}") from error
    if cluster_id is not None:
        chosen = tuple(cluster for cluster in result.clusters if cluster.cluster_id == cluster_id)
        if not chosen:
            known = ", ".join(cluster.cluster_id for cluster in result.clusters[:5]) or "none"
            more = f" and {len(result.clusters) - 5} more" if len(result.clusters) > 5 else ""
            raise UsageError(f"--cluster {cluster_id}: the report has no such cluster; it has {known}{more}")
        result = replace(result, clusters=chosen)
    emit(result, view)


def _read(report: str) -> bytes:
    if report == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(report).read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}") from error
