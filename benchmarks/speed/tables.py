"""The tables of docs/performance.md, made of what was measured."""

from collections.abc import Callable, Mapping
from typing import Final

from benchmarks.pages.markdown import table
from benchmarks.speed.figures import Entry, Figures, Part, PartName

_GB: Final = 1e9
_MB: Final = 1e6


def tables(figures: Figures) -> str:
    """Return every table there are figures for, as Markdown."""
    made = [write(figures.parts[name], figures.baseline) for name, write in _TABLES.items() if figures.parts.get(name)]
    return "\n\n".join([figures.machine, *made])


def _seconds(value: float) -> str:
    return f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


def _million(rows: int) -> str:
    return f"{rows / 1e6:.3g} M"


def _memory(entry: Entry) -> str:
    return f"{entry.median('peak') / _GB:.2f} GB"


def _speed(entry: Entry) -> str:
    return f"{entry.prompt_bytes / entry.median('wall') / _MB:,.0f} MB/s"


def _sizes(part: Part, _: str) -> str:
    """Tool, queries and scan over growing logs, then where the tool's time goes."""
    rows, inside = [], []
    entries = sorted(part.values(), key=lambda entry: entry.rows)
    for entry in entries:
        ours, queries, scan = entry.median("wall"), entry.median("wall", "duckdb"), entry.median("wall", "scan")
        seconds = map(_seconds, (ours, queries, scan))
        ratios = (f"{ours / queries:.2f}", f"{ours / scan:.1f}")
        rows.append((_million(entry.rows), *seconds, *ratios, _memory(entry), _speed(entry)))
        phases = entry.phases()
        rest = ours - sum(phases.values())
        inside.append((_million(entry.rows), *map(_seconds, phases.values()), _seconds(rest)))
    head = ("rows", "distillscan", "DuckDB", "scan", "÷ DuckDB", "÷ scan", "peak memory", "prompt text")
    return "\n\n".join(
        [
            "Seconds of whole processes, medians; *DuckDB* is the two queries of "
            "`benchmarks/speed/baselines/duckdb_queries.py`, *scan* reads the log once and hashes every prompt byte "
            "(`scan.py`, beside it).",
            table(head, rows),
            "![Seconds over rows](performance.svg)",
            "Where the seconds go (the rest is starting Python and its libraries, and writing the report):",
            table(("rows", *entries[0].phases(), "rest"), inside),
        ]
    )


def _threads(part: Part, _: str) -> str:
    reports = {run.report for entry in part.values() for run in entry.runs["tool"]}
    same = "the reports are identical byte for byte" if len(reports) == 1 else "THE REPORTS DIFFER"
    size = _million(next(iter(part.values())).rows)
    rows = [
        (name, _seconds(entry.median("wall")), _seconds(entry.median("cpu")), _memory(entry))
        for name, entry in part.items()
    ]
    head = ("`--threads`", "seconds", "processor seconds", "peak memory")
    return f"Threads, {size} rows ({same}):\n\n" + table(head, rows)


def _shapes(part: Part, _: str) -> str:
    rows = [
        (name, _million(entry.rows), _seconds(entry.median("wall")), _memory(entry), _speed(entry))
        for name, entry in part.items()
    ]
    head = ("log", "rows", "seconds", "peak memory", "prompt text")
    return "Other shapes of a log:\n\n" + table(head, rows)


def _against(part: Part, baseline: str) -> tuple[tuple[str, ...], Callable[[Entry], tuple[str, ...]]]:
    """Titles and cells of processor seconds, beside those of the baseline if it ran."""
    if not all("baseline" in entry.runs for entry in part.values()):
        return ("processor seconds",), lambda entry: (_seconds(entry.median("cpu")),)

    def cells(entry: Entry) -> tuple[str, ...]:
        ours, theirs = entry.median("cpu"), entry.median("cpu", "baseline")
        return _seconds(ours), _seconds(theirs), f"{ours / theirs:.2f}"

    return ("processor seconds", f"of {baseline}", f"÷ {baseline}"), cells


def _formats(part: Part, baseline: str) -> str:
    titles, cells = _against(part, baseline)
    rows = []
    for name, entry in part.items():
        wall = entry.median("wall")
        pace = f"{entry.rows / wall * 60 / 1e6:.1f} M"
        rows.append((name, _million(entry.rows), _seconds(wall), pace, *cells(entry)))
    head = ("format", "rows", "seconds", "rows a minute", *titles)
    return "Formats (convert to Parquet what you read more than once):\n\n" + table(head, rows)


def _start(part: Part, _: str) -> str:
    rows = [(name, _seconds(entry.median("wall"))) for name, entry in part.items()]
    return "Starting up:\n\n" + table(("command", "seconds"), rows)


def _first(part: Part, baseline: str) -> str:
    titles, cells = _against(part, baseline)
    rows = [(name, _seconds(entry.median("wall")), *cells(entry)) for name, entry in part.items()]
    said = "`analyze sample_logs/default.parquet` on a machine that never ran it, so that the first run compiles:\n\n"
    return said + table(("run", "seconds", *titles), rows)


_TABLES: Final[Mapping[PartName, Callable[[Part, str], str]]] = {
    "sizes": _sizes,
    "threads": _threads,
    "shapes": _shapes,
    "formats": _formats,
    "start": _start,
    "first": _first,
}
