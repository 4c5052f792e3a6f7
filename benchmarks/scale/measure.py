"""Runs the tool, the queries and the scan on one log, and holds the report against the labels."""

import json
import sys
from pathlib import Path
from typing import Any, Final

import click

from benchmarks.pages.page import commit
from benchmarks.scale.figures import Measured
from benchmarks.scale.logs import Log, counts, labels_of
from benchmarks.speed import baselines
from benchmarks.speed.processes import REPORT, Command, in_turn, timed
from benchmarks.speed.tool import Tool

_BASELINES: Final = Path(baselines.__file__).parent
_EVALUATION: Final = "evaluation.json"


def measure(log: Log, logs: Path, folder: Path, tool: Tool, runs: int) -> Measured:
    """Measure one log.

    Args:
        log: What log.
        logs: Where logs are kept.
        folder: Where commands run and write.
        tool: The tool.
        runs: Runs of each program that count; if there are several, one more before them does not.
    """
    path = log.find(logs).resolve()
    rows, accounts = counts(path)
    click.echo(f"{log.name}: {rows:,} requests, {accounts:,} accounts", err=True)
    places = {who: folder / who for who in ("tool", "duckdb", "scan", "evaluate")}
    for place in places.values():
        place.mkdir(exist_ok=True)
    scripts = {"duckdb": _BASELINES / "duckdb_queries.py", "scan": _BASELINES / "scan.py"}
    commands = {"tool": tool.analyze(places["tool"], [path])} | {
        who: Command([sys.executable, str(script), str(path)], places[who]) for who, script in scripts.items()
    }
    found = in_turn(commands, runs, warm_up=runs > 1)
    high = _evaluate(tool, places["tool"] / REPORT, labels_of(path), places["evaluate"])
    return Measured(log.family, rows, accounts, found, high["precision"], high["recall"], commit())


def _evaluate(tool: Tool, report: Path, labels: Path, folder: Path) -> dict[str, Any]:
    """The line of the evaluation for severity high."""
    timed(tool.command(folder, ["evaluate", str(report), str(labels), "--json", "-o", _EVALUATION]))
    levels = json.loads((folder / _EVALUATION).read_bytes())["levels"]
    return next(level for level in levels if level["severity"] == "high")
