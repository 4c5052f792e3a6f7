"""The tables of docs/evaluation.md, from evaluations of many simulated logs."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import Final

from distillscan.detect.registry import builtin
from distillscan.evaluate import Bin, Evaluation, Group
from distillscan.score import ScoreParameters
from distillscan.wording import counted, percent

#: Variant of the analysis ("" is the whole one) to its evaluation.
Runs = dict[str, Evaluation]
#: Scenario and seed to the runs on that log.
Measured = dict[tuple[str, int], Runs]

#: Column groups that are taken away from the log.
MISSING: Final[Mapping[str, tuple[str, ...]]] = {
    "no prompts": ("prompt", "system_prompt"),
    "no network columns": ("ip", "asn", "tls_fingerprint", "user_agent"),
    "no payments and devices": ("payment_id", "device_id"),
}
#: Median recall at high below which a campaign is listed as weak.
WEAK: Final = 0.9
#: Bits that count as a finding of a detector on its own: those from which a family counts towards ``high``.
ALONE: Final = ScoreParameters().family_counts
NOTHING: Final = "–"


def only(detector: str) -> str:
    """The variant that runs this detector alone."""
    return f"only {detector}"


def without(detector: str) -> str:
    """The variant that leaves this detector out."""
    return f"without {detector}"


def tables(measured: Measured) -> str:
    """Return all tables as Markdown."""
    whole = {key: runs[""] for key, runs in measured.items()}
    by_scenario: dict[str, list[Evaluation]] = defaultdict(list)
    for (scenario, _), evaluation in whole.items():
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
        _innocent(whole.values()),
        "## Calibration",
        "All logs together. A cluster is right if at least 80 % of its accounts are of one operator of a campaign.",
        _calibration(list(whole.values())),
        "## What is weak",
        _weak(by_scenario, whole.values()),
    ]
    ablated = {key: runs for key, runs in measured.items() if len(runs) > 1}
    if ablated:
        text += [*_ablation(ablated)]
    return "\n\n".join(text) + "\n"


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], names: int = 1) -> str:
    rule = ["---"] * names + ["--:"] * (len(titles) - names)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (titles, rule, *rows))


def _three(value: float | None) -> str:
    # Cut, not rounded: 0.9999 must not read as certainty.
    return NOTHING if value is None else f"{int(value * 1000 + 1e-9) / 1000:.3f}"


def _median(
    values: Iterable[float | None], worst: Callable[[Iterable[float]], float], show: Callable[[float], str] = _three
) -> str:
    """Median and, in brackets, the worst where it shows as something else."""
    known = [value for value in values if value is not None]
    if not known:
        return NOTHING
    middle, end = show(median(known)), show(worst(known))
    return middle if middle == end else f"{middle} ({end})"


def _whole_number(value: float) -> str:
    return f"{value:,.0f}"


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
            _median((e.coverage.labelled for e in runs), median, _whole_number),
            _median((e.coverage.campaign_accounts for e in runs), median, _whole_number),
            _median((e.level("high").precision for e in runs), min),
            _median((e.level("high").recall for e in runs), min),
            _median((_at(e.innocent, "at_high") for e in runs), max, _whole_number),
            _median((_at(e.innocent, "at_medium") for e in runs), max, _whole_number),
            _median((e.operators.merged for e in runs), max),
            _median((e.operators.split for e in runs), max),
            _median((e.ranking.average_precision for e in runs), min),
            _median((e.calibration.score.brier for e in runs), max),
        )
        for name, runs in by_scenario.items()
    ]
    return _table(titles, rows)


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
            _median((group.accounts for group in groups), median, _whole_number),
            *(_median(_recall(groups, level), min) for level in ("at_high", "at_medium", "at_low")),
        )
        for scenario, runs in by_scenario.items()
        for campaign, groups in _by_campaign(runs).items()
    ]
    return _table(("scenario", "campaign", "accounts", "at high", "at medium", "at low"), rows, names=2)


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
    return _table(("cohort", "accounts", "at high", "at medium", "at low"), rows)


def _calibration(evaluations: Sequence[Evaluation]) -> str:
    rows: list[Sequence[str]] = []
    for axis in ("score", "coordination", "extraction"):
        pooled: dict[float, list[Bin]] = defaultdict(list)
        for evaluation in evaluations:
            for one in getattr(evaluation.calibration, axis).bins:
                pooled[one.low].append(one)
        rows += [(axis, *_bin(bins)) for _, bins in sorted(pooled.items())]
    titles = ("probability", "bin", "clusters", "stated", "observed", "accounts", "stated", "observed")
    return _table(titles, rows, names=2)


def _bin(bins: Sequence[Bin]) -> Iterator[str]:
    clusters, accounts = sum(b.clusters for b in bins), sum(b.accounts for b in bins)
    yield f"{bins[0].low:.1f}–{bins[0].high:.1f}"
    yield f"{clusters:,}"
    yield _three(sum(b.stated * b.clusters for b in bins) / clusters)
    yield _three(sum(b.right for b in bins) / clusters)
    yield f"{accounts:,}"
    yield _three(sum(b.account_stated * b.accounts for b in bins) / accounts)
    yield _three(sum(b.account_observed * b.accounts for b in bins) / accounts)


def _weak(by_scenario: Mapping[str, Sequence[Evaluation]], evaluations: Iterable[Evaluation]) -> str:
    lines = [
        f"- `{campaign}` in `{scenario}`: {_median(_recall(groups, 'at_high'), min)} of its accounts are found at "
        f"high, {_median(_recall(groups, 'at_low'), min)} at all."
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


def _pooled(runs: Iterable[Evaluation], severity: str) -> tuple[int, int, int]:
    """Accused accounts, those right, and those of campaigns, over several logs."""
    listed = list(runs)
    levels = [next(level for level in e.levels if level.severity == severity) for e in listed]
    campaign = sum(e.coverage.campaign_accounts for e in listed)
    return sum(level.accused for level in levels), sum(level.right for level in levels), campaign


def _share(part: int, whole: int) -> str:
    return _three(part / whole if whole else None)


def _ablation(ablated: Measured) -> Iterator[str]:
    scenarios = list(dict.fromkeys(scenario for scenario, _ in ablated))
    names = [detector.name for detector in builtin()]
    on = f"on {', '.join(f'`{name}`' for name in scenarios)}, all logs together"
    yield "## Each detector alone"
    yield (
        f"Run with only that detector, {on}. By design one family of evidence never reaches `high`, nor even the "
        f"report. So the prior is set to −{ALONE:g} bits here, and a cluster counts if the detector alone gives it "
        f"{ALONE:g} bits or more. A detector that accuses nobody only corroborates what others find."
    )
    rows: list[Sequence[str]] = []
    for name in names:
        accused, right, campaign = _pooled((runs[only(name)] for runs in ablated.values()), "low")
        ranking = _median((runs[only(name)].ranking.average_precision for runs in ablated.values()), min)
        shares = (_share(right, accused), _share(right, campaign), ranking)
        rows.append((f"`{name}`", f"{accused:,}", f"{right:,}", *shares))
    yield _table(("detector", "accused", "right", "precision", "recall", "average precision"), rows)
    yield "## What is lost without a detector or a column"
    yield f"At high, {on}; recall also for each scenario."
    variants = {"everything there": "", **{f"without `{n}`": without(n) for n in names}, **{m: m for m in MISSING}}
    rows = [(shown, *_variant(ablated, variant, scenarios)) for shown, variant in variants.items()]
    titles = ("variant", "accused", "precision", "recall", *(f"in `{s}`" for s in scenarios), "average precision")
    yield _table(titles, rows)
    yield "Columns taken away: " + "; ".join(f"{name}: {', '.join(c)}" for name, c in MISSING.items()) + "."


def _variant(ablated: Measured, variant: str, scenarios: Sequence[str]) -> Iterator[str]:
    runs = {key: found[variant] for key, found in ablated.items()}
    accused, right, campaign = _pooled(runs.values(), "high")
    yield from (f"{accused:,}", _share(right, accused), _share(right, campaign))
    for scenario in scenarios:
        _, found, all_ = _pooled((e for (name, _), e in runs.items() if name == scenario), "high")
        yield _share(found, all_)
    yield _median((e.ranking.average_precision for e in runs.values()), min)
