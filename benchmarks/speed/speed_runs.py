"""Run commands as whole processes, in turn, and keep what each took."""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took: seconds on the clock, seconds of processors, peak bytes; the tool's own figures."""

    wall: float
    cpu: float
    peak: int
    stats: Mapping[str, Any] = field(default_factory=dict)
    report: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A command line; that of the tool writes a report and its figures into a folder."""

    words: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


def tool(folder: Path, paths: Sequence[Path], *more: str, environment: Mapping[str, str] | None = None) -> Command:
    """``distillscan analyze`` with a JSON report, as an analyst runs it."""
    outputs = ["--format", "json", "-o", str(folder / "report.json"), "--stats", str(folder / "stats.json"), "-q"]
    words = [sys.executable, "-m", "distillscan", "analyze", *map(str, paths), *outputs, *more]
    return Command(words, environment or {}, folder)


def timed(command: Command) -> Run:
    """Run a command to its end.

    Raises:
        click.ClickException: It failed.
    """
    # An installed package has its bytecode; a checkout writes it at its first run, unless it is forbidden to.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment.update(command.environment)
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command.words, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode()
    if process.returncode:
        raise click.ClickException(f"{' '.join(command.words)} ended with {process.returncode}: {said}")
    peak = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    stats, report = {}, ""
    if command.folder is not None:
        stats = json.loads((command.folder / "stats.json").read_bytes())
        report = hashlib.sha256((command.folder / "report.json").read_bytes()).hexdigest()
    return Run(round(wall, 3), round(used.ru_utime + used.ru_stime, 3), peak, stats, report)


def in_turn(commands: Mapping[str, Command], runs: int) -> dict[str, list[dict[str, Any]]]:
    """Run the commands one after the other, ``runs`` times over, after one run of each that does not count."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            run = timed(command)
            if turn:
                found[name].append(asdict(run))
            click.echo(f"  {'warm-up' if not turn else f'run {turn}'}: {name} {run.wall:.2f} s", err=True)
    return found


def typical(runs: Sequence[Mapping[str, Any]], name: str) -> float:
    """Return the median of a figure over runs."""
    return float(median(float(run[name]) for run in runs))


def phases(runs: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the median seconds of each phase of the tool."""
    names = runs[0]["stats"]["seconds"]
    return {name: float(median(run["stats"]["seconds"][name] for run in runs)) for name in names}
