"""The worlds by name, and what may be asked of them."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import click

from benchmarks.worlds.base import World
from benchmarks.worlds.exam.scenarios import Exam
from benchmarks.worlds.held_out.scenarios import HeldOut
from benchmarks.worlds.simulator import Simulator

_ALL: Final[tuple[World, ...]] = (Simulator(), HeldOut(), Exam())
WORLDS: Final[Mapping[str, World]] = MappingProxyType({world.name: world for world in _ALL})


def check_scenarios(world: World, names: Iterable[str]) -> tuple[str, ...]:
    """Return the named scenarios, or all of the world's if none is named.

    Raises:
        click.UsageError: The world has no scenario of a name.
    """
    chosen = tuple(names) or tuple(world.scenarios)
    if unknown := [name for name in chosen if name not in world.scenarios]:
        there = ", ".join(world.scenarios)
        raise click.UsageError(f"{world.name} has no scenario {', '.join(unknown)}; there are {there}")
    return chosen


def rows_of(world: World, scenario: str, asked: int | None) -> int:
    """Return how many requests a log of a scenario has: those asked for, more if its campaigns are rare.

    Raises:
        click.UsageError: The world needs more.
    """
    plan = world.scenarios[scenario]
    rows = plan.rows if asked is None else asked * plan.longer
    if rows < world.least_rows:
        raise click.UsageError(f"{rows} rows are too few for all cohorts of {world.name}; give {world.least_rows:,}")
    return rows
