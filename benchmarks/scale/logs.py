"""The logs: scenarios of every world, as large as is asked for; made once and kept in a folder."""

import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import click
import polars as pl
import pyarrow.parquet as pq

from benchmarks.pages.page import ROOT
from benchmarks.worlds.registry import WORLDS, check_scenarios
from distillscan.simulate import Simulation, load_scenario

_SIMULATOR: Final = "simulator"
#: Requests of the log on which it is counted how many an account sends.
_TRIED: Final = 1_000_000
_TRIED_OTHERS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Log:
    """A log to make or to find.

    Attributes:
        world: Who makes it, a key of ``WORLDS``.
        scenario: One of its scenarios.
        accounts: About how many accounts it has.
        corpus: Folder of real prompts, or None.
    """

    world: str
    scenario: str
    accounts: int
    corpus: Path | None = None

    @property
    def family(self) -> str:
        """The name of all logs of the scenario, of whatever size."""
        words = [] if self.world == _SIMULATOR else [self.world]
        return "_".join([*words, self.scenario, *(["corpus"] if self.corpus else [])])

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.family}_{short(self.accounts)}"

    def find(self, folder: Path) -> Path:
        """Return the path of the log, which is made in a process of its own if it is not there."""
        path = folder / f"{self.name}.parquet"
        if not (path.exists() and labels_of(path).exists()):
            click.echo(f"{self.name}: making the log", err=True)
            folder.mkdir(parents=True, exist_ok=True)
            rows = ["--rows", str(round(self.accounts * requests_per_account(self.world, self.scenario)))]
            corpus = ["--corpus", str(self.corpus)] if self.corpus else []
            subprocess.run([sys.executable, "-m", *self._maker(path), *rows, *corpus], cwd=ROOT, check=True)
        return path

    def _maker(self, path: Path) -> list[str]:
        if self.world == _SIMULATOR:
            return ["distillscan", "simulate", str(path), "--scenario", self.scenario]
        return ["benchmarks.worlds", self.world, self.scenario, str(path)]


def parse(family: str, accounts: int, corpus: Path | None) -> Log:
    """Return a log by scenario: ``default`` is one of the simulator, ``held_out/plain`` one of another world.

    Raises:
        click.UsageError: There is no such world or scenario.
    """
    world, _, scenario = family.rpartition("/")
    world = world or _SIMULATOR
    if world not in WORLDS:
        raise click.UsageError(f"there is no world {world}; there are {', '.join(WORLDS)}")
    check_scenarios(WORLDS[world], [scenario])
    return Log(world, scenario, accounts, corpus)


@cache
def requests_per_account(world: str, scenario: str) -> float:
    """Return how many requests a log of the scenario has for each account."""
    if world == _SIMULATOR:
        sizes = Simulation(load_scenario(scenario), _TRIED, 1).sizes.values()
        return _TRIED / sum(size.accounts for size in sizes)
    made = WORLDS[world].make(scenario, _TRIED_OTHERS, 1, None)
    return made.log.height / made.labels.height


def labels_of(log: Path) -> Path:
    """Return where the labels of a log are."""
    return log.with_name(f"{log.stem}.labels.csv")


def counts(log: Path) -> tuple[int, int]:
    """Return the requests and the accounts of a log."""
    accounts = pl.scan_csv(labels_of(log), infer_schema=False).select(pl.len()).collect().item()
    return pq.read_metadata(log).num_rows, int(accounts)


def short(number: int) -> str:
    """Write a number of accounts: 50k, 1M."""
    return f"{number / 1e6:g}M" if number >= 1_000_000 else f"{number / 1e3:g}k"
