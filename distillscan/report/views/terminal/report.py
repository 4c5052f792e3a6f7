"""The report for people: a ranked table, a panel per cluster, and what was and was not checked."""

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from distillscan.report.filters import split
from distillscan.report.views.shared.judgement import severities
from distillscan.report.views.terminal import style
from distillscan.report.views.terminal.console import as_text
from distillscan.report.views.terminal.panel import PARAGRAPH, cluster_panel
from distillscan.report.views.terminal.ranking import ranked_table
from distillscan.result import DetectorRun, Result, Severity
from distillscan.sanitize import clip
from distillscan.wording import counted, number, percent, period, size

#: Without a terminal and without COLUMNS.
DEFAULT_WIDTH = 100
#: Lines longer than this are hard to read; narrower than this, nothing can be laid out.
MAX_WIDTH, MIN_WIDTH = 140, 60
#: Clusters shown with a panel, and rejection reasons listed, unless more are asked for.
PANELS, REASONS = 10, 8


def render(
    result: Result,
    *,
    width: int = DEFAULT_WIDTH,
    min_severity: Severity | None = None,
    top: int | None = None,
    verbosity: int = 0,
) -> Group:
    """Return the report as a rich renderable.

    Args:
        result: What was found. Give it unfiltered: the header counts every cluster, whatever is shown.
        width: Columns to lay it out in, ``MIN_WIDTH`` at least.
        min_severity: Show clusters of this severity or worse.
        top: Show this many clusters at most, each with its panel.
        verbosity: 0 for what an analyst needs first; 1 for every cluster, all evidence and its numbers.
    """
    clusters, hidden = split(result, min_severity, top)
    parts: list[RenderableType] = [_header(result), Text()]
    if clusters:
        parts += [ranked_table(clusters, width), *(_note(line) for line in hidden), Text()]
        detailed = clusters if verbosity or top else clusters[:PANELS]
        parts += [cluster_panel(cluster, width, verbosity) for cluster in detailed]
        parts += [_note("report.json is what --output report.json saves."), Text()]
        if len(detailed) < len(clusters):
            rest = counted(len(clusters) - len(detailed), "more cluster")
            parts += [_note(f"No details shown of {rest}: --top {len(clusters)}, or -v."), Text()]
    else:
        parts += [_nothing_found(result, hidden), Text()]
    parts.append(_checked(result))
    parts += _rejected(result, verbosity)
    parts += _limitations(result)
    parts += _columns(result, verbosity)
    return Group(*parts)


def print_report(
    result: Result,
    console: Console,
    *,
    min_severity: Severity | None = None,
    top: int | None = None,
    verbosity: int = 0,
) -> None:
    """Print the report on a rich console, at its width and with its colours."""
    width = min(max(console.width, MIN_WIDTH), MAX_WIDTH)
    report = render(result, width=width, min_severity=min_severity, top=top, verbosity=verbosity)
    console.print(report, width=width, markup=False, highlight=False, emoji=False)


def to_text(
    result: Result,
    *,
    width: int = DEFAULT_WIDTH,
    color: bool = False,
    min_severity: Severity | None = None,
    top: int | None = None,
    verbosity: int = 0,
) -> str:
    """Return the report as text, with ANSI colours or without any escape sequence."""
    width = min(max(width, MIN_WIDTH), MAX_WIDTH)
    report = render(result, width=width, min_severity=min_severity, top=top, verbosity=verbosity)
    return as_text(report, width, color=color)


def _header(result: Result) -> Text:
    population = result.population
    inputs = [one for one in result.inputs if one.status != "skipped"]
    read = f"{counted(len(inputs), 'file')}, {size(sum(one.bytes for one in inputs))}"
    text = Text.assemble(("distillscan", style.STRONG), f" {clip(result.version, 40)}", (f"  {read}\n", style.QUIET))
    text.append(f"{counted(population.requests, 'request')} · {counted(population.accounts, 'account')}")
    if population.requests:
        text.append(f"\n{period(population.first_seen, population.last_seen)}")
    text.append("\n")
    text.append(counted(len(result.clusters), "cluster") if result.clusters else "no cluster")
    for i, (severity, n) in enumerate(severities(result.clusters)):
        text.append(": " if i == 0 else " · ").append(f"{number(n)} {severity}", style.SEVERITY[severity])
    return text


def _nothing_found(result: Result, hidden: tuple[str, ...]) -> Text:
    """What an empty table means: nothing found is not the same as nothing looked at."""
    if hidden:
        return Text("\n").join(_note(line) for line in hidden)
    ran = [run for run in result.detectors if run.status == "ok"]
    if not ran:
        return Text("Nothing was checked: no detector could run. This says nothing about the log.", "bold yellow")
    text = Text("No set of accounts in this log looks like one undeclared operator", style.STRONG)
    missing = len(result.detectors) - len(ran)
    if missing:
        text.append(f", as far as {len(ran)} of {counted(len(result.detectors), 'detector')} could tell")
    text.append(".").append(" What was checked and what could not be is below.", "not bold")
    return text


def _checked(result: Result) -> RenderableType:
    table = Table.grid(padding=(0, 1), expand=False)
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column()
    for run in result.detectors:
        glyph, colour = style.STATUS[run.status]
        table.add_row(Text(glyph, colour), Text(f"{clip(run.name, 40)} {clip(run.version, 20)}  "), _outcome(run))
    if not result.detectors:
        table.add_row("", Text("no detector was chosen"), "")
    return _section("What was checked", table)


def _outcome(run: DetectorRun) -> Text:
    if run.status == "ok":
        return Text(clip(run.summary, PARAGRAPH), style.QUIET)
    label = {"skipped": "not checked", "error": "failed"}[run.status]
    return Text.assemble((label, style.STATUS[run.status][1]), f": {clip(run.reason, PARAGRAPH)}")


def _rejected(result: Result, verbosity: int) -> Iterator[RenderableType]:
    rejected = result.rejected
    if not rejected.rows:
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    reasons = sorted(rejected.reasons.items(), key=lambda item: (-item[1], item[0]))
    shown = reasons if verbosity else reasons[:REASONS]
    for reason, rows in shown:
        table.add_row(Text(number(rows)), Text(clip(reason, PARAGRAPH)))
    if len(shown) < len(reasons):
        table.add_row(
            Text(number(sum(rows for _, rows in reasons[REASONS:]))), Text("for other reasons (-v)", style.QUIET)
        )
    share = percent(rejected.rows / (rejected.rows + result.population.requests))
    yield Text()
    yield _section(f"{counted(rejected.rows, 'row')} could not be used ({share})", table)


def _limitations(result: Result) -> Iterator[RenderableType]:
    if not result.limitations:
        return
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column()
    for line in result.limitations:
        table.add_row(Text("·", style.QUIET), Text(clip(line, PARAGRAPH)))
    yield Text()
    yield _section("Limitations", table)


def _columns(result: Result, verbosity: int) -> Iterator[RenderableType]:
    """What was read of the log: asked for by those who must account for it, so with ``-v`` only."""
    if not (verbosity and result.columns):
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column(style=style.QUIET)
    table.add_row(*(Text(title, style.QUIET) for title in ("column", "used for", "shown")))
    for column in result.columns:
        table.add_row(Text(clip(column.name, 24)), Text(clip(column.used_for, PARAGRAPH)), Text(column.shown))
    yield Text()
    yield _section("What was read", table)


def _section(title: str, body: RenderableType) -> RenderableType:
    return Group(Text(title, style.STRONG), Padding(body, (0, 0, 0, 2), expand=False))


def _note(line: str) -> Text:
    return Text(f"  {line}", style.QUIET)
