"""Compare a report with labels: what was found at each severity, who was accused, how reliable the scores are."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import polars as pl

import distillscan
from distillscan.errors import InputError
from distillscan.evaluate.calibration import calibrate
from distillscan.evaluate.figures import Coverage, Evaluation, Group, Level, Merge, Operators, Ranking, Split
from distillscan.evaluate.labels import check_labels
from distillscan.evaluate.ranking import average_precision
from distillscan.report.document import from_dict
from distillscan.report.filters import hidden_clusters
from distillscan.result import SEVERITIES, Result
from distillscan.wording import counted, number

_HIGH, _MEDIUM, _LOW = map(SEVERITIES.index, ("high", "medium", "low"))
#: The level of accounts in no cluster: below every severity.
_NONE: Final = len(SEVERITIES)
_AXES: Final = ("score", "coordination", "extraction")


def evaluate(document: Mapping[str, Any] | Result, labels: pl.DataFrame) -> Evaluation:
    """Compare a report with labels.

    Args:
        document: The JSON report, or the result it was made of; complete, not filtered.
        labels: One row an account: ``account_id``, ``operator``, ``cohort``, ``campaign`` (null for the innocent).

    Raises:
        InputError: The document is no report, the labels cannot be used, or the two have no account in common.
    """
    result = document if isinstance(document, Result) else from_dict(document)
    truth = check_labels(labels).with_columns(guilty=pl.col("campaign").is_not_null())
    members = _members(result)
    known = members.join(truth, on="account_id", how="inner").sort("place", "account_id")
    strangers = members.join(truth, on="account_id", how="anti")["account_id"].n_unique()
    if known.is_empty() and strangers:
        raise InputError(
            f"the labels know no account of the report's clusters ({counted(strangers, 'account')}): "
            "give the labels of the log that was analysed"
        )
    best = known.group_by("account_id").agg(pl.col("level").min(), pl.col("score").max())
    judged = truth.join(best, on="account_id", how="left").with_columns(pl.col("level").fill_null(_NONE))
    unranked = judged.with_columns(score=pl.lit(None, pl.Float64))
    coverage = Coverage(
        labelled=judged.height,
        campaign_accounts=int(judged["guilty"].sum()),
        campaigns=judged["campaign"].drop_nulls().n_unique(),
        reported=best.height,
        not_reported=judged.height - best.height,
        without_label=strangers,
        log_accounts=result.population.accounts,
    )
    axes = calibrate(known, len(result.clusters))
    return Evaluation(
        version=distillscan.__version__,
        report_version=result.version,
        coverage=coverage,
        levels=tuple(_levels(result, judged)),
        campaigns=_groups(judged.filter("guilty"), "campaign"),
        innocent=_groups(judged.filter(~pl.col("guilty")), "cohort"),
        operators=_operators(result, known.filter(pl.col("level") <= _HIGH)),
        ranking=Ranking(average_precision(judged), average_precision(unranked)),
        calibration=axes,
        notes=tuple(_notes(result, coverage, axes.not_judged)),
    )


def _members(result: Result) -> pl.DataFrame:
    """One row per cluster and account: ``place`` and probabilities of the cluster, its ``level`` (0 is critical)."""
    data = {
        "place": range(len(result.clusters)),
        "level": [SEVERITIES.index(cluster.severity) for cluster in result.clusters],
        "account_id": [list(cluster.account_ids) for cluster in result.clusters],
        **{axis: [getattr(cluster, axis) for cluster in result.clusters] for axis in _AXES},
    }
    types: dict[str, Any] = {"place": pl.Int64, "level": pl.Int64, "account_id": pl.List(pl.String)}
    members = pl.DataFrame(data, {**types, **dict.fromkeys(_AXES, pl.Float64)})
    return members.explode("account_id").drop_nulls("account_id").unique()


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _levels(result: Result, judged: pl.DataFrame) -> Iterator[Level]:
    guilty = int(judged["guilty"].sum())
    for level, severity in enumerate(SEVERITIES):
        accused = judged.filter(pl.col("level") <= level)
        right = int(accused["guilty"].sum())
        clusters = sum(SEVERITIES.index(cluster.severity) <= level for cluster in result.clusters)
        yield Level(severity, clusters, accused.height, right, _share(right, accused.height), _share(right, guilty))


def _groups(judged: pl.DataFrame, by: str) -> tuple[Group, ...]:
    accused = [(pl.col("level") <= level) for level in (_HIGH, _MEDIUM, _LOW)]
    counts = judged.group_by(by).agg(
        pl.len(), *(at.sum().alias(f"at {k}") for k, at in enumerate(accused)), accused[0].mean().alias("share at high")
    )
    return tuple(Group(*row) for row in counts.sort(by).iter_rows())


def _operators(result: Result, known: pl.DataFrame) -> Operators:
    """Merges and splits among the labelled members of clusters at high."""
    merges = _main_parts(known, "place", "operator")
    splits = _main_parts(known.filter("guilty"), "operator", "place")
    names = [cluster.cluster_id for cluster in result.clusters]
    return Operators(
        merged=_outside(merges),
        split=_outside(splits),
        clusters=tuple(Merge(names[place], *row) for place, *row in merges.drop("in_main").iter_rows()),
        operators=tuple(
            Split(operator, found, clusters, names[place], split)
            for operator, found, clusters, place, split in splits.drop("in_main").iter_rows()
        ),
    )


def _main_parts(known: pl.DataFrame, whole: str, part: str) -> pl.DataFrame:
    """Per whole its accounts, how many parts they are in, the largest part, and the share outside it."""
    sizes = known.group_by(whole, part).len("in_main").sort(whole, "in_main", part, descending=[False, True, False])
    accounts = known.group_by(whole).agg(pl.col("account_id").n_unique().alias("accounts"))
    parts = sizes.group_by(whole, maintain_order=True).agg(pl.len().alias("parts"), pl.first(part, "in_main"))
    outside = (pl.col("accounts") - pl.col("in_main")) / pl.col("accounts")
    return parts.join(accounts, on=whole, maintain_order="left").select(
        whole, "accounts", "parts", part, outside.alias("outside"), "in_main"
    )


def _outside(parts: pl.DataFrame) -> float | None:
    """The share of accounts that are not in the main part of theirs."""
    total = int(parts["accounts"].sum())
    return _share(total - int(parts["in_main"].sum()), total)


def _notes(result: Result, coverage: Coverage, not_judged: int) -> Iterator[str]:
    if coverage.without_label:
        text = counted(coverage.without_label, "reported account")
        yield f"{text} not in the labels: left out of every figure"
    if not_judged:
        yield f"{counted(not_judged, 'cluster')} without any labelled account: not in the calibration"
    if coverage.labelled != coverage.log_accounts:
        yield f"the labels have {counted(coverage.labelled, 'account')}, the log had {number(coverage.log_accounts)}"
    if not coverage.campaign_accounts:
        yield "no account is of a campaign: recall and average precision say nothing"
    if left_out := hidden_clusters(result.filters):
        yield f"the report is not complete: {left_out}"
