"""The plot of docs/performance.md: seconds over rows, for the tool, the baseline and the limit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from speed_runs import typical

_NAMES = {"tool": "distillscan analyze", "baseline": "two DuckDB queries", "limit": "scan and hash"}


def draw(sizes: Mapping[str, Any], path: Path) -> None:
    """Write the plot as SVG; say so if the libraries for it are missing."""
    try:
        import altair
        import vl_convert  # noqa: F401 - altair needs it to write SVG
    except ImportError:
        click.echo("no plot: it needs altair and vl-convert-python", err=True)
        return
    rows = [
        {"rows (millions)": int(size) / 1e6, "seconds": typical(one[name], "wall"), "what": label}
        for size, one in sizes.items()
        for name, label in _NAMES.items()
    ]
    scale = altair.Scale(type="log")
    chart = (
        altair.Chart(altair.Data(values=rows))
        .mark_line(point=True)
        .encode(
            x=altair.X("rows (millions):Q", scale=scale),
            y=altair.Y("seconds:Q", scale=scale),
            color=altair.Color("what:N", sort=list(_NAMES.values()), legend=altair.Legend(title=None)),
        )
        .properties(width=480, height=280, background="white")
    )
    chart.save(path, format="svg")
