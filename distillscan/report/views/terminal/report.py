"""The report for people: a ranked table, a panel per cluster, and what was and was not checked."""

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.table import Column, Table
from rich.text import Text

from distillscan.report.filters import hidden_clusters
from distillscan.report.views.shared.judgement import nothing_found, nothing_looked_at, rows_not_used, severities
from distillscan.report.views.terminal import style
from distillscan.report.views.terminal.console import as_text, indented, section
from distillscan.report.views.terminal.panel import PARAGRAPH, cluster_panel
from distillscan.report.views.terminal.ranking import ranked_table
from distillscan.result import DetectorRun, Result
from distillscan.sanitize import clip
from distillscan.wording import counted, number, period, size

#: Without a terminal and without COLUMNS.
DEFAULT_WIDTH = 100
#: Lines longer than this are hard to read; narrower than this, nothing can be laid out.
MAX_WIDTH, MIN_WIDTH = 140, 60
#: Clusters shown with a panel, and rejection reasons listed, unless more are asked for.
PANELS, REASONS = 10, 8


def to_text(result: Result, *, width: int = DEFAULT_WIDTH, color: bool = False, verbosity: int = 0) -> str:
    """Return the report as text, with ANSI colours or without any escape sequence.

    It is laid out in ``MIN_WIDTH`` to ``MAX_WIDTH`` columns, with what an analyst needs first; a verbosity of 1 adds
    every cluster, all evidence and its numbers.
    """
    width = min(max(width, MIN_WIDTH), MAX_WIDTH)
    return as_text(render(result, width, verbosity), width, color=color)


def render(result: Result, width: int, verbosity: int) -> Group:
    """Return the report as a rich renderable, laid out in ``width`` columns."""
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
    parts.append(section("What was checked", _detectors(result)))
    for title, body in _about_the_log(result, verbosity):
        parts += [Text(), section(title, body)]
    return Group(*parts)


def _header(result: Result) -> Text:
    population = result.population
    inputs = [one for one in result.inputs if one.status != "skipped"]
    read = f"{counted(len(inputs), 'file')}, {size(sum(one.bytes for one in inputs))}"
    text = Text.assemble(("distillscan", style.STRONG), f" {clip(result.version, 40)}", (f"  {read}\n", style.QUIET))
    text.append(f"{counted(population.requests, 'request')} · {counted(population.accounts, 'account')}")
    if lost := rows_not_used(result):
        text.append(f" · {lost}")
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
    yield from (_note("report.json: the file that --output report.json writes."), Text())
    if len(clusters) < len(result.clusters):
        rest = counted(len(result.clusters) - len(clusters), "more cluster")
        yield from (_note(f"{rest} without details here: --top {len(result.clusters)} or -v shows them."), Text())


def _detectors(result: Result) -> Table:
    table = Table.grid(Column(width=1), Column(no_wrap=True), Column(), padding=(0, 1))
    for run in result.detectors:
        glyph, colour = style.STATUS[run.status]
        table.add_row(Text(glyph, colour), Text(f"{clip(run.name, 40)} {clip(run.version, 20)}  "), _outcome(run))
    if not result.detectors:
        table.add_row("", "no detector was chosen", "")
    return table


def _outcome(run: DetectorRun) -> Text:
    if run.status == "ok":
        return Text(clip(run.summary, PARAGRAPH), style.QUIET)
    label = {"skipped": "not checked", "error": "failed"}[run.status]
    return Text.assemble((label, style.STATUS[run.status][1]), f": {clip(run.reason, PARAGRAPH)}")


def _about_the_log(result: Result, verbosity: int) -> Iterator[tuple[str, Table]]:
    """Sections on rows that were not used, on limitations and, for those who must account for it, on what was read."""
    rejected = result.rejected
    if rejected.rows:
        yield rows_not_used(result), _rejections(rejected.reasons, verbosity)
    if result.limitations:
        table = Table.grid(Column(width=1), Column(), padding=(0, 1))
        for line in result.limitations:
            table.add_row(Text("·", style.QUIET), Text(clip(line, PARAGRAPH)))
        yield "Limitations", table
    if verbosity and result.columns:
        table = Table.grid(Column(no_wrap=True), Column(), Column(style=style.QUIET), padding=(0, 2))
        table.add_row(*(Text(title, style.QUIET) for title in ("column", "used for", "shown")))
        for column in result.columns:
            table.add_row(Text(clip(column.name, 24)), Text(clip(column.used_for, PARAGRAPH)), Text(column.shown))
        yield "What was read", table


def _rejections(rows_by_reason: Mapping[str, int], verbosity: int) -> Table:
    table = Table.grid(Column(justify="right", no_wrap=True), Column(), padding=(0, 2))
    reasons = sorted(rows_by_reason.items(), key=lambda item: (-item[1], item[0]))
    shown = reasons if verbosity else reasons[:REASONS]
    for reason, rows in shown:
        table.add_row(Text(number(rows)), Text(clip(reason, PARAGRAPH)))
    if rest := sum(rows for _, rows in reasons[len(shown) :]):
        table.add_row(Text(number(rest)), Text("for other reasons (-v)", style.QUIET))
    return table


def _note(line: str) -> RenderableType:
    return indented(Text(clip(line, PARAGRAPH), style.QUIET))
