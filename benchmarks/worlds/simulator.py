"""The package's own simulator, written by the same people as the detectors."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.worlds.base import LabelledLog, Scenario
from distillscan.simulate import Corpus, list_scenarios, load_corpus, load_scenario, simulate

_ROWS: Final = 60_000
#: Scenarios whose campaigns are a small part of the log.
_LONGER: Final = {"per_mille": 8, "disclosed": 4, "one_percent": 3, "mission": 3}
#: All campaigns and look-alikes in plain form, behind evasions, and reworded.
_ABLATED: Final = ("everything", "residential", "paraphrase")


@cache
def _corpus(folder: Path) -> Corpus:
    return load_corpus(folder)


class Simulator:
    """The packaged scenarios."""

    name: Final = "simulator"
    least_rows: Final = 1
    scenarios: Final[Mapping[str, Scenario]] = {
        name: Scenario(_ROWS * _LONGER.get(name, 1), _LONGER.get(name, 1), name in _ABLATED)
        for name in list_scenarios()
    }

    def make(self, scenario: str, rows: int, seed: int, corpus: Path | None) -> LabelledLog:
        """Simulate a log."""
        made = simulate(load_scenario(scenario), rows, seed, None if corpus is None else _corpus(corpus))
        return LabelledLog(made.log, made.labels)
