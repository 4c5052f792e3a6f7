"""Measures each part of docs/performance.md."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from benchmarks.pages.page import ROOT
from benchmarks.speed.figures import Entry, Part
from benchmarks.speed.logs.gateways import SOURCES
from benchmarks.speed.logs.shapes import LONG, Logs, prompt_bytes
from benchmarks.speed.processes import Command, Run, in_turn, timed
from benchmarks.speed.tool import Tool

_BASELINES: Final = Path(__file__).with_name("baselines")
_SAMPLE: Final = ROOT / "sample_logs" / "default.parquet"
#: How many times fewer requests a recognised source has than the other formats.
_FEWER: Final = 10


class Bench:
    """Measures one part after the other, the commands of a part in turn.

    Args:
        logs: The logs.
        folder: Where commands run and write.
        runs: Runs of each command that count.
        tools: What is measured: ``tool``, and in the parts ``formats`` and ``first`` a ``baseline`` if there is one.
    """

    def __init__(self, logs: Logs, folder: Path, runs: int, tools: Mapping[str, Tool]) -> None:
        self._logs = logs
        self._folder = folder
        self._runs = runs
        self._tools = tools

    def _analyze(self, paths: Sequence[Path], *more: str) -> Command:
        return self._tools["tool"].analyze(self._folder, paths, *more)

    def sizes(self, sizes: Sequence[int]) -> Part:
        """Tool, queries and scan on growing logs."""
        part = {}
        for rows in sorted(sizes):
            log = self._logs.ordinary(rows)
            scripts = {"duckdb": _BASELINES / "duckdb_queries.py", "scan": _BASELINES / "scan.py"}
            commands = {"tool": self._analyze([log])} | {
                name: Command([sys.executable, str(script), str(log)], self._folder) for name, script in scripts.items()
            }
            part[str(rows)] = Entry(in_turn(commands, self._runs), rows, prompt_bytes([log]))
        return part

    def threads(self, rows: int) -> Part:
        """One, two and eight threads."""
        log = self._logs.ordinary(rows)
        commands = {str(n): self._analyze([log], "--threads", str(n)) for n in (1, 2, 8)}
        return {name: Entry({"tool": runs}, rows) for name, runs in in_turn(commands, self._runs).items()}

    def shapes(self, rows: int) -> Part:
        """Twice the rows, one row group, a thousand files, long prompts."""
        logs = {
            "ordinary": ([self._logs.ordinary(rows)], rows),
            "twice the rows, same accounts": (self._logs.twice(rows), 2 * rows),
            "one row group": ([self._logs.one_group(rows)], rows),
            "1,000 files": ([self._logs.files(rows, 1000)], rows),
            "prompts of 10 kB": ([self._logs.long_prompts(rows // LONG)], rows // LONG),
        }
        found = in_turn({name: self._analyze(paths) for name, (paths, _) in logs.items()}, self._runs)
        return {name: Entry({"tool": found[name]}, count, prompt_bytes(paths)) for name, (paths, count) in logs.items()}

    def formats(self, rows: int) -> Part:
        """The same log as Parquet, CSV and NDJSON, and a shorter one as recognised sources write it."""
        logs = {
            "Parquet": (self._logs.ordinary(rows), rows),
            "CSV": (self._logs.csv(rows), rows),
            "NDJSON": (self._logs.ndjson(rows), rows),
        } | {f"{name} NDJSON": (self._logs.recognised(rows // _FEWER, name), rows // _FEWER) for name in SOURCES}
        part = {}
        for name, (log, count) in logs.items():
            click.echo(name, err=True)
            commands = {who: tool.analyze(self._folder, [log]) for who, tool in self._tools.items()}
            part[name] = Entry(in_turn(commands, self._runs), count)
        return part

    def start(self) -> Part:
        """The help, and a log of a thousand rows, with everything compiled."""
        commands = {
            "`--help`": self._tools["tool"].command(self._folder, ["--help"]),
            "1,000 rows": self._analyze([self._logs.ordinary(1_000)]),
        }
        return {name: Entry({"tool": runs}) for name, runs in in_turn(commands, self._runs).items()}

    def first(self) -> Part:
        """The first and the second run of the README's command on a machine that never ran it."""
        runs: dict[str, dict[str, list[Run]]] = {"first": {}, "second": {}}
        for turn in range(self._runs):
            for who, tool in self._tools.items():
                with tool.fresh(self._folder, _SAMPLE) as command:
                    for name in runs:
                        run = timed(command)
                        runs[name].setdefault(who, []).append(run)
                        click.echo(f"  {turn + 1}: {who}, {name} run {run.cpu:.2f} CPU s", err=True)
        return {name: Entry(by_tool) for name, by_tool in runs.items()}
