"""Which parameters matter: each is halved and doubled on logs of all worlds, and the accounts that it moves counted.

Run in the repository: python -m benchmarks.detection.parameters --rows 30000 --log simulator:everything

A parameter whose halving and doubling move no account in or out of any severity, in no log, is not a choice that an
analyst needs: it becomes a constant, or goes. Only what depends on a changed value is worked out again.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import click
import polars as pl

from benchmarks.pages.markdown import table
from benchmarks.worlds.registry import WORLDS
from distillscan.cluster import find_candidates
from distillscan.detect.base import Candidate
from distillscan.detect.registry import builtin
from distillscan.detect.releases import find_releases
from distillscan.detect.run import Detection, detect
from distillscan.parameters import Parameters
from distillscan.population.accounts import Population
from distillscan.population.graph import SignalGraph
from distillscan.profile import Profile, build_profile
from distillscan.read import open_log
from distillscan.result import SEVERITIES
from distillscan.score import score_candidates

#: Logs of every difficulty and every world, innocent ones among them.
LOGS: Final = (
    "simulator:everything", "simulator:innocent", "simulator:disclosed", "simulator:residential_strongest",
    "simulator:paraphrase_strongest", "simulator:responses", "held_out:plain", "held_out:both", "exam:standard",
    "exam:hard",
)  # fmt: skip
_SEED: Final = 11

#: Account number to the place of its best severity; accounts in no cluster are left out.
Levels = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Effect:
    """What one changed value did to one log: accounts whose best severity is another one, or none, because of it."""

    parameter: str
    value: str
    moved: int


def changed_values(value: Any) -> tuple[str, ...]:
    """Return half and double of a number as settings; a share goes half the way to 0 and to 1."""
    if isinstance(value, bool):
        return ()
    if isinstance(value, int):
        values: tuple[float, ...] = (value // 2, value * 2)
    elif 0 < value < 1:
        values = (value / 2, value * 2 if value <= 0.5 else (1 + value) / 2)
    else:
        values = (value / 2, value * 2)
    return tuple(str(one) for one in values if one != value)


def settings_of(parameters: Parameters) -> Iterator[tuple[str, str]]:
    """Yield every parameter with each of its changed values."""
    groups = {"cluster": parameters.cluster, "score": parameters.score, **parameters.detectors}
    for group, values in groups.items():
        for field in fields(values):
            for changed in changed_values(getattr(values, field.name)):
                yield f"{group}.{field.name}", changed


class Bench:
    """One log, analysed with the defaults, and again with a parameter changed."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._detectors = builtin()
        self.defaults = Parameters.of(self._detectors)

    def effect(self, parameter: str, value: str) -> Effect:
        """Return what a changed value does."""
        changed = self._levels(Parameters.of(self._detectors, {parameter: value}), parameter.partition(".")[0])
        accounts = {**self._usual, **changed}
        moved = sum(self._usual.get(account) != changed.get(account) for account in accounts)
        return Effect(parameter, value, moved)

    @cached_property
    def _usual(self) -> Levels:
        return self._score(self._candidates, self._detection, self.defaults)

    @cached_property
    def _detection(self) -> Detection:
        return self._detect(self.defaults)

    @cached_property
    def _candidates(self) -> list[Candidate]:
        return self._cluster(self._detection, self.defaults)

    def _levels(self, parameters: Parameters, group: str) -> Levels:
        detection = self._detection if group in ("cluster", "score") else self._detect(parameters)
        same = group == "score" or (group != "cluster" and detection.signals.equals(self._detection.signals))
        return self._score(self._candidates if same else self._cluster(detection, parameters), detection, parameters)

    def _detect(self, parameters: Parameters) -> Detection:
        return detect(Population(self._profile, find_releases(self._profile)), self._detectors, parameters.detectors)

    def _cluster(self, detection: Detection, parameters: Parameters) -> list[Candidate]:
        population = Population(self._profile, find_releases(self._profile))
        graph = SignalGraph(population, detection.signals, parameters.kinds, parameters.cluster)
        return find_candidates(graph, parameters.cluster)

    def _score(self, candidates: list[Candidate], detection: Detection, parameters: Parameters) -> Levels:
        levels: dict[int, int] = {}
        for cluster in score_candidates(candidates, detection.working, parameters.detectors, parameters.score):
            level = SEVERITIES.index(cluster.severity)
            for account in cluster.candidate.members.tolist():
                levels[account] = min(level, levels.get(account, level))
        return levels


def profile_of(log: pl.DataFrame) -> Profile:
    """Return the profile of a log."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        log.write_parquet(path)
        with open_log([str(path)]) as opened:
            tasks = [partial(lambda task: (batch.frame for batch in task()), task) for task in opened.tasks()]
            return build_profile(iter(tasks), 1, lambda *_: None)


def to_table(effects: Iterable[Effect]) -> str:
    """List the parameters by the accounts that they move in all logs together, those that move nobody last."""
    moved: dict[str, int] = {}
    for effect in effects:
        moved[effect.parameter] = moved.get(effect.parameter, 0) + effect.moved
    ordered = sorted(moved.items(), key=lambda item: (-item[1], item[0]))
    return table(("parameter", "accounts moved"), ((f"`{name}`", f"{count:,}") for name, count in ordered))


@click.command()
@click.option("--rows", type=click.IntRange(1), default=30_000, show_default=True, help="Requests of each log.")
@click.option("--log", "logs", multiple=True, metavar="WORLD:SCENARIO", help="Only this one; repeatable.")
def main(rows: int, logs: tuple[str, ...]) -> None:
    """Print which parameters move how many accounts."""
    effects: list[Effect] = []
    for name in logs or LOGS:
        world, _, scenario = name.partition(":")
        bench = Bench(profile_of(WORLDS[world].make(scenario, rows, _SEED, None).log))
        effects += [bench.effect(parameter, value) for parameter, value in settings_of(bench.defaults)]
        click.echo(f"{name} done", err=True)
    click.echo(to_table(effects))


if __name__ == "__main__":
    main()
