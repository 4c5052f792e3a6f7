"""The plot of the scale section of docs/performance.md: seconds over accounts."""

from pathlib import Path

import polars as pl

from benchmarks.pages.plot import draw_lines
from benchmarks.scale.figures import BACK_HALF, PROFILE, Figures


def draw(figures: Figures, path: Path) -> None:
    """Write the plot as SVG; say so if the libraries for it are missing."""
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
    draw_lines(points, "accounts", path, strokeDash="scenario:N")
