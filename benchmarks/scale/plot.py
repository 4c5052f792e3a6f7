"""The plot of the scale section of docs/performance.md: seconds over accounts."""

from importlib.util import find_spec
from pathlib import Path

import click
import polars as pl

from benchmarks.scale.figures import BACK_HALF, PROFILE, Figures


def draw(figures: Figures, path: Path) -> None:
    """Write the plot as SVG; say so if the libraries for it are missing."""
    if not (find_spec("altair") and find_spec("vl_convert")):
        click.echo("no plot: it needs altair and vl-convert-python, pip install -e '.[bench]'", err=True)
        return
    import altair

    points = pl.DataFrame(
        {"accounts": log.accounts, "seconds": seconds, "what": what, "scenario": family}
        for family, logs in figures.families().items()
        for log in logs
        for what, seconds in (
            ("detect, cluster and score", log.phase(*BACK_HALF)),
            (PROFILE, log.phase(PROFILE)),
            ("two DuckDB queries", log.median("wall", "duckdb")),
        )
    )
    scale = altair.Scale(type="log")
    chart = (
        altair.Chart(points)
        .mark_line(point=True)
        .encode(
            x=altair.X("accounts:Q", scale=scale),
            y=altair.Y("seconds:Q", scale=scale),
            color=altair.Color("what:N", legend=altair.Legend(title=None)),
            strokeDash=altair.StrokeDash("scenario:N"),
        )
        .properties(width=480, height=280, background="white")
    )
    chart.save(path, format="svg")
