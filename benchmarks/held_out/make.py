"""Make a labelled log that knows nothing of how distillscan works.

    python benchmarks/held_out/make.py plain log.parquet --rows 150000 --seed 1

writes ``log.parquet`` and ``log.labels.csv``.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from held_out_campaigns import CAMPAIGNS, NAMES, run
from held_out_log import labels, to_log
from held_out_operators import BOTH, PLAIN, RESIDENTIAL, REWORDED, Guise, random_guise
from held_out_people import innocents
from held_out_words import Writer, load
from held_out_world import make_world

#: A campaign of a log: its name in ``CAMPAIGNS``, its share of the rows, its guise.
Planned: TypeAlias = tuple[str, float, Guise]
CORPUS: Final = Path(__file__).parents[3] / "shared" / "data"
ROWS: Final = 200_000


@dataclass(frozen=True)
class Scenario:
    """What campaigns a log holds (drawn by seed), and how many rows it has unless told otherwise."""

    summary: str
    plan: Callable[[np.random.Generator], list[Planned]]
    rows: int = ROWS


def _all(share: float, guise: Guise, *, some_hop: bool = False) -> Callable[[np.random.Generator], list[Planned]]:
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


SCENARIOS: Final = {
    "plain": Scenario("all campaigns, 1 % of the rows each, hiding nothing", _all(0.01, PLAIN)),
    "sparse": Scenario("all campaigns, 0.1 % each, hiding nothing", _all(0.001, PLAIN), 500_000),
    "residential": Scenario(
        "1 % each; a consumer's address for every request, own cards", _all(0.01, RESIDENTIAL, some_hop=True)
    ),
    "reworded": Scenario("1 % each; every request worded anew, own cards", _all(0.01, REWORDED, some_hop=True)),
    "both": Scenario("1 % each; all evasions at once", _all(0.01, BOTH)),
    "relay_only": Scenario("two relays and a replay of real users' requests, 2 % each", _relays),
    "big": Scenario("one campaign is 60 % of the log", _big),
    "quiet": Scenario("no campaign", lambda _: []),
    "mixed": Scenario("campaigns, sizes and evasions by chance", _mixed),
}


def make(name: str, rows: int | None, seed: int, text: Writer) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make a scenario's log and the labels of its accounts; the same for the same arguments."""
    scenario = SCENARIOS[name]
    total = rows or scenario.rows
    world = make_world(seed * 1000 + list(SCENARIOS).index(name), total, text)
    plan = scenario.plan(world.rng)
    rest = total - round(sum(share for _, share, _ in plan) * total)
    parts = [innocents(world, rest, max(60, round(rest / 25)))]
    for i, (campaign, share, guise) in enumerate(plan):
        seen = sum(other == campaign for other, _, _ in plan[:i])
        label = f"{campaign}_{seen + 1}" if seen else campaign
        parts.append(run(world, CAMPAIGNS[NAMES.index(campaign)], guise, round(share * total), label))
    log = to_log(world, pl.concat([requests for _, requests in parts], how="diagonal_relaxed"))
    return log, labels(pl.concat([people for people, _ in parts], how="diagonal_relaxed"), log)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("output", type=Path, metavar="OUT.parquet")
    parser.add_argument("--rows", type=int, help="default: 200000, or 500000 for sparse")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="folder of real prompts; without it, invented ones")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    """Write a log and its labels."""
    options = _options(arguments)
    log, truth = make(options.scenario, options.rows, options.seed, Writer(load(options.corpus)))
    log.write_parquet(options.output, compression="zstd", row_group_size=50_000)
    truth.write_csv(options.output.with_suffix(".labels.csv"))


if __name__ == "__main__":
    main(sys.argv[1:])
