"""The scenarios of the held-out logs, and how a log is put together."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from benchmarks.worlds.base import LabelledLog, Scenario
from benchmarks.worlds.held_out.campaigns import CAMPAIGNS, NAMES, run
from benchmarks.worlds.held_out.log import labels, to_log
from benchmarks.worlds.held_out.operators import BOTH, PLAIN, RESIDENTIAL, REWORDED, Guise, random_guise
from benchmarks.worlds.held_out.people import innocents
from benchmarks.worlds.held_out.scene import make_scene
from benchmarks.worlds.held_out.words import Writer, load

#: A campaign of a log: its name in ``CAMPAIGNS``, its share of the rows, its guise.
Planned: TypeAlias = tuple[str, float, Guise]
#: Draws the campaigns of a log.
Plan: TypeAlias = Callable[[np.random.Generator], list[Planned]]


def _all(share: float, guise: Guise, *, some_hop: bool = False) -> Plan:
    """All campaigns in one guise; with ``some_hop`` only half of them send one conversation through many accounts."""

    def plan(rng: np.random.Generator) -> list[Planned]:
        stays = rng.random(len(NAMES)) < (0.5 if some_hop else 0.0)
        return [(name, share, replace(guise, hop=guise.hop and not s)) for name, s in zip(NAMES, stays, strict=True)]

    return plan


def _relays(rng: np.random.Generator) -> list[Planned]:
    guises = (RESIDENTIAL, BOTH, Guise("block", hop=False, own_cards=True, free_mail=True, staggered=True))
    order = rng.permutation(3)
    return [("relay", 0.02, guises[order[0]]), ("replay", 0.02, guises[order[1]]), ("relay", 0.02, guises[order[2]])]


def _big(rng: np.random.Generator) -> list[Planned]:
    name = ("injected", "swe_harvest", "hydra", "relay")[int(rng.integers(4))]
    return [(name, 0.6, (PLAIN, RESIDENTIAL, REWORDED)[int(rng.integers(3))])]


def _mixed(rng: np.random.Generator) -> list[Planned]:
    chosen = rng.choice(NAMES, size=int(rng.integers(3, 8)), replace=False)
    return [(str(name), float(10 ** rng.uniform(-3, -1)), random_guise(rng)) for name in chosen]


#: The order is part of a log's seed.
_PLANS: Final[Mapping[str, Plan]] = {
    "plain": _all(0.01, PLAIN),
    "sparse": _all(0.001, PLAIN),
    "residential": _all(0.01, RESIDENTIAL, some_hop=True),
    "reworded": _all(0.01, REWORDED, some_hop=True),
    "both": _all(0.01, BOTH),
    "relay_only": _relays,
    "big": _big,
    "quiet": lambda _: [],
    "mixed": _mixed,
}


@cache
def _writer(corpus: Path | None) -> Writer:
    return Writer(load(corpus))


class HeldOut:
    """Ten campaigns after what providers disclosed, among thirty-five cohorts of customers."""

    name: Final = "held_out"
    least_rows: Final = 1_000
    scenarios: Final[Mapping[str, Scenario]] = {
        name: Scenario(500_000 if name == "sparse" else 200_000) for name in _PLANS
    }

    def make(self, scenario: str, rows: int, seed: int, corpus: Path | None) -> LabelledLog:
        """Make a log of innocents and of the campaigns that the scenario draws."""
        scene = make_scene(seed * 1000 + list(_PLANS).index(scenario), rows, _writer(corpus))
        plan = _PLANS[scenario](scene.rng)
        rest = rows - round(sum(share for _, share, _ in plan) * rows)
        parts = [innocents(scene, rest, max(60, round(rest / 25)))]
        for i, (campaign, share, guise) in enumerate(plan):
            seen = sum(other == campaign for other, _, _ in plan[:i])
            label = f"{campaign}_{seen + 1}" if seen else campaign
            parts.append(run(scene, CAMPAIGNS[NAMES.index(campaign)], guise, round(share * rows), label))
        log = to_log(scene, pl.concat([requests for _, requests in parts], how="diagonal_relaxed"))
        return LabelledLog(log, labels(pl.concat([people for people, _ in parts], how="diagonal_relaxed"), log))
