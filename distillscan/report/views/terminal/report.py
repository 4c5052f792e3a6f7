"""The report for people: a ranked table, a panel per cluster, and what was and was not checked."""

from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from distillscan.report.filters import hidden_clusters
from distillscan.report.views.shared.conclusion import nothing_found, nothing_looked_at
from distillscan.report.views.shared.judgement import severities
from distillscan.report.views.terminal import style
from distillscan.report.views.terminal.console import as_text
from distillscan.report.views.terminal.panel import PARAGRAPH, cluster_panel
from distillscan.report.views.terminal.ranking import ranked_table
from distillscan.result import DetectorRun, Result
from distillscan.sanitize import clip
from distillscan.wording import counted, number, percent, period, size

#: Without a terminal and without COLUMNS.
DEFAULT_WIDTH = 100
#: Lines longer than this are hard to read; narrower than this, nothing can be laid out.
MAX_WIDTH, MIN_WIDTH = 140, 60
#: Clusters shown with a panel, and rejection reasons listed, unless more are asked for.
PANELS, REASONS = 10, 8


def render(result: Result, *, width: int = DEFAULT_WIDTH, verbosity: int = 0) -> Group:
    """Return the report as a rich renderable.

    Args:
        result: What was found, filtered if need be.
        width: Columns to lay it out in, ``MIN_WIDTH`` at least.
        verbosity: 0 for what an analyst needs first; 1 for every cluster, all evidence and its numbers.
    """
    unlooked, left_out = nothing_looked_at(result), hidden_clusters(result.filters)
    notes = [_note(left_out)] if left_out else []
    parts: list[RenderableType] = [Text(unlooked, "bold yellow")] if unlooked else []
    parts += [_header(result), Text()]
    if result.clusters:
        parts += [ranked_table(result.clusters, width), *notes, Text(), *_details(result, width, verbosity)]
    elif notes:
        parts += [*notes, Text()]
    elif not unlooked:
        parts += [Text(nothing_found(result), style.STRONG), Text()]
    parts.append(_checked(result))
    parts += _rejected(result, verbosity)
    parts += _limitations(result)
    parts += _columns(result, verbosity)
    return Group(*parts)


def print_report(result: Result, console: Console, *, verbosity: int = 0) -> None:
    """Print the report on a rich console, at its width and with its colours."""
    width = min(max(console.width, MIN_WIDTH), MAX_WIDTH)
    report = render(result, width=width, verbosity=verbosity)
    console.print(report, width=width, markup=False, highlight=False, emoji=False)


def to_text(result: Result, *, width: int = DEFAULT_WIDTH, color: bool = False, verbosity: int = 0) -> str:
    """Return the report as text, with ANSI colours or without any escape sequence."""
    width = min(max(width, MIN_WIDTH), MAX_WIDTH)
    return as_text(render(result, width=width, verbosity=verbosity), width, color=color)


def _header(result: Result) -> Text:
    population = result.population
    inputs = [one for one in result.inputs if one.status != "skipped"]
    read = f"{counted(len(inputs), 'file')}, {size(sum(one.bytes for one in inputs))}"
    text = Text.assemble(("distillscan", style.STRONG), f" {clip(result.version, 40)}", (f"  {read}\n", style.QUIET))
    text.append(f"{counted(population.requests, 'request')} · {counted(population.accounts, 'account')}")
    if population.requests:
        text.append(f"\n{period(population.first_seen, population.last_seen)}")
    found = severities(result)
    if found or not nothing_looked_at(result):
        text.append("\n").append(counted(sum(found.values()), "cluster") if found else "no cluster")
    for i, (severity, n) in enumerate(found.items()):
        text.append(": " if i == 0 else " · ").append(f"{number(n)} {severity}", style.SEVERITY[severity])
    return text


def _details(result: Result, width: int, verbosity: int) -> Iterator[RenderableType]:
    """The panels of the first clusters, or of all that were asked for, and how to see the others."""
    clusters = result.clusters if verbosity or result.filters.top else result.clusters[:PANELS]
    for cluster in clusters:
        yield cluster_panel(cluster, width, verbosity)
    yield _note("report.json: the file that --output report.json writes.")
    yield Text()
    if len(clusters) < len(result.clusters):
        rest = counted(len(result.clusters) - len(clusters), "more cluster")
        yield _note(f"{rest} without details here: --top {len(result.clusters)} or -v shows them.")
        yield Text()


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
    yield _section(f"{counted(rejected.rows, 'row')} not used ({share})", table)


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


def _note(line: str) -> RenderableType:
    return Padding(Text(clip(line, PARAGRAPH), style.QUIET), (0, 0, 0, 2), expand=False)
