"""Reliability of the probabilities of clusters: what they state against how often they are right."""

from typing import Final

import polars as pl

from distillscan.evaluate.figures import Axes, Bin, Calibration
from distillscan.result import Result

#: A cluster is right if at least this share of its labelled accounts is of one operator's campaigns.
RIGHT: Final = 0.8
BINS: Final = 10


def calibrate(result: Result, known: pl.DataFrame) -> Axes:
    """Return the calibration of score, coordination and extraction.

    Args:
        result: The report.
        known: Labelled members of clusters: ``place`` (of the cluster in the report), ``operator``, ``guilty``.
    """
    main = (
        known.filter("guilty")
        .group_by("place", "operator")
        .len()
        .group_by("place")
        .agg(pl.col("len").max().alias("main"))
    )
    judged = (
        known.group_by("place")
        .agg(pl.len().alias("accounts"))
        .join(main, on="place", how="left")
        .with_columns(right=(pl.col("main").fill_null(0) / pl.col("accounts")) >= RIGHT)
        .join(_stated(result), on="place")
        .sort("place")
    )
    return Axes(
        clusters=judged.height,
        right=int(judged["right"].sum()),
        not_judged=len(result.clusters) - judged.height,
        score=_calibration(judged, "score"),
        coordination=_calibration(judged, "coordination"),
        extraction=_calibration(judged, "extraction"),
    )


def _stated(result: Result) -> pl.DataFrame:
    rows = [(place, c.score, c.coordination, c.extraction) for place, c in enumerate(result.clusters)]
    schema = {"place": pl.Int64, "score": pl.Float64, "coordination": pl.Float64, "extraction": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _calibration(judged: pl.DataFrame, axis: str) -> Calibration:
    if judged.is_empty():
        return Calibration(None, None, ())
    right, weight = pl.col("right").cast(pl.Float64), pl.col("accounts")
    error = (pl.col(axis) - right) ** 2
    brier, account_brier = judged.select(
        error.mean().alias("each"), ((error * weight).sum() / weight.sum()).alias("account")
    ).row(0)
    binned = (
        judged.with_columns(bin=(pl.col(axis) * BINS).floor().clip(0, BINS - 1).cast(pl.Int64))
        .group_by("bin")
        .agg(
            pl.len().alias("clusters"),
            pl.col("right").sum().cast(pl.Int64),
            pl.col(axis).mean().alias("stated"),
            right.mean().alias("observed"),
            pl.col("accounts").sum().cast(pl.Int64),
            ((pl.col(axis) * weight).sum() / weight.sum()).alias("account_stated"),
            ((right * weight).sum() / weight.sum()).alias("account_observed"),
        )
        .sort("bin")
    )
    bins = (Bin(low=b / BINS, high=(b + 1) / BINS, **row) for row in binned.to_dicts() for b in (row.pop("bin"),))
    return Calibration(brier, account_brier, tuple(bins))
