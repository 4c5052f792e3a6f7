"""The tables of docs/evaluation.md, from evaluations of many logs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Final

from benchmarks.detection.ablation import ablation
from benchmarks.detection.measure import Measured
from benchmarks.detection.variants import WHOLE
from benchmarks.pages.markdown import middle, table, three, whole
from distillscan.evaluate import Bin, Evaluation, Group
from distillscan.wording import counted, percent

#: Median recall at high below which a campaign is listed as weak.
WEAK: Final = 0.9


def tables(measured: Measured) -> str:
    """Return all tables as Markdown."""
    evaluations = [runs[WHOLE] for runs in measured.values()]
    by_scenario: dict[str, list[Evaluation]] = defaultdict(list)
    for (scenario, _), evaluation in zip(measured, evaluations, strict=True):
        by_scenario[scenario].append(evaluation)
    seeds = max(map(len, by_scenario.values()))
    text = [
        f"Each figure is the median of {counted(seeds, 'log')}; the worst stands in brackets where it differs.",
        "## Scenarios",
        _scenarios(by_scenario),
        "## Campaigns: share of the accounts found",
        _campaigns(by_scenario),
        "## Innocent accounts accused",
        "All logs together.",
        _innocent(evaluations),
        "## Calibration",
        "All logs together. A cluster is right if at least 80 % of its accounts are of one operator of a campaign.",
        _calibration(evaluations),
        "## What is weak",
        _weak(by_scenario, evaluations),
    ]
    ablated = {key: runs for key, runs in measured.items() if len(runs) > 1}
    if ablated:
        text += ablation(ablated)
    return "\n\n".join(text) + "\n"


def _at(groups: Iterable[Group], level: str) -> int:
    return sum(int(getattr(group, level)) for group in groups)


def _scenarios(by_scenario: Mapping[str, Sequence[Evaluation]]) -> str:
    titles = (
        "scenario", "accounts", "of campaigns", "precision at high", "recall at high", "innocent at high",
        "innocent at medium", "merged", "split", "average precision", "Brier",
    )  # fmt: skip
    rows = [
        (
            f"`{name}`",
            middle((e.coverage.labelled for e in runs), median, whole),
            middle((e.coverage.campaign_accounts for e in runs), median, whole),
            middle((e.level("high").precision for e in runs), min),
            middle((e.level("high").recall for e in runs), min),
            middle((_at(e.innocent, "at_high") for e in runs), max, whole),
            middle((_at(e.innocent, "at_medium") for e in runs), max, whole),
            middle((e.operators.merged for e in runs), max),
            middle((e.operators.split for e in runs), max),
            middle((e.ranking.average_precision for e in runs), min),
            middle((e.calibration.score.brier for e in runs), max),
        )
        for name, runs in by_scenario.items()
    ]
    return table(titles, rows)


def _by_campaign(runs: Sequence[Evaluation]) -> dict[str, list[Group]]:
    found: dict[str, list[Group]] = defaultdict(list)
    for evaluation in runs:
        for group in evaluation.campaigns:
            found[group.name].append(group)
    return found


def _recall(groups: Sequence[Group], level: str) -> list[float]:
    return [getattr(group, level) / group.accounts for group in groups]


def _campaigns(by_scenario: Mapping[str, Sequence[Evaluation]]) -> str:
    rows = [
        (
            f"`{scenario}`",
            f"`{campaign}`",
            middle((group.accounts for group in groups), median, whole),
            *(middle(_recall(groups, level), min) for level in ("at_high", "at_medium", "at_low")),
        )
        for scenario, runs in by_scenario.items()
        for campaign, groups in _by_campaign(runs).items()
    ]
    return table(("scenario", "campaign", "accounts", "at high", "at medium", "at low"), rows, names=2)


def _by_cohort(evaluations: Iterable[Evaluation]) -> dict[str, list[Group]]:
    found: dict[str, list[Group]] = defaultdict(list)
    for evaluation in evaluations:
        for group in evaluation.innocent:
            found[group.name].append(group)
    return dict(sorted(found.items()))


def _innocent(evaluations: Iterable[Evaluation]) -> str:
    rows = [
        (
            f"`{cohort}`",
            *(f"{_at(groups, level):,}" for level in ("accounts", "at_high", "at_medium", "at_low")),
        )
        for cohort, groups in _by_cohort(evaluations).items()
    ]
    return table(("cohort", "accounts", "at high", "at medium", "at low"), rows)


def _calibration(evaluations: Sequence[Evaluation]) -> str:
    rows: list[Sequence[str]] = []
    for axis in ("score", "coordination", "extraction"):
        pooled: dict[float, list[Bin]] = defaultdict(list)
        for evaluation in evaluations:
            for one in getattr(evaluation.calibration, axis).bins:
                pooled[one.low].append(one)
        rows += [(axis, *_bin(bins)) for _, bins in sorted(pooled.items())]
    titles = ("probability", "bin", "clusters", "stated", "observed", "accounts", "stated", "observed")
    return table(titles, rows, names=2)


def _bin(bins: Sequence[Bin]) -> Iterator[str]:
    clusters, accounts = sum(b.clusters for b in bins), sum(b.accounts for b in bins)
    yield f"{bins[0].low:.1f}–{bins[0].high:.1f}"
    yield f"{clusters:,}"
    yield three(sum(b.stated * b.clusters for b in bins) / clusters)
    yield three(sum(b.right for b in bins) / clusters)
    yield f"{accounts:,}"
    yield three(sum(b.account_stated * b.accounts for b in bins) / accounts)
    yield three(sum(b.account_observed * b.accounts for b in bins) / accounts)


def _weak(by_scenario: Mapping[str, Sequence[Evaluation]], evaluations: Iterable[Evaluation]) -> str:
    lines = [
        f"- `{campaign}` in `{scenario}`: {middle(_recall(groups, 'at_high'), min)} of its accounts are found at "
        f"high, {middle(_recall(groups, 'at_low'), min)} at all."
        for scenario, runs in by_scenario.items()
        for campaign, groups in _by_campaign(runs).items()
        if median(_recall(groups, "at_high")) < WEAK
    ]
    for cohort, groups in _by_cohort(evaluations).items():
        high, medium, low = (_at(groups, level) for level in ("at_high", "at_medium", "at_low"))
        if low:
            lines.append(
                f"- `{cohort}`, innocent: {high:,} accounts accused at high, {medium:,} at medium, {low:,} at all."
            )
    listed = f"Listed are campaigns of which less than {percent(WEAK)} is found at high, and every cohort accused."
    return "\n".join([*lines, "", listed] if lines else [listed])
