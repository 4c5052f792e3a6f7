"""The tables of docs/performance.md, made of what was measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from speed_runs import phases, typical

Figures = Mapping[str, Any]
_GB = 1e9
_MB = 1e6


def tables(figures: Figures) -> str:
    """Return every table there are figures for, as Markdown."""
    parts = [figures["machine"]]
    sections = {"sizes": _sizes, "threads": _threads, "shapes": _shapes, "formats": _formats, "start": _start}
    for name, section in sections.items():
        if figures.get(name):
            parts.append(section(figures[name]))
    return "\n\n".join(parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


def million(rows: int) -> str:
    """Rows in millions."""
    return f"{rows / 1e6:.3g} M"


def _sizes(found: Figures) -> str:
    """Tool, baseline and limit over growing logs, then where the tool's time goes."""
    rows, inside = [], []
    for size, one in sorted(found.items(), key=lambda item: int(item[0])):
        ours = one["tool"]
        wall, base, limit = (typical(one[name], "wall") for name in ("tool", "baseline", "limit"))
        rows.append(
            [
                million(int(size)),
                *map(_seconds, (wall, base, limit)),
                f"{wall / base:.2f}",
                f"{wall / limit:.1f}",
                f"{typical(ours, 'peak') / _GB:.2f} GB",
                f"{one['prompt_bytes'] / wall / _MB:,.0f} MB/s",
            ]
        )
        took = phases(ours)
        inside.append(
            [million(int(size)), *(_seconds(took[name]) for name in took), _seconds(wall - sum(took.values()))]
        )
    head = ["rows", "distillscan", "DuckDB", "scan", "÷ DuckDB", "÷ scan", "peak memory", "prompt text"]
    names = list(phases(next(iter(found.values()))["tool"]))
    return "\n\n".join(
        [
            "Seconds of whole processes, medians; *DuckDB* is the two queries of `duckdb_baseline.py`, *scan* reads "
            "the log once and hashes every prompt byte (`scan_limit.py`).",
            _table(head, rows),
            "![Seconds over rows](performance.svg)",
            "Where the seconds go (the rest is starting Python and its libraries, and writing the report):",
            _table(["rows", *names, "rest"], inside),
        ]
    )


def _threads(found: Figures) -> str:
    reports = {run["report"] for runs in found["runs"].values() for run in runs}
    rows = [
        [
            count,
            _seconds(typical(runs, "wall")),
            _seconds(typical(runs, "cpu")),
            f"{typical(runs, 'peak') / _GB:.2f} GB",
        ]
        for count, runs in found["runs"].items()
    ]
    same = "the reports are identical byte for byte" if len(reports) == 1 else "THE REPORTS DIFFER"
    return f"Threads, {million(found['rows'])} rows ({same}):\n\n" + _table(
        ["`--threads`", "seconds", "processor seconds", "peak memory"], rows
    )


def _shapes(found: Figures) -> str:
    rows = []
    for name, one in found.items():
        wall = typical(one["runs"], "wall")
        speed = f"{one['prompt_bytes'] / wall / _MB:,.0f} MB/s"
        rows.append([name, million(one["rows"]), _seconds(wall), f"{typical(one['runs'], 'peak') / _GB:.2f} GB", speed])
    return "Other shapes of a log:\n\n" + _table(["log", "rows", "seconds", "peak memory", "prompt text"], rows)


def _formats(found: Figures) -> str:
    rows = []
    for name, one in found.items():
        wall = typical(one["runs"], "wall")
        rows.append([name, million(one["rows"]), _seconds(wall), f"{one['rows'] / wall * 60 / 1e6:.1f} M"])
    return "Formats (convert to Parquet what you read more than once):\n\n" + _table(
        ["format", "rows", "seconds", "rows a minute"], rows
    )


def _start(found: Figures) -> str:
    rows = [[name, _seconds(typical(runs, "wall"))] for name, runs in found.items()]
    return "Starting up:\n\n" + _table(["command", "seconds"], rows)
