"""Hold a report against labels: what was found at each severity, whom it accused, and what its scores are worth."""

from collections.abc import Mapping
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

_HIGH: Final = SEVERITIES.index("high")
_MEDIUM: Final = SEVERITIES.index("medium")
_LOW: Final = SEVERITIES.index("low")
#: The level of accounts in no cluster: below every severity.
_NONE: Final = len(SEVERITIES)


def evaluate(document: Mapping[str, Any] | Result, labels: pl.DataFrame) -> Evaluation:
    """Hold a report against the truth.

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
    coverage = Coverage(
        labelled=judged.height,
        campaign_accounts=int(judged["guilty"].sum()),
        campaigns=judged["campaign"].drop_nulls().n_unique(),
        reported=best.height,
        not_reported=judged.height - best.height,
        without_label=strangers,
        log_accounts=result.population.accounts,
    )
    axes = calibrate(result, known)
    return Evaluation(
        version=distillscan.__version__,
        report_version=result.version,
        coverage=coverage,
        levels=_levels(result, judged),
        campaigns=_groups(judged.filter("guilty"), "campaign"),
        innocent=_groups(judged.filter(~pl.col("guilty")), "cohort"),
        operators=_operators(result, known.filter(pl.col("level") <= _HIGH)),
        ranking=Ranking(
            average_precision(judged), average_precision(judged.with_columns(score=pl.lit(None, pl.Float64)))
        ),
        calibration=axes,
        notes=_notes(result, coverage, axes.not_judged),
    )


def _members(result: Result) -> pl.DataFrame:
    """One row per cluster and account: ``place`` of the cluster, its ``level`` (0 is critical) and ``score``."""
    clusters = result.clusters
    data = {
        "place": range(len(clusters)),
        "level": [SEVERITIES.index(cluster.severity) for cluster in clusters],
        "score": [cluster.score for cluster in clusters],
        "account_id": [list(cluster.account_ids) for cluster in clusters],
    }
    schema: dict[str, Any] = {
        "place": pl.Int64,
        "level": pl.Int64,
        "score": pl.Float64,
        "account_id": pl.List(pl.String),
    }
    return pl.DataFrame(data, schema=schema).explode("account_id").drop_nulls("account_id").unique()


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _levels(result: Result, judged: pl.DataFrame) -> tuple[Level, ...]:
    guilty = int(judged["guilty"].sum())
    found = []
    for level, severity in enumerate(SEVERITIES):
        accused = judged.filter(pl.col("level") <= level)
        right = int(accused["guilty"].sum())
        clusters = sum(SEVERITIES.index(cluster.severity) <= level for cluster in result.clusters)
        found.append(
            Level(severity, clusters, accused.height, right, _share(right, accused.height), _share(right, guilty))
        )
    return tuple(found)


def _groups(judged: pl.DataFrame, by: str) -> tuple[Group, ...]:
    counts = judged.group_by(by).agg(
        pl.len().alias("accounts"),
        *(
            (pl.col("level") <= level).sum().cast(pl.Int64).alias(name)
            for name, level in (("at_high", _HIGH), ("at_medium", _MEDIUM), ("at_low", _LOW))
        ),
        (pl.col("level") <= _HIGH).mean().alias("share_at_high"),
    )
    return tuple(Group(**row) for row in counts.sort(by).rename({by: "name"}).to_dicts())


def _operators(result: Result, known: pl.DataFrame) -> Operators:
    """Merges and splits among the labelled members of clusters at high."""
    per_pair = known.group_by("place", "operator").len()
    merges = (
        per_pair.sort("place", "len", "operator", descending=[False, True, False])
        .group_by("place", maintain_order=True)
        .agg(
            pl.col("len").sum().alias("accounts"),
            pl.len().alias("operators"),
            pl.col("operator").first().alias("main_operator"),
            ((pl.col("len").sum() - pl.col("len").first()) / pl.col("len").sum()).alias("merged"),
            pl.col("len").first().alias("main"),
        )
    )
    own = known.filter("guilty")
    found = own.group_by("operator").agg(pl.col("account_id").n_unique().alias("found"))
    splits = (
        own.group_by("operator", "place")
        .len()
        .sort("operator", "len", "place", descending=[False, True, False])
        .group_by("operator", maintain_order=True)
        .agg(pl.len().alias("clusters"), pl.col("place").first(), pl.col("len").first().alias("main"))
        .join(found, on="operator", maintain_order="left")
        .with_columns(split=(pl.col("found") - pl.col("main")) / pl.col("found"))
    )
    names = [cluster.cluster_id for cluster in result.clusters]
    return Operators(
        merged=_rest(merges, "accounts"),
        split=_rest(splits, "found"),
        clusters=tuple(Merge(names[row.pop("place")], **row) for row in merges.drop("main").to_dicts()),
        operators=tuple(
            Split(row["operator"], row["found"], row["clusters"], names[row["place"]], row["split"])
            for row in splits.to_dicts()
        ),
    )


def _rest(parts: pl.DataFrame, whole: str) -> float | None:
    """The share of accounts that are not in the main part of theirs."""
    total = int(parts[whole].sum())
    return _share(total - int(parts["main"].sum()), total)


def _notes(result: Result, coverage: Coverage, not_judged: int) -> tuple[str, ...]:
    found = []
    if coverage.without_label:
        text = counted(coverage.without_label, "reported account")
        found.append(f"{text} not in the labels: left out of every figure")
    if not_judged:
        found.append(f"{counted(not_judged, 'cluster')} without any labelled account: not in the calibration")
    if coverage.labelled != coverage.log_accounts:
        found.append(
            f"the labels have {counted(coverage.labelled, 'account')}, the log had {number(coverage.log_accounts)}"
        )
    if not coverage.campaign_accounts:
        found.append("no account is of a campaign: recall and average precision say nothing")
    if left_out := hidden_clusters(result.filters):
        found.append(f"the report is not complete: {left_out}")
    return tuple(found)
