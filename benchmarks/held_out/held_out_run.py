"""Make, analyse and evaluate the held-out logs, and say how good the tool is on them.

python benchmarks/held_out/held_out_run.py --rows 150000 --seeds 2 --output table.md
"""

import argparse
import platform
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from held_out_words import Writer, load
from make import CORPUS, SCENARIOS, make

import distillscan
from distillscan import RunOptions
from distillscan.evaluate import Evaluation, evaluate
from distillscan.pipeline import analyze

LEVELS: Final = ("high", "medium", "low")
CONFIDENT: Final = 0.9


@dataclass(frozen=True)
class Run:
    """One log of one scenario: what was found, whom it accused, how long it took."""

    scenario: str
    seed: int
    rows: int
    accounts: int
    precision: float | None
    recall: float | None
    campaigns: dict[str, tuple[int, int, int, int]]
    accused: dict[str, tuple[int, int, int]]
    bins: tuple[tuple[float, int, int], ...]
    seconds: tuple[float, float]
    clusters: tuple[str, ...] = field(default=())


def _described(report: dict[str, Any], cohorts: dict[str, str]) -> tuple[str, ...]:
    """One line a cluster: severity, score, and whose accounts it holds."""
    lines = []
    for cluster in report["clusters"]:
        members = Counter(cohorts.get(account, "?") for account in cluster["account_ids"])
        held = ", ".join(f"{count} {name}" for name, count in members.most_common(3))
        bits = Counter[str]()
        for item in cluster["evidence"]:
            bits[item["detector"]] += item["bits"]
        proof = ", ".join(f"{name} {value:+.0f}" for name, value in bits.most_common(3))
        lines.append(f"{cluster['severity']} {cluster['score']:.2f}: {held} ({proof})")
    return tuple(lines)


def _run(name: str, seed: int, rows: int | None, text: Writer, folder: Path) -> Run:
    begin = time.perf_counter()
    log, truth = make(name, rows, seed, text)
    path = folder / f"{name}-{seed}.parquet"
    log.write_parquet(path, compression="zstd", row_group_size=50_000)
    size = len(log)
    del log
    made = time.perf_counter()
    report = analyze(path, run=RunOptions(threads=1)).to_dict()
    done = time.perf_counter()
    path.unlink()
    found: Evaluation = evaluate(report, truth)
    high = next(level for level in found.levels if level.severity == "high")
    named = {row[0]: row[2] or row[1] for row in truth.select("account_id", "cohort", "campaign").rows()}
    return Run(
        scenario=name,
        seed=seed,
        rows=size,
        accounts=len(truth),
        precision=high.precision,
        recall=high.recall,
        campaigns={g.name: (g.accounts, g.at_high, g.at_medium, g.at_low) for g in found.campaigns},
        accused={g.name: (g.at_high, g.at_medium, g.at_low) for g in found.innocent if g.at_low},
        bins=tuple((b.low, b.clusters, b.right) for b in found.calibration.score.bins),
        seconds=(made - begin, done - made),
        clusters=_described(report, named),
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _summary(runs: list[Run]) -> list[str]:
    lines = [
        "| scenario | seed | rows | accounts | precision at high | recall at high | innocent at high | at medium "
        f"| right of score ≥ {CONFIDENT} | make, s | analyse, s |",
        "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for run in runs:
        sure = [(clusters, right) for low, clusters, right in run.bins if low >= CONFIDENT - 1e-9]
        total, right = sum(c for c, _ in sure), sum(r for _, r in sure)
        wrong = [sum(row[i] for row in run.accused.values()) for i in (0, 1)]
        lines.append(
            f"| `{run.scenario}` | {run.seed} | {run.rows:,} | {run.accounts:,} | {_share(run.precision)} | "
            f"{_share(run.recall)} | {wrong[0]} | {wrong[1]} | {right} of {total} | "
            f"{run.seconds[0]:.0f} | {run.seconds[1]:.0f} |"
        )
    return lines


def _campaigns(runs: list[Run]) -> list[str]:
    lines = ["| scenario | seed | campaign | accounts | at high | at medium | at low |"]
    lines.append("| --- | --: | --- | --: | --: | --: | --: |")
    for run in runs:
        for name, (accounts, *found) in sorted(run.campaigns.items()):
            shares = " | ".join(f"{count / accounts:.2f}" for count in found)
            lines.append(f"| `{run.scenario}` | {run.seed} | `{name}` | {accounts} | {shares} |")
    return lines


def _innocents(runs: list[Run]) -> list[str]:
    lines = ["| scenario | seed | cohort | at high | at medium | at low |", "| --- | --: | --- | --: | --: | --: |"]
    for run in runs:
        for name, counts in sorted(run.accused.items()):
            lines.append(f"| `{run.scenario}` | {run.seed} | `{name}` | " + " | ".join(map(str, counts)) + " |")
    return lines


def _calibration(runs: list[Run]) -> list[str]:
    lines = ["| score | clusters | right | share |", "| --- | --: | --: | --: |"]
    clusters, right = Counter[float](), Counter[float]()
    for run in runs:
        for low, count, good in run.bins:
            clusters[round(low, 1)] += count
            right[round(low, 1)] += good
    for low in sorted(clusters):
        if clusters[low]:
            share = f"{right[low] / clusters[low]:.2f}"
            lines.append(f"| {low:.1f}–{low + 0.1:.1f} | {clusters[low]} | {right[low]} | {share} |")
    return lines


def table(runs: list[Run], arguments: str) -> str:
    """Write all results as Markdown."""
    parts = [
        f"distillscan {distillscan.__version__}, Python {platform.python_version()}: `held_out_run.py {arguments}`",
        "## Scenarios",
        "\n".join(_summary(runs)),
        "## Campaigns: share of the accounts found",
        "\n".join(_campaigns(runs)),
        "## Innocent accounts accused",
        "\n".join(_innocents(runs)),
        "## Calibration of the score, all logs together",
        "\n".join(_calibration(runs)),
        "## Clusters",
        "\n".join(f"- `{run.scenario}` {run.seed}: {line}" for run in runs for line in run.clusters),
    ]
    return "\n\n".join(parts) + "\n"


def main(arguments: list[str]) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, help="of each log; default: each scenario's own")
    parser.add_argument("--seeds", type=int, default=1, help="logs of each scenario")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--output", type=Path, help="Markdown; default: standard output")
    options = parser.parse_args(arguments)
    text = Writer(load(options.corpus))
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    logs = [(name, seed) for name in options.scenarios for seed in seeds]
    with tempfile.TemporaryDirectory() as folder:
        runs = [_run(name, seed, options.rows, text, Path(folder)) for name, seed in logs]
    written = table(runs, " ".join(arguments))
    if options.output:
        options.output.write_text(written, encoding="utf-8")
    else:
        sys.stdout.write(written)


if __name__ == "__main__":
    main(sys.argv[1:])
