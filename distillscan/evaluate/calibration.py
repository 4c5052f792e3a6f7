"""Reliability of the probabilities of clusters: what they state against how often they are right."""

from typing import Final

import polars as pl

from distillscan.evaluate.figures import Axes, Bin, Calibration

#: A cluster is right if at least this share of its labelled accounts is of one operator's campaigns.
RIGHT: Final = 0.8
BINS: Final = 10


def calibrate(known: pl.DataFrame, clusters: int) -> Axes:
    """Return the calibration of score, coordination and extraction.

    Args:
        known: Labelled members of clusters: ``place`` (of the cluster in the report), ``operator``, ``guilty``, and the
            cluster's ``score``, ``coordination`` and ``extraction``.
        clusters: How many clusters the report has.
    """
    campaign_accounts = pl.col("operator").filter("guilty").unique_counts()
    judged = known.group_by("place").agg(
        pl.first("score", "coordination", "extraction"),
        pl.len().cast(pl.Int64).alias("accounts"),
        right=campaign_accounts.max().fill_null(0) / pl.len() >= RIGHT,
    )
    judged = judged.sort("place")
    axes = {axis: _calibration(judged, axis) for axis in ("score", "coordination", "extraction")}
    return Axes(judged.height, int(judged["right"].sum()), clusters - judged.height, **axes)


def _calibration(judged: pl.DataFrame, axis: str) -> Calibration:
    if judged.is_empty():
        return Calibration(None, None, ())
    stated, right, weight = pl.col(axis), pl.col("right").cast(pl.Float64), pl.col("accounts")
    error = (stated - right) ** 2
    brier, account_brier = judged.select(each=error.mean(), account=_weighted(error)).row(0)
    bins = (
        judged.group_by(bin=(stated * BINS).floor().clip(0, BINS - 1).cast(pl.Int64))
        .agg(
            clusters=pl.len(),
            right=pl.col("right").sum().cast(pl.Int64),
            stated=stated.mean(),
            observed=right.mean(),
            accounts=weight.sum(),
            account_stated=_weighted(stated),
            account_observed=_weighted(right),
        )
        .sort("bin")
    )
    return Calibration(brier, account_brier, tuple(Bin(b / BINS, (b + 1) / BINS, *row) for b, *row in bins.iter_rows()))


def _weighted(value: pl.Expr) -> pl.Expr:
    """The mean of a value, each cluster weighted by its accounts."""
    return (value * pl.col("accounts")).sum() / pl.col("accounts").sum()
