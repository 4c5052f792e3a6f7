"""How often clusters are right by the bits they sum up to: what ``score.calibrated_from`` rests on.

Run in the repository: python -m benchmarks.detection.calibrate --rows 150000 --seeds 2

Simulates logs, analyses them with calibration off and everything reported, and prints for each range of the sum of
coordination how many clusters there are and how many of them are right: at least 80 % of their accounts are one
operator's of one campaign.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import click

from benchmarks.pages.markdown import NOTHING, table
from benchmarks.worlds.registry import WORLDS
from distillscan import AnalyzeOptions, analyze

#: Scenarios of every difficulty. Not among them, and kept for judging: ``disclosed`` and the world ``exam``.
SCENARIOS: Final = (
    "default", "innocent", "everything", "one_percent", "residential", "paraphrase", "flood", "evasive",
    "both_strongest", "paraphrase_strongest", "residential_strongest",
)  # fmt: skip
_EDGES: Final = (-99, -2, 0, 1, 2, 3, 4, 5, 7, 9, 99)
_RIGHT: Final = 0.8
_FIRST_SEED: Final = 41
_SETTINGS: Final = {"score.report_coordination": "0", "score.calibration": "0"}


def clusters(scenario: str, rows: int, seed: int) -> Iterator[tuple[float, bool]]:
    """Yield the coordination sum of every cluster of one log, and whether it is right."""
    log, labels = WORLDS["simulator"].make(scenario, rows, seed, None)
    campaigns = labels.filter(labels["campaign"].is_not_null())
    operator = dict(zip(campaigns["account_id"], campaigns["operator"], strict=True))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        log.write_parquet(path)
        report = analyze(path, AnalyzeOptions(settings=_SETTINGS))
    for cluster in report.result.clusters:
        bits = sum(w.bits for w in cluster.weights if w.axis == "coordination" and w.label != "ceiling")
        known = Counter(operator[account] for account in cluster.account_ids if account in operator)
        yield bits, max(known.values(), default=0) >= _RIGHT * len(cluster.account_ids)


def to_table(judged: list[tuple[float, bool]]) -> str:
    """Count clusters, and those that are right, by their bits."""
    rows = []
    for low, high in pairwise(_EDGES):
        inside = [right for bits, right in judged if low <= bits < high]
        share = f"{sum(inside) / len(inside):.2f}" if inside else NOTHING
        rows.append((f"{low} to {high}", f"{len(inside)}", f"{sum(inside)}", share))
    return table(("bits of coordination", "clusters", "right", "share"), rows)


@click.command()
@click.option("--rows", type=click.IntRange(1), default=150_000, show_default=True, help="Requests of each log.")
@click.option("--seeds", type=click.IntRange(1), default=2, show_default=True, help="Logs of each scenario.")
@click.option("--scenario", "named", multiple=True, type=click.Choice(SCENARIOS), help="Only this one; repeatable.")
def main(rows: int, seeds: int, named: tuple[str, ...]) -> None:
    """Print the table."""
    logs = [(name, seed) for name in named or SCENARIOS for seed in range(_FIRST_SEED, _FIRST_SEED + seeds)]
    click.echo(to_table([judged for name, seed in logs for judged in clusters(name, rows, seed)]))


if __name__ == "__main__":
    main()
