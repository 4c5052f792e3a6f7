"""The plot of docs/performance.md: seconds over rows, for the tool, the queries and the scan."""

from pathlib import Path
from typing import Final

import polars as pl

from benchmarks.pages.plot import draw_lines
from benchmarks.speed.figures import Part, Who

_NAMES: Final[dict[Who, str]] = {
    "tool": "distillscan analyze",
    "duckdb": "two DuckDB queries",
    "scan": "scan and hash",
}


def draw(sizes: Part, path: Path) -> None:
    """Write the plot as SVG; say so if the libraries for it are missing."""
    points = pl.DataFrame(
        {"rows (millions)": entry.rows / 1e6, "seconds": entry.median("wall", who), "what": label}
        for entry in sizes.values()
        for who, label in _NAMES.items()
    )
    draw_lines(points, "rows (millions)", path, order=list(_NAMES.values()))
