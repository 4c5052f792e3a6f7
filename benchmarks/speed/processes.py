"""Run commands as whole processes, in turn, and keep what each took."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

REPORT: Final = "report.json"
STATS: Final = "stats.json"
_TIMER: Final = Path(__file__).with_name("timer.py")
#: What would make a process find other code than its own, or compile what is compiled when a package is installed.
_UNWANTED: Final = ("PYTHONPATH", "PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE", "NUMBA_CACHE_DIR")


@dataclass(frozen=True, slots=True)
class Run:
    """What one process took.

    Attributes:
        wall: Seconds on the clock.
        cpu: Seconds of processors, of the user and of the system.
        peak: The largest memory it had, in bytes.
        phases: Seconds of each phase, as the tool says of itself; empty for other commands.
        report: The SHA-256 of the tool's report.
        phase_cpu: Seconds of processors of each phase, if the tool says them.
    """

    wall: float
    cpu: float
    peak: int
    phases: Mapping[str, float] = field(default_factory=dict)
    report: str = ""
    phase_cpu: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, run in ``folder``: the tool writes ``REPORT`` and ``STATS`` there."""

    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def timed(command: Command) -> Run:
    """Run a command to its end.

    Raises:
        click.ClickException: It failed.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
    environment.update(command.environment)
    for name in (REPORT, STATS):
        (command.folder / name).unlink(missing_ok=True)
    words = [sys.executable, "-S", str(_TIMER), *command.words]
    done = subprocess.run(words, cwd=command.folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command.words)} ended with {done.returncode}: {done.stderr}")
    took = json.loads(done.stdout)
    peak = took["peak"] * (1 if sys.platform == "darwin" else 1024)
    return Run(round(took["wall"], 3), round(took["cpu"], 3), peak, *_written(command.folder))


def _written(folder: Path) -> tuple[dict[str, float], str, dict[str, float]]:
    """Seconds of each phase, the digest of the report, and processor seconds, if the command was one of the tool."""
    if not (folder / STATS).exists():
        return {}, "", {}
    stats = json.loads((folder / STATS).read_bytes())
    return stats["seconds"], hashlib.sha256((folder / REPORT).read_bytes()).hexdigest(), stats.get("cpu_seconds", {})


def in_turn(commands: Mapping[str, Command], runs: int, *, warm_up: bool = True) -> dict[str, list[Run]]:
    """Run the commands one after the other, ``runs`` times over; ``warm_up`` is a run of each that does not count."""
    found: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(0 if warm_up else 1, runs + 1):
        for name, command in commands.items():
            run = timed(command)
            if turn:
                found[name].append(run)
            click.echo(f"  {f'run {turn}' if turn else 'warm-up'}: {name} {run.wall:.2f} s", err=True)
    return found
