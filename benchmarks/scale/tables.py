"""The tables of the scale section of docs/performance.md."""

from collections.abc import Sequence

from benchmarks.pages.markdown import NOTHING, table, three, whole
from benchmarks.scale.figures import BACK_HALF, PROFILE, Figures, Measured, growth


def tables(figures: Figures) -> str:
    """Return the tables and the growth, as Markdown."""
    logs = [(family, log) for family, found in figures.families().items() for log in found]
    unit = "processor seconds" if all(log.counts_cpu for _, log in logs) else "seconds"
    head = (
        "log", "accounts", "rows", "distillscan", "DuckDB", "scan", "÷ DuckDB", "processor s", "of DuckDB",
        "peak memory", "precision", "recall",
    )  # fmt: skip
    inside = ("log", "accounts", PROFILE, *BACK_HALF, "the three ÷ read and profile")
    parts = [
        figures.machine,
        "Seconds of whole processes, medians, on the same logs; precision and recall are of accounts at severity high:",
        table(head, [_whole(family, log) for family, log in logs]),
        "![Seconds over accounts](performance-scale.svg)",
        f"Where they go, in {unit}:",
        table(inside, [_inside(family, log) for family, log in logs]),
        *_growths(figures),
        *_commits(figures),
    ]
    return "\n\n".join(parts)


def _whole(family: str, log: Measured) -> Sequence[str]:
    ours, queries, scan = log.median("wall"), log.median("wall", "duckdb"), log.median("wall", "scan")
    return (
        family, whole(log.accounts), f"{log.rows / 1e6:.3g} M", *map(_seconds, (ours, queries, scan)),
        f"{ours / queries:.2f}", _seconds(log.median("cpu")), _seconds(log.median("cpu", "duckdb")),
        f"{log.median('peak') / 1e9:.2f} GB", three(log.precision), three(log.recall),
    )  # fmt: skip


def _inside(family: str, log: Measured) -> Sequence[str]:
    profile, back = log.phase(PROFILE), log.phase(*BACK_HALF)
    phases = [_seconds(log.phase(name)) for name in (PROFILE, *BACK_HALF)]
    return family, whole(log.accounts), *phases, f"{back / profile:.2f}" if profile else NOTHING


def _growths(figures: Figures) -> list[str]:
    """What detecting, clustering and scoring together grow like, where there are logs of three sizes."""
    said = [
        f"`{family}`: {exponent:.2f}"
        for family, logs in figures.families().items()
        if (exponent := growth([log.accounts for log in logs], [log.phase(*BACK_HALF) for log in logs])) is not None
    ]
    return (
        [f"Detecting, clustering and scoring grow with the accounts to the power of {', '.join(said)}."] if said else []
    )


def _commits(figures: Figures) -> list[str]:
    """Which logs were measured on which commit, if they are several."""
    by_commit: dict[str, list[str]] = {}
    for name, log in figures.logs.items():
        by_commit.setdefault(log.commit, []).append(name)
    if len(by_commit) < 2:
        return []
    said = "; ".join(f"{commit}: {', '.join(names)}" for commit, names in by_commit.items())
    return [f"Not all of one commit: {said}."]


def _seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 99.5 else f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"
