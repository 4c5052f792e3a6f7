"""The plot of docs/performance.md: seconds over rows, for the tool, the queries and the scan."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click
import polars as pl

from benchmarks.speed.figures import Part, Who

_NAMES: Final[dict[Who, str]] = {
    "tool": "distillscan analyze",
    "duckdb": "two DuckDB queries",
    "scan": "scan and hash",
}


def draw(sizes: Part, path: Path) -> None:
    """Write the plot as SVG; say so if the libraries for it are missing."""
    if not (find_spec("altair") and find_spec("vl_convert")):
        click.echo("no plot: it needs altair and vl-convert-python, pip install -e '.[bench]'", err=True)
        return
    import altair

    points = pl.DataFrame(
        {"rows (millions)": entry.rows / 1e6, "seconds": entry.median("wall", who), "what": label}
        for entry in sizes.values()
        for who, label in _NAMES.items()
    )
    scale = altair.Scale(type="log")
    chart = (
        altair.Chart(points)
        .mark_line(point=True)
        .encode(
            x=altair.X("rows (millions):Q", scale=scale),
            y=altair.Y("seconds:Q", scale=scale),
            color=altair.Color("what:N", sort=list(_NAMES.values()), legend=altair.Legend(title=None)),
        )
        .properties(width=480, height=280, background="white")
    )
    chart.save(path, format="svg")
