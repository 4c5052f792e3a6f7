"""How often clusters are right by the bits they sum up to: what ``score.calibrated_from`` rests on.

    python benchmarks/detection/calibrate.py --rows 150000 --seeds 2

Makes logs of which the truth is known, analyses them with calibration off and everything reported, and prints for each
range of the coordination sum how many clusters there are and how many of them are right: at least 80 % of their
accounts are one operator's of one campaign.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import distillscan
from distillscan.options import AnalyzeOptions
from distillscan.simulate import load_scenario, simulate

#: Scenarios of every difficulty. Not among them, and kept for judging: ``disclosed`` and ``benchmarks/exam``.
SCENARIOS = (
    "default", "innocent", "everything", "one_percent", "residential", "paraphrase", "flood", "evasive",
    "both_strongest", "paraphrase_strongest", "residential_strongest",
)  # fmt: skip
EDGES = (-99, -2, 0, 1, 2, 3, 4, 5, 7, 9, 99)
_RIGHT = 0.8
_OFF = {"score.report_coordination": "0", "score.calibration": "0"}


def clusters(scenario: str, rows: int, seed: int, folder: Path) -> Iterator[tuple[float, bool]]:
    """Yield the coordination sum of every cluster of one log, and whether it is right."""
    made = simulate(load_scenario(scenario), rows, seed)
    path = folder / f"{scenario}-{seed}.parquet"
    made.log.write_parquet(path, row_group_size=125_000)
    campaigns = made.labels.filter(made.labels["campaign"].is_not_null())
    operator = dict(zip(campaigns["account_id"], campaigns["operator"], strict=True))
    report = distillscan.analyze(path, AnalyzeOptions(settings=_OFF))
    path.unlink()
    for cluster in report.result.clusters:
        bits = sum(w.bits for w in cluster.weights if w.axis == "coordination" and w.label != "ceiling")
        known = Counter(operator[account] for account in cluster.account_ids if account in operator)
        most = max(known.values(), default=0)
        yield bits, most >= _RIGHT * len(cluster.account_ids)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=150_000)
    parser.add_argument("--seeds", type=int, default=2, help="logs of each scenario, seeds from 41 on")
    options = parser.parse_args()
    found: list[tuple[float, bool]] = []
    with tempfile.TemporaryDirectory() as folder:
        for scenario in SCENARIOS:
            for seed in range(41, 41 + options.seeds):
                found += clusters(scenario, options.rows, seed, Path(folder))
    print("| bits of coordination | clusters | right | share |\n| --- | --: | --: | --: |")
    for low, high in pairwise(EDGES):
        inside = [right for bits, right in found if low <= bits < high]
        share = f"{sum(inside) / len(inside):.2f}" if inside else "–"
        print(f"| {low} to {high} | {len(inside)} | {sum(inside)} | {share} |")


if __name__ == "__main__":
    main()
