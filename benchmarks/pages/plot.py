"""Plots of a page of the docs: lines over a size, both axes logarithmic."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import polars as pl


def draw_lines(points: pl.DataFrame, size: str, path: Path, order: Sequence[str] = (), **encoding: Any) -> None:
    """Write ``seconds`` over a size as SVG, a line for each ``what``; say so if the libraries for it are missing.

    Args:
        points: The size, ``seconds`` and ``what``.
        size: The name of the column of sizes.
        path: Where to.
        order: The order of ``what`` in the legend, if not the alphabet's.
        encoding: What else a line shows, as Altair names it.
    """
    if not (find_spec("altair") and find_spec("vl_convert")):
        click.echo("no plot: it needs altair and vl-convert-python, pip install -e '.[bench]'", err=True)
        return
    import altair

    scale = altair.Scale(type="log")
    sort = list(order) or "ascending"
    chart = (
        altair.Chart(points)
        .mark_line(point=True)
        .encode(
            x=altair.X(f"{size}:Q", scale=scale),
            y=altair.Y("seconds:Q", scale=scale),
            color=altair.Color("what:N", sort=sort, legend=altair.Legend(title=None)),
            **encoding,
        )
        .properties(width=480, height=280, background="white")
    )
    chart.save(path, format="svg")
